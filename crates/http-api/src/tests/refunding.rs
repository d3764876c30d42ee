//! Money goes back: who asks, who says yes, and what everybody is shown.

use super::actions::send;
use super::front::{Front, Said, idempotency_key, request};
use actix_web::http::Method;
use domain::names::RefundId;
use domain::ports::Role;
use domain::refund::RefundState;
use serde_json::{Value, json};

/// An order of 1,250 fen that is paid and not shipped.
async fn paid() -> (Front, String) {
    let front = Front::open().await;
    let number = front.checked_out().await;
    front.settle(&number);
    (front, number)
}

fn of(amount_fen: i64) -> Value {
    json!({"amount_fen": amount_fen, "reason": "坏了"})
}

async fn ask(front: &Front, key: u32, number: &str, amount_fen: i64) -> Said {
    front.post(key, &format!("/api/mini/orders/{number}/refunds"), of(amount_fen)).await
}

/// The buyer of a shipped order wants one fen back: the number of the refund that waits.
pub(super) async fn wished(front: &Front, number: &str) -> String {
    let said = ask(front, 9_100, number, 1).await;
    assert_eq!((said.status, &said.body["status"]), (201, &json!("awaiting_approval")), "{said:?}");
    said.body["out_refund_no"].as_str().unwrap().to_owned()
}

/// Somebody says `word` to a refund.
async fn say(front: &Front, token: &str, key: u32, refund: &str, word: &str) -> Said {
    let path = format!("/api/admin/refunds/{refund}/{word}");
    front.post_as(token, key, &path, Value::Null).await
}

/// The refund at `index` stands here, whatever was decided.
fn bring(front: &Front, number: &str, index: usize, state: RefundState) {
    front.bend(number, |order| order.refunds[index].state = state);
}

fn id() -> RefundId {
    RefundId::new("50300001")
}

async fn order(front: &Front, number: &str) -> Value {
    front.get(&format!("/api/mini/orders/{number}")).await.body
}

#[actix_web::test]
async fn a_part_of_what_is_not_shipped_is_on_its_way_at_once_and_once_per_key() {
    let (front, number) = paid().await;
    let said = ask(&front, 1, &number, 250).await;
    assert_eq!((said.status, said.header("etag")), (201, Some("\"3\"")), "{said:?}");
    assert_eq!(said.header("location"), Some(format!("/api/mini/orders/{number}").as_str()));
    let out_refund_no = said.body["out_refund_no"].as_str().unwrap();
    assert!(out_refund_no.starts_with(&format!("{number}-R")), "{out_refund_no}");
    assert_eq!(
        said.body,
        json!({"out_refund_no": out_refund_no, "out_trade_no": number, "amount_fen": 250,
            "reason": "坏了", "kind": "requested", "status": "requested", "asked_by": "buyer",
            "replaces": null, "refund_id": null, "created_at": "2027-01-15T08:00:00Z",
            "succeeded_at": null})
    );
    let again = ask(&front, 1, &number, 250).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!(again.body, said.body);
    assert_eq!(ask(&front, 1, &number, 251).await.code(), (422, "idempotency_key_reused"));
    let shown = order(&front, &number).await;
    assert_eq!(shown["refunds"], json!([said.body]));
    assert_eq!(shown["status"], "ready", "the rest is still to be shipped");
    // Reserved is not yet refunded, and cannot be asked for again.
    assert_eq!(
        (&shown["payment_status"], &shown["amounts"]["refunded_fen"]),
        (&json!("paid"), &json!(0))
    );
    assert_eq!(ask(&front, 2, &number, 1_001).await.code(), (409, "refund_exceeds_paid"));
    // Equal amounts under two keys are two intentions.
    let another = ask(&front, 3, &number, 250).await;
    assert_eq!(another.status, 201);
    assert_ne!(another.body["out_refund_no"], said.body["out_refund_no"]);
}

#[actix_web::test]
async fn all_of_what_is_not_shipped_cancels_the_order() {
    let (front, number) = paid().await;
    assert_eq!(ask(&front, 1, &number, 1_250).await.status, 201);
    let shown = order(&front, &number).await;
    assert_eq!(
        (&shown["status"], &shown["presentation"]["status"]),
        (&json!("cancelling"), &json!("refunding"))
    );
    // Nothing is over before WeChat Pay has accepted it.
    assert_eq!(shown["lines"][0]["returned_quantity"], 0);
}

