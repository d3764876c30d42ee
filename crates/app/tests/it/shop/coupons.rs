//! A coupon is given, comes off, follows its order, and is given once per key.

use super::{ORDERS, Said, number_of};
use crate::world::{Buyer, World};
use reqwest::Method;
use serde_json::{Value, json};

const CHECKOUT: &str = "/api/mini/wechat-pay/prepay-from-checkout";

impl World {
    /// Three yuan off above ten, two for each buyer.
    async fn put_coupon(&self) {
        let coupon = json!({"title": "满十减三", "kind": "amount", "amount_fen": 300,
            "threshold_fen": 1_000, "valid_from": "2020-01-01T00:00:00Z",
            "valid_to": "2099-01-01T00:00:00Z", "per_user_limit": 2});
        let path = "/api/admin/coupons/three";
        let (status, answer) = self.call(&self.admin_key, Method::PUT, path, coupon).await;
        assert_eq!(status, 201, "{answer}");
    }

    async fn give(&self, buyer: &Buyer, quantity: u32, key: &str) -> Said {
        let body = json!({"user_id": buyer.user_id, "quantity": quantity});
        self.post(&self.admin_key, "/api/admin/coupons/three/issue", &body, key).await
    }

    async fn with_coupon(&self, buyer: &Buyer, key: &str) -> Said {
        let wish = json!({"item_ids": [], "address_id": buyer.address, "coupon_id": "three"});
        self.post(&buyer.token, CHECKOUT, &wish, key).await
    }

    /// How the buyer's coupons stand.
    async fn coupons_of(&self, buyer: &Buyer) -> Vec<String> {
        let coupons = self.look(&buyer.token, "/api/mini/coupons").await;
        let mut stand: Vec<String> = coupons["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|coupon| coupon["status"].as_str().unwrap().to_owned())
            .collect();
        stand.sort();
        stand
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_coupon_is_held_used_and_back_again_with_its_order() {
    let world = World::new().await;
    world.put_sku("tea", 1_250, 9).await;
    world.put_coupon().await;
    let buyer = world.buyer("alice").await;
    assert_eq!(world.give(&buyer, 1, "give-one-coupon-01").await.at(), (200, false));
    world.want(&buyer, "tea", 1).await;
    let said = world.with_coupon(&buyer, "first-checkout-0001").await;
    assert_eq!((said.status.as_u16(), &said.body["amount_fen"]), (201, &json!(950)), "{said:?}");
    assert_eq!(world.coupons_of(&buyer).await, ["held"]);
    let first = number_of(&said.body);
    let cancel = format!("{ORDERS}/{first}/cancel");
    world.post(&buyer.token, &cancel, &Value::Null, "cancel-the-first-01").await;
    world.until_order(&buyer, &first, |order| order["status"] == "cancelled").await;
    assert_eq!(world.coupons_of(&buyer).await, ["usable"], "it was not used");

    let said = world.with_coupon(&buyer, "second-checkout-001").await;
    let second = number_of(&said.body);
    let trade = world.pay(&second).await;
    assert_eq!(trade["total_fen"], 950, "WeChat Pay takes what is left: {trade}");
    let order = world.paid_order(&buyer, &second).await;
    assert_eq!(order["coupon_id"], "three");
    assert_eq!(order["lines"][0]["discount_fen"], 300);
    assert_eq!(world.coupons_of(&buyer).await, ["used"]);

    // All of it goes back before it is shipped: so does the coupon.
    let (status, refund) = world.ask_back(&buyer, &second, 950).await;
    assert_eq!(status, 201, "{refund}");
    world.until_refund(&buyer, &second, 0, "processing").await;
    world.let_pass(6).await;
    world.until_refund(&buyer, &second, 0, "succeeded").await;
    assert_eq!(world.coupons_of(&buyer).await, ["usable"]);
    world.check_invariants().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_checkouts_that_want_one_coupon_one_has_it() {
    let world = World::new().await;
    world.put_sku("tea", 1_250, 9).await;
    world.put_coupon().await;
    let buyer = world.buyer("alice").await;
    world.give(&buyer, 1, "give-one-coupon-01").await;
    world.want(&buyer, "tea", 1).await;
    let list = world.look(&buyer.token, "/api/mini/purchase-list").await;
    let first = list["items"][0]["id"].clone();
    world.put_sku("salt", 1_100, 9).await;
    world.want(&buyer, "salt", 1).await;
    let list = world.look(&buyer.token, "/api/mini/purchase-list").await;
    let ids = list["items"].as_array().unwrap().iter().map(|item| &item["id"]);
    let second = ids.into_iter().find(|id| **id != first).unwrap();
    let wish =
        |id: &Value| json!({"item_ids": [id], "address_id": buyer.address, "coupon_id": "three"});
    let (one, other) = (wish(&first), wish(second));
    let (one, other) = tokio::join!(
        world.post(&buyer.token, CHECKOUT, &one, "wants-it-too-00001"),
        world.post(&buyer.token, CHECKOUT, &other, "wants-it-too-00002"),
    );
    let placed = [&one, &other].into_iter().filter(|said| said.status == 201).count();
    let refused = [&one, &other].into_iter().filter(|s| s.code() == (409, "coupon_not_usable"));
    assert_eq!((placed, refused.count()), (1, 1), "{one:?} {other:?}");
    assert_eq!(world.coupons_of(&buyer).await, ["held"]);
    world.check_invariants().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn coupons_are_given_once_per_key_and_never_more_than_one_buyer_may_get() {
    let world = World::new().await;
    world.put_coupon().await;
    let buyer = world.buyer("alice").await;
    let key = "give-two-coupons-1";
    let twins = (0..6).map(|_| world.give(&buyer, 2, key));
    let said = futures_util::future::join_all(twins).await;
    let first = said.iter().filter(|said| said.at() == (200, false)).count();
    let again = said.iter().filter(|said| said.at() == (200, true)).count();
    assert_eq!((first, again), (1, 5), "{said:?}");
    assert!(said.iter().all(|said| said.body["total"] == 2), "{said:?}");
    assert_eq!(world.give(&buyer, 1, key).await.code(), (422, "idempotency_key_reused"));
    let more = world.give(&buyer, 1, "give-one-coupon-02").await;
    assert_eq!(more.code(), (409, "coupon_limit_reached"));
    assert_eq!(world.coupons_of(&buyer).await, ["usable", "usable"]);
    world.check_invariants().await;
    world.stop().await;
}
