//! Operators look at orders, ship them and bring them to their end.

use super::actions::send;
use super::front::{Front, idempotency_key, request};
use actix_web::http::Method;
use domain::ports::Role;
use serde_json::{Value, json};

const ORDERS: &str = "/api/admin/orders";

fn one_package() -> Value {
    json!({"logistics_type": 1, "packages": [{"express_company": "SF", "tracking_no": "SF1",
        "item_desc": "茶", "contact": "+86-177****1234"}]})
}

async fn paid() -> (Front, String) {
    let front = Front::open().await;
    let number = front.checked_out().await;
    front.settle(&number);
    (front, number)
}

async fn act(
    front: &Front,
    key: u32,
    number: &str,
    action: &str,
    body: Value,
) -> super::front::Said {
    let path = format!("{ORDERS}/{number}/{action}");
    front.post_as(&front.operator, key, &path, body).await
}

#[actix_web::test]
async fn an_order_goes_out_in_parts_arrives_and_is_done() {
    let (front, number) = paid().await;
    let mut part = one_package();
    part["is_all_delivered"] = json!(false);
    part["reason"] = json!("first half");
    let said = act(&front, 1, &number, "ship", part.clone()).await;
    assert_eq!((said.status, &said.body["status"]), (200, &json!("shipped")), "{said:?}");
    assert_eq!(front.fake.lock().causes.last().unwrap(), "ship: first half");
    let again = act(&front, 1, &number, "ship", part).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (200, Some("true")));
    assert_eq!(again.body["shipments"].as_array().unwrap().len(), 1);
    let said = act(&front, 2, &number, "deliver", Value::Null).await;
    assert_eq!(said.code(), (409, "order_state_conflict"), "the rest is not sent");
    let doubled = act(&front, 3, &number, "ship", one_package()).await;
    assert_eq!(doubled.code(), (409, "order_state_conflict"), "that parcel is recorded");
    let mut rest = one_package();
    rest["packages"][0]["tracking_no"] = json!("SF2");
    let said = act(&front, 3, &number, "ship", rest).await;
    assert_eq!(
        said.body["shipments"][1],
        json!({"at": "2027-01-15T08:00:00Z", "logistics_type": 1, "is_all_delivered": true,
            "packages": [{"express_company": "SF", "tracking_no": "SF2", "item_desc": "茶",
                "contact": "+86-177****1234"}]})
    );
    let said = act(&front, 4, &number, "deliver", json!({"reason": "courier called"})).await;
    assert_eq!(said.body["delivered_at"], "2027-01-15T08:00:00Z", "{said:?}");
    assert_eq!(front.fake.lock().causes.last().unwrap(), "deliver: courier called");
    let said = act(&front, 5, &number, "complete", json!({})).await;
    assert_eq!((said.status, &said.body["status"]), (200, &json!("completed")));
    assert_eq!(front.fake.lock().causes.last().unwrap(), "complete");
    let said = act(&front, 6, &number, "cancel", json!({"reason": "late"})).await;
    assert_eq!(said.code(), (409, "order_not_cancellable"));
}

#[actix_web::test]
async fn an_operator_cancels_an_unpaid_order_and_says_why() {
    let front = Front::open().await;
    let number = front.placed().await;
    let said = act(&front, 1, &number, "cancel", json!({"reason": "asked by telephone"})).await;
    assert_eq!((said.status, &said.body["status"]), (200, &json!("cancelled")));
    assert_eq!(front.fake.lock().causes.last().unwrap(), "cancel: asked by telephone");
    let long = json!({"reason": "x".repeat(201)});
    let said = act(&front, 2, &number, "cancel", long).await;
    assert_eq!(said.body["errors"][0]["code"], "too_long");
}