#[actix_web::test]
async fn a_paid_order_that_is_not_shipped_is_cancelled_by_refunding_what_is_left() {
    for (key, who) in [(1, "buyer"), (2, "operator")] {
        let (front, number) = paid().await;
        assert_eq!(ask(&front, 9, &number, 300).await.status, 201);
        let said = match who {
            "buyer" => {
                front.post(key, &format!("/api/mini/orders/{number}/cancel"), Value::Null).await
            }
            _operator => {
                let path = format!("/api/admin/orders/{number}/cancel");
                front.post_as(&front.operator, key, &path, Value::Null).await
            }
        };
        assert_eq!((said.status, &said.body["status"]), (200, &json!("cancelling")), "{said:?}");
        let rest = &said.body["refunds"][1];
        assert_eq!((&rest["amount_fen"], &rest["asked_by"]), (&json!(950), &json!(who)), "{rest}");
    }
}

#[actix_web::test]
async fn what_is_on_its_way_is_refunded_when_an_operator_says_yes() {
    let (front, number) = paid().await;
    send(&front, &number);
    let refund = wished(&front, &number).await;
    let path = format!("/api/mini/orders/{number}/refunds/{refund}/approve");
    assert_eq!(front.post(1, &path, Value::Null).await.status, 404, "not the buyer");
    let body = json!({"reason": "seen on a photograph"});
    let path = format!("/api/admin/refunds/{refund}/approve");
    let said = front.post_as(&front.operator, 2, &path, body.clone()).await;
    assert_eq!((said.status, &said.body["status"]), (200, &json!("requested")), "{said:?}");
    assert_eq!(said.body["out_refund_no"], json!(refund));
    assert_eq!(front.fake.lock().causes.last().unwrap(), "approve refund: seen on a photograph");
    let again = front.post_as(&front.operator, 2, &path, body).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (200, Some("true")));
    let said = say(&front, &front.operator, 3, &refund, "decline").await;
    assert_eq!(said.code(), (409, "order_state_conflict"), "it is decided");
    let path = format!("/api/mini/orders/{number}/refunds/{refund}/withdraw");
    assert_eq!(front.post(4, &path, Value::Null).await.code(), (409, "order_state_conflict"));
}

#[actix_web::test]
async fn a_refund_that_waits_is_declined_or_withdrawn_and_its_amount_is_free_again() {
    let (front, number) = paid().await;
    send(&front, &number);
    assert_eq!(ask(&front, 1, &number, 1_250).await.body["status"], "awaiting_approval");
    assert_eq!(ask(&front, 2, &number, 1).await.code(), (409, "refund_exceeds_paid"));
    let refund = order(&front, &number).await["refunds"][0]["out_refund_no"].clone();
    let refund = refund.as_str().unwrap().to_owned();
    let approver = front.key("approver", vec![Role::Approver]);
    let said = say(&front, &approver, 3, &refund, "decline").await;
    assert_eq!((said.status, &said.body["status"]), (200, &json!("declined")), "{said:?}");
    let refund = wished(&front, &number).await;
    let path = format!("/api/mini/orders/{number}/refunds/{refund}/withdraw");
    let said = front.post(4, &path, Value::Null).await;
    assert_eq!((said.status, &said.body["status"]), (200, &json!("withdrawn")), "{said:?}");
    let again = front.post(4, &path, json!({})).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (200, Some("true")));
    assert_eq!(order(&front, &number).await["status"], "shipped");
}

