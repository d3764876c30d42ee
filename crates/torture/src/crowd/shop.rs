//! What the shop offers besides goods: coupons, money and points ahead, delivery. Set up once, before any
//! trouble; the books reckon with the same figures.

use crate::crowd::office::Office;
use anyhow::Result;
use serde_json::{Value, json};

/// So much off, two for each buyer.
pub(crate) const OFF: &str = "five-off";
/// A tenth off, one for each buyer.
pub(crate) const TENTH: &str = "tenth-off";
/// Of each how many one buyer may ever get.
pub(crate) const LIMITS: [(&str, u64); 2] = [(OFF, 2), (TENTH, 1)];

/// Money ahead, with some more; not enough for everything that somebody may have on their list.
pub(crate) const PURSE: &str = "purse";
pub(crate) const PURSE_FEN: i64 = 100_000;
/// Points ahead, with some more.
pub(crate) const POINTS: &str = "points";
pub(crate) const POINTS_FEN: i64 = 3_000;

/// `{id, limit_, amount_fen, percent, cap_fen, threshold_fen}`
pub(crate) fn coupons() -> Value {
    json!([
        {"id": OFF, "limit_": 2, "amount_fen": 500, "threshold_fen": 1_000},
        {"id": TENTH, "limit_": 1, "percent": 10, "cap_fen": 2_000, "threshold_fen": 0},
    ])
}

/// `{id, price_fen, credit, principal, bonus}`
pub(crate) fn packages() -> Value {
    json!([
        {"id": PURSE, "price_fen": PURSE_FEN, "credit": "wallet", "principal": 100_000, "bonus": 7_501},
        {"id": POINTS, "price_fen": POINTS_FEN, "credit": "points", "principal": 300, "bonus": 31},
    ])
}

/// Sets all of it.
pub(crate) async fn open(office: &Office) -> Result<()> {
    for coupon in list(&coupons()) {
        let mut terms = json!({"title": coupon["id"], "threshold_fen": coupon["threshold_fen"],
            "valid_from": "2020-01-01T00:00:00Z", "valid_to": "2090-01-01T00:00:00Z",
            "per_user_limit": coupon["limit_"]});
        let (kind, names): (_, &[&str]) = if coupon["percent"].is_null() {
            ("amount", &["amount_fen"])
        } else {
            ("percent", &["percent", "cap_fen"])
        };
        terms["kind"] = json!(kind);
        for name in names {
            terms[name] = coupon[name].clone();
        }
        office.set(&path("coupons", coupon), &terms).await?;
    }
    for package in list(&packages()) {
        let mut offer = package.clone();
        if let Some(members) = offer.as_object_mut() {
            members.remove("id");
        }
        offer["title"] = package["id"].clone();
        office.set(&path("recharge-packages", package), &offer).await?;
    }
    let rules = json!({"base_fen": 600, "free_above_fen": 60_000, "regions": [], "rush_fen": 300});
    office.set("/api/admin/delivery-rules", &rules).await
}

fn path(kind: &str, thing: &Value) -> String {
    format!("/api/admin/{kind}/{}", thing["id"].as_str().unwrap_or_default())
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
