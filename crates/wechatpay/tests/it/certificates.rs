//! Platform certificates: fetched when they are needed, kept until they expire, asked for rarely.

use domain::ports::{GatewayError, NoticeError, NoticeOpener as _, PaymentGateway as _};
use domain::{OutTradeNo, Timestamp};
use secrecy::SecretString;
use serde_json::{Value, json};
use wechatpay::{Settings, WireResponse};

use crate::support::*;

const CERTIFICATES: &str = "/v3/certificates";

/// The list as WeChat Pay answers it: each certificate with its expiry.
pub(crate) fn list(by: &str, seconds: i64, certificates: &[(&str, &str)]) -> WireResponse {
    let entry = |(name, expire_time): &(&str, &str)| {
        json!({ "serial_no": key(name, "serial_no"),
            "effective_time": "2026-01-01T08:00:00+08:00", "expire_time": expire_time,
            "encrypt_certificate": { "algorithm": "AEAD_AES_256_GCM", "nonce": "61f9c719728a",
                "associated_data": "certificate",
                "ciphertext": sealed(&key(name, "certificate_pem"), "61f9c719728a", "certificate") } })
    };
    let data: Vec<Value> = certificates.iter().map(entry).collect();
    signed_at(by, 200, &json!({ "data": data }).to_string(), seconds)
}

pub(crate) const LATE: &str = "2030-12-31T00:00:00+08:00";

fn number() -> OutTradeNo {
    OutTradeNo::parse(NUMBER).unwrap()
}

async fn close(world: &World) -> Result<(), GatewayError> {
    world.client.close(&number()).await
}

async fn open(world: &World, by: &str, seconds: i64) -> Result<(), NoticeError> {
    let envelope = json!({ "id": "EV-1", "event_type": "SOMETHING.ELSE", "resource": {
        "algorithm": "AEAD_AES_256_GCM", "nonce": "61f9c719728a",
        "ciphertext": sealed("{}", "61f9c719728a", "") } });
    let notice = signed_notice(by, seconds, envelope.to_string().as_bytes());
    world.client.open(&notice, Timestamp::from_seconds(seconds)).await.map(drop)
}

#[tokio::test]
async fn the_first_call_fetches_them_and_believes_them_by_themselves() {
    let world = world(&certificate_mode());
    world.wechat.answer(list(CERT_1, NOW, &[(CERT_1, LATE)]));
    world.wechat.answer(signed(CERT_1, 204, ""));
    world.wechat.answer(signed(CERT_1, 204, ""));
    assert_eq!(close(&world).await, Ok(()));
    assert_eq!(close(&world).await, Ok(()));
    assert_eq!(world.wechat.targets()[0], CERTIFICATES);
    assert_eq!(world.wechat.seen().len(), 3);
    assert!(!world.wechat.seen()[0].headers.contains_key("Wechatpay-Serial"));
}

#[tokio::test]
async fn the_vectors_list_is_believed() {
    let file = vectors(include_str!("../vectors/v3_aes_gcm.json"));
    let vector = &file["certificate_list"];
    let mut response = signed(CERT_1, 200, text(vector, "body"));
    for (name, value) in vector["headers"].as_object().unwrap() {
        response.headers.insert(name.to_lowercase(), value.as_str().unwrap().to_owned());
    }
    let world = world(&certificate_mode());
    world.wechat.answer(response);
    assert!(world.client.refresh_certificates().await);
    world.wechat.answer(signed(CERT_2, 204, ""));
    assert_eq!(close(&world).await, Ok(()));
}

#[tokio::test]
async fn a_first_notification_fetches_them_too() {
    let world = world(&certificate_mode());
    world.wechat.answer(list(CERT_1, NOW, &[(CERT_1, LATE)]));
    assert_eq!(open(&world, CERT_1, NOW).await, Ok(()));
}

