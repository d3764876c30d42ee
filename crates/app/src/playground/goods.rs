//! What the shop sells, put there through the public API as a merchant would.

use crate::playground::api::Api;
use anyhow::{Result, ensure};
use reqwest::{Method, StatusCode};
use serde_json::json;

/// What is bought when it does not matter what.
pub(crate) const FIRST_SKU: &str = "longjing";

/// Something to sell.
pub(crate) struct Goods {
    pub(crate) sku_id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) price_fen: i64,
    pub(crate) cost_price_fen: i64,
    pub(crate) stock: i64,
}

/// What a shop has when it opens.
pub(crate) const OPENING: [Goods; 3] = [
    goods(FIRST_SKU, "明前龙井 50g", 6_800, 4_200),
    goods("teapot", "手工紫砂壶", 29_900, 18_000),
    goods("sticker", "贴纸", 1, 0),
];

const fn goods(
    sku_id: &'static str,
    title: &'static str,
    price_fen: i64,
    cost_price_fen: i64,
) -> Goods {
    Goods { sku_id, title, price_fen, cost_price_fen, stock: 1_000 }
}

/// Puts goods with their stock into the shop of `operator`. What is there already, perhaps changed by
/// its merchant, is left as it is.
pub(crate) async fn offer(operator: &Api, goods: &Goods) -> Result<()> {
    let Goods { sku_id, title, price_fen, cost_price_fen, stock } = goods;
    let path = format!("/api/admin/skus/{sku_id}");
    let sku = json!({"title": title, "price_fen": price_fen, "cost_price_fen": cost_price_fen});
    let answer = operator.call(Method::PUT, &path, &sku).await?;
    if answer.status == StatusCode::PRECONDITION_REQUIRED {
        return Ok(());
    }
    ensure!(answer.status.is_success(), "{path} answered {answer}");
    let stock = json!({"delta": stock, "reason": "opening stock"});
    operator.done(Method::POST, &format!("{path}/stock"), &stock).await.map(drop)
}
