//! Several at once.

use super::{Stores, deciding, placing};
use crate::sample;
use domain::changeset::Refusal;
use domain::names::Openid;
use domain::order::{CancelCause, Command, OPEN_ORDERS_MAX};
use domain::payment::TradeType;
use domain::ports::CommitAnswer;
use futures_util::future::join_all;
use std::future::{Future, poll_fn};
use std::task::Poll;

/// How often a commit that may be rolled back by the store is tried again.
const TRIES: usize = 500;

/// Commits until the store says something else than "rolled back": that is the caller's part.
pub(super) async fn persist(
    stores: &Stores,
    changeset: domain::changeset::Changeset,
) -> CommitAnswer {
    for _ in 0..TRIES {
        match stores.orders.commit(changeset.clone()).await {
            CommitAnswer::RolledBack(_) => tokio::task::yield_now().await,
            answer => return answer,
        }
    }
    panic!("rolled back {TRIES} times");
}

fn count(answers: &[CommitAnswer], wanted: &CommitAnswer) -> usize {
    answers.iter().filter(|answer| *answer == wanted).count()
}

pub async fn of_two_writers_exactly_one_commits(stores: &Stores) {
    for n in 1..=8 {
        let order = stores.open_order(n).await;
        let cancel = Command::Cancel(CancelCause::Buyer);
        let paid = sample::success(&order, &format!("T-{n}"));
        let a = persist(stores, deciding(&order, &cancel, sample::intent(&format!("a{n}"))));
        let b = persist(stores, deciding(&order, &paid, sample::intent(&format!("b{n}"))));
        let answers = join_all([boxed(a), boxed(b)]).await;
        assert_eq!(count(&answers, &CommitAnswer::Committed), 1, "{answers:?}");
        assert_eq!(count(&answers, &CommitAnswer::Conflict), 1, "{answers:?}");
        assert_eq!(stores.again(&order).await.version, order.version + 1);
    }
}

pub async fn of_two_payments_started_at_once_exactly_one_is(stores: &Stores) {
    for n in 1..=8 {
        let order = stores.open_order(n).await;
        let native = Command::StartPayment(sample::new_payment(TradeType::Native));
        let mut others = sample::new_payment(TradeType::Jsapi);
        others.payer = Some(Openid::new("o-bob"));
        let jsapi = Command::StartPayment(others);
        let a = persist(stores, deciding(&order, &native, sample::intent(&format!("a{n}"))));
        let b = persist(stores, deciding(&order, &jsapi, sample::intent(&format!("b{n}"))));
        let answers = join_all([boxed(a), boxed(b)]).await;
        assert_eq!(count(&answers, &CommitAnswer::Committed), 1, "{answers:?}");
        assert_eq!(count(&answers, &CommitAnswer::Conflict), 1, "{answers:?}");
        let stored = stores.again(&order).await;
        assert_eq!((stored.version, stored.payments.len()), (order.version + 1, 2));
        assert_eq!(stored.payments.iter().filter(|payment| payment.is_open()).count(), 1);
    }
}

fn boxed<'a, T>(
    future: impl Future<Output = T> + Send + 'a,
) -> std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>> {
    Box::pin(future)
}

pub async fn one_command_sent_a_hundred_times_has_one_effect(stores: &Stores) {
    let order = stores.open_order(1).await;
    let paid = deciding(&order, &sample::success(&order, "T-1"), sample::intent("notice"));
    let sent = (0..100).map(|_| persist(stores, paid.clone()));
    let answers = join_all(sent).await;
    assert_eq!(count(&answers, &CommitAnswer::Committed), 1);
    assert_eq!(count(&answers, &CommitAnswer::AlreadyCommitted), 99);
    assert_eq!(stores.again(&order).await.version, order.version + 1);
}

pub async fn two_hundred_buyers_of_fifty_pieces_are_fifty_orders(stores: &Stores) {
    let sku = stores.sku("last", 100, 50).await;
    let mut placements = Vec::new();
    for n in 1..=200 {
        placements.push(sample::placement(n, stores.buyer(n).await, &[(&sku, 1)]));
    }
    let placed = placements.iter().enumerate().map(|(n, placement)| {
        persist(stores, placing(placement, sample::intent(&format!("place-{n}"))))
    });
    let answers = join_all(placed).await;
    let refused = CommitAnswer::GuardRefused(Refusal::Stock(sku.id.clone()));
    assert_eq!(count(&answers, &CommitAnswer::Committed), 50);
    assert_eq!(count(&answers, &refused), 150);
    let level = stores.catalogue.sku(&sku.id).await.unwrap().unwrap().stock;
    assert_eq!((level.stocked, level.available, level.held, level.sold), (50, 0, 50, 0));
}

pub async fn one_buyer_at_once_stays_within_the_open_orders(stores: &Stores) {
    let buyer = stores.buyer(1).await;
    let sku = stores.sku("tea", 100, 100).await;
    let placements: Vec<_> = (1..=20).map(|n| sample::placement(n, buyer, &[(&sku, 1)])).collect();
    let placed = placements.iter().enumerate().map(|(n, placement)| {
        persist(stores, placing(placement, sample::intent(&format!("place-{n}"))))
    });
    let answers = join_all(placed).await;
    let most = usize::try_from(OPEN_ORDERS_MAX).unwrap();
    assert_eq!(count(&answers, &CommitAnswer::Committed), most, "{answers:?}");
}

/// Dropped at its first poll, its second, and so on: the connection goes away in the middle.
pub async fn a_dropped_commit_leaves_all_or_nothing(stores: &Stores) {
    let sku = stores.sku("tea", 100, 1_000).await;
    let mut landed = 0;
    for polls in 0..24 {
        let buyer = stores.buyer(polls).await;
        let placement = sample::placement(polls, buyer, &[(&sku, 1)]);
        let name = format!("place-{polls}");
        let mut commit = stores.orders.commit(placing(&placement, sample::intent(&name)));
        for _ in 0..polls {
            let once = poll_fn(|context| Poll::Ready(commit.as_mut().poll(context)));
            if once.await.is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(commit);
        // The store itself tells what became of it; the same command again cannot do it twice.
        let again = persist(stores, placing(&placement, sample::intent(&name))).await;
        match again {
            CommitAnswer::Committed => {}
            CommitAnswer::AlreadyCommitted => landed += 1,
            other => panic!("{other:?}"),
        }
        assert_eq!(stores.load(&placement).await.version, 1);
    }
    let level = stores.catalogue.sku(&sku.id).await.unwrap().unwrap().stock;
    assert_eq!((level.available, level.held), (1_000 - 24, 24), "{landed} had landed");
}
