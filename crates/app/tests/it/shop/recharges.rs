//! Money that is paid ahead: there once, with its bonus; shown page by page; back again by operators.

use super::{ORDERS, RECHARGES, number_of};
use crate::world::World;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recharge_is_ordered_once_per_key_and_credited_once_with_its_bonus() {
    let world = World::new().await;
    world.put_package("plus", "wallet", 2_000, 500).await;
    let buyer = world.buyer("alice").await;
    let (key, wish) = ("recharge-me-000001", json!({"package_id": "plus"}));
    let said = world.post(&buyer.token, RECHARGES, &wish, key).await;
    assert_eq!((said.at(), &said.body["amount_fen"]), ((201, false), &json!(2_000)), "{said:?}");
    let number = number_of(&said.body);
    let again = world.post(&buyer.token, RECHARGES, &wish, key).await;
    assert_eq!((again.at(), number_of(&again.body)), ((201, true), number.clone()));
    let native = json!({"package_id": "plus", "trade_type": "NATIVE"});
    let other = world.post(&buyer.token, RECHARGES, &native, key).await;
    assert_eq!(other.code(), (422, "idempotency_key_reused"));
    assert_eq!(world.in_wallet(&buyer).await, 0, "nothing before it is paid");
    let tenfold = json!([{"match": {"event_type": "TRANSACTION.SUCCESS"}, "times": 1,
        "action": "duplicate", "value": 10}]);
    world.faults(tenfold).await;
    world.pay(&number).await;
    world.until_ledger(|ledger| answered_204(ledger) == 10).await;
    let order = world.paid_order(&buyer, &number).await;
    assert_eq!((&order["purpose"], &order["status"]), (&json!("recharge"), &json!("completed")));
    assert_eq!(world.in_wallet(&buyer).await, 2_500);
    let page = world.look(&buyer.token, "/api/mini/wallet/entries?limit=1").await;
    assert_eq!(page["data"][0]["kind"], "bonus");
    assert_eq!(page["data"][0]["order_number"], number);
    let rest = format!("/api/mini/wallet/entries?cursor={}", page["next_cursor"].as_str().unwrap());
    let rest = world.look(&buyer.token, &rest).await;
    assert_eq!((&rest["data"][0]["amount"], &rest["next_cursor"]), (&json!(2_000), &Value::Null));
    assert_eq!(rest["data"].as_array().unwrap().len(), 1, "{rest}");
    let bob = world.buyer("bob").await;
    assert!(world.entries(&bob, "wallet").await.is_empty(), "it is Alice's");
    world.check_invariants().await;
    world.stop().await;
}

