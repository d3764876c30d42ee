//! A notification from WeChat Pay: opened, applied, and only then acknowledged.
//!
//! Acknowledges if and only if the fact is applied, a duplicate, or surplus in a durable commit.

#[cfg(test)]
mod tests;

use crate::query_budget::Urgency;
use crate::transact::{Landed, Transacted};
use crate::{Paydesk, Target, TransactError};
use domain::CommandId;
use domain::case::{CaseKind, CaseOpening};
use domain::changeset::{Audit, Changeset, InboxEntry, InboxStatus, Intent, Refusal};
use domain::fact::PaymentFact;
use domain::job::{JobChange, JobId};
use domain::order::{Command, Rejection};
use domain::ports::{Notice, NoticeBody, NoticeError, OrderKey, RawNotice};

/// The door: WeChat Pay API v3.
const SOURCE: &str = "wechat_pay_v3";

/// What WeChat Pay is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeAnswer {
    /// Durable or known: send it no more.
    Acknowledged,
    /// Not believed; nothing was stored.
    Refused(NoticeError),
    /// Believed, stored, but no order has its number: send it again.
    Orphan,
    /// Believed, but not applied now: send it again.
    TryAgain,
}

impl Paydesk {
    /// Takes a notification in. `request_id` is the id of the request that carried it.
    pub async fn ingest_payment_notice(&self, raw: &RawNotice, request_id: &str) -> NoticeAnswer {
        tracing::info!(request_id, bytes = raw.body.len(), "notify.received");
        let notice = match self.notices.open(raw, self.clock.real()).await {
            Ok(notice) => notice,
            Err(error) => {
                note_refusal(&error, request_id);
                return NoticeAnswer::Refused(error);
            }
        };
        tracing::info!(
            request_id,
            event.id = notice.event_id,
            event.kind = notice.event_type,
            "notify.verified"
        );
        let answer = match &notice.body {
            NoticeBody::Payment(fact) => self.apply(&notice, fact, request_id).await,
            NoticeBody::Refund(_) | NoticeBody::Other => {
                self.keep_unknown_type(&notice, request_id).await
            }
        };
        answer.unwrap_or_else(|error| {
            tracing::warn!(request_id, event.id = notice.event_id, error = %error,
                "notify.not_applied");
            NoticeAnswer::TryAgain
        })
    }

    async fn apply(
        &self,
        notice: &Notice,
        fact: &PaymentFact,
        request_id: &str,
    ) -> Result<NoticeAnswer, TransactError> {
        let out_trade_no = fact.out_trade_no();
        let entry = entry(notice, InboxStatus::Applied, Some(fact));
        let intent = Intent {
            command_id: CommandId::of_notice(&entry),
            audit: audit(notice, request_id),
            inbox: Some(entry),
            fence: None,
            replay: None,
        };
        let target = Target::anybodys(OrderKey::OutTradeNo(out_trade_no.clone()));
        let command = Command::RecordFact(fact.clone());
        match self.transact(&target, &command, &intent).await {
            Err(TransactError::Rejected(Rejection::Unconfirmed)) => {
                self.confirm(notice, fact, request_id).await
            }
            other => self.answer_notice(other, notice, fact, request_id).await,
        }
    }

    /// What became of applying it. What was not applied is stored before it is answered.
    async fn answer_notice(
        &self,
        applied: Result<Transacted, TransactError>,
        notice: &Notice,
        fact: &PaymentFact,
        request_id: &str,
    ) -> Result<NoticeAnswer, TransactError> {
        let out_trade_no = fact.out_trade_no();
        match applied {
            Ok(Transacted { order, .. }) => {
                tracing::info!(request_id, order.number = %order.number,
                    payment.out_trade_no = %out_trade_no, order.status = ?order.status,
                    "notify.acknowledged");
                Ok(NoticeAnswer::Acknowledged)
            }
            Err(TransactError::NotFound) => self.keep_orphan(notice, fact, request_id).await,
            Err(TransactError::Rejected(why)) => {
                self.keep_mismatch(notice, fact, &why.to_string(), request_id).await
            }
            Err(TransactError::Refused(Refusal::TransactionTaken)) => {
                let why = "its transaction is recorded with another payment";
                self.keep_mismatch(notice, fact, why, request_id).await
            }
            Err(busy) => {
                self.keep_for_later(notice, fact, request_id).await?;
                Err(busy)
            }
        }
    }

    /// It says that something else was paid than was asked. What a query says counts: the same,
    /// and the money goes back; or what was asked, and the notification is kept as a mismatch.
    async fn confirm(
        &self,
        notice: &Notice,
        fact: &PaymentFact,
        request_id: &str,
    ) -> Result<NoticeAnswer, TransactError> {
        let out_trade_no = fact.out_trade_no();
        let asked = self.query_budget.take(Urgency::NearDeadline, self.clock.real());
        let heard = if asked.is_ok() { self.query(out_trade_no).await } else { None };
        let Some(heard) = heard else {
            self.keep_for_later(notice, fact, request_id).await?;
            return Ok(NoticeAnswer::TryAgain);
        };
        let confirmed = heard.trade() == fact.trade();
        let entry = entry(notice, InboxStatus::Applied, Some(fact));
        let step = CommandId::of_step("confirm", out_trade_no.as_str(), self.ids.call());
        let intent = Intent {
            command_id: if confirmed { CommandId::of_notice(&entry) } else { step },
            audit: audit(notice, request_id),
            inbox: confirmed.then_some(entry),
            fence: None,
            replay: None,
        };
        let target = Target::anybodys(OrderKey::OutTradeNo(out_trade_no.clone()));
        let applied = self.transact(&target, &Command::RecordFact(heard), &intent).await;
        if confirmed || applied.is_err() {
            return self.answer_notice(applied, notice, fact, request_id).await;
        }
        let why = "a notification says what WeChat Pay's own answer does not";
        self.keep_mismatch(notice, fact, why, request_id).await
    }

