//! The back office says yes, no, again, and that it was paid back otherwise.

use super::{REFUNDS, number_of};
use crate::world::World;
use app::settings::OaepDigest;
use domain::ports::Role;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_refund_is_sent_once_a_second_person_says_yes() {
    let world = World::new().await;
    world.put_sku("gold", 1_500_000, 3).await;
    let (buyer, number) = world.paid_for("alice", "gold").await;
    let path = format!("/api/admin/orders/{number}/refunds");
    let ask = json!({"amount_fen": 1_000_001, "reason": "as agreed by telephone"});
    let (status, refund) = world.call(&world.admin_key, Method::POST, &path, ask).await;
    assert_eq!(
        (status.as_u16(), &refund["status"]),
        (201, &json!("awaiting_approval")),
        "{refund}"
    );
    let (status, said) = world.say(&world.admin_key, &refund, "approve", Value::Null).await;
    assert_eq!((status.as_u16(), &said["code"]), (403, &json!("forbidden")));
    assert!(world.refunds_at_wechat_pay().await.is_empty(), "nothing is sent without a yes");
    let approver = world.key("approver", &[Role::Approver]).await;
    let (status, said) = world.say(&approver, &refund, "approve", Value::Null).await;
    assert_eq!(status, 200, "{said}");
    world.until_refund(&buyer, &number, 0, "processing").await;
    world.let_pass(6).await;
    world.until_refund(&buyer, &number, 0, "succeeded").await;
    assert_eq!(
        world.refunds_at_wechat_pay().await,
        [(number_of(&refund), 1_000_001, "SUCCESS".to_owned())]
    );
    let said = "SELECT actor || ' ' || cause FROM audit WHERE cause LIKE '%refund' ORDER BY seq";
    let said = world.database.query_text(said).await;
    assert_eq!(said[..2], ["operator:test refund", "operator:approver approve refund"]);
    world.check_invariants().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_buyer_asks_for_after_shipping_is_sent_once_an_operator_says_yes() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let (buyer, number) = world.paid_for("alice", "tea").await;
    world.ship(&number).await;
    let (_, refund) = world.ask_back(&buyer, &number, 100).await;
    assert_eq!(refund["status"], "awaiting_approval", "{refund}");
    let (status, said) = world.say(&world.admin_key, &refund, "approve", Value::Null).await;
    assert_eq!((status.as_u16(), &said["status"]), (200, &json!("requested")), "{said}");
    world.until_refund(&buyer, &number, 0, "processing").await;
    world.let_pass(6).await;
    let order = world.until_refund(&buyer, &number, 0, "succeeded").await;
    assert_eq!(
        (&order["status"], &order["payment_status"]),
        (&json!("shipped"), &json!("refunded"))
    );
    assert_eq!(world.sku("tea").await["sold"], 1, "the goods are at the buyer's");
    world.check_invariants().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_wechat_pay_cannot_bring_is_a_case_until_it_is_paid_back_otherwise() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let ends = json!([{"match": {"path": REFUNDS}, "times": 1, "action": "refund_ends",
        "value": {"outcome": "abnormal", "after_ms": 1_000}}]);
    world.faults(ends).await;
    let (buyer, number) = world.paid_for("alice", "tea").await;
    let (_, refund) = world.ask_back(&buyer, &number, 100).await;
    world.until_refund(&buyer, &number, 0, "processing").await;
    world.let_pass(2).await;
    let order = world.until_refund(&buyer, &number, 0, "abnormal").await;
    assert_eq!(order["payment_status"], "paid", "the payer has nothing yet");
    let path = format!("/api/admin/cases?subject={}", number_of(&refund));
    let case = async || world.call(&world.admin_key, Method::GET, &path, Value::Null).await.1;
    let found = case().await["data"][0].clone();
    assert_eq!((&found["kind"], &found["status"]), (&json!("refund_abnormal"), &json!("open")));
    let approver = world.key("approver", &[Role::Approver]).await;
    let note = json!({"note": "bank transfer 20261121-7"});
    let (status, settled) = world.say(&approver, &refund, "settle-offline", note).await;
    assert_eq!((status.as_u16(), &settled["status"]), (200, &json!("settled_offline")));
    let order = world.order(&buyer, &number, 0).await;
    assert_eq!(order["payment_status"], "refunded");
    assert_eq!(case().await["data"][0]["status"], "resolved");
    world.check_invariants().await;
    world.stop().await;
}

const ACCOUNT: &str = "6225888888888888888";

