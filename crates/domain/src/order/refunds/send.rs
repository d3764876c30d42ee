//! The call to WeChat Pay: said before it is made, and what it brought when that was no fact.
//!
//! The same number is sent for ever. What was sent and not answered is asked about before it is
//! sent again.

use crate::order::{Circumstances, Decision, HORIZON_S, Order, RefundAnswer, Rejection};
use crate::refund::{REFUND_SPACING_S, Refund, RefundKind, RefundState};
use crate::{OutRefundNo, Timestamp};

/// While another refund of the payment may be on its way, seconds until it is looked at again.
const BUSY_S: i64 = 5;

impl Order {
    pub(in crate::order) fn send_refund(
        &self,
        out_refund_no: &OutRefundNo,
        given: &Circumstances<'_>,
    ) -> Result<Decision, Rejection> {
        let refund = self.known_refund(out_refund_no)?;
        match &refund.state {
            RefundState::Requested
            | RefundState::Sending
            | RefundState::Unknown { refused: None } => {}
            // It has got further.
            RefundState::Unknown { refused: Some(_) }
            | RefundState::Processing { .. }
            | RefundState::Succeeded { .. }
            | RefundState::Abnormal { .. }
            | RefundState::Closed { .. }
            | RefundState::Rejected { .. }
            | RefundState::SettledOffline { .. } => return Ok(Decision::AlreadyApplied),
            RefundState::AwaitingApproval | RefundState::Declined | RefundState::Withdrawn => {
                return Err(Rejection::WrongState);
            }
        }
        if refund.kind == RefundKind::External {
            return Err(Rejection::WrongState);
        }
        if matches!(refund.state, RefundState::Sending) && refund.sent_at == Some(given.now) {
            return Ok(Decision::AlreadyApplied);
        }
        if let Some(until) = self.refund_must_wait(refund, given) {
            return Err(Rejection::RefundTooSoon { until });
        }
        Ok(self.moved(refund, RefundState::Sending, given.now))
    }

    /// WeChat Pay wants a minute between the refunds of one payment, and not two at a time.
    fn refund_must_wait(&self, refund: &Refund, given: &Circumstances<'_>) -> Option<Timestamp> {
        let Circumstances { now, pace, .. } = *given;
        let others = || {
            self.refunds.iter().filter(|other| {
                other.payment_no == refund.payment_no && other.out_refund_no != refund.out_refund_no
            })
        };
        // What nobody has heard of for long is not on its way any more; it is asked about all the same.
        let may_arrive = |other: &Refund| {
            let sent_at = other.sent_at.unwrap_or(other.created_at);
            other.is_in_flight() && now < pace.after(sent_at, HORIZON_S)
        };
        if others().any(may_arrive) {
            return Some(pace.after(now, BUSY_S));
        }
        // Of what was made elsewhere is known when we heard of it.
        let is_external = |other: &Refund| other.kind == RefundKind::External;
        let made =
            |other: &Refund| other.sent_at.or(is_external(other).then_some(other.created_at));
        // What a clock that went back has left in the future tells nothing, and puts nothing off.
        let told = |at: &Timestamp| *at <= pace.after(now, REFUND_SPACING_S);
        let until = pace.after(others().filter_map(made).filter(told).max()?, REFUND_SPACING_S);
        (now < until).then_some(until)
    }

    pub(in crate::order) fn record_refund_call(
        &self,
        out_refund_no: &OutRefundNo,
        answer: &RefundAnswer,
        now: Timestamp,
    ) -> Result<Decision, Rejection> {
        let refund = self.known_refund(out_refund_no)?;
        let refused = match answer {
            RefundAnswer::Refused { code } => Some(code.clone()),
            RefundAnswer::Unknown => None,
        };
        let is_news = match &refund.state {
            RefundState::Sending => true,
            RefundState::Unknown { refused: known } => refused.is_some() && *known != refused,
            RefundState::AwaitingApproval
            | RefundState::Declined
            | RefundState::Withdrawn
            | RefundState::Requested
            | RefundState::Processing { .. }
            | RefundState::Succeeded { .. }
            | RefundState::Abnormal { .. }
            | RefundState::Closed { .. }
            | RefundState::Rejected { .. }
            | RefundState::SettledOffline { .. } => false,
        };
        if !is_news {
            return Ok(Decision::AlreadyApplied);
        }
        Ok(self.moved(refund, RefundState::Unknown { refused }, now))
    }
}
