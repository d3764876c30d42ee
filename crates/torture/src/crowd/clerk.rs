//! The back office at work: brings goods in, sends out what is paid, looks after refunds.

use crate::chance::Chance;
use crate::clock::{Stopwatch, pause_ms};
use crate::crowd::Outside;
use crate::crowd::buyer::{COMMON, SCARCE};
use crate::crowd::office::{Office, Who};
use crate::crowd::phone::Phone;
use crate::crowd::shop;
use crate::stage::Stage;
use anyhow::Result;
use serde_json::json;
use std::time::Duration;

const PLENTY: i64 = 1_000_000;

/// An operator at work.
pub(super) struct Clerk {
    phone: Phone,
    office: Office,
    chance: Chance,
}

impl Clerk {
    pub(super) fn new(stage: &Stage, outside: &Outside, chance: Chance) -> Clerk {
        let phone = Phone::new(stage.door.addr, outside, chance.clone());
        let office = Office::of(&phone);
        Clerk { phone: phone.holding(&outside.keys.operator), office, chance }
    }

    /// What it wants just now is on this.
    pub(super) fn phone(&self) -> &Phone {
        &self.phone
    }

    /// Works for so long, and brings to its end what is in hand then.
    pub(super) async fn work(mut self, limit: Duration) {
        let begun = Stopwatch::start();
        while begun.elapsed() < limit {
            pause_ms(self.chance.between(200, 2_500)).await;
            match self.chance.below(7) {
                0 | 1 => self.office.bring(SCARCE, 1).await,
                2 => self.decide_about_refunds().await,
                3 => self.mind_the_cases().await,
                4 => self.office.ask_for_the_invariants().await,
                _ => self.send_out().await,
            }
        }
    }

    /// Buyers of what was sent have to wait for a yes. Some get a no, and some money goes back unasked.
    async fn decide_about_refunds(&mut self) {
        let shipped = self.office.orders("shipped").await;
        let Some(order) = shipped.get(self.chance.below(shipped.len())) else { return };
        let refunds = order["refunds"].as_array().into_iter().flatten();
        let waiting = refunds.filter(|refund| refund["status"] == "awaiting_approval");
        for refund in waiting.filter_map(|refund| refund["out_refund_no"].as_str()) {
            let word = if self.chance.permille(700) { "approve" } else { "decline" };
            self.office.say(Who::Approver, word, refund).await;
        }
        let number = order["order_number"].as_str().unwrap_or_default();
        self.office.give_back(number, 1).await;
    }

    /// What WeChat Pay refused may go now; some of it is paid back by bank.
    async fn mind_the_cases(&mut self) {
        let troubled = self.office.troubled_refunds().await;
        let Some(refund) = troubled.get(self.chance.below(troubled.len())) else { return };
        if self.chance.permille(600) {
            self.office.retry(refund).await;
        } else {
            self.office.settle_offline(refund).await;
        }
    }

    async fn send_out(&mut self) {
        let ready = self.office.orders("ready").await;
        let Some(order) = ready.get(self.chance.below(ready.len())) else { return };
        let number = order["order_number"].as_str().unwrap_or_default();
        if !self.office.ship(number).await {
            return;
        }
        for step in ["deliver", "complete"].into_iter().take(self.chance.below(3)) {
            if !self.office.step(number, step, &json!({})).await {
                return;
            }
        }
    }
}

/// Opens the shop, before any trouble.
pub(crate) async fn stock_up(stage: &Stage, outside: &Outside, chance: Chance) -> Result<()> {
    let office = Office::of(&Phone::new(stage.door.addr, outside, chance));
    for (sku, price_fen, stock) in
        [(COMMON[0], 6_800, PLENTY), (COMMON[1], 29_900, PLENTY), (SCARCE, 500, 2)]
    {
        office.put_on_sale(sku, price_fen).await?;
        office.bring(sku, stock).await;
    }
    shop::open(&office).await
}
