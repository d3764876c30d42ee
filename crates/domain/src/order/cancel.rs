//! Cancelling: a negotiation, because WeChat Pay may have taken the money already.

use crate::OutTradeNo;
use crate::order::{CancelCause, Circumstances, Decision, Event, Order, OrderStatus, Rejection};
use crate::payment::ClosingCause;

impl Order {
    pub(super) fn cancel(
        &self,
        cause: CancelCause,
        given: &Circumstances<'_>,
    ) -> Result<Decision, Rejection> {
        let now = given.now;
        if cause == CancelCause::Refused {
            return self.refuse_at_the_door(now);
        }
        if cause == CancelCause::Deadline && self.awaits_cash() {
            return self.expire_online_payment(now);
        }
        match self.status {
            OrderStatus::Cancelling if cause == CancelCause::Buyer => {
                return Ok(self.cancel_with_the_buyer(now));
            }
            OrderStatus::Cancelling | OrderStatus::Cancelled => {
                return Ok(Decision::AlreadyApplied);
            }
            OrderStatus::PendingPayment => {}
            OrderStatus::Ready if self.awaits_cash() => {}
            OrderStatus::Ready => return self.cancel_paid(cause, given),
            OrderStatus::Shipped | OrderStatus::Delivered | OrderStatus::Completed => {
                return Err(Rejection::NotCancellable);
            }
        }
        let overdue = self.pay_deadline.is_some_and(|deadline| deadline <= now);
        if cause == CancelCause::Deadline && !overdue {
            return Err(Rejection::NotDue);
        }
        let why = match cause {
            CancelCause::Buyer | CancelCause::Operator | CancelCause::Refused => {
                ClosingCause::Cancelled
            }
            CancelCause::Deadline => ClosingCause::Expired,
        };
        let mut events = vec![Event::CancelRequested { cause }];
        events.extend(self.close_open_payments(why, None));
        Ok(Decision::Record(self.with_what_follows(events, now)))
    }

    /// What was paid meanwhile, or is to be paid at the door, is not given up for another order.
    pub(super) fn give_way(&self, given: &Circumstances<'_>) -> Result<Decision, Rejection> {
        if self.settlement.is_some() || self.is_unpaid_cod() {
            return Err(Rejection::NotCancellable);
        }
        self.cancel(CancelCause::Buyer, given)
    }

    pub(super) fn close_payment(
        &self,
        out_trade_no: &OutTradeNo,
        why: ClosingCause,
    ) -> Result<Decision, Rejection> {
        let payment = self
            .payment(out_trade_no)
            .ok_or_else(|| Rejection::PaymentUnknown(out_trade_no.clone()))?;
        if !payment.is_open() {
            return Ok(Decision::AlreadyApplied);
        }
        Ok(Decision::Record(vec![Event::PaymentClosing { no: payment.no, why }]))
    }

    /// Closing of every open payment but `keep`.
    pub(super) fn close_open_payments(
        &self,
        why: ClosingCause,
        keep: Option<u8>,
    ) -> impl Iterator<Item = Event> {
        self.payments
            .iter()
            .filter(move |p| p.is_open() && Some(p.no) != keep)
            .map(move |p| Event::PaymentClosing { no: p.no, why })
    }
}
