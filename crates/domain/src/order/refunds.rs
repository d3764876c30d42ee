//! Money that goes back: how much may, and what follows for the order.
//!
//! `ask.rs` begins a refund, `lines.rs` and `fees.rs` say what it is worth, `people.rs` is what persons say
//! about it, `send.rs` is the call to WeChat Pay, `record.rs` is what WeChat Pay says, `abnormal.rs` sends to a card
//! what could not reach its payer, `elsewhere.rs` is what WeChat Pay says of refunds that we did not make,
//! `after_all.rs` of those that we had given up, `restate.rs` of those that are there otherwise than we have them.
//! The states are in [`crate::refund`].

mod abnormal;
mod after_all;
mod ask;
mod elsewhere;
mod fees;
mod lines;
mod people;
mod record;
mod restate;
mod send;

use crate::names::RefundId;
use crate::order::{CancelCause, Event, Order, OrderStatus, StockOutcome};
use crate::payment::{Payment, PaymentNo};
use crate::refund::{Asker, REFUNDS_MAX, Refund, RefundKind, RefundState};
use crate::{Fen, OutRefundNo, Timestamp};

pub(super) use ask::surplus_refund;

impl Order {
    /// The refund with this number.
    #[must_use]
    pub fn refund(&self, out_refund_no: &OutRefundNo) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.out_refund_no == *out_refund_no)
    }

    /// How much of what settled it the payer has back, in fen.
    #[must_use]
    pub fn refunded(&self) -> Fen {
        self.settled_payment().map_or(Fen::ZERO, |payment| self.paid_back(payment.no))
    }

    /// How much of a payment the payer has back, in fen.
    #[must_use]
    pub fn paid_back(&self, no: PaymentNo) -> Fen {
        total(self.refunds_of(no).filter(|refund| refund.is_paid_back()))
    }

    /// How much of a payment is on its way back or kept for it, in fen.
    #[must_use]
    pub fn reserved(&self, no: PaymentNo) -> Fen {
        total(self.refunds_of(no).filter(|refund| refund.reserves()))
    }

    /// How much of what settled it may still be asked back, in fen.
    #[must_use]
    pub fn refundable(&self) -> Fen {
        self.settled_payment().map_or(Fen::ZERO, |payment| self.rest_of(payment))
    }

    pub(super) fn rest_of(&self, payment: &Payment) -> Fen {
        let paid = payment.receipt().map_or(Fen::ZERO, |receipt| receipt.amount);
        paid.minus(self.reserved(payment.no)).unwrap_or(Fen::ZERO).max(Fen::ZERO)
    }

    /// Whether goods of it are out, for whose money a refund may have been without our knowing: one that
    /// was not made here, or not remembered, says how much went back and not what for.
    pub(crate) fn may_lack_goods_of(&self, refund: &Refund) -> bool {
        let is_unknown = refund.kind == RefundKind::External;
        let of_goods = self.settled_payment().is_some_and(|paid| paid.no == refund.payment_no);
        let comes_back = matches!(self.status, OrderStatus::Cancelling | OrderStatus::Cancelled);
        is_unknown && of_goods && refund.reserves() && !comes_back && self.pieces_out() > 0
    }

    fn refunds_of(&self, no: PaymentNo) -> impl Iterator<Item = &Refund> {
        self.refunds.iter().filter(move |refund| refund.payment_no == no)
    }

    /// The first number from the `from`th on that none of its refunds has: one whose record was lost
    /// may be known again already, as made elsewhere. One more than there are refunds is enough.
    fn free_refund_no(
        &self,
        from: usize,
        number: impl Fn(usize) -> OutRefundNo,
    ) -> Option<OutRefundNo> {
        let mut candidates = (from..).take(self.refunds.len().saturating_add(1)).map(number);
        candidates.find(|number| self.refund(number).is_none())
    }

    /// Whether WeChat Pay would refuse one more refund of this payment.
    pub(super) fn has_all_refunds(&self, no: PaymentNo) -> bool {
        let counts = |refund: &&Refund| {
            !matches!(refund.state, RefundState::Declined | RefundState::Withdrawn)
        };
        self.refunds_of(no).filter(counts).count() >= REFUNDS_MAX
    }

    /// Whether the money that came is accepted back, all of it.
    fn owes_nothing(&self) -> bool {
        let Some(payment) = self.settled_payment() else { return true };
        let accepted = total(self.refunds_of(payment.no).filter(|refund| refund.is_accepted()));
        payment.receipt().is_none_or(|receipt| accepted >= receipt.amount)
    }

    /// What follows for the order when `events` happen: an unshipped order whose money all goes
    /// back, or waits for a person's yes to it, is being cancelled; a cancellation ends when every payment has ended and what was paid
    /// is accepted back; one whose refund came to nothing is given up. What goes back to the wallet is
    /// there at once.
    pub(super) fn with_what_follows(&self, mut events: Vec<Event>, now: Timestamp) -> Vec<Event> {
        let mut after = events.iter().fold(self.clone(), Order::apply);
        let credited = after.credited_at_once(now);
        after = credited.iter().fold(after, Order::apply);
        events.extend(credited);
        if after.status == OrderStatus::Ready && after.goes_back_whole() {
            let requested = Event::CancelRequested { cause: after.who_takes_it_back() };
            after = after.apply(&requested);
            events.push(requested);
        }
        if after.status != OrderStatus::Cancelling {
            return events;
        }
        if after.settled_payment().is_some() && !after.is_all_reserved() {
            events.push(Event::CancelWithdrawn);
        } else if !after.payments.iter().any(Payment::is_live) && after.owes_nothing() {
            events.push(Event::Cancelled { at: now, stock: StockOutcome::Committed });
        }
        events
    }

    /// The ends of refunds to the wallet that nobody has to be asked about.
    fn credited_at_once(&self, now: Timestamp) -> Vec<Event> {
        let Some(payment) = self.settled_payment().filter(|p| p.is_from_wallet()) else {
            return Vec::new();
        };
        let requested = self
            .refunds_of(payment.no)
            .filter(|refund| matches!(refund.state, RefundState::Requested));
        let credited = requested.map(|refund| {
            let out_refund_no = refund.out_refund_no.clone();
            // Nobody else has a number for it.
            let refund_id = RefundId::new(out_refund_no.as_str());
            let to = RefundState::Succeeded { refund_id, at: now };
            Event::RefundMoved { out_refund_no, to, at: now }
        });
        credited.collect()
    }

    /// Whether all that was paid goes back, or is kept for it.
    fn goes_back_whole(&self) -> bool {
        self.settled_payment().is_some() && self.is_all_reserved()
    }

    /// Who cancels by asking for all that is left.
    fn who_takes_it_back(&self) -> CancelCause {
        match self.refunds.last().map(|refund| refund.asked_by) {
            Some(Asker::Buyer) => CancelCause::Buyer,
            Some(Asker::Operator | Asker::Service | Asker::Paydesk) | None => CancelCause::Operator,
        }
    }

    fn is_all_reserved(&self) -> bool {
        self.refundable() == Fen::ZERO
    }
}

fn total<'a>(refunds: impl Iterator<Item = &'a Refund>) -> Fen {
    Fen::sum(refunds.map(|refund| refund.amount)).unwrap_or(Fen::LIMIT)
}
