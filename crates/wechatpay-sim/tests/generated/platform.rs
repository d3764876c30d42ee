//! Calls of the WeChat platform: a token, reports about packages, and what is known of them.

use serde_json::{Value, json};
use wechatpay_sim::core::exchange::{Answer, ApiRequest};

use crate::merchant::{Merchant, order};
use crate::ops::Platform;

/// The call that asks for a token.
pub(crate) const TOKEN_CALL: u8 = 0;
const TOKEN: &str = "/cgi-bin/stable_token";

/// Target and body of a call.
pub(crate) fn asked(
    call: Platform,
    merchant: &Merchant,
    transactions: &dyn Fn(u8) -> Option<String>,
) -> (String, Value) {
    let id = transactions(call.number).unwrap_or_else(|| "4200000000".to_owned());
    let (name, body) = match call.call {
        TOKEN_CALL => return (TOKEN.to_owned(), token_asked(merchant, call.odd)),
        1 => ("upload_shipping_info", report(&id, call)),
        2 if call.report == 0 => {
            let mchid = &merchant.credentials.mchid;
            let number = order(call.number);
            ("get_order", json!({"merchant_id": mchid, "merchant_trade_no": number}))
        }
        2 => ("get_order", json!({"transaction_id": id})),
        3 => ("is_trade_managed", json!({"appid": merchant.credentials.appid})),
        _ => ("is_trade_management_confirmation_completed", json!({"appid": "wx0"})),
    };
    let token = match call.odd {
        1 => "nobodys",
        2 => "",
        _ => merchant.token.as_deref().unwrap_or_default(),
    };
    (format!("/wxa/sec/order/{name}?access_token={token}"), body)
}

fn token_asked(merchant: &Merchant, odd: u8) -> Value {
    let secret = if odd == 1 { "nobody's" } else { merchant.credentials.app_secret.as_str() };
    json!({
        "grant_type": if odd == 2 { "password" } else { "client_credential" },
        "appid": merchant.credentials.appid, "secret": secret, "force_refresh": odd == 3,
    })
}

fn report(id: &str, call: Platform) -> Value {
    let package = |number: u8| json!({"express_company": "ZTO", "tracking_no": format!("Z{number}"), "item_desc": "茶"});
    let packages: Vec<Value> = (0..=call.report % 3).map(package).collect();
    let is_split = packages.len() > 1 || call.report == 3;
    let mut body = json!({
        "order_key": {"order_number_type": 2, "transaction_id": id},
        "logistics_type": 1, "delivery_mode": if is_split { 2 } else { 1 },
        "is_all_delivered": call.report.is_multiple_of(2), "shipping_list": packages,
        "upload_time": format!("2026-11-21T10:00:{:02}.120+08:00", call.report),
        "payer": {"openid": "alice"},
    });
    match call.odd {
        3 => body["payer"] = json!({"openid": "bob"}),
        4 => body["logistics_type"] = json!(4),
        5 => body["shipping_list"] = json!([]),
        6 => body["upload_time"] = json!("now"),
        _ => {}
    }
    body
}

/// The token of an answer that gives one.
pub(crate) fn token(request: &ApiRequest, answer: &Answer) -> Option<String> {
    let body = (request.path() == TOKEN).then(|| read(answer))?;
    body["access_token"].as_str().map(str::to_owned)
}

/// The call and its `errcode`.
pub(crate) fn seen(request: &ApiRequest, answer: &Answer) -> Option<String> {
    let is_platform = request.path() == TOKEN || request.path().starts_with("/wxa/sec/order/");
    let name = request.path().rsplit('/').next().filter(|_| is_platform && answer.status == 200)?;
    let errcode = read(answer).get("errcode").and_then(Value::as_i64).unwrap_or(0);
    Some(format!("{name} {errcode}"))
}

fn read(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}
