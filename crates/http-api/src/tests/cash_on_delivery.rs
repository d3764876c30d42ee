//! Cash on delivery over HTTP: placed, brought, collected, refused, paid online after all.

use super::front::{Front, Said, idempotency_key, request, sku, to_place};
use actix_web::http::Method;
use domain::Timestamp;
use domain::order::{OrderStatus, PaymentMethod};
use domain::payment::{ClosingCause, PaymentState};
use serde_json::{Value, json};

const ORDERS: &str = "/api/mini/orders";

fn at_the_door() -> Value {
    let mut body = to_place();
    body["payment_method"] = json!("cod");
    body
}

async fn placed(front: &Front) -> String {
    front.want(1).await;
    let said = front.post(1, ORDERS, at_the_door()).await;
    assert_eq!(said.status, 201, "{said:?}");
    said.body["order_number"].as_str().unwrap().to_owned()
}

async fn act(front: &Front, key: u32, number: &str, action: &str, body: Value) -> Said {
    let path = format!("/api/admin/orders/{number}/{action}");
    front.post_as(&front.operator, key, &path, body).await
}

async fn shipped(front: &Front) -> String {
    let number = placed(front).await;
    let package = json!({"logistics_type": 4, "packages": [{"item_desc": "茶"}]});
    assert_eq!(act(front, 2, &number, "ship", package).await.status, 200);
    number
}

async fn delivered(front: &Front) -> String {
    let number = shipped(front).await;
    assert_eq!(act(front, 3, &number, "deliver", Value::Null).await.status, 200);
    number
}

fn cash(amount_fen: i64) -> Value {
    json!({"amount_fen": amount_fen, "courier": "王五"})
}

async fn online(front: &Front, key: u32, number: &str) -> Said {
    front.post(key, &format!("{ORDERS}/{number}/wechat-pay/prepay"), Value::Null).await
}

#[actix_web::test]
async fn it_is_placed_without_a_payment_and_answered_again_under_its_key() {
    let front = Front::open().await;
    front.want(2).await;
    let said = front.post(1, ORDERS, at_the_door()).await;
    assert_eq!((said.status, &said.body["status"]), (201, &json!("ready")), "{said:?}");
    for (field, value) in [
        ("payment_method", json!("cod")),
        ("payment_status", json!("unpaid")),
        ("converting", json!(false)),
        ("pay_deadline", json!(null)),
        ("payments", json!([])),
        ("cash", json!(null)),
    ] {
        assert_eq!(said.body[field], value, "{field}");
    }
    let again = front.post(1, ORDERS, at_the_door()).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!(again.body["order_number"], said.body["order_number"]);
}

#[actix_web::test]
async fn its_cash_is_collected_once_and_its_courier_is_told_to_merchants_alone() {
    let front = Front::open().await;
    let number = delivered(&front).await;
    let said = act(&front, 4, &number, "cod/collect", cash(1_250)).await;
    assert_eq!((said.status, &said.body["payment_status"]), (200, &json!("paid")), "{said:?}");
    let collected_at = "2027-01-15T08:00:00Z";
    assert_eq!(
        said.body["cash"],
        json!({"amount_fen": 1_250, "courier": "王五", "collected_at": collected_at})
    );
    assert_eq!(front.fake.lock().causes.last().unwrap(), "collect cash");
    let again = act(&front, 4, &number, "cod/collect", cash(1_250)).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (200, Some("true")));
    let shown = front.get(&format!("{ORDERS}/{number}")).await.body;
    assert_eq!(
        shown["cash"],
        json!({"amount_fen": 1_250, "courier": null, "collected_at": collected_at})
    );
    assert_eq!(shown["amounts"]["paid_fen"], 1_250);
    let ask = json!({"amount_fen": 1, "reason": "x"});
    let refund = front.post(5, &format!("{ORDERS}/{number}/refunds"), ask).await;
    assert_eq!(refund.code(), (409, "order_not_refundable"), "cash is not WeChat Pay's to return");
}

#[actix_web::test]
async fn what_is_wrong_with_a_collection_is_named() {
    let front = Front::open().await;
    let number = delivered(&front).await;
    for (body, field, code) in [
        (json!({"courier": "王五"}), "amount_fen", "required"),
        (json!({"amount_fen": -1, "courier": "王五"}), "amount_fen", "out_of_range"),
        (json!({"amount_fen": 1_250}), "courier", "required"),
        (json!({"amount_fen": 1_250, "courier": ""}), "courier", "invalid"),
        (json!({"amount_fen": 1_250, "courier": "王".repeat(65)}), "courier", "invalid"),
    ] {
        let said = act(&front, 4, &number, "cod/collect", body).await;
        assert_eq!(said.code(), (400, "validation_failed"));
        let error = &said.body["errors"][0];
        assert_eq!((&error["field"], &error["code"]), (&json!(field), &json!(code)));
    }
    let said = act(&front, 4, &number, "cod/collect", cash(1_249)).await;
    assert_eq!(said.code(), (422, "cod_amount_differs"));
    let other = Front::open().await;
    let online = other.checked_out().await;
    let said = act(&other, 5, &online, "cod/collect", cash(1_250)).await;
    assert_eq!(said.code(), (409, "order_state_conflict"));
}

