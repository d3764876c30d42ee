//! Two clicks, two devices, two payments, lost and late answers.

use super::QUERIES;
use crate::world::World;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const CHECKOUT: &str = "/api/mini/wechat-pay/prepay-from-checkout";

/// R18, one key: one answers 201, its twins 409 or the same order again; WeChat Pay sees one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_double_click_under_one_key_is_one_order() {
    let world = World::new().await;
    world.put_sku("tea", 100, 10).await;
    let buyer = world.buyer("alice").await;
    world.want(&buyer, "tea", 1).await;
    let body = json!({"item_ids": [], "address_id": buyer.address});
    let clicks = (0..8).map(|_| {
        let body = body.clone();
        world.call_with_key(&buyer.token, Method::POST, CHECKOUT, body, "double-click-0001")
    });
    let answers = join_all(clicks).await;
    let placed: Vec<&Value> =
        answers.iter().filter(|(status, _)| *status == 201).map(|(_, body)| body).collect();
    assert!(!placed.is_empty(), "{answers:?}");
    for (status, answer) in &answers {
        let twin = *status == 409 && answer["code"] == "request_in_progress";
        assert!(twin || answer["order_number"] == placed[0]["order_number"], "{answer}");
    }
    assert_eq!(world.orders().await, 1);
    let number = placed[0]["out_trade_no"].as_str().unwrap();
    assert_eq!(world.calls("prepay", number).await, (1, 1));
    world.stop().await;
}

/// R18, two keys: the same live payment, and one prepay at WeChat Pay.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_clicks_under_two_keys_are_one_order_and_one_payment() {
    let world = World::new().await;
    world.put_sku("tea", 100, 10).await;
    // The first is still being answered when the others come.
    let slow = json!([{"match": {"path": "/v3/pay/transactions/jsapi"}, "action": "delay_ms", "value": 700}]);
    world.faults(slow).await;
    let buyer = world.buyer("alice").await;
    world.want(&buyer, "tea", 1).await;
    let answers = join_all((0..6).map(|_| world.check_out(&buyer))).await;
    let created = answers.iter().filter(|(status, _)| *status == 201).count();
    let reused = answers.iter().filter(|(status, body)| *status == 200 && body["reused"] == true);
    assert_eq!((created, reused.count()), (1, 5), "{answers:?}");
    let number = answers[0].1["out_trade_no"].as_str().unwrap();
    assert!(answers.iter().all(|(_, body)| body["out_trade_no"] == number));
    assert!(answers.iter().all(|(_, body)| body["pay_params"]["paySign"].is_string()));
    assert_eq!(world.orders().await, 1);
    assert_eq!(world.calls("prepay", number).await, (1, 1), "nobody ordered it twice");
    world.stop().await;
}

/// The same cart on two devices, with another wish: one order, the other is told which.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_cart_on_two_devices_is_one_order() {
    let world = World::new().await;
    world.put_sku("tea", 100, 10).await;
    let phone = world.buyer("alice").await;
    let desktop = world.buyer("alice").await;
    assert_ne!(phone.token, desktop.token);
    world.want(&phone, "tea", 1).await;
    let on_phone = json!({"item_ids": [], "address_id": phone.address});
    let on_desktop = json!({"item_ids": [], "address_id": phone.address, "trade_type": "NATIVE"});
    let (one, two) = tokio::join!(
        world.call(&phone.token, Method::POST, CHECKOUT, on_phone),
        world.call(&desktop.token, Method::POST, CHECKOUT, on_desktop.clone()),
    );
    let (placed, refused) = if one.0 == 201 { (one, two) } else { (two, one) };
    assert_eq!((placed.0.as_u16(), refused.0.as_u16()), (201, 409), "{placed:?} {refused:?}");
    assert_eq!(refused.1["code"], "checkout_open");
    assert_eq!(refused.1["order_number"], placed.1["order_number"]);
    assert_eq!(world.orders().await, 1);
    world.stop().await;
}

