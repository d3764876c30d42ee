//! The catalogue, purchase lists and addresses.

use super::Stores;
use crate::sample;
use domain::buyer::{ItemId, NewItem, Selection};
use domain::catalogue::{SkuDraft, SkuStatus};
use domain::delivery::{DeliveryRules, RegionFee};
use domain::fact::Trade;
use domain::order::{CancelCause, Command};
use domain::ports::{
    AddItemAnswer, ChangeItemAnswer, CommitAnswer, PutAnswer, RulesInForce, StockAnswer,
    StockChange,
};
use domain::{Fen, UserId};

pub async fn a_sku_is_changed_at_its_version_only(stores: &Stores) {
    let audit = sample::audit("put");
    let put = |draft: SkuDraft, expected| {
        let audit = audit.clone();
        async move { stores.catalogue.put_sku(&draft, expected, &audit, sample::start()).await.unwrap() }
    };
    let PutAnswer::Created(new) = put(sample::draft("tea", 100), None).await else {
        panic!("not created")
    };
    assert_eq!(put(sample::draft("tea", 1), None).await, PutAnswer::VersionMoved);
    assert_eq!(put(sample::draft("none", 1), Some(1)).await, PutAnswer::NotFound);
    let PutAnswer::Changed(dearer) = put(sample::draft("tea", 200), Some(new.price_version)).await
    else {
        panic!("not changed")
    };
    assert_eq!((dearer.price.get(), dearer.price_version), (200, new.price_version + 1));
    let stale = put(sample::draft("tea", 300), Some(new.price_version)).await;
    assert_eq!(stale, PutAnswer::VersionMoved);
    assert_eq!(stores.catalogue.sku(&new.id).await.unwrap(), Some(dearer));
}

pub async fn delivery_rules_are_changed_at_their_version_only(stores: &Stores) {
    let audit = sample::audit("put");
    let put = |rules: DeliveryRules, expected| {
        let audit = audit.clone();
        async move {
            let put = stores.rules.put_delivery_rules(&rules, expected, &audit, sample::start());
            put.await.unwrap()
        }
    };
    let rules = |base| DeliveryRules { base: Fen::new(base), ..DeliveryRules::default() };
    assert_eq!(stores.rules.delivery_rules().await.unwrap(), RulesInForce::default());
    assert_eq!(put(rules(1), Some(1)).await, PutAnswer::NotFound);
    let first = RulesInForce { version: 1, rules: rules(800) };
    assert_eq!(put(rules(800), None).await, PutAnswer::Created(first.clone()));
    assert_eq!(put(rules(1), None).await, PutAnswer::VersionMoved);
    assert_eq!(put(rules(1), Some(2)).await, PutAnswer::VersionMoved);
    assert_eq!(stores.rules.delivery_rules().await.unwrap(), first);
    let place = |region: &str, fee, free_above: Option<i64>| RegionFee {
        region: region.to_owned(),
        fee: Fen::new(fee),
        free_above: free_above.map(Fen::new),
    };
    let full = DeliveryRules {
        base: Fen::new(800),
        free_above: Some(Fen::new(9_900)),
        regions: vec![place("新疆", 2_500, None), place("a \"b\"", 0, Some(Fen::LIMIT.get()))],
        rush: Fen::new(300),
    };
    let second = RulesInForce { version: 2, rules: full.clone() };
    assert_eq!(put(full.clone(), Some(1)).await, PutAnswer::Changed(second.clone()));
    assert_eq!(stores.rules.delivery_rules().await.unwrap(), second);
    let buyer = stores.buyer(1).await;
    let basis = stores.book.checkout_basis(buyer, &Selection::Everything, 1, None).await.unwrap();
    assert_eq!(basis.value.rules, full, "a checkout reads what is in force");
}