#[tokio::test]
async fn without_an_answer_the_keys_are_unavailable_and_asked_for_again_after_a_while() {
    let world = world(&certificate_mode());
    world.wechat.lose();
    assert_eq!(open(&world, CERT_1, NOW).await, Err(NoticeError::KeysUnavailable));
    assert_eq!(open(&world, CERT_1, NOW).await, Err(NoticeError::KeysUnavailable));
    assert_eq!(world.wechat.seen().len(), 1);
    world.clock.set(NOW + 11);
    world.wechat.answer(list(CERT_1, NOW + 11, &[(CERT_1, LATE)]));
    assert_eq!(open(&world, CERT_1, NOW + 11).await, Ok(()));
}

#[tokio::test]
async fn an_answer_by_an_unfetchable_key_is_unknown_and_by_an_unlisted_one_not_trusted() {
    let lost = world(&certificate_mode());
    lost.wechat.lose();
    lost.wechat.answer(signed(CERT_1, 204, ""));
    assert!(matches!(close(&lost).await, Err(GatewayError::OutcomeUnknown(_))));

    let unlisted = world(&certificate_mode());
    unlisted.wechat.answer(list(CERT_1, NOW, &[(CERT_1, LATE)]));
    unlisted.wechat.answer(signed(CERT_2, 204, ""));
    assert!(matches!(close(&unlisted).await, Err(GatewayError::Untrusted(_))));
}

#[tokio::test]
async fn a_new_certificate_is_found_by_its_serial_and_the_old_one_kept() {
    let world = world(&certificate_mode());
    world.wechat.answer(list(CERT_1, NOW, &[(CERT_1, LATE)]));
    assert!(world.client.refresh_certificates().await);
    let later = NOW + 61;
    world.clock.set(later);
    // The list names the new one only; it is signed by the one that we have.
    world.wechat.answer(list(CERT_1, later, &[(CERT_2, LATE)]));
    assert_eq!(open(&world, CERT_2, later).await, Ok(()));
    assert_eq!(open(&world, CERT_1, later).await, Ok(()));
    assert_eq!(world.wechat.seen().len(), 2);
}

#[tokio::test]
async fn strangers_serials_cannot_make_us_ask_often() {
    let world = world(&Settings { use_platform_certificates: true, ..mixed() });
    world.wechat.answer(list(CERT_1, NOW, &[(CERT_1, LATE)]));
    let mut notice = signed_notice("merchant", NOW, b"{}");
    for stranger in 0..100 {
        notice.serial = Some(format!("7777B6A45ACD588826D15E583A95F5DD0000{stranger:04}"));
        let refused = world.client.open(&notice, Timestamp::from_seconds(NOW)).await;
        assert!(matches!(refused, Err(NoticeError::Untrusted(_))));
    }
    notice.serial = Some("PUB_KEY_ID_0000000000000000000000000000000001".to_owned());
    assert!(world.client.open(&notice, Timestamp::from_seconds(NOW)).await.is_err());
    assert_eq!(world.wechat.targets(), [CERTIFICATES]);
}

#[tokio::test]
async fn a_certificate_is_believed_until_its_expire_time_only() {
    let world = world(&certificate_mode());
    // One minute after NOW, though the certificate itself is valid until 2031.
    world.wechat.answer(list(CERT_1, NOW, &[(CERT_1, "2026-11-21T10:01:07+08:00")]));
    assert_eq!(open(&world, CERT_1, NOW).await, Ok(()));
    assert_eq!(open(&world, CERT_1, NOW + 60).await, Ok(()));
    assert!(open(&world, CERT_1, NOW + 61).await.is_err());
}

#[tokio::test]
async fn they_are_fetched_again_well_within_twelve_hours_by_a_call() {
    let world = world(&certificate_mode());
    world.wechat.answer(list(CERT_1, NOW, &[(CERT_1, LATE)]));
    assert!(world.client.refresh_certificates().await);
    let later = NOW + 9 * 3_600;
    world.clock.set(later);
    world.wechat.lose();
    world.wechat.answer(signed_at(CERT_1, 204, "", later));
    // The failure is survived with the keys at hand.
    assert_eq!(close(&world).await, Ok(()));
    assert_eq!(world.wechat.targets()[1], CERTIFICATES);
}

