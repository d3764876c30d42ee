//! What WeChat Pay says about a refund: notification and query arrive here as the same fact.
//!
//! Facts only add. One that cannot be ours is refused and becomes a case; it is never guessed at.

use crate::OutRefundNo;
use crate::Timestamp;
use crate::fact::{RefundAtWechat, RefundFact, RefundProgress, RefundStatement};
use crate::order::{Decision, Event, Order, Rejection};
use crate::payment::{Payment, PaymentState};
use crate::refund::{Asker, Refund, RefundKind, RefundState};

impl Order {
    pub(in crate::order) fn record_refund(
        &self,
        fact: &RefundFact,
        now: Timestamp,
    ) -> Result<Decision, Rejection> {
        let merchant_is_ours =
            self.payments.first().is_some_and(|payment| payment.terms.mchid == *fact.mchid());
        if !merchant_is_ours {
            return Err(Rejection::OtherMerchant);
        }
        match (self.refund(fact.out_refund_no()), fact.refund()) {
            (Some(refund), RefundAtWechat::Known(said)) => self.record_known(refund, said, now),
            (Some(refund), RefundAtWechat::NotExist) => Ok(self.record_not_exist(refund, now)),
            (None, RefundAtWechat::Known(said)) => self.import(fact.out_refund_no(), said, now),
            (None, RefundAtWechat::NotExist) => {
                Err(Rejection::RefundUnknown(fact.out_refund_no().clone()))
            }
        }
    }

    fn record_known(
        &self,
        refund: &Refund,
        said: &RefundStatement,
        now: Timestamp,
    ) -> Result<Decision, Rejection> {
        let differs =
            |why| Rejection::RefundDiffers { out_refund_no: refund.out_refund_no.clone(), why };
        let payment = self.payments.iter().find(|payment| payment.no == refund.payment_no);
        if payment.is_none_or(|payment| *payment.out_trade_no() != said.out_trade_no) {
            return Err(differs("it returns another payment"));
        }
        if said.amount != refund.amount {
            return Err(differs("it has another amount"));
        }
        match &refund.state {
            RefundState::Succeeded { .. } => return Ok(Decision::AlreadyApplied),
            RefundState::SettledOffline { .. } => {
                return match said.progress {
                    RefundProgress::Succeeded { .. } => {
                        Err(differs("it succeeded although it was paid back another way"))
                    }
                    // An old answer, or what it was settled for.
                    RefundProgress::Processing
                    | RefundProgress::Abnormal
                    | RefundProgress::Closed => Ok(Decision::AlreadyApplied),
                };
            }
            RefundState::Closed { .. } => {
                return match said.progress {
                    RefundProgress::Succeeded { .. } => {
                        Err(differs("it succeeded although it was closed"))
                    }
                    // An old answer.
                    RefundProgress::Processing
                    | RefundProgress::Abnormal
                    | RefundProgress::Closed => Ok(Decision::AlreadyApplied),
                };
            }
            RefundState::Declined | RefundState::Withdrawn | RefundState::Rejected { .. } => {
                let frees = matches!(said.progress, RefundProgress::Closed);
                if !frees && !self.has_room(refund) {
                    return Err(differs("its amount was given to others"));
                }
            }
            RefundState::AwaitingApproval
            | RefundState::Requested
            | RefundState::Sending
            | RefundState::Unknown { .. }
            | RefundState::Processing { .. }
            | RefundState::Abnormal { .. } => {}
        }
        let Some(to) = reached(refund, said) else { return Ok(Decision::AlreadyApplied) };
        let closed = matches!(to, RefundState::Closed { .. });
        let out_refund_no = refund.out_refund_no.clone();
        let mut events = vec![Event::RefundMoved { out_refund_no, to, at: now }];
        if closed && refund.reserves() && refund.kind != RefundKind::External {
            events.extend(self.replacing(refund, now).map(Event::RefundRequested));
        }
        Ok(Decision::Record(self.with_what_follows(events, now)))
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

    /// A refund that we do not know, of a payment that we know: made in the merchant console, or
    /// lost with the database.
    fn import(
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
            reason: String::new(),
            kind: kind_of(out_refund_no, payment),
            asked_by: Asker::Paydesk,
            actor: "wechat_pay".to_owned(),
            replaces: None,
            state: RefundState::Unknown { refused: None },
            sent_at: None,
            created_at: now,
        };
        let frees = matches!(said.progress, RefundProgress::Closed);
        if !frees && said.amount > self.rest_of(payment) {
            return Err(differs("more than what is left of the payment"));
        }
        let Some(state) = reached(&refund, said) else { return Ok(Decision::AlreadyApplied) };
        let events = vec![Event::RefundImported(Refund { state, ..refund })];
        Ok(Decision::Record(self.with_what_follows(events, now)))
    }
}

/// The one automatic refund of a surplus payment is known by its number.
fn kind_of(out_refund_no: &OutRefundNo, payment: &Payment) -> RefundKind {
    let is_surplus = matches!(payment.state, PaymentState::Surplus { .. })
        && *out_refund_no == OutRefundNo::of_surplus(payment.out_trade_no());
    if is_surplus { RefundKind::Surplus } else { RefundKind::External }
}

/// Where a refund stands once this is known; `None` when that is nothing new. `PROCESSING` after
/// `ABNORMAL` is an old answer: who helps it on does so by another call.
fn reached(refund: &Refund, said: &RefundStatement) -> Option<RefundState> {
    let refund_id = said.refund_id.clone();
    match (&refund.state, said.progress) {
        (
            RefundState::Processing { .. } | RefundState::Abnormal { .. },
            RefundProgress::Processing,
        )
        | (RefundState::Abnormal { .. }, RefundProgress::Abnormal) => None,
        (_, RefundProgress::Processing) => Some(RefundState::Processing { refund_id }),
        (_, RefundProgress::Succeeded { at }) => Some(RefundState::Succeeded { refund_id, at }),
        (_, RefundProgress::Abnormal) => Some(RefundState::Abnormal { refund_id }),
        (_, RefundProgress::Closed) => Some(RefundState::Closed { refund_id }),
    }
}
