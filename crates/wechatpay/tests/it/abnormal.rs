//! Having an abnormal refund sent to a card: sealed for the key that is named, and nothing of it said anywhere.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::card::{BankType, Card, CardHolder, CardNumber, UserCard};
use domain::fact::RefundFact;
use domain::names::RefundId;
use domain::ports::{AbnormalRequest, GatewayError, PaymentGateway as _};
use domain::{Fen, OutRefundNo, OutTradeNo, Timestamp};
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::sha2::Sha256;
use rsa::{Oaep, RsaPrivateKey};
use serde_json::{Value, json};
use sha1::Sha1;
use wechatpay::{OaepDigest, Purpose, Renewed, Settings, WireRequest, WireResponse};

use crate::certificates::{LATE, list};
use crate::support::*;

const REFUND_ID: &str = "50000002026112100000000000001";
const TARGET: &str =
    "/v3/refund/domestic/refunds/50000002026112100000000000001/apply-abnormal-refund";
const ACCOUNT: &str = "6225888888888888888";
const NAME: &str = "张三";

fn card() -> Card {
    Card::OfUser(UserCard {
        bank_type: BankType::parse("ICBC_DEBIT").unwrap(),
        account: CardNumber::parse(ACCOUNT).unwrap(),
        name: CardHolder::parse(NAME).unwrap(),
    })
}

fn request(card: Card) -> AbnormalRequest {
    AbnormalRequest {
        refund_id: RefundId::new(REFUND_ID),
        out_refund_no: OutRefundNo::stored(REFUND.to_owned()),
        out_trade_no: OutTradeNo::parse(NUMBER).unwrap(),
        amount: Fen::new(50),
        card,
    }
}

pub(crate) fn any_request() -> AbnormalRequest {
    request(card())
}

fn processing() -> Value {
    let mut body = refunded();
    body["status"] = json!("PROCESSING");
    body.as_object_mut().unwrap().remove("success_time");
    body
}

/// What is sealed in a member of a request, opened with the private key of that name.
fn opened(sent: &WireRequest, member: &str, by: &str) -> Option<String> {
    let body: Value = serde_json::from_str(&sent.body).unwrap();
    let sealed = STANDARD.decode(text(&body, member)).unwrap();
    let key = RsaPrivateKey::from_pkcs8_pem(&key(by, "private_key_pkcs8_pem")).unwrap();
    let plain = key.decrypt(Oaep::new::<Sha1>(), &sealed).ok()?;
    Some(String::from_utf8(plain).unwrap())
}

async fn answered(response: WireResponse) -> Result<RefundFact, GatewayError> {
    let world = world(&settings());
    world.wechat.answer(response);
    let answer = world.client.apply_abnormal(&request(card())).await;
    assert_eq!(world.wechat.targets(), [TARGET]);
    answer
}

async fn said(body: &Value) -> Result<RefundFact, GatewayError> {
    answered(signed(PUBLIC_KEY, 200, &body.to_string())).await
}

#[tokio::test]
async fn a_payers_card_is_sealed_for_the_public_key_whose_id_is_sent() {
    let world = world(&settings());
    world.wechat.answer(signed(PUBLIC_KEY, 200, &processing().to_string()));
    let fact = world.client.apply_abnormal(&request(card())).await.unwrap();
    assert_eq!((fact.refund().name(), fact.out_refund_no().as_str()), ("PROCESSING", REFUND));
    let sent = world.wechat.seen().remove(0);
    assert_eq!((sent.method.as_str(), &*sent.target), ("POST", TARGET));
    assert_eq!(sent.headers["Wechatpay-Serial"], key(PUBLIC_KEY, "serial_no"));
    assert_eq!(opened(&sent, "bank_account", PUBLIC_KEY).as_deref(), Some(ACCOUNT));
    assert_eq!(opened(&sent, "real_name", PUBLIC_KEY).as_deref(), Some(NAME));
    let mut body: Value = serde_json::from_str(&sent.body).unwrap();
    let members = body.as_object_mut().unwrap();
    members.remove("bank_account");
    members.remove("real_name");
    let rest =
        json!({ "out_refund_no": REFUND, "type": "USER_BANK_CARD", "bank_type": "ICBC_DEBIT" });
    assert_eq!(body, rest);
    for clear in [ACCOUNT, NAME] {
        assert!(!format!("{:?} {} {:?}", sent.headers, sent.body, fact).contains(clear));
    }
}

