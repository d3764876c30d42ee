//! Refusals on the way from a list to an order.

use super::Refused;
use crate::purchase_list::LINES_MAX;
use crate::tests::coupons::ten_off;
use crate::tests::front::{Front, everything, idempotency_key, sku, to_place};
use actix_web::http::Method;
use domain::Fen;
use domain::catalogue::{SkuId, SkuStatus};
use domain::changeset::Refusal;
use domain::payment::PaymentState;
use serde_json::{Value, json};

pub(super) async fn all() -> Vec<Refused> {
    let mut met = of_content().await;
    met.extend(of_prices_and_stock().await);
    met.extend(of_coupons().await);
    met.extend(of_lists().await);
    met.extend(of_keys_and_open_orders().await);
    met
}

fn with(name: &str, value: Value) -> Value {
    let mut body = everything();
    body[name] = value;
    body
}

async fn of_content() -> Vec<Refused> {
    let front = Front::open().await;
    let empty = front.pay(&idempotency_key(1), everything()).await;
    front.want(1).await;
    let address = front.pay(&idempotency_key(2), with("address_id", json!(9))).await;
    let items = front.pay(&idempotency_key(3), with("item_ids", json!([7, 8]))).await;
    let coupon = front.pay(&idempotency_key(4), with("coupon_id", json!("ten-off"))).await;
    let unknown = json!({"sku_id": "none", "quantity": 1});
    let path = "/api/mini/purchase-list/items";
    let unknown = front.call(&front.buyer, Method::POST, path, unknown).await;
    let tea = SkuId::parse("tea").unwrap();
    front.fake.lock().skus.get_mut(&tea).unwrap().status = SkuStatus::OffSale;
    let off_sale = front.pay(&idempotency_key(5), everything()).await;
    vec![
        ("a checkout of nothing", empty),
        ("a checkout to nowhere", address),
        ("lines that are not on the list", items),
        ("a coupon that the buyer does not have", coupon),
        ("a SKU that is not there", unknown),
        ("a SKU that is off sale", off_sale),
    ]
}

async fn of_prices_and_stock() -> Vec<Refused> {
    let front = Front::open().await;
    front.want(2).await;
    let changed = front.pay(&idempotency_key(1), with("expected_total_fen", json!(1))).await;
    let tea = SkuId::parse("tea").unwrap();
    front.fake.lock().skus.get_mut(&tea).unwrap().cost_price = Fen::new(9_999);
    let below = front.pay(&idempotency_key(2), everything()).await;
    front.fake.lock().skus.insert(tea.clone(), sku("tea", Fen::LIMIT.get()));
    let large = front.pay(&idempotency_key(3), everything()).await;
    front.fake.lock().skus.insert(tea.clone(), sku("tea", 1));
    front.fake.lock().guard = Some(Refusal::Stock(tea));
    let stock = front.pay(&idempotency_key(4), everything()).await;
    let taken = json!({"delta": -11, "reason": "lost"});
    let taken = front.post_as(&front.operator, 5, "/api/admin/skus/tea/stock", taken).await;
    vec![
        ("another total than was shown", changed),
        ("a price below its cost", below),
        ("a total above the limit", large),
        ("stock that is not there", stock),
        ("more taken out than is there", taken),
    ]
}

async fn of_coupons() -> Vec<Refused> {
    let front = Front::open().await;
    let path = "/api/admin/coupons/ten-off";
    let asked = json!({"user_id": front.buyer_id().to_string(), "quantity": 3});
    let issue = format!("{path}/issue");
    let none = front.post_as(&front.operator, 1, &issue, asked.clone()).await;
    let made = front.call(&front.operator, Method::PUT, path, ten_off()).await;
    assert_eq!(made.status, 201);
    let limit = front.post_as(&front.operator, 2, &issue, asked).await;
    let nobody = json!({"user_id": "00000000-0000-0000-0000-00000000dead"});
    let nobody = front.post_as(&front.operator, 3, &issue, nobody).await;
    vec![
        ("coupons of a kind that is not there", none),
        ("more coupons than one buyer may get", limit),
        ("coupons for nobody", nobody),
    ]
}

async fn of_lists() -> Vec<Refused> {
    let front = Front::open().await;
    front.want(1).await;
    let (owner, line) = {
        let mut inner = front.fake.lock();
        let ((owner, _), line) = inner.items.first_key_value().unwrap();
        let (owner, line) = (*owner, line.clone());
        for id in 2..=i64::from(LINES_MAX) {
            inner.items.insert((owner, id), line.clone());
        }
        (owner, line)
    };
    let item = json!({"sku_id": "tea", "quantity": 1});
    let path = "/api/mini/purchase-list/items";
    let full = front.call(&front.buyer, Method::POST, path, item).await;
    // What the list never lets in.
    front.fake.lock().items.insert((owner, 201), line);
    let lines = front.pay(&idempotency_key(1), everything()).await;
    vec![("a line too many on the list", full), ("a line too many for one order", lines)]
}

async fn of_keys_and_open_orders() -> Vec<Refused> {
    let front = Front::open().await;
    let number = front.checked_out().await;
    let reused = front.pay(&idempotency_key(9_000), with("rush", json!(true))).await;
    let open = front.pay(&idempotency_key(1), with("remark", json!("gift"))).await;
    let mut replacing = to_place();
    replacing["replace_open"] = json!(true);
    front.bend(&number, |order| order.payments[0].state = PaymentState::Created);
    let twin = front.pay(&idempotency_key(9_000), everything()).await;
    let making_way = front.post(2, "/api/mini/orders", replacing).await;
    front.fake.lock().items.values_mut().for_each(|item| item.2 = None);
    front.fake.lock().guard = Some(Refusal::TooManyOpenOrders);
    let many = front.pay(&idempotency_key(3), everything()).await;
    front.fake.lock().guard = None;
    front.fake.lock().no_openid = true;
    let openid = front.pay(&idempotency_key(4), everything()).await;
    vec![
        ("a key that was used for another request", reused),
        ("lines that are in another open order", open),
        ("a twin that is being answered", twin),
        ("an order that makes way and is not over", making_way),
        ("an open order too many", many),
        ("JSAPI without an openid", openid),
    ]
}