#[actix_web::test]
async fn an_operators_large_refund_waits_for_an_approver_who_is_another_person() {
    let (front, number) = paid().await;
    let both = front.key("both", vec![Role::Operator, Role::Approver]);
    let path = format!("/api/admin/orders/{number}/refunds");
    let small = front.post_as(&both, 1, &path, of(1)).await;
    assert_eq!((small.status, &small.body["status"]), (201, &json!("requested")), "{small:?}");
    assert_eq!(small.header("location"), Some(format!("/api/admin/orders/{number}").as_str()));
    let large = front.post_as(&both, 2, &path, of(1_001)).await;
    assert_eq!((large.status, &large.body["status"]), (201, &json!("awaiting_approval")));
    let refund = large.body["out_refund_no"].as_str().unwrap();
    // Neither oneself, nor who may not approve.
    assert_eq!(say(&front, &both, 3, refund, "approve").await.code(), (403, "forbidden"));
    assert_eq!(say(&front, &front.operator, 4, refund, "approve").await.code(), (403, "forbidden"));
    let approver = front.key("approver", vec![Role::Approver]);
    let said = say(&front, &approver, 5, refund, "approve").await;
    assert_eq!((said.status, &said.body["status"]), (200, &json!("requested")), "{said:?}");
}

#[actix_web::test]
async fn another_buyers_refund_is_not_there() {
    let (front, number) = paid().await;
    send(&front, &number);
    let refund = wished(&front, &number).await;
    let mallory = front.buyer_with_address("mallory").await;
    let mut front_of_mallory = front.clone();
    front_of_mallory.buyer.clone_from(&mallory);
    let own = front_of_mallory.checked_out().await;
    let withdraw = |order: &str, refund: &str, key: u32| {
        let path = format!("/api/mini/orders/{order}/refunds/{refund}/withdraw");
        let (front, mallory) = (front.clone(), mallory.clone());
        async move {
            let asked = request(&mallory, Method::POST, &path)
                .insert_header(("Idempotency-Key", idempotency_key(key)))
                .insert_header(("X-Request-Id", "same"));
            front.ask(asked).await
        }
    };
    // Through the other's order, through one's own, and what never was: one answer.
    let there = withdraw(&number, &refund, 1).await;
    let through_own = withdraw(&own, &refund, 2).await;
    let nowhere = withdraw(&own, "R-77", 3).await;
    assert_eq!(there.code(), (404, "not_found"));
    assert_eq!((&there.text, &there.text), (&through_own.text, &nowhere.text));
    assert_eq!(order(&front, &number).await["refunds"][0]["status"], "awaiting_approval");
}

#[actix_web::test]
async fn a_backend_names_its_refund_and_the_name_is_that_refund_for_ever() {
    let (front, number) = paid().await;
    let service = front.key("shop", vec![Role::Service]);
    let path = format!("/api/v1/payments/{number}/refunds");
    let named = |amount_fen: i64| json!({"amount_fen": amount_fen, "reason": "坏了", "out_refund_no": "R-1"});
    let said = front.post_as(&service, 1, &path, named(100)).await;
    assert_eq!((said.status, &said.body["status"]), (201, &json!("requested")), "{said:?}");
    assert_eq!(
        (&said.body["out_refund_no"], &said.body["asked_by"]),
        (&json!("R-1"), &json!("service"))
    );
    assert_eq!(said.header("location"), Some("/api/v1/refunds/R-1"));
    let same = front.post_as(&service, 2, &path, named(100)).await;
    assert_eq!((same.status, &same.body), (201, &said.body), "under another key it is the same");
    let other = front.post_as(&service, 3, &path, named(101)).await;
    assert_eq!(other.code(), (409, "order_state_conflict"));
    let shown = front.call(&service, Method::GET, "/api/v1/refunds/R-1", Value::Null).await;
    assert_eq!((shown.status, &shown.body), (200, &said.body));
    let missing = front.call(&service, Method::GET, "/api/v1/refunds/R-2", Value::Null).await;
    assert_eq!(missing.code(), (404, "not_found"));
    let actor = front.fake.lock().orders.values().next().unwrap().refunds[0].actor.clone();
    assert_eq!(actor, "service:shop");
    for bad in [format!("{number}-S"), "a|b".to_owned(), "x".repeat(65)] {
        let body = json!({"amount_fen": 1, "reason": "x", "out_refund_no": bad});
        let said = front.post_as(&service, 4, &path, body).await;
        assert_eq!(said.body["errors"][0]["field"], "out_refund_no", "{bad}");
    }
}

