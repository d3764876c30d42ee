//! Plays one purchase through the public API, as a buyer's phone would, and prints its timeline.
//!
//! Knows nothing but URLs: what it shows is what anybody could see with curl.

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The buyer that plays: any code is a buyer to the sandbox.
const CODE: &str = "first-light";
/// How long the order may take to be paid once the sandbox was paid.
const PATIENCE_S: u64 = 30;

/// A purchase to be played.
pub(super) struct Purchase {
    /// Base URL of the API.
    pub api: String,
    /// Base URL of the sandbox.
    pub sandbox: String,
    /// What is bought.
    pub sku_id: &'static str,
}

struct Player<'a> {
    purchase: &'a Purchase,
    client: Client,
    token: String,
    start: Instant,
}

impl Purchase {
    /// Plays it.
    ///
    /// # Errors
    /// When any step does not answer as it must; in the end when the order is not paid with the
    /// very transaction that the sandbox's ledger shows.
    pub(super) async fn play(&self) -> Result<()> {
        let client = Client::builder().timeout(Duration::from_secs(20)).build()?;
        let mut player = Player { purchase: self, client, token: String::new(), start: now() };
        println!("\n一次真实的购买 · one real purchase\n");
        player.log_in().await?;
        let address = player.prepare().await?;
        let (number, out_trade_no) = player.check_out(address).await?;
        let transaction = player.pay(&out_trade_no).await?;
        player.confirm(&number, &transaction).await
    }
}