#[tokio::test]
async fn a_list_is_believed_by_the_public_key_too() {
    let world = world(&Settings { use_platform_certificates: true, ..settings() });
    world.wechat.answer(list(PUBLIC_KEY, NOW, &[(CERT_1, LATE)]));
    assert!(world.client.refresh_certificates().await);
    assert_eq!(open(&world, CERT_1, NOW).await, Ok(()));
    let asked = &world.wechat.seen()[0].headers;
    assert_eq!(asked["Wechatpay-Serial"], key(PUBLIC_KEY, "serial_no"));
}

#[tokio::test]
async fn a_merchant_that_has_none_goes_on_with_the_public_key() {
    let world = world(&Settings { use_platform_certificates: true, ..settings() });
    world.wechat.answer(error(404, "RESOURCE_NOT_EXISTS", "无可用的平台证书"));
    world.wechat.answer(signed(PUBLIC_KEY, 204, ""));
    assert_eq!(close(&world).await, Ok(()));
    let refused = open(&world, CERT_1, NOW).await;
    assert!(matches!(refused, Err(NoticeError::Untrusted(_))), "{refused:?}");
}

#[tokio::test]
async fn a_list_by_nobody_we_know_brings_nothing() {
    let unsigned =
        WireResponse { headers: Default::default(), ..list(CERT_1, NOW, &[(CERT_1, LATE)]) };
    let stale = list(CERT_1, NOW - 400, &[(CERT_1, LATE)]);
    let other_signer = list(CERT_2, NOW, &[(CERT_1, LATE)]);
    let attacker = list("merchant", NOW, &[(CERT_1, LATE)]);
    let empty = signed(CERT_1, 200, r#"{"data":[]}"#);
    for response in [unsigned, stale, other_signer, attacker, empty, error(500, "", "")] {
        let world = world(&certificate_mode());
        world.wechat.answer(response);
        assert!(!world.client.refresh_certificates().await);
        assert_eq!(open(&world, CERT_1, NOW).await, Err(NoticeError::KeysUnavailable));
    }
    let mut wrong_key = certificate_mode();
    wrong_key.api_v3_keys = vec![SecretString::from("another key, it also has 32 byte")];
    let world = world(&wrong_key);
    world.wechat.answer(list(CERT_1, NOW, &[(CERT_1, LATE)]));
    assert!(!world.client.refresh_certificates().await);
}

#[tokio::test]
async fn keys_are_kept_fresh_without_a_call_each_time() {
    let world = world(&certificate_mode());
    assert!(!world.client.can_verify(), "nothing is known yet");
    world.wechat.lose();
    world.client.keep_keys_fresh().await;
    world.client.keep_keys_fresh().await;
    assert!(!world.client.can_verify());
    assert_eq!(world.wechat.seen().len(), 1, "a failure is not asked about again at once");
    world.clock.set(NOW + 10);
    world.wechat.answer(list(CERT_1, NOW + 10, &[(CERT_1, LATE)]));
    world.client.keep_keys_fresh().await;
    assert!(world.client.can_verify());
    for _ in 0..10 {
        world.client.keep_keys_fresh().await;
    }
    assert_eq!(world.wechat.seen().len(), 2);
    world.clock.set(Timestamp::parse_rfc3339("2039-01-01T00:00:00Z").unwrap().seconds());
    assert!(!world.client.can_verify(), "an expired certificate verifies nothing");
}

#[tokio::test]
async fn a_public_key_verifies_without_asking_anybody() {
    let world = world(&settings());
    world.client.keep_keys_fresh().await;
    assert!(world.client.can_verify());
    assert!(world.wechat.seen().is_empty());
}
