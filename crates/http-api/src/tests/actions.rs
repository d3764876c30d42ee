//! What buyers do with their orders.

use super::front::{Front, START_S};
use domain::order::OrderStatus;
use domain::ports::{Committed, EventSink};
use domain::shipment::{LogisticsType, Package, Shipment, ShipmentDraft};
use serde_json::{Value, json};

fn path(number: &str, action: &str) -> String {
    format!("/api/mini/orders/{number}/{action}")
}

/// The order was sent, in one package with a contact.
pub(super) fn send(front: &Front, number: &str) {
    let package = Package {
        express_company: Some("SF".to_owned()),
        tracking_no: Some("SF1".to_owned()),
        item_desc: "茶".to_owned(),
        contact: Some("+86-177****1234".to_owned()),
    };
    let draft = ShipmentDraft {
        logistics_type: LogisticsType::Express,
        packages: vec![package],
        is_all_delivered: true,
    };
    let at = domain::Timestamp::from_seconds(START_S);
    front.bend(number, |order| {
        order.status = OrderStatus::Shipped;
        order.shipments = vec![Shipment { draft, at }];
    });
}

#[actix_web::test]
async fn a_clients_word_changes_what_is_shown_and_makes_us_ask_and_pays_nothing() {
    let front = Front::open().await;
    let number = front.checked_out().await;
    let asked = front.fake.lock().hastened;
    let report = |result: Value| {
        let body = json!({"result": result});
        let path = path(&number, "payment-result");
        let front = front.clone();
        async move { front.call(&front.buyer, actix_web::http::Method::POST, &path, body).await }
    };
    let said = report(json!("ok")).await;
    assert_eq!((said.status, said.header("etag")), (202, Some("\"3\"")));
    assert_eq!(said.body["payment_status"], "unpaid");
    assert_eq!(
        said.body["presentation"],
        json!({"status": "confirming", "message_zh": "支付成功，订单生成中",
            "poll_after_ms": 1_000, "give_up_after_s": 30,
            "give_up_message_zh": "订单生成较慢，请稍后从订单列表查看"})
    );
    assert!(front.fake.lock().hastened > asked);
    // After half a minute the client stops asking; what it then shows is the same sentence.
    front.fake.lock().now_s += 30;
    let said = front.get(&format!("/api/mini/orders/{number}")).await;
    assert_eq!(
        said.body["presentation"],
        json!({"status": "confirming", "message_zh": "订单生成较慢，请稍后从订单列表查看",
            "poll_after_ms": null, "give_up_after_s": null, "give_up_message_zh": null})
    );
    let said = report(json!("cancel")).await;
    assert_eq!(said.body["presentation"]["status"], "awaiting_payment");
    assert_eq!(report(json!("fail")).await.status, 202);
    for bad in [json!("paid"), json!(true), Value::Null] {
        assert_eq!(report(bad).await.body["errors"][0]["field"], "result");
    }
    // Of an order that is paid already nothing is noted, and it is shown as it is.
    front.settle(&number);
    let said = report(json!("fail")).await;
    assert_eq!((said.status, &said.body["payment_status"]), (202, &json!("paid")));
}

#[actix_web::test]
async fn an_order_without_a_payment_is_cancelled_at_once_and_once_per_key() {
    let front = Front::open().await;
    let number = front.placed().await;
    let path = path(&number, "cancel");
    let said = front.post(1, &path, Value::Null).await;
    assert_eq!((said.status, &said.body["status"]), (200, &json!("cancelled")), "{said:?}");
    assert_eq!(said.header("etag"), Some("\"2\""));
    let again = front.post(1, &path, json!({})).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (200, Some("true")));
    assert_eq!(again.body, said.body);
    let another = front.post(2, &path, Value::Null).await;
    assert_eq!((another.status, another.header("idempotent-replayed")), (200, None));
    assert_eq!(another.body["version"], said.body["version"]);
    let said = front.post(3, &path, json!({"reason": "x"})).await;
    assert_eq!(said.body["errors"][0]["code"], "unknown_field");
}

#[actix_web::test]
async fn an_order_with_a_payment_is_being_cancelled_until_wechat_pay_says_the_end() {
    let front = Front::open().await;
    let number = front.checked_out().await;
    let said = front.post(1, &path(&number, "cancel"), Value::Null).await;
    assert_eq!((said.status, &said.body["status"]), (200, &json!("cancelling")), "{said:?}");
    assert_eq!(said.body["payments"][0]["status"], "closing");
    assert_eq!(said.body["presentation"]["status"], "cancelling");
    assert_eq!(said.body["presentation"]["poll_after_ms"], 1_000);
    // Money came after all.
    front.settle(&number);
    let id = *front.fake.lock().orders.keys().next().unwrap();
    front.bell.committed(&Committed { order: id, version: 4, next_due: None });
    let again = front.post(1, &path(&number, "cancel"), Value::Null).await;
    assert_eq!((again.status, &again.body["status"]), (200, &json!("ready")));
    send(&front, &number);
    let said = front.post(2, &path(&number, "cancel"), Value::Null).await;
    assert_eq!(said.code(), (409, "order_not_cancellable"));
}

#[actix_web::test]
async fn a_receipt_is_confirmed_once_everything_is_on_its_way() {
    let front = Front::open().await;
    let number = front.checked_out().await;
    let path = path(&number, "confirm-receipt");
    let said = front.post(1, &path, Value::Null).await;
    assert_eq!(said.code(), (409, "order_state_conflict"));
    front.settle(&number);
    let said = front.post(1, &path, Value::Null).await;
    assert_eq!(said.code(), (409, "order_state_conflict"));
    send(&front, &number);
    let said = front.post(1, &path, Value::Null).await;
    assert_eq!((said.status, &said.body["status"]), (200, &json!("completed")), "{said:?}");
    assert_eq!(said.body["delivered_at"], "2027-01-15T08:00:00Z");
    assert_eq!(said.body["completed_at"], "2027-01-15T08:00:00Z");
    let again = front.post(1, &path, json!({})).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (200, Some("true")));
    assert_eq!(front.fake.lock().causes.last().unwrap(), "confirm receipt");
}

#[actix_web::test]
async fn a_buyer_sees_the_carrier_and_the_number_of_a_package_and_no_telephone() {
    let front = Front::open().await;
    let number = front.checked_out().await;
    front.settle(&number);
    send(&front, &number);
    let said = front.get(&format!("/api/mini/orders/{number}")).await;
    assert_eq!(
        said.body["shipments"],
        json!([{"at": "2027-01-15T08:00:00Z", "logistics_type": 1, "is_all_delivered": true,
            "packages": [{"express_company": "SF", "tracking_no": "SF1", "item_desc": "茶"}]}])
    );
    assert!(!front.get("/api/mini/orders").await.text.contains("1234"));
}
