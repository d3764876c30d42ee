//! Notifications whose answers are lost, that come in another order, or that contradict; and what a
//! client says by itself.

use super::QUERIES;
use crate::world::World;
use reqwest::Method;
use serde_json::json;

/// R9: our 204 is not seen. What comes again changes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notification_whose_answer_was_lost_comes_again_and_changes_nothing() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let (buyer, number) = world.open_order("alice", "tea").await;
    let lost = json!([{"match": {"event_type": "TRANSACTION.SUCCESS"}, "times": 1, "action": "answer_lost"}]);
    world.faults(lost).await;
    world.pay(&number).await;
    let paid = world.paid_order(&buyer, &number).await;
    let (status, _) = world.sandbox(Method::PUT, "/_sandbox/clock", json!({"advance_s": 60})).await;
    assert_eq!(status, 200);
    let ledger = world.until_ledger(|ledger| {
        ledger["notifications"][0]["attempts"].as_array().is_some_and(|all| all.len() == 2)
            && ledger["notifications"][0]["attempts"][1]["status"] == 204
    });
    ledger.await;
    let after = world.order(&buyer, &number, 0).await;
    assert_eq!(after["version"], paid["version"]);
    world.stop().await;
}

/// R4: a success about another amount, with a valid signature. WeChat Pay's own answer counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_amount_is_never_paid_and_what_the_query_says_counts() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let (buyer, number) = world.open_order("alice", "tea").await;
    // Neither the true notification nor the ladder may come first.
    let quiet = json!([
        {"match": {"event_type": "TRANSACTION.SUCCESS"}, "action": "drop"},
        {"match": {"path": QUERIES}, "action": "drop"},
    ]);
    world.faults(quiet).await;
    world.pay(&number).await;
    let lie = format!("/_sandbox/notify/{number}");
    let (_, answer) = world.sandbox(Method::POST, &lie, json!({"tamper": "amount"})).await;
    assert_eq!(answer["status"], 503, "nobody confirms it: {answer}");
    let order = world.order(&buyer, &number, 0).await;
    assert_eq!((&order["payment_status"], &order["refunds"]), (&json!("unpaid"), &json!([])));
    let drop_only = json!([{"match": {"event_type": "TRANSACTION.SUCCESS"}, "action": "drop"}]);
    world.faults(drop_only).await;
    let order = world.paid_order(&buyer, &number).await;
    assert_eq!(order["amounts"]["paid_fen"], 100, "what was asked for");
    assert_eq!(order["refunds"], json!([]), "nothing goes back for a lie");
    world.stop().await;
}

/// A client that says "ok" is believed in words only; the question to WeChat Pay is real.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_says_ok_makes_us_ask_and_is_not_believed() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let silent = json!([{"match": {"event_type": "TRANSACTION.SUCCESS"}, "action": "drop"}]);
    world.faults(silent).await;
    let (buyer, number) = world.open_order("alice", "tea").await;
    let (status, order) =
        world.ask(&buyer, &number, "payment-result", json!({"result": "ok"})).await;
    assert_eq!(status, 202, "{order}");
    let shown = world.order(&buyer, &number, 0).await;
    assert_eq!(shown["payment_status"], "unpaid");
    assert_eq!(shown["presentation"]["status"], "confirming", "{shown}");
    assert_eq!(shown["presentation"]["message_zh"], "支付成功，订单生成中");
    assert_eq!(shown["presentation"]["give_up_after_s"], 30);
    world.pay(&number).await;
    let order = world.paid_order(&buyer, &number).await;
    assert_eq!(order["presentation"]["status"], "ready");
    world.stop().await;
}

/// Two orders paid one after the other, notified the other way round.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notifications_in_another_order_settle_their_own_orders() {
    let world = World::new().await;
    world.put_sku("tea", 100, 5).await;
    let (alice, first) = world.open_order("alice", "tea").await;
    let (bob, second) = world.open_order("bob", "tea").await;
    let swapped =
        json!([{"match": {"event_type": "TRANSACTION.SUCCESS"}, "times": 1, "action": "reorder"}]);
    world.faults(swapped).await;
    world.pay(&first).await;
    world.pay(&second).await;
    world.paid_order(&bob, &second).await;
    world.paid_order(&alice, &first).await;
    assert_eq!(world.stock("tea").await, (3, 0, 2));
    world.stop().await;
}

/// R13: the platform certificate rotates between two payments; both are believed, and so is a
/// notification of the old key that comes late.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_rotates_in_the_middle_loses_nothing() {
    let world = World::new().await;
    world.put_sku("tea", 100, 5).await;
    let by_certificate = json!({"verification": "certificate"});
    assert!(world.sandbox(Method::POST, "/_sandbox/mode", by_certificate).await.0.is_success());
    let (alice, first) = world.open_order("alice", "tea").await;
    let (bob, second) = world.open_order("bob", "tea").await;
    world.pay(&first).await;
    world.paid_order(&alice, &first).await;
    let (status, rotated) = world.sandbox(Method::POST, "/_sandbox/keys/rotate", json!({})).await;
    assert!(status.is_success(), "{rotated}");
    world.pay(&second).await;
    let order = world.paid_order(&bob, &second).await;
    assert_eq!(order["status"], "ready");
    let replay = format!("/_sandbox/notify/{first}");
    let (_, answer) = world.sandbox(Method::POST, &replay, json!({"tamper": "replay"})).await;
    assert_eq!(answer["status"], 204, "the old key is still believed: {answer}");
    world.stop().await;
}
