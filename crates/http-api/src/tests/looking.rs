//! Operators look for themselves: WeChat Pay is asked now, and everything that must be true is checked.

use super::front::{Front, receipt};
use actix_web::http::Method;
use domain::Fen;
use domain::fact::Trade;
use domain::ports::InvariantReport;
use serde_json::{Value, json};

#[actix_web::test]
async fn wechat_pay_is_asked_now_and_its_answer_goes_the_way_of_all_facts() {
    let front = Front::open().await;
    let number = front.checked_out().await;
    let path = format!("/api/admin/payments/{number}/sync");
    let sync = |body: Value| front.call(&front.operator, Method::POST, &path, body);
    let said = sync(Value::Null).await;
    assert_eq!(said.code(), (503, "wechat_unavailable"), "no answer is no answer");
    assert_eq!(said.header("retry-after"), Some("1"));
    front.fake.lock().queried = Some(Trade::NotPaid);
    let said = sync(json!({})).await;
    assert_eq!((said.status, &said.body["payment_status"]), (200, &json!("unpaid")), "{said:?}");
    front.fake.lock().queried = Some(Trade::Success(receipt(Fen::new(1_250))));
    let said = sync(Value::Null).await;
    assert_eq!((said.status, &said.body["payment_status"]), (200, &json!("paid")), "{said:?}");
    assert_eq!(front.fake.lock().causes.last().unwrap(), "sync payment");
    let again = sync(Value::Null).await;
    assert_eq!((again.status, &again.body["version"]), (200, &said.body["version"]));
    assert_eq!(sync(json!({"force": true})).await.code(), (400, "validation_failed"));
    let nowhere = "/api/admin/payments/nothing-1/sync";
    let said = front.call(&front.operator, Method::POST, nowhere, Value::Null).await;
    assert_eq!(said.code(), (404, "not_found"));
}

#[actix_web::test]
async fn every_invariant_says_whether_it_holds_and_what_contradicts_it() {
    let front = Front::open().await;
    front.fake.lock().invariants = vec![
        InvariantReport {
            id: "I2",
            says: "At most one settlement.",
            violations: 0,
            sample: vec![],
        },
        InvariantReport {
            id: "I10",
            says: "Refunds never exceed what was paid.",
            violations: 12,
            sample: vec!["P1".to_owned()],
        },
    ];
    let path = "/api/admin/invariants";
    let said = front.call(&front.operator, Method::GET, path, Value::Null).await;
    assert_eq!(
        (said.status, said.body),
        (
            200,
            json!({"data": [
                {"id": "I2", "says": "At most one settlement.", "holds": true, "violations": 0,
                    "sample": []},
                {"id": "I10", "says": "Refunds never exceed what was paid.", "holds": false,
                    "violations": 12, "sample": ["P1"]},
            ]})
        )
    );
    front.fake.lock().down = true;
    let said = front.call(&front.operator, Method::GET, path, Value::Null).await;
    assert_eq!(said.code(), (503, "try_again"));
}