    /// Stored with a job: its follower asks WeChat Pay at once instead of at its next rung.
    async fn keep_for_later(
        &self,
        notice: &Notice,
        fact: &PaymentFact,
        request_id: &str,
    ) -> Result<(), TransactError> {
        let entry = entry(notice, InboxStatus::Verified, Some(fact));
        let now = self.clock.now();
        // A name of its own each time: a re-send that fails as well promises its job anew.
        let mut intent = filing(notice, entry, request_id);
        let number = fact.out_trade_no().as_str();
        intent.command_id = CommandId::of_step("keep", number, self.ids.call());
        let mut changeset = Changeset::without_order(intent, now);
        let id = JobId::follow(fact.out_trade_no());
        changeset.jobs.push(JobChange::Ensure { id, due_at: now });
        self.file(changeset).await
    }

    async fn keep_unknown_type(
        &self,
        notice: &Notice,
        request_id: &str,
    ) -> Result<NoticeAnswer, TransactError> {
        tracing::warn!(
            request_id,
            event.id = notice.event_id,
            event.kind = notice.event_type,
            "notify.unknown_type: stored, nothing acts on it"
        );
        self.store(notice, InboxStatus::Verified, None, request_id).await
    }

    async fn keep_orphan(
        &self,
        notice: &Notice,
        fact: &PaymentFact,
        request_id: &str,
    ) -> Result<NoticeAnswer, TransactError> {
        tracing::error!(request_id, payment.out_trade_no = %fact.out_trade_no(),
            event.id = notice.event_id, "notify.orphan: a success for an unknown number");
        let case = unknown_order(fact);
        self.store(notice, InboxStatus::Orphan, Some(case), request_id).await?;
        Ok(NoticeAnswer::Orphan)
    }

    async fn keep_mismatch(
        &self,
        notice: &Notice,
        fact: &PaymentFact,
        why: &str,
        request_id: &str,
    ) -> Result<NoticeAnswer, TransactError> {
        tracing::error!(request_id, payment.out_trade_no = %fact.out_trade_no(), why,
            "notify.mismatch");
        let case = CaseOpening {
            kind: CaseKind::AmountMismatch,
            subject: fact.out_trade_no().as_str().to_owned(),
            detail: why.to_owned(),
        };
        self.store(notice, InboxStatus::Mismatch, Some(case), request_id).await?;
        Ok(NoticeAnswer::TryAgain)
    }

    /// Stores a notification that changes no order. Its name differs from that of applying it, so
    /// that it can still be applied when it is sent again.
    async fn store(
        &self,
        notice: &Notice,
        status: InboxStatus,
        case: Option<CaseOpening>,
        request_id: &str,
    ) -> Result<NoticeAnswer, TransactError> {
        let fact = if let NoticeBody::Payment(fact) = &notice.body { Some(&**fact) } else { None };
        let entry = entry(notice, status, fact);
        let intent = filing(notice, entry, request_id);
        let mut changeset = Changeset::without_order(intent, self.clock.now());
        changeset.cases.extend(case);
        self.file(changeset).await.map(|()| NoticeAnswer::Acknowledged)
    }

    async fn file(&self, changeset: Changeset) -> Result<(), TransactError> {
        match self.commit(changeset).await? {
            Landed::Now | Landed::Before => Ok(()),
            Landed::Not(why) => Err(TransactError::Busy(why.to_owned())),
            Landed::Refused(refusal) => Err(TransactError::Refused(refusal)),
        }
    }
}

/// Storing a notification without applying it.
fn filing(notice: &Notice, entry: InboxEntry, request_id: &str) -> Intent {
    Intent {
        command_id: CommandId::of_unapplied_notice(&entry),
        audit: audit(notice, request_id),
        inbox: Some(entry),
        fence: None,
        replay: None,
    }
}

/// A probe is WeChat Pay's own test of us; the rest is worth a look.
fn note_refusal(error: &NoticeError, request_id: &str) {
    match error {
        NoticeError::Probe => tracing::info!(request_id, "notify.probe"),
        NoticeError::Untrusted(_) | NoticeError::Malformed(_) | NoticeError::KeysUnavailable => {
            tracing::warn!(request_id, error = %error, "notify.refused");
        }
    }
}

fn entry(notice: &Notice, status: InboxStatus, fact: Option<&PaymentFact>) -> InboxEntry {
    InboxEntry {
        source: SOURCE,
        event_id: notice.event_id.clone(),
        event_type: notice.event_type.clone(),
        fact_hash: notice.fact_hash.clone(),
        status,
        out_trade_no: fact.map(|f| f.out_trade_no().clone()),
    }
}

fn audit(notice: &Notice, request_id: &str) -> Audit {
    Audit {
        actor: "wechat_pay".to_owned(),
        cause: format!("notification {}", notice.event_id),
        request_id: Some(request_id.to_owned()),
    }
}

fn unknown_order(fact: &PaymentFact) -> CaseOpening {
    let whose = match fact.attach() {
        Some(attach) if attach.starts_with("pd1.") => "its attach is of our shape",
        Some(_) => "its attach is not of our shape",
        None => "it has no attach",
    };
    CaseOpening {
        kind: CaseKind::UnknownOrder,
        subject: fact.out_trade_no().as_str().to_owned(),
        detail: format!("WeChat Pay reports a payment for a number that we do not know; {whose}"),
    }
}
