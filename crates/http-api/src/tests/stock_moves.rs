//! Operators look at what moved the stock of a SKU.

use super::front::{Front, START_S};
use actix_web::http::{Method, StatusCode};
use domain::stock::{StockEntry, StockEntryKind, StockMoveKind};
use domain::{OrderNumber, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

fn entry(n: u8, kind: StockEntryKind, quantity: i64) -> StockEntry {
    let order = OrderNumber::parse("P2026112110000000000000000000").unwrap();
    let by_hand = kind == StockEntryKind::ByHand;
    StockEntry {
        id: Uuid::from_u128(u128::from(n)),
        kind,
        quantity,
        line: (!by_hand).then_some((order, 1)),
        reason: by_hand.then(|| "盘点".to_owned()),
        actor: "operator:1".to_owned(),
        at: Timestamp::from_seconds(START_S + i64::from(n / 2)),
    }
}

async fn open() -> Front {
    let front = Front::open().await;
    front.fake.lock().stock_entries = vec![
        entry(1, StockEntryKind::ByHand, 10),
        entry(2, StockEntryKind::Order(StockMoveKind::Hold), 3),
        entry(3, StockEntryKind::Order(StockMoveKind::Release), 3),
        entry(4, StockEntryKind::ByHand, -2),
    ];
    front
}

async fn list(front: &Front, path: &str) -> super::front::Said {
    let path = format!("/api/admin/skus/{path}");
    front.call(&front.operator, Method::GET, &path, Value::Null).await
}

fn kinds(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|m| m["kind"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn moves_of_stock_are_listed_newest_first_with_who_and_why() {
    let front = open().await;
    let said = list(&front, "tea/stock/moves").await;
    assert_eq!(kinds(&said.body), ["restock", "release", "hold", "restock"]);
    assert_eq!(
        said.body["data"][0],
        json!({"id": "00000000-0000-0000-0000-000000000004", "kind": "restock", "quantity": -2,
            "order_number": null, "line_no": null, "reason": "盘点", "actor": "operator:1",
            "created_at": "2027-01-15T08:00:02Z"})
    );
    assert_eq!(
        said.body["data"][2],
        json!({"id": "00000000-0000-0000-0000-000000000002", "kind": "hold", "quantity": 3,
            "order_number": "P2026112110000000000000000000", "line_no": 1, "reason": null,
            "actor": "operator:1", "created_at": "2027-01-15T08:00:01Z"})
    );
}

#[actix_web::test]
async fn moves_of_stock_are_paged_and_a_sku_that_is_not_there_has_none() {
    let front = open().await;
    let first = list(&front, "tea/stock/moves?limit=3").await;
    assert_eq!(kinds(&first.body), ["restock", "release", "hold"]);
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let second = list(&front, &format!("tea/stock/moves?limit=3&cursor={cursor}")).await;
    assert_eq!(kinds(&second.body), ["restock"]);
    assert_eq!(second.body["next_cursor"], Value::Null);
    assert_eq!(list(&front, "none/stock/moves").await.status, StatusCode::NOT_FOUND);
    assert_eq!(list(&front, "tea/stock/moves?limt=3").await.status, StatusCode::BAD_REQUEST);
}
