//! The back office: brings goods in, sends out what is paid.

use crate::chance::Chance;
use crate::clock::pause_ms;
use crate::crowd::Outside;
use crate::crowd::buyer::{COMMON, SCARCE, expect};
use crate::crowd::phone::Phone;
use crate::stage::Stage;
use anyhow::{Result, ensure};
use serde_json::{Value, json};

const PLENTY: i64 = 1_000_000;

/// An operator at work.
pub(super) struct Clerk {
    phone: Phone,
    chance: Chance,
}

impl Clerk {
    pub(super) fn new(stage: &Stage, outside: &Outside, chance: Chance) -> Clerk {
        let phone = Phone::new(stage.door.addr, outside, chance.clone());
        Clerk { phone: phone.holding(&stage.operator_key), chance }
    }

    /// Works until somebody says stop.
    pub(super) async fn work(mut self) {
        loop {
            pause_ms(self.chance.between(200, 2_500)).await;
            match self.chance.below(5) {
                0 | 1 => self.bring(SCARCE, 1).await,
                2 => self.decide_about_refunds().await,
                _ => self.send_out().await,
            }
        }
    }

    async fn bring(&self, sku: &str, quantity: i64) {
        let delta = json!({"delta": quantity, "reason": "delivery"});
        let path = format!("/api/admin/skus/{sku}/stock");
        let answer = self.phone.insist("POST", &path, &delta).await;
        if !expect(&self.phone, "stock", &answer, &[]) {
            self.phone.outside().watch.tally.count("clerk: goods brought in");
        }
    }

    /// The newest orders in this state.
    async fn orders(&self, status: &str) -> Vec<Value> {
        let path = format!("/api/admin/orders?status={status}&limit=50");
        let listed = self.phone.insist("GET", &path, &Value::Null).await;
        expect(&self.phone, "list", &listed, &[]);
        listed.body["data"].as_array().cloned().unwrap_or_default()
    }

    /// Buyers of what was sent have to wait for a yes. Some get a no, and some money goes back unasked.
    async fn decide_about_refunds(&mut self) {
        let shipped = self.orders("shipped").await;
        let Some(order) = shipped.get(self.chance.below(shipped.len())) else { return };
        let refunds = order["refunds"].as_array().into_iter().flatten();
        let waiting = refunds.filter(|refund| refund["status"] == "awaiting_approval");
        for refund in waiting.filter_map(|refund| refund["out_refund_no"].as_str()) {
            let word = if self.chance.permille(700) { "approve" } else { "decline" };
            let path = format!("/api/admin/refunds/{refund}/{word}");
            let answer = self.phone.insist("POST", &path, &json!({})).await;
            if !expect(&self.phone, word, &answer, &["order_state_conflict"]) {
                self.phone.outside().watch.tally.count(format!("refunds: {word}d by the clerk"));
            }
        }
        let number = order["order_number"].as_str().unwrap_or_default();
        let path = format!("/api/admin/orders/{number}/refunds");
        let body = json!({"amount_fen": 1, "reason": "a broken corner"});
        let answer = self.phone.insist("POST", &path, &body).await;
        let allowed = ["refund_exceeds_paid", "refund_limit_reached", "order_not_refundable"];
        if !expect(&self.phone, "refund", &answer, &allowed) {
            self.phone.outside().watch.tally.count("refunds: given by the clerk");
        }
    }

    async fn send_out(&mut self) {
        let ready = self.orders("ready").await;
        let Some(order) = ready.get(self.chance.below(ready.len())) else { return };
        let number = order["order_number"].as_str().unwrap_or_default();
        let package = json!({"logistics_type": 1, "packages": [{"express_company": "YTO",
            "tracking_no": format!("T{number}"), "item_desc": "tea"}]});
        let steps = [("ship", package), ("deliver", json!({})), ("complete", json!({}))];
        for (step, body) in steps.into_iter().take(self.chance.below(3).saturating_add(1)) {
            let path = format!("/api/admin/orders/{number}/{step}");
            let answer = self.phone.insist("POST", &path, &body).await;
            if expect(&self.phone, step, &answer, &["order_state_conflict"]) {
                return;
            }
            self.phone.outside().watch.tally.count(format!("clerk: {step}"));
        }
    }
}

/// Opens the shop, before any trouble.
pub(crate) async fn stock_up(stage: &Stage, outside: &Outside, chance: Chance) -> Result<()> {
    let clerk = Clerk::new(stage, outside, chance);
    for (sku, price_fen, stock) in
        [(COMMON[0], 6_800, PLENTY), (COMMON[1], 29_900, PLENTY), (SCARCE, 500, 2)]
    {
        let body = json!({"title": sku, "price_fen": price_fen, "cost_price_fen": 1});
        let path = format!("/api/admin/skus/{sku}");
        let answer = clerk.phone.insist("PUT", &path, &body).await;
        ensure!(answer.is_success(), "the shop cannot be opened: {answer}");
        clerk.bring(sku, stock).await;
    }
    Ok(())
}
