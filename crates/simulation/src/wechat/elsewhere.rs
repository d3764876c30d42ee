//! Payments that another system of the same merchant orders, or that a part of ours ordered whose
//! database is lost: WeChat Pay knows them, we do not.

use super::{WeChat, moment};
use crate::wechat::Keys;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use wechatpay_sim::core::exchange::ApiRequest;

/// Whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin<'a> {
    /// Ours: its order, as `attach` names it, in this deployment.
    Lost(&'a str),
    /// Another system's.
    Foreign,
}

impl WeChat {
    /// Orders `number` with the terms of `like`, which was ordered by us. Whether it was accepted.
    pub fn order_like(
        &self,
        (like, number): (&str, &str),
        origin: Origin<'_>,
        now: Timestamp,
    ) -> bool {
        let body = self.truth(|truth| truth.ordered.get(like).cloned()).unwrap_or_default();
        let mut body: Value = serde_json::from_slice(&body).unwrap_or_default();
        body["out_trade_no"] = json!(number);
        body["attach"] = match origin {
            Origin::Lost(order) => json!(format!("pd1.sim.{order}")),
            Origin::Foreign => json!("another system"),
        };
        let is_jsapi = body.get("payer").is_some();
        let target = format!("/v3/pay/transactions/{}", if is_jsapi { "jsapi" } else { "native" });
        let Some(request) = self.signed(&target, &body.to_string(), now) else { return false };
        self.inside().truth.elsewhere.insert(number.to_owned());
        if origin == Origin::Foreign {
            self.inside().truth.foreign.insert(number.to_owned());
        }
        let exchange = self.handle(&request, None, now);
        exchange.answer.is_some_and(|answer| answer.status == 200)
    }

    fn signed(&self, target: &str, body: &str, now: Timestamp) -> Option<ApiRequest> {
        let client = self.keys.client();
        let settings = client.merchant_keys.first()?;
        let key = self.keys.scheme().private_key(settings.private_key.expose_secret()).ok()?;
        let (seconds, nonce) =
            (moment(now).real.unix_timestamp(), format!("elsewhere{}", body.len()));
        let message = format!("POST\n{target}\n{seconds}\n{nonce}\n{body}\n");
        let signature = STANDARD.encode(key.sign(message.as_bytes()).ok()?);
        let authorization = format!(
            "WECHATPAY2-SHA256-RSA2048 mchid=\"{}\",nonce_str=\"{nonce}\",\
             signature=\"{signature}\",timestamp=\"{seconds}\",serial_no=\"{}\"",
            Keys::MCHID,
            settings.serial.as_deref().unwrap_or_default(),
        );
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Some(ApiRequest {
            method: "POST".to_owned(),
            target: target.to_owned(),
            headers: vec![
                header("Authorization", &authorization),
                header("Accept", "application/json"),
                header("Content-Type", "application/json"),
                header("User-Agent", "another system"),
            ],
            body: body.as_bytes().to_vec(),
        })
    }
}
