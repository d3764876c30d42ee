//! A notification about a refund: the same fact and the same command as a query's answer.

use super::NoticeAnswer;
use super::keep::{audit, entry};
use crate::follow_refund::refund_mismatch;
use crate::query_budget::Urgency;
use crate::transact::Transacted;
use crate::{Paydesk, Target, TransactError};
use domain::changeset::{InboxStatus, Intent, Refusal};
use domain::fact::{RefundFact, RefundProgress};
use domain::order::{Command, Rejection};
use domain::ports::{Notice, NoticeError, OrderKey};
use domain::{CommandId, OutTradeNo};

impl Paydesk {
    pub(super) async fn apply_refund(
        &self,
        notice: &Notice,
        fact: &RefundFact,
        request_id: &str,
    ) -> Result<NoticeAnswer, TransactError> {
        let Some(said) = fact.statement() else {
            // No notification says that something does not exist.
            return Ok(NoticeAnswer::Refused(NoticeError::Malformed("a refund without a state")));
        };
        let told = (fact, &said.out_trade_no);
        let intent = applied(notice, &said.out_trade_no, request_id);
        let target = Target::anybodys(OrderKey::OutTradeNo(said.out_trade_no.clone()));
        match self.transact(&target, &Command::RecordRefund(fact.clone()), &intent).await {
            Err(TransactError::Rejected(Rejection::Unconfirmed)) => {
                self.confirm_refund(notice, told, request_id).await
            }
            other => self.answer_refund_notice(other, notice, told, request_id).await,
        }
    }

    /// What became of applying it. What was not applied is stored before it is answered.
    async fn answer_refund_notice(
        &self,
        applied: Result<Transacted, TransactError>,
        notice: &Notice,
        (fact, out_trade_no): (&RefundFact, &OutTradeNo),
        request_id: &str,
    ) -> Result<NoticeAnswer, TransactError> {
        match applied {
            Ok(transacted) => {
                tracing::info!(request_id, order.number = %transacted.order.number,
                    refund.out_refund_no = %fact.out_refund_no(), "notify.acknowledged");
                Ok(NoticeAnswer::Acknowledged)
            }
            Err(TransactError::NotFound) => {
                self.keep_orphan(notice, (out_trade_no, None), request_id).await
            }
            Err(TransactError::Rejected(why)) => {
                let case = refund_mismatch(fact.out_refund_no(), &why.to_string());
                self.keep_mismatch(notice, (out_trade_no, case), request_id).await
            }
            Err(TransactError::Refused(Refusal::RefundNumberTaken)) => {
                let why = "its number is the refund of another order";
                let case = refund_mismatch(fact.out_refund_no(), why);
                self.keep_mismatch(notice, (out_trade_no, case), request_id).await
            }
            Err(busy) => {
                self.keep_for_later(notice, out_trade_no, request_id).await?;
                Err(busy)
            }
        }
    }

    /// It says that a refund is closed, and the money would go back under another number. What a query
    /// says counts: the same, and it is applied; or something else, and the notification is kept as a
    /// mismatch.
    async fn confirm_refund(
        &self,
        notice: &Notice,
        (fact, out_trade_no): (&RefundFact, &OutTradeNo),
        request_id: &str,
    ) -> Result<NoticeAnswer, TransactError> {
        let Some(heard) = self.hear_of_refund(fact).await else {
            self.keep_for_later(notice, out_trade_no, request_id).await?;
            return Ok(NoticeAnswer::TryAgain);
        };
        let confirmed = heard.statement() == fact.statement();
        let mut intent = applied(notice, out_trade_no, request_id);
        if !confirmed {
            let number = fact.out_refund_no().as_str();
            intent.command_id = CommandId::of_step("confirm-refund", number, self.ids.call());
            intent.inbox = None;
        }
        let target = Target::anybodys(OrderKey::OutTradeNo(out_trade_no.clone()));
        let applied = self.transact(&target, &Command::RecordRefund(heard), &intent).await;
        if confirmed || applied.is_err() {
            let told = (fact, out_trade_no);
            return self.answer_refund_notice(applied, notice, told, request_id).await;
        }
        let why = "a notification says what WeChat Pay's own answer does not";
        let case = refund_mismatch(fact.out_refund_no(), why);
        self.keep_mismatch(notice, (out_trade_no, case), request_id).await
    }

    /// What a query says of the refund; `None` when it says nothing, or what was so before: queries
    /// lag.
    async fn hear_of_refund(&self, fact: &RefundFact) -> Option<RefundFact> {
        let number = fact.out_refund_no();
        self.query_budget.take(Urgency::NearDeadline, self.clock.real()).ok()?;
        match self.gateway.query_refund(number).await {
            Ok(heard) => {
                let older = heard
                    .statement()
                    .is_none_or(|said| matches!(said.progress, RefundProgress::Processing));
                (!older).then_some(heard)
            }
            Err(error) => {
                self.note_failed_query(number.as_str(), &error);
                None
            }
        }
    }
}

/// Applying a notification.
fn applied(notice: &Notice, out_trade_no: &OutTradeNo, request_id: &str) -> Intent {
    let kept = entry(notice, InboxStatus::Applied, Some(out_trade_no));
    Intent {
        command_id: CommandId::of_notice(&kept),
        audit: audit(notice, request_id),
        inbox: Some(kept),
        fence: None,
        replay: None,
    }
}
