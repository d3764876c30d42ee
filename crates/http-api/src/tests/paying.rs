//! Orders that are placed first and paid for later, replaced, or paid another way.

use super::front::{Front, PREPAY, START_S, everything, idempotency_key, request, sku, to_place};
use actix_web::http::Method;
use domain::order::OrderStatus;
use domain::ports::{GatewayError, WechatRefusal};
use serde_json::{Value, json};

const ORDERS: &str = "/api/mini/orders";

fn prepay_of(number: &str) -> String {
    format!("{ORDERS}/{number}/wechat-pay/prepay")
}

#[actix_web::test]
async fn an_order_is_placed_without_a_payment_and_found_again_by_an_equal_request() {
    let front = Front::open().await;
    front.want(1).await;
    let first = front.post(1, ORDERS, to_place()).await;
    assert_eq!((first.status, first.header("etag")), (201, Some("\"1\"")));
    assert_eq!(first.body["payments"], json!([]));
    assert_eq!(
        (&first.body["status"], &first.body["reused"]),
        (&json!("pending_payment"), &json!(false))
    );
    assert_eq!(first.body["pay_deadline"], "2027-01-15T08:15:00Z");
    let reused = front.post(2, ORDERS, to_place()).await;
    assert_eq!((reused.status, &reused.body["reused"]), (200, &json!(true)));
    assert_eq!(reused.body["order_number"], first.body["order_number"]);
    for (key, status, was_reused) in [(1, 201, false), (2, 200, true)] {
        let again = front.post(key, ORDERS, to_place()).await;
        assert_eq!((again.status, again.header("idempotent-replayed")), (status, Some("true")));
        assert_eq!(again.body["reused"], was_reused);
    }
    let mut other = to_place();
    other["remark"] = json!("gift");
    let said = front.post(1, ORDERS, other.clone()).await;
    assert_eq!(said.code(), (422, "idempotency_key_reused"));
    let said = front.post(3, ORDERS, other).await;
    assert_eq!(said.code(), (409, "checkout_open"));
    assert_eq!(said.body["order_number"], first.body["order_number"]);
}

#[actix_web::test]
async fn what_is_not_offered_is_refused_by_name() {
    let front = Front::open().await;
    front.want(1).await;
    for (method, code) in
        [(json!("free"), "invalid"), (Value::Null, "required"), (json!(1), "wrong_type")]
    {
        let mut body = to_place();
        body["payment_method"] = method;
        assert_eq!(front.post(1, ORDERS, body).await.body["errors"][0]["code"], code);
    }
    let number = front.placed().await;
    for trade_type in ["MWEB", "h5", "jsapi"] {
        let body = json!({"trade_type": trade_type, "client_ip": "203.0.113.9"});
        let said = front.post(2, &prepay_of(&number), body).await;
        assert_eq!(said.body["errors"][0]["field"], "trade_type", "{said:?}");
        assert_eq!(said.body["errors"].as_array().unwrap().len(), 1);
    }
    for bad in ["203.0.113", "203.0.113.256", "::g", "localhost", ""] {
        let said = front.post(2, &prepay_of(&number), json!({"client_ip": bad})).await;
        assert_eq!(said.body["errors"][0]["field"], "client_ip", "{bad}");
    }
}

#[actix_web::test]
async fn h5_needs_to_know_where_its_payer_is() {
    let front = Front::open().await;
    let number = front.placed().await;
    let h5 = |client_ip: Value| json!({"trade_type": "H5", "client_ip": client_ip});
    for (wrong, code) in [
        (json!({"trade_type": "H5"}), "required"),
        (h5(Value::Null), "required"),
        (h5(json!(7)), "wrong_type"),
        (h5(json!("localhost")), "invalid"),
        (h5(json!("127.0.0.1")), "invalid"),
        (h5(json!("::1")), "invalid"),
    ] {
        let said = front.post(1, &prepay_of(&number), wrong).await;
        assert_eq!(said.code(), (400, "validation_failed"));
        let errors = said.body["errors"].as_array().unwrap();
        assert_eq!((&errors[0]["field"], &errors[0]["code"]), (&json!("client_ip"), &json!(code)));
        assert_eq!(errors.len(), 1);
    }
    let first = front.post(2, &prepay_of(&number), h5(json!("203.0.113.9"))).await;
    assert_eq!((first.status, &first.body["trade_type"]), (201, &json!("H5")), "{first:?}");
    let equal = front.post(3, &prepay_of(&number), h5(json!("203.0.113.9"))).await;
    assert_eq!((equal.status, &equal.body["out_trade_no"]), (200, &first.body["out_trade_no"]));
    // WeChat Pay compares the address with that of whoever pays.
    let moved = front.post(4, &prepay_of(&number), h5(json!("2001:db8::9"))).await;
    assert_eq!((moved.status, &moved.body["reused"]), (201, &json!(false)), "{moved:?}");
    assert_ne!(moved.body["out_trade_no"], first.body["out_trade_no"]);
    let shown = front.get(&format!("{ORDERS}/{number}")).await;
    assert_eq!(shown.body["payments"][0]["trade_type"], "H5");
    assert!(!shown.body.to_string().contains("203.0.113.9"), "personal data");
}

