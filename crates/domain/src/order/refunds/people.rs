//! What persons say about a refund: yes, no, never mind, again, and "it was paid back otherwise".

use super::lines::worth;
use crate::order::{Circumstances, Decision, Event, Order, OrderStatus, Rejection};
use crate::payment::Payment;
use crate::refund::{Asker, NUMBER_TAKEN, Refund, RefundKind, RefundState};
use crate::{Fen, OutRefundNo, Timestamp};

impl Order {
    pub(in crate::order) fn approve_refund(
        &self,
        out_refund_no: &OutRefundNo,
        as_approver: bool,
        given: &Circumstances<'_>,
    ) -> Result<Decision, Rejection> {
        let refund = self.known_refund(out_refund_no)?;
        match &refund.state {
            RefundState::AwaitingApproval => {}
            RefundState::Declined | RefundState::Withdrawn => return Err(Rejection::WrongState),
            RefundState::Requested
            | RefundState::Sending
            | RefundState::Unknown { .. }
            | RefundState::Processing { .. }
            | RefundState::Succeeded { .. }
            | RefundState::Abnormal { .. }
            | RefundState::Closed { .. }
            | RefundState::Rejected { .. }
            | RefundState::SettledOffline { .. } => return Ok(Decision::AlreadyApplied),
        }
        let by_operator = refund.asked_by == Asker::Operator;
        if by_operator && (!as_approver || person(&refund.actor) == person(given.actor)) {
            return Err(Rejection::NeedsAnother);
        }
        if !self.still_stands(refund) {
            return Err(Rejection::WrongState);
        }
        Ok(self.moved(refund, RefundState::Requested, given.now))
    }

    pub(in crate::order) fn decline_refund(
        &self,
        out_refund_no: &OutRefundNo,
        now: Timestamp,
    ) -> Result<Decision, Rejection> {
        self.end_waiting(out_refund_no, RefundState::Declined, now)
    }

    pub(in crate::order) fn withdraw_refund(
        &self,
        out_refund_no: &OutRefundNo,
        now: Timestamp,
    ) -> Result<Decision, Rejection> {
        let refund = self.known_refund(out_refund_no)?;
        // Of an order that is cancelled all goes back: there is nothing to take back.
        let is_over =
            self.status == OrderStatus::Cancelled && refund.state != RefundState::Withdrawn;
        if refund.asked_by != Asker::Buyer || is_over {
            return Err(Rejection::WrongState);
        }
        self.end_waiting(out_refund_no, RefundState::Withdrawn, now)
    }

    fn end_waiting(
        &self,
        out_refund_no: &OutRefundNo,
        to: RefundState,
        now: Timestamp,
    ) -> Result<Decision, Rejection> {
        let refund = self.known_refund(out_refund_no)?;
        if refund.state == to {
            return Ok(Decision::AlreadyApplied);
        }
        if !matches!(refund.state, RefundState::AwaitingApproval) {
            return Err(Rejection::WrongState);
        }
        Ok(self.moved(refund, to, now))
    }

    pub(in crate::order) fn retry_refund(
        &self,
        out_refund_no: &OutRefundNo,
        amount: Option<Fen>,
        given: &Circumstances<'_>,
    ) -> Result<Decision, Rejection> {
        let now = given.now;
        let refund = self.known_refund(out_refund_no)?;
        if refund.kind == RefundKind::External {
            return Err(Rejection::WrongState);
        }
        let ended =
            matches!(refund.state, RefundState::Rejected { .. } | RefundState::Closed { .. });
        let has_replacement = self.goes_on_as_another(out_refund_no);
        // Of a surplus all that is left belongs to the payer: who says how much is owed may say so beside one whose
        // record was lost.
        let goes_back = if amount.is_some() && self.returns_surplus(refund) {
            self.is_kept_in_its_chain(refund)
        } else {
            self.goes_back_otherwise(refund)
        };
        if ended && !has_replacement && goes_back {
            return Err(Rejection::WrongState);
        }
        let is_over = ended && !has_replacement;
        // What somebody asked for can be asked for again, as much as is wanted.
        let may_be_named = |amount| {
            self.returns_surplus(refund) && (is_over || self.is_asked_for_since(refund, amount))
        };
        if amount.is_some_and(|amount| !may_be_named(amount)) {
            return Err(Rejection::WrongState);
        }
        let as_it_was = amount.is_none_or(|amount| amount == refund.amount);
        match &refund.state {
            RefundState::Rejected { code }
                if is_over
                    && as_it_was
                    && self.replacement_of(out_refund_no).is_none()
                    && code != NUMBER_TAKEN
                    && self.has_room(refund)
                    && self.may_be_sent_again(refund, given) =>
            {
                Ok(self.moved(refund, RefundState::Requested, now))
            }
            RefundState::Rejected { .. } | RefundState::Closed { .. } if is_over => {
                let another = self.asked_anew(refund, amount, given)?;
                let events = vec![Event::RefundRequested(another)];
                Ok(Decision::Record(self.with_what_follows(events, now)))
            }
            // Its job is hastened; nothing new is to be recorded.
            RefundState::Requested
            | RefundState::Sending
            | RefundState::Unknown { .. }
            | RefundState::Processing { .. }
            | RefundState::Abnormal { .. }
            | RefundState::Rejected { .. }
            | RefundState::Closed { .. } => Ok(Decision::AlreadyApplied),
            RefundState::AwaitingApproval
            | RefundState::Declined
            | RefundState::Withdrawn
            | RefundState::Succeeded { .. }
            | RefundState::SettledOffline { .. } => Err(Rejection::WrongState),
        }
    }

