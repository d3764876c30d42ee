//! Bodies of the control routes.
//!
//! MAY NOT accept what it does not know.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::core::ledger::ControlRefusal;
use crate::core::sandbox_clock::{SandboxClock, Speed};
use crate::core::settings::Verification;
use crate::core::tamper::Tamper;

/// Reads a body; an empty one is `{}`.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ControlRefusal> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|why| ControlRefusal::bad_request(&why.to_string()))
}

/// `POST /_sandbox/mode`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModeForm {
    pub(super) verification: Verification,
}

/// `POST /_sandbox/notify/{out_trade_no}` and `POST /_sandbox/refund/{out_refund_no}/notify`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NotifyForm {
    pub(super) tamper: Option<Tamper>,
}

/// `PUT /_sandbox/clock`: at least one member; they apply in this order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClockForm {
    /// RFC 3339.
    now: Option<String>,
    /// Whole seconds.
    advance_s: Option<i64>,
    /// A whole number, or a fraction as text: `"1/2"`.
    speed: Option<Value>,
}

impl ClockForm {
    /// The changed clock.
    pub(super) fn apply(
        &self,
        clock: SandboxClock,
        real: OffsetDateTime,
    ) -> Result<SandboxClock, ControlRefusal> {
        if self.now.is_none() && self.advance_s.is_none() && self.speed.is_none() {
            return Err(ControlRefusal::bad_request("give now, advance_s or speed"));
        }
        let backwards = || {
            ControlRefusal::bad_request("the sandbox clock only goes forward, up to the year 9000")
        };
        let mut clock = clock;
        if let Some(text) = &self.now {
            let now = OffsetDateTime::parse(text, &Rfc3339)
                .map_err(|why| ControlRefusal::bad_request(&format!("now: {why}")))?;
            clock = clock.set(real, now).ok_or_else(backwards)?;
        }
        if let Some(seconds) = self.advance_s {
            clock = clock.advance(real, Duration::seconds(seconds)).ok_or_else(backwards)?;
        }
        if let Some(speed) = &self.speed {
            let text = speed.as_str().map_or_else(|| speed.to_string(), str::to_owned);
            let speed = Speed::parse(&text).ok_or_else(|| {
                ControlRefusal::bad_request("speed is 0 to 1000000, or a fraction like \"1/2\"")
            })?;
            clock = clock.with_speed(real, speed);
        }
        Ok(clock)
    }
}
