//! Brings a refund to its end: says that it is sent, sends it, records what WeChat Pay says, asks.
//!
//! ```text
//! requested ─▶ "sending" is durable ─▶ call ─▶ record
//! sending, unknown: ask first; what does not exist is sent again under the same number
//! processing, abnormal: ask
//! ```

#[cfg(test)]
mod dead_ends;
#[cfg(test)]
mod standing_still;
#[cfg(test)]
mod stuck;
#[cfg(test)]
pub(crate) mod tests;
mod unknown;

use crate::query_budget::Urgency;
use crate::transact::Landed;
use crate::work::step_of;
use crate::{Paydesk, Target, TransactError};
use domain::case::{CaseKind, CaseOpening};
use domain::changeset::{Changeset, Fence, Intent};
use domain::fact::{RefundFact, RefundProgress};
use domain::job::next_refund_look;
use domain::order::{Command, Order, RefundAnswer, Rejection};
use domain::ports::{Finish, GatewayError, LeasedJob, OrderKey, RefundRequest};
use domain::refund::{Refund, RefundState};
use domain::{CommandId, OutRefundNo, Timestamp};

/// A refund of which WeChat Pay says what cannot be is looked at again after so many seconds: others may end.
const DIFFERS_AGAIN_S: i64 = 1_800;
/// What differs for so many seconds a person has to end: its job is set aside, with a case, until they have it tried
/// again.
const DIFFERS_MOST_S: i64 = 86_400;
/// A refund that is unknown for so many seconds is shown to a person.
const ESCALATE_AFTER_S: i64 = 3_600;
/// What was said to be sent longer ago than this is not sent any more by who said it: a node that stood
/// still knows nothing of what became of the database meanwhile. Real time, shorter than a failover takes.
const SENT_WITHIN_MS: u64 = 10_000;
/// Between two steps of one refund at least so many seconds.
const AFTER_S: i64 = 2;
/// What may succeed later (no money on the merchant's account, too often) is sent again after so
/// many seconds; so is a last look at which nobody answered.
const LATER_S: i64 = 60;

/// What a step of a refund came to.
enum Stepped {
    /// The order as it is now.
    To(Box<Order>),
    /// Nothing that can be used; as before.
    Unheard,
    /// What becomes of the job.
    End(Finish),
}

impl Paydesk {
    pub(crate) async fn follow_refund(
        &self,
        out_refund_no: &OutRefundNo,
        job: &LeasedJob,
    ) -> Result<Finish, TransactError> {
        let key = OrderKey::OutRefundNo(out_refund_no.clone());
        let order = self.orders.load(&key).await?.map(|found| found.value);
        let Some(refund) = order.as_ref().and_then(|order| order.refund(out_refund_no)) else {
            return self.record_unknown_refund(out_refund_no, job).await;
        };
        let urgency = if job.wanted { Urgency::ClientWaiting } else { Urgency::Patient };
        if let Err(wait_ms) = self.query_budget.take(urgency, self.clock.real()) {
            return Ok(Finish::PutOff(self.later(wait_ms)));
        }
        let stepped = match &refund.state {
            RefundState::Requested => self.send_refund(out_refund_no, &job.fence).await?,
            RefundState::Sending | RefundState::Unknown { .. } => {
                match self.ask_refund(out_refund_no, &job.fence, "refund-ask").await? {
                    Stepped::To(order) if is_unsent(&order, out_refund_no) => {
                        self.send_refund(out_refund_no, &job.fence).await?
                    }
                    otherwise @ (Stepped::To(_) | Stepped::Unheard | Stepped::End(_)) => otherwise,
                }
            }
            // One that waits for a yes has a job once commits were lost: the yes may be among them. One that
            // was given a no is asked about once for the same reason.
            RefundState::AwaitingApproval
            | RefundState::Declined
            | RefundState::Withdrawn
            | RefundState::Processing { .. }
            | RefundState::Abnormal { .. }
            | RefundState::SettledOffline { .. }
            | RefundState::Rejected { .. } => {
                self.ask_refund(out_refund_no, &job.fence, "refund-ask").await?
            }
            RefundState::Succeeded { .. } | RefundState::Closed { .. } => {
                Stepped::End(Finish::Done)
            }
        };
        if is_still_unknown(&stepped, out_refund_no) {
            self.escalate(refund, job).await?;
        }
        Ok(match stepped {
            Stepped::End(finish) => finish,
            Stepped::To(after) => self.when_again(after.refund(out_refund_no)),
            Stepped::Unheard => match self.when_again(Some(refund)) {
                // The last look that was promised has not been had.
                Finish::Done => self.in_a_minute(),
                later @ (Finish::Again(_)
                | Finish::PutOff(_)
                | Finish::Retry(_)
                | Finish::Park(_)) => later,
            },
        })
    }