/// A refund of 100 fen that could not reach its payer.
async fn abnormal(world: &World) -> (crate::world::Buyer, String, Value) {
    let ends = json!([{"match": {"path": REFUNDS}, "times": 1, "action": "refund_ends",
        "value": {"outcome": "abnormal", "after_ms": 1_000}}]);
    world.faults(ends).await;
    let (buyer, number) = world.paid_for("alice", "tea").await;
    let (_, refund) = world.ask_back(&buyer, &number, 100).await;
    world.until_refund(&buyer, &number, 0, "processing").await;
    world.let_pass(2).await;
    world.until_refund(&buyer, &number, 0, "abnormal").await;
    (buyer, number, refund)
}

/// Everything that is written down of orders, refunds, keys and what people did.
async fn written(world: &World) -> String {
    let tables = [
        "orders",
        "payments",
        "refunds",
        "idempotency",
        "effects",
        "outbox",
        "cases",
        "audit",
        "jobs",
    ];
    let rows = tables.map(|table| format!("SELECT to_jsonb(t)::text AS row FROM {table} t"));
    let all = format!("SELECT coalesce(row, '') FROM ({}) x", rows.join(" UNION ALL "));
    world.database.query_text(&all).await.join("\n")
}

/// Real keys, real sealing: the sandbox opens what was sealed, or refuses it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_wechat_pay_cannot_bring_is_sent_to_a_card_of_the_payers() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let (buyer, number, refund) = abnormal(&world).await;
    let card = json!({"type": "USER_BANK_CARD", "bank_type": "ICBC_DEBIT",
        "bank_account": ACCOUNT, "real_name": "张三丰"});
    // What is sealed in another way than WeChat Pay opens it is refused, and changes nothing.
    let other = json!({"oaep_digest": "sha256"});
    let (status, _) = world.sandbox(Method::PUT, "/_sandbox/settings", other).await;
    assert_eq!(status.as_u16(), 200);
    let (status, refused) =
        world.say(&world.admin_key, &refund, "apply-abnormal", card.clone()).await;
    let said = (status.as_u16(), &refused["wechat"]["code"]);
    assert_eq!(said, (502, &json!("PARAM_ERROR")), "{refused}");
    world.reconfigure(|settings| settings.wechat_pay.oaep_digest = OaepDigest::Sha256);
    let (status, applied) =
        world.say(&world.admin_key, &refund, "apply-abnormal", card.clone()).await;
    assert_eq!((status.as_u16(), &applied["status"]), (200, &json!("processing")), "{applied}");
    let (status, again) = world.say(&world.admin_key, &refund, "apply-abnormal", card).await;
    assert_eq!((status.as_u16(), &again["code"]), (409, &json!("order_state_conflict")));
    world.let_pass(6).await;
    world.until_refund(&buyer, &number, 0, "succeeded").await;
    let (_, ledger) = world.sandbox(Method::GET, "/_sandbox/ledger", Value::Null).await;
    let sent_to = &ledger["refunds"][0]["sent_to"];
    assert_eq!(sent_to["type"], "USER_BANK_CARD");
    assert_eq!(sent_to["account"], "ICBC借记卡8888", "it opened what was sealed for it");
    assert_eq!(
        world.refunds_at_wechat_pay().await,
        [(number_of(&refund), 100, "SUCCESS".to_owned())],
        "one refund"
    );
    let path = format!("/api/admin/cases?subject={}", number_of(&refund));
    let (_, cases) = world.call(&world.admin_key, Method::GET, &path, Value::Null).await;
    assert_eq!(cases["data"][0]["status"], "resolved");
    let written = written(&world).await;
    assert!(written.contains("USER_BANK_CARD"), "that it was applied for is written");
    for personal in [ACCOUNT, "张三丰", "8888"] {
        assert!(!written.contains(personal), "{personal} is written");
    }
    world.check_invariants().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_goes_to_the_merchants_account_is_a_case_until_a_person_has_paid_the_payer() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let (buyer, number, refund) = abnormal(&world).await;
    let body = json!({"type": "MERCHANT_BANK_CARD"});
    let (status, applied) = world.say(&world.admin_key, &refund, "apply-abnormal", body).await;
    assert_eq!((status.as_u16(), &applied["status"]), (200, &json!("processing")), "{applied}");
    world.let_pass(6).await;
    world.until_refund(&buyer, &number, 0, "succeeded").await;
    let path = format!("/api/admin/cases?status=open&subject={}", number_of(&refund));
    let (_, cases) = world.call(&world.admin_key, Method::GET, &path, Value::Null).await;
    let case = &cases["data"][0];
    assert_eq!(case["kind"], "refund_abnormal", "{cases}");
    assert!(case["detail"].as_str().unwrap().contains("the merchant's own account"), "{case}");
    world.check_invariants().await;
    world.stop().await;
}

