//! Opening notifications: the vectors, and what a genuine one may and may not say.

use domain::Timestamp;
use domain::fact::{Evidence, Trade};
use domain::payment::TradeType;
use domain::ports::{Notice, NoticeBody, NoticeError, NoticeOpener as _, RawNotice};
use secrecy::SecretString;
use serde_json::{Value, json};
use wechatpay::Settings;

use crate::support::*;

const VERIFY: &str = include_str!("../vectors/v3_verify.json");

pub(crate) fn raw(vector: &Value) -> RawNotice {
    let header = |name: &str| vector["headers"][name].as_str().map(str::to_owned);
    RawNotice {
        timestamp: header("Wechatpay-Timestamp"),
        nonce: header("Wechatpay-Nonce"),
        signature: header("Wechatpay-Signature"),
        serial: header("Wechatpay-Serial"),
        body: text(vector, "body").as_bytes().to_vec(),
    }
}

fn at(vector: &Value) -> Timestamp {
    let now = vector["now"].as_i64().or_else(|| text(vector, "now").parse().ok());
    Timestamp::from_seconds(now.unwrap())
}

/// The envelope of `resource`, as WeChat Pay would send it.
pub(crate) fn envelope(
    event_type: &str,
    original_type: &str,
    resource: &str,
    nonce: &str,
) -> Value {
    json!({ "id": "EV-2026112110000512345", "create_time": "2026-11-21T10:00:05+08:00",
        "resource_type": "encrypt-resource", "event_type": event_type, "summary": "支付成功",
        "resource": { "original_type": original_type, "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": sealed(resource, nonce, "transaction"),
            "associated_data": "transaction", "nonce": nonce } })
}

fn paid_envelope(resource: &Value) -> Value {
    envelope("TRANSACTION.SUCCESS", "transaction", &resource.to_string(), "k8Zq2Lw9Xe4T")
}

pub(crate) async fn open(body: &Value) -> Result<Notice, NoticeError> {
    let notice = signed_notice(PUBLIC_KEY, NOW, body.to_string().as_bytes());
    world(&settings()).client.open(&notice, Timestamp::from_seconds(NOW)).await
}

#[tokio::test]
async fn the_vectors_open_by_certificate_and_by_public_key() {
    let file = vectors(VERIFY);
    let mut opened = Vec::new();
    for vector in file["vectors"].as_array().unwrap() {
        let (name, what) = (text(vector, "name"), text(vector, "what"));
        if what != "notification" || name == "go_sdk_notify" {
            continue;
        }
        let notice = world(&mixed()).client.open(&raw(vector), at(vector)).await.unwrap();
        let envelope: Value = serde_json::from_str(text(vector, "body")).unwrap();
        assert_eq!(notice.event_id, text(&envelope, "id"));
        assert_eq!(notice.event_type, text(&envelope, "event_type"));
        match notice.body {
            NoticeBody::Payment(fact) => {
                assert_eq!(fact.out_trade_no().as_str(), NUMBER);
                assert_eq!(fact.trade_type(), Some(TradeType::Jsapi));
                let event_id = notice.event_id.clone();
                assert_eq!(*fact.evidence(), Evidence::Notification { event_id });
                assert!(matches!(fact.trade(), Trade::Success(_)));
            }
            NoticeBody::Refund(fact) => {
                assert_eq!(notice.event_type, "REFUND.SUCCESS");
                assert_eq!(fact.out_refund_no().as_str(), REFUND);
                assert_eq!(fact.refund().name(), "SUCCESS");
            }
            NoticeBody::Other => panic!("{name}"),
        }
        opened.push((name.to_owned(), notice.fact_hash));
    }
    assert_eq!(opened.len(), 3);
    // The two payment notifications say the same, in different bytes under different keys.
    assert_eq!(opened[0].1, opened[1].1);
    assert_ne!(opened[0].1, opened[2].1);
}

#[tokio::test]
async fn no_forged_vector_opens() {
    let file = vectors(VERIFY);
    for vector in file["negative"].as_array().unwrap() {
        let name = text(vector, "name");
        let refused = world(&mixed()).client.open(&raw(vector), at(vector)).await;
        match name {
            _ if name.starts_with("probe") => assert_eq!(refused, Err(NoticeError::Probe)),
            _ => assert!(matches!(refused, Err(NoticeError::Untrusted(_))), "{name}: {refused:?}"),
        }
    }
}

#[tokio::test]
async fn another_merchants_genuine_event_is_not_ours() {
    let mut resource = paid();
    resource["mchid"] = json!("1900000110");
    let refused = open(&paid_envelope(&resource)).await;
    assert_eq!(refused, Err(NoticeError::Untrusted("another merchant")));
    let other = envelope("ELSE.SUCCESS", "else", &resource.to_string(), "k8Zq2Lw9Xe4T");
    assert_eq!(open(&other).await, Err(NoticeError::Untrusted("another merchant")));
}

#[tokio::test]
async fn a_resend_encrypted_anew_has_the_same_fact_hash_and_a_differing_fact_another() {
    let first = open(&paid_envelope(&paid())).await.unwrap();
    let text = paid().to_string();
    let again = envelope("TRANSACTION.SUCCESS", "transaction", &text, "Zz9Yy8Xx7Ww6");
    assert_eq!(open(&again).await.unwrap(), first);
    // The same facts with other words around them.
    let mut said_otherwise = paid();
    said_otherwise["trade_state_desc"] = json!("ok");
    said_otherwise["success_time"] = json!("2026-11-21T02:00:04Z");
    assert_eq!(open(&paid_envelope(&said_otherwise)).await.unwrap().fact_hash, first.fact_hash);
    let changes = [
        ("transaction_id", json!("4200002026112100000000000002")),
        ("appid", json!("wx0000000000000000")),
        ("out_trade_no", json!("T20261121000002")),
        ("trade_state", json!("REFUND")),
        ("success_time", json!("2026-11-21T10:00:05+08:00")),
        ("attach", json!("else")),
        ("payer", json!({ "openid": "another" })),
        ("amount", json!({ "total": 101, "currency": "CNY" })),
        ("amount", json!({ "total": 100, "currency": "HKD" })),
    ];
    for (member, value) in changes {
        let mut changed = paid();
        changed[member] = value;
        let other = open(&paid_envelope(&changed)).await.unwrap();
        assert_ne!(other.fact_hash, first.fact_hash, "{member}");
    }
}

