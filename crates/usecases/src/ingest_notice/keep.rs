//! Notifications that change no order: stored with what is to be done about them, under a name of
//! their own, so that they can still be applied when they are sent again.

use super::NoticeAnswer;
use crate::transact::Landed;
use crate::work::step_of;
use crate::{Paydesk, TransactError};
use domain::case::{CaseKind, CaseOpening};
use domain::changeset::{Audit, Changeset, InboxEntry, InboxStatus, Intent, Refusal};
use domain::job::{JobChange, JobId, ORPHAN_PATIENCE_S};
use domain::ports::{LeasedJob, Notice, NoticeBody};
use domain::{CommandId, OutTradeNo};

/// The door: WeChat Pay API v3.
const SOURCE: &str = "wechat_pay_v3";

impl Paydesk {
    /// Stored with a job: its follower asks WeChat Pay at once instead of at its next rung.
    pub(super) async fn keep_for_later(
        &self,
        notice: &Notice,
        out_trade_no: &OutTradeNo,
        request_id: &str,
    ) -> Result<(), TransactError> {
        let entry = entry(notice, InboxStatus::Verified, Some(out_trade_no));
        let now = self.clock.now();
        // A name of its own each time: a re-send that fails as well promises its job anew.
        let mut intent = filing(notice, entry, request_id);
        intent.command_id = CommandId::of_step("keep", out_trade_no.as_str(), self.ids.call());
        let mut changeset = Changeset::without_order(intent, now);
        changeset.jobs.push(JobChange::Ensure { id: JobId::follow(out_trade_no), due_at: now });
        if let NoticeBody::Refund(fact) = &notice.body {
            let id = JobId::refund(fact.out_refund_no());
            changeset.jobs.push(JobChange::Ensure { id, due_at: now });
        }
        self.file(changeset).await
    }

    pub(super) async fn keep_unknown_type(
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
        let intent = filing(notice, entry(notice, InboxStatus::Verified, None), request_id);
        self.file(Changeset::without_order(intent, self.clock.now())).await?;
        Ok(NoticeAnswer::Acknowledged)
    }

    /// Stored with a case, and with a job that finds out whose it is.
    pub(super) async fn keep_orphan(
        &self,
        notice: &Notice,
        (out_trade_no, attach): (&OutTradeNo, Option<&str>),
        request_id: &str,
    ) -> Result<NoticeAnswer, TransactError> {
        tracing::error!(request_id, payment.out_trade_no = %out_trade_no,
            event.id = notice.event_id, "notify.orphan: news of a number that we do not know");
        let now = self.clock.now();
        let kept = entry(notice, InboxStatus::Orphan, Some(out_trade_no));
        let mut changeset = Changeset::without_order(filing(notice, kept, request_id), now);
        changeset.cases.push(unknown_order(out_trade_no, whose(attach)));
        let due_at = self.settings.pace.after(now, ORPHAN_PATIENCE_S);
        changeset.jobs.push(JobChange::Ensure { id: JobId::orphan(out_trade_no), due_at });
        self.file(changeset).await?;
        Ok(NoticeAnswer::Orphan)
    }

    /// The job that was promised for news kept for later finds that nobody knows their number: the same
    /// case, and the job that finds out whose it is.
    pub(crate) async fn keep_as_orphan(
        &self,
        out_trade_no: &OutTradeNo,
        job: &LeasedJob,
    ) -> Result<(), TransactError> {
        tracing::error!(payment.out_trade_no = %out_trade_no,
            "notify.orphan: kept news are of a number that we do not know");
        let intent = step_of(&job.fence, "orphan", "no order has its number".to_owned());
        let now = self.clock.now();
        let mut changeset = Changeset::without_order(intent, now);
        changeset.cases.push(unknown_order(out_trade_no, "its attach was not kept"));
        changeset.jobs.push(JobChange::Ensure { id: JobId::orphan(out_trade_no), due_at: now });
        match self.file(changeset).await {
            Err(TransactError::Refused(Refusal::Fenced)) => Ok(()),
            filed => filed,
        }
    }

    pub(super) async fn keep_mismatch(
        &self,
        notice: &Notice,
        (out_trade_no, case): (&OutTradeNo, CaseOpening),
        request_id: &str,
    ) -> Result<NoticeAnswer, TransactError> {
        tracing::error!(request_id, payment.out_trade_no = %out_trade_no, why = case.detail,
            "notify.mismatch");
        let kept = entry(notice, InboxStatus::Mismatch, Some(out_trade_no));
        let intent = filing(notice, kept, request_id);
        let mut changeset = Changeset::without_order(intent, self.clock.now());
        changeset.cases.push(case);
        self.file(changeset).await?;
        Ok(NoticeAnswer::TryAgain)
    }

    pub(crate) async fn file(&self, changeset: Changeset) -> Result<(), TransactError> {
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

pub(super) fn entry(
    notice: &Notice,
    status: InboxStatus,
    out_trade_no: Option<&OutTradeNo>,
) -> InboxEntry {
    InboxEntry {
        source: SOURCE,
        event_id: notice.event_id.clone(),
        event_type: notice.event_type.clone(),
        fact_hash: notice.fact_hash.clone(),
        status,
        out_trade_no: out_trade_no.cloned(),
    }
}

pub(super) fn audit(notice: &Notice, request_id: &str) -> Audit {
    Audit {
        actor: "wechat_pay".to_owned(),
        cause: format!("notification {}", notice.event_id),
        request_id: Some(request_id.to_owned()),
    }
}

fn whose(attach: Option<&str>) -> &'static str {
    match attach {
        Some(attach) if attach.starts_with("pd1.") => "its attach is of our shape",
        Some(_) => "its attach is not of our shape",
        None => "it has no attach",
    }
}

fn unknown_order(out_trade_no: &OutTradeNo, whose: &str) -> CaseOpening {
    CaseOpening {
        kind: CaseKind::UnknownOrder,
        subject: out_trade_no.as_str().to_owned(),
        detail: format!("WeChat Pay reports a payment for a number that we do not know; {whose}"),
    }
}