    /// A refund of which nobody knows for an hour whether it was made is shown to a person, once. It
    /// is asked about and sent all the same.
    async fn escalate(&self, refund: &Refund, job: &LeasedJob) -> Result<(), TransactError> {
        let (now, pace) = (self.clock.now(), self.settings.pace);
        let age_s = pace.seconds_between(refund.created_at, now);
        if !refund.is_in_flight() || age_s < ESCALATE_AFTER_S {
            return Ok(());
        }
        let number = refund.out_refund_no.as_str();
        let intent = Intent {
            command_id: CommandId::of_step("refund-stuck", number, 0),
            ..step_of(
                &job.fence,
                "refund-stuck",
                "not known an hour after it was asked for".to_owned(),
            )
        };
        let mut changeset = Changeset::without_order(intent, now);
        changeset.cases.push(CaseOpening {
            kind: CaseKind::Stuck,
            subject: number.to_owned(),
            detail: "asked for more than an hour ago, and WeChat Pay has not said whether it has \
                     this refund; it is still asked and sent under this number"
                .to_owned(),
        });
        match self.commit(changeset).await? {
            Landed::Now => {
                tracing::error!(refund.out_refund_no = number, "refund.stuck");
                Ok(())
            }
            Landed::Before | Landed::Not(_) | Landed::Refused(_) => Ok(()),
        }
    }

    fn when_again(&self, refund: Option<&Refund>) -> Finish {
        let (now, pace) = (self.clock.now(), self.settings.pace);
        let look = refund.and_then(|refund| next_refund_look(refund, now, pace));
        // Whatever is the matter, not at once: nobody was heard, or there is something new to do.
        let soonest = pace.after(now, AFTER_S);
        look.map_or(Finish::Done, |at| Finish::Again(self.jittered(now, at.max(soonest))))
    }

    fn in_a_minute(&self) -> Finish {
        Finish::Again(self.a_minute_later())
    }

    fn a_minute_later(&self) -> Timestamp {
        let now = self.clock.now();
        self.jittered(now, self.settings.pace.after(now, LATER_S))
    }

    /// Says that it is sent, then sends it, then records what came back.
    async fn send_refund(
        &self,
        out_refund_no: &OutRefundNo,
        fence: &Fence,
    ) -> Result<Stepped, TransactError> {
        let begin = Command::SendRefund { out_refund_no: out_refund_no.clone() };
        let begun = self.clock.running_millis();
        let order = match self.refund_step(out_refund_no, &begin, fence, "refund-send").await? {
            Stepped::To(order) => order,
            unsaid @ (Stepped::Unheard | Stepped::End(_)) => return Ok(unsaid),
        };
        let Some(request) = request_of(&order, out_refund_no) else {
            return Ok(Stepped::To(order));
        };
        if self.stood_too_long(begun, out_refund_no) {
            return Ok(Stepped::To(order));
        }
        let answer = match self.gateway.refund(&request).await {
            Ok(fact) => {
                tracing::info!(refund.out_refund_no = %out_refund_no,
                    status = fact.refund().name(), "refund.answered");
                return self.record_refund(fact, fence, "refund-answer").await;
            }
            Err(GatewayError::Refused(refusal)) => {
                tracing::warn!(refund.out_refund_no = %out_refund_no, code = refusal.code,
                    http_status = refusal.http_status, request_id = refusal.request_id,
                    "refund.refused: a query has to say the same");
                RefundAnswer::Refused { code: refusal.code }
            }
            Err(error) => {
                self.note_failed_query(out_refund_no.as_str(), &error);
                let later = matches!(error, GatewayError::Retryable(_));
                let unknown = Command::RecordRefundCall {
                    out_refund_no: out_refund_no.clone(),
                    answer: RefundAnswer::Unknown,
                };
                let stepped =
                    self.refund_step(out_refund_no, &unknown, fence, "refund-unknown").await?;
                if !later {
                    return Ok(stepped);
                }
                return Ok(Stepped::End(self.in_a_minute()));
            }
        };
        let refused = Command::RecordRefundCall { out_refund_no: out_refund_no.clone(), answer };
        match self.refund_step(out_refund_no, &refused, fence, "refund-refused").await? {
            Stepped::To(_) => {
                self.query_budget.spend(self.clock.real());
                self.ask_refund(out_refund_no, fence, "refund-ask-after-refusal").await
            }
            unsaid @ (Stepped::Unheard | Stepped::End(_)) => Ok(unsaid),
        }
    }

