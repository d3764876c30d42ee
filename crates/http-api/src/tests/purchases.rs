//! From a list to an offer, and to looking at it.

use super::front::{Front, START_S, everything, idempotency_key, request, sku};
use actix_web::http::Method;
use domain::changeset::Refusal;
use domain::ports::{GatewayError, WechatRefusal};
use serde_json::{Value, json};

#[actix_web::test]
async fn a_checkout_answers_201_with_everything_that_the_contract_names() {
    let front = Front::open().await;
    front.want(2).await;
    let said = front.pay(&idempotency_key(1), everything()).await;
    let number = said.body["order_number"].as_str().unwrap().to_owned();
    assert_eq!(
        (said.status, said.body),
        (
            201,
            json!({"order_number": number, "out_trade_no": number,
                "expires_at": "2027-01-15T08:30:00Z", "amount_fen": 2_500,
                "trade_type": "JSAPI", "pay_params": {"code_url": "p1"},
                "payment_status": "unpaid", "reused": false,
                "poll": {"url": format!("/api/mini/orders/{number}"), "poll_after_ms": 1_000,
                    "give_up_after_s": 30}})
        )
    );
}

#[actix_web::test]
async fn a_replay_has_its_first_status_again_whether_it_was_new_or_reused() {
    let front = Front::open().await;
    front.want(1).await;
    let first = front.pay(&idempotency_key(1), everything()).await;
    assert_eq!((first.status, first.header("idempotent-replayed")), (201, None));
    front.fake.lock().now_s += 5;
    let reused = front.pay(&idempotency_key(2), everything()).await;
    assert_eq!((reused.status, reused.body["reused"].as_bool()), (200, Some(true)));
    assert_eq!(reused.body["order_number"], first.body["order_number"]);
    let again = front.pay(&idempotency_key(1), everything()).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!(again.body, first.body);
    let again = front.pay(&idempotency_key(2), everything()).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (200, Some("true")));
    assert_eq!(again.body, reused.body);
}

