//! Whom every route lets in, to what, in one table. A route without a row fails.
//!
//! The rows are written by hand, apart from `routes.rs`: what is let in there by mistake is not
//! expected here. What somebody may not see is answered like what is not there, byte for byte.

use super::actions::send;
use super::cases::case;
use super::coupons::ten_off;
use super::front::{Front, Said, everything, idempotency_key, to_place};
use super::refunding::wished;
use crate::routes;
use actix_web::http::Method;
use actix_web::test::TestRequest;
use domain::case::{CaseKind, CaseStatus};
use domain::fact::Trade;
use domain::names::RefundId;
use domain::order::{OrderStatus, PaymentMethod};
use domain::ports::Role;
use domain::refund::RefundState;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What a row's order has been through.
#[derive(Clone, Copy)]
enum Stage {
    Unpaid,
    Paid,
    Sent,
    Arrived,
    /// Sent, and its buyer's refund waits for somebody's yes.
    Waiting,
    /// The same, and WeChat Pay could not bring it.
    Stuck,
    /// To be paid at the door, and sent.
    OnDelivery,
    /// The same, and arrived.
    AtTheDoor,
}
use Stage::{Arrived, AtTheDoor, OnDelivery, Paid, Sent, Stuck, Unpaid, Waiting};

/// Method, path, stage, and the status for: nobody · the owner · another buyer · a viewer · an
/// operator · an approver · a service.
type Row = (&'static str, &'static str, Stage, [u16; 7]);

