//! Abnormal refunds: what is asked, what is opened, and what comes of it.

use super::*;
use crate::core::settings::MerchantBalance;

const NOT_ABNORMAL: &str = "400 INVALID_REQUEST 退款单状态不是退款异常，不能发起异常退款";

fn sealed(plain: &str) -> String {
    sealed_for(PUBLIC_KEY_ID, OaepDigest::Sha1, plain)
}

fn card() -> Value {
    json!({
        "out_refund_no": "R1", "type": "USER_BANK_CARD", "bank_type": "ICBC_DEBIT",
        "bank_account": sealed("6225888888888888888"), "real_name": sealed("张三"),
    })
}

impl World {
    /// A refund of 60 fen that is `ABNORMAL`; answers its `refund_id`.
    fn stranded(&mut self) -> String {
        self.paid("T00001");
        let id = body_of(&self.refund(&refund_body("T00001", "R1", 60)))["refund_id"].clone();
        self.settle("R1", "abnormal").unwrap();
        self.due();
        id.as_str().unwrap().to_owned()
    }

    fn apply(&mut self, id: &str, body: &Value) -> Answer {
        self.apply_with(id, body, Some(PUBLIC_KEY_ID))
    }

    fn apply_with(&mut self, id: &str, body: &Value, serial: Option<&str>) -> Answer {
        self.answer(&apply(id, body, serial))
    }
}

fn apply(id: &str, body: &Value, serial: Option<&str>) -> ApiRequest {
    let target = format!("{REFUNDS}/{id}/apply-abnormal-refund");
    let mut request = signed("POST", &target, &body.to_string());
    let serial = serial.map(|serial| ("wechatpay-serial".to_owned(), serial.to_owned()));
    request.headers.extend(serial);
    request
}

#[test]
fn it_is_processing_again_then_success_and_notified() {
    let mut world = World::new();
    let id = world.stranded();
    world.later(Duration::hours(1));
    let answer = world.apply(&id, &card());
    assert_eq!(answer.status, 200, "{}", said(&answer));
    assert_eq!(verified(&answer.headers, &answer.body).as_deref(), Some(PUBLIC_KEY_ID));
    let sent = body_of(&answer);
    assert_eq!((&sent["refund_id"], &sent["status"]), (&json!(id), &json!("PROCESSING")));
    assert_eq!(sent["user_received_account"], "ICBC借记卡8888");
    assert_eq!((&sent["channel"], &sent["success_time"]), (&json!("OTHER_BANKCARD"), &Value::Null));
    assert_eq!(body_of(&world.query_refund("R1")), sent);
    world.later(Duration::seconds(4));
    assert!(world.due().is_empty());
    world.later(Duration::seconds(1));
    let notice = world.due().remove(0);
    let notice: Value = serde_json::from_slice(&notice.body).unwrap();
    assert_eq!(notice["event_type"], "REFUND.SUCCESS");
    let told: Value = serde_json::from_str(&opened(&notice["resource"]).unwrap()).unwrap();
    assert_eq!(told["refund_status"], "SUCCESS");
    assert_eq!(told["user_received_account"], "ICBC借记卡8888");
    assert_eq!(told["success_time"], "2026-11-21T11:00:05+08:00");
    let ledger = world.ledger();
    let refund = &ledger["refunds"][0];
    let story: Vec<&Value> =
        refund["changes"].as_array().unwrap().iter().map(|change| &change["status"]).collect();
    assert_eq!(story, ["ABNORMAL", "PROCESSING", "SUCCESS"]);
    assert_eq!(
        refund["sent_to"],
        json!({"at": "2026-11-21T11:00:00+08:00", "type": "USER_BANK_CARD", "account": "ICBC借记卡8888"})
    );
    assert_eq!(ledger["trades"][0]["refunded_fen"], 60);
    for secret in ["6225888888888888888", "张三"] {
        assert!(!format!("{ledger} {:?}", world.pay).contains(secret), "nothing is kept of it");
    }
    // A hash that anybody can make tells a number by trying all of them.
    let words = "ICBC_DEBIT\n6225888888888888888\n张三";
    let plain = hex::encode(ring::digest::digest(&ring::digest::SHA256, words.as_bytes()));
    assert!(!format!("{:?}", world.pay).contains(&plain), "nor anything to guess it from");
}

#[test]
fn a_merchant_s_card_needs_no_more() {
    let mut world = World::new();
    let id = world.stranded();
    let body = json!({"out_refund_no": "R1", "type": "MERCHANT_BANK_CARD"});
    let sent = body_of(&world.apply_with(&id, &body, Some(CERTIFICATE_SERIAL)));
    assert_eq!(sent["user_received_account"], "商户结算银行账户");
    assert_eq!(sent["status"], "PROCESSING");
}

