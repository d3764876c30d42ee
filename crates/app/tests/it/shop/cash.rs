//! Cash on delivery: placed, brought, and taken or refused; turned into an online payment, and cash again.

use super::{ORDERS, Said, number_of};
use crate::world::{Buyer, World};
use serde_json::{Value, json};

impl World {
    /// An order of one tea, to be paid at the door.
    async fn at_the_door(&self, code: &str) -> (Buyer, String) {
        let buyer = self.buyer(code).await;
        self.want(&buyer, "tea", 1).await;
        let said = self.place(&buyer, "cod", "pay-at-the-door-01").await;
        assert_eq!((said.at(), &said.body["status"]), ((201, false), &json!("ready")), "{said:?}");
        (buyer, number_of(&said.body))
    }

    async fn fulfil(&self, number: &str, action: &str, body: &Value, key: &str) -> Said {
        let path = format!("/api/admin/orders/{number}/{action}");
        self.post(&self.admin_key, &path, body, key).await
    }

    async fn deliver(&self, number: &str) {
        let said = self.fulfil(number, "deliver", &Value::Null, "delivered-to-door-1").await;
        assert_eq!(said.status, 200, "{said:?}");
    }

    async fn collect(&self, number: &str, amount_fen: i64, key: &str) -> Said {
        let body = json!({"amount_fen": amount_fen, "courier": "王师傅"});
        self.fulfil(number, "cod/collect", &body, key).await
    }

    /// The buyer wants to pay with a code after all: its number.
    async fn pay_online(&self, buyer: &Buyer, number: &str, key: &str) -> String {
        let path = format!("{ORDERS}/{number}/wechat-pay/prepay");
        let said = self.post(&buyer.token, &path, &json!({"trade_type": "NATIVE"}), key).await;
        assert_eq!(said.status, 201, "{said:?}");
        said.body["out_trade_no"].as_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cash_is_taken_once_at_the_door() {
    let world = World::new().await;
    world.put_sku("tea", 1_250, 3).await;
    let (buyer, number) = world.at_the_door("alice").await;
    let list = world.look(&buyer.token, "/api/mini/purchase-list").await;
    assert_eq!(list["items"], json!([]), "what is placed leaves the list");
    let sku = world.sku("tea").await;
    assert_eq!((&sku["held"], &sku["sold"]), (&json!(1), &json!(0)), "{sku}");
    let early = world.collect(&number, 1_250, "collect-too-early-1").await;
    assert_eq!(early.code(), (409, "order_state_conflict"));
    world.ship(&number).await;
    assert_eq!(world.sku("tea").await["sold"], 1, "it left the house");
    world.deliver(&number).await;
    let less = world.collect(&number, 1_249, "collect-too-little1").await;
    assert_eq!(less.code(), (422, "cod_amount_differs"));
    let key = "collect-the-cash-01";
    let twins = (0..4).map(|_| world.collect(&number, 1_250, key));
    for said in futures_util::future::join_all(twins).await {
        let in_progress = said.code() == (409, "request_in_progress");
        assert!(in_progress || said.status == 200, "{said:?}");
    }
    let again = world.collect(&number, 1_250, key).await;
    assert_eq!((again.at(), &again.body["payment_status"]), ((200, true), &json!("paid")));
    let cash = &again.body["cash"];
    assert_eq!((&cash["amount_fen"], &cash["courier"]), (&json!(1_250), &json!("王师傅")));
    let settled = "SELECT count(*)::text FROM settlements";
    assert_eq!(world.count(settled).await, 1);
    assert_eq!(world.ledger().await["trades"], json!([]), "WeChat Pay never heard of it");
    world.check_invariants().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_at_the_door_is_cancelled_and_comes_back() {
    let world = World::new().await;
    world.put_sku("tea", 1_250, 3).await;
    let (buyer, number) = world.at_the_door("alice").await;
    world.ship(&number).await;
    let said = world.fulfil(&number, "cod/refuse", &Value::Null, "not-wanted-any-more").await;
    assert_eq!(said.status, 200, "{said:?}");
    world.until_order(&buyer, &number, |order| order["status"] == "cancelled").await;
    let sku = world.sku("tea").await;
    assert_eq!((&sku["available"], &sku["sold"]), (&json!(3), &json!(0)), "{sku}");
    let late = world.collect(&number, 1_250, "collect-too-late-01").await;
    assert_eq!(late.code(), (409, "order_state_conflict"));
    world.check_invariants().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_at_the_door_is_paid_online_and_takes_no_cash_then() {
    let world = World::new().await;
    world.put_sku("tea", 1_250, 3).await;
    let (buyer, number) = world.at_the_door("alice").await;
    world.ship(&number).await;
    world.deliver(&number).await;
    let code = world.pay_online(&buyer, &number, "rather-with-my-phone").await;
    assert_eq!(world.order(&buyer, &number, 0).await["converting"], true);
    world.pay(&code).await;
    let order = world.paid_order(&buyer, &number).await;
    for (field, value) in [
        ("payment_method", json!("wechat")),
        ("converting", json!(false)),
        ("status", json!("delivered")),
    ] {
        assert_eq!(order[field], value, "{field}");
    }
    let cash = world.collect(&number, 1_250, "collect-all-the-same").await;
    assert_eq!(cash.code().0, 409, "{cash:?}");
    assert_eq!(cash.body["order"]["payment_status"], "paid", "the courier is shown why");
    world.check_invariants().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_online_payment_that_never_comes_is_cash_again() {
    let world = World::new().await;
    world.put_sku("tea", 1_250, 3).await;
    let (buyer, number) = world.at_the_door("alice").await;
    world.ship(&number).await;
    world.deliver(&number).await;
    world.pay_online(&buyer, &number, "rather-with-my-phone").await;
    // Nobody pays, and nobody else asks: it ends by itself after a quarter of an hour.
    world.let_pass(16 * 60).await;
    world.until_time_is_known(16 * 60).await;
    let order = world.until_order(&buyer, &number, |order| order["converting"] == false).await;
    assert_eq!(
        (&order["payment_method"], &order["payment_status"], &order["status"]),
        (&json!("cod"), &json!("unpaid"), &json!("delivered")),
    );
    // Another code, and the courier does not wait for it: it is closed, and then the cash is taken.
    world.pay_online(&buyer, &number, "once-more-by-phone-1").await;
    let key = "collect-the-cash-01";
    let mut said = world.collect(&number, 1_250, key).await;
    assert_eq!(said.code(), (409, "payment_in_progress"));
    for _ in 0..50 {
        if said.status == 200 {
            break;
        }
        assert_eq!(said.code(), (409, "payment_in_progress"), "{said:?}");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        said = world.collect(&number, 1_250, key).await;
    }
    assert_eq!(said.at(), (200, false), "{said:?}");
    let order = world.order(&buyer, &number, 0).await;
    assert_eq!(
        (&order["payment_method"], &order["payment_status"], &order["converting"]),
        (&json!("cod"), &json!("paid"), &json!(false)),
    );
    world.check_invariants().await;
    world.stop().await;
}
