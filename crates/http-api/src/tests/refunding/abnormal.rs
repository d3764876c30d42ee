//! A refund that could not reach its payer is sent to a card.

use super::{bring, id, order, paid, wished};
use crate::tests::actions::send;
use crate::tests::front::{Front, Said};
use domain::fact::RefundProgress;
use domain::ports::{GatewayError, Role, WechatRefusal};
use domain::refund::RefundState;
use serde_json::{Value, json};

const ACCOUNT: &str = "6225888888888888888";
const NAME: &str = "张三丰";

/// A shipped order of which one fen could not be brought back: the order, and the refund.
async fn stuck() -> (Front, String, String) {
    let (front, number) = paid().await;
    send(&front, &number);
    let refund = wished(&front, &number).await;
    bring(&front, &number, 0, RefundState::Abnormal { refund_id: id() });
    (front, number, refund)
}

fn card() -> Value {
    json!({"type": "USER_BANK_CARD", "bank_type": "ICBC_DEBIT", "bank_account": ACCOUNT,
        "real_name": NAME})
}

async fn apply(front: &Front, key: u32, refund: &str, body: Value) -> Said {
    let path = format!("/api/admin/refunds/{refund}/apply-abnormal");
    front.post_as(&front.operator, key, &path, body).await
}

fn refused() -> GatewayError {
    GatewayError::Refused(WechatRefusal {
        http_status: 400,
        code: "PARAM_ERROR".to_owned(),
        message: "银行卡号…不正确".to_owned(),
        request_id: Some("W-7".to_owned()),
    })
}

#[actix_web::test]
async fn what_wechat_pay_has_not_said_is_not_known_yet_and_called_once() {
    let (front, number, refund) = stuck().await;
    let said = apply(&front, 1, &refund, card()).await;
    assert_eq!((said.status, &said.body["status"]), (202, &json!("processing")), "{said:?}");
    assert!(said.header("retry-after").is_some());
    assert_eq!(front.fake.lock().causes.last().unwrap(), "apply abnormal refund");
    let again = apply(&front, 1, &refund, card()).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (200, Some("true")));
    assert_eq!(front.fake.lock().cards, [Some("8888888".to_owned())], "called once");
    let other = apply(&front, 2, &refund, card()).await;
    assert_eq!(other.code(), (409, "order_state_conflict"), "it is on its way");
    assert_eq!(order(&front, &number).await["refunds"][0]["status"], "processing");
}

#[actix_web::test]
async fn what_wechat_pay_says_is_shown() {
    let (front, _, refund) = stuck().await;
    front.fake.lock().refund_queried =
        Some(RefundProgress::Succeeded { at: domain::Timestamp::from_seconds(1_800_000_000) });
    let said = apply(&front, 1, &refund, card()).await;
    assert_eq!((said.status, &said.body["status"]), (200, &json!("succeeded")), "{said:?}");
}

#[actix_web::test]
async fn what_wechat_pay_refuses_is_abnormal_as_before_and_said_to_operators() {
    let (front, number, refund) = stuck().await;
    front.fake.lock().applied = Some(refused());
    front.fake.lock().refund_queried = Some(RefundProgress::Abnormal);
    let said = apply(&front, 1, &refund, card()).await;
    assert_eq!(said.code(), (502, "wechat_refused"), "{said:?}");
    assert_eq!(said.body["wechat"]["code"], "PARAM_ERROR");
    assert_eq!(said.body["wechat"]["request_id"], "W-7");
    assert_eq!(order(&front, &number).await["refunds"][0]["status"], "abnormal");
    let other = apply(&front, 2, &refund, json!({"type": "MERCHANT_BANK_CARD"})).await;
    assert_eq!(other.code(), (502, "wechat_refused"), "under another key it is applied for again");
    assert_eq!(front.fake.lock().cards, [Some("8888888".to_owned()), None]);
}

