//! What the shop sells through besides WeChat Pay: coupons, wallets, points, cash. Through the public API,
//! on a real Postgres, whose own tables are asked at the end whether everything adds up.

mod cash;
mod coupons;
mod points;
mod recharges;
mod wallet;

use crate::world::{Buyer, World};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

const ORDERS: &str = "/api/mini/orders";
const RECHARGES: &str = "/api/mini/recharges";

/// What was answered under a key.
#[derive(Clone, Debug, PartialEq)]
struct Said {
    status: StatusCode,
    /// Whether it says that it was said before.
    replayed: bool,
    body: Value,
}

impl Said {
    fn code(&self) -> (u16, &str) {
        (self.status.as_u16(), self.body["code"].as_str().unwrap_or_default())
    }

    fn at(&self) -> (u16, bool) {
        (self.status.as_u16(), self.replayed)
    }
}

impl World {
    /// A POST under a key of the caller's. A busy machine is asked again.
    async fn post(&self, token: &str, path: &str, body: &Value, key: &str) -> Said {
        for _ in 0..30 {
            let mut request = self.client.post(self.api(path)).bearer_auth(token);
            request = request.header("Idempotency-Key", key);
            if !body.is_null() {
                request = request.json(body);
            }
            let answer = request.send().await.expect("an answer");
            let (status, headers) = (answer.status(), answer.headers().clone());
            let replayed = headers.get("idempotent-replayed").is_some_and(|said| said == "true");
            let body: Value = answer.json().await.unwrap_or(Value::Null);
            if body["code"] != "try_again" {
                return Said { status, replayed, body };
            }
        }
        panic!("{path} is busy for ever");
    }

    async fn look(&self, token: &str, path: &str) -> Value {
        let (status, body) = self.call(token, Method::GET, path, Value::Null).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Offers a package of this id: so much of `credit` for as many fen, and a bonus.
    async fn put_package(&self, id: &str, credit: &str, principal: i64, bonus: i64) {
        let package = json!({"title": id, "price_fen": principal, "credit": credit,
            "principal": principal, "bonus": bonus});
        let path = format!("/api/admin/recharge-packages/{id}");
        let (status, answer) = self.call(&self.admin_key, Method::PUT, &path, package).await;
        assert_eq!(status, 201, "{answer}");
    }

    /// The buyer recharges and pays: the number of the order.
    async fn recharged(&self, buyer: &Buyer, package: &str) -> String {
        let wish = json!({"package_id": package});
        let (status, offer) = self.call(&buyer.token, Method::POST, RECHARGES, wish).await;
        assert_eq!(status, 201, "{offer}");
        let number = offer["order_number"].as_str().unwrap().to_owned();
        self.pay(&number).await;
        let order = self.paid_order(buyer, &number).await;
        assert_eq!(order["status"], "completed", "{order}");
        number
    }

    async fn in_wallet(&self, buyer: &Buyer) -> i64 {
        self.look(&buyer.token, "/api/mini/wallet").await["balance_fen"].as_i64().unwrap()
    }

    async fn points_of(&self, buyer: &Buyer) -> i64 {
        self.look(&buyer.token, "/api/mini/points").await["balance"].as_i64().unwrap()
    }

    /// The entries of a buyer's account, newest first: kind, amount, balance after.
    async fn entries(&self, buyer: &Buyer, account: &str) -> Vec<(String, i64, i64)> {
        let path = format!("/api/mini/{account}/entries");
        let page = self.look(&buyer.token, &path).await;
        assert_eq!(page["next_cursor"], Value::Null, "all of them");
        let entries = page["data"].as_array().unwrap().iter();
        entries
            .map(|entry| {
                let number = |field: &str| entry[field].as_i64().unwrap();
                let kind = entry["kind"].as_str().unwrap().to_owned();
                (kind, number("amount"), number("balance_after"))
            })
            .collect()
    }

    /// Places an order of everything on the list.
    async fn place(&self, buyer: &Buyer, method: &str, key: &str) -> Said {
        let wish = json!({"item_ids": [], "address_id": buyer.address, "payment_method": method});
        self.post(&buyer.token, ORDERS, &wish, key).await
    }

    /// The order once this is true of it.
    async fn until_order(&self, buyer: &Buyer, number: &str, is: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        for _ in 0..150 {
            last = self.order(buyer, number, 0).await;
            if is(&last) {
                return last;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("it never came to be: {last}");
    }

    /// A number that this question of the database has as its only answer.
    async fn count(&self, question: &str) -> i64 {
        let rows = self.database.query_text(question).await;
        rows[0].parse().unwrap()
    }
}

fn number_of(order: &Value) -> String {
    order["order_number"].as_str().unwrap().to_owned()
}
