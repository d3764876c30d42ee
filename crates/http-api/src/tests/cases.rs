//! Operators look at cases.

use super::front::{Front, START_S};
use actix_web::http::Method;
use domain::case::{Case, CaseKind, CaseStatus};
use domain::{CaseId, OrderNumber, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

fn case(n: u32, kind: CaseKind, status: CaseStatus) -> Case {
    Case {
        id: CaseId::new(Uuid::from_u128(u128::from(n))),
        kind,
        subject: format!("number-{n}"),
        status,
        detail: "money came that the order cannot take".to_owned(),
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