#[actix_web::test]
async fn a_backend_refunds_the_payment_that_it_names_and_no_other() {
    let front = Front::open().await;
    let number = front.checked_out().await;
    let another = format!("/api/mini/orders/{number}/wechat-pay/prepay");
    front.post(1, &another, json!({"trade_type": "NATIVE"})).await;
    front.settle(&number);
    let service = front.key("shop", vec![Role::Service]);
    let path = |payment: &str| format!("/api/v1/payments/{payment}/refunds");
    let second = path(&format!("{number}-2"));
    let said = front.post_as(&service, 2, &second, of(1)).await;
    assert_eq!(said.code(), (409, "order_not_refundable"), "its first payment paid for it");
    let stale = request(&service, Method::POST, &second)
        .insert_header(("Idempotency-Key", idempotency_key(3)))
        .insert_header(("If-Match", "\"1\""));
    assert_eq!(front.send(stale, of(1)).await.code(), (412, "version_conflict"));
    assert_eq!(front.post_as(&service, 4, &path("nothing-1"), of(1)).await.status, 404);
    assert_eq!(front.post_as(&service, 5, &path(&number), of(1)).await.status, 201);
}

#[actix_web::test]
async fn what_wechat_pay_refused_goes_on_under_its_number_and_what_it_closed_under_another() {
    let (front, number) = paid().await;
    send(&front, &number);
    let first = wished(&front, &number).await;
    bring(&front, &number, 0, RefundState::Rejected { code: "NOT_ENOUGH".to_owned() });
    let said = say(&front, &front.operator, 1, &first, "retry").await;
    assert_eq!((said.status, &said.body["status"]), (200, &json!("requested")), "{said:?}");
    assert_eq!(said.body["out_refund_no"], json!(first));
    let hastened = front.fake.lock().hastened;
    let said = say(&front, &front.operator, 2, &first, "retry").await;
    assert_eq!(said.status, 200);
    assert!(front.fake.lock().hastened > hastened, "due now");
    bring(&front, &number, 0, RefundState::Closed { refund_id: id() });
    let said = say(&front, &front.operator, 3, &first, "retry").await;
    let second = said.body["out_refund_no"].as_str().unwrap().to_owned();
    assert_eq!(said.body["replaces"], json!(first), "{said:?}");
    assert_ne!(second, first);
    let again = say(&front, &front.operator, 3, &first, "retry").await;
    assert_eq!((again.header("idempotent-replayed"), &again.body), (Some("true"), &said.body));
    bring(&front, &number, 1, RefundState::Closed { refund_id: id() });
    let third = say(&front, &front.operator, 4, &second, "retry").await;
    assert_eq!(third.body["replaces"], json!(second), "{third:?}");
    let of_the_first = say(&front, &front.operator, 5, &first, "retry").await;
    assert_eq!(of_the_first.body, third.body, "the one that goes on");
}

#[actix_web::test]
async fn what_wechat_pay_cannot_bring_is_paid_back_otherwise_by_an_approver_with_a_note() {
    let (front, number) = paid().await;
    send(&front, &number);
    let refund = wished(&front, &number).await;
    let approver = front.key("approver", vec![Role::Approver]);
    let path = format!("/api/admin/refunds/{refund}/settle-offline");
    let note = json!({"note": "bank transfer 20261121-7"});
    let said = front.post_as(&approver, 1, &path, note.clone()).await;
    assert_eq!(said.code(), (409, "order_state_conflict"), "it may still arrive");
    let without = front.post_as(&approver, 2, &path, json!({})).await;
    assert_eq!(without.body["errors"][0]["field"], "note");
    // The refused amount was given to another refund meanwhile.
    bring(&front, &number, 0, RefundState::Rejected { code: "X".to_owned() });
    let all = ask(&front, 3, &number, 1_250).await;
    assert_eq!(all.status, 201, "{all:?}");
    let said = front.post_as(&approver, 4, &path, note.clone()).await;
    assert_eq!(said.code(), (409, "refund_exceeds_paid"));
    bring(&front, &number, 1, RefundState::Declined);
    bring(&front, &number, 0, RefundState::Abnormal { refund_id: id() });
    let said = front.post_as(&approver, 5, &path, note).await;
    assert_eq!((said.status, &said.body["status"]), (200, &json!("settled_offline")), "{said:?}");
    assert_eq!(said.body["succeeded_at"], "2027-01-15T08:00:00Z");
    let shown = order(&front, &number).await;
    assert_eq!(shown["payment_status"], "partially_refunded");
}

