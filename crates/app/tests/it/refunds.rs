//! Money goes back, through the public API, to a WeChat Pay that keeps books of its own.

mod automatic;
mod backends;
mod buyers;
mod notices;
mod people;

use crate::world::{Buyer, World};
use domain::ports::{ApiKeyRecord, Role};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

/// A refund is accepted here, and asked about below it.
const REFUNDS: &str = "/v3/refund/domestic/refunds";
const REFUND_QUERIES: &str = "/v3/refund/domestic/refunds/*";

impl World {
    /// A key of somebody else with these roles.
    pub async fn key(&self, id: &str, roles: &[Role]) -> String {
        let minted = http_api::ApiKey::mint(&*self.service.desk().ids);
        let record = ApiKeyRecord {
            id: id.to_owned(),
            name: id.to_owned(),
            roles: roles.to_vec(),
            client_id: None,
            person: None,
            created_at: self.service.desk().clock.now(),
            revoked_at: None,
        };
        self.service.desk().access.add_api_key(minted.hash, record).await.unwrap();
        minted.plain
    }

    /// A buyer with a paid order of one `sku`.
    pub async fn paid_for(&self, code: &str, sku: &str) -> (Buyer, String) {
        let (buyer, number) = self.open_order(code, sku).await;
        self.pay(&number).await;
        self.paid_order(&buyer, &number).await;
        (buyer, number)
    }

    pub async fn ship(&self, number: &str) {
        let body = json!({"logistics_type": 1, "packages": [{"express_company": "SF",
            "tracking_no": "SF1", "item_desc": "tea", "contact": "+86-177****1234"}]});
        let path = format!("/api/admin/orders/{number}/ship");
        let (status, order) = self.call(&self.admin_key, Method::POST, &path, body).await;
        assert_eq!(status, 200, "{order}");
    }

    /// The buyer asks for money back.
    pub async fn ask_back(
        &self,
        buyer: &Buyer,
        number: &str,
        amount_fen: i64,
    ) -> (StatusCode, Value) {
        let path = format!("/api/mini/orders/{number}/refunds");
        let body = json!({"amount_fen": amount_fen, "reason": "坏了"});
        self.call(&buyer.token, Method::POST, &path, body).await
    }

    /// Somebody of the back office says this about a refund.
    async fn say(&self, key: &str, refund: &Value, word: &str, body: Value) -> (StatusCode, Value) {
        let path = format!("/api/admin/refunds/{}/{word}", number_of(refund));
        self.call(key, Method::POST, &path, body).await
    }

    /// Seconds pass at WeChat Pay and in the shop.
    pub async fn let_pass(&self, seconds: i64) {
        let change = json!({"advance_s": seconds});
        let (status, clock) = self.sandbox(Method::PUT, "/_sandbox/clock", change).await;
        assert_eq!(status, 200, "{clock}");
    }

    /// The order once its refund at `index` stands here; nobody asks WeChat Pay for us.
    pub async fn until_refund(
        &self,
        buyer: &Buyer,
        number: &str,
        index: usize,
        wanted: &str,
    ) -> Value {
        let mut last = Value::Null;
        for _ in 0..150 {
            last = self.order(buyer, number, 0).await;
            if last["refunds"][index]["status"] == wanted {
                return last;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("refund {index} did not become {wanted}: {last}");
    }

    /// What WeChat Pay's books say of the refunds: number, fen and status.
    pub async fn refunds_at_wechat_pay(&self) -> Vec<(String, i64, String)> {
        let ledger = self.ledger().await;
        let refunds = ledger["refunds"].as_array().unwrap().iter();
        refunds
            .map(|refund| {
                let fen = refund["refund_fen"].as_i64().unwrap();
                (number_of(refund), fen, refund["status"].as_str().unwrap().to_owned())
            })
            .collect()
    }

    /// Everything that must always be true is.
    pub async fn check_invariants(&self) {
        let path = "/api/admin/invariants";
        let (status, said) = self.call(&self.admin_key, Method::GET, path, Value::Null).await;
        assert_eq!(status, 200, "{said}");
        let all = said["data"].as_array().unwrap();
        assert!(!all.is_empty());
        let broken: Vec<&Value> = all.iter().filter(|one| one["holds"] != true).collect();
        assert!(broken.is_empty(), "{broken:#?}");
    }
}

fn number_of(refund: &Value) -> String {
    refund["out_refund_no"].as_str().unwrap().to_owned()
}
