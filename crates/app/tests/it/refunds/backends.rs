//! Merchants' backends refund payments under numbers of their own.

use crate::world::World;
use domain::ports::Role;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backend_refunds_a_payment_once_under_its_own_number() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let (buyer, number) = world.paid_for("alice", "tea").await;
    let service = world.key("shop", &[Role::Service]).await;
    let path = format!("/api/v1/payments/{number}/refunds");
    let ask = |amount_fen: i64| json!({"amount_fen": amount_fen, "reason": "damaged", "out_refund_no": "shop-R-1"});
    // Another key each time: a backend that forgot what it had asked.
    for _ in 0..3 {
        let (status, refund) = world.call(&service, Method::POST, &path, ask(30)).await;
        assert_eq!(
            (status.as_u16(), &refund["out_refund_no"]),
            (201, &json!("shop-R-1")),
            "{refund}"
        );
    }
    let (status, other) = world.call(&service, Method::POST, &path, ask(31)).await;
    assert_eq!((status.as_u16(), &other["code"]), (409, &json!("order_state_conflict")));
    world.until_refund(&buyer, &number, 0, "processing").await;
    world.let_pass(6).await;
    world.until_refund(&buyer, &number, 0, "succeeded").await;
    let path = "/api/v1/refunds/shop-R-1";
    let (status, refund) = world.call(&service, Method::GET, path, Value::Null).await;
    assert_eq!((status.as_u16(), &refund["status"]), (200, &json!("succeeded")));
    assert_eq!(
        world.refunds_at_wechat_pay().await,
        [("shop-R-1".to_owned(), 30, "SUCCESS".to_owned())]
    );
    // The number is that refund's for ever, also among the refunds of others.
    let (_, another) = world.paid_for("bob", "tea").await;
    let path = format!("/api/v1/payments/{another}/refunds");
    let (status, taken) = world.call(&service, Method::POST, &path, ask(30)).await;
    assert_eq!((status.as_u16(), &taken["code"]), (409, &json!("order_state_conflict")), "{taken}");
    world.check_invariants().await;
    world.stop().await;
}