/// How many notifications of a payment were answered 204.
fn answered_204(ledger: &Value) -> usize {
    let sent = ledger["notifications"].as_array().unwrap().iter();
    sent.flat_map(|one| one["attempts"].as_array().unwrap())
        .filter(|attempt| attempt["status"] == 204)
        .count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_package_that_changed_since_its_buyer_saw_it_is_not_sold_to_them() {
    let world = World::new().await;
    world.put_package("plus", "wallet", 2_000, 500).await;
    let buyer = world.buyer("alice").await;
    let listed = world.look(&buyer.token, "/api/mini/recharge-packages").await;
    let shown = listed["data"][0]["version"].clone();
    let package = json!({"title": "plus", "price_fen": 2_100, "credit": "wallet",
        "principal": 2_000, "bonus": 500});
    let path = world.api("/api/admin/recharge-packages/plus");
    let put = world.client.put(path).bearer_auth(&world.admin_key).json(&package);
    let put = put.header("If-Match", format!("\"{shown}\"")).send().await.unwrap();
    assert_eq!(put.status(), 200);
    let wish = json!({"package_id": "plus", "expected_version": shown});
    let key = "recharge-me-000001";
    let refused = world.post(&buyer.token, RECHARGES, &wish, key).await;
    assert_eq!(refused.code(), (409, "price_changed"));
    assert_eq!(refused.body["amounts"]["total_fen"], 2_100);
    assert_eq!(world.count("SELECT count(*)::text FROM orders").await, 0, "nothing is ordered");
    let listed = world.look(&buyer.token, "/api/mini/recharge-packages").await;
    let wish = json!({"package_id": "plus", "expected_version": listed["data"][0]["version"]});
    let said = world.post(&buyer.token, RECHARGES, &wish, key).await;
    assert_eq!((said.at(), &said.body["amount_fen"]), ((201, false), &json!(2_100)));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recharge_goes_back_with_its_share_of_the_bonus() {
    let world = World::new().await;
    world.put_package("plus", "wallet", 2_000, 500).await;
    let buyer = world.buyer("alice").await;
    let number = world.recharged(&buyer, "plus").await;
    let (status, refused) = world.ask_back(&buyer, &number, 1).await;
    assert_eq!((status.as_u16(), &refused["code"]), (409, &json!("order_not_refundable")));
    let path = format!("/api/admin/orders/{number}/refunds");
    let ask = json!({"amount_fen": 500, "reason": "as agreed"});
    let said = world.post(&world.admin_key, &path, &ask, "some-of-it-back-01").await;
    assert_eq!(said.at(), (201, false), "{said:?}");
    // Taken when it is reserved: nobody can spend what is on its way back.
    assert_eq!(world.in_wallet(&buyer).await, 1_875);
    let again = world.post(&world.admin_key, &path, &ask, "some-of-it-back-01").await;
    assert_eq!((again.at(), world.in_wallet(&buyer).await), ((201, true), 1_875));
    world.until_refund(&buyer, &number, 0, "processing").await;
    world.let_pass(6).await;
    let order = world.until_refund(&buyer, &number, 0, "succeeded").await;
    assert_eq!(order["payment_status"], "partially_refunded");
    let taken: Vec<_> =
        world.entries(&buyer, "wallet").await.into_iter().map(|(kind, by, _)| (kind, by)).collect();
    let mut back = taken[..taken.len() - 2].to_vec();
    back.sort();
    assert_eq!(back.iter().map(|(_, by)| by).sum::<i64>(), -625, "{taken:?}");
    assert_eq!(world.refunds_at_wechat_pay().await.len(), 1);
    world.check_invariants().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recharge_that_is_spent_does_not_go_back() {
    let world = World::new().await;
    world.put_sku("tea", 1_250, 9).await;
    world.put_package("plus", "wallet", 2_000, 500).await;
    let buyer = world.buyer("alice").await;
    let number = world.recharged(&buyer, "plus").await;
    world.want(&buyer, "tea", 1).await;
    let bought = world.place(&buyer, "wallet", "buy-from-wallet-01").await;
    assert_eq!(bought.status, 201, "{bought:?}");
    let path = format!("/api/admin/orders/{number}/refunds");
    let ask = json!({"amount_fen": 1_001, "reason": "as agreed"});
    let (status, refused) = world.call(&world.admin_key, Method::POST, &path, ask).await;
    assert_eq!((status.as_u16(), &refused["code"]), (409, &json!("insufficient_balance")));
    let ask = json!({"amount_fen": 1_000, "reason": "as agreed"});
    let (status, refund) = world.call(&world.admin_key, Method::POST, &path, ask).await;
    assert_eq!(status, 201, "{refund}");
    assert_eq!(world.in_wallet(&buyer).await, 0);
    world.check_invariants().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recharge_that_is_cancelled_credits_nothing_and_its_money_goes_back() {
    let world = World::new().await;
    world.put_package("plus", "wallet", 2_000, 500).await;
    let buyer = world.buyer("alice").await;
    let wish = json!({"package_id": "plus"});
    let said = world.post(&buyer.token, RECHARGES, &wish, "recharge-me-000001").await;
    let number = number_of(&said.body);
    let path = format!("{ORDERS}/{number}/cancel");
    world.post(&buyer.token, &path, &Value::Null, "i-do-not-want-it-1").await;
    world.until_order(&buyer, &number, |order| order["status"] == "cancelled").await;
    let late = json!({"unfaithful": true});
    let path = format!("/_sandbox/pay/{number}");
    let (status, trade) = world.sandbox(Method::POST, &path, late).await;
    assert_eq!(status, 200, "{trade}");
    let order = world.until_refund(&buyer, &number, 0, "processing").await;
    assert_eq!(
        (&order["refunds"][0]["kind"], &order["refunds"][0]["amount_fen"]),
        (&json!("surplus"), &json!(2_000))
    );
    assert_eq!(world.in_wallet(&buyer).await, 0);
    assert!(world.entries(&buyer, "wallet").await.is_empty());
    world.check_invariants().await;
    world.stop().await;
}
