//! Ordering a payment, and what the payer's client is called with.

use domain::payment::{Credential, PaymentState, TradeType};
use domain::ports::{GatewayError, PayParams, PaymentGateway as _};
use expect_test::expect;

use crate::support::*;

#[test]
fn the_body_has_exactly_the_documented_members() {
    let client = world(&settings()).client;
    expect![[r#"{"appid":"wxd678efh567hg6787","mchid":"1900000109","description":"香蕉🍌 \"一斤\"","out_trade_no":"T20261121000001","time_expire":"2026-11-21T10:30:00+08:00","attach":"pd1.d1.P20261121100000ABCDEFGHJKLMNP","notify_url":"https://pay.example.com/wechatpay/notify","amount":{"total":100,"currency":"CNY"},"payer":{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}}"#]]
    .assert_eq(&client.compose_prepay(&payment(TradeType::Jsapi).terms));
    expect![[r#"{"appid":"wxd678efh567hg6787","mchid":"1900000109","description":"香蕉🍌 \"一斤\"","out_trade_no":"T20261121000001","time_expire":"2026-11-21T10:30:00+08:00","attach":"pd1.d1.P20261121100000ABCDEFGHJKLMNP","notify_url":"https://pay.example.com/wechatpay/notify","amount":{"total":100,"currency":"CNY"}}"#]]
    .assert_eq(&client.compose_prepay(&payment(TradeType::Native).terms));
    expect![[r#"{"appid":"wxd678efh567hg6787","mchid":"1900000109","description":"香蕉🍌 \"一斤\"","out_trade_no":"T20261121000001","time_expire":"2026-11-21T10:30:00+08:00","attach":"pd1.d1.P20261121100000ABCDEFGHJKLMNP","notify_url":"https://pay.example.com/wechatpay/notify","amount":{"total":100,"currency":"CNY"},"scene_info":{"payer_client_ip":"14.23.150.211","h5_info":{"type":"Wap"}}}"#]]
    .assert_eq(&client.compose_prepay(&payment(TradeType::H5).terms));
    let app = client.compose_prepay(&payment(TradeType::App).terms);
    assert_eq!(app, client.compose_prepay(&payment(TradeType::Native).terms));
}

#[test]
fn equal_terms_give_equal_bytes() {
    let terms = payment(TradeType::Jsapi).terms;
    let (a, b) = (world(&settings()), world(&settings()));
    b.clock.set(NOW + 1_000);
    assert_eq!(a.client.compose_prepay(&terms), b.client.compose_prepay(&terms));
}

#[tokio::test]
async fn the_stored_body_is_sent_and_signed_byte_for_byte() {
    let world = world(&settings());
    world.wechat.answer(signed(PUBLIC_KEY, 200, r#"{"prepay_id":"wx21"}"#));
    let credential = world.client.prepay(&payment(TradeType::Jsapi)).await;
    assert_eq!(credential, Ok(Credential::PrepayId("wx21".to_owned())));
    let request = world.wechat.seen().remove(0);
    let mut bytes = format!("{} {}\n", request.method.as_str(), request.target);
    for (name, value) in &request.headers {
        bytes += &format!("{name}: {value}\n");
    }
    bytes += &format!("\n{}", request.body);
    expect![[r#"
        POST /v3/pay/transactions/jsapi
        Accept: application/json
        Authorization: WECHATPAY2-SHA256-RSA2048 mchid="1900000109",nonce_str="00000000000000000000000000000001",signature="Mm/+dE/o3rwH1GnmEDEQ2xXjnediH+HiOB7oHqk4McrvUQ0WiO/dn7ht02+A1LIAOWjZvYna6uBH7jAcEdtK7OGDVsE8Pym5dx6kEumw8HEOgqLnjFNT2rYGeou8bmmZCEOEax3GIpHRogdZo0Pokjo+JGCZBOjuCrBlBc/6HRj7YAB9DfQZ9aubudgrwi9M8BPvWDh7/OfP7+wFC6zmb2Pvj87+I86qveyPple7HWtnxF3Lds5jo3tHbOCoa8S4xHA3BKACKzx4GOS6F8CtO5Khmt4i5MtZD06it7SYIdHI03usPHqwwZPHrpyZXsP2PXYMmV6w0OY+gUeq5Y9Dew==",timestamp="1795226407",serial_no="4F7A1C9E0B5D2A6838E7C41D90F2B3A655001122"
        Content-Type: application/json
        User-Agent: Paydesk/0.1.0
        Wechatpay-Serial: PUB_KEY_ID_0119000001092026010100000000000001

        {"stored":"byte for byte"}"#]].assert_eq(&bytes);
}

#[tokio::test]
async fn a_native_payment_gets_its_code_url() {
    let world = world(&settings());
    let code_url = "weixin://wxpay/bizpayurl?pr=p4lpSuKzz";
    let body = format!(r#"{{"code_url":"{code_url}"}}"#);
    world.wechat.answer(signed(PUBLIC_KEY, 200, &body));
    let mut payment = payment(TradeType::Native);
    let credential = world.client.prepay(&payment).await.unwrap();
    assert_eq!(credential, Credential::CodeUrl(code_url.to_owned()));
    assert_eq!(world.wechat.targets(), ["/v3/pay/transactions/native"]);
    payment.state = PaymentState::Payable { credential: Some(credential) };
    let params = world.client.pay_params(&payment);
    assert_eq!(params, Some(PayParams::Native { code_url: code_url.to_owned() }));
}

#[tokio::test]
async fn an_h5_payment_gets_its_h5_url() {
    let world = world(&settings());
    let h5_url = "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx21&package=1";
    world.wechat.answer(signed(PUBLIC_KEY, 200, &format!(r#"{{"h5_url":"{h5_url}"}}"#)));
    let mut payment = payment(TradeType::H5);
    let credential = world.client.prepay(&payment).await.unwrap();
    assert_eq!(credential, Credential::H5Url(h5_url.to_owned()));
    assert_eq!(world.wechat.targets(), ["/v3/pay/transactions/h5"]);
    payment.state = PaymentState::Payable { credential: Some(credential) };
    let params = world.client.pay_params(&payment);
    assert_eq!(params, Some(PayParams::H5 { h5_url: h5_url.to_owned() }));
}

/// It goes into a page as it is.
#[tokio::test]
async fn an_h5_url_that_is_no_web_address_is_not_handed_out() {
    for h5_url in ["", "javascript:alert(1)", "http://wx.tenpay.com/x", "weixin://x"] {
        let world = world(&settings());
        world.wechat.answer(signed(PUBLIC_KEY, 200, &format!(r#"{{"h5_url":"{h5_url}"}}"#)));
        let answer = world.client.prepay(&payment(TradeType::H5)).await;
        assert!(matches!(answer, Err(GatewayError::OutcomeUnknown(_))), "{h5_url}: {answer:?}");
    }
}

#[tokio::test]
async fn an_app_payment_is_signed_over_the_bare_id() {
    let world = world(&settings());
    world.wechat.answer(signed(PUBLIC_KEY, 200, r#"{"prepay_id":"wx21"}"#));
    let mut payment = payment(TradeType::App);
    let credential = world.client.prepay(&payment).await.unwrap();
    assert_eq!(credential, Credential::PrepayId("wx21".to_owned()));
    assert_eq!(world.wechat.targets(), ["/v3/pay/transactions/app"]);
    payment.state = PaymentState::Payable { credential: Some(credential) };
    let Some(PayParams::App { appid, partner_id, prepay_id, package, nonce_str, time_stamp, sign }) =
        world.client.pay_params(&payment)
    else {
        panic!("not App")
    };
    assert_eq!((partner_id.as_str(), prepay_id.as_str()), (MCHID, "wx21"));
    assert_eq!((package.as_str(), time_stamp.as_str()), ("Sign=WXPay", "1795226407"));
    let message = format!("{appid}\n{time_stamp}\n{nonce_str}\nwx21\n");
    assert_eq!(sign, signature("merchant", message.as_bytes()));
}

#[tokio::test]
async fn the_vectors_answer_is_believed() {
    let file = vectors(include_str!("../vectors/v3_verify.json"));
    let all = file["vectors"].as_array().unwrap();
    let vector = all.iter().find(|v| v["name"] == "prepay_response_public_key").unwrap();
    let world = world(&settings());
    let mut response = signed(PUBLIC_KEY, 200, text(vector, "body"));
    for (name, value) in vector["headers"].as_object().unwrap() {
        response.headers.insert(name.to_lowercase(), value.as_str().unwrap().to_owned());
    }
    world.wechat.answer(response);
    let credential = world.client.prepay(&payment(TradeType::Jsapi)).await;
    let prepay_id = "wx21160000000000abcdef0123456789ab0000".to_owned();
    assert_eq!(credential, Ok(Credential::PrepayId(prepay_id)));
}

#[test]
fn pay_params_are_signed_freshly_by_the_prepays_key() {
    let world = world(&settings());
    let mut payment = payment(TradeType::Jsapi);
    assert_eq!(world.client.pay_params(&payment), None);
    let credential =
        Some(Credential::PrepayId("wx21160000000000abcdef0123456789ab0000".to_owned()));
    payment.state = PaymentState::Payable { credential };
    let first = world.client.pay_params(&payment).unwrap();
    let PayParams::Jsapi { time_stamp, nonce_str, package, sign_type, pay_sign, app_id } = &first
    else {
        panic!("not JSAPI")
    };
    assert_eq!((time_stamp.as_str(), sign_type.as_str()), ("1795226407", "RSA"));
    let message = format!("{app_id}\n{time_stamp}\n{nonce_str}\n{package}\n");
    assert_eq!(*pay_sign, signature("merchant", message.as_bytes()));
    assert_eq!(package, "prepay_id=wx21160000000000abcdef0123456789ab0000");
    assert_ne!(world.client.pay_params(&payment), Some(first));
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_not_sent_again_by_us() {
    let world = world(&settings());
    world.wechat.lose();
    let answer = world.client.prepay(&payment(TradeType::Jsapi)).await;
    assert!(matches!(answer, Err(GatewayError::OutcomeUnknown(_))), "{answer:?}");
    assert_eq!(world.wechat.seen().len(), 1);
}

#[tokio::test]
async fn an_answer_that_cannot_be_used_is_unknown() {
    let cases = [
        (200, ""),
        (200, "{}"),
        (200, r#"{"prepay_id":""}"#),
        (200, r#"{"prepay_id":7}"#),
        (200, r#"{"code_url":"weixin://x"}"#),
        (200, r#"{"prepay_id":"wx"#),
        (202, r#"{"prepay_id":"wx21"}"#),
        (204, ""),
    ];
    for (status, body) in cases {
        let world = world(&settings());
        world.wechat.answer(signed(PUBLIC_KEY, status, body));
        let answer = world.client.prepay(&payment(TradeType::Jsapi)).await;
        assert!(matches!(answer, Err(GatewayError::OutcomeUnknown(_))), "{body}: {answer:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_signed_by_wechat_pay_is_not_trusted() {
    let body = r#"{"prepay_id":"wx21"}"#;
    let good = signed(PUBLIC_KEY, 200, body);
    let mut cases = vec![
        signed(CERT_1, 200, body),
        signed("merchant", 200, body),
        signed_at(PUBLIC_KEY, 200, body, NOW - 301),
        signed_at(PUBLIC_KEY, 200, body, NOW + 301),
    ];
    for header in ["timestamp", "nonce", "signature", "serial"] {
        let mut missing = good.clone();
        missing.headers.remove(&format!("wechatpay-{header}"));
        cases.push(missing);
    }
    let mut altered = good.clone();
    altered.body = br#"{"prepay_id":"wx22"}"#.to_vec();
    cases.push(altered);
    for case in cases {
        let world = world(&settings());
        world.wechat.answer(case);
        let answer = world.client.prepay(&payment(TradeType::Jsapi)).await;
        assert!(matches!(answer, Err(GatewayError::Untrusted(_))), "{answer:?}");
    }
}

#[tokio::test]
async fn a_signature_probe_is_unknown_without_noise() {
    let world = world(&settings());
    let mut probe = signed(PUBLIC_KEY, 200, r#"{"prepay_id":"wx21"}"#);
    let junk = "WECHATPAY/SIGNTEST/abc?==".to_owned();
    probe.headers.insert("wechatpay-signature".to_owned(), junk);
    world.wechat.answer(probe);
    let answer = world.client.prepay(&payment(TradeType::Jsapi)).await;
    let why = "signature probe (Request-ID REQ-1-0)".to_owned();
    assert_eq!(answer, Err(GatewayError::OutcomeUnknown(why)));
}

#[test]
fn nothing_that_we_hold_shows_a_secret_or_an_openid() {
    let world = world(&settings());
    let shown = format!("{:?} {:?}", world.client, settings());
    assert!(!shown.contains("PRIVATE KEY") && !shown.contains(API_V3_KEY), "{shown}");
}