pub async fn stock_is_moved_once_per_key_and_never_below_zero(stores: &Stores) {
    let sku = stores.sku("tea", 100, 10).await;
    let change = |key: &str, id: &str, delta| StockChange {
        sku_id: sample::sku_id(id),
        delta,
        reason: "count".to_owned(),
        audit: sample::audit("count"),
        replay: sample::replay(key, None),
    };
    let first = change("k-1", "tea", -4);
    let StockAnswer::Moved(level) = stores.catalogue.move_stock(&first).await.unwrap() else {
        panic!("not moved")
    };
    assert_eq!((level.available, level.stocked), (6, 6));
    let again = stores.catalogue.move_stock(&first).await.unwrap();
    assert_eq!(again, StockAnswer::Replayed(first.replay.clone(), level));
    let before = stores.dump().await;
    let much = stores.catalogue.move_stock(&change("k-2", "tea", -7)).await.unwrap();
    assert_eq!(much, StockAnswer::TooLittle);
    let none = stores.catalogue.move_stock(&change("k-3", "none", 1)).await.unwrap();
    assert_eq!(none, StockAnswer::NotFound);
    assert_eq!(stores.dump().await, before);
    let now = stores.catalogue.sku(&sku.id).await.unwrap().unwrap();
    assert_eq!(now.price_version, sku.price_version, "stock does not move the price version");
}