/// R6: the answer to the prepay is lost; the client comes back with its key, then with another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_prepay_answer_is_asked_for_again_under_the_same_number() {
    let world = World::new().await;
    world.put_sku("tea", 100, 10).await;
    let lost = json!([{"match": {"path": "/v3/pay/transactions/jsapi"}, "times": 1, "action": "answer_lost"}]);
    world.faults(lost).await;
    let buyer = world.buyer("alice").await;
    world.want(&buyer, "tea", 1).await;
    let body = json!({"item_ids": [], "address_id": buyer.address});
    let again = |key: &'static str| {
        world.call_with_key(&buyer.token, Method::POST, CHECKOUT, body.clone(), key)
    };
    let (status, unknown) = again("lost-answer-00001").await;
    assert_eq!(status, 202, "{unknown}");
    assert!(unknown.get("pay_params").is_none(), "{unknown}");
    let (status, known) = again("lost-answer-00001").await;
    assert_eq!(status, 201, "{known}");
    assert_eq!(known["out_trade_no"], unknown["out_trade_no"]);
    assert!(known["pay_params"]["paySign"].is_string());
    let (status, reused) = again("lost-answer-00002").await;
    assert_eq!((status.as_u16(), &reused["reused"]), (200, &json!(true)), "{reused}");
    let number = known["out_trade_no"].as_str().unwrap();
    let ledger = world.ledger().await;
    assert_eq!(ledger["trades"].as_array().unwrap().len(), 1, "one order at WeChat Pay");
    assert_eq!(world.calls("prepay", number).await.0, 2, "the same bytes, twice");
    world.pay(number).await;
    world.paid_order(&buyer, number).await;
    world.stop().await;
}

/// R3: JSAPI and Native both paid. The first to be heard of settles, the second goes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_payments_of_one_order_settle_it_once_and_the_second_goes_back() {
    let world = World::new().await;
    world.put_sku("tea", 100, 10).await;
    let (buyer, number) = world.open_order("alice", "tea").await;
    // The close of the first never reaches WeChat Pay, so that both can be paid.
    let deaf = json!([{"match": {"path": format!("{QUERIES}/close")}, "action": "drop"}]);
    world.faults(deaf).await;
    let (status, second) = world.prepay(&buyer, &number, "NATIVE").await;
    assert_eq!(status, 201, "{second}");
    let other = second["out_trade_no"].as_str().unwrap();
    assert_eq!(other, format!("{number}-2"));
    world.pay(other).await;
    let order = world.paid_order(&buyer, &number).await;
    assert_eq!(order["payments"][1]["status"], "paid");
    world.pay(&number).await;
    let order = world.until_payment(&buyer, &number, 0, "surplus").await;
    assert_eq!(order["payment_status"], "paid");
    let refunds = order["refunds"].as_array().unwrap();
    assert_eq!(refunds.len(), 1, "{refunds:?}");
    assert_eq!((&refunds[0]["kind"], &refunds[0]["amount_fen"]), (&json!("surplus"), &json!(100)));
    assert_eq!(refunds[0]["out_trade_no"], number);
    assert_eq!(world.case_lines().await, [format!("surplus {number} open")]);
    assert_eq!(world.stock("tea").await, (9, 0, 1));
    world.stop().await;
}

/// The close of what is replaced is sent before the new pay parameters are handed out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replaced_payment_can_no_longer_be_paid_once_the_new_one_is_offered() {
    let world = World::new().await;
    world.put_sku("tea", 100, 10).await;
    let (buyer, number) = world.open_order("alice", "tea").await;
    let (status, second) = world.prepay(&buyer, &number, "NATIVE").await;
    assert_eq!(status, 201, "{second}");
    assert!(second["pay_params"]["code_url"].is_string());
    let refused = world.sandbox(Method::POST, &format!("/_sandbox/pay/{number}"), json!({})).await;
    assert_eq!(refused.0, 409, "{}", refused.1);
    let order = world.until_payment(&buyer, &number, 0, "closed").await;
    assert_eq!(order["status"], "pending_payment");
    assert_eq!(world.calls("close", &number).await, (1, 1), "sent once");
    let (status, back) = world.prepay(&buyer, &number, "JSAPI").await;
    assert_eq!(
        (status.as_u16(), back["out_trade_no"].as_str()),
        (201, Some(&*format!("{number}-3")))
    );
    world.pay(&format!("{number}-3")).await;
    world.paid_order(&buyer, &number).await;
    world.stop().await;
}

