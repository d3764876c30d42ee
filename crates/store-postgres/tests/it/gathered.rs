//! Many who ask at one moment are asked about by a few statements, and each hears their own.

use crate::support;
use domain::UserId;
use domain::buyer::{Address, NewItem, Selection};
use domain::ports::{Access as _, BuyerBook as _, OrderStore as _, SessionRecord};
use futures_util::future::join_all;
use std::sync::Arc;
use store_postgres::{Isolation, PostgresStore};
use testkit::conformance::Stores;
use testkit::sample;

const MANY: u64 = 90;

/// Every third has no session, no key, nothing on the list and no address.
fn has_something(n: u64) -> bool {
    !n.is_multiple_of(3)
}

fn token(n: u64) -> [u8; 32] {
    [u8::try_from(n).unwrap(); 32]
}

fn session(n: u64) -> SessionRecord {
    let seconds = i64::try_from(n).unwrap();
    SessionRecord { buyer: sample::user(n), expires_at: sample::start().plus_seconds(seconds) }
}

fn item(n: u64) -> NewItem {
    let sku = if n.is_multiple_of(2) { "tea" } else { "salt" };
    NewItem { sku_id: sample::sku_id(sku), quantity: u32::try_from(n).unwrap() }
}

fn address(n: u64) -> Address {
    Address { name: format!("buyer {n}"), ..sample::address() }
}

/// Each of them with what is theirs.
async fn crowd(stores: &Stores, guard: &support::Guard) {
    stores.sku("tea", 100, 9).await;
    stores.sku("salt", 30, 9).await;
    for n in 1..=MANY {
        let buyer = stores.buyer(n).await;
        assert_eq!(buyer, sample::user(n));
        if has_something(n) {
            stores.access.open_session(token(n), session(n)).await.unwrap();
            stores.book.add_item(buyer, item(n), 9).await.unwrap();
            stores.book.add_address(buyer, address(n), 9).await.unwrap().unwrap();
        }
    }
    let keys = "INSERT INTO idempotency (principal, route, key, fingerprint, reused, recorded_at) \
        SELECT 'buyer:test', 'POST /test', 'key-' || n, 'fingerprint of key-' || n, false, $1::text::timestamptz \
        FROM generate_series(1, $2::bigint) n WHERE n % 3 <> 0";
    let at = sample::start().to_rfc3339();
    let many = i64::try_from(MANY).unwrap();
    guard.database.client().await.execute(keys, &[&at, &many]).await.unwrap();
}

/// Asks everything about `n` and compares.
async fn hears_their_own(store: &PostgresStore, n: u64) {
    let buyer: UserId = sample::user(n);
    let known = store.session(token(n)).await.unwrap();
    assert_eq!(known, has_something(n).then(|| session(n)), "session of {n}");

    let key = format!("key-{n}");
    let replay = store.replay(&sample::scope(&key)).await.unwrap();
    assert_eq!(replay, has_something(n).then(|| sample::replay(&key, None)), "key of {n}");

    let selection =
        if n.is_multiple_of(5) { Selection::Only(vec![1, 7]) } else { Selection::Everything };
    let basis = store.checkout_basis(buyer, &selection, 1, None).await.unwrap().value;
    assert_eq!(basis.address, has_something(n).then(|| address(n)), "address of {n}");
    let lines: Vec<_> =
        basis.items.iter().map(|line| (line.id, line.sku.id.clone(), line.quantity)).collect();
    let NewItem { sku_id, quantity } = item(n);
    let wanted = if has_something(n) { vec![(1, sku_id, quantity)] } else { Vec::new() };
    assert_eq!(lines, wanted, "list of {n}");
    let price = |id: &str| if id == "tea" { 100 } else { 30 };
    assert!(basis.items.iter().all(|line| line.sku.price.get() == price(line.sku.id.as_str())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_at_one_moment_hears_their_own() {
    for isolation in [Isolation::ReadCommitted, Isolation::Serializable] {
        let (stores, guard) = support::make(isolation).await;
        crowd(&stores, &guard).await;
        let store = Arc::clone(&guard.store);
        join_all((1..=MANY).map(|n| hears_their_own(&store, n))).await;
    }
}
