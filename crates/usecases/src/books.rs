//! Compares the books with each other, part by part, and says what does not agree.
//!
//! What goes wrong on the way is found by jobs and healed by them, and work that no job looks after by
//! the sweep; what is found here, nothing else has seen. So it takes no input, follows ids alone,
//! writes nothing but that a person has to look, and a part that cannot be checked is in nobody's way.
//! May not repair: money and goods are moved by commands.

#[cfg(test)]
mod tests;

use crate::transact::Landed;
use crate::{Paydesk, TransactError};
use domain::case::{CaseKind, CaseOpening, CaseStatus};
use domain::changeset::{Audit, Changeset, Intent};
use domain::ports::{CaseList, InvariantReport, Part, StoreError};
use domain::{CommandId, Timestamp};

/// What one look at the books found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// The rules that do not hold, by their numbers.
    pub broken: Vec<&'static str>,
    /// The parts that could not be checked.
    pub unchecked: Vec<Part>,
}

impl Paydesk {
    /// Compares every part of the books, once in `every_ms` whichever process comes first; `None` for
    /// who comes later.
    ///
    /// # Errors
    /// When the store cannot say whether somebody has looked already.
    pub async fn check_books(&self, every_ms: u64) -> Result<Option<Findings>, TransactError> {
        let now = self.clock.now();
        if !self.is_first_to_look(now, every_ms).await? {
            return Ok(None);
        }
        let mut findings = Findings::default();
        for part in Part::ALL {
            match self.invariants.check_part(part, self.settings.pace).await {
                Ok(reports) => {
                    for report in reports.into_iter().filter(|report| !report.holds()) {
                        findings.broken.push(report.id);
                        self.tell(part, &report, now).await;
                    }
                }
                Err(error) => {
                    tracing::warn!(part = part.name(), error = %error, "books.unchecked");
                    findings.unchecked.push(part);
                }
            }
        }
        if findings == Findings::default() {
            tracing::info!("books.agree");
        }
        Ok(Some(findings))
    }

    /// A name for this stretch of time, which one process gets.
    async fn is_first_to_look(&self, now: Timestamp, every_ms: u64) -> Result<bool, TransactError> {
        let every = i64::try_from(every_ms.max(1)).unwrap_or(i64::MAX).saturating_mul(1_000);
        let stretch = now.micros().div_euclid(every).unsigned_abs();
        let command_id = CommandId::of_step("books", &every_ms.to_string(), stretch);
        let look = Changeset::without_order(intent(command_id), now);
        Ok(matches!(self.commit(look).await?, Landed::Now))
    }

    /// Loudly, and with a case for each thing that it can name.
    async fn tell(&self, part: Part, report: &InvariantReport, now: Timestamp) {
        let InvariantReport { id, violations, sample, .. } = report;
        tracing::error!(invariant.id = id, part = part.name(), violations, ?sample, "books.differ");
        match self.to_be_opened(part, report).await {
            Ok(cases) => self.open_cases(id, cases, now).await,
            Err(error) => {
                tracing::warn!(invariant.id = id, error = %error, "books.untold: no case can be read");
            }
        }
    }

    /// A case for each thing that is named, or for all of it; none for what a person accepted, with a reason.
    async fn to_be_opened(
        &self,
        part: Part,
        report: &InvariantReport,
    ) -> Result<Vec<CaseOpening>, StoreError> {
        let InvariantReport { id, says, violations, sample } = report;
        let mut named: Vec<_> = sample.iter().map(|name| case(part, id, says, name)).collect();
        if named.is_empty() {
            named.push(case(part, id, says, "all"));
        }
        let mut left = self.not_accepted(named).await?;
        // Behind those that may stay others may stand, which are not named.
        if left.is_empty() && *violations > sample.len().try_into().unwrap_or(u64::MAX) {
            left = self.not_accepted(vec![case(part, id, says, "others")]).await?;
        }
        Ok(left)
    }

    /// What has a case already gets no other one.
    async fn open_cases(&self, id: &str, cases: Vec<CaseOpening>, now: Timestamp) {
        if cases.is_empty() {
            return;
        }
        let command_id = CommandId::of_step("books-differ", id, now.micros().unsigned_abs());
        let mut told = Changeset::without_order(intent(command_id), now);
        told.cases = cases;
        match self.commit(told).await {
            Ok(Landed::Now | Landed::Before) => {}
            Ok(Landed::Not(_) | Landed::Refused(_)) | Err(_) => {
                tracing::warn!(invariant.id = id, "books.untold: no case could be opened");
            }
        }
    }

    /// Those of which nobody has said that it may stay as it is.
    async fn not_accepted(
        &self,
        openings: Vec<CaseOpening>,
    ) -> Result<Vec<CaseOpening>, StoreError> {
        let mut left = Vec::new();
        for opening in openings {
            let newest = CaseList {
                kind: Some(opening.kind),
                subject: Some(opening.subject.clone()),
                limit: 1,
                ..CaseList::default()
            };
            let known = self.cases.cases(&newest).await?.cases;
            if known.first().is_none_or(|case| case.status != CaseStatus::Accepted) {
                left.push(opening);
            }
        }
        Ok(left)
    }
}

fn case(part: Part, id: &str, says: &str, name: &str) -> CaseOpening {
    let kind = match part {
        Part::Goods => CaseKind::Stock,
        // What differs is money: received, owed, or written down.
        Part::Payments | Part::Settlements => CaseKind::Ledger,
        Part::Work => CaseKind::Stuck,
    };
    CaseOpening {
        kind,
        subject: format!("{id}:{name}"),
        detail: format!("the books differ: it should be true that {says}"),
    }
}

fn intent(command_id: CommandId) -> Intent {
    Intent {
        command_id,
        audit: Audit {
            actor: "scheduler".to_owned(),
            cause: "the books are compared".to_owned(),
            request_id: None,
        },
        inbox: None,
        fence: None,
        replay: None,
    }
}
