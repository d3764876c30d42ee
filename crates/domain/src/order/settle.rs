//! Brings our record to agree with what WeChat Pay says: the only way to `paid` for WeChat money.
//!
//! Notification, query, close answer, bill line and operator all arrive here as the same fact.
//! "Is it recorded already?" is answered before anything else, so a repeat is never refused for
//! being late.

use crate::fact::{Evidence, PaymentFact, Receipt, Trade};
use crate::order::{Decision, Event, Order, Rejection, SettledBy, Settlement, StockOutcome};
use crate::payment::{ClosingCause, Payment, PaymentState, SurplusCause};
use crate::refund::{Refund, RefundKind, RefundStatus};
use crate::{OutRefundNo, Timestamp};

/// Seconds after `time_expire` until which an order may still come into being at WeChat Pay: only
/// later does "does not exist" prove that it never will.
pub const HORIZON_S: i64 = 600;

impl Order {
    pub(super) fn record_fact(
        &self,
        fact: &PaymentFact,
        now: Timestamp,
        stock: StockOutcome,
    ) -> Result<Decision, Rejection> {
        let payment = self
            .payment(fact.out_trade_no())
            .ok_or_else(|| Rejection::PaymentUnknown(fact.out_trade_no().clone()))?;
        if fact.mchid() != &payment.terms.mchid {
            return Err(Rejection::OtherMerchant);
        }
        let events = match fact.trade() {
            Trade::Success(receipt) => {
                let doubted = matches!(fact.evidence(), Evidence::Notification { .. })
                    && !payment.terms.match_receipt(receipt)
                    && payment.receipt().is_none();
                if doubted {
                    return Err(Rejection::Unconfirmed);
                }
                return self.record_success(payment, receipt, now, stock);
            }
            Trade::NotPaid => not_paid(payment),
            Trade::Closed => self.record_ended(payment, closed_event(payment, now), now),
            Trade::NotExist => self.record_ended(payment, not_exist_event(payment, now), now),
            Trade::Refunded => self.record_refund_seen_first(payment, now),
        };
        Ok(if events.is_empty() { Decision::AlreadyApplied } else { Decision::Record(events) })
    }

    fn record_success(
        &self,
        payment: &Payment,
        receipt: &Receipt,
        now: Timestamp,
        stock: StockOutcome,
    ) -> Result<Decision, Rejection> {
        if let PaymentState::Paid { .. } | PaymentState::Surplus { .. } = payment.state {
            return already_recorded(payment, receipt);
        }
        let Some(why) = self.surplus_cause(payment, receipt) else {
            return Ok(Decision::Record(self.settle(payment, receipt, now, stock)));
        };
        let mut events = vec![
            Event::PaymentSurplus { no: payment.no, receipt: Some(receipt.clone()), why },
            Event::RefundRequested(surplus_refund(payment, receipt, now)),
        ];
        events.extend(self.cancelled_after(payment.no, now));
        Ok(Decision::Record(events))
    }

    /// Why this order cannot take the money; `None` when it can.
    fn surplus_cause(&self, payment: &Payment, receipt: &Receipt) -> Option<SurplusCause> {
        if !payment.terms.match_receipt(receipt) {
            Some(SurplusCause::Mismatch)
        } else if self.settlement.is_some() {
            Some(SurplusCause::Second)
        } else if !self.is_payable() {
            Some(SurplusCause::Late)
        } else {
            None
        }
    }

    fn settle(
        &self,
        payment: &Payment,
        receipt: &Receipt,
        now: Timestamp,
        stock: StockOutcome,
    ) -> Vec<Event> {
        let settlement = Settlement {
            by: SettledBy::Wechat { payment_no: payment.no },
            amount: receipt.amount,
            at: now,
        };
        let mut events = vec![
            Event::PaymentPaid { no: payment.no, receipt: receipt.clone() },
            Event::Settled { settlement, stock },
        ];
        events.extend(self.close_open_payments(ClosingCause::Superseded, Some(payment.no)));
        events
    }