impl Player<'_> {
    async fn log_in(&mut self) -> Result<()> {
        let answer = self.api(Method::POST, "/api/mini/login", json!({"code": CODE})).await?;
        self.token = text(&answer, "/token")?;
        self.line("login", &format!("user_id {}", text(&answer, "/user_id")?));
        Ok(())
    }

    async fn prepare(&self) -> Result<i64> {
        let address = json!({"name": "李雷", "phone": "13800000000", "region": "上海市",
            "detail": "世纪大道 1 号"});
        let answer = self.api(Method::POST, "/api/mini/addresses", address).await?;
        let address = answer.pointer("/id").and_then(Value::as_i64).context("no address id")?;
        let item = json!({"sku_id": self.purchase.sku_id, "quantity": 2});
        let answer = self.api(Method::POST, "/api/mini/purchase-list/items", item).await?;
        self.line(
            "purchase list",
            &format!("2 × {} as item {}", self.purchase.sku_id, answer["id"]),
        );
        Ok(address)
    }

    async fn check_out(&self, address: i64) -> Result<(String, String)> {
        let quote = json!({"item_ids": [], "address_id": address});
        let quote = self.api(Method::POST, "/api/mini/checkout/quote", quote).await?;
        let total = quote.pointer("/amounts/total_fen").context("no total")?.clone();
        self.line("quote", &format!("total_fen {total}"));
        let body = json!({"item_ids": [], "address_id": address, "expected_total_fen": total});
        let path = "/api/mini/wechat-pay/prepay-from-checkout";
        let offer = self.api(Method::POST, path, body).await?;
        let number = text(&offer, "/order_number")?;
        let out_trade_no = text(&offer, "/out_trade_no")?;
        let recorded = self.order(&number, "").await?;
        let (_, ledger) = self.sandbox(Method::GET, "/_sandbox/ledger", &Value::Null).await?;
        let calls = ledger["log"].as_array().context("no log in the ledger")?;
        let call = calls.iter().find(|call| call["out_trade_no"] == out_trade_no.as_str());
        let called_at = instant(call.context("no prepay in the ledger")?, "/at")?;
        let placed_at = instant(&recorded, "/created_at")?;
        // The ledger counts whole seconds.
        ensure!(
            placed_at.unix_timestamp() <= called_at.unix_timestamp(),
            "recorded {placed_at}, but called {called_at}"
        );
        let recorded_at = text(&recorded, "/created_at")?;
        self.line("order recorded", &format!("order_number {number} at {recorded_at}"));
        let params = &offer["pay_params"];
        self.line("prepay", &format!("{} (signed by us)", text(params, "/package")?));
        let checked = self.sandbox(Method::POST, "/_sandbox/verify-pay-params", params).await?;
        ensure!(checked.0 == StatusCode::NO_CONTENT, "paySign was refused: {}", checked.1);
        self.line("wx.requestPayment", "paySign verified by the sandbox");
        Ok((number, out_trade_no))
    }

    async fn pay(&self, out_trade_no: &str) -> Result<String> {
        let path = format!("/_sandbox/pay/{out_trade_no}");
        let (status, trade) = self.sandbox(Method::POST, &path, &json!({})).await?;
        ensure!(status == StatusCode::OK, "the sandbox did not take the money: {trade}");
        let transaction = text(&trade, "/transaction_id")?;
        self.line("the buyer pays", &format!("transaction_id {transaction}"));
        Ok(transaction)
    }

    async fn confirm(&self, number: &str, transaction: &str) -> Result<()> {
        let deadline = now() + Duration::from_secs(PATIENCE_S);
        let order = loop {
            let order = self.order(number, "?wait=5").await?;
            if order["payment_status"] == "paid" {
                break order;
            }
            if now() > deadline {
                bail!("order {number} is still {} after {PATIENCE_S} s", order["status"]);
            }
        };
        let recorded = text(&order, "/payments/0/transaction_id")?;
        ensure!(recorded == transaction, "paid with {recorded}, not {transaction}");
        let (paid, total) = (&order["amounts"]["paid_fen"], &order["amounts"]["total_fen"]);
        ensure!(paid == total, "paid {paid} of {total} fen");
        let payments = order["payments"].as_array().context("no payments")?;
        let settling = payments.iter().filter(|payment| payment["status"] == "paid").count();
        ensure!(settling == 1, "{settling} payments are paid");
        self.line("order paid", &format!("{paid} fen, status {}", order["status"]));
        self.notified(number).await?;
        let list = self.api(Method::GET, "/api/mini/purchase-list", Value::Null).await?;
        ensure!(list["items"] == json!([]), "still on the purchase list: {}", list["items"]);
        self.line("purchase list", "empty again");
        Ok(())
    }

    /// How we heard of it: WeChat Pay's notification, acknowledged, or our own query.
    async fn notified(&self, number: &str) -> Result<()> {
        let (_, ledger) = self.sandbox(Method::GET, "/_sandbox/ledger", &Value::Null).await?;
        let notices = ledger["notifications"].as_array().context("no notifications")?;
        let ours = notices.iter().find(|notice| notice["out_trade_no"] == number);
        let last = ours.and_then(|notice| notice["attempts"].as_array()?.last());
        match last.map(|attempt| &attempt["status"]) {
            Some(status) if *status == json!(204) => {
                self.line("notification", "acknowledged with 204");
            }
            Some(Value::Null) | None => self.line("notification", "not yet; found by our query"),
            Some(other) => bail!("the notification was answered {other}"),
        }
        Ok(())
    }

    async fn order(&self, number: &str, query: &str) -> Result<Value> {
        let path = format!("/api/mini/orders/{number}{query}");
        self.api(Method::GET, &path, Value::Null).await
    }

    async fn api(&self, method: Method, path: &str, body: Value) -> Result<Value> {
        let url = format!("{}{path}", self.purchase.api);
        let key = format!("dev-{}", uuid::Uuid::from_u128(rand_key()));
        let mut request = self.client.request(method, url).header("Idempotency-Key", key);
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.with_context(|| format!("{path}: no answer"))?;
        let status = answer.status();
        let body: Value = answer.json().await.with_context(|| format!("{path}: not JSON"))?;
        ensure!(status.is_success(), "{path} answered {status}: {body}");
        Ok(body)
    }

    async fn sandbox(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<(StatusCode, Value)> {
        let mut request = self.client.request(method, format!("{}{path}", self.purchase.sandbox));
        if !body.is_null() {
            request = request.json(body);
        }
        let answer = request.send().await.with_context(|| format!("{path}: no answer"))?;
        let status = answer.status();
        let bytes = answer.bytes().await?;
        Ok((status, serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
    }

    fn line(&self, what: &str, detail: &str) {
        let millis = now().duration_since(self.start).as_millis();
        println!("  {millis:>6} ms  {what:<20} {detail}");
    }
}

fn instant(value: &Value, pointer: &str) -> Result<OffsetDateTime> {
    Ok(OffsetDateTime::parse(&text(value, pointer)?, &Rfc3339)?)
}

fn text(value: &Value, pointer: &str) -> Result<String> {
    let found = value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    found.with_context(|| format!("no {pointer} in {value}"))
}

#[expect(clippy::disallowed_methods, reason = "a player's own stopwatch, decides nothing")]
fn now() -> Instant {
    Instant::now()
}

fn rand_key() -> u128 {
    use domain::ports::IdSource as _;
    let secret = crate::ids::SystemIds::default().secret();
    secret.iter().take(16).fold(0, |key, byte| (key << 8) | u128::from(*byte))
}
