//! A shop with many goods, and buyers, through the public API.

use crate::client::{Connection, Request};
use crate::database::Database;
use crate::rig::Rig;
use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// More than any run sells.
const STOCK: i64 = 1_000_000;
pub(crate) const PREPAY_PATH: &str = "/api/mini/wechat-pay/prepay-from-checkout";

/// An open shop.
pub(crate) struct Shop {
    connection: Connection,
    /// Codes are single use, also from run to run.
    run: u32,
    /// How many keys and codes were given out: each is used once.
    given: Arc<AtomicU64>,
}

/// A buyer who is logged in and has an address.
pub(crate) struct Buyer {
    pub(crate) token: String,
    pub(crate) address: i64,
    /// Lines of the purchase list.
    pub(crate) items: Vec<i64>,
}

impl Shop {
    /// Puts `skus` goods on sale.
    pub(crate) async fn open(rig: &Rig, skus: usize) -> Result<Shop> {
        let operator = operator_key(&rig.database).await?;
        let connection = Connection::open(rig.service.addr).await?;
        let given = Arc::new(AtomicU64::new(0));
        let mut shop = Shop { connection, run: std::process::id(), given };
        for sku in 0..skus {
            let path = format!("/api/admin/skus/{}", sku_id(sku));
            let about = json!({"title": "Tea", "price_fen": 6_800, "cost_price_fen": 4_200});
            shop.call("PUT", &path, &operator, Some(&about)).await?;
            let stock = json!({"delta": STOCK, "reason": "benchmark"});
            shop.call("POST", &format!("{path}/stock"), &operator, Some(&stock)).await?;
        }
        Ok(shop)
    }

    /// Another way into the same shop, on a connection of its own.
    pub(crate) async fn beside(&self, service: SocketAddr) -> Result<Shop> {
        let connection = Connection::open(service).await?;
        Ok(Shop { connection, run: self.run, given: Arc::clone(&self.given) })
    }

    /// A new buyer.
    pub(crate) async fn buyer(&mut self) -> Result<Buyer> {
        let code = format!("bench-{}-{}", self.run, self.number());
        let login = self.call("POST", "/api/mini/login", "", Some(&json!({"code": code}))).await?;
        let token = text(&login, "token")?;
        let address = json!({"name": "a", "phone": "13800000000", "region": "b", "detail": "c"});
        let answer = self.call("POST", "/api/mini/addresses", &token, Some(&address)).await?;
        Ok(Buyer { token, address: number(&answer, "id")?, items: Vec::new() })
    }

    /// Puts one of these goods on the buyer's purchase list.
    pub(crate) async fn want(&mut self, buyer: &mut Buyer, sku: usize) -> Result<()> {
        let item = json!({"sku_id": sku_id(sku), "quantity": 1});
        let path = "/api/mini/purchase-list/items";
        let answer = self.call("POST", path, &buyer.token, Some(&item)).await?;
        buyer.items.push(number(&answer, "id")?);
        Ok(())
    }

    /// Checks the whole list out; the order's number.
    pub(crate) async fn check_out_all(&mut self, buyer: &Buyer) -> Result<String> {
        let body = json!({"item_ids": [], "address_id": buyer.address});
        let offer = self.call("POST", PREPAY_PATH, &buyer.token, Some(&body)).await?;
        text(&offer, "order_number")
    }

    /// The request that checks out one line of the buyer's list.
    pub(crate) fn prepay(&self, buyer: &Buyer, item: i64) -> Request {
        let body = json!({"item_ids": [item], "address_id": buyer.address});
        let key = self.key();
        Request::json("POST", PREPAY_PATH, &buyer.token, &key, Some(&body))
    }

    async fn call(
        &mut self,
        method: &str,
        path: &str,
        token: &str,
        body: Option<&Value>,
    ) -> Result<Value> {
        let key = self.key();
        let request = Request::json(method, path, token, &key, body);
        self.connection.call_json(&request).await.with_context(|| format!("{method} {path}"))
    }

    fn key(&self) -> String {
        format!("bench-key-{:016}", self.number())
    }

    fn number(&self) -> u64 {
        self.given.fetch_add(1, Ordering::Relaxed)
    }
}

/// The id of the goods of this number.
pub(crate) fn sku_id(sku: usize) -> String {
    format!("tea-{sku}")
}

/// A new operator's key. `serve` has no command for the first one, so it is put into the table.
async fn operator_key(database: &Database) -> Result<String> {
    let mut secret = [0_u8; 32];
    ensure!(SystemRandom::new().fill(&mut secret).is_ok(), "no randomness");
    let key = format!("pk_{}", URL_SAFE_NO_PAD.encode(secret));
    let hash = digest(&SHA256, key.as_bytes());
    let row = "INSERT INTO api_keys (key_hash, id, name, roles, created_at) \
        VALUES ($1, 'bench', 'bench', ARRAY['viewer', 'operator'], now())";
    database.change(row, &[&hash.as_ref()]).await?;
    Ok(key)
}

fn text(answer: &Value, member: &str) -> Result<String> {
    let found = answer[member].as_str().map(str::to_owned);
    found.with_context(|| format!("no {member} in {answer}"))
}

fn number(answer: &Value, member: &str) -> Result<i64> {
    answer[member].as_i64().with_context(|| format!("no {member} in {answer}"))
}
