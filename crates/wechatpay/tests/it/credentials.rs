//! Keys that change while the client is at work: another key signs when one is refused, and settings are
//! taken anew without a restart.

use domain::payment::{Credential, PaymentState, TradeType};
use domain::ports::{
    GatewayError, NoticeBody, NoticeError, NoticeOpener as _, PayParams, PaymentGateway as _,
};
use domain::{OutTradeNo, Timestamp};
use secrecy::SecretString;
use serde_json::json;
use wechatpay::{MerchantKeySettings, PublicKeySettings, Renewed, Settings, WireRequest};

use crate::notice::envelope;
use crate::support::*;

const OTHER_API_V3_KEY: &str = "AnotherVectorApiV3Key_0123456789";

fn merchant_key(name: &str) -> MerchantKeySettings {
    MerchantKeySettings {
        serial: Some(key(name, "serial_no")),
        private_key: SecretString::from(key(name, "private_key_pkcs8_pem")),
        certificate: None,
    }
}

/// The merchant's key of the vectors, and another one of its.
fn two_keys() -> Settings {
    let mut settings = settings();
    settings.merchant_keys.push(merchant_key("published_go_sdk_test_key"));
    settings
}

fn serial_of(request: &WireRequest) -> String {
    let authorization = &request.headers["Authorization"];
    let serial = authorization.split("serial_no=\"").nth(1).unwrap();
    serial.trim_end_matches('"').to_owned()
}

fn serial(name: &str) -> String {
    key(name, "serial_no")
}

fn number() -> OutTradeNo {
    OutTradeNo::parse(NUMBER).unwrap()
}

#[tokio::test]
async fn a_key_that_wechat_pay_refuses_gives_way_to_another_with_the_same_request() {
    let World { client, wechat, .. } = world(&two_keys());
    let [first, second] = ["merchant", "published_go_sdk_test_key"].map(serial);
    wechat.answer(error(401, "SIGN_ERROR", "商户证书已作废"));
    wechat.answer(signed(PUBLIC_KEY, 200, &json!({ "prepay_id": "wx1" }).to_string()));
    let mut payment = payment(TradeType::Jsapi);
    assert_eq!(client.prepay(&payment).await, Ok(Credential::PrepayId("wx1".to_owned())));
    let seen = wechat.seen();
    assert_eq!([serial_of(&seen[0]), serial_of(&seen[1])], [first, second.clone()]);
    assert_eq!((&seen[0].target, &seen[0].body), (&seen[1].target, &seen[1].body));
    // From now on it is the one that signs, pay parameters too.
    wechat.answer(signed(PUBLIC_KEY, 200, &paid().to_string()));
    client.query(&number()).await.unwrap();
    assert_eq!(wechat.seen().last().map(serial_of), Some(second));
    assert_eq!(wechat.seen().len(), 3);
    let credential = Some(Credential::PrepayId("wx1".to_owned()));
    payment.state = PaymentState::Payable { credential };
    let Some(PayParams::Jsapi { app_id, time_stamp, nonce_str, pay_sign, .. }) =
        client.pay_params(&payment)
    else {
        panic!("not JSAPI")
    };
    let message = format!("{app_id}\n{time_stamp}\n{nonce_str}\nprepay_id=wx1\n");
    let by_the_second = signature("published_go_sdk_test_key", message.as_bytes());
    assert_eq!(pay_sign, by_the_second);
}

#[tokio::test]
async fn where_every_key_is_refused_the_first_stays_and_each_is_tried_once() {
    let World { client, wechat, .. } = world(&two_keys());
    for _call in 0..4 {
        wechat.answer(error(401, "SIGN_ERROR", "签名错误"));
    }
    let refused = client.query(&number()).await;
    assert!(matches!(refused, Err(GatewayError::Misconfigured(_))), "{refused:?}");
    assert_eq!(wechat.seen().len(), 2);
    client.query(&number()).await.unwrap_err();
    assert_eq!(serial_of(&wechat.seen()[2]), serial("merchant"));
}

#[tokio::test]
async fn what_was_sent_by_the_second_key_and_not_answered_is_unknown() {
    let World { client, wechat, .. } = world(&two_keys());
    wechat.answer(error(401, "SIGN_ERROR", "商户证书已过期"));
    wechat.lose();
    let lost = client.refund(&refund_request()).await;
    assert!(matches!(lost, Err(GatewayError::OutcomeUnknown(_))), "{lost:?}");
}

