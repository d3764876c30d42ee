//! Closes an unpaid payment (关单, v3 §7.4).
//!
//! Pure. Success proves nothing: whoever closes asks again afterwards.

use domain::OutTradeNo;
use domain::names::Mchid;
use domain::ports::GatewayError;
use serde::Serialize;

use crate::exchange::{Draft, VerifiedAnswer};
use crate::target;
use crate::transport::Method;

#[derive(Serialize)]
struct CloseBody<'a> {
    mchid: &'a str,
}

/// The request. `mchid` is in the body here.
pub(crate) fn draft(out_trade_no: &OutTradeNo, mchid: &Mchid) -> Draft {
    // Writing text into memory has no way to fail.
    let body = serde_json::to_string(&CloseBody { mchid: mchid.as_str() }).unwrap_or_default();
    Draft {
        method: Method::Post,
        target: target::close(out_trade_no.as_str()),
        body,
        sealed_for: None,
    }
}

/// A verified 200 or 204 is done; 202 is not finished.
pub(crate) fn read(answer: &VerifiedAnswer) -> Result<(), GatewayError> {
    match answer.status() {
        200 | 204 => Ok(()),
        status => Err(GatewayError::OutcomeUnknown(format!("close answered {status}"))),
    }
}
