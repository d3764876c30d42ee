//! What a fault does, read from its name and value.
//!
//! MAY NOT carry anything out: `core/handle.rs`, `core/postponed.rs` and `core/outbox/round.rs` do.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::core::query::Freshness;
use crate::core::refund::{RefundEnding, RefundOutcome};
use crate::core::route::Route;

/// Nothing is held back for longer than 30 days.
const HOLD_MS_MAX: u64 = 30 * 24 * 3_600 * 1_000;
/// More than this overtake nothing, and nothing is sent more often at once.
const CROWD_MAX: u32 = 20;

/// What a rule does.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table of `core/faults.rs` describes them")]
pub enum Action {
    Drop,
    DelayMs(u64),
    Duplicate(u32),
    Reorder(Reordering),
    CorruptSignature,
    Probe,
    Status(InjectedStatus),
    AnswerLost,
    Truncate,
    Errcode(InjectedErrcode),
    StaleQuery(Freshness),
    Late(Lateness),
    RefundEnds(RefundEnding),
}

/// An answer that WeChat Pay did not mean.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InjectedStatus {
    /// HTTP status.
    pub status: u16,
    /// Error code; without it the body is empty.
    #[serde(default)]
    pub code: Option<String>,
    /// Error message.
    #[serde(default)]
    pub message: Option<String>,
    /// Whether the call has its effect before this answer replaces the true one.
    #[serde(default)]
    pub after_effect: bool,
}

/// An error of the WeChat platform that it did not mean.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InjectedErrcode {
    /// The code; not 0, which is success.
    pub errcode: i64,
    /// The word.
    #[serde(default)]
    pub errmsg: Option<String>,
    /// Whether the call has its effect before this answer replaces the true one.
    #[serde(default)]
    pub after_effect: bool,
}

/// How far something falls back in the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reordering {
    /// How many overtake it.
    pub by: u32,
    /// It waits no longer than this on the sandbox clock, however few have come by then.
    pub within_ms: u64,
}

impl Default for Reordering {
    fn default() -> Self {
        Self { by: 1, within_ms: 10_000 }
    }
}

/// When a call that the caller has given up on has its effect after all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lateness {
    /// So long after it came, on the sandbox clock.
    pub ms: u64,
    /// Or at once when a close of its number has been answered with success, if that is sooner.
    #[serde(default)]
    pub until_close: bool,
    /// It is ordered even if a close has burned its number meanwhile. Not seen of WeChat Pay.
    #[serde(default)]
    pub unfaithful: bool,
}

/// What a call is for, as far as faults care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A query by the merchant's number, of an order or a refund.
    QueryByNumber,
    /// Prepay or close: it changes an order.
    Change,
    /// It asks for a refund.
    Refund,
    /// It sends a refund elsewhere.
    AbnormalRefund,
    /// A call of the WeChat platform, whose errors are an `errcode`.
    Platform,
    /// Any other, known or not.
    Other,
}

impl Purpose {
    /// The purpose of a call; `None` is a call that WeChat Pay does not have.
    pub fn of(route: Option<&Route>) -> Self {
        match route {
            Some(Route::QueryByOutTradeNo(_) | Route::QueryRefund(_)) => Self::QueryByNumber,
            Some(Route::Prepay(_) | Route::Close(_)) => Self::Change,
            Some(Route::Refund) => Self::Refund,
            Some(Route::AbnormalRefund(_)) => Self::AbnormalRefund,
            Some(
                Route::QueryById(_)
                | Route::TradeBill
                | Route::FundFlowBill
                | Route::DownloadBill
                | Route::Certificates,
            )
            | None => Self::Other,
            Some(Route::Login | Route::Platform(_)) => Self::Platform,
        }
    }
}

impl Action {
    /// All names, in the order of the documentation.
    pub const NAMES: [&'static str; 13] = [
        "drop",
        "delay_ms",
        "duplicate",
        "reorder",
        "corrupt_signature",
        "probe",
        "status",
        "answer_lost",
        "truncate",
        "errcode",
        "stale_query",
        "late",
        "refund_ends",
    ];

