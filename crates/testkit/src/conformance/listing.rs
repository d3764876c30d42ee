//! Pages of orders, and orders by any number of theirs.

use super::Stores;
use crate::sample;
use domain::changeset::Changeset;
use domain::order::{Command, Event, Order, OrderStatus};
use domain::payment::TradeType;
use domain::ports::{CommitAnswer, OrderList};

pub fn everybodys() -> OrderList {
    OrderList {
        buyer: None,
        status: None,
        number: None,
        created_from: None,
        created_to: None,
        after: None,
        limit: 100,
    }
}

pub async fn a_page_is_newest_first_and_goes_on_where_it_ended(stores: &Stores) {
    let buyer = stores.buyer(1).await;
    let sku = stores.sku("tea", 0, 99).await;
    for n in 1..=7 {
        let placement = sample::placement(n, buyer, &[(&sku, 1)]);
        let answer = stores.place(&placement, &format!("place-{n}")).await;
        assert_eq!(answer, CommitAnswer::Committed);
    }
    let all = OrderList { buyer: Some(buyer), status: Some(OrderStatus::Ready), ..everybodys() };
    let whole = stores.orders.list(&all).await.unwrap();
    assert_eq!((whole.orders.len(), whole.more), (7, false));
    let keys: Vec<_> = whole.orders.iter().map(|o| (o.created_at, o.id)).collect();
    assert!(keys.windows(2).all(|pair| pair[0] > pair[1]), "newest first");
    let mut pages = Vec::new();
    let mut query = OrderList { limit: 3, ..all.clone() };
    loop {
        let page = stores.orders.list(&query).await.unwrap();
        query.after = page.orders.last().map(|o| (o.created_at, o.id));
        pages.extend(page.orders);
        if !page.more {
            break;
        }
    }
    assert_eq!(pages, whole.orders);
    let others = OrderList { buyer: Some(sample::user(99)), ..all.clone() };
    assert!(stores.orders.list(&others).await.unwrap().orders.is_empty());
    let later = OrderList { created_from: Some(sample::start().plus_seconds(1)), ..all };
    assert!(stores.orders.list(&later).await.unwrap().orders.is_empty());
}

/// As a merchant backend's order, with its own reference.
async fn order_with_reference(stores: &Stores, n: u64, reference: &str) -> Order {
    let buyer = stores.buyer(n).await;
    let sku = stores.sku(&format!("sku-{n}"), 500, 100).await;
    let placement = sample::placement(n, buyer, &[(&sku, 1)]);
    let mut events =
        placement.decide(sample::start(), &sample::epoch(), &|_| "{}".to_owned()).unwrap();
    let Some(Event::Placed(order)) = events.first_mut() else { panic!("nothing was placed") };
    order.merchant_ref = Some(reference.to_owned());
    let intent = sample::intent(&format!("place-{n}"));
    let changeset = Changeset::of(None, events, Vec::new(), intent, sample::start()).unwrap();
    assert_eq!(stores.orders.commit(changeset).await, CommitAnswer::Committed);
    stores.load(&placement).await
}

pub async fn an_order_is_listed_by_each_of_its_numbers_and_by_nothing_else(stores: &Stores) {
    let order = order_with_reference(stores, 1, "REF-1").await;
    let start = Command::StartPayment(sample::new_payment(TradeType::Native));
    let order = stores.step(&order, &start, sample::start()).await;
    let second = order.payments[1].out_trade_no().clone();
    let paid = domain::fact::Trade::Success(sample::receipt("T-100", order.amounts.total));
    let order = stores.step(&order, &sample::says_of(&second, paid), sample::start()).await;
    let other = order_with_reference(stores, 2, "REF-2").await;
    let find = |query: OrderList| async move {
        let page = stores.orders.list(&query).await.unwrap();
        assert!(!page.more);
        page.orders
    };
    let by = |number: &str| OrderList { number: Some(number.to_owned()), ..everybodys() };
    for number in [order.number.as_str(), second.as_str(), "T-100", "REF-1"] {
        assert_eq!(find(by(number)).await, std::slice::from_ref(&order), "{number}");
        let not_theirs = OrderList { buyer: other.buyer, ..by(number) };
        assert!(find(not_theirs).await.is_empty(), "{number}: other conditions count too");
        let unpaid = OrderList { status: Some(OrderStatus::PendingPayment), ..by(number) };
        assert!(find(unpaid).await.is_empty(), "{number}: other conditions count too");
    }
    assert_eq!(find(by("REF-2")).await, [other]);
    for nobodys in ["T-10", "T-1000", "REF", "ref-1", "REF-%", "", " T-100", "o-alice"] {
        assert!(find(by(nobodys)).await.is_empty(), "{nobodys:?} is no number of an order");
    }
}
