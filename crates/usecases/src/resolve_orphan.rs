//! A success for a number that no order of ours has (race R5): waited for a moment, then asked
//! about; what this deployment made is taken on and paid back, what others made is theirs.

#[cfg(test)]
mod tests;

use crate::follow_payment::Asked;
use crate::query_budget::Urgency;
use crate::transact::{Landed, impossible};
use crate::work::step_of;
use crate::{Paydesk, Target, TransactError};
use domain::case::{CaseEnd, CaseKind, CaseOpening};
use domain::changeset::{Changeset, Refusal};
use domain::fact::{PaymentFact, Trade};
use domain::order::{Circumstances, Command, Lost, Order, ours};
use domain::ports::{Finish, LeasedJob, OrderKey};
use domain::{Epoch, OrderNumber, OutTradeNo, Timestamp};

/// When nobody answers, or the answer is older than the news.
const AGAIN_S: i64 = 30;

impl Paydesk {
    pub(crate) async fn resolve_orphan(
        &self,
        out_trade_no: &OutTradeNo,
        job: &LeasedJob,
    ) -> Result<Finish, TransactError> {
        if let Err(wait_ms) = self.query_budget.take(Urgency::NearDeadline, self.clock.real()) {
            return Ok(Finish::PutOff(self.later(wait_ms)));
        }
        let key = OrderKey::OutTradeNo(out_trade_no.clone());
        if let Some(found) = self.orders.load(&key).await? {
            // Its record came after all.
            let lease = (&job.fence, &found.epoch);
            return match self.ask(out_trade_no, lease, "orphan-known").await? {
                Asked::Heard(_) => {
                    self.end_orphan_case(out_trade_no, &found.epoch, job).await?;
                    Ok(Finish::Done)
                }
                Asked::Fenced => Err(TransactError::Refused(Refusal::Fenced)),
                Asked::Unheard(silence) => Ok(silence.finish(self.orphan_again_at())),
            };
        }
        let epoch = self.orders.epoch().await?;
        let fact = match self.query(out_trade_no, &epoch).await {
            Ok(fact) => fact,
            Err(silence) => return Ok(silence.finish(self.orphan_again_at())),
        };
        match fact.trade() {
            Trade::Success(_) | Trade::Refunded(_) => {}
            Trade::NotPaid | Trade::Closed | Trade::NotExist => return Ok(self.orphan_again()),
        }
        match ours(&fact, &self.settings.deployment_id) {
            Some(number) => self.adopt(&number, fact, &epoch, job).await,
            None => self.leave_to_others(&fact, job).await,
        }
    }

    /// Its order takes care of it: nobody has to look any more.
    async fn end_orphan_case(
        &self,
        out_trade_no: &OutTradeNo,
        epoch: &Epoch,
        job: &LeasedJob,
    ) -> Result<(), TransactError> {
        let intent = step_of(&job.fence, "orphan-over", "its record came".to_owned());
        let mut changeset = Changeset::without_order(intent, self.clock.now()).decided_in(epoch);
        let subject = out_trade_no.as_str().to_owned();
        changeset.ended_cases.push(CaseEnd { kind: CaseKind::UnknownOrder, subject });
        match self.commit(changeset).await? {
            Landed::Now | Landed::Before => Ok(()),
            Landed::Not(why) => Err(TransactError::Busy(why.to_owned())),
            Landed::Refused(refusal) => Err(TransactError::Refused(refusal)),
        }
    }

    /// The attempts go on counting: a success that nobody can find again becomes a case.
    fn orphan_again(&self) -> Finish {
        Finish::Retry(self.orphan_again_at())
    }

    fn orphan_again_at(&self) -> Timestamp {
        let now = self.clock.now();
        self.jittered(now, self.settings.pace.after(now, AGAIN_S))
    }

    /// Into its order, if that is there; else into one made again.
    async fn adopt(
        &self,
        number: &OrderNumber,
        fact: PaymentFact,
        epoch: &Epoch,
        job: &LeasedJob,
    ) -> Result<Finish, TransactError> {
        let cause = format!("query answered {} for a payment without record", fact.trade().name());
        let intent = step_of(&job.fence, "adopt", cause);
        let target = Target::anybodys(OrderKey::Number(number.clone()));
        let known: Option<Order> = self.find(&target).await?;
        if known.is_some() {
            return match self.transact(&target, &Command::Adopt(fact), &intent).await {
                Ok(_) => Ok(Finish::Done),
                Err(other) => Err(other),
            };
        }
        let now = self.clock.now();
        let lost = Lost { id: self.ids.order_id(now), number: number.clone() };
        let events = lost.decide(&fact, &Circumstances::ordinary(now, epoch))?;
        tracing::error!(order.number = %number, payment.out_trade_no = %fact.out_trade_no(),
            "orphan.adopted: a payment of ours had no record; its money goes back");
        let changeset = Changeset::of(None, events, Vec::new(), intent, now)
            .ok_or_else(|| impossible(number.as_str()))?
            .paced(self.settings.pace)
            .decided_in(epoch);
        match self.commit(changeset).await? {
            Landed::Now | Landed::Before => Ok(Finish::Done),
            // Somebody else made it meanwhile.
            Landed::Not(_) | Landed::Refused(Refusal::NumberTaken) => Ok(self.orphan_again()),
            Landed::Refused(refusal) => Err(TransactError::Refused(refusal)),
        }
    }

    /// Merchant numbers are often shared with other systems: their money is not ours to touch.
    async fn leave_to_others(
        &self,
        fact: &PaymentFact,
        job: &LeasedJob,
    ) -> Result<Finish, TransactError> {
        let subject = fact.out_trade_no().as_str().to_owned();
        tracing::warn!(payment.out_trade_no = subject, "orphan.foreign");
        let intent = step_of(&job.fence, "foreign", "a payment that others made".to_owned());
        let mut changeset = Changeset::without_order(intent, self.clock.now());
        changeset.cases.push(CaseOpening {
            kind: CaseKind::Foreign,
            subject: subject.clone(),
            detail: "paid under our merchant number, but not made by this deployment; it is \
                     never refunded by us"
                .to_owned(),
        });
        changeset.ended_cases.push(CaseEnd { kind: CaseKind::UnknownOrder, subject });
        match self.commit(changeset).await? {
            Landed::Now | Landed::Before => Ok(Finish::Done),
            Landed::Not(why) => Err(TransactError::Busy(why.to_owned())),
            Landed::Refused(refusal) => Err(TransactError::Refused(refusal)),
        }
    }
}
