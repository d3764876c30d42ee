//! Stock: tried, confirmed or cancelled, whatever comes twice or late; and the ledger that says so.

use super::{Stores, deciding, placing};
use crate::sample;
use domain::catalogue::{Sku, SkuId, StockLevel};
use domain::changeset::Refusal;
use domain::fact::Trade;
use domain::order::{CancelCause, Command, Order, OrderStatus};
use domain::ports::{CommitAnswer, StockChange, StockEntryList};
use domain::stock::{StockEntry, StockEntryKind, StockMoveKind};

/// An order of so many of `sku`, made under a name of its own.
async fn ordered(stores: &Stores, n: u64, sku: &Sku, quantity: u32) -> Order {
    let buyer = stores.buyer(n).await;
    let placement = sample::placement(n, buyer, &[(sku, quantity)]);
    let answer = stores.place(&placement, &format!("place-{n}")).await;
    assert_eq!(answer, CommitAnswer::Committed);
    stores.load(&placement).await
}

/// The buyer cancels, and WeChat Pay says that nothing can be paid any more.
async fn cancelled(stores: &Stores, order: &Order) -> Order {
    let cancel = Command::Cancel(CancelCause::Buyer);
    let order = stores.step(order, &cancel, sample::start()).await;
    let closed = sample::says(&order, Trade::Closed);
    let order = stores.step(&order, &closed, sample::start()).await;
    assert_eq!(order.status, OrderStatus::Cancelled);
    order
}

async fn level(stores: &Stores, id: &SkuId) -> StockLevel {
    stores.catalogue.sku(id).await.unwrap().unwrap().stock
}

fn every(sku_id: &SkuId) -> StockEntryList {
    StockEntryList { sku_id: sku_id.clone(), from: None, to: None, after: None, limit: 100 }
}

pub async fn a_try_that_comes_again_or_too_late_holds_nothing(stores: &Stores) {
    let sku = stores.sku("tea", 100, 10).await;
    let buyer = stores.buyer(1).await;
    let placement = sample::placement(1, buyer, &[(&sku, 4)]);
    let attempt = || placing(&placement, sample::intent("place-1"));
    assert_eq!(stores.orders.commit(attempt()).await, CommitAnswer::Committed);
    assert_eq!(stores.orders.commit(attempt()).await, CommitAnswer::AlreadyCommitted);
    let held = level(stores, &sku.id).await;
    assert_eq!((held.available, held.held), (6, 4));
    cancelled(stores, &stores.load(&placement).await).await;
    let before = stores.dump().await;
    // The name of the attempt is the mark that it leaves, whatever became of its order since.
    assert_eq!(stores.orders.commit(attempt()).await, CommitAnswer::AlreadyCommitted);
    let renamed = placing(&placement, sample::intent("place-1-by-another-name"));
    let taken = CommitAnswer::GuardRefused(Refusal::NumberTaken);
    assert_eq!(stores.orders.commit(renamed).await, taken);
    assert_eq!(stores.dump().await, before);
    let free = level(stores, &sku.id).await;
    assert_eq!((free.available, free.held, free.sold), (10, 0, 0));
}

pub async fn a_hold_is_confirmed_or_cancelled_once_and_never_both(stores: &Stores) {
    let sku = stores.sku("tea", 100, 10).await;
    // Another order holds some too: that there is something to take is no reason to take it.
    ordered(stores, 9, &sku, 3).await;
    let paid = ordered(stores, 1, &sku, 2).await;
    let success = sample::success(&paid, "T-1");
    let pays = || deciding(&paid, &success, sample::intent("pay-1"));
    let gives_up =
        deciding(&paid, &Command::Cancel(CancelCause::Buyer), sample::intent("cancel-1"));
    assert_eq!(stores.orders.commit(pays()).await, CommitAnswer::Committed);
    assert_eq!(stores.orders.commit(pays()).await, CommitAnswer::AlreadyCommitted);
    assert_eq!(stores.orders.commit(gives_up).await, CommitAnswer::Conflict);
    let after = level(stores, &sku.id).await;
    assert_eq!((after.available, after.held, after.sold), (5, 3, 2));

    let open = ordered(stores, 2, &sku, 1).await;
    let late = deciding(&open, &sample::success(&open, "T-2"), sample::intent("pay-2"));
    cancelled(stores, &open).await;
    assert_eq!(stores.orders.commit(late).await, CommitAnswer::Conflict);
    let after = level(stores, &sku.id).await;
    assert_eq!((after.available, after.held, after.sold), (5, 3, 2));
}

