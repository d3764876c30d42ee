//! A client as a good one is written: every request has a key, and a request without a final answer
//! is repeated with the same key, however often the service dies meanwhile.

use crate::processes::deployment::{Instance, PATIENCE};
use app::playground::api::local_client;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

pub const CHECKOUT: &str = "/api/mini/wechat-pay/prepay-from-checkout";
const NOBODY_ANSWERS: Duration = Duration::from_millis(50);

static KEYS: AtomicU64 = AtomicU64::new(1);

/// Somebody who calls the API, at one instance or at several by turns.
#[derive(Clone)]
pub struct Phone {
    client: Client,
    bases: Arc<[String]>,
    turn: Arc<AtomicUsize>,
    token: Option<String>,
}

/// One answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
    pub retry_after: Option<Duration>,
}

/// A final answer, and what was answered before.
#[derive(Debug)]
pub struct Insisted {
    pub last: Answer,
    /// Every order that any answer named.
    pub orders: BTreeSet<String>,
}

impl Phone {
    pub fn at(instances: &[&Instance]) -> Phone {
        let bases = instances.iter().map(|one| format!("http://{}", one.addr)).collect();
        let turn = Arc::new(AtomicUsize::new(0));
        Phone { client: local_client().unwrap(), bases, turn, token: None }
    }

    /// The same, with a token or a key.
    pub fn holding(&self, token: String) -> Phone {
        Phone { token: Some(token), ..self.clone() }
    }

    /// Logs in, with an address and something on the list.
    pub async fn buyer(&self, code: &str, sku: &str) -> Buyer {
        let login = self.done(Method::POST, "/api/mini/login", &json!({"code": code})).await;
        let phone = self.holding(login["token"].as_str().unwrap().to_owned());
        let address = json!({"name": "a", "phone": "13800000000", "region": "b", "detail": "c"});
        let address = phone.done(Method::POST, "/api/mini/addresses", &address).await;
        let item = json!({"sku_id": sku, "quantity": 1});
        phone.done(Method::POST, "/api/mini/purchase-list/items", &item).await;
        Buyer { phone, address: address["id"].as_i64().unwrap() }
    }

    /// One request to one instance; an error when there was no answer.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        key: &str,
    ) -> reqwest::Result<Answer> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let base = &self.bases[turn % self.bases.len()];
        let mut request = self.client.request(method, format!("{base}{path}"));
        request = request.header("Idempotency-Key", key);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let seconds = answer.headers().get("Retry-After").and_then(|value| value.to_str().ok());
        let retry_after = seconds.and_then(|text| text.parse().ok()).map(Duration::from_secs);
        let status = answer.status().as_u16();
        // An answer that breaks off is no answer.
        let bytes = answer.bytes().await?;
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Ok(Answer { status, body, retry_after })
    }

    /// Sends a request under one key until its answer is final.
    pub async fn insist(&self, method: Method, path: &str, body: &Value) -> Insisted {
        let key = format!("process-key-{:08}", KEYS.fetch_add(1, Ordering::Relaxed));
        let (begun, mut orders) = (Instant::now(), BTreeSet::new());
        loop {
            let answer = self.send(method.clone(), path, body, &key).await;
            let pause = match answer {
                Ok(answer) => {
                    let named = answer.body["order_number"].as_str().map(str::to_owned);
                    orders.extend(named);
                    if answer.is_final() {
                        return Insisted { last: answer, orders };
                    }
                    assert!(begun.elapsed() < PATIENCE, "{path} is never done: {answer:?}");
                    answer.retry_after.unwrap_or(NOBODY_ANSWERS)
                }
                Err(error) => {
                    assert!(begun.elapsed() < PATIENCE, "{path} is never answered: {error}");
                    NOBODY_ANSWERS
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// A request that has to succeed in the end: its body.
    pub async fn done(&self, method: Method, path: &str, body: &Value) -> Value {
        let answer = self.insist(method, path, body).await.last;
        assert!((200..300).contains(&answer.status), "{path}: {answer:?}");
        answer.body
    }
}

impl Answer {
    /// Not "come back": neither unknown, nor busy, nor still being answered.
    fn is_final(&self) -> bool {
        let comes_back = self.body["code"] == "request_in_progress";
        self.status != 202 && self.status != 503 && !comes_back
    }
}

/// A buyer who is logged in, has an address, and wants something.
#[derive(Clone)]
pub struct Buyer {
    pub phone: Phone,
    address: i64,
}

/// An order with its payment on offer.
#[derive(Clone, Debug)]
pub struct Offer {
    pub order: String,
    pub out_trade_no: String,
}

impl Buyer {
    /// The same buyer at another instance.
    pub fn at(&self, instance: &Instance) -> Buyer {
        let phone = Phone { token: self.phone.token.clone(), ..Phone::at(&[instance]) };
        Buyer { phone, address: self.address }
    }

    /// Checks out everything they want.
    pub async fn check_out(&self) -> Offer {
        self.offered(CHECKOUT, &self.everything()).await
    }

    /// Places an order to be paid later: its number.
    pub async fn place(&self) -> String {
        let mut wish = self.everything();
        wish["payment_method"] = json!("wechat");
        let placed = self.one_order("/api/mini/orders", &wish).await;
        placed["order_number"].as_str().unwrap().to_owned()
    }

    /// Asks to pay an order this way.
    pub async fn pay_by(&self, order: &str, trade_type: &str) -> Offer {
        let path = format!("/api/mini/orders/{order}/wechat-pay/prepay");
        self.offered(&path, &json!({"trade_type": trade_type})).await
    }

    pub async fn cancel(&self, order: &str) {
        self.one_order(&format!("/api/mini/orders/{order}/cancel"), &json!({})).await;
    }

    async fn offered(&self, path: &str, body: &Value) -> Offer {
        let offer = self.one_order(path, body).await;
        assert!(offer["pay_params"].is_object(), "nothing to pay with: {offer}");
        let text = |name: &str| offer[name].as_str().unwrap().to_owned();
        Offer { order: text("order_number"), out_trade_no: text("out_trade_no") }
    }

    /// Whatever happens on the way, one key is about one order.
    async fn one_order(&self, path: &str, body: &Value) -> Value {
        let Insisted { last, orders, .. } = self.phone.insist(Method::POST, path, body).await;
        assert!((200..300).contains(&last.status), "{path}: {last:?}");
        assert_eq!(orders.len(), 1, "one key, one order: {orders:?}");
        last.body
    }

    fn everything(&self) -> Value {
        json!({"item_ids": [], "address_id": self.address})
    }
}
