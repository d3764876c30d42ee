//! Refunds that we did not make: in the merchant console, or in commits of ours that are lost.
//!
//! They are facts and come first: what of ours has not been sent gives way. What is owed stays owed: of
//! what gave way the part that did not go back elsewhere is asked for again, and so is what came to nothing
//! there of money that its order does not keep. May not undo what a buyer was told, such as a cancellation.

use super::ask::{BY_ITSELF, CANCEL_REASON, SURPLUS_REASON};
use super::lines::worth;
use super::record::reached;
use super::restate::gives_way;
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
            asked: None,
            owed: None,
            applied: None,
            created_at: now,
        };
        let Some(state) = reached(&refund, said) else { return Ok(Decision::AlreadyApplied) };
        let frees = matches!(said.progress, RefundProgress::Closed);
        let needed = if frees { Fen::ZERO } else { said.amount };
        // One of ours whose record was lost is of what a person said is owed: what is not sent is asked for without it.
        let is_of_the_word =
            !frees && is_derived(out_refund_no, payment) && self.last_word(payment).is_some();
        let unsent = self.unsent_of(payment).filter(|_| is_of_the_word);
        let mut events: Vec<Event> =
            unsent.map(|unsent| gives_way(&unsent.out_refund_no, now)).collect();
        let without = events.iter().fold(self.clone(), Order::apply);
        let room = without.make_room(payment, needed, now);
        events.extend(room.ok_or_else(|| differs("more than what is left of the payment"))?);
        events.push(Event::RefundImported(Refund { state, ..refund }));
        events.extend(self.what_is_left(&events, (payment, out_refund_no), now));
        Ok(Decision::Record(self.with_what_follows(events, now)))
    }

    /// What of a payment has to be asked for once more after `events`, which say that `of` is there or came to
    /// nothing: what is left of what gave way, and of money of which the order keeps nothing whatever else is left.
    pub(super) fn what_is_left(
        &self,
        events: &[Event],
        (payment, of): (&Payment, &OutRefundNo),
        now: Timestamp,
    ) -> Vec<Event> {
        let mut after = events.iter().fold(self.clone(), Order::apply);
        let rest = after.rest_of_surplus(payment, now).map(Event::RefundRequested);
        let mut left = match rest {
            Some(rest) => vec![rest],
            None => self.asked_again(events, payment, now),
        };
        after = left.iter().fold(after, Order::apply);
        let waits = |refund: &&Refund| {
            refund.payment_no == payment.no && refund.state == RefundState::AwaitingApproval
        };
        // What waited and gave way to this, too.
        let waiting = self.refunds.iter().chain(&after.refunds).find(waits);
        let unagreed = waiting.or_else(|| after.declined_while_it_went_on(payment));
        let rest = after.all_the_rest(payment, of, now).map(|rest| match unagreed {
            // Nobody has agreed to it.
            Some(Refund { asked_by, actor, .. }) => {
                let state = RefundState::AwaitingApproval;
                Refund { asked_by: *asked_by, actor: actor.clone(), state, ..rest }
            }
            None => rest,
        });
        left.extend(rest.map(Event::RefundRequested));
        left
    }

    /// The one rule: of a payment of which the order keeps nothing all goes back, but for what a person said, or has
    /// yet to say, about it.
    fn all_the_rest(&self, payment: &Payment, of: &OutRefundNo, now: Timestamp) -> Option<Refund> {
        let reason = self.why_all_goes_back(payment)?;
        let of = self.refund(of)?;
        let rest = self.rest_of(payment).minus(self.left_to_people(payment))?;
        let amount = match self.owed_as_named(payment) {
            // What is under way brings that much, or it is begun again.
            Some(_) if of.reserves() && !of.is_paid_back() => return None,
            Some(owed) => owed.min(rest),
            None => rest,
        };
        if amount < Fen::new(1) || self.has_all_refunds(payment.no) {
            return None;
        }
        Some(Refund {
            out_refund_no: self.number_of_rest(payment, of, amount)?,
            payment_no: payment.no,
            amount,
            lines: Vec::new(),
            reason: reason.to_owned(),
            kind: RefundKind::Requested,
            asked_by: Asker::Paydesk,
            actor: BY_ITSELF.to_owned(),
            replaces: None,
            state: RefundState::Requested,
            sent_at: None,
            asked: None,
            owed: self.last_word(payment),
            applied: None,
            created_at: now,
        })
    }

    /// Whether it returns money of which its order keeps nothing, and all of that goes back.
    pub(crate) fn all_goes_back(&self, refund: &Refund) -> bool {
        let payment = self.payment_of(refund);
        payment.is_some_and(|payment| {
            self.why_all_goes_back(payment).is_some() && self.rest_of(payment) == Fen::ZERO
        })
    }

    /// How much of what a person said is owed of a surplus is still to be asked for: by itself, and not by them. `None`
    /// where nobody said so. The last word counts.
    pub(super) fn owed_as_named(&self, payment: &Payment) -> Option<Fen> {
        let word = self.last_word(payment)?;
        let spoken_for = self.asked_here(payment).plus(self.left_to_people(payment))?;
        Some(word.minus(spoken_for)?.max(Fen::ZERO))
    }

    /// How much of a surplus a person said last is owed.
    pub(super) fn last_word(&self, payment: &Payment) -> Option<Fen> {
        if !is_surplus(payment) {
            return None;
        }
        let said = self.refunds_of(payment.no).filter_map(|refund| refund.owed).last();
        // Before that was kept, it was known by who asked.
        let automatic = OutRefundNo::of_surplus(payment.out_trade_no());
        let named =
            || self.last_of_chain(&automatic).filter(|last| self.is_named_by_a_person(last));
        said.or_else(|| named().map(|last| last.as_asked().amount))
    }

    /// What is kept of a payment by what was asked for here, in fen.
    pub(super) fn asked_here(&self, payment: &Payment) -> Fen {
        // Nobody else gives out such a number: its record was lost.
        let is_ours = |refund: &&Refund| {
            refund.kind != RefundKind::External || is_derived(&refund.out_refund_no, payment)
        };
        let ours = self.refunds_of(payment.no).filter(is_ours);
        super::total(ours.filter(|refund| refund.reserves()))
    }

    /// What of the money that a payment has left a person does not want to go back, or has to say how: a no, and what
    /// WeChat Pay refuses.
    fn left_to_people(&self, payment: &Payment) -> Fen {
        let waits = |refund: &&Refund| match refund.state {
            RefundState::Declined => true,
            RefundState::Rejected { .. } => !self.goes_back_otherwise(refund),
            RefundState::AwaitingApproval
            | RefundState::Withdrawn
            | RefundState::Requested
            | RefundState::Sending
            | RefundState::Unknown { .. }
            | RefundState::Processing { .. }
            | RefundState::Succeeded { .. }
            | RefundState::Abnormal { .. }
            | RefundState::Closed { .. }
            | RefundState::SettledOffline { .. } => false,
        };
        let meant =
            self.last_refunds_of(payment).filter(|refund| self.is_of_its_end(payment, refund));
        Fen::sum(meant.filter(waits).map(|refund| refund.amount)).unwrap_or(Fen::LIMIT)
    }

    /// A no to money of an order that went on then: it is no answer to whether the money of a cancelled one goes back,
    /// but who said it is asked before it does.
    fn declined_while_it_went_on(&self, payment: &Payment) -> Option<&Refund> {
        let declined = |refund: &&Refund| refund.state == RefundState::Declined;
        let mut last = self.last_refunds_of(payment).filter(declined);
        last.find(|refund| !self.is_of_its_end(payment, refund))
    }

    /// Whether a refund was begun when the order kept nothing of its payment any more.
    fn is_of_its_end(&self, payment: &Payment, refund: &Refund) -> bool {
        is_surplus(payment) || self.cancelled_at.is_some_and(|over| refund.created_at >= over)
    }

    /// The refunds of a payment in whose place nothing is begun.
    fn last_refunds_of(&self, payment: &Payment) -> impl Iterator<Item = &Refund> {
        let is_last = |refund: &&Refund| self.replacement_of(&refund.out_refund_no).is_none();
        self.refunds_of(payment.no).filter(is_last)
    }

    /// Whether it returns money that its order could not take.
    pub(super) fn returns_surplus(&self, refund: &Refund) -> bool {
        let payment = self.payment_of(refund);
        refund.kind != RefundKind::External && payment.is_some_and(is_surplus)
    }

    /// What is left of those that gave way. Nobody has agreed to what waited for a person, and it waits again.
    fn asked_again(&self, events: &[Event], payment: &Payment, now: Timestamp) -> Vec<Event> {
        let mut after = events.iter().fold(self.clone(), Order::apply);
        let gave_way =
            |event: &&Event| matches!(event, Event::RefundMoved { to: RefundState::Withdrawn, .. });
        let gave_way = events.iter().rev().filter(gave_way).filter_map(Event::out_refund_no);
        let mut again = Vec::new();
        for gave_way in gave_way.filter_map(|no| self.refund(no)) {
            let left = after.left_of(gave_way, payment, now).map(Event::RefundRequested);
            after = left.iter().fold(after, Order::apply);
            again.extend(left);
        }
        again
    }

    /// What one that gave way did not get where it gave way to, as far as it is there: without the goods that are.
    fn left_of(&self, gave_way: &Refund, payment: &Payment, now: Timestamp) -> Option<Refund> {
        if self.is_served_otherwise(gave_way) || self.has_all_refunds(payment.no) {
            return None;
        }
        let left = self.lines_left_of(gave_way);
        let gone = worth(&gave_way.lines).minus(worth(&left))?;
        let owed = self.owed_as_named(payment).unwrap_or(Fen::LIMIT);
        let amount = gave_way.amount.minus(gone)?.min(self.rest_of(payment)).min(owed);
        if amount < Fen::new(1) {
            return None;
        }
        Some(Refund {
            out_refund_no: self.number_of_rest(payment, gave_way, amount)?,
            amount,
            // Goods are not cut.
            lines: if worth(&left) <= amount { left } else { Vec::new() },
            replaces: Some(gave_way.out_refund_no.clone()),
            owed: self.last_word(payment),
            sent_at: None,
            created_at: now,
            ..gave_way.clone()
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
        let mut unsent = self.unsent_of(payment);
        while rest < needed {
            let refund = unsent.next()?;
            rest = rest.plus(refund.amount)?;
            events.push(gives_way(&refund.out_refund_no, now));
        }
        Some(events)
    }

    /// What of a payment is asked for and not sent, the newest first.
    pub(super) fn unsent_of(&self, payment: &Payment) -> impl Iterator<Item = &Refund> {
        let no = payment.no;
        let refunds = self.refunds.iter().rev();
        refunds.filter(move |refund| refund.payment_no == no && refund.is_unsent())
    }
}

/// The one automatic refund of a surplus payment is known by its number.
fn kind_of(out_refund_no: &OutRefundNo, payment: &Payment) -> RefundKind {
    let is_automatic =
        is_surplus(payment) && *out_refund_no == OutRefundNo::of_surplus(payment.out_trade_no());
    if is_automatic { RefundKind::Surplus } else { RefundKind::External }
}

/// Whether we asked for it, if only in commits that are lost.
fn is_derived(out_refund_no: &OutRefundNo, payment: &Payment) -> bool {
    out_refund_no.is_derived_from(payment.out_trade_no())
}

fn is_surplus(payment: &Payment) -> bool {
    matches!(payment.state, PaymentState::Surplus { .. })
}