    /// Whether it would be asked for in the same way now. A number is never sent with another amount, and
    /// in a retry the same rules count for operators as in asking.
    fn may_be_sent_again(&self, refund: &Refund, given: &Circumstances<'_>) -> bool {
        self.cut_anew(refund.clone()).is_ok_and(|anew| anew == *refund)
            && self.may_be_retried(refund)
            && !self.retry_needs_another(refund, given)
    }

    /// Of what was to end the order before it was shipped, goods are worth something else now; an amount
    /// is asked for anew.
    fn may_be_retried(&self, refund: &Refund) -> bool {
        !refund.lines.is_empty() || self.still_stands(refund)
    }

    fn retry_needs_another(&self, refund: &Refund, given: &Circumstances<'_>) -> bool {
        refund.asked_by == Asker::Operator
            && self.needs_another(refund.payment_no, refund.amount, given)
    }

    /// What somebody tries again under another number: priced, and approved, like what is asked for now.
    fn asked_anew(
        &self,
        refund: &Refund,
        amount: Option<Fen>,
        given: &Circumstances<'_>,
    ) -> Result<Refund, Rejection> {
        if !self.may_be_retried(refund) {
            return Err(Rejection::WrongState);
        }
        let another = self.begun_anew(refund, amount, given.actor, given.now)?;
        if !self.retry_needs_another(&another, given) {
            return Ok(another);
        }
        let state = RefundState::AwaitingApproval;
        Ok(Refund { state, actor: given.actor.to_owned(), ..another })
    }

    /// The same money under another number, or `amount` of it. Of a surplus payment that somebody has
    /// paid back in part, what is left.
    fn begun_anew(
        &self,
        refund: &Refund,
        amount: Option<Fen>,
        given_by: &str,
        now: Timestamp,
    ) -> Result<Refund, Rejection> {
        let another = self.replacing(refund, now).ok_or(Rejection::TooManyRefunds)?;
        let another = self.cut_anew(another)?;
        let payment = self.payment_of(refund);
        let rest = payment.map_or(Fen::ZERO, |payment| self.rest_of(payment));
        let some_is_back = self.returns_surplus(refund) && rest < refund.amount;
        let named = amount.and_then(|amount| self.asked_here(payment?).plus(amount));
        let (amount, actor) = match amount {
            // That so much is owed is what a person said.
            Some(amount) => (amount, given_by.to_owned()),
            None => (if some_is_back { rest } else { another.amount }, another.actor.clone()),
        };
        if amount < Fen::new(1) || amount > rest {
            return Err(Rejection::RefundExceedsPaid);
        }
        Ok(Refund { amount, actor, owed: named.or(another.owed), ..another })
    }

    /// What is still to go back of a surplus payment whose automatic refund gave way to another.
    pub(super) fn rest_of_surplus(&self, payment: &Payment, now: Timestamp) -> Option<Refund> {
        let automatic = OutRefundNo::of_surplus(payment.out_trade_no());
        let gave_way = self.last_of_chain(&automatic)?;
        let gives_way = matches!(gave_way.state, RefundState::Withdrawn);
        if !gives_way || self.is_served_otherwise(gave_way) {
            return None;
        }
        let rest = self.begun_anew(gave_way, None, &gave_way.actor, now).ok()?;
        let owed = self.owed_as_named(payment);
        let amount = owed.map_or(rest.amount, |owed| rest.amount.min(owed));
        (amount >= Fen::new(1)).then_some(Refund { amount, ..rest })
    }

