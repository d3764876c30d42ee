//! Follows a payment to its end: asks WeChat Pay, closes what is being closed, asks again.
//!
//! A query's answer enters as the same fact and the same command as a notification.

#[cfg(test)]
mod tests;

use crate::query_budget::Urgency;
use crate::work::step_of;
use crate::{Paydesk, Target, TransactError};
use domain::changeset::{Fence, Refusal};
use domain::fact::PaymentFact;
use domain::job::next_look;
use domain::order::{Command, Order, Rejection};
use domain::payment::{Payment, PaymentState};
use domain::ports::{Finish, GatewayError, LeasedJob, OrderKey};
use domain::{Epoch, OutTradeNo, Timestamp};

/// After a call that failed, at the earliest.
const AFTER_ERROR_S: i64 = 2;
/// An ended payment that somebody wants to know about, when nobody answers.
const ENDED_AGAIN_S: i64 = 20;
/// A question that has to wait for its turn waits at least so long, in milliseconds.
const PUT_OFF_MS: u64 = 1_000;
/// HTTP's "too many requests".
const TOO_MANY: u16 = 429;

impl Paydesk {
    pub(crate) async fn follow_payment(
        &self,
        out_trade_no: &OutTradeNo,
        job: &LeasedJob,
    ) -> Result<Finish, TransactError> {
        let fence = &job.fence;
        let key = OrderKey::OutTradeNo(out_trade_no.clone());
        // An order and its jobs come in one commit: this one was promised for news that could not be
        // applied while the database was away, and nobody knows the number.
        let Some(found) = self.orders.load(&key).await? else {
            self.keep_as_orphan(out_trade_no, job).await?;
            return Ok(Finish::Done);
        };
        // A payment that has ended without money is asked for as well when somebody wants to
        // know: a success may still come, and its order may still take it.
        let Some(payment) = found.value.payment(out_trade_no).filter(|p| p.receipt().is_none())
        else {
            return Ok(Finish::Done);
        };
        let urgency = Urgency::of(payment, job.wanted, self.clock.now());
        if let Err(wait_ms) = self.query_budget.take(urgency, self.clock.real()) {
            return Ok(Finish::PutOff(self.later(wait_ms)));
        }
        let epoch = &found.epoch;
        let mut asked = self.ask(out_trade_no, (fence, epoch), "ask").await?;
        if let Asked::Heard(order) = &asked
            && is_closing(order, out_trade_no)
        {
            self.send_close(out_trade_no).await;
            self.query_budget.spend(self.clock.real());
            asked = self.ask(out_trade_no, (fence, epoch), "ask-after-close").await?;
        }
        Ok(self.next(asked, payment))
    }

    /// When a question that has to wait for its turn is asked.
    pub(crate) fn later(&self, wait_ms: u64) -> Timestamp {
        // However many wait, their turns are not asked for more often than once a second each.
        let wait_ms = wait_ms.max(PUT_OFF_MS);
        let wait_ms = wait_ms.saturating_add(self.ids.jitter(wait_ms));
        self.clock.now().plus_millis(i64::try_from(wait_ms).unwrap_or(i64::MAX))
    }

    /// Asks WeChat Pay to close a payment. What it answers proves nothing: ask afterwards.
    pub(crate) async fn send_close(&self, out_trade_no: &OutTradeNo) {
        if let Err(error) = self.gateway.close(out_trade_no).await {
            tracing::info!(payment.out_trade_no = %out_trade_no, error = %error,
                "close was not accepted; the query tells");
        }
    }

    /// Asks WeChat Pay what became of a payment, in the life of the database that `epoch` names.
    pub(crate) async fn query(
        &self,
        out_trade_no: &OutTradeNo,
        epoch: &Epoch,
    ) -> Result<PaymentFact, Silence> {
        let asked_at = self.clock.now();
        match self.gateway.query(out_trade_no).await {
            Ok(fact) => {
                tracing::info!(payment.out_trade_no = %out_trade_no,
                    trade_state = fact.trade().name(), "query.answered");
                Ok(fact.asked_on(epoch).asked_at(asked_at))
            }
            Err(error) => {
                self.note_failed_query(out_trade_no.as_str(), &error);
                Err(Silence::of(&error))
            }
        }
    }

