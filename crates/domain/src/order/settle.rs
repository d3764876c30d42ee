//! Brings our record to agree with what WeChat Pay says: the only way to `paid` for WeChat money.
//!
//! Notification, query, close answer, bill line and operator all arrive here as the same fact.
//! "Is it recorded already?" is answered before anything else, so a repeat is never refused for
//! being late.

use crate::Timestamp;
use crate::fact::{Evidence, PaymentFact, Receipt, Trade};
use crate::order::adopt::seen_refunded;
use crate::order::refunds::surplus_refund;
use crate::order::{Circumstances, Decision, Event, Order, Rejection, SettledBy, Settlement};
use crate::payment::{ClosingCause, Payment, PaymentState, SurplusCause};
use crate::refund::RefundState;

/// Seconds after `time_expire` until which an order may still come into being at WeChat Pay: only
/// later does "does not exist" prove that it never will.
pub const HORIZON_S: i64 = 600;

impl Order {
    pub(super) fn record_fact(
        &self,
        fact: &PaymentFact,
        given: &Circumstances<'_>,
    ) -> Result<Decision, Rejection> {
        let now = given.now;
        let payment = self
            .payment(fact.out_trade_no())
            .ok_or_else(|| Rejection::PaymentUnknown(fact.out_trade_no().clone()))?;
        if fact.mchid() != &payment.terms.mchid {
            return Err(Rejection::OtherMerchant);
        }
        let events = match fact.trade() {
            Trade::Success(receipt) => {
                if payment.receipt().is_none() && self.doubts(payment, fact, receipt, given) {
                    return Err(Rejection::Unconfirmed);
                }
                return self.record_success(payment, receipt, given);
            }
            Trade::NotPaid => not_paid(payment),
            Trade::Closed => self.record_ended(closed_event(payment, now), now),
            Trade::NotExist => self.record_ended(not_exist_event(payment, fact, given), now),
            Trade::Refunded(receipt) => self.record_refund_seen_first(payment, receipt, now),
        };
        Ok(if events.is_empty() { Decision::AlreadyApplied } else { Decision::Record(events) })
    }

    fn record_success(
        &self,
        payment: &Payment,
        receipt: &Receipt,
        given: &Circumstances<'_>,
    ) -> Result<Decision, Rejection> {
        if let PaymentState::Paid { .. } | PaymentState::Surplus { .. } = payment.state {
            return already_recorded(payment, receipt);
        }
        let Some(why) = self.surplus_cause(payment, receipt) else {
            return Ok(Decision::Record(self.settle(payment, receipt, given)));
        };
        let refund = surplus_refund(payment, receipt, RefundState::Requested, given.now);
        let events = vec![
            Event::PaymentSurplus { no: payment.no, receipt: Some(receipt.clone()), why },
            Event::RefundRequested(refund),
        ];
        Ok(Decision::Record(self.with_what_follows(events, given.now)))
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
        given: &Circumstances<'_>,
    ) -> Vec<Event> {
        let settlement = Settlement {
            by: SettledBy::Wechat { payment_no: payment.no },
            amount: receipt.amount,
            at: given.now,
        };
        let mut events = vec![
            Event::PaymentPaid { no: payment.no, receipt: receipt.clone() },
            Event::Settled { settlement, stock: given.stock },
        ];
        if self.is_unpaid_cod() {
            events.push(Event::Converted);
        }
        events.extend(self.close_open_payments(ClosingCause::Superseded, Some(payment.no)));
        events
    }

    /// Whether a success has to be asked for before anything follows from it: a notification that
    /// says something else than was asked, and, once the database has lost commits, whatever was
    /// not asked for since, because a refund may be among them. That goes for payments recorded
    /// since, too: the number of one may have been another's, whose record was lost.
    fn doubts(
        &self,
        payment: &Payment,
        fact: &PaymentFact,
        receipt: &Receipt,
        given: &Circumstances<'_>,
    ) -> bool {
        let notified = matches!(fact.evidence(), Evidence::Notification { .. });
        let lives_on = self.epoch == *given.epoch;
        let is_fresh = fact.epoch() == Some(given.epoch);
        (notified && !payment.terms.match_receipt(receipt)) || !(lives_on || is_fresh)
    }

    /// An end of a payment that was not paid, and with it perhaps of the order.
    fn record_ended(&self, ended: Option<Event>, now: Timestamp) -> Vec<Event> {
        ended.map_or_else(Vec::new, |ended| self.with_what_follows(vec![ended], now))
    }

    /// A refund before we ever saw the success: never settled, because it may already have run. Our
    /// own refund of it, if there is one, is asked about; none is sent by itself.
    fn record_refund_seen_first(
        &self,
        payment: &Payment,
        receipt: &Receipt,
        now: Timestamp,
    ) -> Vec<Event> {
        if let PaymentState::Paid { .. } | PaymentState::Surplus { .. } = payment.state {
            return Vec::new();
        }
        let why = SurplusCause::RefundSeenFirst;
        let refund = surplus_refund(payment, receipt, seen_refunded(), now);
        let events = vec![
            Event::PaymentSurplus { no: payment.no, receipt: Some(receipt.clone()), why },
            Event::RefundRequested(refund),
        ];
        self.with_what_follows(events, now)
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

/// An answer proves what was so when it was asked for, however late it is recorded.
fn not_exist_event(
    payment: &Payment,
    fact: &PaymentFact,
    given: &Circumstances<'_>,
) -> Option<Event> {
    let Circumstances { now, pace, .. } = *given;
    let no = payment.no;
    let horizon = pace.after(payment.terms.time_expire, HORIZON_S);
    // Not before both: clocks are put back.
    let past_horizon = now > horizon && fact.when_asked().is_some_and(|asked| asked > horizon);
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
