//! Refunds that we did not make: in the merchant console, or in commits of ours that are lost.
//!
//! They are facts and come first: what of ours has not been sent gives way. What is owed stays owed: of
//! what gave way the part that did not go back elsewhere is asked for again, and so is what came to nothing
//! there of money that its order does not keep. May not undo what a buyer was told, such as a cancellation.

use super::ask::{CANCEL_REASON, SURPLUS_REASON};
use super::record::reached;
use crate::fact::{RefundProgress, RefundStatement};
use crate::order::{Decision, Event, Order, OrderStatus, Rejection};
use crate::payment::{Payment, PaymentState};
use crate::refund::{Asker, Refund, RefundKind, RefundState};
use crate::{Fen, OutRefundNo, Timestamp};

impl Order {
    /// A refund that we do not know, of a payment that we know: made in the merchant console, or
    /// lost with the database.
    pub(super) fn import(
        &self,
        out_refund_no: &OutRefundNo,
        said: &RefundStatement,
        now: Timestamp,
    ) -> Result<Decision, Rejection> {
        let differs = |why| Rejection::RefundDiffers { out_refund_no: out_refund_no.clone(), why };
        let payment = self
            .payment(&said.out_trade_no)
            .ok_or_else(|| Rejection::PaymentUnknown(said.out_trade_no.clone()))?;
        let receipt =
            payment.receipt().ok_or_else(|| differs("its payment is not known to be paid"))?;
        if receipt.transaction_id != said.transaction_id {
            return Err(differs("it returns another transaction"));
        }
        let refund = Refund {
            out_refund_no: out_refund_no.clone(),
            payment_no: payment.no,
            amount: said.amount,
            lines: Vec::new(),
            reason: String::new(),
            kind: kind_of(out_refund_no, payment),
            asked_by: Asker::Paydesk,
            actor: "wechat_pay".to_owned(),
            replaces: None,
            state: RefundState::Unknown { refused: None },
            sent_at: None,
            applied: None,
            created_at: now,
        };
        let Some(state) = reached(&refund, said) else { return Ok(Decision::AlreadyApplied) };
        let frees = matches!(said.progress, RefundProgress::Closed);
        let needed = if frees { Fen::ZERO } else { said.amount };
        let mut events = self
            .make_room(payment, needed, now)
            .ok_or_else(|| differs("more than what is left of the payment"))?;
        events.push(Event::RefundImported(Refund { state, ..refund }));
        let rest = self.rest_after(&events, Some(payment), now);
        let rest = rest.or_else(|| self.asked_again(&events, payment, now));
        events.extend(rest);
        Ok(Decision::Record(self.with_what_follows(events, now)))
    }

    /// What of a surplus payment has to go back once more after `events`: less than all of it was
    /// paid back elsewhere, or that came to nothing.
    pub(super) fn rest_after(
        &self,
        events: &[Event],
        payment: Option<&Payment>,
        now: Timestamp,
    ) -> Option<Event> {
        let payment = payment.filter(|payment| is_surplus(payment))?;
        let after = events.iter().fold(self.clone(), Order::apply);
        let rest = after.rest_of_surplus(payment, now);
        rest.or_else(|| after.rest_beside(payment, events, now)).map(Event::RefundRequested)
    }

    /// What is left of what a person said is owed of a surplus, once one of its chain is paid back that is worth
    /// less and was thought to have come to nothing: one more refund.
    fn rest_beside(&self, payment: &Payment, events: &[Event], now: Timestamp) -> Option<Refund> {
        let automatic = OutRefundNo::of_surplus(payment.out_trade_no());
        let gave_way = self.last_of_chain(&automatic)?;
        let is_wanted = !gave_way.reserves() && gave_way.state != RefundState::Declined;
        let there = self.there_instead_of(gave_way).filter(|_| is_wanted)?;
        let is_over = there.is_paid_back()
            && events.iter().any(|event| event.out_refund_no() == Some(&there.out_refund_no));
        let left = gave_way.amount.minus(there.amount).filter(|_| is_over)?;
        self.one_more(payment, there, left, now)
    }

    /// Whether it returns money that its order could not take.
    pub(super) fn returns_surplus(&self, refund: &Refund) -> bool {
        let payment = self.payments.iter().find(|payment| payment.no == refund.payment_no);
        refund.kind != RefundKind::External && payment.is_some_and(is_surplus)
    }

