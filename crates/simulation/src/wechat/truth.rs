//! What is true of WeChat Pay, as far as the oracle asks: who paid what, and what was ordered.
//!
//! Written only from what the core itself did; the service has no part in it.

use domain::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use wechatpay_sim::core::exchange::{ApiRequest, Exchange};

/// Money that WeChat Pay took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paid {
    /// Our number.
    pub out_trade_no: String,
    /// WeChat Pay's number; empty when nothing was paid.
    pub transaction_id: String,
    /// What was paid, in fen, before coupons: what was asked, but for who pays another sum.
    pub total_fen: i64,
    /// What of it the payer paid: less with a coupon.
    pub payer_fen: i64,
    /// The application.
    pub appid: String,
    /// When.
    pub at: Timestamp,
}

/// What is true.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// Every success, by our number.
    pub paid: BTreeMap<String, Paid>,
    /// Every success under our merchant number, by the number: also of what others ordered.
    pub took: BTreeMap<String, Paid>,
    /// Those of them that other systems of the merchant ordered.
    pub foreign: BTreeSet<String>,
    /// Those of them that WeChat Pay would not have taken: closed, or too late.
    pub unfaithful: BTreeSet<String>,
    /// The body that ordered each number, the first time.
    pub ordered: BTreeMap<String, Vec<u8>>,
}

impl Truth {
    pub(super) fn paid(&mut self, view: &Value, coupon: i64, pays: bool, now: Timestamp) -> Paid {
        let text = |name: &str| view[name].as_str().unwrap_or_default().to_owned();
        let paid = Paid {
            out_trade_no: text("out_trade_no"),
            transaction_id: text("transaction_id"),
            total_fen: view["paid_fen"].as_i64().or(view["total_fen"].as_i64()).unwrap_or(0),
            payer_fen: view["payer_total_fen"].as_i64().unwrap_or(0),
            appid: text("appid"),
            at: now,
        };
        let _lowers_only_what_the_payer_paid = coupon;
        if pays {
            self.took.insert(paid.out_trade_no.clone(), paid.clone());
        }
        if pays && !self.foreign.contains(&paid.out_trade_no) {
            self.paid.insert(paid.out_trade_no.clone(), paid.clone());
            if view["unfaithful"] == true {
                self.unfaithful.insert(paid.out_trade_no.clone());
            }
        }
        paid
    }

    /// A prepay that was answered well is an order.
    pub(super) fn answered(&mut self, request: &ApiRequest, exchange: &Exchange) {
        if request.method != "POST" || !request.path().starts_with("/v3/pay/transactions/") {
            return;
        }
        if exchange.answer.as_ref().is_none_or(|answer| answer.status != 200) {
            return;
        }
        let asked = serde_json::from_slice::<Value>(&request.body).unwrap_or_default();
        let Some(number) = asked["out_trade_no"].as_str() else { return };
        self.ordered.entry(number.to_owned()).or_insert_with(|| request.body.clone());
    }
}
