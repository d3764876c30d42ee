//! Approvers make and revoke keys.

use super::front::{Front, Said};
use actix_web::http::Method;
use domain::ports::Role;
use serde_json::{Value, json};

const KEYS: &str = "/api/admin/api-keys";

async fn open() -> (Front, String) {
    let front = Front::open().await;
    let approver = front.key("approver", vec![Role::Approver]);
    (front, approver)
}

fn wanted() -> Value {
    json!({"name": "till 3", "roles": ["viewer", "service", "viewer"], "client_id": "shop-1"})
}

async fn get(front: &Front, token: &str, path: &str) -> Said {
    front.call(token, Method::GET, path, Value::Null).await
}

#[actix_web::test]
async fn a_key_is_shown_once_and_lets_in_until_it_is_revoked() {
    let (front, approver) = open().await;
    let made = front.post_as(&approver, 1, KEYS, wanted()).await;
    assert_eq!((made.status, made.header("idempotent-replayed")), (201, None), "{made:?}");
    let key = made.body["key"].as_str().unwrap().to_owned();
    let again = front.post_as(&approver, 1, KEYS, wanted()).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!(again.body, json!({"id": made.body["id"], "key": null}));
    let mut other = wanted();
    other["name"] = json!("till 4");
    let said = front.post_as(&approver, 1, KEYS, other.clone()).await;
    assert_eq!(said.code(), (422, "idempotency_key_reused"));
    let second = front.post_as(&approver, 2, KEYS, other).await;
    assert_ne!(second.body["id"], made.body["id"]);
    assert_eq!(get(&front, &key, "/api/admin/orders").await.status, 200);
    let listed = get(&front, &approver, KEYS).await;
    assert!(!listed.text.contains(&key), "{}", listed.text);
    let data = listed.body["data"].as_array().unwrap();
    let shown = data.iter().find(|shown| shown["id"] == made.body["id"]).unwrap();
    assert_eq!(
        *shown,
        json!({"id": made.body["id"], "name": "till 3", "roles": ["service", "viewer"],
            "client_id": "shop-1", "person": "approver", "created_at": "2027-01-15T08:00:00Z", "revoked_at": null})
    );
    let path = format!("{KEYS}/{}", made.body["id"].as_str().unwrap());
    for _ in 0..2 {
        let said = front.call(&approver, Method::DELETE, &path, Value::Null).await;
        assert_eq!(said.status, 204);
    }
    assert_eq!(get(&front, &key, "/api/admin/orders").await.code(), (401, "unauthenticated"));
    let none = front.call(&approver, Method::DELETE, &format!("{KEYS}/none"), Value::Null).await;
    assert_eq!(none.code(), (404, "not_found"));
}

#[actix_web::test]
async fn only_approvers_make_and_revoke_and_another_approvers_key_is_another() {
    let (front, approver) = open().await;
    for role in [Role::Viewer, Role::Operator, Role::Service] {
        let key = front.key(role.name(), vec![role]);
        assert_eq!(front.post_as(&key, 1, KEYS, wanted()).await.code(), (403, "forbidden"));
        let path = format!("{KEYS}/approver");
        let said = front.call(&key, Method::DELETE, &path, Value::Null).await;
        assert_eq!(said.code(), (403, "forbidden"));
    }
    let one = front.post_as(&approver, 1, KEYS, wanted()).await;
    let second = front.key("second", vec![Role::Approver]);
    let two = front.post_as(&second, 1, KEYS, wanted()).await;
    assert_ne!(one.body["id"], two.body["id"]);
    assert!(two.body["key"].is_string());
}

#[actix_web::test]
async fn a_key_that_a_key_made_is_the_same_persons_however_far_from_the_first() {
    let (front, approver) = open().await;
    let made = async |by: &str, name: &str, roles: Value| {
        let said = front.post_as(by, 1, KEYS, json!({"name": name, "roles": roles})).await;
        assert_eq!(said.status, 201, "{said:?}");
        said.body["key"].as_str().unwrap().to_owned()
    };
    let second = made(&approver, "deputy", json!(["approver"])).await;
    let third = made(&second, "till", json!(["operator"])).await;
    let listed = get(&front, &approver, KEYS).await.body;
    let persons: Vec<(&str, &str)> = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| (key["name"].as_str().unwrap(), key["person"].as_str().unwrap()))
        .filter(|(name, _)| ["deputy", "till"].contains(name))
        .collect();
    assert_eq!(persons.len(), 2);
    assert!(persons.iter().all(|(_, person)| *person == "approver"), "{persons:?}");
    // What they do is their person's: also in the audit.
    let number = front.checked_out().await;
    front.settle(&number);
    let path = format!("/api/admin/orders/{number}/refunds");
    let said = front.post_as(&third, 2, &path, json!({"amount_fen": 1, "reason": "x"})).await;
    assert_eq!(said.status, 201, "{said:?}");
    let actor = front.fake.lock().orders.values().next().unwrap().refunds[0].actor.clone();
    assert!(actor.starts_with("operator:approver/key_"), "{actor}");
}

#[actix_web::test]
async fn a_key_without_a_role_or_with_one_that_is_not_there_is_refused() {
    let (front, approver) = open().await;
    for (roles, field) in [
        (json!([]), "roles"),
        (json!(["root"]), "roles[0]"),
        (json!(["viewer", 1]), "roles[1]"),
        (json!("viewer"), "roles"),
        (Value::Null, "roles"),
    ] {
        let mut body = wanted();
        body["roles"] = roles;
        let said = front.post_as(&approver, 1, KEYS, body).await;
        assert_eq!(said.body["errors"][0]["field"], field, "{said:?}");
    }
    let mut body = wanted();
    body["client_id"] = json!("no spaces");
    let said = front.post_as(&approver, 1, KEYS, body).await;
    assert_eq!(said.body["errors"][0]["field"], "client_id");
}

#[actix_web::test]
async fn keys_are_paged_newest_first() {
    let (front, approver) = open().await;
    front.fake.lock().now_s += 1;
    assert_eq!(front.post_as(&approver, 1, KEYS, wanted()).await.status, 201);
    let all = get(&front, &approver, KEYS).await.body;
    let ids = |page: &Value| -> Vec<String> {
        let data = page["data"].as_array().unwrap().iter();
        data.map(|key| key["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((ids(&all).len(), &all["next_cursor"]), (3, &Value::Null));
    assert!(ids(&all)[0].starts_with("key_"), "the newest");
    let (mut walked, mut path) = (Vec::new(), format!("{KEYS}?limit=1"));
    for _ in 0..3 {
        let page = get(&front, &approver, &path).await.body;
        walked.extend(ids(&page));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("{KEYS}?limit=1&cursor={cursor}");
    }
    assert_eq!(walked, ids(&all));
    let said = get(&front, &approver, &format!("{KEYS}?cursor=!")).await;
    assert_eq!(said.code(), (400, "validation_failed"));
}