#[tokio::test]
async fn the_merchants_own_account_needs_no_more_than_its_word() {
    let world = world(&settings());
    world.wechat.answer(signed(PUBLIC_KEY, 200, &processing().to_string()));
    assert!(world.client.apply_abnormal(&request(Card::OfMerchant)).await.is_ok());
    let sent = world.wechat.seen().remove(0);
    assert_eq!(sent.body, format!(r#"{{"out_refund_no":"{REFUND}","type":"MERCHANT_BANK_CARD"}}"#));
    assert_eq!(sent.headers["Wechatpay-Serial"], key(PUBLIC_KEY, "serial_no"));
}

/// The documents contradict themselves about the digest; the word of a merchant decides.
#[tokio::test]
async fn the_digest_is_the_settings() {
    let world = world(&settings());
    let other = Settings { oaep_digest: OaepDigest::Sha256, ..settings() };
    assert_eq!(world.client.renew(&other), Ok(Renewed::Replaced), "without a restart");
    world.wechat.answer(signed(PUBLIC_KEY, 200, &processing().to_string()));
    assert!(world.client.apply_abnormal(&request(card())).await.is_ok());
    let sent = world.wechat.seen().remove(0);
    assert_eq!(opened(&sent, "real_name", PUBLIC_KEY), None, "not with SHA-1");
    let body: Value = serde_json::from_str(&sent.body).unwrap();
    for (member, said) in [("bank_account", ACCOUNT), ("real_name", NAME)] {
        let sealed = STANDARD.decode(text(&body, member)).unwrap();
        let key = RsaPrivateKey::from_pkcs8_pem(&key(PUBLIC_KEY, "private_key_pkcs8_pem")).unwrap();
        assert_eq!(key.decrypt(Oaep::new::<Sha256>(), &sealed).unwrap(), said.as_bytes());
    }
}

/// The public key comes first wherever there is one; its id asks for answers by it.
#[tokio::test]
async fn in_the_mixed_period_it_is_sealed_for_the_public_key() {
    let world = world(&mixed());
    world.wechat.answer(signed(CERT_1, 200, &processing().to_string()));
    assert!(world.client.apply_abnormal(&request(card())).await.is_ok(), "any known key may sign");
    let sent = world.wechat.seen().remove(0);
    assert_eq!(opened(&sent, "real_name", PUBLIC_KEY).as_deref(), Some(NAME));
    assert_eq!(opened(&sent, "real_name", CERT_1), None);
}

#[tokio::test]
async fn without_a_public_key_it_is_sealed_for_the_newest_certificate_that_is_valid() {
    let world = world(&certificate_mode());
    world.wechat.answer(list(CERT_1, NOW, &[(CERT_1, LATE), (CERT_2, LATE)]));
    world.wechat.answer(signed(CERT_1, 200, &processing().to_string()));
    assert!(world.client.apply_abnormal(&request(card())).await.is_ok());
    let [_, sent] = &world.wechat.seen()[..] else { panic!("two requests") };
    let newest = newest(&[CERT_1, CERT_2]);
    assert_eq!(sent.headers["Wechatpay-Serial"], key(newest, "serial_no"));
    assert_eq!(opened(sent, "bank_account", newest).as_deref(), Some(ACCOUNT));
}

/// Which of these certificates became valid last, as openssl would say it.
fn newest(names: &[&'static str]) -> &'static str {
    let from = |name: &&&str| {
        let pem = key(name, "certificate_pem");
        let (_, pem) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap();
        let begins = pem.parse_x509().unwrap().validity().not_before.timestamp();
        (begins, key(name, "serial_no"))
    };
    names.iter().max_by_key(from).unwrap()
}

#[tokio::test]
async fn what_cannot_be_sealed_is_not_sent() {
    let world = world(&certificate_mode());
    world.wechat.lose();
    let answer = world.client.apply_abnormal(&request(card())).await;
    let Err(GatewayError::Refused(refusal)) = answer else { panic!("{answer:?}") };
    assert_eq!(refusal.code, "NOT_SEALED");
    assert_eq!(world.wechat.targets(), ["/v3/certificates"]);
}

#[tokio::test]
async fn each_status_is_a_fact_and_an_answer_about_something_else_is_none() {
    let at = Timestamp::parse_rfc3339("2026-11-21T02:05:00Z").unwrap();
    let fact = said(&refunded()).await.unwrap();
    let progress = fact.statement().unwrap().progress;
    assert_eq!(progress, domain::fact::RefundProgress::Succeeded { at });
    let but = |member: &str, value: Value| {
        let mut body = refunded();
        body[member] = value;
        body
    };
    let amount = |member: &str, value: Value| {
        let mut body = refunded();
        body["amount"][member] = value;
        body
    };
    for other in [
        but("out_refund_no", json!("R20261121000002")),
        but("refund_id", json!("50000002026112100000000000002")),
        but("out_trade_no", json!("T20261121000002")),
        amount("refund", json!(51)),
        amount("currency", json!("HKD")),
    ] {
        let answer = said(&other).await;
        assert!(matches!(answer, Err(GatewayError::Untrusted(_))), "{other}: {answer:?}");
    }
    for useless in [but("status", json!("SENT")), but("refund_id", json!("")), json!({})] {
        let answer = said(&useless).await;
        assert!(matches!(answer, Err(GatewayError::OutcomeUnknown(_))), "{useless}: {answer:?}");
    }
    let unsigned = WireResponse {
        status: 200,
        body: processing().to_string().into_bytes(),
        ..WireResponse::default()
    };
    assert!(matches!(answered(unsigned).await, Err(GatewayError::Untrusted(_))));
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_not_sent_again_by_us() {
    let world = world(&settings());
    world.wechat.lose();
    let answer = world.client.apply_abnormal(&request(card())).await;
    assert!(matches!(answer, Err(GatewayError::OutcomeUnknown(_))), "{answer:?}");
    assert_eq!(world.wechat.seen().len(), 1);
}

/// A refusal may quote what it was about, and an operator reads it.
#[tokio::test]
async fn nothing_of_a_card_is_in_an_error() {
    let quoting = format!("银行卡号{ACCOUNT}与姓名{NAME}不符");
    let answer = answered(error(400, "PARAM_ERROR", &quoting)).await;
    let Err(GatewayError::Refused(refusal)) = answer else { panic!("{answer:?}") };
    assert_eq!(refusal.message, "银行卡号…与姓名…不符");
    let shown = format!("{refusal:?} {refusal} {:?}", request(card()));
    assert!(!shown.contains(ACCOUNT) && !shown.contains(NAME), "{shown}");
}

/// What is cut off is cut off after it was hidden: the beginning of a number says whose card it is as well.
#[tokio::test]
async fn nothing_of_a_card_is_where_a_long_message_is_cut() {
    for shown in 1..ACCOUNT.len() {
        let quoting = format!("{}{ACCOUNT}{NAME}", "x".repeat(256 - shown));
        let answer = answered(error(400, "PARAM_ERROR", &quoting)).await;
        let Err(GatewayError::Refused(refusal)) = answer else { panic!("{answer:?}") };
        assert!(!refusal.message.contains('6'), "{}", refusal.message);
        assert!(refusal.message.chars().count() <= 256, "{}", refusal.message);
    }
}

/// So do its last four figures with the bank's name, and the groups that it is printed in.
#[tokio::test]
async fn no_part_of_a_cards_number_is_in_an_error() {
    for (quoting, kept) in [
        ("工商银行尾号8888的银行卡", "工商银行尾号…的银行卡"),
        ("card 6225 8888 8888 8888 888", "card … … … … …"),
        ("6225****8888, tried 3 times", "…****…, tried 3 times"),
        ("error 268490001 of request 20261121", "error 268490001 of request 20261121"),
    ] {
        let answer = answered(error(400, "PARAM_ERROR", quoting)).await;
        let Err(GatewayError::Refused(refusal)) = answer else { panic!("{answer:?}") };
        assert_eq!(refusal.message, kept);
    }
}

#[tokio::test]
async fn it_is_for_the_first_host_alone() {
    let world = world(&settings());
    world.wechat.answer(signed(PUBLIC_KEY, 200, &processing().to_string()));
    assert!(world.client.apply_abnormal(&request(card())).await.is_ok());
    assert_eq!(world.wechat.seen().remove(0).purpose, Purpose::Once);
}

#[tokio::test]
async fn a_configured_certificate_is_sealed_for_as_a_fetched_one() {
    let configured = Settings { public_key: None, ..mixed() };
    let world = world(&configured);
    world.wechat.answer(signed(CERT_1, 200, &processing().to_string()));
    assert!(world.client.apply_abnormal(&request(card())).await.is_ok());
    let sent = world.wechat.seen().remove(0);
    assert_eq!(sent.headers["Wechatpay-Serial"], key(CERT_1, "serial_no"));
    assert_eq!(opened(&sent, "bank_account", CERT_1).as_deref(), Some(ACCOUNT));
}
