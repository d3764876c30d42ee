//! Cases (工单), as operators see them.

use domain::case::{Case, CaseKind, CaseStatus};
use serde::Serialize;
use utoipa::ToSchema;

/// What a case is about.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CaseKind)]
pub(crate) enum WireCaseKind {
    UnknownOrder,
    Surplus,
    AmountMismatch,
    RefundMismatch,
    Stock,
    Coupon,
    Stuck,
    Foreign,
    RefundAbnormal,
    Ledger,
    ShippingInfo,
}

/// How far a case got.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CaseStatus)]
pub(crate) enum WireCaseStatus {
    Open,
    Healing,
    NeedsHuman,
    Proposed,
    Approved,
    Resolved,
    Accepted,
}

/// Something that needs eyes. Has no `Debug`: what people write may name somebody.
#[derive(Serialize, ToSchema)]
#[schema(as = Case)]
pub(crate) struct WireCase {
    #[schema(format = Uuid)]
    id: String,
    kind: WireCaseKind,
    /// The number it is about.
    subject: String,
    status: WireCaseStatus,
    /// What is known, one sentence.
    detail: String,
    /// Who looks into it, once somebody does.
    #[schema(required = true)]
    assignee: Option<String>,
    /// How it was settled, or why it is left as it is.
    #[schema(required = true)]
    note: Option<String>,
    /// The order that it belongs to, when there is one.
    #[schema(required = true)]
    order_number: Option<String>,
    #[schema(format = DateTime)]
    opened_at: String,
}

impl WireCase {
    /// The twin.
    pub(crate) fn of(case: &Case) -> WireCase {
        WireCase {
            id: case.id.to_string(),
            kind: WireCaseKind::of(case.kind),
            subject: case.subject.clone(),
            status: WireCaseStatus::of(case.status),
            detail: case.detail.clone(),
            assignee: case.assignee.clone(),
            note: case.note.clone(),
            order_number: case.order.as_ref().map(|number| number.as_str().to_owned()),
            opened_at: case.opened_at.to_rfc3339(),
        }
    }
}

impl WireCaseKind {
    fn of(kind: CaseKind) -> WireCaseKind {
        match kind {
            CaseKind::UnknownOrder => WireCaseKind::UnknownOrder,
            CaseKind::Surplus => WireCaseKind::Surplus,
            CaseKind::AmountMismatch => WireCaseKind::AmountMismatch,
            CaseKind::RefundMismatch => WireCaseKind::RefundMismatch,
            CaseKind::Stock => WireCaseKind::Stock,
            CaseKind::Coupon => WireCaseKind::Coupon,
            CaseKind::Stuck => WireCaseKind::Stuck,
            CaseKind::Foreign => WireCaseKind::Foreign,
            CaseKind::RefundAbnormal => WireCaseKind::RefundAbnormal,
            CaseKind::Ledger => WireCaseKind::Ledger,
            CaseKind::ShippingInfo => WireCaseKind::ShippingInfo,
        }
    }
}

impl WireCaseStatus {
    fn of(status: CaseStatus) -> WireCaseStatus {
        match status {
            CaseStatus::Open => WireCaseStatus::Open,
            CaseStatus::Healing => WireCaseStatus::Healing,
            CaseStatus::NeedsHuman => WireCaseStatus::NeedsHuman,
            CaseStatus::Proposed => WireCaseStatus::Proposed,
            CaseStatus::Approved => WireCaseStatus::Approved,
            CaseStatus::Resolved => WireCaseStatus::Resolved,
            CaseStatus::Accepted => WireCaseStatus::Accepted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_statuses_are_written_as_they_are_stored_and_read() {
        for kind in CaseKind::ALL {
            let written = serde_json::to_value(WireCaseKind::of(kind)).unwrap();
            assert_eq!(written, kind.name());
        }
        for status in CaseStatus::ALL {
            let written = serde_json::to_value(WireCaseStatus::of(status)).unwrap();
            assert_eq!(written, status.name());
        }
    }
}