    /// Whether it is too long since it was said that it would be sent.
    pub(crate) fn stood_too_long(&self, begun: u64, out_refund_no: &OutRefundNo) -> bool {
        let stood_ms = self.clock.running_millis().saturating_sub(begun);
        let is_too_long = stood_ms > SENT_WITHIN_MS;
        if is_too_long {
            tracing::warn!(refund.out_refund_no = %out_refund_no, stood_ms,
                "refund.not_sent: too late; who comes next asks first");
        }
        is_too_long
    }

    /// One query, and its answer recorded.
    async fn ask_refund(
        &self,
        out_refund_no: &OutRefundNo,
        fence: &Fence,
        step: &str,
    ) -> Result<Stepped, TransactError> {
        match self.gateway.query_refund(out_refund_no).await {
            Ok(fact) => {
                tracing::info!(refund.out_refund_no = %out_refund_no,
                    status = fact.refund().name(), "refund.query_answered");
                let progress = fact.statement().map(|said| said.progress);
                let stepped = self.record_refund(fact, fence, step).await?;
                let is_under_way = progress == Some(RefundProgress::Processing);
                // It was paid back another way, and WeChat Pay may bring it as well: a person has to hear.
                if is_under_way && is_settled_offline(&stepped, out_refund_no) {
                    let again = self.settings.pace.after(self.clock.now(), DIFFERS_AGAIN_S);
                    return Ok(Stepped::End(Finish::Again(again)));
                }
                Ok(stepped)
            }
            Err(error) => {
                self.note_failed_query(out_refund_no.as_str(), &error);
                Ok(Stepped::Unheard)
            }
        }
    }

    async fn record_refund(
        &self,
        fact: RefundFact,
        fence: &Fence,
        step: &str,
    ) -> Result<Stepped, TransactError> {
        let out_refund_no = fact.out_refund_no().clone();
        self.refund_step(&out_refund_no, &Command::RecordRefund(fact), fence, step).await
    }

    /// One command about a refund under our lease.
    async fn refund_step(
        &self,
        out_refund_no: &OutRefundNo,
        command: &Command,
        fence: &Fence,
        step: &str,
    ) -> Result<Stepped, TransactError> {
        let target = Target::anybodys(OrderKey::OutRefundNo(out_refund_no.clone()));
        let intent = step_of(fence, step, cause_of(command));
        match self.transact(&target, command, &intent).await {
            Ok(transacted) => Ok(Stepped::To(Box::new(transacted.order))),
            Err(TransactError::Rejected(Rejection::RefundTooSoon { until })) => {
                let now = self.clock.now();
                Ok(Stepped::End(Finish::Again(self.jittered(now, until))))
            }
            Err(TransactError::Rejected(why @ Rejection::RefundDiffers { .. })) => {
                self.file_refund_case(out_refund_no, fence, &why.to_string()).await?;
                Ok(Stepped::End(self.differs_still(&target.key, out_refund_no).await?))
            }
            Err(other) => Err(other),
        }
    }