    /// The name it is asked for by.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::DelayMs(_) => "delay_ms",
            Self::Duplicate(_) => "duplicate",
            Self::Reorder(_) => "reorder",
            Self::CorruptSignature => "corrupt_signature",
            Self::Probe => "probe",
            Self::Status(_) => "status",
            Self::AnswerLost => "answer_lost",
            Self::Truncate => "truncate",
            Self::Errcode(_) => "errcode",
            Self::StaleQuery(_) => "stale_query",
            Self::Late(_) => "late",
            Self::RefundEnds(_) => "refund_ends",
        }
    }

    pub(super) fn parse(name: &str, value: Option<&Value>) -> Result<Self, String> {
        let none = |action: Self| match value {
            None => Ok(action),
            Some(_) => Err(format!("action {name:?} takes no value")),
        };
        match name {
            "drop" => none(Self::Drop),
            "corrupt_signature" => none(Self::CorruptSignature),
            "probe" => none(Self::Probe),
            "answer_lost" => none(Self::AnswerLost),
            "truncate" => none(Self::Truncate),
            "delay_ms" => value
                .and_then(Value::as_u64)
                .filter(|ms| *ms <= HOLD_MS_MAX)
                .map(Self::DelayMs)
                .ok_or_else(|| {
                    "action \"delay_ms\" needs a value in milliseconds, up to 30 days".to_owned()
                }),
            "duplicate" => duplicate(value),
            "reorder" => reorder(value).map(Self::Reorder),
            "stale_query" => stale_query(value),
            "status" => status(value).map(Self::Status),
            "errcode" => errcode(value).map(Self::Errcode),
            "late" => late(value).map(Self::Late),
            "refund_ends" => refund_ends(value).map(Self::RefundEnds),
            unknown => {
                Err(format!("unknown action {unknown:?}; known: {}", Self::NAMES.join(", ")))
            }
        }
    }

    pub(super) fn acts_on_calls(&self) -> bool {
        !matches!(self, Self::Duplicate(_))
    }

    /// Whether it acts on a call of that purpose: only queries have a past, only changes an effect to be late with, and only
    /// a refund ends later.
    pub(super) fn acts_on(&self, purpose: Purpose) -> bool {
        match self {
            Self::StaleQuery(_) => purpose == Purpose::QueryByNumber,
            Self::Late(_) => {
                matches!(purpose, Purpose::Change | Purpose::Refund | Purpose::AbnormalRefund)
            }
            Self::RefundEnds(_) => purpose == Purpose::Refund,
            Self::Errcode(_) => purpose == Purpose::Platform,
            Self::Drop
            | Self::DelayMs(_)
            | Self::Duplicate(_)
            | Self::Reorder(_)
            | Self::CorruptSignature
            | Self::Probe
            | Self::Status(_)
            | Self::AnswerLost
            | Self::Truncate => self.acts_on_calls(),
        }
    }

    pub(super) fn acts_on_notices(&self) -> bool {
        !matches!(
            self,
            Self::Status(_)
                | Self::Errcode(_)
                | Self::StaleQuery(_)
                | Self::Late(_)
                | Self::RefundEnds(_)
                | Self::Truncate
        )
    }
}

fn duplicate(value: Option<&Value>) -> Result<Action, String> {
    let copies = match value {
        None => Some(2),
        Some(given) => given.as_u64(),
    };
    copies
        .and_then(|copies| u32::try_from(copies).ok())
        .filter(|copies| (2..=CROWD_MAX).contains(copies))
        .map(Action::Duplicate)
        .ok_or_else(|| "action \"duplicate\" takes a number from 2 to 20".to_owned())
}

