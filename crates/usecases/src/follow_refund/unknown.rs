//! A refund of which we have no record, but were told: it was made in the merchant console, or its
//! record is lost. Asked about and recorded with its payment; never sent.

use crate::query_budget::Urgency;
use crate::work::step_of;
use crate::{Paydesk, Target, TransactError};
use domain::OutRefundNo;
use domain::order::Command;
use domain::ports::{Finish, LeasedJob, OrderKey};

impl Paydesk {
    /// Its news were kept while the database was away, with this job, and may never be sent again.
    pub(super) async fn record_unknown_refund(
        &self,
        out_refund_no: &OutRefundNo,
        job: &LeasedJob,
    ) -> Result<Finish, TransactError> {
        if let Err(wait_ms) = self.query_budget.take(Urgency::Patient, self.clock.real()) {
            return Ok(Finish::PutOff(self.later(wait_ms)));
        }
        let fact = match self.gateway.query_refund(out_refund_no).await {
            Ok(fact) => fact,
            Err(error) => {
                self.note_failed_query(out_refund_no.as_str(), &error);
                return Ok(Finish::Again(self.a_minute_later()));
            }
        };
        let Some(said) = fact.statement() else {
            // Queries lag; the attempts count.
            return Ok(Finish::Retry(self.a_minute_later()));
        };
        let target = Target::anybodys(OrderKey::OutTradeNo(said.out_trade_no.clone()));
        let cause = format!("refund answered {}", fact.refund().name());
        let intent = step_of(&job.fence, "refund-unknown", cause);
        match self.transact(&target, &Command::RecordRefund(fact), &intent).await {
            Ok(transacted) => Ok(self.when_again(transacted.order.refund(out_refund_no))),
            // The job of its payment finds out whose that is.
            Err(TransactError::NotFound) => Ok(Finish::Done),
            Err(TransactError::Rejected(why)) => {
                self.file_refund_case(out_refund_no, &job.fence, &why.to_string()).await?;
                Ok(Finish::Done)
            }
            Err(other) => Err(other),
        }
    }
}