    /// What is left of the last one that gave way: less than all of it went back elsewhere. Nobody has
    /// agreed to what waited for a person, and it waits again.
    pub(super) fn asked_again(
        &self,
        events: &[Event],
        payment: &Payment,
        now: Timestamp,
    ) -> Option<Event> {
        let after = events.iter().fold(self.clone(), Order::apply);
        let gave_way =
            |event: &&Event| matches!(event, Event::RefundMoved { to: RefundState::Withdrawn, .. });
        let mut gave_way = events.iter().rev().filter(gave_way).filter_map(Event::out_refund_no);
        let gave_way =
            gave_way.find_map(|no| self.refund(no).filter(|r| !after.is_served_otherwise(r)))?;
        let amount = gave_way.amount.min(after.rest_of(payment));
        if amount < Fen::new(1) || after.has_all_refunds(payment.no) {
            return None;
        }
        let out_refund_no = after.number_of_rest(payment, gave_way, amount)?;
        Some(Event::RefundRequested(Refund {
            out_refund_no,
            amount,
            // Goods are not cut.
            lines: Vec::new(),
            replaces: Some(gave_way.out_refund_no.clone()),
            sent_at: None,
            applied: None,
            created_at: now,
            ..gave_way.clone()
        }))
    }

    /// What a refund made elsewhere had kept and gives back by its end, of money that its order does not
    /// keep: it goes back too, as one more refund.
    pub(super) fn left_by(
        &self,
        closed: &Refund,
        events: &[Event],
        payment: Option<&Payment>,
        now: Timestamp,
    ) -> Option<Event> {
        let after = events.iter().fold(self.clone(), Order::apply);
        after.one_more(payment?, closed, closed.amount, now).map(Event::RefundRequested)
    }

    /// One more refund of money of which the order keeps nothing: so much that `of` does not bring, as far as it is
    /// left.
    fn one_more(
        &self,
        payment: &Payment,
        of: &Refund,
        amount: Fen,
        now: Timestamp,
    ) -> Option<Refund> {
        let reason = self.why_all_goes_back(payment)?;
        let amount = amount.min(self.rest_of(payment));
        if amount < Fen::new(1) || self.has_all_refunds(payment.no) {
            return None;
        }
        let out_refund_no = self.number_of_rest(payment, of, amount)?;
        Some(Refund {
            out_refund_no,
            payment_no: payment.no,
            amount,
            lines: Vec::new(),
            reason: reason.to_owned(),
            kind: RefundKind::Requested,
            asked_by: Asker::Paydesk,
            actor: "paydesk".to_owned(),
            replaces: None,
            state: RefundState::Requested,
            sent_at: None,
            applied: None,
            created_at: now,
        })
    }

    /// Another rest is another refund, also beside one that was lost with the database.
    fn number_of_rest(&self, payment: &Payment, of: &Refund, amount: Fen) -> Option<OutRefundNo> {
        self.free_refund_no(0, |count| {
            let name = format!("rest:{count}:{}:{}", of.out_refund_no, amount.get());
            OutRefundNo::of_request(payment.out_trade_no(), &name)
        })
    }

    /// What the payer reads of money of which the order keeps nothing; `None` when it keeps it.
    pub(super) fn why_all_goes_back(&self, payment: &Payment) -> Option<&'static str> {
        if is_surplus(payment) {
            return Some(SURPLUS_REASON);
        }
        let is_over = matches!(self.status, OrderStatus::Cancelling | OrderStatus::Cancelled);
        let settled = self.settled_payment().is_some_and(|settled| settled.no == payment.no);
        (is_over && settled).then_some(CANCEL_REASON)
    }

    /// What was made elsewhere is a fact and comes first: what of ours has not been sent gives way,
    /// the newest first. `None` when that is not enough.
    pub(super) fn make_room(
        &self,
        payment: &Payment,
        needed: Fen,
        now: Timestamp,
    ) -> Option<Vec<Event>> {
        let mut events = Vec::new();
        let mut rest = self.rest_of(payment);
        let unsent = |refund: &&Refund| refund.payment_no == payment.no && refund.is_unsent();
        let mut unsent = self.refunds.iter().rev().filter(unsent);
        while rest < needed {
            let refund = unsent.next()?;
            rest = rest.plus(refund.amount)?;
            events.push(Event::RefundMoved {
                out_refund_no: refund.out_refund_no.clone(),
                to: RefundState::Withdrawn,
                at: now,
            });
        }
        Some(events)
    }
}

/// The one automatic refund of a surplus payment is known by its number.
fn kind_of(out_refund_no: &OutRefundNo, payment: &Payment) -> RefundKind {
    let is_automatic =
        is_surplus(payment) && *out_refund_no == OutRefundNo::of_surplus(payment.out_trade_no());
    if is_automatic { RefundKind::Surplus } else { RefundKind::External }
}

fn is_surplus(payment: &Payment) -> bool {
    matches!(payment.state, PaymentState::Surplus { .. })
}