#[actix_web::test]
async fn app_is_offered_where_there_is_a_mobile_app() {
    let front = Front::open().await;
    let number = front.placed().await;
    let app = json!({"trade_type": "APP"});
    let said = front.post(1, &prepay_of(&number), app.clone()).await;
    assert_eq!((said.status, &said.body["trade_type"]), (201, &json!("APP")), "{said:?}");
    let without = Front::without_mobile_app().await;
    let number = without.placed().await;
    let said = without.post(1, &prepay_of(&number), app).await;
    assert_eq!(said.code(), (400, "validation_failed"));
    assert_eq!(said.body["errors"][0]["field"], "trade_type", "{said:?}");
    let without = Front::without_mobile_app().await;
    without.want(1).await;
    let mut placing = everything();
    placing["trade_type"] = json!("APP");
    let said = without.post(2, PREPAY, placing).await;
    assert_eq!(said.body["errors"][0]["field"], "trade_type", "{said:?}");
}

#[actix_web::test]
async fn a_free_order_is_placed_paid() {
    let front = Front::open().await;
    front.fake.lock().skus.insert(sku("tea", 0).id, sku("tea", 0));
    front.want(1).await;
    let said = front.post(1, ORDERS, to_place()).await;
    assert_eq!(said.status, 201, "{said:?}");
    assert_eq!(
        (&said.body["payment_method"], &said.body["payment_status"]),
        (&json!("free"), &json!("paid"))
    );
}

#[actix_web::test]
async fn a_payment_is_offered_once_found_again_and_replaced_by_another_way_to_pay() {
    let front = Front::open().await;
    let number = front.placed().await;
    let first = front.post(1, &prepay_of(&number), Value::Null).await;
    assert_eq!((first.status, &first.body["out_trade_no"]), (201, &json!(number)), "{first:?}");
    assert_eq!(
        (&first.body["trade_type"], &first.body["reused"]),
        (&json!("JSAPI"), &json!(false))
    );
    assert_eq!(first.body["expires_at"], "2027-01-15T08:15:00Z");
    let equal = front.post(2, &prepay_of(&number), json!({"client_ip": "::1"})).await;
    assert_eq!((equal.status, &equal.body["reused"]), (200, &json!(true)));
    let other = front.post(3, &prepay_of(&number), json!({"trade_type": "NATIVE"})).await;
    assert_eq!((other.status, &other.body["out_trade_no"]), (201, &json!(format!("{number}-2"))));
    // The first key shows what became of its payment, which another one replaced.
    let again = front.post(1, &prepay_of(&number), Value::Null).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!(
        (&again.body["out_trade_no"], &again.body["pay_params"]),
        (&json!(number), &Value::Null)
    );
    let said = front.post(1, &prepay_of(&number), json!({"trade_type": "NATIVE"})).await;
    assert_eq!(said.code(), (422, "idempotency_key_reused"));
}

#[actix_web::test]
async fn no_body_and_an_empty_object_are_one_request_under_every_name_of_the_order() {
    let front = Front::open().await;
    let number = front.placed().await;
    assert_eq!(front.post(1, &prepay_of(&number), Value::Null).await.status, 201);
    let again = front.post(1, &prepay_of(&number), json!({})).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let id = front.get(&format!("{ORDERS}/{number}")).await.body["id"].as_str().unwrap().to_owned();
    let first = front.post(2, &prepay_of(&id.to_uppercase()), json!({})).await;
    assert_eq!((first.status, first.header("idempotent-replayed")), (200, None));
    let again = front.post(2, &prepay_of(&id), Value::Null).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.body["out_trade_no"], first.body["out_trade_no"]);
}

