//! Configuration mistakes, all at once.

use domain::names::Mchid;
use domain::ports::PaymentGateway as _;
use expect_test::expect;
use secrecy::SecretString;
use wechatpay::{MerchantKeySettings, Settings};

use crate::support::*;

fn merchant_key(serial: Option<&str>, private: &str, certificate: Option<&str>) -> Settings {
    let key = MerchantKeySettings {
        serial: serial.map(str::to_owned),
        private_key: SecretString::from(private),
        certificate: certificate.map(str::to_owned),
    };
    Settings { merchant_keys: vec![key], ..settings() }
}

fn mistakes(settings: &Settings) -> String {
    settings.check().err().unwrap_or_default().join("\n")
}

#[test]
fn good_settings_are_good() {
    for good in [settings(), mixed(), certificate_mode()] {
        assert_eq!(good.check(), Ok(()));
    }
}

#[test]
fn every_mistake_is_named_at_once() {
    let mut bad = Settings { mchid: Mchid::new("19x"), ..Settings::default() };
    bad.api_v3_keys = vec![SecretString::from("CANARY")];
    bad.base_url = "ftp://x/y".to_owned();
    bad.timeout_ms = 0;
    let shown = mistakes(&bad);
    expect![[r#"
        mchid must be 1 to 32 digits
        merchant_keys is empty
        api_v3_keys: an APIv3 key has exactly 32 bytes
        neither a public key nor platform certificates: nothing can be verified
        base_url must be https
        base_url must be scheme and host alone
        notify_url is not an absolute URL
        refund_notify_url is missing: notify_url does not end in /notify, so it cannot be derived
        timeout_ms must be 1 to 60000"#]]
    .assert_eq(&shown);
}

#[test]
fn the_private_key_must_be_the_certificates() {
    let private = key("merchant", "private_key_pkcs8_pem");
    let certificate = key("merchant", "certificate_pem");
    let other = key(CERT_1, "certificate_pem");
    let serial = key("merchant", "serial_no");
    let lower = serial.to_lowercase();
    for (serial, certificate) in [
        (Some(serial.as_str()), None),
        (None, Some(certificate.as_str())),
        (Some(lower.as_str()), Some(certificate.as_str())),
    ] {
        assert_eq!(mistakes(&merchant_key(serial, &private, certificate)), "");
    }
    let cases = [
        (
            None,
            private.as_str(),
            None,
            "merchant_keys[0]: neither a serial nor a certificate is given",
        ),
        (
            None,
            private.as_str(),
            Some(other.as_str()),
            "merchant_keys[0]: the certificate is not the private key's",
        ),
        (
            Some("4F7A"),
            private.as_str(),
            Some(certificate.as_str()),
            "merchant_keys[0]: the serial is not the certificate's",
        ),
        (
            Some("serial"),
            private.as_str(),
            None,
            "merchant_keys[0]: the serial is not a hexadecimal number",
        ),
        (Some("4F7A"), "CANARY", None, "merchant_keys[0]: no PEM private key (BEGIN PRIVATE KEY)"),
        (
            Some("4F7A"),
            private.as_str(),
            Some("x"),
            "merchant_keys[0]: no PEM certificate (BEGIN CERTIFICATE)",
        ),
    ];
    for (serial, private, certificate, expected) in cases {
        assert_eq!(mistakes(&merchant_key(serial, private, certificate)), expected);
    }
}

#[test]
fn a_notify_url_is_public_https_with_a_path_and_nothing_else() {
    let payments = |url: &str| {
        let refund_notify_url = Some("https://pay.example.com/refunds".to_owned());
        mistakes(&Settings { notify_url: url.to_owned(), refund_notify_url, ..settings() })
    };
    let refunds =
        |url: &str| mistakes(&Settings { refund_notify_url: Some(url.to_owned()), ..settings() });
    for good in
        ["https://pay.example.com/n", "https://8.8.8.8/n", "https://pay.example.com:8443/a/b"]
    {
        assert_eq!(payments(good) + &refunds(good), "", "{good}");
    }
    let long = format!("https://pay.example.com/{}", "n".repeat(250));
    for bad in [
        "",
        "/n",
        "pay.example.com/n",
        "http://pay.example.com/n",
        "https://pay.example.com",
        "https://pay.example.com/",
        "https://pay.example.com/n?a=1",
        "https://pay.example.com/n#f",
        "https://u:p@pay.example.com/n",
        "https://localhost/n",
        "https://a.localhost/n",
        "https://127.0.0.1/n",
        "https://10.0.0.1/n",
        "https://192.168.1.1/n",
        "https://172.16.0.1/n",
        "https://169.254.1.1/n",
        "https://100.64.0.1/n",
        "https://0.0.0.0/n",
        "https://[::1]/n",
        "https://[fd00::1]/n",
        "https://[fe80::1]/n",
        "https://[::ffff:10.0.0.1]/n",
        "https://2130706433/n",
        "https://pay/n",
        "https://pay.internal/n",
        &long,
    ] {
        assert_ne!(payments(bad), "", "{bad}");
        assert!(refunds(bad).starts_with("refund_notify_url "), "{bad}");
    }
}

#[tokio::test]
async fn refunds_are_reported_beside_payments_unless_another_place_is_named() {
    let sent_to = |settings: Settings| async move {
        let world = world(&settings);
        world.wechat.lose();
        assert!(world.client.refund(&refund_request()).await.is_err());
        let body: serde_json::Value = serde_json::from_str(&world.wechat.seen()[0].body).unwrap();
        text(&body, "notify_url").to_owned()
    };
    assert_eq!(sent_to(settings()).await, "https://pay.example.com/wechatpay/refund-notify");
    let named = Settings {
        notify_url: "https://pay.example.com/payments".to_owned(),
        refund_notify_url: Some("https://pay.example.com/refunds".to_owned()),
        ..settings()
    };
    assert_eq!(sent_to(named.clone()).await, "https://pay.example.com/refunds");
    let unnamed = Settings { refund_notify_url: None, ..named };
    let why = "refund_notify_url is missing: notify_url does not end in /notify, so it cannot be \
               derived";
    assert_eq!(mistakes(&unnamed), why);
}

#[test]
fn plain_http_is_for_this_machine() {
    let sandbox = Settings {
        base_url: "http://127.0.0.1:18080".to_owned(),
        notify_url: "http://127.0.0.1:8080/wechatpay/notify".to_owned(),
        ..settings()
    };
    assert_eq!(mistakes(&sandbox), "");
    for elsewhere in
        ["http://api.mch.weixin.qq.com", "http://10.0.0.1", "https://h/path", "https://u@h"]
    {
        let bad = Settings { base_url: elsewhere.to_owned(), ..settings() };
        assert_ne!(mistakes(&bad), "", "{elsewhere}");
    }
    let mixed_up = Settings { notify_url: "http://127.0.0.1/n".to_owned(), ..settings() };
    assert_ne!(mistakes(&mixed_up), "");
}

#[test]
fn a_public_key_has_its_id_and_is_a_key() {
    let mut bad = settings();
    if let Some(key) = &mut bad.public_key {
        key.id = "3775B6A4".to_owned();
        key.pem = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n".to_owned();
    }
    bad.platform_certificates = vec!["x".to_owned()];
    assert_eq!(bad.check().unwrap_err().len(), 3);
}