    pub(in crate::order) fn settle_refund_offline(
        &self,
        out_refund_no: &OutRefundNo,
        note: &str,
        now: Timestamp,
    ) -> Result<Decision, Rejection> {
        let refund = self.known_refund(out_refund_no)?;
        match &refund.state {
            RefundState::SettledOffline { .. } => return Ok(Decision::AlreadyApplied),
            RefundState::Abnormal { .. } if self.goes_back_otherwise(refund) => {
                return Err(Rejection::WrongState);
            }
            RefundState::Abnormal { .. } => {}
            // What goes on under another number is paid back there; what goes back otherwise, is paid back.
            RefundState::Rejected { .. }
                if self.goes_on_as_another(out_refund_no) || self.goes_back_otherwise(refund) =>
            {
                return Err(Rejection::WrongState);
            }
            RefundState::Rejected { .. } => self.check_room(refund)?,
            RefundState::AwaitingApproval
            | RefundState::Declined
            | RefundState::Withdrawn
            | RefundState::Requested
            | RefundState::Sending
            | RefundState::Unknown { .. }
            | RefundState::Processing { .. }
            | RefundState::Succeeded { .. }
            | RefundState::Closed { .. } => return Err(Rejection::WrongState),
        }
        let to = RefundState::SettledOffline { note: note.to_owned(), at: now };
        let mut events =
            vec![Event::RefundMoved { out_refund_no: out_refund_no.clone(), to, at: now }];
        let payment = self.payment_of(refund);
        if let Some(payment) = payment {
            events.extend(self.what_is_left(&events, (payment, out_refund_no), now));
        }
        Ok(Decision::Record(self.with_what_follows(events, now)))
    }

    pub(super) fn known_refund(&self, no: &OutRefundNo) -> Result<&Refund, Rejection> {
        self.refund(no).ok_or_else(|| Rejection::RefundUnknown(no.clone()))
    }

    /// Whether a refund that freed its amount can have it again.
    pub(super) fn has_room(&self, refund: &Refund) -> bool {
        let payment = self.payment_of(refund);
        payment.is_some_and(|payment| refund.amount <= self.rest_of(payment))
            && self.has_lines_left(refund)
    }

    fn check_room(&self, refund: &Refund) -> Result<(), Rejection> {
        if self.has_room(refund) { Ok(()) } else { Err(Rejection::RefundExceedsPaid) }
    }

