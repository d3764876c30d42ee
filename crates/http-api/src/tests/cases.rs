//! Operators look at cases.

use super::front::{Front, START_S};
use actix_web::http::Method;
use domain::case::{Case, CaseKind, CaseStatus};
use domain::{CaseId, OrderNumber, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

pub(super) fn case(n: u32, kind: CaseKind, status: CaseStatus) -> Case {
    Case {
        id: CaseId::new(Uuid::from_u128(u128::from(n))),
        kind,
        subject: format!("number-{n}"),
        status,
        detail: "money came that the order cannot take".to_owned(),
        assignee: None,
        note: None,
        order: OrderNumber::parse("P2026112110000000000000000000").filter(|_| n % 2 == 1),
        // Two of each instant, so that the cursor needs the id too.
        opened_at: Timestamp::from_seconds(START_S + i64::from(n / 2)),
    }
}

async fn open() -> Front {
    let front = Front::open().await;
    front.fake.lock().cases = vec![
        case(1, CaseKind::Surplus, CaseStatus::Open),
        case(2, CaseKind::UnknownOrder, CaseStatus::NeedsHuman),
        case(3, CaseKind::Stuck, CaseStatus::Open),
    ];
    front
}

async fn list(front: &Front, query: &str) -> super::front::Said {
    let path = format!("/api/admin/cases?{query}");
    front.call(&front.operator, Method::GET, &path, Value::Null).await
}

fn subjects(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|c| c["subject"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn cases_are_listed_newest_first_with_what_is_known() {
    let front = open().await;
    let said = list(&front, "").await;
    assert_eq!(subjects(&said.body), ["number-3", "number-2", "number-1"]);
    assert_eq!(
        said.body["data"][2],
        json!({"id": "00000000-0000-0000-0000-000000000001", "kind": "surplus",
            "subject": "number-1", "status": "open",
            "detail": "money came that the order cannot take",
            "assignee": null, "note": null,
            "order_number": "P2026112110000000000000000000",
            "opened_at": "2027-01-15T08:00:00Z"})
    );
    assert_eq!(said.body["data"][1]["order_number"], Value::Null);
    assert_eq!(said.body["next_cursor"], Value::Null);
}

#[actix_web::test]
async fn cases_are_filtered_and_paged() {
    let front = open().await;
    for (query, expected) in [
        ("status=open", vec!["number-3", "number-1"]),
        ("status=open&kind=stuck", vec!["number-3"]),
        ("subject=number-2", vec!["number-2"]),
        ("subject=number", vec![]),
        ("created_from=2027-01-15T08:00:01Z", vec!["number-3", "number-2"]),
        ("created_to=2027-01-15T08:00:01Z", vec!["number-1"]),
    ] {
        assert_eq!(subjects(&list(&front, query).await.body), expected, "{query}");
    }
    let first = list(&front, "limit=1").await.body;
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = list(&front, &format!("limit=2&cursor={cursor}")).await.body;
    assert_eq!(subjects(&second), ["number-2", "number-1"]);
    assert_eq!(second["next_cursor"], Value::Null);
    for bad in ["status=new", "kind=x", "subject=", "limit=0", "cursor=x", "q=1"] {
        assert_eq!(list(&front, bad).await.code(), (400, "validation_failed"), "{bad}");
    }
}

async fn act(front: &Front, key: u32, n: u32, action: &str, body: Value) -> super::front::Said {
    let path = format!("/api/admin/cases/{}/{action}", CaseId::new(Uuid::from_u128(u128::from(n))));
    front.post_as(&front.operator, key, &path, body).await
}

#[actix_web::test]
async fn a_case_is_taken_on_and_closed_with_a_reason_once_per_key() {
    let front = open().await;
    let taken = act(&front, 1, 1, "assign", json!({"assignee": "王五"})).await;
    assert_eq!(taken.status, 200, "{}", taken.text);
    assert_eq!(
        (&taken.body["status"], &taken.body["assignee"]),
        (&json!("needs_human"), &json!("王五"))
    );
    let note = json!({"note": "退款已线下完成"});
    let closed = act(&front, 2, 1, "resolve", note.clone()).await;
    assert_eq!((closed.status, &closed.body["status"]), (200, &json!("resolved")));
    assert_eq!((&closed.body["note"], &closed.body["assignee"]), (&note["note"], &json!("王五")));
    assert_eq!(closed.header("idempotent-replayed"), None);
    let again = act(&front, 2, 1, "resolve", note.clone()).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (200, Some("true")));
    let other = act(&front, 2, 1, "resolve", json!({"note": "other"})).await;
    assert_eq!(other.code(), (422, "idempotency_key_reused"));
    for (key, action) in [(3, "resolve"), (4, "accept")] {
        assert_eq!(
            act(&front, key, 1, action, note.clone()).await.code(),
            (409, "case_state_conflict")
        );
    }
    let accepted = act(&front, 5, 2, "accept", note).await;
    assert_eq!(accepted.body["status"], "accepted");
    let empty = act(&front, 6, 3, "resolve", json!({})).await;
    assert_eq!(empty.code(), (400, "validation_failed"));
    assert_eq!(act(&front, 7, 99, "accept", json!({"note": "x"})).await.code(), (404, "not_found"));
}

/// Requirement S0.8: whoever looks into money for an order that nobody knows can have it asked about again;
/// what is ours by then gets an order that carries it, and goes back.
#[actix_web::test]
async fn the_case_of_an_unknown_order_has_its_payment_asked_about_again() {
    let front = open().await;
    let retried = act(&front, 1, 2, "retry", Value::Null).await;
    assert_eq!((retried.status, &retried.body["status"]), (200, &json!("healing")));
    assert_eq!(front.fake.lock().hastened, 1, "its work is due now");
    assert_eq!(act(&front, 1, 2, "retry", Value::Null).await.status, 200);
    assert_eq!(front.fake.lock().hastened, 1, "once per key");
    assert_eq!(act(&front, 2, 1, "retry", Value::Null).await.code(), (409, "case_state_conflict"));
}
