//! A cancellation and a payment at the same time; orders that make way; the last minute.

use super::QUERIES;
use crate::world::World;
use reqwest::Method;
use serde_json::{Value, json};

const CHECKOUT: &str = "/api/mini/wechat-pay/prepay-from-checkout";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_order_is_closed_at_wechat_pay_and_gives_its_stock_back() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let (buyer, number) = world.open_order("alice", "tea").await;
    assert_eq!(world.stock("tea").await, (2, 1, 0));
    let order = world.cancel(&buyer, &number).await;
    assert!(order["status"] == "cancelling" || order["status"] == "cancelled", "{order}");
    world.until(&buyer, &number, "cancelled").await;
    assert_eq!(world.stock("tea").await, (3, 0, 0));
    assert_eq!(world.calls("close", &number).await, (1, 1));
    let pay = world.sandbox(Method::POST, &format!("/_sandbox/pay/{number}"), json!({})).await;
    assert_eq!(pay.0, 409, "nobody can pay it any more");
    let (status, refused) = world.prepay(&buyer, &number, "JSAPI").await;
    assert_eq!((status.as_u16(), &refused["code"]), (409, &json!("order_not_payable")));
    world.stop().await;
}

/// R19 and R1: the payer is faster than the close. While cancelling, a success settles.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_while_the_order_is_being_cancelled_is_a_paid_order() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let (buyer, number) = world.open_order("alice", "tea").await;
    // Neither question nor close gets through: the cancellation cannot end.
    let deaf = json!([{"match": {"path": QUERIES}, "action": "drop"}]);
    world.faults(deaf).await;
    let order = world.cancel(&buyer, &number).await;
    assert_eq!(order["status"], "cancelling", "{order}");
    assert_eq!(world.stock("tea").await, (2, 1, 0), "nothing is released yet");
    world.pay(&number).await;
    let order = world.paid_order(&buyer, &number).await;
    assert_eq!(order["status"], "ready");
    assert_eq!(world.stock("tea").await, (2, 0, 1));
    assert_eq!(order["refunds"], json!([]), "the cancellation is over: nothing goes back");
    world.stop().await;
}

/// R23: the query lags behind the payment, the close does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_query_then_order_paid_at_close_never_cancels() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let (buyer, number) = world.open_order("alice", "tea").await;
    let lagging = json!([
        {"match": {"event_type": "TRANSACTION.SUCCESS"}, "action": "drop"},
        {"match": {"path": QUERIES}, "times": 2, "action": "stale_query"},
    ]);
    world.faults(lagging).await;
    world.pay(&number).await;
    world.cancel(&buyer, &number).await;
    let order = world.paid_order(&buyer, &number).await;
    assert_eq!(
        (&order["status"], &order["payments"][0]["status"]),
        (&json!("ready"), &json!("paid"))
    );
    assert_eq!(world.calls("close", &number).await.1, 0, "no close had an effect");
    world.stop().await;
}

/// R2: paid after it was cancelled for good; the refund row and the case are there at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_after_cancelled_goes_back_once() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let (buyer, number) = world.open_order("alice", "tea").await;
    world.cancel(&buyer, &number).await;
    world.until(&buyer, &number, "cancelled").await;
    let path = format!("/_sandbox/pay/{number}");
    let (status, trade) = world.sandbox(Method::POST, &path, json!({"unfaithful": true})).await;
    assert_eq!(status, 200, "{trade}");
    let order = world.until_payment(&buyer, &number, 0, "surplus").await;
    assert_eq!(order["status"], "cancelled");
    assert_eq!(order["refunds"].as_array().unwrap().len(), 1);
    assert_eq!(order["presentation"]["status"], "refunding");
    assert_eq!(world.case_lines().await, [format!("surplus {number} open")]);
    assert_eq!(world.stock("tea").await, (3, 0, 0));
    world.stop().await;
}

/// R7: our prepay arrives at WeChat Pay after the close of its number was answered 204. The order
/// is not cancelled on that 204; the late order is found and closed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prepay_that_arrives_after_its_close_is_watched_and_closed() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let late = json!([{"match": {"path": "/v3/pay/transactions/jsapi"}, "times": 1,
        "action": "late", "value": {"ms": 120_000, "until_close": true, "unfaithful": true}}]);
    world.faults(late).await;
    let buyer = world.buyer("alice").await;
    world.want(&buyer, "tea", 1).await;
    let (status, offer) = world.check_out(&buyer).await;
    assert_eq!(status, 202, "{offer}");
    let number = offer["order_number"].as_str().unwrap();
    let order = world.cancel(&buyer, number).await;
    assert_eq!(order["status"], "cancelling", "a 204 for an unknown number proves nothing");
    assert_eq!(world.stock("tea").await, (2, 1, 0));
    let order = world.until(&buyer, number, "cancelled").await;
    assert_eq!(order["payments"][0]["status"], "closed");
    let ledger = world.ledger().await;
    assert_eq!(ledger["trades"][0]["trade_state"], "CLOSED", "{ledger}");
    assert_eq!(world.stock("tea").await, (3, 0, 0));
    world.stop().await;
}

