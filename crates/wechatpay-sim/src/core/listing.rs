//! The newest orders, each with what belongs to it: `GET /_sandbox/trades`, which the page reads again and again.
//!
//! The ledger tells the same and more; after a long run it is too much to be read every other second. MAY NOT change
//! anything, but for closing by age what it shows. Members are named as in the ledger.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::core::WeChatPay;
use crate::core::ledger::{ControlRefusal, notice_view, trade_view};
use crate::core::refund::Refund;
use crate::core::route::TradeType;
use crate::core::trade::Trade;
use crate::core::wire_time::beijing;

/// How many orders are listed when nobody says.
const NEWEST: usize = 50;
/// How many are listed at most.
const NEWEST_MAX: usize = 500;

/// What is asked for in the query of `GET /_sandbox/trades`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ListForm {
    /// So many at most; without it, 50.
    pub newest: Option<usize>,
    /// Only those whose number, WeChat Pay's number or description contains this, in whatever case.
    pub find: String,
}

impl WeChatPay {
    /// The newest orders as they stand now, newest first; and how many there are.
    pub fn newest_trades(
        &mut self,
        form: &ListForm,
        now: OffsetDateTime,
    ) -> Result<Value, ControlRefusal> {
        let newest = form.newest.unwrap_or(NEWEST);
        if !(1..=NEWEST_MAX).contains(&newest) {
            let why = format!("newest is 1 to {NEWEST_MAX}");
            return Err(ControlRefusal::bad_request(&why));
        }
        for trade in self.trades.values_mut() {
            trade.close_by_age(now);
        }
        let wanted = form.find.to_lowercase();
        let mut found: Vec<&Trade> =
            self.trades.values().filter(|trade| is_meant(trade, &wanted)).collect();
        // Of what was ordered at one instant the greater number is the newer: where numbers count up, it is.
        found.sort_unstable_by_key(|trade| (trade.created_at, &trade.form.out_trade_no));
        let of_all = found.len();
        let shown: Vec<&Trade> = found.into_iter().rev().take(newest).collect();
        let mut belongings = self.belongings(&shown);
        let views = shown.iter().map(|trade| {
            let own = belongings.remove(trade.form.out_trade_no.as_str()).unwrap_or_default();
            listed(trade, own, now)
        });
        Ok(json!({
            "now": beijing(now),
            "count": self.trades.len(),
            "found": of_all,
            "trades": views.collect::<Vec<_>>(),
        }))
    }

    /// What the QR code of a Native order leads to now.
    pub fn code_url(&self, out_trade_no: &str) -> Result<&str, ControlRefusal> {
        let Some(trade) = self.trades.get(out_trade_no) else {
            return Err(ControlRefusal::not_found("no order with this out_trade_no"));
        };
        match trade.trade_type {
            TradeType::Native => Ok(&trade.handle.value),
            TradeType::Jsapi | TradeType::H5 | TradeType::App => {
                let why = "only a Native order has a code_url";
                Err(ControlRefusal::conflict("not_native", why))
            }
        }
    }

    /// Refunds in the order in which they were accepted, notifications in that of their making.
    fn belongings(&self, shown: &[&Trade]) -> BTreeMap<String, Belongings<'_>> {
        let numbers = shown.iter().map(|trade| trade.form.out_trade_no.clone());
        let mut all: BTreeMap<String, Belongings<'_>> =
            numbers.map(|number| (number, Belongings::default())).collect();
        for refund in self.refunds.iter() {
            if let Some(own) = all.get_mut(&refund.out_trade_no) {
                own.refunds.push(refund);
            }
        }
        for notice in self.outbox.notices.values() {
            if let Some(own) = all.get_mut(&notice.of.out_trade_no) {
                own.notifications.push(notice_view(notice));
            }
        }
        for own in all.values_mut() {
            own.refunds.sort_unstable_by_key(|refund| refund.sequence);
        }
        all
    }
}

/// What belongs to an order.
#[derive(Default)]
struct Belongings<'a> {
    refunds: Vec<&'a Refund>,
    notifications: Vec<Value>,
}

fn is_meant(trade: &Trade, wanted: &str) -> bool {
    let has = |text: &str| text.to_lowercase().contains(wanted);
    wanted.is_empty()
        || has(&trade.form.out_trade_no)
        || has(&trade.form.description)
        || trade.transaction_id().is_some_and(has)
}

/// An order as the ledger shows it, whether it can be paid now, how long its prepay is good, and what belongs to it.
fn listed(trade: &Trade, own: Belongings<'_>, now: OffsetDateTime) -> Value {
    let mut view = trade_view(trade);
    let refunds: Vec<Value> = own.refunds.into_iter().map(Refund::view).collect();
    if let Some(members) = view.as_object_mut() {
        let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
        put("payable", json!(trade.is_payable(now)));
        put("prepay_good", json!(trade.is_payable(now) && trade.handle_is_good(now)));
        put("prepay_ends_at", json!(beijing(trade.handle_ends_at().min(trade.expires_at))));
        put("refunds", json!(refunds));
        put("notifications", json!(own.notifications));
    }
    view
}
