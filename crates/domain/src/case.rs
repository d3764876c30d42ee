//! Cases (工单): everything that needs eyes. What people do with them is in `case/actions.rs`.

mod actions;

pub use actions::{CaseAction, CaseMove, CaseRefusal};

use crate::{CaseId, OrderNumber, Timestamp};
use core::fmt;

/// What a case is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CaseKind {
    /// A success for a number that we do not know.
    UnknownOrder,
    /// Money that its order could not take.
    Surplus,
    /// A success whose amount, currency or appid is not what was asked.
    AmountMismatch,
    /// WeChat Pay's refunds and ours differ.
    RefundMismatch,
    /// A settling commit could not take its stock.
    Stock,
    /// The coupon of a settled or cancelled order is not where it should be.
    Coupon,
    /// Work that cannot go on by itself.
    Stuck,
    /// A payment that somebody else made under our merchant number.
    Foreign,
    /// A refund that WeChat Pay does not bring to the payer.
    RefundAbnormal,
    /// The ledger lacks something that happened, a buyer owes what could not be taken back, or the books of
    /// money differ.
    Ledger,
    /// What was shipped could not be told to WeChat, which keeps the money meanwhile.
    ShippingInfo,
}

/// A case that is over, by what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseEnd {
    /// What it was about.
    pub kind: CaseKind,
    /// The number it was about.
    pub subject: String,
}

/// The most characters of what is known of a case.
pub const DETAIL_MAX: usize = 2_000;

/// A case to be opened. One is open per kind and subject: see [`Case::found_again`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseOpening {
    /// What it is about.
    pub kind: CaseKind,
    /// The number it is about.
    pub subject: String,
    /// What is known, one sentence for a person. No personal data.
    pub detail: String,
}

/// How far a case got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CaseStatus {
    /// Nobody has looked at it.
    Open,
    /// It is being settled by the ordinary flows.
    Healing,
    /// It waits for a person.
    NeedsHuman,
    /// A way out was proposed.
    Proposed,
    /// The way out was approved.
    Approved,
    /// It is over.
    Resolved,
    /// It is left as it is, with a reason.
    Accepted,
}

/// A case as it stands. What was said about it may name somebody: `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Case {
    /// Its id.
    pub id: CaseId,
    /// What it is about.
    pub kind: CaseKind,
    /// The number it is about.
    pub subject: String,
    /// How far it got.
    pub status: CaseStatus,
    /// What is known, one sentence for a person.
    pub detail: String,
    /// Who looks into it, once somebody does.
    pub assignee: Option<String>,
    /// What the last who decided about it said.
    pub note: Option<String>,
    /// The order that it belongs to, when there is one.
    pub order: Option<OrderNumber>,
    /// Since when.
    pub opened_at: Timestamp,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("subject", &self.subject)
            .field("status", &self.status)
            .field("detail", &self.detail)
            .field("order", &self.order)
            .field("opened_at", &self.opened_at)
            .finish_non_exhaustive()
    }
}

impl Case {
    /// The case once `found` is found about it while it is open: told there, if it is new. Where somebody had it
    /// tried again, that did not help: a person has to look again.
    #[must_use]
    pub fn found_again(self, found: &str) -> Case {
        let detail = if self.detail.contains(found) {
            self.detail
        } else {
            format!("{}; {found}", self.detail).chars().take(DETAIL_MAX).collect()
        };
        let status = match (self.status, &self.assignee) {
            (CaseStatus::Healing, None) => CaseStatus::Open,
            (CaseStatus::Healing, Some(_)) => CaseStatus::NeedsHuman,
            (other, _) => other,
        };
        Case { status, detail, ..self }
    }
}

impl CaseKind {
    /// Every kind.
    pub const ALL: [CaseKind; 11] = [
        CaseKind::UnknownOrder,
        CaseKind::Surplus,
        CaseKind::AmountMismatch,
        CaseKind::RefundMismatch,
        CaseKind::Stock,
        CaseKind::Coupon,
        CaseKind::Stuck,
        CaseKind::Foreign,
        CaseKind::RefundAbnormal,
        CaseKind::Ledger,
        CaseKind::ShippingInfo,
    ];

