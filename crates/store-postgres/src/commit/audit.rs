//! What the audit says of an event: enough to understand it later, and no personal data.

use crate::words::Word as _;
use domain::fact::Receipt;
use domain::order::{Event, StockOutcome};
use domain::refund::RefundState;
use serde_json::{Value, json};

/// The event with its name, its payment, its refund and what distinguishes it.
pub(super) fn told(event: &Event) -> Value {
    let mut told = detail(event);
    told["event"] = json!(event.name());
    if let Some(no) = event.payment_no() {
        told["payment_no"] = json!(no);
    }
    if let Some(number) = event.out_refund_no() {
        told["out_refund_no"] = json!(number.as_str());
    }
    told
}

fn detail(event: &Event) -> Value {
    match event {
        Event::Placed(order) => {
            let coupon = order.coupon.as_ref().map(|hold| hold.grant.coupon_id.as_str());
            json!({"total_fen": order.amounts.total.get(), "lines": order.lines.len(),
                "coupon": coupon})
        }
        Event::PaymentStarted(payment) => json!({
            "trade_type": payment.terms.channel.word(),
            "amount_fen": payment.terms.amount.get(),
        }),
        Event::PaymentPayable { credential, .. } => json!({"credential": credential.is_some()}),
        Event::PaymentRejected { code, .. } => json!({"code": code}),
        Event::PaymentClosing { why, .. } | Event::PaymentClosed { why, .. } => {
            json!({"why": why.word()})
        }
        Event::PaymentPaid { receipt, .. } => money(receipt),
        Event::PaymentSurplus { receipt, why, .. } => {
            let mut told = receipt.as_ref().map_or_else(|| json!({}), money);
            told["why"] = json!(why.word());
            told
        }
        Event::PaymentAdopted(payment) => {
            let mut told = payment.receipt().map_or_else(|| json!({}), money);
            told["out_trade_no"] = json!(payment.out_trade_no().as_str());
            told
        }
        Event::RefundRequested(refund) | Event::RefundImported(refund) => json!({
            "amount_fen": refund.amount.get(),
            "kind": refund.kind.word(),
            "asked_by": refund.asked_by.word(),
            "status": refund.state.status().word(),
        }),
        Event::RefundMoved { to, .. } => moved(to),
        Event::RefundRestated { stated, amount, lines, .. } => json!({
            "stated_fen": stated.get(),
            "amount_fen": amount.get(),
            "lines": lines.iter().map(|part| json!([part.line_no, part.quantity])).collect::<Vec<_>>(),
        }),
        Event::Settled { settlement, stock } => json!({
            "by": settlement.by.name(),
            "amount_fen": settlement.amount.get(),
            "stock_refused": *stock == StockOutcome::Refused,
        }),
        Event::Cancelled { stock, .. } | Event::HoldsCommitted { stock } => {
            json!({"stock_refused": *stock == StockOutcome::Refused})
        }
        Event::CouponMoved { to } | Event::CouponStuck { wanted: to } => json!({"to": to.word()}),
        Event::GoodsReturned { lines, stock, .. } => json!({
            "lines": lines.iter().map(|(no, count)| json!([no, count])).collect::<Vec<_>>(),
            "stock_refused": *stock == StockOutcome::Refused,
        }),
        // Whose card it is, and nothing of the card.
        Event::RefundApplied { to, .. } => json!({"to": to.name()}),
        Event::ApplicationRefused { code, .. } => json!({"code": code}),
        Event::CancelRequested { cause } => json!({"cause": cause.word()}),
        Event::PayerReported(report) => json!({"result": report.result.word()}),
        // Without packages: a tracking number leads to whom it goes.
        Event::Shipped(shipment) => json!({
            "logistics_type": shipment.draft.logistics_type.number(),
            "packages": shipment.draft.packages.len(),
            "is_all_delivered": shipment.draft.is_all_delivered,
        }),
        Event::Completed { by, .. } => json!({"by": by.word()}),
        Event::PaymentUnknown { .. }
        | Event::PaymentRejectionProven { .. }
        | Event::CancelWithdrawn
        | Event::Converted
        | Event::FeesStuck
        | Event::Delivered { .. } => json!({}),
    }
}

/// Where a refund got. Without the note: how it was paid back may name somebody.
fn moved(to: &RefundState) -> Value {
    match to {
        RefundState::Unknown { refused } => json!({"refused": refused}),
        RefundState::Rejected { code } => json!({"code": code}),
        RefundState::Processing { refund_id }
        | RefundState::Abnormal { refund_id }
        | RefundState::Closed { refund_id } => json!({"refund_id": refund_id.as_str()}),
        RefundState::Succeeded { refund_id, at } => {
            json!({"refund_id": refund_id.as_str(), "success_at": at.to_rfc3339()})
        }
        RefundState::AwaitingApproval
        | RefundState::Declined
        | RefundState::Withdrawn
        | RefundState::Requested
        | RefundState::Sending
        | RefundState::SettledOffline { .. } => json!({}),
    }
}

/// Without the payer.
fn money(receipt: &Receipt) -> Value {
    json!({
        "transaction_id": receipt.transaction_id.as_str(),
        "amount_fen": receipt.amount.get(),
        "currency": receipt.currency,
        "success_at": receipt.success_at.to_rfc3339(),
    })
}
