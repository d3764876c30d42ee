//! From prepay to the ledger.

use serde_json::json;
use wechatpay_sim::Settings;

use crate::merchant::JSAPI;
use crate::receiver::Receiver;
use crate::start;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purchase_is_prepaid_paid_notified_and_in_the_ledger() {
    let (sandbox, merchant) = start(Settings::default()).await;
    let mut receiver = Receiver::start(&[]);
    let appid = merchant.credentials.appid.clone();

    let login = format!(
        "{}/sns/jscode2session?appid={appid}&secret={}&js_code=alice&grant_type=authorization_code",
        merchant.base_url, merchant.credentials.app_secret
    );
    let session = merchant.finish(merchant.client.get(login)).await.unwrap().json();
    let openid = session["openid"].as_str().unwrap();

    let mut body = merchant.native_body("T00001", &receiver.url);
    body["payer"] = json!({"openid": openid});
    body["attach"] = json!("pd1.x");
    let prepaid = merchant.call("POST", JSAPI, &body.to_string()).await.unwrap();
    assert_eq!(prepaid.status, 200, "{prepaid:?}");
    assert_eq!(prepaid.signed_by.as_ref(), Some(&merchant.credentials.platform_serial));
    let package = format!("prepay_id={}", prepaid.json()["prepay_id"].as_str().unwrap());
    let pay_sign = merchant.sign(&format!("{appid}\n1795226400\nN1\n{package}\n"));
    let mut params = json!({
        "appId": appid, "timeStamp": "1795226400", "nonceStr": "N1", "package": package,
        "signType": "RSA", "paySign": pay_sign
    });
    assert_eq!(merchant.control("POST", "verify-pay-params", params.clone()).await.0, 204);
    params["nonceStr"] = json!("N2");
    let (status, said) = merchant.control("POST", "verify-pay-params", params).await;
    assert_eq!((status, &said["code"]), (400, &json!("pay_params_refused")));

    assert_eq!(merchant.query("T00001").await.json()["trade_state"], "NOTPAY");
    let trade = merchant.user_pays("T00001").await;
    assert_eq!((&trade["trade_state"], &trade["openid"]), (&json!("SUCCESS"), &json!(openid)));

    let notice = receiver.next().await;
    assert!(merchant.signed_by(&notice.headers, &notice.body).is_some());
    assert_eq!(notice.headers["content-type"], "application/json");
    let fact = merchant.open(&notice.json()["resource"]);
    assert_eq!(fact, merchant.query("T00001").await.json());
    assert_eq!(fact["transaction_id"], trade["transaction_id"]);
    assert_eq!((&fact["amount"]["total"], &fact["attach"]), (&json!(100), &json!("pd1.x")));

    let delivered = merchant.notification_when(|notice| notice["state"] == "delivered").await;
    assert_eq!(delivered["attempts"][0]["status"], 204);
    let ledger = merchant.ledger().await;
    assert_eq!(ledger["trades"][0], trade);
    assert_eq!(ledger["refunds"], json!([]));
    sandbox.stop().await;
    assert!(merchant.client.get(&merchant.base_url).send().await.is_err(), "stopped is stopped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_is_used_once() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    let url = "https://pay.example.com/notify";
    assert_eq!(merchant.native("T00001", url).await.code(), "200 -");
    assert_eq!(merchant.native("T00001", url).await.code(), "200 -");
    assert_eq!(
        merchant.native("T00001", "https://pay.example.com/n").await.code(),
        "400 INVALID_REQUEST"
    );
    let closed = merchant.close("T00001").await;
    assert_eq!((closed.code(), closed.body.len()), ("204 -".to_owned(), 0));
    assert!(closed.signed_by.is_some(), "a 204 is signed over an empty body");
    assert_eq!(merchant.native("T00001", url).await.code(), "400 ORDER_CLOSED");
    merchant.native("T00002", url).await;
    merchant.user_pays("T00002").await;
    assert_eq!(merchant.native("T00002", url).await.code(), "400 ORDER_PAID");
    assert_eq!(merchant.close("T00002").await.code(), "400 ORDER_PAID");
    assert_eq!(merchant.close("T00003").await.code(), "204 -");
    assert_eq!(merchant.native("T00003", url).await.code(), "400 INVALID_REQUEST");
}
