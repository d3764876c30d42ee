//! One notification: its body, its attempts, its place on the re-send ladder (`v3.md` §6).
//!
//! MAY NOT send: it becomes a [`Delivery`], and what came of it is told to it.

use serde::Serialize;
use time::{Duration, OffsetDateTime};

use crate::core::exchange::Headers;
use crate::core::ports::Ports;
use crate::core::tamper::Tamper;

/// What a notification tells of (`v3.md` §6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are WeChat Pay's own")]
pub enum Event {
    TransactionSuccess,
    RefundSuccess,
    RefundAbnormal,
    RefundClosed,
}

impl Event {
    /// `event_type`.
    pub fn name(self) -> &'static str {
        match self {
            Self::TransactionSuccess => "TRANSACTION.SUCCESS",
            Self::RefundSuccess => "REFUND.SUCCESS",
            Self::RefundAbnormal => "REFUND.ABNORMAL",
            Self::RefundClosed => "REFUND.CLOSED",
        }
    }

    /// `resource.original_type`, which is also the associated data here.
    pub fn original_type(self) -> &'static str {
        match self {
            Self::TransactionSuccess => "transaction",
            Self::RefundSuccess | Self::RefundAbnormal | Self::RefundClosed => "refund",
        }
    }

    /// An event of the same thing that does not exist, for a tampered notification.
    pub fn nobody_knows(self) -> &'static str {
        match self {
            Self::TransactionSuccess => "TRANSACTION.NOBODY_KNOWS",
            Self::RefundSuccess | Self::RefundAbnormal | Self::RefundClosed => {
                "REFUND.NOBODY_KNOWS"
            }
        }
    }

    fn summary(self) -> &'static str {
        match self {
            Self::TransactionSuccess => "支付成功",
            Self::RefundSuccess => "退款成功",
            Self::RefundAbnormal => "退款异常",
            Self::RefundClosed => "退款关闭",
        }
    }
}

/// Which attempt of which notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AttemptId {
    pub(crate) notice: u64,
    pub(crate) attempt: usize,
}

/// A request to send now, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Give it back with the end.
    pub id: AttemptId,
    /// Where to POST.
    pub url: String,
    /// All headers.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
    /// Real milliseconds until it counts as failed.
    pub timeout_ms: u64,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptEnd {
    /// The receiver answered.
    Answered {
        /// HTTP status; 200 and 204 are success, whatever the body says.
        status: u16,
        /// The beginning of the body.
        body: String,
    },
    /// There was no answer.
    Failed {
        /// Why.
        why: String,
    },
    /// The receiver answered, and a fault rule kept the answer back.
    AnswerLost {
        /// What the receiver said.
        status: u16,
        /// The beginning of the body.
        body: String,
    },
    /// A fault rule kept it back.
    Dropped,
}

impl AttemptEnd {
    /// The same without the sender seeing the answer.
    #[must_use]
    pub(crate) fn unseen(self) -> Self {
        match self {
            Self::Answered { status, body } => Self::AnswerLost { status, body },
            Self::Failed { .. } | Self::AnswerLost { .. } | Self::Dropped => self,
        }
    }

    /// Whether the receiver took it, as far as the sender knows.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Answered { status: 200 | 204, .. })
    }
}

/// Why an attempt was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptKind {
    /// The ladder.
    Scheduled,
    /// `POST /_sandbox/notify`.
    Manual,
}

/// One attempt, for the ledger.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Why it was made.
    pub kind: AttemptKind,
    /// Business time.
    pub at: OffsetDateTime,
    /// Real time; the signature's timestamp unless it was tampered with.
    pub signed_at: OffsetDateTime,
    /// The key it names.
    pub serial: Option<String>,
    /// The fault that met it.
    pub fault: Option<&'static str>,
    /// What was falsified.
    pub tamper: Option<Tamper>,
    /// What came of it; `None` while it is in flight.
    pub end: Option<AttemptEnd>,
}

