//! What needs eyes, and what needs them no more, because of what happened.

use super::derive::number_of;
use crate::OutRefundNo;
use crate::case::{CaseEnd, CaseKind, CaseOpening};
use crate::order::{Event, Order, StockOutcome};
use crate::payment::{PaymentState, SurplusCause};
use crate::refund::{Refund, RefundState};

/// The case that this opens.
pub(super) fn case(after: &Order, event: &Event) -> Option<CaseOpening> {
    if let Event::PaymentSurplus { no, why, .. } = event {
        let (kind, detail) = surplus_case(*why);
        let subject = number_of(after, *no)?;
        return Some(CaseOpening { kind, subject, detail: detail.to_owned() });
    }
    if let Event::PaymentAdopted(payment) = event {
        let (kind, detail) = surplus_case(SurplusCause::RecordLost);
        let subject = payment.out_trade_no().as_str().to_owned();
        return Some(CaseOpening { kind, subject, detail: detail.to_owned() });
    }
    if let Some((out_refund_no, state)) = reached(event) {
        let subject = out_refund_no.as_str().to_owned();
        let detail = refund_trouble(after, out_refund_no, state)?;
        return Some(CaseOpening { kind: CaseKind::RefundAbnormal, subject, detail });
    }
    if let Event::Settled { stock: StockOutcome::Refused, .. } = event {
        return Some(CaseOpening {
            kind: CaseKind::Stock,
            subject: after.number.as_str().to_owned(),
            detail: "settled, but its stock could not be taken; its holds stay as they are"
                .to_owned(),
        });
    }
    None
}

/// What is wrong with a refund, when a person has to help.
fn refund_trouble(after: &Order, no: &OutRefundNo, to: &RefundState) -> Option<String> {
    match to {
        RefundState::Abnormal { .. } => Some(
            "WeChat Pay could not bring the money to the payer; pay it back another way".to_owned(),
        ),
        RefundState::Rejected { code } => {
            Some(format!("WeChat Pay refuses the refund ({code}) and says that it does not exist"))
        }
        RefundState::Closed { .. } if after.replacement_of(no).is_none() => {
            Some("WeChat Pay closed the refund, and it was not begun again".to_owned())
        }
        RefundState::Closed { .. }
        | RefundState::AwaitingApproval
        | RefundState::Declined
        | RefundState::Withdrawn
        | RefundState::Requested
        | RefundState::Sending
        | RefundState::Unknown { .. }
        | RefundState::Processing { .. }
        | RefundState::Succeeded { .. }
        | RefundState::SettledOffline { .. } => None,
    }
}

/// Cases that this settles.
pub(super) fn ended_cases(after: &Order, event: &Event) -> Vec<CaseEnd> {
    let end = |kind, subject: &str| CaseEnd { kind, subject: subject.to_owned() };
    if let Event::PaymentAdopted(payment) = event {
        return vec![end(CaseKind::UnknownOrder, payment.out_trade_no().as_str())];
    }
    let paid_back = reached(event).filter(|(_, state)| is_paid_back(state));
    let Some(refund) = paid_back.and_then(|(no, _)| after.refund(no)) else { return Vec::new() };
    // What it replaces is paid back with it.
    let chain = std::iter::successors(Some(refund), |later| after.refund(later.replaces.as_ref()?));
    let mut ends: Vec<CaseEnd> =
        chain.map(|r| end(CaseKind::RefundAbnormal, r.out_refund_no.as_str())).collect();
    if let Some(number) = surplus_paid_back(after, refund) {
        let kinds = [CaseKind::Surplus, CaseKind::AmountMismatch, CaseKind::RefundMismatch];
        ends.extend(kinds.map(|kind| end(kind, &number)));
    }
    ends
}

fn surplus_case(why: SurplusCause) -> (CaseKind, &'static str) {
    match why {
        SurplusCause::Late => (CaseKind::Surplus, "paid after the order was cancelled"),
        SurplusCause::Second => (CaseKind::Surplus, "paid although the order was settled"),
        SurplusCause::Mismatch => {
            (CaseKind::AmountMismatch, "amount, currency or appid is not what was asked")
        }
        SurplusCause::RefundSeenFirst => {
            (CaseKind::RefundMismatch, "refunded at WeChat Pay before we saw the payment")
        }
        SurplusCause::RecordLost => {
            (CaseKind::Surplus, "a payment of ours whose record was lost; its money goes back")
        }
    }
}

/// The surplus payment that is paid back, all of it, now that this refund is; also when somebody
/// did it elsewhere.
pub(super) fn surplus_paid_back(after: &Order, refund: &Refund) -> Option<String> {
    let payment = after.payments.iter().find(|payment| payment.no == refund.payment_no)?;
    let PaymentState::Surplus { receipt: Some(receipt), .. } = &payment.state else { return None };
    (after.paid_back(payment.no) >= receipt.amount)
        .then(|| payment.out_trade_no().as_str().to_owned())
}

/// Where a refund got, by our doing or by what was said of it.
pub(super) fn reached(event: &Event) -> Option<(&OutRefundNo, &RefundState)> {
    if let Event::RefundMoved { out_refund_no, to, .. } = event {
        return Some((out_refund_no, to));
    }
    if let Event::RefundImported(refund) = event {
        return Some((&refund.out_refund_no, &refund.state));
    }
    None
}

pub(super) fn is_paid_back(state: &RefundState) -> bool {
    matches!(state, RefundState::Succeeded { .. } | RefundState::SettledOffline { .. })
}
