//! What happens to one request on its way to WeChat Pay and back, and what WeChat Pay does wrong meanwhile.

use super::transport::TIMEOUT;
use crate::time::SECOND;
use crate::wechat::Asked;
use serde_json::{Value, json};

/// What happens to one request on its way.
pub(super) struct Journey {
    /// Until it arrives.
    pub(super) out: i64,
    /// Until the answer is back.
    pub(super) back: i64,
    /// What WeChat Pay does wrong.
    pub(super) rule: Option<Value>,
    /// Whether the answer gets lost.
    pub(super) lost: bool,
    /// Whether the answer is replaced by one that says nothing.
    pub(super) garbage: bool,
    /// In which way the file is another one than was announced.
    pub(super) spoilt: Option<u32>,
}

impl Journey {
    pub(super) fn again(&self) -> Journey {
        Journey { rule: self.rule.clone(), ..*self }
    }
}

/// It arrives after the caller has given up: over the wire, or held back inside WeChat Pay.
pub(super) fn late(journey: &mut Journey, asked: Asked, how: u32) {
    let held = |ms: u64, until_close: bool, unfaithful: bool| {
        json!({"action": "late",
            "value": {"ms": ms, "until_close": until_close, "unfaithful": unfaithful}})
    };
    let changes = asked.changes();
    match how {
        1 => journey.out = TIMEOUT + 30 * SECOND,
        2 => journey.out = TIMEOUT + 200 * SECOND,
        3 if changes => journey.rule = Some(held(60_000, false, false)),
        4 if changes => journey.rule = Some(held(590_000, false, true)),
        5 if changes => journey.rule = Some(held(590_000, true, true)),
        _ => journey.out = TIMEOUT + SECOND,
    }
}

/// Most refunds succeed.
pub(super) fn refund_ends(how: u32) -> Option<Value> {
    match how {
        12 => Some(
            json!({"action": "refund_ends", "value": {"outcome": "success", "after_ms": 90_000}}),
        ),
        13 => Some(json!({"action": "refund_ends", "value": "processing"})),
        14 => Some(json!({"action": "refund_ends", "value": "abnormal"})),
        15 => Some(json!({"action": "refund_ends", "value": "closed"})),
        _ => None,
    }
}

pub(super) fn status(status: u16, code: &str, after_effect: bool) -> Value {
    json!({"action": "status", "value":
        {"status": status, "code": code, "message": "sim", "after_effect": after_effect}})
}

pub(super) fn server_error(how: u32) -> Value {
    match how {
        0 => status(500, "SYSTEM_ERROR", false),
        1 => status(500, "SYSTEM_ERROR", true),
        2 => json!({"action": "status", "value": {"status": 502}}),
        _ => json!({"action": "status", "value": {"status": 504, "after_effect": true}}),
    }
}

/// A refusal that says that nothing happened, and is true.
pub(super) fn definite(asked: Asked, how: u32) -> Value {
    match (asked, how) {
        (Asked::Prepay, 0) => status(400, "PARAM_ERROR", false),
        (Asked::Prepay, 1) => status(403, "ACCOUNT_ERROR", false),
        (Asked::Refund, 0) => status(403, "NOT_ENOUGH", false),
        (Asked::Refund, 1) | (Asked::Apply, 0 | 1) => status(400, "PARAM_ERROR", false),
        // It takes longer than it should.
        (Asked::TradeBill | Asked::FundFlowBill, 1 | 2) => status(400, "STATEMENT_CREATING", false),
        _ => status(403, "NO_AUTH", false),
    }
}
