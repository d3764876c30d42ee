//! Clock, mode, keys, reset.

use serde_json::{Value, json};
use wechatpay_sim::Settings;

use crate::merchant::Merchant;
use crate::{own_directory, start, start_in};

const URL: &str = "https://pay.example.com/notify";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clock_moves_business_time_only() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    merchant.native("T00001", URL).await;
    merchant.advance(8 * 86_400).await;
    let seen = merchant.query("T00001").await;
    assert_eq!(seen.json()["trade_state"], "CLOSED");
    assert!(seen.signed_by.is_some(), "signed in real time");
    let (_, clock) = merchant.control("GET", "clock", Value::Null).await;
    assert_eq!((&clock["offset_s"], &clock["speed"]), (&json!(691_200), &json!(1)));
    let (_, clock) = merchant.control("PUT", "clock", json!({"speed": "1/2"})).await;
    assert_eq!(clock["speed"], "1/2");
    let frozen = json!({"now": "2999-01-01T00:00:00+08:00", "speed": 0});
    let (_, clock) = merchant.control("PUT", "clock", frozen).await;
    assert_eq!((&clock["now"], &clock["speed"]), (&json!("2999-01-01T00:00:00+08:00"), &json!(0)));
    for bad in [
        json!({}),
        json!({"advance_s": -1}),
        json!({"now": "x"}),
        json!({"speed": 1.5}),
        json!({"spede": 1}),
    ] {
        assert_eq!(merchant.control("PUT", "clock", bad.clone()).await.0, 400, "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_mode_chooses_the_key() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    merchant.native("T00001", URL).await;
    let target =
        format!("/v3/pay/transactions/out-trade-no/T00001?mchid={}", merchant.credentials.mchid);
    let id = merchant.credentials.public_key_id.clone();
    let headers = [("Wechatpay-Serial", id.as_str())];
    for (mode, wanted) in [
        ("mixed", &id),
        ("certificate", &merchant.credentials.platform_serial),
        ("public_key", &id),
    ] {
        let (status, _) = merchant.control("POST", "mode", json!({"verification": mode})).await;
        assert_eq!(status, 200);
        let seen = merchant.call_with("GET", &target, "", &headers).await.unwrap();
        assert_eq!(seen.signed_by.as_ref(), Some(wanted), "{mode}");
    }
    let gone = merchant.call("GET", "/v3/certificates", "").await.unwrap();
    assert_eq!(gone.code(), "404 RESOURCE_NOT_EXISTS");
    assert_eq!(merchant.control("POST", "mode", json!({"verification": "x"})).await.0, 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotated_certificate_signs_at_once_and_survives_a_restart() {
    let directory = own_directory("rotate").await;
    let (sandbox, mut merchant) = start_in(directory.clone(), Settings::default()).await;
    let old = merchant.credentials.platform_serial.clone();
    let (status, rotated) = merchant.control("POST", "keys/rotate", Value::Null).await;
    assert_eq!(status, 200, "{rotated}");
    let new = rotated["platform_serial"].as_str().unwrap().to_owned();
    assert_ne!(old, new);
    let (_, credentials) = merchant.control("GET", "credentials", Value::Null).await;
    merchant.credentials = serde_json::from_value(credentials).unwrap();
    let list = merchant.call("GET", "/v3/certificates", "").await.unwrap();
    assert_eq!(list.signed_by.as_ref(), Some(&new));
    let serials: Vec<Value> = list.json()["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["serial_no"].clone())
        .collect();
    assert_eq!(serials, [json!(old), json!(new)]);
    sandbox.stop().await;

    let (again, merchant) = start_in(directory.clone(), Settings::default()).await;
    assert_eq!(merchant.credentials.platform_serial, new);
    assert_eq!(again.credentials(), &merchant.credentials);
    again.stop().await;
    std::fs::remove_dir_all(directory).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merchant_signs_with_either_of_its_keys_until_one_is_revoked() {
    let directory = own_directory("merchant-keys").await;
    let (sandbox, first) = start_in(directory.clone(), Settings::default()).await;
    let (status, made) = first.control("POST", "merchant-keys", Value::Null).await;
    assert_eq!(status, 200, "{made}");
    let (_, credentials) = first.control("GET", "credentials", Value::Null).await;
    let second = first.with(serde_json::from_value(credentials).unwrap());
    assert_eq!(made["merchant_serial"], json!(second.credentials.merchant_serial));
    assert_ne!(first.credentials.merchant_serial, second.credentials.merchant_serial);
    let serial = &first.credentials.merchant_serial;
    let says = async |merchant: &Merchant| {
        let answered = merchant.call("GET", "/v3/certificates", "").await.unwrap();
        (answered.code(), answered.json()["message"].as_str().unwrap_or("-").to_owned())
    };
    let well = ("200 -".to_owned(), "-".to_owned());
    assert_eq!([says(&first).await, says(&second).await], [well.clone(), well.clone()]);

    let revoke = format!("merchant-keys/{serial}/revoke");
    let (status, shown) = first.control("POST", &revoke, Value::Null).await;
    assert_eq!((status, &shown["merchant_serial"]), (200, &made["merchant_serial"]));
    let revoked = ("401 SIGN_ERROR".to_owned(), "商户证书已作废".to_owned());
    assert_eq!([says(&first).await, says(&second).await], [revoked.clone(), well.clone()]);
    assert_eq!(first.control("POST", &revoke, Value::Null).await.0, 404, "it is revoked");
    assert_eq!(first.control("POST", "merchant-keys/12AB/revoke", Value::Null).await.0, 404);
    sandbox.stop().await;

    let (again, second) = start_in(directory.clone(), Settings::default()).await;
    assert_eq!(json!(second.credentials.merchant_serial), made["merchant_serial"]);
    let mut first = first;
    first.base_url = again.base_url();
    assert_eq!([says(&first).await, says(&second).await], [revoked, well]);
    again.stop().await;
    std::fs::remove_dir_all(directory).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_leaves_nothing_but_keys() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    merchant.native("T00001", URL).await;
    merchant.close("T00009").await;
    merchant.advance(1_000).await;
    merchant.faults(json!([{"match": {"out_trade_no": "T00002"}, "action": "drop"}])).await;
    merchant.control("POST", "mode", json!({"verification": "certificate"})).await;
    assert_eq!(merchant.control("POST", "reset", Value::Null).await.0, 204);
    let ledger = merchant.ledger().await;
    for part in ["trades", "refunds", "notifications", "burned", "calls", "log"] {
        assert_eq!(ledger[part], json!([]), "{part}");
    }
    let (_, clock) = merchant.control("GET", "clock", Value::Null).await;
    assert_eq!(clock["offset_s"], 0);
    let (_, mode) = merchant.control("GET", "mode", Value::Null).await;
    assert_eq!(mode["verification"], "mixed");
    assert_eq!(merchant.native("T00002", URL).await.code(), "200 -", "faults are gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paying_is_refused_in_words() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    merchant.native("T00001", URL).await;
    let pay = |body: Value| merchant.control("POST", "pay/T00001", body);
    let (status, trade) = pay(json!({"outcome": "fail"})).await;
    assert_eq!((status, &trade["trade_state"]), (200, &json!("NOTPAY")));
    assert_eq!(pay(json!({"outcome": "maybe"})).await.0, 400);
    assert_eq!(pay(json!({"coupon": 1})).await.0, 400);
    let (status, trade) = pay(json!({"openid": "bob", "coupon_fen": 30})).await;
    assert_eq!(
        (status, &trade["payer_total_fen"], &trade["openid"]),
        (200, &json!(70), &json!("bob"))
    );
    let (status, said) = pay(json!({})).await;
    assert_eq!((status, &said["code"]), (409, &json!("order_paid")));
    assert_eq!(merchant.control("POST", "pay/T00002", json!({})).await.0, 404);
}