pub async fn what_is_on_sale_is_listed_by_id(stores: &Stores) {
    for id in ["c", "a", "b"] {
        stores.sku(id, 1, 1).await;
    }
    let hidden = SkuDraft { status: SkuStatus::OffSale, ..sample::draft("b", 1) };
    stores
        .catalogue
        .put_sku(&hidden, Some(1), &sample::audit("hide"), sample::start())
        .await
        .unwrap();
    let ids = |skus: Vec<domain::catalogue::Sku>| {
        skus.into_iter().map(|s| s.id.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(stores.catalogue.on_sale(None, 10).await.unwrap()), ["a", "c"]);
    assert_eq!(ids(stores.catalogue.on_sale(None, 1).await.unwrap()), ["a"]);
    let after = Some(sample::sku_id("a"));
    assert_eq!(ids(stores.catalogue.on_sale(after, 10).await.unwrap()), ["c"]);
}

async fn add(stores: &Stores, buyer: UserId, sku: &str, quantity: u32) -> AddItemAnswer {
    let item = NewItem { sku_id: sample::sku_id(sku), quantity };
    stores.book.add_item(buyer, item, 3).await.unwrap()
}

async fn added(stores: &Stores, buyer: UserId, sku: &str) -> ItemId {
    match add(stores, buyer, sku, 1).await {
        AddItemAnswer::Added(line) => line.id,
        other => panic!("{other:?}"),
    }
}

pub async fn lines_grow_while_free_and_numbers_are_never_used_again(stores: &Stores) {
    let buyer = stores.buyer(1).await;
    for id in ["a", "b", "c", "d"] {
        stores.sku(id, 1, 9).await;
    }
    assert_eq!(add(stores, buyer, "none", 1).await, AddItemAnswer::NoSuchSku);
    let first = added(stores, buyer, "a").await;
    let AddItemAnswer::Added(grown) = add(stores, buyer, "a", 4).await else { panic!("not grown") };
    assert_eq!((grown.id, grown.quantity), (first, 5));
    assert_eq!(add(stores, buyer, "a", 9_999).await, AddItemAnswer::Full);
    let second = added(stores, buyer, "b").await;
    assert!(stores.book.remove_item(buyer, second).await.unwrap());
    assert!(!stores.book.remove_item(buyer, second).await.unwrap());
    assert_eq!(added(stores, buyer, "b").await, second + 1, "a number is never used again");
    added(stores, buyer, "c").await;
    assert_eq!(add(stores, buyer, "d", 1).await, AddItemAnswer::Full);
    let changed = stores.book.change_item(buyer, first, 2).await.unwrap();
    assert!(matches!(changed, ChangeItemAnswer::Changed(line) if line.quantity == 2));
    let other = stores.buyer(2).await;
    let theirs = stores.book.change_item(other, first, 3).await.unwrap();
    assert_eq!(theirs, ChangeItemAnswer::NotFound);
    assert!(!stores.book.remove_item(other, first).await.unwrap());
    assert!(stores.book.items(other).await.unwrap().is_empty());
}

pub async fn paid_lines_leave_the_list_and_cancelled_ones_are_free_again(stores: &Stores) {
    let buyer = stores.buyer(1).await;
    let (a, b) = (stores.sku("a", 100, 9).await, stores.sku("b", 100, 9).await);
    let (line_a, line_b) = (added(stores, buyer, "a").await, added(stores, buyer, "b").await);
    let mut paid = sample::placement(1, buyer, &[(&a, 1)]);
    paid.checkout.captured_items = vec![line_a];
    let mut cancelled = sample::placement(2, buyer, &[(&b, 1)]);
    cancelled.checkout.captured_items = vec![line_b];
    assert_eq!(stores.place(&paid, "p").await, CommitAnswer::Committed);
    assert_eq!(stores.place(&cancelled, "c").await, CommitAnswer::Committed);
    // While a line is captured it means what was priced, and more of the same is a line of its own.
    let grown = stores.book.change_item(buyer, line_a, 5).await.unwrap();
    assert_eq!(grown, ChangeItemAnswer::Captured(paid.number.clone()));
    let fresh = added(stores, buyer, "a").await;
    assert_ne!(fresh, line_a);

    let order = stores.load(&paid).await;
    stores.give(&order, &sample::success(&order, "T-1"), sample::intent("pay")).await;
    let order = stores.load(&cancelled).await;
    stores.give(&order, &Command::Cancel(CancelCause::Buyer), sample::intent("x")).await;
    let closed = sample::says(&order, Trade::Closed);
    stores.give(&stores.again(&order).await, &closed, sample::intent("y")).await;

    let list = stores.book.items(buyer).await.unwrap();
    let left: Vec<_> = list.iter().map(|l| (l.id, l.captured_by.is_some())).collect();
    assert_eq!(left, [(line_b, false), (fresh, false)]);
    let level = stores.catalogue.sku(&b.id).await.unwrap().unwrap().stock;
    assert_eq!((level.available, level.held), (9, 0), "the hold was released");
}

pub async fn addresses_belong_to_their_buyer(stores: &Stores) {
    let (mine, other) = (stores.buyer(1).await, stores.buyer(2).await);
    let book = &stores.book;
    let first = book.add_address(mine, sample::address(), 2).await.unwrap().unwrap();
    assert_eq!((first.id, first.version), (1, 1));
    assert!(book.add_address(mine, sample::address(), 2).await.unwrap().is_some());
    assert!(book.add_address(mine, sample::address(), 2).await.unwrap().is_none(), "full");
    assert!(book.addresses(other).await.unwrap().is_empty());

    let moved = domain::buyer::Address { detail: "别处".to_owned(), ..sample::address() };
    let not_mine = book.put_address(other, 1, 1, moved.clone()).await.unwrap();
    assert_eq!(not_mine, PutAnswer::NotFound);
    let stale = book.put_address(mine, 1, 9, moved.clone()).await.unwrap();
    assert_eq!(stale, PutAnswer::VersionMoved);
    let PutAnswer::Changed(changed) = book.put_address(mine, 1, 1, moved.clone()).await.unwrap()
    else {
        panic!("not changed")
    };
    assert_eq!((changed.version, &changed.address), (2, &moved));

    let basis = book.checkout_basis(mine, &Selection::Everything, 1, None).await.unwrap().value;
    assert_eq!(basis.address, Some(moved));
    let theirs = book.checkout_basis(other, &Selection::Everything, 1, None).await.unwrap().value;
    assert_eq!(theirs.address, None, "the same number is nobody's for another buyer");

    assert!(!book.delete_address(other, 1).await.unwrap());
    assert!(book.delete_address(mine, 1).await.unwrap());
    let next = book.add_address(mine, sample::address(), 9).await.unwrap().unwrap();
    assert!(next.id > 2, "a number is never used again");
}

pub async fn a_checkout_reads_the_lines_that_were_selected(stores: &Stores) {
    let (mine, other) = (stores.buyer(1).await, stores.buyer(2).await);
    for id in ["a", "b", "c"] {
        stores.sku(id, 1, 9).await;
    }
    let (a, b) = (added(stores, mine, "a").await, added(stores, mine, "b").await);
    let c = added(stores, mine, "c").await;
    added(stores, other, "a").await;
    let read = |buyer, selection: Selection| async move {
        let basis = stores.book.checkout_basis(buyer, &selection, 1, None).await.unwrap();
        basis.value.items.into_iter().map(|line| line.id).collect::<Vec<_>>()
    };
    assert_eq!(read(mine, Selection::Everything).await, [a, b, c]);
    assert_eq!(read(mine, Selection::Only(vec![a, c])).await, [a, c]);
    assert_eq!(read(mine, Selection::Only(vec![c, 999])).await, [c], "the caller misses one");
    assert!(read(other, Selection::Only(vec![b])).await.is_empty(), "another's line is nobody's");
}