/// The payer was faster than the close: WeChat Pay says ORDER_PAID, and that settles.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_made_just_before_it_was_replaced_settles_the_order() {
    let world = World::new().await;
    world.put_sku("tea", 100, 10).await;
    let (buyer, number) = world.open_order("alice", "tea").await;
    let silent = json!([{"match": {"event_type": "TRANSACTION.SUCCESS"}, "action": "drop"}]);
    world.faults(silent).await;
    world.pay(&number).await;
    let (status, offer) = world.prepay(&buyer, &number, "NATIVE").await;
    assert!(status == 201 || status == 409, "{offer}");
    if status == 201 {
        assert_eq!(
            (&offer["pay_params"], &offer["payment_status"]),
            (&Value::Null, &json!("paid"))
        );
    }
    let order = world.paid_order(&buyer, &number).await;
    assert_eq!(order["payments"][0]["status"], "paid");
    world.stop().await;
}

/// R24: the notification is here before WeChat Pay's answer to our prepay.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_success_before_the_answer_to_our_prepay_settles() {
    let world = World::new().await;
    world.put_sku("tea", 100, 10).await;
    let slow = json!([{"match": {"path": "/v3/pay/transactions/jsapi"}, "action": "delay_ms", "value": 2_000}]);
    world.faults(slow).await;
    let buyer = world.buyer("alice").await;
    world.want(&buyer, "tea", 1).await;
    let paying = async {
        for _ in 0..100 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let ledger = world.ledger().await;
            if let Some(number) = ledger["trades"][0]["out_trade_no"].as_str() {
                world.pay(number).await;
                let order = world.paid_order(&buyer, number).await;
                assert_eq!(order["payments"][0]["status"], "paid");
                return;
            }
        }
        panic!("nothing was ordered");
    };
    let (answer, ()) = tokio::join!(world.check_out(&buyer), paying);
    assert_eq!(answer.0, 201, "{}", answer.1);
    assert_eq!(answer.1["pay_params"], Value::Null, "nothing is left to pay");
    assert_eq!(answer.1["payment_status"], "paid");
    let order = world.order(&buyer, answer.1["order_number"].as_str().unwrap(), 0).await;
    assert_eq!(order["payments"][0]["status"], "paid", "the late answer changed nothing");
    world.stop().await;
}

/// S0.15: WeChat Pay refuses a number; the buyer does not notice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_wechat_pay_says_is_used_makes_way_for_the_next() {
    let world = World::new().await;
    world.put_sku("tea", 100, 10).await;
    let used = json!([{"match": {"path": "/v3/pay/transactions/jsapi"}, "times": 1,
        "action": "status", "value": {"status": 403, "code": "OUT_TRADE_NO_USED"}}]);
    world.faults(used).await;
    let (buyer, number) = world.open_order("alice", "tea").await;
    let order = world.order(&buyer, &number, 0).await;
    let statuses: Vec<_> =
        order["payments"].as_array().unwrap().iter().map(|p| p["status"].clone()).collect();
    assert_eq!(statuses.len(), 2, "{order}");
    assert_eq!(statuses[1], "payable");
    world.pay(&format!("{number}-2")).await;
    world.paid_order(&buyer, &number).await;
    world.stop().await;
}

/// A payment that WeChat Pay refused is paid for under another number, by the buyer's next try.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_payment_is_tried_again_under_another_number() {
    let world = World::new().await;
    world.put_sku("tea", 100, 10).await;
    let refused = json!([{"match": {"path": "/v3/pay/transactions/jsapi"}, "times": 1,
        "action": "status", "value": {"status": 403, "code": "NO_AUTH"}}]);
    world.faults(refused).await;
    let buyer = world.buyer("alice").await;
    world.want(&buyer, "tea", 1).await;
    let (status, problem) = world.check_out(&buyer).await;
    assert_eq!((status.as_u16(), &problem["code"]), (502, &json!("wechat_refused")), "{problem}");
    assert!(problem.get("wechat").is_none(), "not for buyers: {problem}");
    let (status, offer) = world.check_out(&buyer).await;
    assert_eq!((status.as_u16(), &offer["reused"]), (200, &json!(true)), "{offer}");
    let number = offer["out_trade_no"].as_str().unwrap();
    assert!(number.ends_with("-2"), "{number}");
    world.pay(number).await;
    world.paid_order(&buyer, number).await;
    assert_eq!(world.orders().await, 1);
    world.stop().await;
}