    /// The refund made in the place of a closed one.
    #[must_use]
    pub fn replacement_of(&self, closed: &OutRefundNo) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.replaces.as_ref() == Some(closed))
    }

    /// Whether another one is begun in its place to which nobody has said no.
    fn goes_on_as_another(&self, no: &OutRefundNo) -> bool {
        let last = self.replacement_of(no).and_then(|heir| self.last_of_chain(&heir.out_refund_no));
        last.is_some_and(|last| last.state != RefundState::Declined)
    }

    /// Whether so much was asked for in the place of a refund; or by itself, where nothing is in its place.
    fn is_asked_for_since(&self, refund: &Refund, amount: Fen) -> bool {
        let next = |of: &&Refund| self.replacement_of(&of.out_refund_no);
        let Some(heir) = next(&refund) else { return refund.amount == amount };
        std::iter::successors(Some(heir), next).any(|heir| heir.amount == amount)
    }

    /// The end of the chain of replacements that begins with a refund: the one that still counts.
    #[must_use]
    pub fn last_of_chain(&self, first: &OutRefundNo) -> Option<&Refund> {
        let first = self.refund(first)?;
        std::iter::successors(Some(first), |refund| self.replacement_of(&refund.out_refund_no))
            .last()
    }

    /// What the chain of replacements began with that ends with this one, and how long that is.
    pub(super) fn beginning_of<'a>(&'a self, refund: &'a Refund) -> (&'a Refund, usize) {
        let (mut first, mut length) = (refund, 1_usize);
        while let Some(before) = first.replaces.as_ref().and_then(|no| self.refund(no)) {
            first = before;
            length = length.saturating_add(1);
        }
        (first, length)
    }

    /// Another refund of the same money; `None` when WeChat Pay takes no more.
    pub(super) fn replacing(&self, closed: &Refund, now: Timestamp) -> Option<Refund> {
        if self.has_all_refunds(closed.payment_no) {
            return None;
        }
        let payment = self.payment_of(closed)?;
        let (first, length) = self.beginning_of(closed);
        // One that was given up for a while may have had another in its place, of what was owed by then.
        let last = self.last_of_chain(&closed.out_refund_no)?;
        let state = match last.state {
            // To so much nobody has said yes. What no order keeps needs none: whoever named it said so.
            RefundState::Withdrawn
                if last.amount > closed.as_asked().amount && !self.returns_surplus(closed) =>
            {
                RefundState::AwaitingApproval
            }
            RefundState::Withdrawn
            | RefundState::Declined
            | RefundState::AwaitingApproval
            | RefundState::Requested
            | RefundState::Sending
            | RefundState::Unknown { .. }
            | RefundState::Processing { .. }
            | RefundState::Succeeded { .. }
            | RefundState::Abnormal { .. }
            | RefundState::Closed { .. }
            | RefundState::Rejected { .. }
            | RefundState::SettledOffline { .. } => RefundState::Requested,
        };
        let replacement = |n| first.out_refund_no.replacement(payment.out_trade_no(), n);
        Some(Refund {
            out_refund_no: self.free_refund_no(length, replacement)?,
            replaces: Some(last.out_refund_no.clone()),
            owed: self.last_word(payment),
            state,
            sent_at: None,
            applied: None,
            created_at: now,
            ..last.as_asked()
        })
    }

    /// Whether another one is begun by itself in the place of a refund that WeChat Pay closes. Where its goods were
    /// sent because it had been given up, or where it was asked for in commits that are lost and not sent since, a
    /// person asks for it or does not.
    pub(super) fn is_begun_again(&self, closed: &Refund) -> bool {
        closed.kind != RefundKind::External
            && !self.was_overtaken(closed)
            && !self.goes_back_otherwise(closed)
            && self.is_still_wanted(closed)
    }

    /// Whether it was sent or is about to be, as far as this life of the database knows; or it is money that the order
    /// does not keep. Of what somebody declined or took back meanwhile WeChat Pay may know from a life that is lost.
    fn is_still_wanted(&self, closed: &Refund) -> bool {
        let payment = self.payment_of(closed);
        let is_owed = payment.is_some_and(|payment| self.why_all_goes_back(payment).is_some());
        closed.sent_at.is_some() || closed.is_unsent() || is_owed
    }

    /// What goes in the place of a refund that WeChat Pay closed: what was wanted last, as far as it is still
    /// there. Others may have gone meanwhile, and what had gone in its place may have been worth more.
    pub(super) fn in_place_of_closed(
        &self,
        closed: &Refund,
        said: Fen,
        events: &[Event],
        now: Timestamp,
    ) -> Option<Event> {
        let after = events.iter().fold(self.clone(), Order::apply);
        // Somebody has said no to it meanwhile: of what no order keeps, what is left waits for a yes.
        if after.last_of_chain(&closed.out_refund_no)?.state == RefundState::Declined {
            return None;
        }
        let another = after.replacing(closed, now)?;
        let payment = after.payment_of(closed)?;
        let rest = after.rest_of(payment);
        // All of a surplus goes back, unless a person said how much of it.
        let wanted = match after.owed_as_named(payment) {
            Some(owed) => owed,
            None if closed.kind == RefundKind::Surplus => rest,
            None => another.amount,
        };
        // Goods that are in another one are not asked back by themselves.
        let left = after.lines_left_of(&another);
        let gone = worth(&another.lines).minus(worth(&left))?;
        let mut amount = wanted.minus(gone)?.min(rest);
        // Fees do not go back with goods of an order that was sent since.
        if !another.lines.is_empty() && !after.shipments.is_empty() {
            amount = amount.min(worth(&left));
        }
        if amount < Fen::new(1) {
            return None;
        }
        // Goods are not cut.
        let lines = if worth(&left) <= amount { left } else { Vec::new() };
        // Somebody had said yes to as much as WeChat Pay had; perhaps in a life of the database that is lost.
        let waited = matches!(closed.state, RefundState::AwaitingApproval)
            || (closed.asked.is_some() && closed.sent_at.is_none());
        let state = if waited && amount > said && !after.returns_surplus(closed) {
            RefundState::AwaitingApproval
        } else if amount > closed.as_asked().amount {
            another.state
        } else {
            RefundState::Requested
        };
        Some(Event::RefundRequested(Refund { amount, lines, state, ..another }))
    }

    /// Whether a person said how much of a surplus is still owed: its chain began without one.
    pub(super) fn is_named_by_a_person(&self, refund: &Refund) -> bool {
        let (first, _) = self.beginning_of(refund);
        refund.owed.is_some() || (refund.kind == RefundKind::Surplus && refund.actor != first.actor)
    }

    pub(super) fn moved(&self, refund: &Refund, to: RefundState, now: Timestamp) -> Decision {
        let out_refund_no = refund.out_refund_no.clone();
        let events = vec![Event::RefundMoved { out_refund_no, to, at: now }];
        Decision::Record(self.with_what_follows(events, now))
    }
}

/// Who somebody is. A key that another key made is `<the first key>/<this one>` and the same person:
/// whoever made it has seen it.
pub(super) fn person(actor: &str) -> &str {
    actor.split_once('/').map_or(actor, |(person, _key)| person)
}
