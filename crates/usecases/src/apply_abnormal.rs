//! Has an abnormal refund sent to a card, as a person asks for it (v3 §7.7): said first, called once, recorded.
//!
//! The card is here for that one call and is kept nowhere, so a call whose answer is lost is never made again: a query says
//! what became of it, now or by the refund's job. Where that is nothing, the refund is abnormal again with a case, and a
//! person may apply again. A refusal counts with a query that says the same.

#[cfg(test)]
mod tests;

use crate::{ActError, Acted, Action, Paydesk, Target, TransactError};
use domain::card::Card;
use domain::changeset::{Audit, Intent};
use domain::fact::{RefundFact, RefundProgress};
use domain::order::{Command, Order, Rejection};
use domain::ports::{AbnormalRequest, GatewayError, OrderKey, WechatRefusal};
use domain::refund::RefundState;
use domain::{CommandId, OutRefundNo, Timestamp};

/// What is applied for. Not to be copied: see [`domain::card`].
#[derive(Debug)]
pub struct AbnormalApplication {
    /// Which refund.
    pub out_refund_no: OutRefundNo,
    /// Where it is to go.
    pub card: Card,
    /// Whether who applies may approve what operators ask for.
    pub as_approver: bool,
}

/// An application that was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The order as it is now.
    pub order: Order,
    /// What WeChat Pay said.
    pub answer: AppliedAnswer,
}

/// What WeChat Pay said to an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppliedAnswer {
    /// How far the refund is.
    Taken,
    /// No, and that the refund is abnormal as before.
    Refused(WechatRefusal),
    /// Nothing that says what became of the call: the refund's job finds out.
    Unheard,
    /// This key had applied before; nothing was called.
    Before,
}

/// One application, and how it is recorded.
struct Applying<'a> {
    action: &'a Action,
    request: AbnormalRequest,
    applied_at: Timestamp,
}

impl Paydesk {
    /// Has an abnormal refund sent to a card, once per key.
    ///
    /// # Errors
    /// See [`ActError`]. When it comes after the application was recorded, the same key shows what became of it.
    pub async fn apply_abnormal(
        &self,
        action: &Action,
        application: AbnormalApplication,
    ) -> Result<Applied, ActError> {
        let AbnormalApplication { out_refund_no, card, as_approver } = application;
        let to = card.owner();
        let number = out_refund_no.clone();
        let command = Command::ApplyAbnormal { out_refund_no, to, as_approver };
        let begun = self.clock.running_millis();
        let order = match self.act(action, &command).await? {
            Acted::Done(order) => order,
            Acted::Replayed(order) => return Ok(Applied { order, answer: AppliedAnswer::Before }),
        };
        let Some((applied_at, request)) = request_of(&order, number, card) else {
            return Ok(Applied { order, answer: AppliedAnswer::Unheard });
        };
        if self.stood_too_long(begun, &request.out_refund_no) {
            return Ok(Applied { order, answer: AppliedAnswer::Unheard });
        }
        let applying = Applying { action, request, applied_at };
        match self.gateway.apply_abnormal(&applying.request).await {
            Ok(fact) => {
                tracing::info!(refund.out_refund_no = %applying.request.out_refund_no,
                    status = fact.refund().name(), "refund.applied");
                let is_taken = fact.statement().is_some_and(|said| says_taken(said.progress));
                let recorded = self.record_applied(&applying, &Command::RecordRefund(fact)).await?;
                let answer = match &recorded {
                    Some(_) if is_taken => AppliedAnswer::Taken,
                    Some(_) | None => AppliedAnswer::Unheard,
                };
                Ok(Applied { order: recorded.unwrap_or(order), answer })
            }
            Err(error) => self.after_no_answer(applying, order, error).await,
        }
    }

