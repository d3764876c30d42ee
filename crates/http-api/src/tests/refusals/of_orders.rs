//! Refusals of orders that exist.

use super::Refused;
use crate::tests::front::{Front, START_S, Said, idempotency_key, request};
use actix_web::http::Method;
use domain::ports::{GatewayError, Role, WechatRefusal};
use serde_json::{Value, json};

pub(super) async fn all() -> Vec<Refused> {
    let front = Front::open().await;
    let number = front.placed().await;
    let path = |action: &str| format!("/api/mini/orders/{number}/{action}");
    let refusal = WechatRefusal {
        http_status: 403,
        code: "NO_AUTH".to_owned(),
        message: "商户号该产品权限未开通".to_owned(),
        request_id: Some("08F7".to_owned()),
    };
    front.fake.lock().prepay = Some(GatewayError::Refused(refusal));
    let wechat = front.post(1, &path("wechat-pay/prepay"), Value::Null).await;
    front.fake.lock().prepay = None;
    let stale = request(&front.buyer, Method::POST, &path("cancel"))
        .insert_header(("Idempotency-Key", idempotency_key(2)))
        .insert_header(("If-Match", "\"1\""));
    let stale = front.ask(stale).await;
    let mallory = front.buyer_with_address("mallory").await;
    let others = front.post_as(&mallory, 3, &path("cancel"), Value::Null).await;
    front.fake.lock().now_s = START_S + 841;
    let late = front.post(4, &path("wechat-pay/prepay"), Value::Null).await;
    let receipt = front.post(5, &path("confirm-receipt"), Value::Null).await;
    front.settle(&number);
    let package = json!({"item_desc": "x"});
    let ship = |count: usize| {
        json!({"logistics_type": 3, "packages": vec![package.clone(); count],
            "is_all_delivered": false})
    };
    let shipping = format!("/api/admin/orders/{number}/ship");
    front.post_as(&front.operator, 7, &shipping, ship(15)).await;
    let packages = front.post_as(&front.operator, 8, &shipping, ship(1)).await;
    let cancel = front.post(6, &path("cancel"), Value::Null).await;
    let mut met = vec![
        ("a payment that WeChat Pay refuses", wechat),
        ("an order at another version", stale),
        ("another buyer's order", others),
        ("a payment within the last minute", late),
        ("a receipt of what was not sent", receipt),
        ("a cancellation of what is on its way", cancel),
        ("a package too many", packages),
    ];
    met.extend(of_refunds().await);
    met.push(("points that are not there", of_points().await));
    met
}

async fn of_points() -> Said {
    let front = Front::open().await;
    let user = front.offers_recharges();
    let service = front.key("service", vec![Role::Service]);
    let spend = format!("/api/v1/users/{user}/points/spend");
    let body = json!({"points": 101, "reason": "gift"});
    front.post_as(&service, 1, &spend, body).await
}

async fn of_refunds() -> Vec<Refused> {
    let front = Front::open().await;
    let number = front.checked_out().await;
    let path = format!("/api/mini/orders/{number}/refunds");
    let ask = |amount_fen: i64| json!({"amount_fen": amount_fen, "reason": "坏了"});
    let unpaid = front.post(1, &path, ask(1)).await;
    front.settle(&number);
    let by_lines = json!({"lines": [{"line_no": 9, "quantity": 1}], "reason": "坏了"});
    let by_lines = front.post(2, &path, by_lines).await;
    let too_much = front.post(3, &path, ask(1_251)).await;
    let asking = format!("/api/admin/orders/{number}/refunds");
    let asked = front.post_as(&front.operator, 4, &asking, ask(1_001)).await;
    let waiting = asked.body["out_refund_no"].as_str().unwrap().to_owned();
    let say = |word: &str| format!("/api/admin/refunds/{waiting}/{word}");
    let own = front.post_as(&front.operator, 5, &say("approve"), Value::Null).await;
    let unknown = "/api/admin/refunds/R-1/approve";
    let unknown = front.post_as(&front.operator, 6, unknown, Value::Null).await;
    front.post_as(&front.operator, 7, &say("decline"), Value::Null).await;
    let declined = front.post_as(&front.operator, 8, &say("approve"), Value::Null).await;
    let service = front.key("service", vec![Role::Service]);
    let backend = format!("/api/v1/payments/{number}/refunds");
    let given = |amount_fen: i64| json!({"amount_fen": amount_fen, "reason": "坏了", "out_refund_no": "R-1"});
    front.post_as(&service, 9, &backend, given(1)).await;
    let taken = front.post_as(&service, 10, &backend, given(2)).await;
    for key in 11..60 {
        assert_eq!(front.post_as(&service, key, &backend, ask(1)).await.status, 201);
    }
    let limit = front.post_as(&service, 60, &backend, ask(1)).await;
    let sync = format!("/api/admin/payments/{number}/sync");
    let unheard = front.post_as(&front.operator, 61, &sync, Value::Null).await;
    vec![
        ("a refund of what is not paid", unpaid),
        ("a refund of a line that is not there", by_lines),
        ("a refund of more than was paid", too_much),
        ("one's own refund approved", own),
        ("a refund that is not there", unknown),
        ("a declined refund approved", declined),
        ("another refund under a number that is taken", taken),
        ("a refund too many", limit),
        ("a question that WeChat Pay does not answer", unheard),
    ]
}
