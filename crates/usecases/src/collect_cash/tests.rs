//! Whoever collects cash is told when somebody pays online, and nobody pays twice.

use super::CollectError;
use crate::mocks::{MockGateway, MockJobs, desk, ready};
use crate::samples::{Life, fact, keyed, living, now, order, receipt};
use crate::{ActError, Acted, Action, Paydesk, Target, TransactError};
use domain::Fen;
use domain::Timestamp;
use domain::cash::{CashReceipt, Courier};
use domain::changeset::Audit;
use domain::fact::Trade;
use domain::job::JobId;
use domain::order::{
    Command, Decision, Order, OrderStatus, PaymentMethod, PaymentStatus, Rejection, SettledBy,
};
use domain::payment::{ClosingCause, PaymentState};
use domain::ports::OrderKey;
use std::sync::{Arc, Mutex};

/// The sample order as cash on delivery that has come, with an online payment of it on offer.
fn converting() -> Order {
    let mut order = order();
    order.payment_method = PaymentMethod::Cod;
    order.status = OrderStatus::Delivered;
    order.delivered_at = Some(now());
    order.pay_deadline = None;
    order
}

fn after(order: Order, command: &Command) -> Order {
    match order.decide(command, now()).unwrap() {
        Decision::Record(events) => order.after(&events),
        Decision::AlreadyApplied => panic!("nothing happened"),
    }
}

/// Nobody pays online any more.
fn unlocked() -> Order {
    let order = converting();
    let closed = Command::RecordFact(fact(&order, Trade::Closed));
    after(order, &closed)
}

fn paid_online() -> Order {
    let order = converting();
    let paid = Command::RecordFact(fact(&order, Trade::Success(receipt())));
    after(order, &paid)
}

type Hastened = Arc<Mutex<Vec<(JobId, Timestamp)>>>;

fn desk_of(order: Order) -> (Paydesk, Arc<Mutex<Life>>, Hastened) {
    let (orders, life) = living(order);
    let hastened = Hastened::default();
    let (mut jobs, kept) = (MockJobs::new(), Arc::clone(&hastened));
    jobs.expect_hasten().returning(move |id, at| {
        kept.lock().unwrap().push((id.clone(), at));
        ready(Ok(()))
    });
    let mut desk = desk(orders, MockGateway::new(), now());
    desk.jobs = Arc::new(jobs);
    (desk, life, hastened)
}

async fn collect(desk: &Paydesk, key: &str, amount: i64) -> Result<Acted, CollectError> {
    let action = Action {
        target: Target::anybodys(OrderKey::Id(order().id)),
        audit: Audit { actor: "operator:1".into(), cause: "collect".into(), request_id: None },
        keyed: keyed(key),
    };
    let courier = Courier::parse("王五").unwrap();
    desk.collect_cash(&action, CashReceipt { amount: Fen::new(amount), courier }).await
}

#[tokio::test]
async fn cash_is_recorded_once_per_key_and_once_for_all() {
    let (desk, life, _) = desk_of(unlocked());
    let done = collect(&desk, "one", 100).await.unwrap();
    assert_eq!(done.order().payment_status(), PaymentStatus::Paid);
    assert!(matches!(collect(&desk, "one", 100).await.unwrap(), Acted::Replayed(_)));
    assert!(matches!(collect(&desk, "two", 100).await.unwrap(), Acted::Done(_)));
    assert_eq!(life.lock().unwrap().events(), ["settled"]);
}

#[tokio::test]
async fn an_open_online_payment_is_closed_first_and_asked_about_at_once() {
    let (desk, life, hastened) = desk_of(converting());
    for key in ["one", "one", "two"] {
        let refused = collect(&desk, key, 100).await.unwrap_err();
        assert!(matches!(refused, CollectError::PaymentInProgress), "{refused:?}");
    }
    let life = life.lock().unwrap();
    assert_eq!(life.events(), ["payment_closing"], "begun once");
    let why = ClosingCause::Cash;
    assert_eq!(life.order.payments[0].state, PaymentState::Closing { why });
    assert!(life.keys.is_empty(), "a refusal is not kept: the same key goes on");
    let follower = (JobId::follow(order().payments[0].out_trade_no()), now());
    assert_eq!(*hastened.lock().unwrap(), vec![follower; 3]);
}

#[tokio::test]
async fn the_same_key_goes_on_once_its_end_is_proven() {
    let (desk, life, _) = desk_of(converting());
    collect(&desk, "one", 100).await.unwrap_err();
    {
        let mut life = life.lock().unwrap();
        let closed = Command::RecordFact(fact(&order(), Trade::Closed));
        life.order = after(life.order.clone(), &closed);
    }
    let done = collect(&desk, "one", 100).await.unwrap();
    let by = &done.order().settlement.as_ref().unwrap().by;
    assert!(matches!(by, SettledBy::Cash { .. }));
}

#[tokio::test]
async fn what_was_paid_online_meanwhile_is_shown_as_it_is() {
    let (desk, life, _) = desk_of(paid_online());
    let refused = collect(&desk, "one", 100).await.unwrap_err();
    let CollectError::PaidOnline(order) = refused else { panic!("{refused:?}") };
    assert_eq!(order.payment_status(), PaymentStatus::Paid);
    assert!(life.lock().unwrap().events().is_empty());
}

#[tokio::test]
async fn another_amount_and_another_state_are_refused_without_effect() {
    let (desk, life, hastened) = desk_of(converting());
    let refused = collect(&desk, "one", 99).await.unwrap_err();
    let rejected = |error: &CollectError, why: &Rejection| matches!(error, CollectError::Act(ActError::Transact(TransactError::Rejected(it))) if it == why);
    assert!(rejected(&refused, &Rejection::CashDiffers), "{refused:?}");
    let mut on_its_way = unlocked();
    on_its_way.status = OrderStatus::Shipped;
    let (early, _, _) = desk_of(on_its_way);
    let refused = collect(&early, "one", 100).await.unwrap_err();
    assert!(rejected(&refused, &Rejection::WrongState), "{refused:?}");
    assert!(life.lock().unwrap().events().is_empty() && hastened.lock().unwrap().is_empty());
}

/// Nothing was paid for it, online or otherwise.
#[tokio::test]
async fn an_order_to_be_paid_online_is_no_door_to_collect_at() {
    let (desk, life, _) = desk_of(order());
    let refused = collect(&desk, "one", 100).await.unwrap_err();
    let is_state = matches!(
        refused,
        CollectError::Act(ActError::Transact(TransactError::Rejected(Rejection::WrongState)))
    );
    assert!(is_state && life.lock().unwrap().events().is_empty(), "{refused:?}");
}
