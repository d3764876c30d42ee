//! What could not reach its payer is sent to a card (v3 §7.7): said before WeChat Pay is called, by a person, once.
//!
//! It is the same refund under the same number: nothing more goes back by it. Meanwhile it is `processing`, so that
//! nobody pays it back otherwise; what became of it WeChat Pay says, as of every refund. A call that nobody heard an
//! answer to is not made again: the card is not kept. What is `ABNORMAL` when nothing can arrive any more is abnormal
//! again, and a person may apply again.

use super::people::person;
use crate::card::CardOwner;
use crate::fact::{Evidence, RefundFact, RefundProgress, RefundStatement};
use crate::job::MINUTE_S;
use crate::order::{Circumstances, Decision, Event, HORIZON_S, Order, Rejection};
use crate::refund::{Application, Refund, RefundState};
use crate::{Fen, OutRefundNo, Timestamp};

impl Order {
    pub(in crate::order) fn apply_abnormal(
        &self,
        out_refund_no: &OutRefundNo,
        (to, as_approver): (CardOwner, bool),
        given: &Circumstances<'_>,
    ) -> Result<Decision, Rejection> {
        let refund = self.known_refund(out_refund_no)?;
        let refund_id = match &refund.state {
            RefundState::Abnormal { refund_id } => refund_id.clone(),
            // One application at a time; and nothing that went another way, or is not known to be there.
            RefundState::AwaitingApproval
            | RefundState::Declined
            | RefundState::Withdrawn
            | RefundState::Requested
            | RefundState::Sending
            | RefundState::Unknown { .. }
            | RefundState::Processing { .. }
            | RefundState::Succeeded { .. }
            | RefundState::Closed { .. }
            | RefundState::Rejected { .. }
            | RefundState::SettledOffline { .. } => return Err(Rejection::WrongState),
        };
        if self.goes_back_otherwise(refund) {
            return Err(Rejection::WrongState);
        }
        // Whoever applies says where the money goes: above the limit that is an approver, and not who asked for it.
        let is_much = self.is_much_to_cards(refund, given);
        if is_much && (!as_approver || person(&refund.actor) == person(given.actor)) {
            return Err(Rejection::NeedsAnother);
        }
        let out_refund_no = refund.out_refund_no.clone();
        let events = vec![
            Event::RefundApplied { out_refund_no: out_refund_no.clone(), to, at: given.now },
            Event::RefundMoved {
                out_refund_no,
                to: RefundState::Processing { refund_id },
                at: given.now,
            },
        ];
        Ok(Decision::Record(self.with_what_follows(events, given.now)))
    }

    /// Whether, with this one, more of its payment is or may be on cards than one operator may send there alone. In
    /// parts it is the same money, also where an approver sent some of it: as in asking.
    fn is_much_to_cards(&self, refund: &Refund, given: &Circumstances<'_>) -> bool {
        let others = self.refunds.iter().filter(|other| {
            other.payment_no == refund.payment_no
                && other.out_refund_no != refund.out_refund_no
                && other.reserves()
                && other.applied.is_some_and(|applied| applied.destination().is_some())
        });
        let sum = Fen::sum(others.map(|other| other.amount));
        let sum = sum.and_then(|others| others.plus(refund.amount));
        sum.is_none_or(|sum| sum > given.approval_above)
    }

    /// WeChat Pay refused that application. Unsigned, so it counts together with a query that says `ABNORMAL`; any
    /// other answer is recorded as what it is.
    pub(in crate::order) fn record_application_refused(
        &self,
        (applied_at, code): (Timestamp, &str),
        said: &RefundFact,
        given: &Circumstances<'_>,
    ) -> Result<Decision, Rejection> {
        let recorded = self.record_refund(said, given)?;
        let refund = self.known_refund(said.out_refund_no())?;
        let is_meant = refund.applied.is_some_and(|applied| applied.at == applied_at)
            && matches!(refund.state, RefundState::Processing { .. });
        let stated = said.statement().filter(|stated| {
            is_meant
                && stated.progress == RefundProgress::Abnormal
                && refund.refund_id() == Some(&stated.refund_id)
        });
        let Some(stated) = stated else { return Ok(recorded) };
        // What cannot be said of it is refused, also about the time before.
        let _it_can_be = self.record_known(refund, stated, given.now)?;
        let out_refund_no = refund.out_refund_no.clone();
        let events = vec![
            Event::ApplicationRefused {
                out_refund_no: out_refund_no.clone(),
                code: code.to_owned(),
            },
            Event::RefundMoved {
                out_refund_no,
                to: RefundState::Abnormal { refund_id: stated.refund_id.clone() },
                at: given.now,
            },
        ];
        Ok(Decision::Record(self.with_what_follows(events, given.now)))
    }
}

/// Whether what is said of a refund that was applied for to a card may be about the time before that: news of then
/// are re-sent for a day, queries lag, and the call itself may still be under way.
pub(super) fn may_be_of_before(
    refund: &Refund,
    said: &RefundStatement,
    evidence: &Evidence,
    given: &Circumstances<'_>,
) -> bool {
    let Some(Application { at, .. }) = refund.applied else { return false };
    let is_told = matches!(evidence, Evidence::Notification { .. });
    let since = |seconds| given.pace.after(at, seconds) <= given.now;
    match (&refund.state, said.progress) {
        (RefundState::Processing { .. }, RefundProgress::Abnormal) => is_told || !since(HORIZON_S),
        (RefundState::Abnormal { .. }, RefundProgress::Processing) => is_told || !since(MINUTE_S),
        (_, _) => false,
    }
}