/// Where a notification stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    /// The attempt of this round is to be made at `due`.
    Waiting {
        /// 0 is the first delivery.
        round: usize,
        /// When the ladder says so; the next round counts from here.
        planned: OffsetDateTime,
        /// When it will be sent: later than `planned` if a fault delays it.
        due: OffsetDateTime,
    },
    /// Attempts of this round are on their way.
    InFlight {
        /// The round.
        round: usize,
        /// When the ladder said so.
        planned: OffsetDateTime,
        /// How many have not ended.
        left: u32,
        /// Whether one was taken.
        taken: bool,
    },
    /// The receiver took it.
    Delivered,
    /// The ladder is at its end.
    GivenUp,
}

/// What a notification is about, by the merchant's numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeOf {
    /// The order.
    pub out_trade_no: String,
    /// The refund, if it is about one.
    pub out_refund_no: Option<String>,
}

/// A notification.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Stays the same over all attempts.
    pub id: String,
    /// What it tells.
    pub event: Event,
    /// Of what.
    pub of: NoticeOf,
    /// Where it goes.
    pub url: String,
    /// When the event happened.
    pub created_at: OffsetDateTime,
    /// The plain resource, in JSON.
    pub resource: String,
    /// The body of the first attempt, for byte-identical re-sends.
    pub first_body: Option<Vec<u8>>,
    /// What the last honest attempt sent, for a replay.
    pub last_honest: Option<(Headers, Vec<u8>)>,
    /// Where it stands.
    pub schedule: Schedule,
    /// All attempts.
    pub attempts: Vec<Attempt>,
}

impl Notice {
    /// A notification of what happened at `at`, due at once. Its id has 36 characters in the form of a UUID, as live ones
    /// do.
    pub fn new(
        (event, resource): (Event, String),
        of: NoticeOf,
        url: String,
        at: OffsetDateTime,
        ports: &mut Ports<'_>,
    ) -> Self {
        let mut part = |bytes: usize| ports.lower_hex(bytes);
        let parts = [part(4), part(2), part(2), part(2), part(6)];
        Self {
            id: parts.join("-"),
            event,
            of,
            url,
            created_at: at,
            resource,
            first_body: None,
            last_honest: None,
            schedule: Schedule::Waiting { round: 0, planned: at, due: at },
            attempts: Vec::new(),
        }
    }

    /// Human text.
    pub fn summary(&self) -> &'static str {
        self.event.summary()
    }

    /// When it is next due.
    pub fn due(&self) -> Option<OffsetDateTime> {
        match self.schedule {
            Schedule::Waiting { due, .. } => Some(due),
            Schedule::InFlight { .. } | Schedule::Delivered | Schedule::GivenUp => None,
        }
    }

    /// One scheduled attempt ended; when all of its round have, the next round is planned.
    ///
    /// The ladder counts from planned time to planned time, so that a clock moved by a day makes all re-sends due, and
    /// they go out one after another.
    pub fn attempt_ended(&mut self, success: bool, ladder_s: &[u32]) {
        let Schedule::InFlight { round, planned, left, taken } = self.schedule else { return };
        let (left, taken) = (left.saturating_sub(1), taken || success);
        self.schedule = match ladder_s.get(round) {
            _ if left > 0 => Schedule::InFlight { round, planned, left, taken },
            _ if taken => Schedule::Delivered,
            None => Schedule::GivenUp,
            Some(wait_s) => {
                let due = planned + Duration::seconds(i64::from(*wait_s));
                Schedule::Waiting { round: round.saturating_add(1), planned: due, due }
            }
        };
    }
}

/// The JSON of a notification, in the documents' order.
#[derive(Debug, Serialize)]
pub(crate) struct NoticeBody<'a> {
    pub(crate) id: &'a str,
    pub(crate) create_time: String,
    pub(crate) resource_type: &'static str,
    pub(crate) event_type: &'a str,
    pub(crate) summary: &'a str,
    pub(crate) resource: EncryptedResource,
}

/// `resource`.
#[derive(Debug, Serialize)]
pub(crate) struct EncryptedResource {
    pub(crate) original_type: &'static str,
    pub(crate) algorithm: &'static str,
    pub(crate) ciphertext: String,
    pub(crate) associated_data: &'static str,
    pub(crate) nonce: String,
}
