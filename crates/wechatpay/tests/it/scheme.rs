//! Another signature scheme than WeChat Pay's: the whole path of the client is the same over it.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::payment::{Credential, PaymentState, TradeType};
use domain::ports::{
    GatewayError, Notice, NoticeError, NoticeOpener as _, PayParams, PaymentGateway as _, RawNotice,
};
use domain::{OutTradeNo, Timestamp};
use ring::digest::{SHA256, digest};
use secrecy::SecretString;
use serde_json::json;
use wechatpay::{
    CannotSeal, CannotSign, Certificate, MerchantKeySettings, OaepDigest, Ports, PrivateKey,
    PublicKey, PublicKeySettings, Settings, SignatureScheme, WechatPay, WireResponse,
};

use crate::notice::envelope;
use crate::support::*;

/// A keyed tag of 32 bytes. Who verifies could sign, so it proves nothing outside of a test.
struct Tags;

fn tag(key: &[u8], message: &[u8]) -> Vec<u8> {
    digest(&SHA256, &[key, b"\n", message].concat()).as_ref().to_vec()
}

/// The text of a private key, a public key or a certificate: the scheme's word for it, then fields.
fn fields<'a>(text: &'a str, word: &'static str) -> Result<Vec<&'a str>, &'static str> {
    text.strip_prefix(word).map(|rest| rest.split(' ').skip(1).collect()).ok_or("another text")
}

impl SignatureScheme for Tags {
    fn private_key(&self, text: &str) -> Result<Box<dyn PrivateKey>, &'static str> {
        Ok(Box::new(TagKey(fields(text, "private")?.concat().into_bytes())))
    }

    fn public_key(&self, text: &str) -> Result<PublicKey, &'static str> {
        Ok(PublicKey(fields(text, "public")?.concat().into_bytes()))
    }

    fn certificate(&self, text: &str) -> Result<Certificate, &'static str> {
        let [serial, key, from, until] = fields(text, "certificate")?[..] else {
            return Err("not four fields");
        };
        Ok(Certificate {
            serial: serial.to_owned(),
            public_key: PublicKey(key.into()),
            valid_from: Timestamp::from_seconds(from.parse().unwrap()),
            valid_until: Timestamp::from_seconds(until.parse().unwrap()),
        })
    }

    fn signature_bytes(&self) -> RangeInclusive<usize> {
        32..=32
    }

    fn verifies(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
        tag(&key.0, message) == signature
    }

    fn seal(
        &self,
        key: &PublicKey,
        _digest: OaepDigest,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, CannotSeal> {
        Ok([&key.0, &b":"[..], plaintext].concat())
    }
}

struct TagKey(Vec<u8>);

impl PrivateKey for TagKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CannotSign> {
        Ok(tag(&self.0, message))
    }

    fn is_half_of(&self, key: &PublicKey) -> bool {
        self.0 == key.0
    }
}

const KEY_ID: &str = "PUB_KEY_ID_TAGS";

fn tag_settings() -> Settings {
    Settings {
        merchant_keys: vec![MerchantKeySettings {
            serial: Some("A1".to_owned()),
            private_key: SecretString::from("private merchant"),
            certificate: Some(format!("certificate A1 merchant 0 {}", NOW + 1)),
        }],
        public_key: Some(PublicKeySettings {
            id: KEY_ID.to_owned(),
            pem: "public wechatpay".to_owned(),
        }),
        ..settings()
    }
}

fn tag_world(settings: &Settings) -> (WechatPay, Arc<Script>) {
    let wechat = Arc::new(Script::default());
    let ports = Ports {
        clock: Arc::new(TestClock::at(NOW)),
        transport: wechat.clone(),
        nonces: Arc::new(Counted::default()),
        scheme: Arc::new(Tags),
    };
    (WechatPay::over(settings, ports).unwrap(), wechat)
}

/// What the key named `key`, known by `serial`, says.
fn tagged(key: &str, serial: &str, body: &str) -> RawNotice {
    let message = format!("{NOW}\nnonce\n{body}\n");
    RawNotice {
        timestamp: Some(NOW.to_string()),
        nonce: Some("nonce".to_owned()),
        signature: Some(STANDARD.encode(tag(key.as_bytes(), message.as_bytes()))),
        serial: Some(serial.to_owned()),
        body: body.as_bytes().to_vec(),
    }
}

fn answer(key: &str, serial: &str, status: u16, body: &str) -> WireResponse {
    let said = tagged(key, serial, body);
    let headers = [
        ("wechatpay-timestamp", said.timestamp),
        ("wechatpay-nonce", said.nonce),
        ("wechatpay-signature", said.signature),
        ("wechatpay-serial", said.serial),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.unwrap()));
    WireResponse { status, headers: BTreeMap::from(headers), body: said.body }
}

async fn open(client: &WechatPay, notice: &RawNotice) -> Result<Notice, NoticeError> {
    client.open(notice, Timestamp::from_seconds(NOW)).await
}