#[rustfmt::skip]
const TABLE: &[Row] = &[
    ("POST", "/api/mini/login", Unpaid, [200; 7]),
    ("GET", "/api/mini/skus", Unpaid, [401, 200, 200, 401, 401, 401, 401]),
    ("GET", "/api/mini/skus/{id}", Unpaid, [401, 200, 200, 401, 401, 401, 401]),
    ("GET", "/api/mini/addresses", Unpaid, [401, 200, 200, 401, 401, 401, 401]),
    ("POST", "/api/mini/addresses", Unpaid, [401, 201, 201, 401, 401, 401, 401]),
    ("PUT", "/api/mini/addresses/{id}", Unpaid, [401, 200, 404, 401, 401, 401, 401]),
    ("DELETE", "/api/mini/addresses/{id}", Unpaid, [401, 204, 404, 401, 401, 401, 401]),
    ("GET", "/api/mini/purchase-list", Unpaid, [401, 200, 200, 401, 401, 401, 401]),
    ("POST", "/api/mini/purchase-list/items", Unpaid, [401, 201, 201, 401, 401, 401, 401]),
    ("PATCH", "/api/mini/purchase-list/items/{id}", Unpaid, [401, 200, 404, 401, 401, 401, 401]),
    ("DELETE", "/api/mini/purchase-list/items/{id}", Unpaid, [401, 204, 404, 401, 401, 401, 401]),
    ("GET", "/api/mini/coupons", Unpaid, [401, 200, 200, 401, 401, 401, 401]),
    ("POST", "/api/mini/checkout/quote", Unpaid, [401, 200, 422, 401, 401, 401, 401]),
    ("POST", "/api/mini/wechat-pay/prepay-from-checkout", Unpaid, [401, 201, 422, 401, 401, 401, 401]),
    ("GET", "/api/mini/orders", Unpaid, [401, 200, 200, 401, 401, 401, 401]),
    ("POST", "/api/mini/orders", Unpaid, [401, 201, 422, 401, 401, 401, 401]),
    ("GET", "/api/mini/orders/{ref}", Unpaid, [401, 200, 404, 401, 401, 401, 401]),
    ("POST", "/api/mini/orders/{ref}/wechat-pay/prepay", Unpaid, [401, 200, 404, 401, 401, 401, 401]),
    ("POST", "/api/mini/orders/{ref}/payment-result", Unpaid, [401, 202, 404, 401, 401, 401, 401]),
    ("POST", "/api/mini/orders/{ref}/cancel", Unpaid, [401, 200, 404, 401, 401, 401, 401]),
    ("POST", "/api/mini/orders/{ref}/confirm-receipt", Sent, [401, 200, 404, 401, 401, 401, 401]),
    ("POST", "/api/mini/orders/{ref}/refunds", Paid, [401, 201, 404, 401, 401, 401, 401]),
    ("POST", "/api/mini/orders/{ref}/wallet-pay", Unpaid, [401, 200, 404, 401, 401, 401, 401]),
    ("GET", "/api/mini/wallet", Unpaid, [401, 200, 200, 401, 401, 401, 401]),
    ("GET", "/api/mini/wallet/entries", Unpaid, [401, 200, 200, 401, 401, 401, 401]),
    ("GET", "/api/mini/points", Unpaid, [401, 200, 200, 401, 401, 401, 401]),
    ("GET", "/api/mini/points/entries", Unpaid, [401, 200, 200, 401, 401, 401, 401]),
    ("GET", "/api/mini/recharge-packages", Unpaid, [401, 200, 200, 401, 401, 401, 401]),
    ("POST", "/api/mini/recharges", Unpaid, [401, 201, 201, 401, 401, 401, 401]),
    ("POST", "/api/mini/orders/{ref}/refunds/{out_refund_no}/withdraw", Waiting, [401, 200, 404, 401, 401, 401, 401]),
    ("POST", "/api/mini/wechat-pay/notify", Unpaid, [204; 7]),
    ("POST", "/api/mini/wechat-pay/refund-notify", Unpaid, [204; 7]),
    ("GET", "/api/mini/wechat-pay/health", Unpaid, [200; 7]),
    ("POST", "/api/v1/payments/{out_trade_no}/refunds", Paid, [401, 401, 401, 403, 403, 403, 201]),
    ("POST", "/api/v1/users/{id}/points/spend", Unpaid, [401, 401, 401, 403, 403, 403, 201]),
    ("GET", "/api/v1/refunds/{out_refund_no}", Waiting, [401, 401, 401, 403, 403, 403, 200]),
    ("GET", "/api/admin/skus/{id}", Unpaid, [401, 401, 401, 200, 200, 200, 403]),
    ("PUT", "/api/admin/skus/{id}", Unpaid, [401, 401, 401, 403, 200, 403, 403]),
    ("POST", "/api/admin/skus/{id}/stock", Unpaid, [401, 401, 401, 403, 200, 403, 403]),
    ("GET", "/api/admin/skus/{id}/stock/moves", Unpaid, [401, 401, 401, 200, 200, 200, 403]),
    ("GET", "/api/admin/recharge-packages/{id}", Unpaid, [401, 401, 401, 200, 200, 200, 403]),
    ("PUT", "/api/admin/recharge-packages/{id}", Unpaid, [401, 401, 401, 403, 200, 403, 403]),
    ("GET", "/api/admin/coupons/{id}", Unpaid, [401, 401, 401, 200, 200, 200, 403]),
    ("PUT", "/api/admin/coupons/{id}", Unpaid, [401, 401, 401, 403, 200, 403, 403]),
    ("POST", "/api/admin/coupons/{id}/issue", Unpaid, [401, 401, 401, 403, 200, 403, 403]),
    ("GET", "/api/admin/delivery-rules", Unpaid, [401, 401, 401, 200, 200, 200, 403]),
    ("PUT", "/api/admin/delivery-rules", Unpaid, [401, 401, 401, 403, 201, 403, 403]),
    ("GET", "/api/admin/orders", Unpaid, [401, 401, 401, 200, 200, 200, 403]),
    ("GET", "/api/admin/orders/{ref}", Unpaid, [401, 401, 401, 200, 200, 200, 403]),
    ("POST", "/api/admin/orders/{ref}/ship", Paid, [401, 401, 401, 403, 200, 403, 403]),
    ("POST", "/api/admin/orders/{ref}/deliver", Sent, [401, 401, 401, 403, 200, 403, 403]),
    ("POST", "/api/admin/orders/{ref}/complete", Arrived, [401, 401, 401, 403, 200, 403, 403]),
    ("POST", "/api/admin/orders/{ref}/cancel", Unpaid, [401, 401, 401, 403, 200, 403, 403]),
    ("POST", "/api/admin/orders/{ref}/cod/collect", AtTheDoor, [401, 401, 401, 403, 200, 403, 403]),
    ("POST", "/api/admin/orders/{ref}/cod/refuse", OnDelivery, [401, 401, 401, 403, 200, 403, 403]),
    ("POST", "/api/admin/orders/{ref}/refunds", Paid, [401, 401, 401, 403, 201, 403, 403]),
    ("POST", "/api/admin/refunds/{out_refund_no}/approve", Waiting, [401, 401, 401, 403, 200, 200, 403]),
    ("POST", "/api/admin/refunds/{out_refund_no}/decline", Waiting, [401, 401, 401, 403, 200, 200, 403]),
    ("POST", "/api/admin/refunds/{out_refund_no}/retry", Stuck, [401, 401, 401, 403, 200, 403, 403]),
    ("POST", "/api/admin/refunds/{out_refund_no}/apply-abnormal", Stuck, [401, 401, 401, 403, 202, 202, 403]),
    ("POST", "/api/admin/refunds/{out_refund_no}/settle-offline", Stuck, [401, 401, 401, 403, 403, 200, 403]),
    ("POST", "/api/admin/payments/{out_trade_no}/sync", Unpaid, [401, 401, 401, 403, 200, 403, 403]),
    ("GET", "/api/admin/invariants", Unpaid, [401, 401, 401, 200, 200, 200, 403]),
    ("GET", "/api/admin/cases", Unpaid, [401, 401, 401, 200, 200, 200, 403]),
    ("POST", "/api/admin/cases/{id}/assign", Unpaid, [401, 401, 401, 403, 200, 403, 403]),
    ("POST", "/api/admin/cases/{id}/resolve", Unpaid, [401, 401, 401, 403, 200, 403, 403]),
    ("POST", "/api/admin/cases/{id}/accept", Unpaid, [401, 401, 401, 403, 200, 403, 403]),
    ("POST", "/api/admin/cases/{id}/retry", Unpaid, [401, 401, 401, 403, 200, 403, 403]),
    ("GET", "/api/admin/api-keys", Unpaid, [401, 401, 401, 200, 200, 200, 403]),
    ("POST", "/api/admin/api-keys", Unpaid, [401, 401, 401, 403, 403, 201, 403]),
    ("DELETE", "/api/admin/api-keys/{id}", Unpaid, [401, 401, 401, 403, 403, 204, 403]),
    ("GET", "/healthz", Unpaid, [200; 7]),
    ("GET", "/readyz", Unpaid, [200; 7]),
    ("GET", "/openapi.json", Unpaid, [200; 7]),
    ("GET", "/docs", Unpaid, [200; 7]),
];

