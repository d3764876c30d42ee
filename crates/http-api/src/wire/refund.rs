//! `Refund` of the contract.

use super::names::{WireAsker, WireRefundKind, WireRefundStatus};
use domain::Timestamp;
use domain::order::Order;
use domain::payment::Payment;
use domain::refund::{Refund, RefundedLine};
use serde::Serialize;
use utoipa::ToSchema;

/// One refund of an order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Refund)]
pub(crate) struct WireRefund {
    /// Our number of it, the same for ever.
    out_refund_no: String,
    /// The payment that it returns.
    out_trade_no: String,
    /// How much, in fen.
    amount_fen: i64,
    /// The goods that it is for; none when it is for an amount.
    lines: Vec<WireRefundedLine>,
    /// Empty for one that was made elsewhere.
    reason: String,
    kind: WireRefundKind,
    status: WireRefundStatus,
    asked_by: WireAsker,
    /// The closed refund in whose place it was made.
    #[schema(required = true)]
    replaces: Option<String>,
    /// WeChat Pay's number, once it is known.
    #[schema(required = true)]
    refund_id: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    /// When the payer had the money.
    #[schema(required = true, format = DateTime)]
    succeeded_at: Option<String>,
}

/// So many of one line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RefundedLine)]
struct WireRefundedLine {
    line_no: u16,
    quantity: u32,
    /// What was paid for them, without fees.
    amount_fen: i64,
}

impl WireRefundedLine {
    fn of(part: &RefundedLine) -> WireRefundedLine {
        let RefundedLine { line_no, quantity, amount } = *part;
        WireRefundedLine { line_no, quantity, amount_fen: amount.get() }
    }
}

impl WireRefund {
    /// The twin.
    pub(crate) fn of(refund: &Refund, order: &Order) -> WireRefund {
        let payment = order.payment_of(refund);
        WireRefund {
            out_refund_no: refund.out_refund_no.as_str().to_owned(),
            out_trade_no: payment.map(|p| p.out_trade_no().to_string()).unwrap_or_default(),
            amount_fen: refund.amount.get(),
            lines: refund.lines.iter().map(WireRefundedLine::of).collect(),
            reason: refund.reason.clone(),
            kind: WireRefundKind::of(refund.kind),
            status: WireRefundStatus::of(refund.state.status()),
            asked_by: WireAsker::of(refund.asked_by),
            replaces: refund.replaces.as_ref().map(|no| no.as_str().to_owned()),
            refund_id: refund
                .refund_id()
                .filter(|_| !payment.is_some_and(Payment::is_from_wallet))
                .map(|id| id.as_str().to_owned()),
            created_at: refund.created_at.to_rfc3339(),
            succeeded_at: refund.paid_back_at().map(Timestamp::to_rfc3339),
        }
    }
}