#[actix_web::test]
async fn an_unknown_answer_to_a_later_payment_is_202_and_the_same_key_ends_201_with_it() {
    let front = Front::open().await;
    let number = front.placed().await;
    front.fake.lock().prepay = Some(GatewayError::OutcomeUnknown("timeout".to_owned()));
    let first = front.post(1, &prepay_of(&number), Value::Null).await;
    assert_eq!((first.status, first.header("retry-after")), (202, Some("2")));
    assert!(first.body.get("pay_params").is_none());
    front.fake.lock().prepay = None;
    let second = front.post(1, &prepay_of(&number), Value::Null).await;
    assert_eq!((second.status, second.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!(second.body["out_trade_no"], first.body["out_trade_no"]);
    assert_eq!(second.body["pay_params"], json!({"code_url": "p1"}));
}

#[actix_web::test]
async fn what_cannot_be_paid_says_so() {
    let front = Front::open().await;
    let number = front.placed().await;
    front.fake.lock().no_openid = true;
    let said = front.post(1, &prepay_of(&number), Value::Null).await;
    assert_eq!(said.code(), (409, "openid_required"));
    front.fake.lock().no_openid = false;
    let refusal = WechatRefusal { code: "NO_AUTH".to_owned(), ..WechatRefusal::default() };
    front.fake.lock().prepay = Some(GatewayError::Refused(refusal.clone()));
    let said = front.post(2, &prepay_of(&number), Value::Null).await;
    assert_eq!(said.code(), (502, "wechat_refused"));
    assert!(!said.text.contains("NO_AUTH"), "{}", said.text);
    // WeChat Pay holds the number already, or calls it paid, and does not say what became of it.
    for error in [GatewayError::NumberSpent(refusal.clone()), GatewayError::AlreadyPaid(refusal)] {
        front.fake.lock().prepay = Some(error);
        let said = front.post(3, &prepay_of(&number), Value::Null).await;
        assert_eq!((said.status, said.header("retry-after")), (202, Some("2")));
        assert!(said.body.get("pay_params").is_none(), "{}", said.text);
    }
    front.fake.lock().prepay = None;
    front.fake.lock().now_s = START_S + 845;
    let said = front.post(4, &prepay_of(&number), Value::Null).await;
    assert_eq!(said.code(), (409, "order_not_payable"));
    front.settle(&number);
    let said = front.post(5, &prepay_of(&number), Value::Null).await;
    assert_eq!(said.code(), (409, "order_not_payable"));
}

#[actix_web::test]
async fn an_open_order_makes_way_when_it_can_and_is_named_when_it_cannot_yet() {
    let front = Front::open().await;
    // Without a payment it is cancelled at once.
    let first = front.placed().await;
    let mut gift = to_place();
    gift["remark"] = json!("gift");
    gift["replace_open"] = json!(true);
    // What the real stores free when an order is cancelled.
    front.fake.lock().frees_lists = true;
    let second = front.post(1, ORDERS, gift).await;
    assert_eq!((second.status, &second.body["reused"]), (201, &json!(false)), "{second:?}");
    let cancelled = front.get(&format!("{ORDERS}/{first}")).await;
    assert_eq!(cancelled.body["status"], "cancelled");
    // With one, WeChat Pay has to be asked, and here nobody does.
    let second = second.body["order_number"].as_str().unwrap().to_owned();
    assert_eq!(front.post(2, &prepay_of(&second), Value::Null).await.status, 201);
    let mut plain = everything();
    plain["replace_open"] = json!(true);
    let said = front.pay(&idempotency_key(3), plain.clone()).await;
    assert_eq!(said.code(), (409, "checkout_open"));
    assert_eq!(
        (said.header("retry-after"), &said.body["order_number"]),
        (Some("3"), &json!(second))
    );
    // Nothing is stored under the key; the cancellation goes on, and the key with it.
    let going_on = front.get(&format!("{ORDERS}/{second}")).await;
    assert_eq!(going_on.body["status"], "cancelling");
    front.bend(&second, |order| order.status = OrderStatus::Cancelled);
    front.fake.lock().items.values_mut().for_each(|item| item.2 = None);
    let said = front.pay(&idempotency_key(3), plain).await;
    assert_eq!((said.status, said.header("idempotent-replayed")), (201, None), "{said:?}");
}

#[actix_web::test]
async fn the_key_and_the_form_are_refused_before_the_order_is_looked_for() {
    let front = Front::open().await;
    let number = front.placed().await;
    let mallory = front.buyer_with_address("mallory").await;
    let asked = |token: &str, key: Option<u32>, path: &str, body: Value, tag: &str| {
        let mut asked =
            request(token, Method::POST, path).insert_header(("If-Match", tag.to_owned()));
        if let Some(key) = key {
            asked = asked.insert_header(("Idempotency-Key", idempotency_key(key)));
        }
        front.send(asked, body)
    };
    let wrong = json!({"trade_type": 1});
    let path = prepay_of(&number);
    let said = asked("pt_x", None, &path, wrong.clone(), "\"9\"").await;
    assert_eq!(said.code(), (401, "unauthenticated"));
    let said = asked(&mallory, None, &path, wrong.clone(), "\"9\"").await;
    assert_eq!(said.code(), (400, "idempotency_key_missing"));
    let said = asked(&mallory, Some(1), &path, wrong, "\"9\"").await;
    assert_eq!(said.body["errors"][0]["field"], "trade_type");
    let said = asked(&mallory, Some(1), &path, json!({}), "\"9\"").await;
    assert_eq!(said.code(), (404, "not_found"));
    for tag in ["\"9\"", "*", "W/\"1\""] {
        let said = asked(&front.buyer, Some(1), &path, json!({}), tag).await;
        assert_eq!(said.code(), (412, "version_conflict"), "{tag}");
    }
    front.fake.lock().no_openid = true;
    let said = asked(&front.buyer, Some(1), &path, json!({}), "\"1\"").await;
    assert_eq!(said.code(), (409, "openid_required"));
    front.fake.lock().no_openid = false;
    let said = asked(&front.buyer, Some(1), &path, json!({}), "\"1\"").await;
    assert_eq!(said.status, 201, "{said:?}");
    // A known key is answered before If-Match is looked at.
    let said = asked(&front.buyer, Some(1), &path, json!({}), "\"1\"").await;
    assert_eq!((said.status, said.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!(front.post(1, PREPAY, everything()).await.code(), (409, "checkout_open"));
}