/// A body that the route understands.
fn body(method: &str, path: &str) -> Value {
    match (method, path) {
        ("POST", "/api/mini/login") => json!({"code": "c"}),
        ("POST", "/api/mini/addresses") | ("PUT", "/api/mini/addresses/{id}") => {
            json!({"name": "a", "phone": "13800000000", "region": "b", "detail": "c"})
        }
        ("POST", "/api/mini/purchase-list/items") => json!({"sku_id": "tea", "quantity": 1}),
        ("PATCH", _) => json!({"quantity": 2}),
        ("POST", "/api/mini/orders") => of_second_line(to_place()),
        ("POST", "/api/mini/checkout/quote" | "/api/mini/wechat-pay/prepay-from-checkout") => {
            of_second_line(everything())
        }
        ("POST", "/api/mini/orders/{ref}/payment-result") => json!({"result": "ok"}),
        ("PUT", "/api/admin/delivery-rules") => {
            json!({"base_fen": 1, "regions": [], "rush_fen": 1})
        }
        ("PUT", "/api/admin/recharge-packages/{id}") => {
            json!({"title": "x", "price_fen": 1, "credit": "wallet", "principal": 1, "bonus": 0})
        }
        ("POST", "/api/mini/recharges") => json!({"package_id": "2"}),
        ("POST", "/api/v1/users/{id}/points/spend") => json!({"points": 1, "reason": "x"}),
        ("PUT", "/api/admin/coupons/{id}") => ten_off(),
        ("POST", "/api/admin/coupons/{id}/issue") => json!({"user_id": "of the owner"}),
        ("PUT", _) => json!({"title": "x", "price_fen": 1, "cost_price_fen": 1}),
        ("POST", "/api/admin/skus/{id}/stock") => json!({"delta": 1, "reason": "x"}),
        ("POST", "/api/admin/api-keys") => json!({"name": "x", "roles": ["viewer"]}),
        ("POST", "/api/admin/orders/{ref}/ship") => {
            json!({"logistics_type": 3, "packages": [{"item_desc": "x"}]})
        }
        (_, path) if path.ends_with("/cod/collect") => json!({"amount_fen": 1_250, "courier": "x"}),
        (_, path) if path.ends_with("/refunds") => json!({"amount_fen": 1, "reason": "x"}),
        (_, path) if path.ends_with("/apply-abnormal") => json!({"type": "MERCHANT_BANK_CARD"}),
        (_, path) if path.ends_with("/settle-offline") => json!({"note": "x"}),
        (_, path) if path.ends_with("/assign") => json!({"assignee": "x"}),
        (_, path) if path.ends_with("/resolve") || path.ends_with("/accept") => {
            json!({"note": "x"})
        }
        _without => Value::Null,
    }
}