    /// An end of a payment that was not paid, and with it perhaps of the order.
    fn record_ended(&self, payment: &Payment, ended: Option<Event>, now: Timestamp) -> Vec<Event> {
        let Some(ended) = ended else { return Vec::new() };
        let mut events = vec![ended];
        events.extend(self.cancelled_after(payment.no, now));
        events
    }

    /// A refund before we ever saw the success: never settled, because it may already have run.
    fn record_refund_seen_first(&self, payment: &Payment, now: Timestamp) -> Vec<Event> {
        if let PaymentState::Paid { .. } | PaymentState::Surplus { .. } = payment.state {
            return Vec::new();
        }
        let surplus = Event::PaymentSurplus {
            no: payment.no,
            receipt: None,
            why: SurplusCause::RefundSeenFirst,
        };
        self.record_ended(payment, Some(surplus), now)
    }
}

/// The same transaction is the same news; another one under the same number is impossible.
fn already_recorded(payment: &Payment, receipt: &Receipt) -> Result<Decision, Rejection> {
    match payment.receipt() {
        Some(recorded) if recorded.transaction_id != receipt.transaction_id => {
            Err(Rejection::TransactionDiffers {
                out_trade_no: payment.out_trade_no().clone(),
                recorded: recorded.transaction_id.clone(),
                stated: receipt.transaction_id.clone(),
            })
        }
        _ => Ok(Decision::AlreadyApplied),
    }
}

/// `NOTPAY` proves only that WeChat Pay knows the number.
fn not_paid(payment: &Payment) -> Vec<Event> {
    let no = payment.no;
    match &payment.state {
        PaymentState::Created | PaymentState::Unknown => {
            vec![Event::PaymentPayable { no, credential: None }]
        }
        PaymentState::Rejected { .. } => {
            vec![Event::PaymentClosing { no, why: ClosingCause::Refused }]
        }
        PaymentState::Payable { .. }
        | PaymentState::Closing { .. }
        | PaymentState::Closed { .. }
        | PaymentState::Paid { .. }
        | PaymentState::Surplus { .. } => Vec::new(),
    }
}

fn closed_event(payment: &Payment, now: Timestamp) -> Option<Event> {
    let why = match &payment.state {
        PaymentState::Closing { why } => *why,
        PaymentState::Created | PaymentState::Payable { .. } | PaymentState::Unknown => {
            ClosingCause::Elsewhere
        }
        PaymentState::Rejected { .. } => ClosingCause::Refused,
        PaymentState::Closed { .. } | PaymentState::Paid { .. } | PaymentState::Surplus { .. } => {
            return None;
        }
    };
    Some(Event::PaymentClosed { no: payment.no, why, at: now })
}

fn not_exist_event(payment: &Payment, now: Timestamp) -> Option<Event> {
    let no = payment.no;
    let past_horizon = now > payment.terms.time_expire.plus_seconds(HORIZON_S);
    match &payment.state {
        PaymentState::Rejected { proven: false, .. } => Some(Event::PaymentRejectionProven { no }),
        PaymentState::Closing { why } if past_horizon => {
            Some(Event::PaymentClosed { no, why: *why, at: now })
        }
        PaymentState::Created | PaymentState::Unknown if past_horizon => {
            Some(Event::PaymentClosed { no, why: ClosingCause::Expired, at: now })
        }
        PaymentState::Created
        | PaymentState::Unknown
        | PaymentState::Closing { .. }
        | PaymentState::Rejected { proven: true, .. }
        | PaymentState::Payable { .. }
        | PaymentState::Closed { .. }
        | PaymentState::Paid { .. }
        | PaymentState::Surplus { .. } => None,
    }
}

fn surplus_refund(payment: &Payment, receipt: &Receipt, now: Timestamp) -> Refund {
    Refund {
        out_refund_no: OutRefundNo::of_surplus(payment.out_trade_no()),
        payment_no: payment.no,
        amount: receipt.amount,
        reason: "订单无法接受该笔付款，自动退款".to_owned(),
        kind: RefundKind::Surplus,
        status: RefundStatus::Requested,
        created_at: now,
    }
}