    /// Its name in tables, logs and the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            CaseKind::UnknownOrder => "unknown_order",
            CaseKind::Surplus => "surplus",
            CaseKind::AmountMismatch => "amount_mismatch",
            CaseKind::RefundMismatch => "refund_mismatch",
            CaseKind::Stock => "stock",
            CaseKind::Coupon => "coupon",
            CaseKind::Stuck => "stuck",
            CaseKind::Foreign => "foreign",
            CaseKind::RefundAbnormal => "refund_abnormal",
            CaseKind::Ledger => "ledger",
            CaseKind::ShippingInfo => "shipping_info",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<CaseKind> {
        CaseKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl CaseStatus {
    /// Every status.
    pub const ALL: [CaseStatus; 7] = [
        CaseStatus::Open,
        CaseStatus::Healing,
        CaseStatus::NeedsHuman,
        CaseStatus::Proposed,
        CaseStatus::Approved,
        CaseStatus::Resolved,
        CaseStatus::Accepted,
    ];

    /// Its name in tables and the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            CaseStatus::Open => "open",
            CaseStatus::Healing => "healing",
            CaseStatus::NeedsHuman => "needs_human",
            CaseStatus::Proposed => "proposed",
            CaseStatus::Approved => "approved",
            CaseStatus::Resolved => "resolved",
            CaseStatus::Accepted => "accepted",
        }
    }

    /// The status of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<CaseStatus> {
        CaseStatus::ALL.into_iter().find(|status| status.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_states_have_the_names_of_the_api() {
        let kinds = "unknown_order surplus amount_mismatch refund_mismatch stock coupon stuck foreign \
                     refund_abnormal ledger shipping_info";
        assert_eq!(CaseKind::ALL.map(CaseKind::name).join(" "), kinds);
        let statuses = "open healing needs_human proposed approved resolved accepted";
        assert_eq!(CaseStatus::ALL.map(CaseStatus::name).join(" "), statuses);
    }

    #[test]
    fn names_are_read_back() {
        for kind in CaseKind::ALL {
            assert_eq!(CaseKind::parse(kind.name()), Some(kind));
        }
        for status in CaseStatus::ALL {
            assert_eq!(CaseStatus::parse(status.name()), Some(status));
        }
        assert_eq!((CaseKind::parse("other"), CaseStatus::parse("other")), (None, None));
    }

    fn case() -> Case {
        Case {
            id: CaseId::new(uuid::Uuid::from_u128(7)),
            kind: CaseKind::Stock,
            subject: "NUMBER-1".to_owned(),
            status: CaseStatus::Open,
            detail: "what is known".to_owned(),
            assignee: Some("operator:secret".to_owned()),
            note: Some("a secret".to_owned()),
            order: None,
            opened_at: Timestamp::from_seconds(1),
        }
    }

    #[test]
    fn what_is_found_once_more_while_it_heals_waits_for_a_person_again() {
        let found = |status, assignee: Option<&str>| {
            let assignee = assignee.map(str::to_owned);
            let found = Case { status, assignee, ..case() }.found_again("more");
            assert_eq!(found.detail, "what is known; more");
            assert_eq!(found.clone().found_again("more").detail, found.detail, "it is known");
            found.status
        };
        assert_eq!(found(CaseStatus::Healing, None), CaseStatus::Open);
        assert_eq!(found(CaseStatus::Healing, Some("operator:1")), CaseStatus::NeedsHuman);
        assert_eq!(found(CaseStatus::Proposed, Some("operator:1")), CaseStatus::Proposed);
    }

    #[test]
    fn a_log_shows_what_a_case_is_about_and_nothing_that_people_wrote() {
        let case = case();
        let shown = format!("{case:?}");
        assert!(shown.contains("NUMBER-1") && shown.contains("Stock"), "{shown}");
        assert!(!shown.contains("secret"), "{shown}");
    }
}