/// Who has the database has the fingerprints of requests, and would only have to try card numbers.
#[actix_web::test]
async fn nothing_from_which_a_card_could_be_guessed_is_kept_with_its_key() {
    use ring::digest::{SHA256, digest};
    let (front, _, refund) = stuck().await;
    apply(&front, 1, &refund, card()).await;
    let kept = |front: &Front| {
        let inner = front.fake.lock();
        let records = inner.replays.iter();
        let ours = records.filter(|(scope, _)| scope.route.ends_with("/apply-abnormal"));
        ours.map(|(_, record)| record.fingerprint.clone()).collect::<Vec<_>>()
    };
    let [fingerprint] = &kept(&front)[..] else { panic!("one key") };
    let path = format!("/api/admin/refunds/{refund}/apply-abnormal");
    let canonical = crate::json_body::Json::parse(card().to_string().as_bytes()).unwrap();
    let text = format!("POST\n{path}\n{}", canonical.canonical());
    assert_ne!(*fingerprint, hex::encode(digest(&SHA256, text.as_bytes())));
    assert_eq!(fingerprint.len(), 64);
    // It is the request's all the same.
    let mut other = card();
    other["bank_account"] = json!("6225888888888888889");
    let said = apply(&front, 1, &refund, other).await;
    assert_eq!(said.code(), (422, "idempotency_key_reused"));
}

#[actix_web::test]
async fn a_card_is_said_whole_and_nothing_of_it_is_said_back() {
    let (front, number, refund) = stuck().await;
    let but = |member: &str, value: Value| {
        let mut body = card();
        body[member] = value;
        body
    };
    let merchants = json!({"type": "MERCHANT_BANK_CARD", "bank_account": ACCOUNT});
    for (body, fields) in [
        (json!({}), &["type"][..]),
        (but("type", json!("SOMEBODYS")), &["type"]),
        (json!({"type": "USER_BANK_CARD"}), &["bank_type", "bank_account", "real_name"]),
        (but("bank_type", json!("ICBC_CREDIT")), &["bank_type"]),
        (but("bank_account", json!("6225 8888 8888 8888")), &["bank_account"]),
        (but("bank_account", json!(6_225_888_888_888_888_i64)), &["bank_account"]),
        (but("real_name", json!(" ")), &["real_name"]),
        (but("real_name", json!("张".repeat(54))), &["real_name"]),
        (merchants, &["bank_account"]),
        (but("cvv", json!("123")), &["cvv"]),
    ] {
        let said = apply(&front, 1, &refund, body.clone()).await;
        assert_eq!(said.code(), (400, "validation_failed"), "{body}: {said:?}");
        let errors = said.body["errors"].as_array().unwrap();
        let named: Vec<&str> = errors.iter().map(|e| e["field"].as_str().unwrap()).collect();
        assert_eq!(named, fields, "{body}");
        for personal in [ACCOUNT, NAME, "6225"] {
            assert!(!said.text.contains(personal), "{}", said.text);
        }
    }
    assert_eq!(front.fake.lock().cards, []);
    assert_eq!(order(&front, &number).await["refunds"][0]["status"], "abnormal");
}

#[actix_web::test]
async fn much_money_goes_to_a_card_by_an_approver_who_did_not_ask_for_it() {
    let (front, number) = paid().await;
    let both = front.key("both", vec![Role::Operator, Role::Approver]);
    let path = format!("/api/admin/orders/{number}/refunds");
    let large = front.post_as(&both, 1, &path, super::of(1_001)).await;
    let refund = large.body["out_refund_no"].as_str().unwrap().to_owned();
    bring(&front, &number, 0, RefundState::Abnormal { refund_id: id() });
    let path = format!("/api/admin/refunds/{refund}/apply-abnormal");
    for (key, token) in [(2, &both), (3, &front.operator)] {
        let said = front.post_as(token, key, &path, card()).await;
        assert_eq!(said.code(), (403, "forbidden"), "{said:?}");
    }
    assert_eq!(front.fake.lock().cards, [], "nobody is called");
    let approver = front.key("approver", vec![Role::Approver]);
    let said = front.post_as(&approver, 4, &path, card()).await;
    assert_eq!(said.status, 202, "{said:?}");
}