#[tokio::test]
async fn associated_data_may_be_empty_null_or_absent() {
    let mut body = paid_envelope(&paid());
    body["resource"]["ciphertext"] = json!(sealed(&paid().to_string(), "k8Zq2Lw9Xe4T", ""));
    for value in [json!(""), json!(null)] {
        body["resource"]["associated_data"] = value;
        assert!(open(&body).await.is_ok());
    }
    body["resource"].as_object_mut().unwrap().remove("associated_data");
    assert!(open(&body).await.is_ok());
}

#[tokio::test]
async fn the_previous_api_v3_key_still_opens_a_late_notification() {
    let old = "TestVectorApiV3Key_previous_0001";
    let mut body = paid_envelope(&paid());
    let ciphertext = sealed_by(old, &paid().to_string(), "k8Zq2Lw9Xe4T", "transaction");
    body["resource"]["ciphertext"] = json!(ciphertext);
    let refused = open(&body).await;
    assert!(matches!(refused, Err(NoticeError::Malformed(_))));
    let keys = vec![SecretString::from(API_V3_KEY), SecretString::from(old)];
    let world = world(&Settings { api_v3_keys: keys, ..settings() });
    let notice = signed_notice(PUBLIC_KEY, NOW, body.to_string().as_bytes());
    assert!(world.client.open(&notice, Timestamp::from_seconds(NOW)).await.is_ok());
}

#[tokio::test]
async fn what_is_signed_but_cannot_be_read_is_malformed() {
    let good = paid_envelope(&paid());
    let mut cases = vec![json!(null), json!([]), json!({}), json!({ "id": "EV-1" })];
    let changes = [
        ("algorithm", json!("AEAD_AES_128_GCM")),
        ("algorithm", json!(null)),
        ("original_type", json!("refund")),
        ("original_type", json!(null)),
        ("nonce", json!("short")),
        ("nonce", json!("")),
        ("ciphertext", json!("")),
        ("ciphertext", json!("@@@")),
        ("associated_data", json!("refund")),
        ("associated_data", json!(7)),
    ];
    for (member, value) in changes {
        let mut case = good.clone();
        case["resource"][member] = value;
        cases.push(case);
    }
    for member in ["id", "event_type", "resource"] {
        let mut case = good.clone();
        case.as_object_mut().unwrap().remove(member);
        cases.push(case);
    }
    for (member, value) in [
        ("trade_state", json!("NOTPAY")),
        ("trade_state", json!("CLOSED")),
        ("trade_state", json!("SOMETHING")),
        ("out_trade_no", json!("a\u{7}b")),
        ("out_trade_no", json!("")),
        ("amount", json!({ "total": 1.5, "currency": "CNY" })),
        ("amount", json!({ "total": 0, "currency": "CNY" })),
        ("transaction_id", json!(null)),
        ("success_time", json!("soon")),
        ("mchid", json!(null)),
    ] {
        let mut resource = paid();
        resource[member] = value;
        cases.push(paid_envelope(&resource));
    }
    cases.push(envelope("TRANSACTION.SUCCESS", "transaction", "not json", "k8Zq2Lw9Xe4T"));
    cases.push(envelope("REFUND.SOMETHING", "refund", "not json", "k8Zq2Lw9Xe4T"));
    for case in cases {
        let refused = open(&case).await;
        assert!(matches!(refused, Err(NoticeError::Malformed(_))), "{case}: {refused:?}");
    }
}

#[tokio::test]
async fn another_systems_number_is_read_whatever_characters_it_holds() {
    let mut resource = paid();
    resource["out_trade_no"] = json!("shop|2026*7");
    let notice = open(&paid_envelope(&resource)).await.unwrap();
    let NoticeBody::Payment(fact) = notice.body else { panic!("not a payment") };
    assert_eq!(fact.out_trade_no().as_str(), "shop|2026*7");
}

#[tokio::test]
async fn twice_the_same_member_is_not_a_payment() {
    let twice = paid().to_string().replacen('{', r#"{"mchid":"1900000109","#, 1);
    let body = envelope("TRANSACTION.SUCCESS", "transaction", &twice, "k8Zq2Lw9Xe4T");
    assert!(matches!(open(&body).await, Err(NoticeError::Malformed(_))));
}

#[tokio::test]
async fn an_event_that_we_do_not_know_is_opened_and_handed_on() {
    let text = json!({ "mchid": MCHID, "b": 1, "a": [1, { "y": 1, "x": null }] }).to_string();
    let body = envelope("PAYSCORE.USER_OPEN_SERVICE", "payscore", &text, "k8Zq2Lw9Xe4T");
    let notice = open(&body).await.unwrap();
    assert_eq!(notice.body, NoticeBody::Other);
    let reordered = r#"{"a":[1,{"x":null,"y":1}],"b":1,"mchid":"1900000109"}"#;
    let body = envelope("PAYSCORE.USER_OPEN_SERVICE", "payscore", reordered, "Zz9Yy8Xx7Ww6");
    assert_eq!(open(&body).await.unwrap().fact_hash, notice.fact_hash);
}