/// The first line is in the order already; the second is the owner's alone.
fn of_second_line(mut body: Value) -> Value {
    body["item_ids"] = json!([2]);
    body
}

/// Alice with an order, two lines and two addresses; Mallory with nothing that has the same ids.
struct World {
    front: Front,
    number: String,
    /// Alice, as backends name her.
    user: String,
    refund: String,
    callers: Vec<(&'static str, Option<String>)>,
}

impl World {
    async fn open(stage: Stage) -> World {
        let front = Front::open().await;
        let number = front.checked_out().await;
        front.want(1).await;
        let address = json!({"name": "a", "phone": "13800000000", "region": "b", "detail": "c"});
        front.call(&front.buyer, Method::POST, "/api/mini/addresses", address).await;
        if !matches!(stage, Unpaid) {
            front.settle(&number);
        }
        if matches!(stage, Sent | Arrived | Waiting | Stuck | OnDelivery | AtTheDoor) {
            send(&front, &number);
        }
        let refund = match stage {
            Waiting | Stuck => wished(&front, &number).await,
            Unpaid | Paid | Sent | Arrived | OnDelivery | AtTheDoor => String::new(),
        };
        if matches!(stage, Stuck) {
            front.bend(&number, |order| {
                let refund_id = RefundId::new("50300001");
                order.refunds[0].state = RefundState::Abnormal { refund_id };
            });
        }
        front.fake.lock().queried = Some(Trade::NotPaid);
        let coupon = "/api/admin/coupons/ten-off";
        front.call(&front.operator, Method::PUT, coupon, ten_off()).await;
        if matches!(stage, Arrived | AtTheDoor) {
            front.bend(&number, |order| order.status = OrderStatus::Delivered);
        }
        if matches!(stage, OnDelivery | AtTheDoor) {
            front.bend(&number, |order| {
                order.payment_method = PaymentMethod::Cod;
                order.settlement = None;
                order.payments.clear();
            });
        }
        let mallory = front.buyer_with_address("mallory").await;
        let revoked = front.key("revoked", vec![Role::Operator, Role::Viewer]);
        let now = domain::Timestamp::from_seconds(0);
        front.fake.lock().keys.values_mut().for_each(|key| {
            key.revoked_at = (key.id == "revoked").then_some(now);
        });
        let callers = vec![
            ("nobody", None),
            ("owner", Some(front.buyer.clone())),
            ("another buyer", Some(mallory)),
            ("viewer", Some(front.key("viewer", vec![Role::Viewer]))),
            ("operator", Some(front.operator.clone())),
            ("approver", Some(front.key("approver", vec![Role::Approver]))),
            ("service", Some(front.key("service", vec![Role::Service]))),
            ("revoked key", Some(revoked)),
            ("unknown key", Some(format!("pk_{}", "A".repeat(43)))),
            ("unknown token", Some(format!("pt_{}", "A".repeat(43)))),
            ("another scheme", Some("Basic cGs6eA==".to_owned())),
        ];
        front.fake.lock().cases.push(case(2, CaseKind::UnknownOrder, CaseStatus::Open));
        let user = front.offers_recharges();
        World { front, number, user, refund, callers }
    }