    /// Asked again for a day, and then by a person.
    async fn differs_still(
        &self,
        key: &OrderKey,
        out_refund_no: &OutRefundNo,
    ) -> Result<Finish, TransactError> {
        let (now, pace) = (self.clock.now(), self.settings.pace);
        let found = self.orders.load(key).await?.map(|found| found.value);
        let since = found
            .as_ref()
            .and_then(|order| order.refund(out_refund_no))
            .map_or(now, |refund| refund.sent_at.unwrap_or(refund.created_at));
        if pace.seconds_between(since, now) < DIFFERS_MOST_S {
            return Ok(Finish::Again(pace.after(now, DIFFERS_AGAIN_S)));
        }
        Ok(Finish::Park("WeChat Pay says what cannot be, for a day".to_owned()))
    }

    /// WeChat Pay's refund of this number is not ours: nothing is guessed, a person looks.
    async fn file_refund_case(
        &self,
        out_refund_no: &OutRefundNo,
        fence: &Fence,
        why: &str,
    ) -> Result<(), TransactError> {
        tracing::error!(refund.out_refund_no = %out_refund_no, why, "refund.mismatch");
        // Once: it is heard again and again, also after a person has ended the case.
        let subject = format!("{out_refund_no}:{why}");
        let intent = Intent {
            command_id: CommandId::of_step("refund-mismatch", &subject, 0),
            ..step_of(fence, "refund-mismatch", why.to_owned())
        };
        let mut changeset = Changeset::without_order(intent, self.clock.now());
        changeset.cases.push(refund_mismatch(out_refund_no, why));
        self.file(changeset).await
    }
}

/// A case about a refund of which WeChat Pay says something else than we know.
pub(crate) fn refund_mismatch(out_refund_no: &OutRefundNo, why: &str) -> CaseOpening {
    CaseOpening {
        kind: CaseKind::RefundMismatch,
        subject: out_refund_no.as_str().to_owned(),
        detail: why.to_owned(),
    }
}

/// Whether nothing was heard that ends the doubt.
fn is_still_unknown(stepped: &Stepped, out_refund_no: &OutRefundNo) -> bool {
    match stepped {
        Stepped::To(order) => order.refund(out_refund_no).is_some_and(Refund::is_in_flight),
        Stepped::Unheard | Stepped::End(_) => true,
    }
}

fn is_settled_offline(stepped: &Stepped, out_refund_no: &OutRefundNo) -> bool {
    let Stepped::To(order) = stepped else { return false };
    let settled = |refund: &Refund| matches!(refund.state, RefundState::SettledOffline { .. });
    order.refund(out_refund_no).is_some_and(settled)
}

/// Whether WeChat Pay has just said that it does not exist, and nothing refused it.
fn is_unsent(order: &Order, out_refund_no: &OutRefundNo) -> bool {
    order.refund(out_refund_no).is_some_and(|refund| {
        matches!(refund.state, RefundState::Sending | RefundState::Unknown { refused: None })
    })
}

/// The call, if the refund is to be sent.
fn request_of(order: &Order, out_refund_no: &OutRefundNo) -> Option<RefundRequest> {
    let refund = order
        .refund(out_refund_no)
        .filter(|refund| matches!(refund.state, RefundState::Sending))?;
    let payment = order.payment_of(refund)?;
    let receipt = payment.receipt()?;
    Some(RefundRequest {
        out_refund_no: refund.out_refund_no.clone(),
        out_trade_no: payment.out_trade_no().clone(),
        transaction_id: receipt.transaction_id.clone(),
        amount: refund.amount,
        total: receipt.amount,
        reason: refund.reason.clone(),
    })
}

fn cause_of(command: &Command) -> String {
    if let Command::RecordRefund(fact) = command {
        return format!("refund answered {}", fact.refund().name());
    }
    if let Command::RecordRefundCall { answer: RefundAnswer::Refused { code }, .. } = command {
        return format!("refund refused {code}");
    }
    "refund".to_owned()
}