fn reorder(value: Option<&Value>) -> Result<Reordering, String> {
    let takes = "action \"reorder\" takes a number or {by?, within_ms?}";
    let usual = Reordering::default();
    let asked = match value {
        None => usual,
        Some(given) => match given.as_u64() {
            Some(by) => Reordering { by: u32::try_from(by).unwrap_or(u32::MAX), ..usual },
            None => object(given, takes)?,
        },
    };
    if !(1..=CROWD_MAX).contains(&asked.by) {
        return Err("from 1 to 20 overtake what is put out of order".to_owned());
    }
    if !(1..=HOLD_MS_MAX).contains(&asked.within_ms) {
        return Err("within_ms is from 1 ms to 30 days".to_owned());
    }
    Ok(asked)
}

fn late(value: Option<&Value>) -> Result<Lateness, String> {
    let needs = "action \"late\" needs milliseconds or {ms, until_close?, unfaithful?}";
    let given = value.ok_or_else(|| needs.to_owned())?;
    let asked = match given.as_u64() {
        Some(ms) => Lateness { ms, until_close: false, unfaithful: false },
        None => object(given, needs)?,
    };
    if !(1..=HOLD_MS_MAX).contains(&asked.ms) {
        return Err("a call is late by 1 ms to 30 days".to_owned());
    }
    Ok(asked)
}

fn stale_query(value: Option<&Value>) -> Result<Action, String> {
    match value {
        None => Ok(Action::StaleQuery(Freshness::AsCreated)),
        Some(given) => given
            .as_u64()
            .map(|ms| Action::StaleQuery(Freshness::Behind(ms)))
            .ok_or_else(|| "action \"stale_query\" takes milliseconds".to_owned()),
    }
}

/// The value of `refund_ends` with a time.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ends {
    outcome: RefundOutcome,
    after_ms: Option<u64>,
}

fn refund_ends(value: Option<&Value>) -> Result<RefundEnding, String> {
    let needs = "action \"refund_ends\" needs success, abnormal, closed or processing, or {outcome, after_ms?}";
    let given = value.ok_or_else(|| needs.to_owned())?;
    if given == "processing" {
        return Ok(RefundEnding::StaysProcessing);
    }
    let ends: Ends = match given.as_str() {
        Some(_) => Ends {
            outcome: serde_json::from_value(given.clone())
                .map_err(|error| format!("{needs}: {error}"))?,
            after_ms: None,
        },
        None => object(given, needs)?,
    };
    if ends.after_ms.is_some_and(|ms| ms > HOLD_MS_MAX) {
        return Err("after_ms is at most 30 days".to_owned());
    }
    Ok(RefundEnding::After(ends.outcome, ends.after_ms))
}

fn status(value: Option<&Value>) -> Result<InjectedStatus, String> {
    let needs = "action \"status\" needs a status or {status, code?, message?, after_effect?}";
    let given = value.ok_or_else(|| needs.to_owned())?;
    let injected = match given.as_u64() {
        Some(number) => InjectedStatus {
            status: u16::try_from(number).unwrap_or(0),
            code: None,
            message: None,
            after_effect: false,
        },
        None => object(given, needs)?,
    };
    if !(200..=599).contains(&injected.status) {
        return Err("a status is from 200 to 599".to_owned());
    }
    Ok(injected)
}

fn errcode(value: Option<&Value>) -> Result<InjectedErrcode, String> {
    let needs = "action \"errcode\" needs an errcode or {errcode, errmsg?, after_effect?}";
    let given = value.ok_or_else(|| needs.to_owned())?;
    let injected = match given.as_i64() {
        Some(errcode) => InjectedErrcode { errcode, errmsg: None, after_effect: false },
        None => object(given, needs)?,
    };
    if injected.errcode == 0 {
        return Err("errcode 0 is success".to_owned());
    }
    Ok(injected)
}

fn object<T: DeserializeOwned>(given: &Value, needs: &str) -> Result<T, String> {
    // A list would be read as the members in order; only a named member says what it means.
    if !given.is_object() {
        return Err(needs.to_owned());
    }
    serde_json::from_value(given.clone()).map_err(|error| format!("{needs}: {error}"))
}
