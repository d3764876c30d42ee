//! What persons say about a refund: yes, no, never mind, again, and "it was paid back otherwise".

use crate::order::{Circumstances, Decision, Event, Order, Rejection};
use crate::payment::Payment;
use crate::refund::{Asker, Refund, RefundKind, RefundState};
use crate::{OutRefundNo, Timestamp};

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
        if by_operator && (!as_approver || refund.actor == given.actor) {
            return Err(Rejection::NeedsAnother);
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
        if self.known_refund(out_refund_no)?.asked_by != Asker::Buyer {
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
        now: Timestamp,
    ) -> Result<Decision, Rejection> {
        let refund = self.known_refund(out_refund_no)?;
        if refund.kind == RefundKind::External {
            return Err(Rejection::WrongState);
        }
        match &refund.state {
            RefundState::Rejected { .. } => {
                self.check_room(refund)?;
                Ok(self.moved(refund, RefundState::Requested, now))
            }
            RefundState::Closed { .. } if self.replacement_of(out_refund_no).is_none() => {
                self.check_room(refund)?;
                let another = self.replacing(refund, now).ok_or(Rejection::TooManyRefunds)?;
                let events = vec![Event::RefundRequested(another)];
                Ok(Decision::Record(self.with_what_follows(events, now)))
            }
            // Its job is hastened; nothing new is to be recorded.
            RefundState::Requested
            | RefundState::Sending
            | RefundState::Unknown { .. }
            | RefundState::Processing { .. }
            | RefundState::Abnormal { .. }
            | RefundState::Closed { .. } => Ok(Decision::AlreadyApplied),
            RefundState::AwaitingApproval
            | RefundState::Declined
            | RefundState::Withdrawn
            | RefundState::Succeeded { .. }
            | RefundState::SettledOffline { .. } => Err(Rejection::WrongState),
        }
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
            RefundState::Abnormal { .. } => {}
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
        Ok(self.moved(refund, to, now))
    }

    pub(super) fn known_refund(&self, no: &OutRefundNo) -> Result<&Refund, Rejection> {
        self.refund(no).ok_or_else(|| Rejection::RefundUnknown(no.clone()))
    }

    /// Whether a refund that freed its amount can have it again.
    pub(super) fn has_room(&self, refund: &Refund) -> bool {
        let payment: Option<&Payment> = self.payments.iter().find(|p| p.no == refund.payment_no);
        payment.is_some_and(|payment| refund.amount <= self.rest_of(payment))
    }

    fn check_room(&self, refund: &Refund) -> Result<(), Rejection> {
        if self.has_room(refund) { Ok(()) } else { Err(Rejection::RefundExceedsPaid) }
    }

    /// The refund made in the place of a closed one.
    #[must_use]
    pub fn replacement_of(&self, closed: &OutRefundNo) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.replaces.as_ref() == Some(closed))
    }

    /// Another refund of the same money; `None` when WeChat Pay takes no more.
    pub(super) fn replacing(&self, closed: &Refund, now: Timestamp) -> Option<Refund> {
        if self.has_all_refunds(closed.payment_no) {
            return None;
        }
        let payment = self.payments.iter().find(|payment| payment.no == closed.payment_no)?;
        let (mut first, mut length) = (closed, 1_usize);
        while let Some(before) = first.replaces.as_ref().and_then(|no| self.refund(no)) {
            first = before;
            length = length.saturating_add(1);
        }
        // A replacement whose record was lost may be known again already, as made elsewhere.
        let mut numbers =
            (length..).map(|n| first.out_refund_no.replacement(payment.out_trade_no(), n));
        Some(Refund {
            out_refund_no: numbers.find(|number| self.refund(number).is_none())?,
            replaces: Some(closed.out_refund_no.clone()),
            state: RefundState::Requested,
            sent_at: None,
            created_at: now,
            ..closed.clone()
        })
    }

    pub(super) fn moved(&self, refund: &Refund, to: RefundState, now: Timestamp) -> Decision {
        let out_refund_no = refund.out_refund_no.clone();
        let events = vec![Event::RefundMoved { out_refund_no, to, at: now }];
        Decision::Record(self.with_what_follows(events, now))
    }
}
