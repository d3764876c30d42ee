//! A notification from WeChat Pay: opened, applied, and only then acknowledged.
//!
//! Acknowledges if and only if the fact is applied, a duplicate, or surplus in a durable commit.

mod keep;
mod payment;
mod refund;
#[cfg(test)]
mod tests;

use crate::Paydesk;
use domain::ports::{NoticeBody, NoticeError, RawNotice};

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
    /// Takes a notification in, about a payment or a refund. `request_id` is the id of the request
    /// that carried it.
    pub async fn ingest_notice(&self, raw: &RawNotice, request_id: &str) -> NoticeAnswer {
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
            NoticeBody::Payment(fact) => self.apply_payment(&notice, fact, request_id).await,
            NoticeBody::Refund(fact) => self.apply_refund(&notice, fact, request_id).await,
            NoticeBody::Other => self.keep_unknown_type(&notice, request_id).await,
        };
        answer.unwrap_or_else(|error| {
            tracing::warn!(request_id, event.id = notice.event_id, error = %error,
                "notify.not_applied");
            NoticeAnswer::TryAgain
        })
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
