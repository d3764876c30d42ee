//! A refund that is sent to a card, sealed with either of WeChat Pay's keys.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs8::DecodePublicKey;
use rsa::rand_core::OsRng;
use rsa::{Oaep, RsaPublicKey};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::json;
use sha1::Sha1;
use wechatpay_sim::Settings;
use x509_parser::prelude::FromDer;

use crate::merchant::{Answered, Merchant, REFUNDS};
use crate::receiver::Receiver;
use crate::start;

const URL: &str = "https://pay.example.com/notify";

/// The public key of a serial.
fn key_of(merchant: &Merchant, serial: &str) -> RsaPublicKey {
    let credentials = &merchant.credentials;
    if serial == credentials.public_key_id {
        return RsaPublicKey::from_public_key_pem(&credentials.public_key_pem).unwrap();
    }
    let pem = credentials.platform_certificate_pem.as_bytes();
    let der = CertificateDer::from_pem_slice(pem).unwrap();
    let (_, certificate) = x509_parser::certificate::X509Certificate::from_der(&der).unwrap();
    RsaPublicKey::from_public_key_der(certificate.public_key().raw).unwrap()
}

async fn apply(merchant: &Merchant, id: &str, number: &str, serial: &str) -> Answered {
    let key = key_of(merchant, serial);
    let seal = |plain: &str| {
        STANDARD.encode(key.encrypt(&mut OsRng, Oaep::new::<Sha1>(), plain.as_bytes()).unwrap())
    };
    let body = json!({
        "out_refund_no": number, "type": "USER_BANK_CARD", "bank_type": "CMB_DEBIT",
        "bank_account": seal("6225888888881234"), "real_name": seal("张三"),
    });
    let target = format!("{REFUNDS}/{id}/apply-abnormal-refund");
    let named = [("Wechatpay-Serial", serial)];
    merchant.call_with("POST", &target, &body.to_string(), &named).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abnormal_refund_goes_to_a_card_and_is_notified() {
    // It ends when the test says so, not when a slow machine gets there.
    let settings =
        Settings { refund_spacing_s: 0, refund_takes_ms: 86_400_000, ..Settings::default() };
    let (_sandbox, merchant) = start(settings).await;
    let mut receiver = Receiver::start(&[]);
    merchant.native("T00001", URL).await;
    merchant.user_pays("T00001").await;
    let keys = [&merchant.credentials.public_key_id, &merchant.credentials.platform_serial];
    for (number, serial) in ["R1", "R2"].into_iter().zip(keys) {
        let refund = merchant.refund("T00001", number, 40, &receiver.url).await.json();
        let id = refund["refund_id"].as_str().unwrap();
        let path = format!("refund/{number}");
        merchant.control("POST", &path, json!({"outcome": "abnormal"})).await;
        assert_eq!(receiver.next().await.json()["event_type"], "REFUND.ABNORMAL");
        let sent = apply(&merchant, id, number, serial).await;
        assert_eq!(sent.code(), "200 -");
        assert_eq!(sent.signed_by.as_ref(), Some(serial));
        let account = &sent.json()["user_received_account"];
        assert_eq!(
            (&sent.json()["status"], account),
            (&json!("PROCESSING"), &json!("CMB借记卡1234"))
        );
        merchant.advance(86_400).await;
        let told = receiver.next().await.json();
        assert_eq!(told["event_type"], "REFUND.SUCCESS");
        let told = merchant.open(&told["resource"]);
        assert_eq!(told["user_received_account"], "CMB借记卡1234");
        let seen = merchant.query_refund(number).await.json();
        assert_eq!(
            (&seen["status"], &seen["channel"]),
            (&json!("SUCCESS"), &json!("OTHER_BANKCARD"))
        );
    }
}