    /// WeChat Pay refused, or was not heard: it is asked what is so.
    async fn after_no_answer(
        &self,
        applying: Applying<'_>,
        order: Order,
        error: GatewayError,
    ) -> Result<Applied, ActError> {
        let number = &applying.request.out_refund_no;
        let refusal = if let GatewayError::Refused(refusal) = error {
            tracing::warn!(refund.out_refund_no = %number, code = refusal.code,
                http_status = refusal.http_status, request_id = refusal.request_id,
                "refund.application_refused: a query has to say the same");
            Some(refusal)
        } else {
            self.note_failed_query(number.as_str(), &error);
            None
        };
        let unheard = |order| Applied { order, answer: AppliedAnswer::Unheard };
        let Some(said) = self.hear_of_application(number).await else { return Ok(unheard(order)) };
        let command = match &refusal {
            Some(refusal) => Command::RecordApplicationRefused {
                applied_at: applying.applied_at,
                code: refusal.code.clone(),
                said,
            },
            None => Command::RecordRefund(said),
        };
        let Some(order) = self.record_applied(&applying, &command).await? else {
            return Ok(unheard(order));
        };
        let is_abnormal = order
            .refund(number)
            .is_some_and(|refund| matches!(refund.state, RefundState::Abnormal { .. }));
        let is_over = order.refund(number).is_some_and(domain::refund::Refund::is_paid_back);
        let answer = match refusal {
            Some(refusal) if is_abnormal => AppliedAnswer::Refused(refusal),
            _ if is_over => AppliedAnswer::Taken,
            Some(_) | None => AppliedAnswer::Unheard,
        };
        Ok(Applied { order, answer })
    }

    async fn hear_of_application(&self, number: &OutRefundNo) -> Option<RefundFact> {
        self.query_budget.spend(self.clock.real());
        match self.gateway.query_refund(number).await {
            Ok(said) => Some(said),
            Err(error) => {
                self.note_failed_query(number.as_str(), &error);
                None
            }
        }
    }

    /// The order once this is recorded; `None` where WeChat Pay says what cannot be of this refund: its job hears the
    /// same, and tells a person.
    async fn record_applied(
        &self,
        applying: &Applying<'_>,
        command: &Command,
    ) -> Result<Option<Order>, ActError> {
        let number = &applying.request.out_refund_no;
        let target = Target::anybodys(OrderKey::OutRefundNo(number.clone()));
        let audit =
            Audit { cause: "abnormal refund answered".to_owned(), ..applying.action.audit.clone() };
        let intent = Intent {
            command_id: CommandId::of_step("applied", number.as_str(), self.ids.call()),
            audit,
            inbox: None,
            fence: None,
            replay: None,
        };
        match self.transact(&target, command, &intent).await {
            Ok(transacted) => Ok(Some(transacted.order)),
            Err(TransactError::Rejected(why @ Rejection::RefundDiffers { .. })) => {
                tracing::warn!(refund.out_refund_no = %number, error = %why, "refund.mismatch");
                Ok(None)
            }
            Err(other) => Err(other.into()),
        }
    }
}

/// Whether an answer to an application says that it was taken. `ABNORMAL` does not: it is late, or the refund came back
/// at once, and counts only when nothing can arrive any more.
fn says_taken(progress: RefundProgress) -> bool {
    match progress {
        RefundProgress::Processing | RefundProgress::Succeeded { .. } | RefundProgress::Closed => {
            true
        }
        RefundProgress::Abnormal => false,
    }
}

/// The call, if the refund is to be sent, and when that was said.
fn request_of(
    order: &Order,
    out_refund_no: OutRefundNo,
    card: Card,
) -> Option<(Timestamp, AbnormalRequest)> {
    let refund = order.refund(&out_refund_no)?;
    let RefundState::Processing { refund_id } = &refund.state else { return None };
    let payment = order.payment_of(refund)?;
    let request = AbnormalRequest {
        refund_id: refund_id.clone(),
        out_trade_no: payment.out_trade_no().clone(),
        amount: refund.amount,
        card,
        out_refund_no,
    };
    Some((refund.applied?.at, request))
}