/// The answer is lost after the effect, before the effect, or WeChat Pay refuses.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_became_of_an_application_is_what_wechat_pay_says() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let (buyer, number, refund) = abnormal(&world).await;
    let rule = |action: &str, value: Value| {
        json!([{"match": {"path": "/v3/refund/domestic/refunds/*/apply-abnormal-refund"},
            "times": 1, "action": action, "value": value}])
    };
    let body = json!({"type": "MERCHANT_BANK_CARD"});
    let apply = async || world.say(&world.admin_key, &refund, "apply-abnormal", body.clone()).await;
    let no = json!({"status": 400, "code": "PARAM_ERROR", "message": "no"});
    world.faults(rule("status", no)).await;
    let (status, said) = apply().await;
    assert_eq!((status.as_u16(), &said["wechat"]["code"]), (502, &json!("PARAM_ERROR")), "{said}");
    world.until_refund(&buyer, &number, 0, "abnormal").await;
    // Lost on its way: ten minutes later it is abnormal, and may be applied for again.
    world.faults(rule("status", json!({"status": 500, "code": "SYSTEM_ERROR"}))).await;
    let (status, said) = apply().await;
    assert_eq!((status.as_u16(), &said["status"]), (202, &json!("processing")), "{said}");
    world.let_pass(601).await;
    world.until_refund(&buyer, &number, 0, "abnormal").await;
    // Taken, and its answer lost.
    let lost = json!({"status": 500, "code": "SYSTEM_ERROR", "after_effect": true});
    world.faults(rule("status", lost)).await;
    let (status, said) = apply().await;
    assert_eq!((status.as_u16(), &said["status"]), (202, &json!("processing")), "{said}");
    world.let_pass(6).await;
    world.until_refund(&buyer, &number, 0, "succeeded").await;
    assert_eq!(world.refunds_at_wechat_pay().await.len(), 1, "it is one refund");
    world.check_invariants().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wechat_pay_is_asked_at_once_when_an_operator_wants_to_know() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let (_, number) = world.open_order("alice", "tea").await;
    let silent = json!([{"match": {"event_type": "TRANSACTION.SUCCESS"}, "action": "drop"}]);
    world.faults(silent).await;
    world.pay(&number).await;
    let path = format!("/api/admin/payments/{number}/sync");
    let (status, order) = world.call(&world.admin_key, Method::POST, &path, Value::Null).await;
    assert_eq!((status.as_u16(), &order["payment_status"]), (200, &json!("paid")), "{order}");
    world.check_invariants().await;
    world.stop().await;
}

/// Somebody sent a part of it back at WeChat Pay, and only a person who looks there knows how much.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_says_how_much_of_money_that_came_too_late_is_still_owed() {
    let world = World::new().await;
    world.put_sku("tea", 100, 3).await;
    let (buyer, number) = world.open_order("alice", "tea").await;
    let path = format!("/api/mini/orders/{number}/cancel");
    world.call(&buyer.token, Method::POST, &path, Value::Null).await;
    for _ in 0..50 {
        if world.order(&buyer, &number, 1).await["status"] == "cancelled" {
            break;
        }
    }
    let late = json!({"unfaithful": true, "payer_account": "abnormal"});
    let (status, trade) =
        world.sandbox(Method::POST, &format!("/_sandbox/pay/{number}"), late).await;
    assert_eq!(status, 200, "{trade}");
    let order = world.until_refund(&buyer, &number, 0, "rejected").await;
    let automatic = order["refunds"][0].clone();
    let operator = world.key("operator", &[Role::Operator]).await;
    for (amount_fen, status, code) in
        [(0, 400, "validation_failed"), (101, 409, "refund_exceeds_paid")]
    {
        let body = json!({"amount_fen": amount_fen});
        let (said, problem) = world.say(&operator, &automatic, "retry", body).await;
        assert_eq!((said.as_u16(), &problem["code"]), (status, &json!(code)), "{problem}");
    }
    let (status, rest) = world.say(&operator, &automatic, "retry", json!({"amount_fen": 40})).await;
    assert_eq!((status.as_u16(), &rest["amount_fen"]), (200, &json!(40)), "{rest}");
    assert_ne!(rest["out_refund_no"], automatic["out_refund_no"], "other bytes, another number");
    world.let_pass(61).await;
    let order = world.until_refund(&buyer, &number, 1, "rejected").await;
    assert_eq!(order["refunds"].as_array().unwrap().len(), 2, "{order}");
    world.check_invariants().await;
    world.stop().await;
}