#[tokio::test]
async fn only_a_refusal_of_who_we_are_tries_another_key() {
    for status in [400, 403, 404, 429, 500, 503] {
        let World { client, wechat, .. } = world(&two_keys());
        wechat.answer(error(status, "SIGN_ERROR", "签名错误"));
        client.query(&number()).await.unwrap_err();
        assert_eq!(wechat.seen().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn an_expired_certificate_does_not_sign_where_another_key_can() {
    let world = world_at(&two_keys(), 4_102_444_800);
    world.wechat.lose();
    world.client.query(&number()).await.unwrap_err();
    assert_eq!(serial_of(&world.wechat.seen()[0]), serial("published_go_sdk_test_key"));
}

#[tokio::test]
async fn another_merchant_key_signs_from_now_on() {
    let World { client, wechat, .. } = world(&settings());
    let mut other = settings();
    assert_eq!(client.renew(&other), Ok(Renewed::Same));
    other.merchant_keys = vec![merchant_key("published_go_sdk_test_key")];
    assert_eq!(client.renew(&other), Ok(Renewed::Replaced));
    assert_eq!(client.renew(&other), Ok(Renewed::Same));
    wechat.lose();
    client.query(&number()).await.unwrap_err();
    assert_eq!(serial_of(&wechat.seen()[0]), serial("published_go_sdk_test_key"));
}

#[tokio::test]
async fn a_new_api_v3_key_opens_beside_the_previous_one_and_then_alone() {
    let World { client, .. } = world(&settings());
    let opens = async |api_v3_key: &str| {
        let mut body = envelope("TRANSACTION.SUCCESS", "transaction", "{}", "k8Zq2Lw9Xe4T");
        let resource = paid().to_string();
        let sealed = sealed_by(api_v3_key, &resource, "k8Zq2Lw9Xe4T", "transaction");
        body["resource"]["ciphertext"] = json!(sealed);
        let notice = signed_notice(PUBLIC_KEY, NOW, body.to_string().as_bytes());
        let opened = client.open(&notice, Timestamp::from_seconds(NOW)).await;
        match opened {
            Ok(notice) => matches!(notice.body, NoticeBody::Payment(_)),
            Err(NoticeError::Malformed(_)) => false,
            Err(other) => panic!("{other:?}"),
        }
    };
    let with = |keys: &[&str]| Settings {
        api_v3_keys: keys.iter().map(|key| SecretString::from(*key)).collect(),
        ..settings()
    };
    assert_eq!([opens(API_V3_KEY).await, opens(OTHER_API_V3_KEY).await], [true, false]);
    client.renew(&with(&[OTHER_API_V3_KEY, API_V3_KEY])).unwrap();
    assert_eq!([opens(API_V3_KEY).await, opens(OTHER_API_V3_KEY).await], [true, true]);
    client.renew(&with(&[OTHER_API_V3_KEY])).unwrap();
    assert_eq!([opens(API_V3_KEY).await, opens(OTHER_API_V3_KEY).await], [false, true]);
}

#[tokio::test]
async fn a_public_key_and_a_certificate_that_are_taken_away_are_no_longer_believed() {
    let World { client, wechat, .. } = world(&mixed());
    let says = async |by: &str| {
        wechat.answer(signed(by, 200, &paid().to_string()));
        client.query(&number()).await.is_ok()
    };
    assert!(says(PUBLIC_KEY).await && says(CERT_1).await);
    client.renew(&settings()).unwrap();
    assert!(says(PUBLIC_KEY).await);
    assert!(!says(CERT_1).await);
    let certificate = Settings { public_key: None, ..mixed() };
    client.renew(&certificate).unwrap();
    assert!(says(CERT_1).await);
    assert!(!says(PUBLIC_KEY).await);
    // Which key signs answers is asked for by its name, and only while it is ours.
    let named = |request: &WireRequest| request.headers.contains_key("Wechatpay-Serial");
    let named: Vec<bool> = wechat.seen().iter().map(named).collect();
    assert_eq!(named, [true, true, true, true, false, false]);
}

#[tokio::test]
async fn with_a_mistake_nothing_changes() {
    let World { client, wechat, .. } = world(&settings());
    let good = merchant_key("published_go_sdk_test_key");
    let short = Settings {
        merchant_keys: vec![good.clone()],
        api_v3_keys: vec![SecretString::from("short")],
        ..settings()
    };
    let foreign = Settings { mchid: domain::names::Mchid::new("1900000001"), ..settings() };
    let damaged = Settings {
        public_key: Some(PublicKeySettings { id: "PUB_KEY_ID_1".into(), pem: "-".into() }),
        merchant_keys: vec![good.clone()],
        ..settings()
    };
    let twice = Settings { merchant_keys: vec![good.clone(), good], ..settings() };
    let said = [short, foreign, damaged, twice].map(|settings| client.renew(&settings));
    let said = said.map(|refused| refused.unwrap_err().0.join("; "));
    assert_eq!(said[0], "api_v3_keys: an APIv3 key has exactly 32 bytes");
    assert_eq!(said[1], "mchid is another one, which takes a restart");
    assert!(said[2].starts_with("public_key: "), "{}", said[2]);
    assert_eq!(said[3], "merchant_keys[1]: the serial is there already");
    wechat.answer(signed(PUBLIC_KEY, 200, &paid().to_string()));
    client.query(&number()).await.unwrap();
    assert_eq!(serial_of(&wechat.seen()[0]), serial("merchant"));
}