#[test]
fn only_an_abnormal_refund_goes_elsewhere() {
    let mut world = World::new();
    world.paid("T00001");
    let id = body_of(&world.refund(&refund_body("T00001", "R1", 60)))["refund_id"].clone();
    let id = id.as_str().unwrap();
    assert_eq!(said(&world.apply(id, &card())), NOT_ABNORMAL);
    world.later(Duration::minutes(1));
    assert_eq!(said(&world.apply(id, &card())), NOT_ABNORMAL, "of SUCCESS too");
    let body = json!({"out_refund_no": "R1", "type": "MERCHANT_BANK_CARD"});
    assert_eq!(said(&world.apply(id, &body)), NOT_ABNORMAL);
    let nobody_s = world.apply("5030000000", &card());
    assert_eq!(said(&nobody_s), "404 RESOURCE_NOT_EXISTS 退款单不存在");
    assert_eq!(world.apply("R1", &card()).status, 404, "the merchant's number is not WeChat Pay's");
    let mut closed = refund_body("T00001", "R2", 40);
    closed["reason"] = json!("x");
    let id = body_of(&world.refund(&closed))["refund_id"].clone();
    world.settle("R2", "closed").unwrap();
    let mut of_it = card();
    of_it["out_refund_no"] = json!("R2");
    assert_eq!(said(&world.apply(id.as_str().unwrap(), &of_it)), NOT_ABNORMAL);
}

#[test]
fn both_numbers_name_the_same_refund() {
    let mut world = World::new();
    let id = world.stranded();
    let mut body = card();
    body["out_refund_no"] = json!("R2");
    let refused = said(&world.apply(&id, &body));
    assert_eq!(refused, "400 INVALID_REQUEST 请求参数与订单信息不一致");
    assert_eq!(body_of(&world.query_refund("R1"))["status"], "ABNORMAL");
}

#[test]
fn the_key_is_named_and_opens_what_was_sealed() {
    let mut world = World::new();
    let id = world.stranded();
    let unnamed = world.apply_with(&id, &card(), None);
    assert_eq!(said(&unnamed), "400 PARAM_ERROR Http头缺少Wechatpay-Serial");
    let wrong = world.apply_with(&id, &card(), Some("4F7A"));
    assert_eq!(said(&wrong), "400 PARAM_ERROR 平台证书序列号Wechatpay-Serial错误");
    let other = body_of(&world.apply_with(&id, &card(), Some(CERTIFICATE_SERIAL)));
    assert_eq!(
        other["detail"],
        json!({"field": "/bank_account", "value": null, "location": "body",
            "issue": "cannot be opened with the key of Wechatpay-Serial"})
    );
    let sha256 = |plain| sealed_for(PUBLIC_KEY_ID, OaepDigest::Sha256, plain);
    let mut body = card();
    body["bank_account"] = json!(sha256("6225888888888888888"));
    body["real_name"] = json!(sha256("张三"));
    assert_eq!(body_of(&world.apply(&id, &body))["detail"]["field"], "/bank_account");
    world.set(json!({"oaep_digest": "sha256"}));
    assert_eq!(body_of(&world.apply(&id, &card()))["detail"]["field"], "/bank_account");
    assert_eq!(world.apply(&id, &body).status, 200, "the FAQ's digest is a setting");
}

#[test]
fn every_member_has_its_rule() {
    let mut world = World::new();
    let id = world.stranded();
    let merchant_s = json!("MERCHANT_BANK_CARD");
    for (pointer, value, field) in [
        ("/out_refund_no", json!(""), "/out_refund_no"),
        ("/out_refund_no", json!("R 1"), "/out_refund_no"),
        ("/type", json!("CARD"), "/type"),
        ("/type", Value::Null, "/type"),
        ("/type", merchant_s, "/bank_type"),
        ("/bank_type", json!("ICBC_CREDIT"), "/bank_type"),
        ("/bank_type", json!("_DEBIT"), "/bank_type"),
        ("/bank_type", json!("ABCDEFGHIJK_DEBIT"), "/bank_type"),
        ("/bank_account", json!("6225888888888888888"), "/bank_account"),
        ("/bank_account", json!(sealed("")), "/bank_account"),
        ("/bank_account", json!(sealed("6225 8888")), "/bank_account"),
        ("/bank_account", json!("A".repeat(1_025)), "/bank_account"),
        ("/real_name", json!(sealed("")), "/real_name"),
        ("/real_name", json!(7), "/real_name"),
    ] {
        let mut body = card();
        *body.pointer_mut(pointer).unwrap() = value.clone();
        let refused = body_of(&world.apply(&id, &body));
        assert_eq!(
            (&refused["code"], &refused["detail"]["field"]),
            (&json!("PARAM_ERROR"), &json!(field)),
            "{value}"
        );
    }
    for name in ["out_refund_no", "type", "bank_type", "bank_account", "real_name"] {
        let mut body = card();
        body.as_object_mut().unwrap().remove(name);
        let refused = body_of(&world.apply(&id, &body));
        assert_eq!(refused["detail"]["field"], format!("/{name}"));
    }
    let mut body = card();
    body["surprise"] = json!(1);
    assert_eq!(body_of(&world.apply(&id, &body))["detail"]["field"], "/surprise");
    assert_eq!(world.apply(&id, &card()).status, 200);
}

