//! Refusals of orders that exist.

use super::Refused;
use crate::tests::front::{Front, START_S, idempotency_key, request};
use actix_web::http::Method;
use domain::ports::{GatewayError, WechatRefusal};
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
    let cancel = front.post(6, &path("cancel"), Value::Null).await;
    let package = json!({"item_desc": "x"});
    let ship = |count: usize| {
        json!({"logistics_type": 3, "packages": vec![package.clone(); count],
            "is_all_delivered": false})
    };
    let shipping = format!("/api/admin/orders/{number}/ship");
    front.post_as(&front.operator, 7, &shipping, ship(15)).await;
    let packages = front.post_as(&front.operator, 8, &shipping, ship(1)).await;
    vec![
        ("a payment that WeChat Pay refuses", wechat),
        ("an order at another version", stale),
        ("another buyer's order", others),
        ("a payment within the last minute", late),
        ("a receipt of what was not sent", receipt),
        ("a cancellation of what is paid", cancel),
        ("a package too many", packages),
    ]
}
