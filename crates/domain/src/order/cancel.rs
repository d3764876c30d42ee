//! Cancelling: a negotiation, because WeChat Pay may have taken the money already.

use crate::order::{CancelCause, Decision, Event, Order, OrderStatus, Rejection};
use crate::payment::{ClosingCause, Payment};
use crate::{OutTradeNo, Timestamp};

impl Order {
    pub(super) fn cancel(&self, cause: CancelCause, now: Timestamp) -> Result<Decision, Rejection> {
        match self.status {
            OrderStatus::Cancelling | OrderStatus::Cancelled => {
                return Ok(Decision::AlreadyApplied);
            }
            OrderStatus::PendingPayment => {}
            OrderStatus::Ready
            | OrderStatus::Shipped
            | OrderStatus::Delivered
            | OrderStatus::Completed => return Err(Rejection::NotCancellable),
        }
        let overdue = self.pay_deadline.is_some_and(|deadline| deadline <= now);
        if cause == CancelCause::Deadline && !overdue {
            return Err(Rejection::NotDue);
        }
        let why = match cause {
            CancelCause::Buyer | CancelCause::Operator => ClosingCause::Cancelled,
            CancelCause::Deadline => ClosingCause::Expired,
        };
        let mut events = vec![Event::CancelRequested { cause }];
        events.extend(self.close_open_payments(why, None));
        if !self.payments.iter().any(Payment::is_live) {
            events.push(Event::Cancelled { at: now });
        }
        Ok(Decision::Record(events))
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

    /// The event that ends a cancellation, if `ended` was the last live payment.
    pub(super) fn cancelled_after(&self, ended: u8, now: Timestamp) -> Option<Event> {
        let waits = self.payments.iter().any(|p| p.no != ended && p.is_live());
        (self.status == OrderStatus::Cancelling && !waits).then_some(Event::Cancelled { at: now })
    }
}