#[actix_web::test]
async fn an_order_shows_what_the_payer_has_back() {
    let (front, number) = paid().await;
    assert_eq!(ask(&front, 1, &number, 250).await.status, 201);
    assert_eq!(ask(&front, 2, &number, 1_000).await.status, 201);
    let at = domain::Timestamp::from_seconds(super::front::START_S + 60);
    bring(&front, &number, 0, RefundState::Succeeded { refund_id: id(), at });
    let shown = order(&front, &number).await;
    assert_eq!(shown["payment_status"], "partially_refunded");
    assert_eq!(
        (&shown["amounts"]["paid_fen"], &shown["amounts"]["refunded_fen"]),
        (&json!(1_250), &json!(250))
    );
    let refund = &shown["refunds"][0];
    assert_eq!(
        (&refund["refund_id"], &refund["succeeded_at"]),
        (&json!("50300001"), &json!("2027-01-15T08:01:00Z"))
    );
    bring(&front, &number, 1, RefundState::Succeeded { refund_id: id(), at });
    front.bend(&number, |order| {
        let cancelled = domain::order::Event::Cancelled { at };
        order.holds.iter_mut().for_each(|hold| hold.status = domain::stock::HoldStatus::Committed);
        *order = order.clone().apply(&cancelled);
    });
    let shown = order(&front, &number).await;
    assert_eq!(
        (&shown["status"], &shown["payment_status"]),
        (&json!("cancelled"), &json!("refunded"))
    );
    assert_eq!(shown["presentation"]["status"], "refunded");
    assert_eq!(
        (&shown["lines"][0]["quantity"], &shown["lines"][0]["returned_quantity"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(shown["amounts"]["refunded_fen"], 1_250);
}

#[actix_web::test]
async fn a_refund_that_is_wrong_in_every_way_is_refused_step_by_step() {
    let (front, number) = paid().await;
    let send_as = |token: &str, order: &str, key: Option<u32>, tag: &str, body: Value| {
        let path = format!("/api/mini/orders/{order}/refunds");
        let mut asked = request(token, Method::POST, &path).insert_header(("If-Match", tag));
        if let Some(key) = key {
            asked = asked.insert_header(("Idempotency-Key", idempotency_key(key)));
        }
        let front = front.clone();
        async move { front.send(asked, body).await }
    };
    let (missing, bad) = ("P2026112110000000000000000000", json!({"amount_fen": 0, "lines": []}));
    let said = send_as("pt_x", missing, None, "\"1\"", bad.clone()).await;
    assert_eq!(said.code(), (401, "unauthenticated"));
    let said = send_as(&front.buyer, missing, None, "\"1\"", bad.clone()).await;
    assert_eq!(said.code(), (400, "idempotency_key_missing"));
    let said = send_as(&front.buyer, missing, Some(1), "\"1\"", bad).await;
    let named: Vec<&str> = said.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["field"].as_str().unwrap())
        .collect();
    assert_eq!(named, ["amount_fen", "reason", "lines"]);
    let said = send_as(&front.buyer, missing, Some(1), "\"1\"", of(9_999)).await;
    assert_eq!(said.code(), (404, "not_found"));
    let said = send_as(&front.buyer, &number, Some(1), "\"1\"", of(9_999)).await;
    assert_eq!(said.code(), (412, "version_conflict"));
    let said = send_as(&front.buyer, &number, Some(1), "\"2\"", of(9_999)).await;
    assert_eq!(said.code(), (409, "refund_exceeds_paid"));
    let said = send_as(&front.buyer, &number, Some(1), "\"2\"", of(1)).await;
    assert_eq!(said.status, 201, "a refusal is not kept under its key");
    // A known key is answered before anything is looked at.
    let said = send_as(&front.buyer, &number, Some(1), "\"1\"", of(1)).await;
    assert_eq!((said.status, said.header("idempotent-replayed")), (201, Some("true")));
}