#[test]
fn a_refusal_says_nothing_of_what_was_sealed() {
    let mut world = World::new();
    let id = world.stranded();
    let mut body = card();
    body["bank_account"] = json!(sealed("no card 6225"));
    let refused = String::from_utf8(world.apply(&id, &body).body).unwrap();
    assert!(!refused.contains("6225") && !refused.contains(&sealed("no card 6225")), "{refused}");
}

#[test]
fn a_repeat_is_answered_and_changes_nothing() {
    let mut world = World::new();
    let id = world.stranded();
    world.later(Duration::seconds(1));
    let first = body_of(&world.apply(&id, &card()));
    world.later(Duration::seconds(2));
    assert_eq!(body_of(&world.apply(&id, &card())), first);
    let mut other = card();
    other["bank_account"] = json!(sealed("6225888888888889999"));
    assert_eq!(said(&world.apply(&id, &other)), NOT_ABNORMAL, "another card is no repeat");
    world.later(Duration::seconds(3));
    assert_eq!(body_of(&world.apply(&id, &card()))["status"], "SUCCESS");
    world.set(json!({"abnormal_repeat": "refused"}));
    assert_eq!(said(&world.apply(&id, &card())), NOT_ABNORMAL);
    assert_eq!(world.ledger()["refunds"][0]["changes"].as_array().unwrap().len(), 3);
}

#[test]
fn it_can_succeed_at_once() {
    let mut world = World::new();
    let id = world.stranded();
    world.set(json!({"refund_takes_ms": 0}));
    assert_eq!(body_of(&world.apply(&id, &card()))["status"], "SUCCESS");
    assert_eq!(world.due().len(), 1);
}

#[test]
fn a_card_that_does_not_take_it_makes_it_abnormal_again() {
    let mut world = World::new();
    let id = world.stranded();
    world.apply(&id, &card());
    let refused = world.settle("R1", "closed").unwrap_err();
    assert_eq!(refused.code, "refund_abnormal", "the merchant's money does not come back");
    world.settle("R1", "abnormal").unwrap();
    assert_eq!(world.due().len(), 1, "and that is notified");
    let mut other = card();
    other["bank_account"] = json!(sealed("6225888888888889999"));
    assert_eq!(body_of(&world.apply(&id, &other))["user_received_account"], "ICBC借记卡9999");
    world.later(Duration::seconds(5));
    assert_eq!(body_of(&world.query_refund("R1"))["status"], "SUCCESS");
}

#[test]
fn it_has_been_paid_for_whatever_the_merchant_s_balance_is() {
    let mut world = World::new();
    let id = world.stranded();
    world.set(json!({"merchant_balance": "short_waits"}));
    assert_eq!(world.pay.settings().merchant_balance, MerchantBalance::ShortWaits);
    world.apply(&id, &card());
    world.later(Duration::seconds(5));
    assert_eq!(body_of(&world.query_refund("R1"))["status"], "SUCCESS");
}

#[test]
fn a_stale_query_still_says_abnormal_and_where_it_was_to_go() {
    let mut world = World::new();
    let id = world.stranded();
    world.later(Duration::seconds(10));
    world.apply(&id, &card());
    world.later(Duration::seconds(20));
    for (behind, status, channel) in [
        (25_000, "ABNORMAL", "ORIGINAL"),
        (18_000, "PROCESSING", "OTHER_BANKCARD"),
        (0, "SUCCESS", "OTHER_BANKCARD"),
    ] {
        world.faults(json!([{"action": "stale_query", "value": behind}]));
        let seen = body_of(&world.query_refund("R1"));
        assert_eq!((&seen["status"], &seen["channel"]), (&json!(status), &json!(channel)));
    }
}

#[test]
fn it_may_come_late_and_the_ledger_knows_of_what() {
    let mut world = World::new();
    let id = world.stranded();
    world.faults(
        json!([{"match": {"out_refund_no": "R1"}, "times": 1, "action": "late", "value": 60_000}]),
    );
    let request = apply(&id, &card(), Some(PUBLIC_KEY_ID));
    assert_eq!(world.exchange(&request), Exchange::hang_up());
    assert_eq!(body_of(&world.query_refund("R1"))["status"], "ABNORMAL");
    world.later(Duration::minutes(1));
    assert_eq!(body_of(&world.query_refund("R1"))["status"], "PROCESSING");
    let calls = world.ledger()["calls"].clone();
    let calls = calls.as_array().unwrap();
    let call = calls.iter().find(|call| call["kind"] == "abnormal_refund").unwrap();
    assert_eq!((&call["out_trade_no"], &call["out_refund_no"]), (&json!("T00001"), &json!("R1")));
    assert_eq!((&call["count"], &call["effective"]), (&json!(1), &json!(1)));
}
