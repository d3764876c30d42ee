//! Money goes back: who asks, who says yes, and what everybody is shown.

mod abnormal;
mod backends;
mod people;

use super::actions::send;
use super::front::{Front, Said, everything, idempotency_key, request};
use actix_web::http::Method;
use domain::names::RefundId;
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
            "lines": [], "reason": "坏了", "kind": "requested", "status": "requested", "asked_by": "buyer",
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
async fn the_money_of_goods_is_asked_for_by_lines() {
    let front = Front::open().await;
    front.want(3).await;
    let said = front.pay(&idempotency_key(8), everything()).await;
    let number = said.body["order_number"].as_str().unwrap().to_owned();
    front.settle(&number);
    let path = format!("/api/mini/orders/{number}/refunds");
    let of_lines = |lines: Value| json!({"lines": lines, "reason": "坏了"});
    let one = json!([{"line_no": 1, "quantity": 1}]);
    let said = front.post(1, &path, of_lines(one.clone())).await;
    assert_eq!((said.status, &said.body["amount_fen"]), (201, &json!(1_250)), "{said:?}");
    let part = json!([{"line_no": 1, "quantity": 1, "amount_fen": 1_250}]);
    assert_eq!(said.body["lines"], part);
    let admin = format!("/api/admin/orders/{number}/refunds");
    let said = front.post_as(&front.operator, 2, &admin, of_lines(one.clone())).await;
    assert_eq!((said.status, &said.body["asked_by"]), (201, &json!("operator")), "{said:?}");
    let two = json!([{"line_no": 1, "quantity": 2}]);
    let said = front.post(3, &path, of_lines(two)).await;
    assert_eq!(said.code(), (409, "refund_exceeds_paid"), "one is left");
    let said = front.post(4, &path, of_lines(json!([{"line_no": 2, "quantity": 1}]))).await;
    assert_eq!(said.code(), (422, "item_not_found"));
    let mut both = of_lines(one);
    both["amount_fen"] = json!(1);
    for (body, field) in [
        (both, "amount_fen"),
        (of_lines(json!([])), "lines"),
        (of_lines(json!([{"line_no": 1}])), "lines[0].quantity"),
        (of_lines(json!([{"line_no": 0, "quantity": 1}])), "lines[0].line_no"),
        (json!({"reason": "坏了"}), "amount_fen"),
    ] {
        let said = front.post(5, &path, body).await;
        assert_eq!(said.code(), (400, "validation_failed"), "{field}");
        assert_eq!(said.body["errors"][0]["field"], field, "{}", said.text);
    }
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
    // Operators find it by either number of the refund.
    for number in [refund["out_refund_no"].as_str().unwrap(), "50300001"] {
        let path = format!("/api/admin/orders?q={number}");
        let found = front.call(&front.operator, Method::GET, &path, Value::Null).await;
        assert_eq!(found.body["data"][0]["refunds"][0], *refund, "{number}");
    }
    bring(&front, &number, 1, RefundState::Succeeded { refund_id: id(), at });
    front.bend(&number, |order| {
        let cancelled =
            domain::order::Event::Cancelled { at, stock: domain::order::StockOutcome::Committed };
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
    assert_eq!(named, ["lines", "reason", "amount_fen"]);
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
