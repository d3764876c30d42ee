//! Cases, as people see them and act on them.

use super::{Player, pick};
use crate::sample;
use domain::case::{Case, CaseAction, CaseKind, CaseStatus};
use domain::ports::{CaseAnswer, CaseChange, CaseList};

/// More than a sequence opens.
const LIMIT: u32 = 100;

impl Player<'_> {
    pub(super) async fn cases(
        &mut self,
        kind: Option<u8>,
        status: Option<u8>,
        subject: Option<u8>,
    ) {
        let query = CaseList {
            kind: kind.and_then(|n| pick(&CaseKind::ALL, n).copied()),
            status: status.and_then(|n| pick(&CaseStatus::ALL, n).copied()),
            subject: subject.map(|n| format!("S-{n}")),
            limit: LIMIT,
            ..CaseList::default()
        };
        let mut found: Vec<String> = self.found(&query).await.iter().map(described).collect();
        found.sort();
        self.answer("cases", &found);
    }

    /// Somebody does something with a case that is not over, as it is, or as it is not any more.
    pub(super) async fn act(&mut self, case: u8, how: u8, stale: bool, key: u8) {
        let mut living = Vec::new();
        for status in CaseStatus::ALL.into_iter().filter(|status| !status.is_final()) {
            let query = CaseList { status: Some(status), limit: LIMIT, ..CaseList::default() };
            living.extend(self.found(&query).await);
        }
        // Each store has ids of its own; of a kind and subject one case lives.
        living.sort_by(|a, b| (a.kind, &a.subject).cmp(&(b.kind, &b.subject)));
        let Some(case) = pick(&living, case) else { return self.nothing() };
        let action = match how {
            0 | 1 => CaseAction::Retry,
            2 => CaseAction::Assign { to: format!("person {key}") },
            3 => CaseAction::Resolve { note: format!("counted again {key}") },
            _ => CaseAction::Accept { note: format!("left as it is {key}") },
        };
        let Ok(moved) = case.decide(&action) else { return self.nothing() };
        let other =
            if case.status == CaseStatus::Open { CaseStatus::Healing } else { CaseStatus::Open };
        let change = CaseChange {
            id: case.id,
            expected: if stale { other } else { case.status },
            moved,
            audit: sample::audit("act"),
            replay: sample::replay(&format!("acted-{key}"), None),
        };
        let job = change.moved.job.clone();
        let answer = self.stores.cases.change_case(&change).await.expect("an answer");
        let of = match answer {
            CaseAnswer::Changed => "case changed",
            CaseAnswer::Replayed => "case replayed",
            CaseAnswer::Moved => "case moved",
        };
        let after = self.stores.cases.case(case.id).await.expect("a load").as_ref().map(described);
        self.answer(of, &(after, job));
        self.next_due().await;
    }

    async fn found(&self, query: &CaseList) -> Vec<Case> {
        let page = self.stores.cases.cases(query).await.expect("a page");
        assert!(!page.more, "more cases than are looked at");
        page.cases
    }
}

fn described(case: &Case) -> String {
    let order = case.order.as_ref().map(|number| number.as_str());
    let (kind, status) = (case.kind.name(), case.status.name());
    let people = (&case.assignee, &case.note);
    format!("{kind} {} {status} {order:?} {people:?}", case.subject)
}
