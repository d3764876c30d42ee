//! Cases: opened by commits and by jobs that are set aside, listed for people and changed by them.

use crate::MemoryStore;
use crate::state::State;
use domain::case::{Case, CaseEnd, CaseMove, CaseOpening, CaseStatus};
use domain::job::JobChange;
use domain::ports::{
    CaseAnswer, CaseBook, CaseChange, CaseList, CaseListing, PortFuture, StoreError,
};
use domain::{CaseId, CommandId, OrderNumber, Timestamp};
use std::cmp::Reverse;
use std::future::ready;
use uuid::Uuid;

/// The upper half of every case's id here; the lower half counts.
const CASE_IDS: u64 = 3;

impl CaseBook for MemoryStore {
    fn cases<'a>(&'a self, query: &'a CaseList) -> PortFuture<'a, Result<CaseListing, StoreError>> {
        Box::pin(ready(self.state().map(|state| state.case_page(query))))
    }

    fn case(&self, id: CaseId) -> PortFuture<'_, Result<Option<Case>, StoreError>> {
        Box::pin(ready(self.state().map(|state| {
            let mut cases = state.cases.values();
            cases.find(|case| case.id == id).cloned()
        })))
    }

    fn change_case<'a>(
        &'a self,
        change: &'a CaseChange,
    ) -> PortFuture<'a, Result<CaseAnswer, StoreError>> {
        Box::pin(async move { Ok(self.state()?.written(|state| state.change_case(change))) })
    }
}

impl State {
    /// One case per kind and subject is open at a time: what else is found is told there.
    pub(crate) fn open_case(
        &mut self,
        opening: &CaseOpening,
        order: Option<OrderNumber>,
        at: Timestamp,
    ) {
        let about = (opening.kind, opening.subject.clone());
        if let Some(no) = self.open_cases.get(&about).copied() {
            self.cases.change(&no, |case| *case = case.clone().found_again(&opening.detail));
            return;
        }
        let no = u64::try_from(self.cases.len()).unwrap_or(u64::MAX);
        let case = Case {
            id: CaseId::new(Uuid::from_u64_pair(CASE_IDS, no)),
            kind: opening.kind,
            subject: opening.subject.clone(),
            status: CaseStatus::Open,
            detail: opening.detail.clone(),
            assignee: None,
            note: None,
            order,
            opened_at: at,
        };
        self.cases.put(no, case);
        self.open_cases.put(about, no);
    }

    pub(crate) fn end_case(&mut self, end: &CaseEnd) {
        if let Some(no) = self.open_cases.remove(&(end.kind, end.subject.clone())) {
            self.cases.change(&no, |case| case.status = CaseStatus::Resolved);
        }
    }

    fn change_case(&mut self, change: &CaseChange) -> CaseAnswer {
        let command = CommandId::of_request(&change.replay.scope);
        if self.effects.contains(&command) {
            return CaseAnswer::Replayed;
        }
        let known = self.cases.iter().find(|(_, case)| case.id == change.id);
        let known = known.filter(|(_, case)| case.status == change.expected);
        let Some((no, about)) = known.map(|(no, case)| (*no, (case.kind, case.subject.clone())))
        else {
            return CaseAnswer::Moved;
        };
        let CaseMove { to, assignee, note, job } = change.moved.clone();
        self.cases.change(&no, |case| {
            case.status = to;
            case.assignee = assignee.or(case.assignee.take());
            case.note = note.or(case.note.take());
        });
        if to.is_final() {
            self.open_cases.remove(&about);
        }
        if let Some(id) = job {
            self.change_job(JobChange::Ensure { id, due_at: change.replay.recorded_at });
        }
        self.effects.put(command, ());
        self.replays.put(change.replay.scope.clone(), change.replay.clone());
        self.audit.push((None, 0, change.audit.clone()));
        CaseAnswer::Changed
    }

    fn case_page(&self, query: &CaseList) -> CaseListing {
        let mut cases: Vec<&Case> = self
            .cases
            .values()
            .filter(|case| query.kind.is_none_or(|kind| case.kind == kind))
            .filter(|case| query.status.is_none_or(|status| case.status == status))
            .filter(|case| query.subject.as_ref().is_none_or(|subject| case.subject == *subject))
            .filter(|case| query.opened_from.is_none_or(|from| case.opened_at >= from))
            .filter(|case| query.opened_to.is_none_or(|to| case.opened_at < to))
            .filter(|case| query.after.is_none_or(|after| (case.opened_at, case.id) < after))
            .collect();
        cases.sort_by_key(|case| Reverse((case.opened_at, case.id)));
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let more = cases.len() > limit;
        CaseListing { cases: cases.into_iter().take(limit).cloned().collect(), more }
    }
}