    /// What a failed question about a payment or a refund means for the questions to come.
    pub(crate) fn note_failed_query(&self, number: &str, error: &GatewayError) {
        match error {
            GatewayError::Retryable(refusal) if refusal.http_status == TOO_MANY => {
                tracing::warn!(number, error = %error,
                    "WeChat Pay is asked too often; the rate is halved");
                self.query_budget.halve(self.clock.real());
            }
            GatewayError::Misconfigured(_) | GatewayError::Untrusted(_) => {
                tracing::error!(number, error = %error, "query failed");
            }
            GatewayError::Refused(_)
            | GatewayError::NumberSpent(_)
            | GatewayError::AlreadyPaid(_)
            | GatewayError::Retryable(_)
            | GatewayError::OutcomeUnknown(_) => {
                tracing::warn!(number, error = %error, "query failed");
            }
        }
    }

    /// One query, and its answer recorded.
    pub(crate) async fn ask(
        &self,
        out_trade_no: &OutTradeNo,
        (fence, epoch): (&Fence, &Epoch),
        step: &str,
    ) -> Result<Asked, TransactError> {
        let fact = match self.query(out_trade_no, epoch).await {
            Ok(fact) => fact,
            Err(silence) => return Ok(Asked::Unheard(silence)),
        };
        let cause = format!("query answered {}", fact.trade().name());
        let intent = step_of(fence, step, cause);
        let target = Target::anybodys(OrderKey::OutTradeNo(out_trade_no.clone()));
        match self.transact(&target, &Command::RecordFact(fact), &intent).await {
            Ok(transacted) => Ok(Asked::Heard(Box::new(transacted.order))),
            Err(TransactError::Refused(Refusal::Fenced)) => Ok(Asked::Fenced),
            // The database lost commits while WeChat Pay was asked: asked again.
            Err(TransactError::Rejected(Rejection::Unconfirmed)) => {
                Ok(Asked::Unheard(Silence::Nobody))
            }
            Err(other) => Err(other),
        }
    }

    fn next(&self, asked: Asked, before: &Payment) -> Finish {
        let (now, pace) = (self.clock.now(), self.settings.pace);
        let look = match asked {
            Asked::Fenced => return self.fenced_out(),
            // Not the job's fault: it goes on by its ladder, but not at once. A payment that has
            // ended has no ladder: somebody wanted to know, and does not know yet.
            Asked::Unheard(silence) => match next_look(before, now, pace) {
                Some(at) => Some(at.max(pace.after(now, AFTER_ERROR_S))),
                None => {
                    let at = self.jittered(now, pace.after(now, ENDED_AGAIN_S));
                    return silence.finish(at);
                }
            },
            Asked::Heard(order) => order
                .payment(before.out_trade_no())
                .and_then(|payment| next_look(payment, now, pace)),
        };
        look.map_or(Finish::Done, |at| Finish::Again(self.jittered(now, at)))
    }

    /// Up to a fifth later, so that what began together does not ask together.
    pub(crate) fn jittered(&self, now: Timestamp, at: Timestamp) -> Timestamp {
        let wait_ms = u64::try_from(at.millis_since(now)).unwrap_or(0);
        let extra = self.ids.jitter(wait_ms / 5);
        at.plus_millis(i64::try_from(extra).unwrap_or(0))
    }
}

/// What asking came to.
pub(crate) enum Asked {
    /// WeChat Pay answered; this is the order now.
    Heard(Box<Order>),
    /// Nothing that can be used.
    Unheard(Silence),
    /// Our lease is lost: another worker goes on.
    Fenced,
}

/// Why a question has no answer that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silence {
    /// Nobody answered, or nobody who can be believed, or not now: as good as not asked.
    Nobody,
    /// WeChat Pay will not answer this: asking the same again will hardly tell more.
    Refused,
}

impl Silence {
    fn of(error: &GatewayError) -> Silence {
        match error {
            GatewayError::Refused(_)
            | GatewayError::NumberSpent(_)
            | GatewayError::AlreadyPaid(_) => Silence::Refused,
            GatewayError::Retryable(_)
            | GatewayError::Misconfigured(_)
            | GatewayError::Untrusted(_)
            | GatewayError::OutcomeUnknown(_) => Silence::Nobody,
        }
    }

    /// Only an answer is an attempt: an outage of any length sets no job aside.
    pub(crate) fn finish(self, at: Timestamp) -> Finish {
        match self {
            Silence::Nobody => Finish::Again(at),
            Silence::Refused => Finish::Retry(at),
        }
    }
}

fn is_closing(order: &Order, out_trade_no: &OutTradeNo) -> bool {
    order
        .payment(out_trade_no)
        .is_some_and(|payment| matches!(payment.state, PaymentState::Closing { .. }))
}
