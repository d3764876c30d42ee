//! Points are spent by a merchant's backend: once per key, and never more than there are.

use super::Said;
use crate::world::{Buyer, World};
use domain::ports::Role;
use serde_json::json;

/// A backend of the merchant's.
struct Backend<'a> {
    world: &'a World,
    key: String,
}

impl<'a> Backend<'a> {
    async fn of(world: &'a World) -> Backend<'a> {
        Backend { world, key: world.key("backend", &[Role::Service]).await }
    }

    async fn spend(&self, buyer: &Buyer, points: i64, key: &str) -> Said {
        let path = format!("/api/v1/users/{}/points/spend", buyer.user_id);
        let body = json!({"points": points, "reason": "a gift"});
        self.world.post(&self.key, &path, &body, key).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn points_are_spent_once_per_key_and_the_answer_is_the_entry() {
    let world = World::new().await;
    world.put_package("points", "points", 100, 20).await;
    let buyer = world.buyer("alice").await;
    world.recharged(&buyer, "points").await;
    assert_eq!(world.points_of(&buyer).await, 120);
    let backend = Backend::of(&world).await;
    let key = "spend-points-00001";
    let said = backend.spend(&buyer, 70, key).await;
    assert_eq!(said.at(), (201, false), "{said:?}");
    for (field, value) in [
        ("id", json!(3)),
        ("kind", json!("spend")),
        ("amount", json!(-70)),
        ("balance_after", json!(50)),
        ("order_number", json!(null)),
    ] {
        assert_eq!(said.body[field], value, "{field}");
    }
    let again = backend.spend(&buyer, 70, key).await;
    assert_eq!((again.at(), &again.body), ((201, true), &said.body));
    assert_eq!(backend.spend(&buyer, 50, key).await.code(), (422, "idempotency_key_reused"));
    let more = backend.spend(&buyer, 51, "spend-points-00002").await;
    assert_eq!(more.code(), (409, "insufficient_balance"));
    assert_eq!(world.points_of(&buyer).await, 50);
    let newest = world.entries(&buyer, "points").await;
    assert_eq!(newest.len(), 3);
    assert_eq!(newest[0], ("spend".to_owned(), -70, 50));
    world.check_invariants().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twins_of_one_spending_are_one_and_strangers_share_what_there_is() {
    let world = World::new().await;
    world.put_package("points", "points", 100, 20).await;
    let buyer = world.buyer("alice").await;
    world.recharged(&buyer, "points").await;
    let backend = Backend::of(&world).await;
    let twins = (0..8).map(|_| backend.spend(&buyer, 40, "spend-points-00001"));
    let said = futures_util::future::join_all(twins).await;
    assert!(said.iter().all(|said| said.status == 201), "{said:?}");
    assert!(said.iter().all(|twin| twin.body == said[0].body), "{said:?}");
    assert!(said.iter().filter(|said| !said.replayed).count() <= 1, "{said:?}");
    assert_eq!(world.points_of(&buyer).await, 80, "once");
    let keys: Vec<String> = (0..8).map(|n| format!("another-intent-{n:03}")).collect();
    let others = keys.iter().map(|key| backend.spend(&buyer, 30, key));
    let said = futures_util::future::join_all(others).await;
    let spent = said.iter().filter(|said| said.at() == (201, false)).count();
    let refused = said.iter().filter(|said| said.code() == (409, "insufficient_balance")).count();
    assert_eq!((spent, refused), (2, 6), "{said:?}");
    assert_eq!(world.points_of(&buyer).await, 20);
    world.check_invariants().await;
    world.stop().await;
}