#[actix_web::test]
async fn it_is_paid_online_wherever_it_is_and_for_fifteen_minutes() {
    let front = Front::open().await;
    let number = delivered(&front).await;
    let said = online(&front, 4, &number).await;
    assert_eq!((said.status, &said.body["out_trade_no"]), (201, &json!(number)), "{said:?}");
    assert_eq!(said.body["expires_at"], "2027-01-15T08:15:00Z");
    let shown = front.get(&format!("{ORDERS}/{number}")).await.body;
    assert_eq!((&shown["converting"], &shown["status"]), (&json!(true), &json!("delivered")));
    assert_eq!(shown["presentation"]["status"], "awaiting_payment");
    let equal = online(&front, 5, &number).await;
    assert_eq!((equal.status, &equal.body["reused"]), (200, &json!(true)));
    let replayed = online(&front, 4, &number).await;
    assert_eq!((replayed.status, replayed.header("idempotent-replayed")), (201, Some("true")));
    assert!(!replayed.body["pay_params"].is_null(), "the key goes on with its payment");
}

#[actix_web::test]
async fn while_it_is_paid_online_no_cash_is_taken_and_the_courier_comes_back() {
    let front = Front::open().await;
    let number = delivered(&front).await;
    online(&front, 4, &number).await;
    let said = act(&front, 5, &number, "cod/collect", cash(1_250)).await;
    assert_eq!(said.code(), (409, "payment_in_progress"), "{said:?}");
    assert_eq!(said.header("retry-after"), Some("3"));
    let shown = front.get(&format!("{ORDERS}/{number}")).await.body;
    assert_eq!(shown["payments"][0]["status"], "closing");
    let why = ClosingCause::Cash;
    front.bend(&number, |order| {
        assert_eq!(order.payments[0].state, PaymentState::Closing { why });
        let at = Timestamp::from_seconds(0);
        order.payments[0].state = PaymentState::Closed { why, at };
    });
    let said = act(&front, 5, &number, "cod/collect", cash(1_250)).await;
    assert_eq!((said.status, &said.body["payment_status"]), (200, &json!("paid")), "{said:?}");
}

#[actix_web::test]
async fn a_courier_is_shown_what_was_paid_online_meanwhile() {
    let front = Front::open().await;
    let number = delivered(&front).await;
    online(&front, 4, &number).await;
    front.settle(&number);
    front.bend(&number, |order| {
        order.status = OrderStatus::Delivered;
        order.payment_method = PaymentMethod::Wechat;
    });
    let said = act(&front, 5, &number, "cod/collect", cash(1_250)).await;
    assert_eq!(said.code(), (409, "order_state_conflict"), "{said:?}");
    let order = &said.body["order"];
    assert_eq!(
        (&order["order_number"], &order["payment_status"], &order["payment_method"]),
        (&json!(number), &json!("paid"), &json!("wechat"))
    );
}

#[actix_web::test]
async fn what_is_refused_at_the_door_is_cancelled() {
    let front = Front::open().await;
    let number = shipped(&front).await;
    let said = act(&front, 4, &number, "cod/refuse", json!({"reason": "not at home"})).await;
    assert_eq!((said.status, &said.body["status"]), (200, &json!("cancelled")), "{said:?}");
    assert_eq!(said.body["presentation"]["message_zh"], "买家拒收，订单已取消");
    assert_eq!(said.body["lines"][0]["returned_quantity"], 1);
    assert_eq!(front.fake.lock().causes.last().unwrap(), "refused at the door: not at home");
    let late = act(&front, 5, &number, "cod/collect", cash(1_250)).await;
    assert_eq!(late.code(), (409, "order_state_conflict"));
}

#[actix_web::test]
async fn what_costs_nothing_can_still_be_brought() {
    let front = Front::open().await;
    front.fake.lock().skus.insert(sku("tea", 0).id, sku("tea", 0));
    let number = delivered(&front).await;
    assert_eq!(online(&front, 4, &number).await.code(), (409, "order_not_payable"));
    let said = act(&front, 5, &number, "cod/collect", cash(0)).await;
    assert_eq!((said.status, &said.body["payment_status"]), (200, &json!("paid")));
}

#[actix_web::test]
async fn nobody_but_an_operator_takes_cash() {
    let front = Front::open().await;
    let number = delivered(&front).await;
    for action in ["collect", "refuse"] {
        let path = format!("/api/admin/orders/{number}/cod/{action}");
        let asked = request(&front.buyer, Method::POST, &path)
            .insert_header(("Idempotency-Key", idempotency_key(7)));
        assert_eq!(front.send(asked, cash(1_250)).await.status, 401);
    }
}
