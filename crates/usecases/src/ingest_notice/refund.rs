//! A notification about a refund: the same fact and the same command as a query's answer.

use super::NoticeAnswer;
use super::keep::{audit, entry};
use crate::follow_refund::refund_mismatch;
use crate::{Paydesk, Target, TransactError};
use domain::CommandId;
use domain::changeset::{InboxStatus, Intent};
use domain::fact::RefundFact;
use domain::order::Command;
use domain::ports::{Notice, NoticeError, OrderKey};

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
        let out_trade_no = &said.out_trade_no;
        let kept = entry(notice, InboxStatus::Applied, Some(out_trade_no));
        let intent = Intent {
            command_id: CommandId::of_notice(&kept),
            audit: audit(notice, request_id),
            inbox: Some(kept),
            fence: None,
            replay: None,
        };
        let target = Target::anybodys(OrderKey::OutTradeNo(out_trade_no.clone()));
        match self.transact(&target, &Command::RecordRefund(fact.clone()), &intent).await {
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
            Err(busy) => {
                self.keep_for_later(notice, out_trade_no, request_id).await?;
                Err(busy)
            }
        }
    }
}
