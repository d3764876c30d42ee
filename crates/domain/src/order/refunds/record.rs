//! What WeChat Pay says about a refund: notification and query arrive here as the same fact.
//!
//! Facts only add. One that cannot be ours is refused and becomes a case; it is never guessed at.

use crate::fact::{Evidence, RefundAtWechat, RefundFact, RefundProgress, RefundStatement};
use crate::order::refunds::ask::SURPLUS_REASON;
use crate::order::{Decision, Event, Order, Rejection};
use crate::payment::{Payment, PaymentState};
use crate::refund::{Asker, NUMBER_TAKEN, Refund, RefundKind, RefundState};
use crate::{Fen, OutRefundNo, Timestamp};

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
        let decision = match (self.refund(fact.out_refund_no()), fact.refund()) {
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
            // The number is somebody else's: ours was never accepted under it, and never will be.
            let taken = RefundState::Rejected { code: NUMBER_TAKEN.to_owned() };
            if refund.is_in_flight() {
                return Ok(self.moved(refund, taken, now));
            }
            return if refund.state == taken {
                Ok(Decision::AlreadyApplied)
            } else {
                Err(differs("it returns another payment"))
            };
        }
        if refund.refund_id().is_some_and(|known| *known != said.refund_id) {
            return Err(differs("it has another refund_id"));
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
        let frees = matches!(to, RefundState::Closed { .. }) && refund.reserves();
        let out_refund_no = refund.out_refund_no.clone();
        let mut events = vec![Event::RefundMoved { out_refund_no, to, at: now }];
        if frees && refund.kind != RefundKind::External {
            events.extend(self.replacing(refund, now).map(Event::RefundRequested));
        }
        events.extend(self.rest_after(&events, payment, now));
        if frees && refund.kind == RefundKind::External {
            events.extend(self.left_by(refund, &events, payment, now));
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
            lines: Vec::new(),
            reason: String::new(),
            kind: kind_of(out_refund_no, payment),
            asked_by: Asker::Paydesk,
            actor: "wechat_pay".to_owned(),
            replaces: None,
            state: RefundState::Unknown { refused: None },
            sent_at: None,
            created_at: now,
        };
        let Some(state) = reached(&refund, said) else { return Ok(Decision::AlreadyApplied) };
        let frees = matches!(said.progress, RefundProgress::Closed);
        let needed = if frees { Fen::ZERO } else { said.amount };
        let mut events = self
            .make_room(payment, needed, now)
            .ok_or_else(|| differs("more than what is left of the payment"))?;
        events.push(Event::RefundImported(Refund { state, ..refund }));
        events.extend(self.rest_after(&events, Some(payment), now));
        Ok(Decision::Record(self.with_what_follows(events, now)))
    }

    /// What of a surplus payment has to go back once more after `events`: less than all of it was
    /// paid back elsewhere, or that came to nothing.
    fn rest_after(
        &self,
        events: &[Event],
        payment: Option<&Payment>,
        now: Timestamp,
    ) -> Option<Event> {
        let payment = payment.filter(|payment| is_surplus(payment))?;
        let after = events.iter().fold(self.clone(), Order::apply);
        after.rest_of_surplus(payment, now).map(Event::RefundRequested)
    }

    /// What a refund made elsewhere had kept of a surplus payment and gives back by its end, when the
    /// automatic one went on with the rest: it goes back too, as one more refund.
    fn left_by(
        &self,
        closed: &Refund,
        events: &[Event],
        payment: Option<&Payment>,
        now: Timestamp,
    ) -> Option<Event> {
        let payment = payment.filter(|payment| is_surplus(payment))?;
        let after = events.iter().fold(self.clone(), Order::apply);
        let amount = closed.amount.min(after.rest_of(payment));
        let name = format!("rest:{}", closed.out_refund_no);
        let out_refund_no = OutRefundNo::of_request(payment.out_trade_no(), &name);
        let is_known = after.refund(&out_refund_no).is_some();
        if amount < Fen::new(1) || is_known || after.has_all_refunds(payment.no) {
            return None;
        }
        Some(Event::RefundRequested(Refund {
            out_refund_no,
            payment_no: payment.no,
            amount,
            lines: Vec::new(),
            reason: SURPLUS_REASON.to_owned(),
            kind: RefundKind::Requested,
            asked_by: Asker::Paydesk,
            actor: "paydesk".to_owned(),
            replaces: None,
            state: RefundState::Requested,
            sent_at: None,
            created_at: now,
        }))
    }

    /// What was made elsewhere is a fact and comes first: what of ours has not been sent gives way,
    /// the newest first. `None` when that is not enough.
    fn make_room(&self, payment: &Payment, needed: Fen, now: Timestamp) -> Option<Vec<Event>> {
        let mut events = Vec::new();
        let mut rest = self.rest_of(payment);
        let unsent = |refund: &&Refund| {
            refund.payment_no == payment.no
                && matches!(refund.state, RefundState::AwaitingApproval | RefundState::Requested)
        };
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
