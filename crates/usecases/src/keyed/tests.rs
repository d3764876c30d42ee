//! One key, one outcome: repeats, other requests, other people's orders, other versions.

use super::{ActError, Acted, Action};
use crate::mocks::{MockGateway, desk};
use crate::samples::{keyed, living, now, order};
use crate::{Owner, Target, TransactError};
use domain::UserId;
use domain::changeset::Audit;
use domain::order::{CancelCause, Command, Order, OrderStatus, Rejection};
use domain::payment::PaymentState;
use domain::ports::OrderKey;

const CANCEL: Command = Command::Cancel(CancelCause::Buyer);

fn action(order: &Order, key: &str) -> Action {
    Action {
        target: Target::of_buyer(order.buyer.unwrap(), OrderKey::Id(order.id)),
        audit: Audit { actor: "buyer:7".into(), cause: "cancel".into(), request_id: None },
        keyed: keyed(key),
    }
}

#[tokio::test]
async fn the_same_key_shows_the_same_order_as_it_is_now() {
    let (orders, life) = living(order());
    let desk = desk(orders, MockGateway::new(), now());
    let action = action(&order(), "one");
    let first = desk.act(&action, &CANCEL).await.unwrap();
    assert!(matches!(&first, Acted::Done(o) if o.status == OrderStatus::Cancelling));
    let again = desk.act(&action, &CANCEL).await.unwrap();
    assert!(matches!(again, Acted::Replayed(_)));
    let life = life.lock().unwrap();
    assert_eq!(life.written.len(), 1);
    assert_eq!(life.keys[0].order, Some(order().id), "the key leads to the order");
}

#[tokio::test]
async fn another_request_under_the_key_is_refused() {
    let (orders, _) = living(order());
    let desk = desk(orders, MockGateway::new(), now());
    let mut action = action(&order(), "one");
    desk.act(&action, &CANCEL).await.unwrap();
    action.keyed.fingerprint = "other".to_owned();
    assert!(matches!(desk.act(&action, &CANCEL).await, Err(ActError::KeyReused)));
}

#[tokio::test]
async fn a_second_key_for_what_is_done_already_is_recorded_and_changes_nothing() {
    let (orders, life) = living(order());
    let desk = desk(orders, MockGateway::new(), now());
    desk.act(&action(&order(), "one"), &CANCEL).await.unwrap();
    let second = desk.act(&action(&order(), "two"), &CANCEL).await.unwrap();
    assert!(matches!(second, Acted::Done(_)));
    let life = life.lock().unwrap();
    assert_eq!((life.keys.len(), life.order.version), (2, order().version + 1));
}

#[tokio::test]
async fn a_refusal_is_not_kept() {
    let mut paid = order();
    paid.status = OrderStatus::Shipped;
    let (orders, life) = living(paid);
    let desk = desk(orders, MockGateway::new(), now());
    let refused = desk.act(&action(&order(), "one"), &CANCEL).await;
    let why = TransactError::Rejected(Rejection::NotCancellable);
    assert_eq!(refused.unwrap_err().to_string(), why.to_string());
    assert!(life.lock().unwrap().keys.is_empty());
}

#[tokio::test]
async fn what_belongs_to_another_buyer_does_not_exist() {
    let (orders, life) = living(order());
    let desk = desk(orders, MockGateway::new(), now());
    let mut action = action(&order(), "one");
    action.target.owner =
        Owner::Buyer(UserId::parse("00000000-0000-0000-0000-000000000008").unwrap());
    let refused = desk.act(&action, &CANCEL).await;
    assert!(matches!(refused, Err(ActError::Transact(TransactError::NotFound))));
    assert!(life.lock().unwrap().written.is_empty());
}

#[tokio::test]
async fn who_means_another_version_changes_nothing() {
    let (orders, life) = living(order());
    let desk = desk(orders, MockGateway::new(), now());
    let mut action = action(&order(), "one");
    action.target.expected_version = Some(order().version + 1);
    let refused = desk.act(&action, &CANCEL).await;
    assert!(matches!(refused, Err(ActError::Transact(TransactError::VersionMoved))));
    action.target.expected_version = Some(order().version);
    assert!(desk.act(&action, &CANCEL).await.is_ok());
    assert!(matches!(life.lock().unwrap().order.payments[0].state, PaymentState::Closing { .. }));
}

/// Two twins of one request that names a version: the second finds that the first moved it on.
#[tokio::test]
async fn a_twin_that_comes_second_is_shown_the_outcome_not_a_conflict() {
    let (mut orders, life) = living(order());
    let mut replays = 0;
    let it = std::sync::Arc::clone(&life);
    orders.checkpoint();
    let again = std::sync::Arc::clone(&life);
    orders.expect_load().returning(move |_| {
        let value = again.lock().unwrap().order.clone();
        crate::mocks::ready(Ok(Some(domain::ports::Loaded {
            value,
            store_now: now(),
            epoch: crate::samples::epoch(),
        })))
    });
    orders.expect_replay().returning(move |scope| {
        replays += 1;
        // At first nobody knows the key; then the twin has committed.
        let record = (replays > 1).then(|| keyed("one").record(now()));
        let record = record.map(|mut record| {
            record.order = Some(it.lock().unwrap().order.id);
            assert_eq!(record.scope, *scope);
            record
        });
        crate::mocks::ready(Ok(record))
    });
    life.lock().unwrap().order.version += 1;
    let desk = desk(orders, MockGateway::new(), now());
    let mut action = action(&order(), "one");
    action.target.expected_version = Some(order().version);
    let second = desk.act(&action, &CANCEL).await.unwrap();
    assert!(matches!(second, Acted::Replayed(_)));
}
