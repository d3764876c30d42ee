//! The named races between a buyer, a cancellation, WeChat Pay and ourselves, each with its
//! interleaving forced by the sandbox's faults. `docs/races.md` says which test shows which.

mod cancelling;
mod paying;
mod telling;

use crate::world::{Buyer, World};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Queries of payments at WeChat Pay.
const QUERIES: &str = "/v3/pay/transactions/out-trade-no/*";

impl World {
    /// A POST about an order of the buyer.
    async fn ask(
        &self,
        buyer: &Buyer,
        number: &str,
        what: &str,
        body: Value,
    ) -> (StatusCode, Value) {
        let path = format!("/api/mini/orders/{number}/{what}");
        self.call(&buyer.token, Method::POST, &path, body).await
    }

    /// Asks to pay for an order.
    async fn prepay(&self, buyer: &Buyer, number: &str, trade_type: &str) -> (StatusCode, Value) {
        self.ask(buyer, number, "wechat-pay/prepay", json!({"trade_type": trade_type})).await
    }

    async fn cancel(&self, buyer: &Buyer, number: &str) -> Value {
        let (status, order) = self.ask(buyer, number, "cancel", json!({})).await;
        assert_eq!(status, 200, "{order}");
        order
    }

    /// The order once `status` is what it has; waits as a client waits.
    async fn until(&self, buyer: &Buyer, number: &str, wanted: &str) -> Value {
        let mut last = Value::Null;
        for _ in 0..20 {
            last = self.order(buyer, number, 2).await;
            if last["status"] == wanted {
                return last;
            }
        }
        panic!("{number} did not become {wanted}: {last}");
    }

    /// How often the sandbox was called: every call, and those that had an effect.
    async fn calls(&self, kind: &str, number: &str) -> (i64, i64) {
        let ledger = self.ledger().await;
        let calls = ledger["calls"].as_array().unwrap().iter();
        let mut found = calls.filter(|call| call["kind"] == kind && call["out_trade_no"] == number);
        let call = found.next();
        assert!(found.next().is_none(), "one row per kind and number");
        let count = |field: &str| call.map_or(0, |call| call[field].as_i64().unwrap());
        (count("count"), count("effective"))
    }

    async fn stock(&self, sku: &str) -> (i64, i64, i64) {
        let sku = self.sku(sku).await;
        let count = |field: &str| sku[field].as_i64().unwrap();
        (count("available"), count("held"), count("sold"))
    }

    /// One line per case: kind, subject, status.
    async fn case_lines(&self) -> Vec<String> {
        let path = "/api/admin/cases?limit=100";
        let (status, page) = self.call(&self.admin_key, Method::GET, path, Value::Null).await;
        assert_eq!(status, 200, "{page}");
        let line = |case: &Value| {
            let text = |field: &str| case[field].as_str().unwrap_or_default().to_owned();
            format!("{} {} {}", text("kind"), text("subject"), text("status"))
        };
        page["data"].as_array().unwrap().iter().map(line).collect()
    }

    /// The number of orders, whoever's.
    async fn orders(&self) -> usize {
        self.database.query_text("SELECT order_number FROM orders").await.len()
    }
}