/// The older order over the same lines makes way: it is cancelled first, then the new one placed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_order_makes_way_when_its_buyer_says_so() {
    let world = World::new().await;
    world.put_sku("tea", 100, 1).await;
    let (buyer, number) = world.open_order("alice", "tea").await;
    let other = |replace: bool| json!({"item_ids": [], "address_id": buyer.address, "remark": "礼品包装", "replace_open": replace});
    let (status, refused) = world.call(&buyer.token, Method::POST, CHECKOUT, other(false)).await;
    assert_eq!((status.as_u16(), &refused["code"]), (409, &json!("checkout_open")));
    assert_eq!(refused["order_number"], number);
    let (status, offer) = world.call(&buyer.token, Method::POST, CHECKOUT, other(true)).await;
    assert_eq!(status, 201, "{offer}");
    assert_ne!(offer["order_number"], number);
    assert_eq!(world.order(&buyer, &number, 0).await["status"], "cancelled");
    assert_eq!(world.stock("tea").await, (0, 1, 0), "the one piece moved from order to order");
    world.stop().await;
}

/// When that cancellation takes longer than three seconds, the buyer comes back with the same key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_cannot_make_way_in_time_is_waited_for_under_the_same_key() {
    let world = World::new().await;
    world.put_sku("tea", 100, 1).await;
    let (buyer, number) = world.open_order("alice", "tea").await;
    world.faults(json!([{"match": {"path": QUERIES}, "action": "drop"}])).await;
    let body =
        json!({"item_ids": [], "address_id": buyer.address, "remark": "b", "replace_open": true});
    let again = || {
        world.call_with_key(&buyer.token, Method::POST, CHECKOUT, body.clone(), "make-way-00000001")
    };
    let (status, refused) = again().await;
    assert_eq!((status.as_u16(), &refused["code"]), (409, &json!("checkout_open")), "{refused}");
    assert_eq!(world.order(&buyer, &number, 0).await["status"], "cancelling", "it goes on");
    world.faults(json!([])).await;
    world.until(&buyer, &number, "cancelled").await;
    let (status, offer) = again().await;
    assert_eq!(status, 201, "nothing was stored under the key: {offer}");
    world.stop().await;
}

/// Within a minute of the deadline nothing is ordered at WeChat Pay any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_the_last_minute_nothing_is_offered_and_the_payment_is_closed() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let (buyer, number) = world.open_order("alice", "tea").await;
    let (_, _clock) =
        world.sandbox(Method::PUT, "/_sandbox/clock", json!({"advance_s": 1_745})).await;
    world.until_time_is_known(1_745).await;
    let (status, refused) = world.prepay(&buyer, &number, "NATIVE").await;
    assert_eq!(
        (status.as_u16(), &refused["code"]),
        (409, &json!("order_not_payable")),
        "{refused}"
    );
    let (status, refused) = world.check_out(&buyer).await;
    assert_eq!((status.as_u16(), &refused["code"]), (409, &json!("checkout_open")), "{refused}");
    assert_eq!(world.calls("prepay", &format!("{number}-2")).await, (0, 0));
    world.stop().await;
}

/// An order placed directly waits for its payment to be asked for, for fifteen minutes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_direct_order_is_paid_later_or_cancelled_at_once() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let buyer = world.buyer("alice").await;
    world.want(&buyer, "tea", 1).await;
    let body = json!({"item_ids": [], "address_id": buyer.address, "payment_method": "wechat"});
    let (status, order) =
        world.call(&buyer.token, Method::POST, "/api/mini/orders", body.clone()).await;
    assert_eq!(status, 201, "{order}");
    assert_eq!((&order["status"], &order["payments"]), (&json!("pending_payment"), &json!([])));
    let number = order["order_number"].as_str().unwrap();
    let (status, again) = world.call(&buyer.token, Method::POST, "/api/mini/orders", body).await;
    assert_eq!((status.as_u16(), &again["reused"]), (200, &json!(true)), "{again}");
    let (status, offer) = world.prepay(&buyer, number, "JSAPI").await;
    assert_eq!((status.as_u16(), offer["out_trade_no"].as_str()), (201, Some(number)));
    world.pay(number).await;
    world.paid_order(&buyer, number).await;
    world.want(&buyer, "tea", 2).await;
    let body = json!({"item_ids": [], "address_id": buyer.address, "payment_method": "wechat"});
    let (_, second) = world.call(&buyer.token, Method::POST, "/api/mini/orders", body).await;
    let second = second["order_number"].as_str().unwrap();
    let order = world.cancel(&buyer, second).await;
    assert_eq!(order["status"], "cancelled", "there is nothing to negotiate");
    assert_eq!(world.stock("tea").await, (2, 0, 1));
    let list = world.call(&buyer.token, Method::GET, "/api/mini/purchase-list", Value::Null).await;
    assert_eq!(list.1["items"].as_array().unwrap().len(), 1);
    world.stop().await;
}
