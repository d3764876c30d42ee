//! Plays one purchase through the public API, as a buyer's phone would, and prints its timeline.
//!
//! Knows nothing but URLs: what it shows is what anybody could see with curl.

use crate::playground::api::Api;
use crate::playground::buyer::{Buyer, Offer};
use crate::playground::json::{instant, list, text};
use crate::playground::sandbox::SandboxControl;
use crate::playground::stopwatch::Stopwatch;
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use std::time::Duration;

/// The buyer that plays: any code is a buyer to the sandbox.
const CODE: &str = "first-light";
/// How long the order may take to be paid once the sandbox was paid.
const PATIENCE: Duration = Duration::from_secs(30);

/// A purchase to be played.
pub(super) struct Purchase {
    /// Base URL of the API.
    pub api: String,
    /// Base URL of the sandbox.
    pub sandbox: String,
    /// What is bought.
    pub sku_id: &'static str,
}

struct Player {
    sku_id: &'static str,
    buyer: Buyer,
    sandbox: SandboxControl,
    begun: Stopwatch,
}

impl Purchase {
    /// Plays it.
    ///
    /// # Errors
    /// When any step does not answer as it must; in the end when the order is not paid with the
    /// very transaction that the sandbox's ledger shows.
    pub(super) async fn play(&self) -> Result<()> {
        println!("\n一次真实的购买 · one real purchase\n");
        let begun = Stopwatch::start();
        let sandbox = SandboxControl::at(self.sandbox.clone())?;
        let buyer = Buyer::arrive(&Api::at(self.api.clone())?, CODE).await?;
        let player = Player { sku_id: self.sku_id, buyer, sandbox, begun };
        player.line("login", &format!("user_id {}", player.buyer.user_id));
        let offer = player.check_out().await?;
        let transaction = player.pay(&offer.out_trade_no).await?;
        player.confirm(&offer.order_number, &transaction).await
    }
}

impl Player {
    async fn check_out(&self) -> Result<Offer> {
        let item = self.buyer.want(self.sku_id, 2).await?;
        self.line("purchase list", &format!("2 × {} as item {item}", self.sku_id));
        let total = self.buyer.quote().await?;
        self.line("quote", &format!("total_fen {total}"));
        let offer = Offer::of(&self.buyer.check_out_for(total).await?)?;
        ensure!(offer.amount_fen == total, "quoted {total} fen, asked for {}", offer.amount_fen);
        let (number, out_trade_no) = (&offer.order_number, &offer.out_trade_no);
        let recorded = self.buyer.order(number).await?;
        let ledger = self.sandbox.ledger().await?;
        let mut calls = ledger.calls("prepay");
        let call = calls.find(|call| call["out_trade_no"] == out_trade_no.as_str());
        let called_at = instant(call.context("no prepay in the ledger")?, "/at")?;
        let placed_at = instant(&recorded, "/created_at")?;
        // The ledger counts whole seconds.
        ensure!(
            placed_at.unix_timestamp() <= called_at.unix_timestamp(),
            "recorded {placed_at}, but called {called_at}"
        );
        let recorded_at = text(&recorded, "/created_at")?;
        self.line("order recorded", &format!("order_number {number} at {recorded_at}"));
        let params = &offer.pay_params;
        self.line("prepay", &format!("{} (signed by us)", text(params, "/package")?));
        self.sandbox.verify_pay_params(params).await?;
        self.line("wx.requestPayment", "paySign verified by the sandbox");
        Ok(offer)
    }

    async fn pay(&self, out_trade_no: &str) -> Result<String> {
        let trade = self.sandbox.pay(out_trade_no).await?;
        let transaction = text(&trade, "/transaction_id")?;
        self.line("the buyer pays", &format!("transaction_id {transaction}"));
        Ok(transaction)
    }

    async fn confirm(&self, number: &str, transaction: &str) -> Result<()> {
        let order = self.buyer.paid_order(number, PATIENCE).await?;
        let recorded = text(&order, "/payments/0/transaction_id")?;
        ensure!(recorded == transaction, "paid with {recorded}, not {transaction}");
        let (paid, total) = (&order["amounts"]["paid_fen"], &order["amounts"]["total_fen"]);
        ensure!(paid == total, "paid {paid} of {total} fen");
        let payments = list(&order, "/payments")?;
        let settling = payments.iter().filter(|payment| payment["status"] == "paid").count();
        ensure!(settling == 1, "{settling} payments are paid");
        self.line("order paid", &format!("{paid} fen, status {}", order["status"]));
        self.notified(number).await?;
        let wanted = self.buyer.wanted().await?;
        ensure!(wanted == json!([]), "still on the purchase list: {wanted}");
        self.line("purchase list", "empty again");
        Ok(())
    }

    /// How we heard of it: WeChat Pay's notification, acknowledged, or our own query.
    async fn notified(&self, number: &str) -> Result<()> {
        let ledger = self.sandbox.ledger().await?;
        match ledger.attempts(number).last().map(|attempt| &attempt["status"]) {
            Some(status) if *status == json!(204) => {
                self.line("notification", "acknowledged with 204");
            }
            Some(Value::Null) | None => self.line("notification", "not yet; found by our query"),
            Some(other) => bail!("the notification was answered {other}"),
        }
        Ok(())
    }

    fn line(&self, what: &str, detail: &str) {
        let millis = self.begun.elapsed().as_millis();
        println!("  {millis:>6} ms  {what:<20} {detail}");
    }
}