pub async fn every_move_of_stock_is_an_entry_and_the_entries_are_the_level(stores: &Stores) {
    let sku = stores.sku("tea", 100, 10).await;
    stores.sku("cup", 100, 5).await;
    let sold = ordered(stores, 1, &sku, 4).await;
    let sold = stores.step(&sold, &sample::success(&sold, "T-1"), sample::start()).await;
    let given_up = ordered(stores, 2, &sku, 1).await;
    cancelled(stores, &given_up).await;
    let change = StockChange {
        sku_id: sku.id.clone(),
        delta: -2,
        reason: "broken".to_owned(),
        audit: sample::audit("count"),
        replay: sample::replay("k-1", None),
    };
    stores.catalogue.move_stock(&change).await.unwrap();
    let all = stores.catalogue.stock_entries(&every(&sku.id)).await.unwrap().unwrap();
    assert!(!all.more);
    let mut told: Vec<_> = all
        .entries
        .iter()
        .map(|entry| (entry.line.clone(), entry.kind, entry.quantity, entry.reason.as_deref()))
        .collect();
    told.sort();
    let line = |order: &Order| Some((order.number.clone(), 1));
    let by_order =
        |order, kind, quantity| (line(order), StockEntryKind::Order(kind), quantity, None);
    let mut expected = vec![
        (None, StockEntryKind::ByHand, -2, Some("broken")),
        (None, StockEntryKind::ByHand, 10, Some("test")),
        by_order(&sold, StockMoveKind::Hold, 4),
        by_order(&sold, StockMoveKind::Commit, 4),
        by_order(&given_up, StockMoveKind::Hold, 1),
        by_order(&given_up, StockMoveKind::Release, 1),
    ];
    expected.sort();
    assert_eq!(told, expected);
    assert_eq!(level_of(&all.entries), level(stores, &sku.id).await);
    let other = stores.catalogue.stock_entries(&every(&sample::sku_id("cup"))).await.unwrap();
    assert_eq!(other.unwrap().entries.len(), 1, "what moved another SKU is not in it");
    let none = stores.catalogue.stock_entries(&every(&sample::sku_id("none"))).await.unwrap();
    assert_eq!(none, None);
}

pub async fn a_page_of_stock_entries_goes_on_where_it_ended(stores: &Stores) {
    let sku = stores.sku("tea", 100, 50).await;
    for n in 1..=5 {
        ordered(stores, n, &sku, 1).await;
    }
    let all = stores.catalogue.stock_entries(&every(&sku.id)).await.unwrap().unwrap().entries;
    assert_eq!(all.len(), 6);
    let (mut paged, mut after) = (Vec::new(), None);
    loop {
        let query = StockEntryList { after, limit: 2, ..every(&sku.id) };
        let page = stores.catalogue.stock_entries(&query).await.unwrap().unwrap();
        assert!(page.entries.len() <= 2);
        after = page.entries.last().map(|entry| (entry.at, entry.id));
        paged.extend(page.entries);
        if !page.more {
            break;
        }
    }
    assert_eq!(paged, all);
    let later = Some(sample::start().plus_seconds(1));
    let since = StockEntryList { from: later, ..every(&sku.id) };
    assert!(stores.catalogue.stock_entries(&since).await.unwrap().unwrap().entries.is_empty());
    let until = StockEntryList { to: later, ..every(&sku.id) };
    assert_eq!(stores.catalogue.stock_entries(&until).await.unwrap().unwrap().entries, all);
}

/// What the entries say that there is.
fn level_of(entries: &[StockEntry]) -> StockLevel {
    entries.iter().fold(StockLevel::default(), |mut level, entry| {
        let n = entry.quantity;
        let StockLevel { stocked, available, held, sold } = &mut level;
        let (from, to) = match entry.kind {
            StockEntryKind::ByHand => {
                *stocked += n;
                *available += n;
                return level;
            }
            StockEntryKind::Order(StockMoveKind::Hold) => (available, held),
            StockEntryKind::Order(StockMoveKind::Commit) => (held, sold),
            StockEntryKind::Order(StockMoveKind::Release) => (held, available),
            StockEntryKind::Order(StockMoveKind::Return) => (sold, available),
        };
        *from -= n;
        *to += n;
        level
    })
}
