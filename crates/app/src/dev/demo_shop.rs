//! A small shop to buy from, set up through the public API as a merchant would.

use crate::dev::places::Places;
use crate::service::Service;
use anyhow::{Context as _, Result, ensure};
use domain::ports::{ApiKeyRecord, Role};
use http_api::ApiKey;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use std::os::unix::fs::OpenOptionsExt as _;

/// What the purchase buys.
pub(super) const FIRST_SKU: &str = "longjing";

/// Id, title, price and cost in fen.
const GOODS: [(&str, &str, i64, i64); 3] = [
    (FIRST_SKU, "明前龙井 50g", 6_800, 4_200),
    ("teapot", "手工紫砂壶", 29_900, 18_000),
    ("sticker", "贴纸", 1, 0),
];
const STOCK: i64 = 1_000;

/// The shop, open.
pub(super) struct DemoShop {
    /// An operator's key.
    pub(super) admin_key: String,
}

/// Opens the shop: an operator's key, and goods with stock.
/// Opening it again changes nothing.
pub(super) async fn open(service: &Service, places: &Places) -> Result<DemoShop> {
    let admin_key = admin_key(service, places).await?;
    let api = format!("http://{}", service.addr());
    let client = Client::new();
    let merchant = Caller { client: &client, api: &api, token: &admin_key };
    for (id, title, price_fen, cost_price_fen) in GOODS {
        let path = format!("/api/admin/skus/{id}");
        let sku = json!({"title": title, "price_fen": price_fen, "cost_price_fen": cost_price_fen});
        let (status, answer) = merchant.call(Method::PUT, &path, &sku, id).await?;
        // It is there already, perhaps changed by its merchant: left as it is.
        let known = status == StatusCode::PRECONDITION_REQUIRED;
        ensure!(known || status.is_success(), "{path} answered {status}: {answer}");
        if known {
            continue;
        }
        let stock = json!({"delta": STOCK, "reason": "opening stock"});
        let path = format!("{path}/stock");
        let (status, answer) = merchant.call(Method::POST, &path, &stock, id).await?;
        ensure!(status.is_success(), "{path} answered {status}: {answer}");
    }
    Ok(DemoShop { admin_key })
}

async fn admin_key(service: &Service, places: &Places) -> Result<String> {
    let file = places.admin_key_file();
    let access = &service.desk().access;
    if let Ok(key) = std::fs::read_to_string(&file)
        && let Some(hash) = ApiKey::hash_of(key.trim())
        && access.api_key(hash).await?.is_some()
    {
        return Ok(key.trim().to_owned());
    }
    let minted = ApiKey::mint(&*service.desk().ids);
    let now = service.desk().clock.now();
    let record = ApiKeyRecord {
        id: service.desk().ids.user_id(now).to_string(),
        name: "dev".to_owned(),
        roles: vec![Role::Viewer, Role::Operator],
        client_id: None,
        created_at: now,
        revoked_at: None,
    };
    access.add_api_key(minted.hash, record).await?;
    let mut options = std::fs::OpenOptions::new();
    let mut out = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&file)
        .with_context(|| format!("cannot write {}", file.display()))?;
    std::io::Write::write_all(&mut out, minted.plain.as_bytes())?;
    Ok(minted.plain)
}

struct Caller<'a> {
    client: &'a Client,
    api: &'a str,
    token: &'a str,
}

impl Caller<'_> {
    async fn call(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        subject: &str,
    ) -> Result<(StatusCode, Value)> {
        let key = format!("dev-opening-{subject}-{}", path.len());
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.api))
            .header("Idempotency-Key", key);
        if !self.token.is_empty() {
            request = request.bearer_auth(self.token);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        let answer = request.send().await.with_context(|| format!("{path}: no answer"))?;
        Ok((answer.status(), answer.json().await.unwrap_or(Value::Null)))
    }
}
