//! What WeChat Pay says about a refund: notification and query arrive here as the same fact.
//!
//! Facts only add. One that cannot be ours is refused and becomes a case; it is never guessed at. Those
//! of refunds that we did not make are in `elsewhere.rs`.

use super::abnormal::may_be_of_before;
use crate::Timestamp;
use crate::fact::{Evidence, RefundAtWechat, RefundFact, RefundProgress, RefundStatement};
use crate::order::{Circumstances, Decision, Event, Order, Rejection};
use crate::payment::Payment;
use crate::refund::{NUMBER_TAKEN, Refund, RefundState};

impl Order {
    pub(in crate::order) fn record_refund(
        &self,
        fact: &RefundFact,
        given: &Circumstances<'_>,
    ) -> Result<Decision, Rejection> {
        let now = given.now;
        let merchant_is_ours =
            self.payments.first().is_some_and(|payment| payment.terms.mchid == *fact.mchid());
        if !merchant_is_ours {
            return Err(Rejection::OtherMerchant);
        }
        let decision = match (self.refund(fact.out_refund_no()), fact.refund()) {
            (Some(refund), RefundAtWechat::Known(said))
                if may_be_of_before(refund, said, fact.evidence(), given) =>
            {
                Ok(Decision::AlreadyApplied)
            }
            (Some(refund), RefundAtWechat::Known(said)) => self.record_known(refund, said, now),
            (Some(refund), RefundAtWechat::NotExist) => Ok(self.record_not_exist(refund, now)),
            (None, RefundAtWechat::Known(said)) => self.import(fact.out_refund_no(), said, now),
            (None, RefundAtWechat::NotExist) => {
                Err(Rejection::RefundUnknown(fact.out_refund_no().clone()))
            }
        };
        // What is closed goes back under another number: only once a query says the same.
        let is_told = matches!(fact.evidence(), Evidence::Notification { .. });
        let closed = fact.statement().is_some_and(|said| said.progress == RefundProgress::Closed);
        match decision {
            Ok(Decision::Record(_)) if is_told && closed => Err(Rejection::Unconfirmed),
            other => other,
        }
    }

    pub(super) fn record_known(
        &self,
        refund: &Refund,
        said: &RefundStatement,
        now: Timestamp,
    ) -> Result<Decision, Rejection> {
        let differs = |why| differs(refund, why);
        let payment = self.payment_of(refund);
        let is_its = |payment: &&Payment| *payment.out_trade_no() == said.out_trade_no;
        let Some(payment) = payment.filter(is_its) else { return self.record_taken(refund, now) };
        if refund.refund_id().is_some_and(|known| *known != said.refund_id) {
            return Err(differs("it has another refund_id"));
        }
        let is_closed = matches!(said.progress, RefundProgress::Closed);
        // What was accepted as it is has no other amount; what was not, is what is said of it.
        let is_nothing = matches!(refund.state, RefundState::Closed { .. });
        let is_known = refund.is_accepted() || (is_nothing && !is_closed);
        // Of one that is restated less may count than there is.
        let is_less = refund.asked.is_some() && refund.amount <= said.amount;
        if is_known && said.amount != refund.amount && !is_less {
            return Err(differs("it has another amount"));
        }
        if let Some(over) = over(&refund.state, said.progress) {
            return over.map_err(differs);
        }
        let mut events = Vec::new();
        // What was closed took nothing.
        if refund.refund_id().is_none() && !is_closed {
            let room = self.room_for(refund, payment, said, now);
            events = room.ok_or_else(|| differs("its amount was given to others"))?;
        }
        let Some(to) = reached(refund, said) else { return Ok(Decision::AlreadyApplied) };
        let frees = is_closed && refund.reserves();
        let out_refund_no = refund.out_refund_no.clone();
        events.push(Event::RefundMoved { out_refund_no, to, at: now });
        if frees && self.is_begun_again(refund) {
            events.extend(self.in_place_of_closed(refund, said.amount, &events, now));
        }
        events.extend(self.what_is_left(&events, (payment, &refund.out_refund_no), now));
        Ok(Decision::Record(self.with_what_follows(events, now)))
    }

    /// The number is somebody else's: ours was never accepted under it, and never will be.
    fn record_taken(&self, refund: &Refund, now: Timestamp) -> Result<Decision, Rejection> {
        let taken = RefundState::Rejected { code: NUMBER_TAKEN.to_owned() };
        if refund.is_in_flight() {
            return Ok(self.moved(refund, taken, now));
        }
        if refund.state == taken {
            Ok(Decision::AlreadyApplied)
        } else {
            Err(differs(refund, "it returns another payment"))
        }
    }

    /// Only together with a definite refusal does it end a refund; else it is sent again.
    fn record_not_exist(&self, refund: &Refund, now: Timestamp) -> Decision {
        match &refund.state {
            RefundState::Unknown { refused: Some(code) } => {
                self.moved(refund, RefundState::Rejected { code: code.clone() }, now)
            }
            RefundState::Unknown { refused: None }
            | RefundState::AwaitingApproval
            | RefundState::Declined
            | RefundState::Withdrawn
            | RefundState::Requested
            | RefundState::Sending
            | RefundState::Processing { .. }
            | RefundState::Succeeded { .. }
            | RefundState::Abnormal { .. }
            | RefundState::Closed { .. }
            | RefundState::Rejected { .. }
            | RefundState::SettledOffline { .. } => Decision::AlreadyApplied,
        }
    }
}

fn differs(refund: &Refund, why: &'static str) -> Rejection {
    Rejection::RefundDiffers { out_refund_no: refund.out_refund_no.clone(), why }
}

/// What is said of one that has ended: an old answer, or what cannot be.
fn over(state: &RefundState, progress: RefundProgress) -> Option<Result<Decision, &'static str>> {
    let has_arrived = matches!(progress, RefundProgress::Succeeded { .. });
    match state {
        RefundState::SettledOffline { .. } if has_arrived => {
            Some(Err("it succeeded although it was paid back another way"))
        }
        RefundState::Closed { .. } if has_arrived => {
            Some(Err("it succeeded although it was closed"))
        }
        RefundState::Succeeded { .. }
        | RefundState::SettledOffline { .. }
        | RefundState::Closed { .. } => Some(Ok(Decision::AlreadyApplied)),
        RefundState::AwaitingApproval
        | RefundState::Declined
        | RefundState::Withdrawn
        | RefundState::Requested
        | RefundState::Sending
        | RefundState::Unknown { .. }
        | RefundState::Rejected { .. }
        | RefundState::Processing { .. }
        | RefundState::Abnormal { .. } => None,
    }
}

/// Where a refund stands once this is known; `None` when that is nothing new. `PROCESSING` after
/// `ABNORMAL` is an old answer, unless it was applied for to a card and this cannot be from before that.
pub(super) fn reached(refund: &Refund, said: &RefundStatement) -> Option<RefundState> {
    let refund_id = said.refund_id.clone();
    match (&refund.state, said.progress) {
        (RefundState::Abnormal { .. }, RefundProgress::Processing) if refund.applied.is_none() => {
            None
        }
        (RefundState::Processing { .. }, RefundProgress::Processing)
        | (RefundState::Abnormal { .. }, RefundProgress::Abnormal) => None,
        (_, RefundProgress::Processing) => Some(RefundState::Processing { refund_id }),
        (_, RefundProgress::Succeeded { at }) => Some(RefundState::Succeeded { refund_id, at }),
        (_, RefundProgress::Abnormal) => Some(RefundState::Abnormal { refund_id }),
        (_, RefundProgress::Closed) => Some(RefundState::Closed { refund_id }),
    }
}
