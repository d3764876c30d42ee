//! Half an hour passes: the order is cancelled by negotiation, and money that comes later goes
//! back.

use crate::world::{Buyer, World};
use app::cli::ServeRole;
use reqwest::Method;
use serde_json::{Value, json};

async fn until_cancelled(world: &World, buyer: &Buyer, number: &str) -> Value {
    for _ in 0..6 {
        let order = world.order(buyer, number, 5).await;
        if order["status"] == "cancelled" {
            return order;
        }
    }
    panic!("not cancelled in 30 s");
}

async fn half_an_hour_passes(world: &World) {
    let (status, clock) =
        world.sandbox(Method::PUT, "/_sandbox/clock", json!({"advance_s": 1_801})).await;
    assert_eq!(status, 200, "{clock}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unpaid_order_is_closed_at_wechat_pay_before_its_stock_is_released() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let (buyer, number) = world.open_order("alice", "tea").await;
    half_an_hour_passes(&world).await;
    let order = until_cancelled(&world, &buyer, &number).await;
    assert_eq!(order["payments"][0]["status"], "closed");
    let ledger = world.ledger().await;
    assert_eq!(ledger["trades"][0]["trade_state"], "CLOSED", "{ledger}");
    let sku = world.sku("tea").await;
    assert_eq!((sku["available"].as_i64(), sku["held"].as_i64()), (Some(3), Some(0)));
    let list = world.call(&buyer.token, Method::GET, "/api/mini/purchase-list", Value::Null).await;
    assert_eq!(list.1["items"].as_array().unwrap().len(), 1, "what was not bought is still wanted");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_for_a_cancelled_order_is_surplus_with_one_refund_and_a_case() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let (buyer, number) = world.open_order("alice", "tea").await;
    half_an_hour_passes(&world).await;
    until_cancelled(&world, &buyer, &number).await;
    let path = format!("/_sandbox/pay/{number}");
    let (status, trade) = world.sandbox(Method::POST, &path, json!({"unfaithful": true})).await;
    assert_eq!(status, 200, "{trade}");
    let notify = format!("/_sandbox/notify/{number}");
    for _ in 0..3 {
        let (_, answer) = world.sandbox(Method::POST, &notify, json!({})).await;
        assert_eq!(answer["status"], 204, "{answer}");
    }
    let order = world.order(&buyer, &number, 0).await;
    assert_eq!(order["status"], "cancelled", "final is final");
    assert_eq!(order["payments"][0]["status"], "surplus");
    let refunds = order["refunds"].as_array().unwrap();
    assert_eq!(refunds.len(), 1, "{refunds:?}");
    assert_eq!((&refunds[0]["amount_fen"], &refunds[0]["kind"]), (&json!(100), &json!("surplus")));
    let cases = world.database.query_text("SELECT kind FROM cases").await;
    assert_eq!(cases, ["surplus"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paid_in_the_last_second_and_heard_of_after_the_deadline_is_paid() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let (buyer, number) = world.open_order("alice", "tea").await;
    let silent = json!([
        {"match": {"event_type": "TRANSACTION.SUCCESS"}, "action": "drop"},
        {"match": {"path": "/v3/pay/transactions/out-trade-no/*"}, "action": "drop"},
    ]);
    world.faults(silent).await;
    world.pay(&number).await;
    half_an_hour_passes(&world).await;
    for _ in 0..6 {
        if world.order(&buyer, &number, 5).await["status"] == "cancelling" {
            break;
        }
    }
    world.faults(json!([])).await;
    let order = world.paid_order(&buyer, &number).await;
    assert_eq!(order["status"], "ready");
    world.stop().await;
}

/// Nobody is told of a deadline by whoever ordered: that process performs no jobs. One order has lost its
/// jobs besides, and only the sweep can find it; the sweep does not look at the other, which has them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_is_kept_by_the_job_without_a_hint_and_by_the_sweep_without_the_job() {
    let world = World::serving(ServeRole::Api).await;
    world.put_sku("tea", 100, 3).await;
    let (alice, without_hint) = world.open_order("alice", "tea").await;
    let (bob, without_job) = world.open_order("bob", "tea").await;
    let lost = format!(
        "WITH lost AS (DELETE FROM jobs WHERE starts_with(subject, '{without_job}') RETURNING kind) \
         SELECT kind FROM lost ORDER BY 1"
    );
    assert_eq!(world.database.query_text(&lost).await, ["expire_order", "follow_payment"]);
    half_an_hour_passes(&world).await;
    let worker = world.worker().await;
    for (buyer, number) in [(&alice, &without_hint), (&bob, &without_job)] {
        let order = until_cancelled(&world, buyer, number).await;
        assert_eq!(order["payments"][0]["status"], "closed");
    }
    let sku = world.sku("tea").await;
    assert_eq!((sku["available"].as_i64(), sku["held"].as_i64()), (Some(3), Some(0)));
    worker.stop().await;
    world.stop().await;
}
