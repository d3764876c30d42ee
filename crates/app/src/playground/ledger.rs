//! The sandbox's ledger: what was truly ordered, paid, said and answered.
//!
//! May not interpret: it finds entries and counts them.

use crate::playground::json::instant;
use anyhow::{Context as _, Result};
use serde_json::Value;
use time::OffsetDateTime;

/// One reading of it.
pub struct Ledger(Value);

impl Ledger {
    /// What the sandbox answered.
    pub fn new(body: Value) -> Ledger {
        Ledger(body)
    }

    /// Business time of the reading.
    pub fn now(&self) -> Result<OffsetDateTime> {
        instant(&self.0, "/now")
    }

    /// Every order that WeChat Pay knows.
    pub fn trades(&self) -> impl Iterator<Item = &Value> {
        self.entries("trades")
    }

    /// The order with this number.
    pub fn trade(&self, out_trade_no: &str) -> Result<&Value> {
        let found = self.trades().find(|trade| trade["out_trade_no"] == out_trade_no);
        found.with_context(|| format!("WeChat Pay knows no order {out_trade_no}"))
    }

    /// Every refund of a payment that WeChat Pay accepted.
    pub fn refunds(&self, out_trade_no: &str) -> impl Iterator<Item = &Value> {
        self.entries("refunds").filter(move |refund| refund["out_trade_no"] == out_trade_no)
    }

    /// The notification about a payment.
    pub fn notice(&self, out_trade_no: &str) -> Option<&Value> {
        self.entries("notifications").find(|notice| {
            notice["out_trade_no"] == out_trade_no && notice["out_refund_no"].is_null()
        })
    }

    /// Every attempt to deliver the notification about a payment.
    pub fn attempts(&self, out_trade_no: &str) -> &[Value] {
        let notice = self.notice(out_trade_no);
        notice.and_then(|notice| notice["attempts"].as_array()).map_or(&[], Vec::as_slice)
    }

    /// How many of them were answered with this status.
    pub fn answered(&self, out_trade_no: &str, status: u16) -> usize {
        self.attempts(out_trade_no).iter().filter(|attempt| attempt["status"] == status).count()
    }

    /// The log of API calls of one kind, such as `prepay` or `query`.
    pub fn calls<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.entries("log").filter(move |call| call["kind"] == kind)
    }

    /// How many calls of this kind were made for this number.
    pub fn calls_for(&self, kind: &str, out_trade_no: &str) -> usize {
        self.calls(kind).filter(|call| call["out_trade_no"] == out_trade_no).count()
    }

    /// Calls counted by kind and number: `kind`, `out_trade_no`, `count`, `effective`.
    pub fn counts(&self) -> impl Iterator<Item = &Value> {
        self.entries("calls")
    }

    /// Every API call, oldest first.
    pub fn log(&self) -> impl Iterator<Item = &Value> {
        self.entries("log")
    }

    /// How many calls of this kind were made for this refund.
    pub fn calls_for_refund(&self, kind: &str, out_refund_no: &str) -> usize {
        self.calls(kind).filter(|call| call["out_refund_no"] == out_refund_no).count()
    }

    fn entries(&self, name: &str) -> impl Iterator<Item = &Value> {
        self.0[name].as_array().into_iter().flatten()
    }
}
