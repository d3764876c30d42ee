//! What is in a wallet pays once; too little does nothing.

use super::{ORDERS, number_of};
use crate::world::World;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_pays_an_order_once_however_often_its_key_is_sent() {
    let world = World::new().await;
    world.put_sku("tea", 1_250, 9).await;
    world.put_package("plus", "wallet", 2_000, 500).await;
    let buyer = world.buyer("alice").await;
    world.recharged(&buyer, "plus").await;
    world.want(&buyer, "tea", 1).await;
    let placed = world.place(&buyer, "wechat", "place-an-order-001").await;
    let number = number_of(&placed.body);
    let path = format!("{ORDERS}/{number}/wallet-pay");
    let key = "pay-from-wallet-01";
    let clicks = (0..6).map(|_| world.post(&buyer.token, &path, &Value::Null, key));
    let said = futures_util::future::join_all(clicks).await;
    for said in &said {
        let in_progress = said.code() == (409, "request_in_progress");
        assert!(in_progress || said.status == 200, "{said:?}");
    }
    let first = said.iter().filter(|said| said.at() == (200, false)).count();
    assert!(first <= 1, "{said:?}");
    let again = world.post(&buyer.token, &path, &json!({}), key).await;
    assert_eq!(again.at(), (200, true), "{again:?}");
    for (field, value) in [
        ("order_number", json!(number)),
        ("payment_method", json!("wallet")),
        ("payment_status", json!("paid")),
        ("status", json!("ready")),
    ] {
        assert_eq!(again.body[field], value, "{field}");
    }
    assert_eq!(world.in_wallet(&buyer).await, 1_250, "once");
    let entries = world.entries(&buyer, "wallet").await;
    let entry = |kind: &str, amount, after| (kind.to_owned(), amount, after);
    assert_eq!(
        entries,
        [
            entry("payment", -1_250, 1_250),
            entry("bonus", 500, 2_500),
            entry("recharge", 2_000, 2_000)
        ]
    );
    assert_eq!(world.sku("tea").await["sold"], 1);
    world.check_invariants().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_of_a_wallet_payment_is_for_one_request_alone() {
    let world = World::new().await;
    world.put_sku("tea", 1_250, 9).await;
    world.put_package("plus", "wallet", 2_000, 500).await;
    let buyer = world.buyer("alice").await;
    world.recharged(&buyer, "plus").await;
    world.want(&buyer, "tea", 1).await;
    let key = "buy-from-wallet-01";
    let said = world.place(&buyer, "wallet", key).await;
    assert_eq!((said.at(), &said.body["payment_status"]), ((201, false), &json!("paid")));
    let again = world.place(&buyer, "wallet", key).await;
    assert_eq!((again.at(), number_of(&again.body)), ((201, true), number_of(&said.body)));
    let other = world.place(&buyer, "cod", key).await;
    assert_eq!(other.code(), (422, "idempotency_key_reused"));
    assert_eq!(world.in_wallet(&buyer).await, 1_250);
    world.check_invariants().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_with_too_little_changes_nothing_and_its_key_is_good_later() {
    let world = World::new().await;
    world.put_sku("tea", 1_250, 9).await;
    world.put_package("small", "wallet", 1_000, 249).await;
    world.put_package("one", "wallet", 1, 0).await;
    let buyer = world.buyer("alice").await;
    world.recharged(&buyer, "small").await;
    world.want(&buyer, "tea", 1).await;
    let key = "buy-from-wallet-01";
    let refused = world.place(&buyer, "wallet", key).await;
    assert_eq!(refused.code(), (409, "insufficient_balance"));
    assert_eq!(world.in_wallet(&buyer).await, 1_249);
    let sku = world.sku("tea").await;
    assert_eq!((&sku["available"], &sku["held"]), (&json!(9), &json!(0)), "{sku}");
    let goods = "SELECT count(*)::text FROM orders WHERE purpose = 'goods'";
    assert_eq!(world.count(goods).await, 0);
    let list = world.look(&buyer.token, "/api/mini/purchase-list").await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    // An order that waits for WeChat Pay's money waits on.
    let placed = world.place(&buyer, "wechat", "place-an-order-001").await;
    let number = number_of(&placed.body);
    let path = format!("{ORDERS}/{number}/wallet-pay");
    let pay = async || world.post(&buyer.token, &path, &Value::Null, "pay-from-wallet-01").await;
    assert_eq!(pay().await.code(), (409, "insufficient_balance"));
    assert_eq!(world.order(&buyer, &number, 0).await["payment_status"], "unpaid");
    world.recharged(&buyer, "one").await;
    assert_eq!(pay().await.at(), (200, false), "a refusal is not kept");
    assert_eq!(world.in_wallet(&buyer).await, 0);
    world.check_invariants().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_wallet_paid_goes_back_into_it() {
    let world = World::new().await;
    world.put_sku("tea", 1_250, 9).await;
    world.put_package("plus", "wallet", 2_000, 500).await;
    let buyer = world.buyer("alice").await;
    world.recharged(&buyer, "plus").await;
    world.want(&buyer, "tea", 1).await;
    let number = number_of(&world.place(&buyer, "wallet", "buy-from-wallet-01").await.body);
    let (status, refund) = world.ask_back(&buyer, &number, 250).await;
    assert_eq!(status, 201, "{refund}");
    world.until_refund(&buyer, &number, 0, "succeeded").await;
    assert_eq!(world.in_wallet(&buyer).await, 1_500);
    let path = format!("{ORDERS}/{number}/cancel");
    world.post(&buyer.token, &path, &Value::Null, "cancel-the-rest-01").await;
    let order = world.until_order(&buyer, &number, |order| order["status"] == "cancelled").await;
    assert_eq!(order["payment_status"], "refunded", "{order}");
    assert_eq!(world.in_wallet(&buyer).await, 2_500);
    assert_eq!(world.ledger().await["refunds"], json!([]), "nothing for WeChat Pay to do");
    assert_eq!(world.sku("tea").await["available"], 9);
    world.check_invariants().await;
    world.stop().await;
}
