//! A refund's notification: its resource as a fact (v3 §6.2b).

use domain::fact::{Evidence, RefundAtWechat, RefundFact, RefundProgress};
use domain::names::Mchid;
use domain::ports::NoticeError;

use super::canonical::{hash, instant, line};
use crate::refund_state;
use crate::wire::refund::RefundNoticeWire;

/// What a refund's event says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// `REFUND.SUCCESS`.
    Success,
    /// `REFUND.ABNORMAL`.
    Abnormal,
    /// `REFUND.CLOSED`.
    Closed,
}

impl Event {
    /// The event of this type, if it is one of a refund that we know.
    pub(super) fn of(event_type: &str) -> Option<Event> {
        match event_type {
            "REFUND.SUCCESS" => Some(Event::Success),
            "REFUND.ABNORMAL" => Some(Event::Abnormal),
            "REFUND.CLOSED" => Some(Event::Closed),
            _ => None,
        }
    }

    /// Whether a refund of this event can stand there. What is final stays; a late re-send of the
    /// rest may show what was done since.
    fn allows(self, progress: RefundProgress) -> bool {
        match progress {
            RefundProgress::Succeeded { .. } => self == Event::Success || self == Event::Abnormal,
            RefundProgress::Abnormal | RefundProgress::Processing => self == Event::Abnormal,
            RefundProgress::Closed => self == Event::Closed,
        }
    }
}

/// Reads a resource. Returns the fact and the hash of what it says.
pub(super) fn read(
    plain: &[u8],
    event: Event,
    (event_id, event_type): (&str, &str),
    mchid: &Mchid,
) -> Result<(RefundFact, String), NoticeError> {
    let Ok(wire) = serde_json::from_slice::<RefundNoticeWire>(plain) else {
        return Err(NoticeError::Malformed("the refund cannot be read"));
    };
    if wire.mchid != mchid.as_str() {
        return Err(NoticeError::Untrusted("another merchant"));
    }
    let fact_hash = hash(&canonical(event_type, &wire));
    let said = refund_state::read(&wire.refund_status, wire.refund)
        .map_err(|why| NoticeError::Malformed(why.0))?;
    if !event.allows(said.statement.progress) {
        return Err(NoticeError::Malformed("a refund that contradicts its own event"));
    }
    let evidence = Evidence::Notification { event_id: event_id.to_owned() };
    let refund = RefundAtWechat::Known(said.statement);
    Ok((RefundFact::attested(evidence, mchid.clone(), said.out_refund_no, refund), fact_hash))
}

/// The facts of a refund in one fixed form.
fn canonical(event_type: &str, wire: &RefundNoticeWire) -> String {
    let refund = &wire.refund;
    let success_time = refund.success_time.as_deref().map(instant);
    let facts = [
        ("event_type", event_type),
        ("mchid", &wire.mchid),
        ("transaction_id", &refund.transaction_id),
        ("out_trade_no", &refund.out_trade_no),
        ("refund_id", &refund.refund_id),
        ("out_refund_no", &refund.out_refund_no),
        ("refund_status", &wire.refund_status),
        ("total", &refund.amount.total.to_string()),
        ("refund", &refund.amount.refund.to_string()),
        ("success_time", success_time.as_deref().unwrap_or_default()),
    ];
    facts.iter().map(|(name, value)| line(name, value)).collect()
}