#[tokio::test]
async fn a_request_is_built_as_ever_and_signed_by_the_scheme() {
    let (client, wechat) = tag_world(&tag_settings());
    wechat.answer(answer("wechatpay", KEY_ID, 200, r#"{"prepay_id":"wx21"}"#));
    let mut payment = payment(TradeType::Jsapi);
    let credential = Credential::PrepayId("wx21".to_owned());
    assert_eq!(client.prepay(&payment).await, Ok(credential.clone()));
    let request = wechat.seen().remove(0);
    let nonce = "00000000000000000000000000000001";
    let body = &payment.prepay_body;
    let message = format!("POST\n/v3/pay/transactions/jsapi\n{NOW}\n{nonce}\n{body}\n");
    let signature = STANDARD.encode(tag(b"merchant", message.as_bytes()));
    assert_eq!(
        request.headers["Authorization"],
        format!(
            "WECHATPAY2-SHA256-RSA2048 mchid=\"{MCHID}\",nonce_str=\"{nonce}\",\
             signature=\"{signature}\",timestamp=\"{NOW}\",serial_no=\"A1\""
        )
    );
    assert_eq!(request.headers["Wechatpay-Serial"], KEY_ID);
    payment.state = PaymentState::Payable { credential: Some(credential) };
    let Some(PayParams::Jsapi { app_id, nonce_str, package, pay_sign, .. }) =
        client.pay_params(&payment)
    else {
        panic!("no pay_params")
    };
    let message = format!("{app_id}\n{NOW}\n{nonce_str}\n{package}\n");
    assert_eq!(pay_sign, STANDARD.encode(tag(b"merchant", message.as_bytes())));
}

#[tokio::test]
async fn an_answer_is_believed_by_its_tag_alone() {
    let close = |response: WireResponse| async move {
        let (client, wechat) = tag_world(&tag_settings());
        wechat.answer(response);
        client.close(&OutTradeNo::parse(NUMBER).unwrap()).await
    };
    assert_eq!(close(answer("wechatpay", KEY_ID, 204, "")).await, Ok(()));
    let mut altered = answer("wechatpay", KEY_ID, 204, "");
    altered.body.push(b' ');
    // By another key, under another serial, of other bytes, and by RSA.
    for forged in [
        answer("forger", KEY_ID, 204, ""),
        answer("wechatpay", "PUB_KEY_ID_OTHER", 204, ""),
        altered,
        signed(PUBLIC_KEY, 204, ""),
    ] {
        assert!(matches!(close(forged).await, Err(GatewayError::Untrusted(_))));
    }
}

#[tokio::test]
async fn a_notification_passes_the_same_checks() {
    let (client, _) = tag_world(&tag_settings());
    let paid = paid().to_string();
    let body = envelope("TRANSACTION.SUCCESS", "transaction", &paid, "k8Zq2Lw9Xe4T").to_string();
    let good = tagged("wechatpay", KEY_ID, &body);
    let opened = open(&client, &good).await.unwrap();
    assert_eq!(opened.event_id, "EV-2026112110000512345");
    let late = Timestamp::from_seconds(NOW + 301);
    assert!(matches!(client.open(&good, late).await, Err(NoticeError::Untrusted(_))));
    let forged = tagged("forger", KEY_ID, &body);
    assert!(matches!(open(&client, &forged).await, Err(NoticeError::Untrusted(_))));
    let probe = "WECHATPAY/SIGNTEST/abc?==".to_owned();
    let probe = RawNotice { signature: Some(probe), ..good };
    assert_eq!(open(&client, &probe).await, Err(NoticeError::Probe));
}

#[tokio::test]
async fn certificates_are_fetched_opened_and_rotated_under_the_scheme() {
    let only = Settings { public_key: None, use_platform_certificates: true, ..tag_settings() };
    let (client, wechat) = tag_world(&only);
    let listed = |serial: &str, key: &str, until: i64| {
        let text = format!("certificate {serial} {key} 0 {until}");
        json!({ "serial_no": serial, "effective_time": "2026-01-01T08:00:00+08:00",
            "expire_time": "2030-12-31T00:00:00+08:00", "encrypt_certificate": {
                "algorithm": "AEAD_AES_256_GCM", "nonce": "61f9c719728a",
                "associated_data": "certificate",
                "ciphertext": sealed(&text, "61f9c719728a", "certificate") } })
    };
    let list = json!({ "data": [
        listed("C1", "first", NOW + 9), listed("C2", "second", NOW + 9), listed("C3", "old", NOW - 9)
    ] });
    wechat.answer(answer("first", "C1", 200, &list.to_string()));
    assert!(client.refresh_certificates().await);
    let body = envelope("SOMETHING.ELSE", "else", "{}", "k8Zq2Lw9Xe4T").to_string();
    for (key, serial, believed) in [
        ("first", "C1", true),
        ("second", "C2", true),
        ("first", "C2", false),
        ("old", "C3", false),
    ] {
        let opened = open(&client, &tagged(key, serial, &body)).await;
        assert_eq!(opened.is_ok(), believed, "{serial} by {key}: {opened:?}");
    }
}

#[tokio::test]
async fn a_signature_of_an_impossible_length_makes_nobody_look_for_its_key() {
    let only = Settings { public_key: None, use_platform_certificates: true, ..tag_settings() };
    let (client, wechat) = tag_world(&only);
    for bytes in [0, 31, 33, 256] {
        let signature = Some(STANDARD.encode(vec![7; bytes]));
        let notice = RawNotice { signature, ..tagged("first", "C1", "{}") };
        assert!(matches!(open(&client, &notice).await, Err(NoticeError::Untrusted(_))), "{bytes}");
    }
    assert!(wechat.seen().is_empty());
    // One that is possible is worth a question.
    assert!(open(&client, &tagged("first", "C1", "{}")).await.is_err());
    assert_eq!(wechat.targets(), ["/v3/certificates"]);
}

#[test]
fn keys_of_another_scheme_are_no_keys() {
    let ports = Ports {
        clock: Arc::new(TestClock::at(NOW)),
        transport: Arc::new(Script::default()),
        nonces: Arc::new(Counted::default()),
        scheme: Arc::new(Tags),
    };
    assert!(WechatPay::over(&settings(), ports).is_err());
    assert_eq!(tag_settings().check().unwrap_err().len(), 3);
}
