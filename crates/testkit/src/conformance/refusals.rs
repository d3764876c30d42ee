//! Each guard that refuses, with nothing written.

use super::{Stores, placing};
use crate::sample;
use domain::buyer::NewItem;
use domain::changeset::Refusal;
use domain::order::{CancelCause, Command, OPEN_ORDERS_MAX, Placement};
use domain::ports::{AddItemAnswer, CommitAnswer};

async fn refused(stores: &Stores, placement: &Placement, refusal: Refusal) {
    let before = stores.dump().await;
    let answer = stores.place(placement, "refused").await;
    assert_eq!(answer, CommitAnswer::GuardRefused(refusal));
    assert_eq!(stores.dump().await, before, "something was written");
}

pub async fn too_little_stock_writes_nothing(stores: &Stores) {
    let buyer = stores.buyer(1).await;
    let (plenty, few) = (stores.sku("a-plenty", 100, 9).await, stores.sku("b-few", 100, 2).await);
    let placement = sample::placement(1, buyer, &[(&plenty, 1), (&few, 3)]);
    refused(stores, &placement, Refusal::Stock(few.id)).await;
}

pub async fn a_moved_price_writes_nothing(stores: &Stores) {
    let buyer = stores.buyer(1).await;
    let priced = stores.sku("tea", 100, 9).await;
    let dearer = sample::draft("tea", 200);
    let version = Some(priced.price_version);
    let audit = sample::audit("dearer");
    stores.catalogue.put_sku(&dearer, version, &audit, sample::start()).await.unwrap();
    let placement = sample::placement(1, buyer, &[(&priced, 1)]);
    refused(stores, &placement, Refusal::PriceMoved(priced.id)).await;
}

pub async fn a_taken_number_writes_nothing(stores: &Stores) {
    let buyer = stores.buyer(1).await;
    let sku = stores.sku("tea", 100, 9).await;
    let first = sample::placement(1, buyer, &[(&sku, 1)]);
    assert_eq!(stores.place(&first, "first").await, CommitAnswer::Committed);
    let mut second = sample::placement(2, buyer, &[(&sku, 1)]);
    second.number = first.number;
    refused(stores, &second, Refusal::NumberTaken).await;
}

pub async fn a_transaction_belongs_to_one_payment(stores: &Stores) {
    let (one, other) = (stores.open_order(1).await, stores.open_order(2).await);
    let paid = sample::success(&one, "T-1");
    assert_eq!(stores.give(&one, &paid, sample::intent("a")).await, CommitAnswer::Committed);
    let before = stores.dump().await;
    let same = sample::success(&other, "T-1");
    let answer = stores.give(&other, &same, sample::intent("b")).await;
    assert_eq!(answer, CommitAnswer::GuardRefused(Refusal::TransactionTaken));
    assert_eq!(stores.dump().await, before);
}

pub async fn a_captured_line_belongs_to_one_order(stores: &Stores) {
    let buyer = stores.buyer(1).await;
    let sku = stores.sku("tea", 100, 9).await;
    let item = NewItem { sku_id: sku.id.clone(), quantity: 1 };
    let AddItemAnswer::Added(line) = stores.book.add_item(buyer, item, 10).await.unwrap() else {
        panic!("not added")
    };
    let mut first = sample::placement(1, buyer, &[(&sku, 1)]);
    first.checkout.captured_items = vec![line.id];
    let mut second = sample::placement(2, buyer, &[(&sku, 1)]);
    second.checkout.captured_items = vec![line.id];
    assert_eq!(stores.place(&first, "first").await, CommitAnswer::Committed);
    let listed = stores.book.items(buyer).await.unwrap();
    assert_eq!(listed[0].captured_by, Some(first.number.clone()));
    refused(stores, &second, Refusal::ListTaken).await;
    let order = stores.load(&first).await;
    let cancel = Command::Cancel(CancelCause::Buyer);
    stores.give(&order, &cancel, sample::intent("cancel")).await;
    let cancelling = stores.again(&order).await;
    let closed = sample::says(&order, domain::fact::Trade::Closed);
    stores.give(&cancelling, &closed, sample::intent("closed")).await;
    assert_eq!(stores.place(&second, "second").await, CommitAnswer::Committed);
    let mut more = sample::placement(4, buyer, &[(&sku, 2)]);
    more.checkout.captured_items = vec![line.id];
    refused(stores, &more, Refusal::ListTaken).await;
    let mut gone = sample::placement(3, buyer, &[(&sku, 1)]);
    gone.checkout.captured_items = vec![99];
    refused(stores, &gone, Refusal::ListTaken).await;
}

pub async fn a_sixth_open_order_is_refused(stores: &Stores) {
    let buyer = stores.buyer(1).await;
    let sku = stores.sku("tea", 100, 99).await;
    for n in 1..=u64::from(OPEN_ORDERS_MAX) {
        let placement = sample::placement(n, buyer, &[(&sku, 1)]);
        let answer = stores.place(&placement, &format!("place-{n}")).await;
        assert_eq!(answer, CommitAnswer::Committed);
    }
    let sixth = sample::placement(6, buyer, &[(&sku, 1)]);
    refused(stores, &sixth, Refusal::TooManyOpenOrders).await;
    // What never waits for money does not wait with the others.
    let gift = stores.sku("gift", 0, 9).await;
    let free = Placement { payment: None, ..sample::placement(8, buyer, &[(&gift, 1)]) };
    let answer = stores.place(&free, "place-8").await;
    assert_eq!(answer, CommitAnswer::Committed, "nothing is owed");
    let other = sample::placement(7, stores.buyer(2).await, &[(&sku, 1)]);
    let answer = stores.orders.commit(placing(&other, sample::intent("other"))).await;
    assert_eq!(answer, CommitAnswer::Committed, "another buyer's orders do not count");
}
