//! What people do with a case: take it on, say that it is settled, leave it as it is, have the work tried
//! again.
//!
//! None of it moves money or changes an order: that is done where it always is, by a job or a command.

use super::{Case, CaseKind, CaseStatus};
use crate::job::JobId;
use crate::{OrderNumber, OutTradeNo};

/// What a person does with a case. Has no `Debug`: what people write may name somebody.
#[derive(Clone, PartialEq, Eq)]
pub enum CaseAction {
    /// Somebody looks into it.
    Assign {
        /// Who, as the merchant calls them.
        to: String,
    },
    /// It is settled.
    Resolve {
        /// How.
        note: String,
    },
    /// It is left as it is.
    Accept {
        /// Why.
        note: String,
    },
    /// The work that it is about is done again, now: WeChat Pay is asked, and what follows from its answer
    /// follows by itself.
    Retry,
}

/// What becomes of a case.
#[derive(Clone, PartialEq, Eq)]
pub struct CaseMove {
    /// How far it is.
    pub to: CaseStatus,
    /// Who looks into it from now on.
    pub assignee: Option<String>,
    /// What was said.
    pub note: Option<String>,
    /// Work that is due now.
    pub job: Option<JobId>,
}

/// Why a case stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaseRefusal {
    /// It is resolved or accepted.
    #[error("the case is over")]
    Over,
    /// Nothing that could be tried again has to do with it.
    #[error("no work belongs to the case")]
    NothingToRetry,
}

impl Case {
    /// What becomes of it when somebody does this.
    ///
    /// # Errors
    /// Why it stays as it is.
    pub fn decide(&self, action: &CaseAction) -> Result<CaseMove, CaseRefusal> {
        if self.status.is_final() {
            return Err(CaseRefusal::Over);
        }
        let stays = CaseMove { to: self.status, assignee: None, note: None, job: None };
        match action {
            CaseAction::Assign { to } => {
                let status = match self.status {
                    CaseStatus::Open => CaseStatus::NeedsHuman,
                    CaseStatus::Healing
                    | CaseStatus::NeedsHuman
                    | CaseStatus::Proposed
                    | CaseStatus::Approved
                    | CaseStatus::Resolved
                    | CaseStatus::Accepted => self.status,
                };
                Ok(CaseMove { to: status, assignee: Some(to.clone()), ..stays })
            }
            CaseAction::Resolve { note } => {
                Ok(CaseMove { to: CaseStatus::Resolved, note: Some(note.clone()), ..stays })
            }
            CaseAction::Accept { note } => {
                Ok(CaseMove { to: CaseStatus::Accepted, note: Some(note.clone()), ..stays })
            }
            CaseAction::Retry => {
                let job = self.work().ok_or(CaseRefusal::NothingToRetry)?;
                Ok(CaseMove { to: CaseStatus::Healing, job: Some(job), ..stays })
            }
        }
    }

    /// The work that it is about.
    fn work(&self) -> Option<JobId> {
        match self.kind {
            // A payment without a record is asked about once more: if it is ours by then, an order is made
            // that carries it, and its money goes back.
            CaseKind::UnknownOrder | CaseKind::Foreign => {
                Some(JobId::orphan(&OutTradeNo::stated(&self.subject)?))
            }
            // A job that was set aside is named whole.
            CaseKind::Stuck => JobId::parse(&self.subject),
            // Whoever put it right has it told once more.
            CaseKind::ShippingInfo => Some(JobId::report(&OrderNumber::parse(&self.subject)?)),
            CaseKind::Surplus
            | CaseKind::AmountMismatch
            | CaseKind::RefundMismatch
            | CaseKind::Stock
            | CaseKind::Coupon
            | CaseKind::RefundAbnormal
            | CaseKind::Ledger => None,
        }
    }
}

impl CaseStatus {
    /// Whether nothing happens to it any more; the same trouble again is another case.
    #[must_use]
    pub fn is_final(self) -> bool {
        match self {
            CaseStatus::Resolved | CaseStatus::Accepted => true,
            CaseStatus::Open
            | CaseStatus::Healing
            | CaseStatus::NeedsHuman
            | CaseStatus::Proposed
            | CaseStatus::Approved => false,
        }
    }
}

impl CaseAction {
    /// Its name in the audit.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            CaseAction::Assign { .. } => "assign case",
            CaseAction::Resolve { .. } => "resolve case",
            CaseAction::Accept { .. } => "accept case",
            CaseAction::Retry => "retry case",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::JobKind;
    use crate::{CaseId, Timestamp};
    use uuid::Uuid;

