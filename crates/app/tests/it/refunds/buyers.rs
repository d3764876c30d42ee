//! Buyers ask for their money.

use super::number_of;
use crate::world::World;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_refund_of_what_is_not_shipped_cancels_it_and_brings_the_stock_back() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let (buyer, number) = world.paid_for("alice", "tea").await;
    let (status, refund) = world.ask_back(&buyer, &number, 100).await;
    assert_eq!(status, 201, "{refund}");
    // Accepted by WeChat Pay is what cancels it; the payer's hand comes later.
    let order = world.until_refund(&buyer, &number, 0, "processing").await;
    assert_eq!(order["status"], "cancelled");
    assert_eq!(
        (&order["payment_status"], &order["presentation"]["status"]),
        (&json!("paid"), &json!("refunding"))
    );
    assert_eq!(order["lines"][0]["returned_quantity"], 1);
    let sku = world.sku("tea").await;
    assert_eq!((&sku["available"], &sku["sold"]), (&json!(3), &json!(0)), "{sku}");
    world.let_pass(6).await;
    let order = world.until_refund(&buyer, &number, 0, "succeeded").await;
    assert_eq!(
        (&order["payment_status"], &order["amounts"]["refunded_fen"]),
        (&json!("refunded"), &json!(100))
    );
    assert_eq!(order["presentation"]["status"], "refunded");
    assert!(
        order["refunds"][0]["refund_id"].is_string()
            && order["refunds"][0]["succeeded_at"].is_string()
    );
    assert_eq!(
        world.refunds_at_wechat_pay().await,
        [(number_of(&refund), 100, "SUCCESS".to_owned())]
    );
    world.check_invariants().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_goes_back_and_the_order_goes_on() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let (buyer, number) = world.paid_for("alice", "tea").await;
    let (status, refund) = world.ask_back(&buyer, &number, 40).await;
    assert_eq!(status, 201, "{refund}");
    world.until_refund(&buyer, &number, 0, "processing").await;
    world.let_pass(6).await;
    let order = world.until_refund(&buyer, &number, 0, "succeeded").await;
    assert_eq!(
        (&order["status"], &order["payment_status"]),
        (&json!("ready"), &json!("partially_refunded"))
    );
    assert_eq!(order["amounts"]["refunded_fen"], 40);
    world.ship(&number).await;
    let (status, refused) = world.ask_back(&buyer, &number, 61).await;
    assert_eq!((status.as_u16(), &refused["code"]), (409, &json!("refund_exceeds_paid")));
    let (status, waiting) = world.ask_back(&buyer, &number, 60).await;
    assert_eq!((status.as_u16(), &waiting["status"]), (201, &json!("awaiting_approval")));
    let path = format!("/api/mini/orders/{number}/refunds/{}/withdraw", number_of(&waiting));
    let (status, withdrawn) = world.call(&buyer.token, Method::POST, &path, Value::Null).await;
    assert_eq!((status.as_u16(), &withdrawn["status"]), (200, &json!("withdrawn")), "{withdrawn}");
    assert_eq!(world.refunds_at_wechat_pay().await.len(), 1, "nothing else was sent");
    assert_eq!(world.sku("tea").await["sold"], 1);
    world.check_invariants().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paid_order_is_cancelled_by_its_buyer_and_its_money_goes_back() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let (buyer, number) = world.paid_for("alice", "tea").await;
    let path = format!("/api/mini/orders/{number}/cancel");
    let key = "cancel-a-paid-order-1";
    for _ in 0..3 {
        let again = world.call_with_key(&buyer.token, Method::POST, &path, Value::Null, key);
        let (status, order) = again.await;
        assert_eq!(status, 200, "{order}");
        let shown = order["status"].as_str().unwrap().to_owned();
        assert!(matches!(shown.as_str(), "cancelling" | "cancelled"), "{order}");
    }
    let order = world.until_refund(&buyer, &number, 0, "processing").await;
    assert_eq!(
        (&order["status"], &order["refunds"][0]["amount_fen"]),
        (&json!("cancelled"), &json!(100))
    );
    world.let_pass(6).await;
    world.until_refund(&buyer, &number, 0, "succeeded").await;
    assert_eq!(
        world.refunds_at_wechat_pay().await.len(),
        1,
        "one refund, however often it was clicked"
    );
    assert_eq!(world.sku("tea").await["available"], 3);
    world.check_invariants().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_clicks_on_refund_under_one_key_are_one_refund_and_under_sixteen_never_too_much() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let (buyer, number) = world.paid_for("alice", "tea").await;
    let path = format!("/api/mini/orders/{number}/refunds");
    let click = |key: String| {
        let body = json!({"amount_fen": 30, "reason": "坏了"});
        let (world, path, token) = (&world, &path, &buyer.token);
        async move { world.call_with_key(token, Method::POST, path, body, &key).await }
    };
    let one = (0..16).map(|_| click("one-intention-0001".to_owned()));
    let said = futures_util::future::join_all(one).await;
    let numbers: std::collections::BTreeSet<String> = said
        .iter()
        .filter(|(status, _)| *status == 201)
        .map(|(_, refund)| number_of(refund))
        .collect();
    assert_eq!(numbers.len(), 1, "{said:?}");
    let many = (0..16).map(|n| click(format!("an-intention-{n:04}")));
    let said = futures_util::future::join_all(many).await;
    let taken = said.iter().filter(|(status, _)| *status == 201).count();
    let exceed = |(status, answer): &&(_, Value)| {
        *status == reqwest::StatusCode::CONFLICT && answer["code"] == "refund_exceeds_paid"
    };
    let refused = said.iter().filter(exceed).count();
    let busy = said.iter().filter(|(_, answer)| answer["code"] == "try_again").count();
    assert!(taken <= 2 && taken + refused + busy == 16, "{said:?}");
    let order = world.order(&buyer, &number, 0).await;
    assert_eq!(order["refunds"].as_array().unwrap().len(), taken + 1);
    world.check_invariants().await;
    world.stop().await;
}
