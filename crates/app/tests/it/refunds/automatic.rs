//! Refunds that nobody asks for, and refunds whose news or answers are lost.

use super::{REFUND_QUERIES, REFUNDS, number_of};
use crate::world::World;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_that_came_too_late_is_in_the_payers_hand_without_anybody() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let (buyer, number) = world.open_order("alice", "tea").await;
    let path = format!("/api/mini/orders/{number}/cancel");
    world.call(&buyer.token, Method::POST, &path, Value::Null).await;
    for _ in 0..50 {
        if world.order(&buyer, &number, 1).await["status"] == "cancelled" {
            break;
        }
    }
    let path = format!("/_sandbox/pay/{number}");
    let (status, trade) = world.sandbox(Method::POST, &path, json!({"unfaithful": true})).await;
    assert_eq!(status, 200, "{trade}");
    let order = world.until_refund(&buyer, &number, 0, "processing").await;
    let refund = &order["refunds"][0];
    assert_eq!((&refund["kind"], &refund["asked_by"]), (&json!("surplus"), &json!("paydesk")));
    world.let_pass(6).await;
    let order = world.until_refund(&buyer, &number, 0, "succeeded").await;
    assert_eq!(
        (&order["status"], &order["payment_status"]),
        (&json!("cancelled"), &json!("unpaid"))
    );
    assert_eq!(order["presentation"]["status"], "refunded");
    assert_eq!(
        world.refunds_at_wechat_pay().await,
        [(number_of(&order["refunds"][0]), 100, "SUCCESS".to_owned())]
    );
    let cases = world.database.query_text("SELECT kind || ' ' || status FROM cases").await;
    assert_eq!(cases, ["surplus resolved"]);
    world.check_invariants().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_whose_answer_and_news_are_lost_is_one_refund_and_is_found_by_asking() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let (buyer, number) = world.paid_for("alice", "tea").await;
    let lost = json!([
        {"match": {"path": REFUNDS}, "times": 2, "action": "answer_lost"},
        {"match": {"event_type": "REFUND.SUCCESS"}, "action": "drop"},
    ]);
    world.faults(lost).await;
    let (_, refund) = world.ask_back(&buyer, &number, 40).await;
    world.until_refund(&buyer, &number, 0, "unknown").await;
    world.let_pass(10).await;
    let order = world.until_refund(&buyer, &number, 0, "succeeded").await;
    assert_eq!(order["amounts"]["refunded_fen"], 40);
    assert_eq!(
        world.refunds_at_wechat_pay().await,
        [(number_of(&refund), 40, "SUCCESS".to_owned())]
    );
    world.check_invariants().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_wechat_pay_refuses_for_good_is_a_case_and_its_amount_is_free_again() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let (buyer, number) = world.open_order("alice", "tea").await;
    let path = format!("/_sandbox/pay/{number}");
    let gone = json!({"payer_account": "abnormal"});
    let (status, trade) = world.sandbox(Method::POST, &path, gone).await;
    assert_eq!(status, 200, "{trade}");
    world.paid_order(&buyer, &number).await;
    // A query lags behind: nothing ends on the refusal alone.
    let slow = json!([{"match": {"path": REFUND_QUERIES}, "times": 1, "action": "drop"}]);
    world.faults(slow).await;
    world.ask_back(&buyer, &number, 40).await;
    world.until_refund(&buyer, &number, 0, "unknown").await;
    world.let_pass(61).await;
    let order = world.until_refund(&buyer, &number, 0, "rejected").await;
    assert_eq!((&order["status"], &order["payment_status"]), (&json!("ready"), &json!("paid")));
    let (status, all) = world.ask_back(&buyer, &number, 100).await;
    assert_eq!(status, 201, "the amount is free again: {all}");
    let order = world.until_refund(&buyer, &number, 1, "rejected").await;
    assert_eq!(order["status"], "ready", "nothing came back, so it goes on");
    assert!(world.refunds_at_wechat_pay().await.is_empty());
    world.check_invariants().await;
    world.stop().await;
}