    fn case(kind: CaseKind, status: CaseStatus, subject: &str) -> Case {
        Case {
            id: CaseId::new(Uuid::from_u128(1)),
            kind,
            subject: subject.to_owned(),
            status,
            detail: String::new(),
            assignee: None,
            note: None,
            order: None,
            opened_at: Timestamp::from_seconds(0),
        }
    }

    fn all_actions() -> [CaseAction; 4] {
        let text = || "why".to_owned();
        [
            CaseAction::Assign { to: text() },
            CaseAction::Resolve { note: text() },
            CaseAction::Accept { note: text() },
            CaseAction::Retry,
        ]
    }

    #[test]
    fn the_audit_says_what_was_done() {
        let names = all_actions().each_ref().map(CaseAction::name);
        assert_eq!(names, ["assign case", "resolve case", "accept case", "retry case"]);
    }

    #[test]
    fn who_looks_into_it_and_what_was_said_are_kept_and_nothing_else_is() {
        let open = case(CaseKind::UnknownOrder, CaseStatus::Open, "NUMBER-1");
        let kept = all_actions().each_ref().map(|action| {
            let moved = open.decide(action).ok().unwrap();
            (moved.assignee, moved.note, moved.job.is_some())
        });
        let why = || Some("why".to_owned());
        let expected = [(why(), None, false), (None, why(), false), (None, why(), false)];
        assert_eq!(kept[..3], expected);
        assert_eq!(kept[3], (None, None, true));
    }

    /// Where each action leads from each state; `-` for nowhere.
    #[test]
    fn every_state_and_action_of_a_case_is_written_down() {
        let mut grid = Vec::new();
        for status in CaseStatus::ALL {
            let of = |action: &CaseAction| match case(CaseKind::UnknownOrder, status, "NUMBER-1")
                .decide(action)
            {
                Ok(moved) => moved.to.name(),
                Err(_) => "-",
            };
            grid.push(format!("{}: {}", status.name(), all_actions().each_ref().map(of).join(" ")));
        }
        assert_eq!(
            grid,
            [
                "open: needs_human resolved accepted healing",
                "healing: healing resolved accepted healing",
                "needs_human: needs_human resolved accepted healing",
                "proposed: proposed resolved accepted healing",
                "approved: approved resolved accepted healing",
                "resolved: - - - -",
                "accepted: - - - -",
            ]
        );
    }

    #[test]
    fn what_is_tried_again_is_the_work_that_the_case_is_about() {
        let work = |kind, subject: &str| {
            case(kind, CaseStatus::Open, subject).decide(&CaseAction::Retry).map(|moved| moved.job)
        };
        let orphan = JobId { kind: JobKind::ResolveOrphan, subject: "NUMBER-1".to_owned() };
        assert_eq!(work(CaseKind::UnknownOrder, "NUMBER-1"), Ok(Some(orphan.clone())));
        assert_eq!(work(CaseKind::Foreign, "NUMBER-1"), Ok(Some(orphan)));
        let refund = JobId { kind: JobKind::FollowRefund, subject: "R-1:2".to_owned() };
        assert_eq!(work(CaseKind::Stuck, "follow_refund:R-1:2"), Ok(Some(refund)));
        let order = "P20261121100000ABCDEFGHJKMNPQ";
        let report = JobId { kind: JobKind::ReportShipment, subject: order.to_owned() };
        assert_eq!(work(CaseKind::ShippingInfo, order), Ok(Some(report)));
        // Of the books, and of what only a person can put right.
        for (kind, subject) in [(CaseKind::Stuck, "invariant I20"), (CaseKind::Ledger, "P-1")] {
            assert_eq!(work(kind, subject), Err(CaseRefusal::NothingToRetry), "{subject}");
        }
    }

    #[test]
    fn what_was_said_is_kept_and_not_shown_to_whoever_reads_a_log() {
        let open = case(CaseKind::Stock, CaseStatus::Open, "P-1");
        let moved = open.decide(&CaseAction::Accept { note: "李四 knows".to_owned() }).unwrap();
        assert_eq!((moved.note.as_deref(), moved.assignee), (Some("李四 knows"), None));
        let kept = Case { note: moved.note, ..open };
        assert!(!format!("{kept:?}").contains("李四"));
    }
}
