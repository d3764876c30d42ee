//! The sandbox's control routes: the buyer's thumb on "pay", trouble on purpose, the clock, the truth.

use crate::playground::api::local_client;
use crate::playground::json::text;
use crate::playground::ledger::Ledger;
use anyhow::{Context as _, Result, ensure};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use wechatpay_sim::Credentials;

/// A sandbox that runs somewhere.
#[derive(Clone)]
pub struct SandboxControl {
    client: Client,
    base: String,
}

impl SandboxControl {
    /// The sandbox at `base`, such as `http://127.0.0.1:8081`.
    pub fn at(base: String) -> Result<SandboxControl> {
        Ok(SandboxControl { client: local_client()?, base })
    }

    /// Where it is.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The merchant that it knows.
    pub async fn credentials(&self) -> Result<Credentials> {
        let body = self.done(Method::GET, "/_sandbox/credentials", &Value::Null).await?;
        serde_json::from_value(body).context("these are no credentials")
    }

    /// The buyer pays in the app: the trade.
    pub async fn pay(&self, out_trade_no: &str) -> Result<Value> {
        let path = format!("/_sandbox/pay/{out_trade_no}");
        self.done(Method::POST, &path, &json!({})).await.context("the money was not taken")
    }

    /// The buyer pays another amount than was ordered, which WeChat Pay never lets happen: the trade.
    pub async fn pay_amount(&self, out_trade_no: &str, amount_fen: i64) -> Result<Value> {
        let path = format!("/_sandbox/pay/{out_trade_no}");
        let how = json!({"unfaithful": true, "amount_fen": amount_fen});
        self.done(Method::POST, &path, &how).await.context("the money was not taken")
    }

    /// Would the app's cashier open with these parameters?
    pub async fn verify_pay_params(&self, pay_params: &Value) -> Result<()> {
        let path = "/_sandbox/verify-pay-params";
        self.done(Method::POST, path, pay_params).await.context("the cashier would not open")?;
        Ok(())
    }

    /// What truly happened.
    pub async fn ledger(&self) -> Result<Ledger> {
        self.done(Method::GET, "/_sandbox/ledger", &Value::Null).await.map(Ledger::new)
    }

    /// Trouble on purpose, instead of what there was.
    pub async fn faults(&self, rules: Value) -> Result<()> {
        self.done(Method::PUT, "/_sandbox/faults", &json!({"rules": rules})).await.map(drop)
    }

    /// Moves its clock: `now`, `advance_s`, `speed`.
    pub async fn clock(&self, change: &Value) -> Result<Value> {
        self.done(Method::PUT, "/_sandbox/clock", change).await
    }

    /// Sends a payment's notification now, once, honest or tampered with: the attempt with its answer.
    pub async fn notify(&self, out_trade_no: &str, tamper: Option<&str>) -> Result<Value> {
        let path = format!("/_sandbox/notify/{out_trade_no}");
        self.done(Method::POST, &path, &json!({"tamper": tamper})).await
    }

    /// Which key signs: `certificate`, `public_key` or `mixed`.
    pub async fn mode(&self, verification: &str) -> Result<()> {
        let mode = json!({"verification": verification});
        self.done(Method::POST, "/_sandbox/mode", &mode).await.map(drop)
    }

    /// WeChat Pay signs with another certificate from now on: its serial.
    pub async fn rotate_platform_certificate(&self) -> Result<String> {
        let rotated = self.done(Method::POST, "/_sandbox/keys/rotate", &Value::Null).await?;
        text(&rotated, "/platform_serial")
    }

    /// Another key of the merchant, beside those there are: all credentials with it.
    pub async fn another_merchant_key(&self) -> Result<Credentials> {
        self.done(Method::POST, "/_sandbox/merchant-keys", &Value::Null).await?;
        self.credentials().await
    }

    /// The merchant can no longer sign with this key.
    pub async fn revoke_merchant_key(&self, serial: &str) -> Result<()> {
        let path = format!("/_sandbox/merchant-keys/{serial}/revoke");
        self.done(Method::POST, &path, &Value::Null).await.map(drop)
    }

    async fn done(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if !body.is_null() {
            request = request.json(body);
        }
        let answer = request.send().await.with_context(|| format!("{path}: no answer"))?;
        let (status, bytes) = (answer.status(), answer.bytes().await?);
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        ensure!(status.is_success(), "{path} answered {status}: {body}");
        ensure!(status == StatusCode::NO_CONTENT || !body.is_null(), "{path}: not JSON");
        Ok(body)
    }
}