#[actix_web::test]
async fn what_is_wrong_with_a_shipment_is_named_by_its_package() {
    let (front, number) = paid().await;
    let body = json!({"logistics_type": 1, "is_all_delivered": 1, "packages": [
        {"item_desc": "茶"},
        {"express_company": "x".repeat(129), "tracking_no": "1", "item_desc": "y".repeat(121)},
        {"express_company": "SF", "tracking_no": "1", "item_desc": "茶", "contact": "13800000000",
            "phone": "1"},
        7,
    ]});
    let said = act(&front, 1, &number, "ship", body).await;
    assert_eq!(said.code(), (400, "validation_failed"));
    let errors = said.body["errors"].as_array().unwrap().iter();
    let named: Vec<(&str, &str)> =
        errors.map(|e| (e["field"].as_str().unwrap(), e["code"].as_str().unwrap())).collect();
    assert_eq!(
        named,
        [
            ("packages[0].express_company", "required"),
            ("packages[0].tracking_no", "required"),
            ("packages[1].express_company", "too_long"),
            ("packages[1].item_desc", "too_long"),
            ("packages[2].contact", "invalid"),
            ("packages[2].phone", "unknown_field"),
            ("packages[3]", "wrong_type"),
            ("is_all_delivered", "wrong_type"),
        ]
    );
    assert!(!said.text.contains("13800000000"), "what was sent is not repeated");
    let packages = |count: usize| vec![json!({"item_desc": "茶"}); count];
    for bad in [0, 16] {
        let body = json!({"logistics_type": 3, "packages": packages(bad)});
        let said = act(&front, 1, &number, "ship", body).await;
        assert_eq!(said.body["errors"][0]["field"], "packages", "{bad}");
    }
    for bad in [json!(0), json!(5), json!("1"), Value::Null] {
        let body = json!({"logistics_type": bad, "packages": packages(1)});
        let said = act(&front, 1, &number, "ship", body).await;
        assert_eq!(said.body["errors"][0]["field"], "logistics_type");
    }
    // Fifteen in all shipments together.
    let body = json!({"logistics_type": 2, "packages": packages(15), "is_all_delivered": false});
    assert_eq!(act(&front, 1, &number, "ship", body).await.status, 200);
    let said = act(&front, 2, &number, "ship", one_package()).await;
    assert_eq!(said.code(), (409, "order_state_conflict"));
    assert_eq!(said.body["detail"], "one order is sent in at most 15 packages");
}

#[actix_web::test]
async fn an_action_names_the_version_that_its_author_saw_or_none() {
    let (front, number) = paid().await;
    let path = format!("{ORDERS}/{number}");
    let seen = front.call(&front.operator, Method::GET, &path, Value::Null).await;
    let tag = seen.header("etag").unwrap().to_owned();
    let ship = |key: u32, tag: &str| {
        let asked = request(&front.operator, Method::POST, &format!("{path}/ship"))
            .insert_header(("Idempotency-Key", idempotency_key(key)))
            .insert_header(("If-Match", tag.to_owned()));
        front.send(asked, one_package())
    };
    for stale in ["\"1\"", "*", "W/\"2\"", "2"] {
        assert_eq!(ship(1, stale).await.code(), (412, "version_conflict"), "{stale}");
    }
    let said = ship(1, &tag).await;
    assert_eq!((said.status, said.header("etag")), (200, Some("\"3\"")), "{said:?}");
    let said = ship(1, &tag).await;
    assert_eq!((said.status, said.header("idempotent-replayed")), (200, Some("true")));
    assert_eq!(ship(2, &tag).await.code(), (412, "version_conflict"));
}

#[actix_web::test]
async fn orders_are_found_by_any_of_their_numbers_exactly() {
    let front = Front::open().await;
    let number = front.checked_out().await;
    send(&front, &number);
    let viewer = front.key("v", vec![Role::Viewer]);
    let list = |query: String| {
        let (front, viewer) = (front.clone(), viewer.clone());
        async move {
            let path = format!("{ORDERS}?{query}");
            front.call(&viewer, Method::GET, &path, Value::Null).await
        }
    };
    let found = |said: &super::front::Said| said.body["data"].as_array().unwrap().len();
    assert_eq!(found(&list(format!("q={number}")).await), 1);
    assert_eq!(found(&list(format!("q={number}&status=shipped&limit=1")).await), 1);
    assert_eq!(found(&list(format!("q={number}&status=ready")).await), 0);
    assert_eq!(found(&list(format!("q={}", &number[..28])).await), 0, "not a beginning");
    assert_eq!(found(&list("created_from=2027-01-15T08:00:01Z".to_owned()).await), 0);
    let all = list(String::new()).await;
    assert!(all.text.contains("+86-177****1234"), "operators see what the carrier got");
    let long = format!("q={}", "x".repeat(65));
    for bad in ["q=", "q=a%00", &long, "wait=1", "status=paid", "cursor=x"] {
        assert_eq!(list(bad.to_owned()).await.code(), (400, "validation_failed"), "{bad}");
    }
    // An id, a number and a payment's number lead to the same order.
    let id = all.body["data"][0]["id"].as_str().unwrap().to_owned();
    for reference in [&number, &id] {
        let path = format!("{ORDERS}/{reference}");
        let said = front.call(&viewer, Method::GET, &path, Value::Null).await;
        assert_eq!((said.status, &said.body["order_number"]), (200, &json!(number)));
        assert_eq!(front.fake.lock().hastened, 0, "looking asks nothing");
    }
    let said = front.call(&viewer, Method::GET, &format!("{ORDERS}/nothing"), Value::Null).await;
    assert_eq!(said.code(), (404, "not_found"));
}
