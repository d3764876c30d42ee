//! What people say to a refund.

use super::{ask, bring, id, of, order, paid, wished};
use crate::tests::actions::send;
use crate::tests::front::{Front, Said};
use domain::ports::Role;
use domain::refund::RefundState;
use serde_json::{Value, json};

/// Somebody says `word` to a refund.
async fn say(front: &Front, token: &str, key: u32, refund: &str, word: &str) -> Said {
    let path = format!("/api/admin/refunds/{refund}/{word}");
    front.post_as(token, key, &path, Value::Null).await
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