#[actix_web::test]
async fn an_unknown_answer_is_202_without_pay_params_and_the_same_key_ends_201() {
    let front = Front::open().await;
    front.want(1).await;
    front.fake.lock().prepay = Some(GatewayError::OutcomeUnknown("timeout".to_owned()));
    let first = front.pay(&idempotency_key(1), everything()).await;
    assert_eq!((first.status, first.header("retry-after")), (202, Some("2")));
    assert!(first.body.get("pay_params").is_none());
    assert_eq!(first.body["payment_status"], "unpaid");
    front.fake.lock().prepay = None;
    let second = front.pay(&idempotency_key(1), everything()).await;
    assert_eq!((second.status, second.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!(second.body["out_trade_no"], first.body["out_trade_no"]);
    assert_eq!(second.body["pay_params"], json!({"code_url": "p1"}));
}

#[actix_web::test]
async fn a_free_order_is_201_paid_and_has_nothing_to_pay_with() {
    let front = Front::open().await;
    front.fake.lock().skus.insert(sku("tea", 0).id, sku("tea", 0));
    front.want(1).await;
    let said = front.pay(&idempotency_key(1), everything()).await;
    assert_eq!(said.status, 201, "{said:?}");
    for name in ["pay_params", "out_trade_no", "trade_type", "expires_at"] {
        assert_eq!(said.body.get(name), Some(&Value::Null), "{name}");
    }
    assert_eq!(
        (&said.body["payment_status"], &said.body["amount_fen"]),
        (&json!("paid"), &json!(0))
    );
}

#[actix_web::test]
async fn what_is_in_the_way_is_named() {
    let front = Front::open().await;
    front.want(1).await;
    let mut shown = everything();
    shown["expected_total_fen"] = json!(1_249);
    let said = front.pay(&idempotency_key(1), shown).await;
    assert_eq!(said.code(), (409, "price_changed"));
    assert_eq!(
        said.body["amounts"],
        json!({"items_fen": 1_250, "discount_fen": 0, "delivery_fen": 0, "rush_fen": 0,
            "total_fen": 1_250})
    );
    let first = front.pay(&idempotency_key(2), everything()).await;
    let mut other = everything();
    other["remark"] = json!("gift");
    let said = front.pay(&idempotency_key(3), other).await;
    assert_eq!(said.code(), (409, "checkout_open"));
    assert_eq!(said.body["order_number"], first.body["order_number"]);
    let mut missing = everything();
    missing["item_ids"] = json!([1, 7, 8]);
    let said = front.pay(&idempotency_key(4), missing).await;
    assert_eq!(said.code(), (422, "item_not_found"));
    assert_eq!(said.body["errors"].as_array().unwrap().len(), 2);
    let said = front.pay(&idempotency_key(5), json!({"item_ids": [], "address_id": 9})).await;
    assert_eq!(said.code(), (422, "address_invalid"));
    let mut coupon = everything();
    coupon["coupon_id"] = json!("ten-off");
    let said = front.pay(&idempotency_key(6), coupon).await;
    assert_eq!(said.code(), (409, "coupon_not_usable"));
}

#[actix_web::test]
async fn a_buyer_reads_that_wechat_pay_refused_and_not_why() {
    let front = Front::open().await;
    front.want(1).await;
    let refusal = WechatRefusal { code: "NO_AUTH".to_owned(), ..WechatRefusal::default() };
    front.fake.lock().prepay = Some(GatewayError::Refused(refusal));
    let said = front.pay(&idempotency_key(1), everything()).await;
    assert_eq!(said.code(), (502, "wechat_refused"));
    assert!(!said.text.contains("NO_AUTH"), "{}", said.text);
}

#[actix_web::test]
async fn guards_and_payers_have_their_own_words() {
    let front = Front::open().await;
    front.want(1).await;
    front.fake.lock().guard = Some(Refusal::TooManyOpenOrders);
    let said = front.pay(&idempotency_key(1), everything()).await;
    assert_eq!(said.code(), (409, "too_many_open_orders"));
    front.fake.lock().guard = Some(Refusal::ListTaken);
    let said = front.pay(&idempotency_key(1), everything()).await;
    assert_eq!(said.code(), (503, "try_again"));
    front.fake.lock().guard = None;
    front.fake.lock().no_openid = true;
    let said = front.pay(&idempotency_key(1), everything()).await;
    assert_eq!(said.code(), (409, "openid_required"));
}

#[actix_web::test]
async fn a_quote_has_no_effect() {
    let front = Front::open().await;
    let quote = || front.call(&front.buyer, Method::POST, "/api/mini/checkout/quote", everything());
    assert_eq!(quote().await.code(), (422, "purchase_list_empty"));
    front.want(3).await;
    let said = quote().await;
    assert_eq!((said.status, &said.body["amounts"]["total_fen"]), (200, &json!(3_750)));
    assert_eq!(said.body["lines"][0]["quantity"], 3);
    assert!(front.fake.lock().orders.is_empty());
}

#[actix_web::test]
async fn another_buyers_order_is_as_unknown_as_one_that_never_was() {
    let front = Front::open().await;
    front.want(1).await;
    let said = front.pay(&idempotency_key(1), everything()).await;
    let number = said.body["order_number"].as_str().unwrap().to_owned();
    let mallory = front.buyer_with_address("mallory").await;
    let look = |token: String, reference: String| {
        let asked = request(&token, Method::GET, &format!("/api/mini/orders/{reference}"));
        front.ask(asked.insert_header(("X-Request-Id", "same")))
    };
    let mine = look(front.buyer.clone(), number.clone()).await;
    assert_eq!((mine.status, mine.header("etag")), (200, Some("\"2\"")));
    let theirs = look(mallory.clone(), number.clone()).await;
    assert_eq!(theirs.code(), (404, "not_found"));
    for never in ["P2026112110000000000000000000", "0198c0de-0000-7000-8000-000000000000", "!"] {
        let said = look(mallory.clone(), never.to_owned()).await;
        assert_eq!((said.status, &said.text), (404, &theirs.text), "{never}");
    }
    let id = mine.body["id"].as_str().unwrap().to_owned();
    assert_eq!(look(front.buyer.clone(), id.clone()).await.status, 200);
    assert_eq!(look(mallory, id).await.status, 404);
}

#[actix_web::test]
async fn an_order_has_every_field_of_the_contract() {
    let front = Front::open().await;
    front.want(1).await;
    let said = front.pay(&idempotency_key(1), everything()).await;
    let number = said.body["order_number"].as_str().unwrap().to_owned();
    let order = front.get(&format!("/api/mini/orders/{number}")).await.body;
    let id = order["id"].clone();
    let user_id = order["user_id"].clone();
    assert_eq!(
        order,
        json!({"id": id, "order_number": number, "purpose": "goods", "user_id": user_id,
            "merchant_ref": null, "status": "pending_payment", "payment_method": "wechat",
            "payment_status": "unpaid", "converting": false, "cash": null,
            "lines": [{"line_no": 1, "sku_id": "tea", "title": "茶", "quantity": 1,
                "returned_quantity": 0, "unit_price_fen": 1_250, "amount_fen": 1_250,
                "discount_fen": 0}],
            "amounts": {"items_fen": 1_250, "discount_fen": 0, "delivery_fen": 0, "rush_fen": 0,
                "total_fen": 1_250, "paid_fen": 0, "refunded_fen": 0},
            "address": {"name": "a", "phone": "13800000000", "region": "b", "detail": "c"},
            "remark": null, "coupon_id": null, "metadata": {},
            "payments": [{"out_trade_no": number, "channel": "wechat", "trade_type": "JSAPI",
                "amount_fen": 1_250, "status": "payable", "transaction_id": null,
                "paid_at": null, "expires_at": "2027-01-15T08:30:00Z",
                "created_at": "2027-01-15T08:00:00Z"}],
            "refunds": [], "shipments": [], "version": 2, "created_at": "2027-01-15T08:00:00Z",
            "pay_deadline": "2027-01-15T08:30:00Z", "paid_at": null, "cancelled_at": null,
            "delivered_at": null, "completed_at": null,
            "presentation": {"status": "awaiting_payment", "message_zh": "等待付款",
                "poll_after_ms": 1_000, "give_up_after_s": 30,
                "give_up_message_zh": "订单生成较慢，请稍后从订单列表查看"}})
    );
}

#[actix_web::test]
async fn lists_are_paged_by_cursor_newest_first() {
    let front = Front::open().await;
    for n in 0..3i64 {
        front.fake.lock().now_s = START_S + n;
        front.fake.lock().items.clear();
        front.want(1).await;
        let n = u32::try_from(n).unwrap();
        assert_eq!(front.pay(&idempotency_key(n), everything()).await.status, 201);
    }
    let all = front.get("/api/mini/orders").await.body;
    let numbers = |page: &Value| -> Vec<String> {
        let data = page["data"].as_array().unwrap().iter();
        data.map(|order| order["order_number"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((numbers(&all).len(), &all["next_cursor"]), (3, &Value::Null));
    let mut walked = Vec::new();
    let mut path = "/api/mini/orders?limit=1".to_owned();
    for _ in 0..3 {
        let page = front.get(&path).await.body;
        walked.extend(numbers(&page));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/api/mini/orders?limit=1&cursor={cursor}");
    }
    assert_eq!(walked, numbers(&all));
    let from = "/api/mini/orders?created_from=2027-01-15T16:00:01%2B08:00&status=pending_payment";
    assert_eq!(numbers(&front.get(from).await.body).len(), 2);
    for bad in ["limit=0", "limit=101", "cursor=x", "status=paid", "created_to=now", "q=1"] {
        let said = front.get(&format!("/api/mini/orders?{bad}")).await;
        assert_eq!(said.code(), (400, "validation_failed"), "{bad}");
    }
}

#[actix_web::test]
async fn the_catalogue_and_the_list_are_shown_and_changed() {
    let front = Front::open().await;
    front.fake.lock().skus.insert(sku("ink", 5).id, sku("ink", 5));
    let page = front.get("/api/mini/skus?limit=1").await.body;
    assert_eq!(
        page["data"],
        json!([{"id": "ink", "title": "茶", "price_fen": 5, "available": 10}])
    );
    let next = page["next_cursor"].as_str().unwrap();
    let page = front.get(&format!("/api/mini/skus?limit=1&cursor={next}")).await.body;
    assert_eq!((&page["data"][0]["id"], &page["next_cursor"]), (&json!("tea"), &Value::Null));
    front.want(9_999).await;
    let line = "/api/mini/purchase-list/items/1";
    let patch = |quantity: i64| {
        front.call(&front.buyer, Method::PATCH, line, json!({"quantity": quantity}))
    };
    assert_eq!(patch(10_000).await.status, 400);
    assert_eq!(patch(0).await.status, 400);
    assert_eq!(patch(2).await.body, json!({"id": 1, "sku_id": "tea", "quantity": 2}));
    let list = front.get("/api/mini/purchase-list").await.body;
    assert_eq!(
        list,
        json!({"items": [{"id": 1, "sku_id": "tea", "title": "茶", "quantity": 2,
            "unit_price_fen": 1_250}]})
    );
    let item = json!({"sku_id": "none", "quantity": 1});
    let items = "/api/mini/purchase-list/items";
    let said = front.call(&front.buyer, Method::POST, items, item).await;
    assert_eq!(said.code(), (422, "item_not_found"));
    let delete = || front.call(&front.buyer, Method::DELETE, line, Value::Null);
    assert_eq!(delete().await.status, 204);
    assert_eq!(delete().await.status, 404);
}