    async fn ask(&self, caller: &Option<String>, method: &str, path: &str, there: bool) -> Said {
        let (reference, refund, id, sku) = match there {
            true => (self.number.as_str(), self.refund.as_str(), "2", "tea"),
            false => ("P2026112110000000000000000000", "R-77", "77", "none"),
        };
        let id = match path {
            _ if path.contains("skus") => sku,
            _ if path.contains("users") && there => self.user.as_str(),
            _ if path.contains("users") => "00000000-0000-0000-0000-0000000000ff",
            _ if path.contains("coupons") => {
                if there {
                    "ten-off"
                } else {
                    "none"
                }
            }
            _ if path.contains("cases") && there => "00000000-0000-0000-0000-000000000002",
            _ if path.contains("cases") => "00000000-0000-0000-0000-0000000000ff",
            _ if path.contains("api-keys") && there => "service",
            _ => id,
        };
        let uri = path.replace("{ref}", reference).replace("{id}", id);
        let uri = uri.replace("{out_trade_no}", reference).replace("{out_refund_no}", refund);
        let mut asked = TestRequest::default()
            .method(method.parse().unwrap())
            .uri(&uri)
            .insert_header(("X-Request-Id", "same"))
            .insert_header(("Idempotency-Key", idempotency_key(1)));
        if let Some(token) = caller {
            let bearer =
                if token.contains(' ') { token.clone() } else { format!("Bearer {token}") };
            asked = asked.insert_header(("Authorization", bearer));
        }
        if method == "PUT" {
            let tag = match path {
                _ if path.contains("skus") => "\"3\"",
                _ if path.contains("delivery-rules") => "\"0\"",
                _ => "\"1\"",
            };
            asked = asked.insert_header(("If-Match", tag));
        }
        if path.ends_with("notify") {
            return self.front.ask(asked.set_payload(&b"{ \"raw\" :1}\n"[..])).await;
        }
        let mut body = body(method, path);
        if path.ends_with("/issue") {
            body["user_id"] = json!(self.front.buyer_id().to_string());
        }
        if body.is_null() {
            self.front.ask(asked).await
        } else {
            self.front.send(asked, body).await
        }
    }
}

#[test]
fn every_route_has_a_row_and_every_row_a_route() {
    let rows: BTreeSet<(&str, &str)> = TABLE.iter().map(|(m, path, ..)| (*m, *path)).collect();
    let routes: BTreeSet<(&str, &str)> =
        routes::every().map(|route| (route.method.as_str(), route.path)).collect();
    assert_eq!(rows, routes);
    assert_eq!(rows.len(), TABLE.len(), "one row each");
}

#[actix_web::test]
async fn every_caller_is_answered_as_the_table_says() {
    for (method, path, stage, statuses) in TABLE {
        let callers = World::open(*stage).await.callers.len();
        for index in 0..callers {
            // A world each: an answer may depend on nobody's before.
            let world = World::open(*stage).await;
            let (who, token) = &world.callers[index];
            let expected = statuses.get(index).unwrap_or(&statuses[0]);
            let said = world.ask(token, method, path, true).await;
            assert_eq!(said.status, *expected, "{method} {path} as {who}: {}", said.text);
            assert_eq!(said.header("www-authenticate").is_some(), said.status == 401);
            let is_theirs = matches!(*who, "owner" | "viewer" | "operator" | "approver")
                || (*who == "service" && path.starts_with("/api/v1"));
            let shows = said.text.contains(&world.number) || said.text.contains("13800000000");
            let own = *who == "another buyer" && path.starts_with("/api/mini/addresses");
            assert!(is_theirs || own || !shows, "{method} {path} shows {who}: {}", said.text);
            if matches!(said.status, 401 | 403 | 404) {
                let missing = world.ask(token, method, path, false).await;
                assert_eq!(missing.status, said.status, "{method} {path} as {who}");
                assert_eq!(missing.text, said.text, "{method} {path} as {who}");
            }
        }
    }
}

#[actix_web::test]
async fn another_buyers_order_stays_as_it_was_whatever_was_tried() {
    let strangers = ["another buyer", "viewer", "nobody", "revoked key"];
    for (stage, without_right) in [(Unpaid, &["approver", "service"][..]), (Waiting, &[])] {
        let world = World::open(stage).await;
        let before = world.front.fake.lock().orders.clone();
        let of_orders = |path: &str| path.contains("{ref}") || path.contains("{out_");
        for (method, path, ..) in TABLE.iter().filter(|(_, path, ..)| of_orders(path)) {
            let refused = |who: &str| strangers.contains(&who) || without_right.contains(&who);
            for (who, token) in world.callers.iter().filter(|(who, _)| refused(who)) {
                let said = world.ask(token, method, path, true).await;
                assert!(said.status >= 400 || path.starts_with("/api/admin"), "{who} {path}");
            }
        }
        assert_eq!(world.front.fake.lock().orders, before);
    }
}
