//! Payments whose record was lost, taken on again.

use super::{Stores, deciding_at};
use crate::sample;
use domain::changeset::{Changeset, Refusal};
use domain::fact::{PaymentFact, Trade};
use domain::job::JobId;
use domain::order::{Circumstances, Command, Lost, Order, OrderStatus};
use domain::payment::{PaymentState, SurplusCause};
use domain::ports::{CommitAnswer, OrderKey};
use domain::refund::RefundKind;
use domain::{Fen, OrderId, OrderNumber, OutTradeNo, Timestamp};
use uuid::Uuid;

fn at(seconds: i64) -> Timestamp {
    sample::start().plus_seconds(seconds)
}

fn paid(number: &OrderNumber, no: u8) -> PaymentFact {
    let receipt = sample::receipt(&format!("T-{no}"), Fen::new(500));
    sample::fact_of(&OutTradeNo::of_payment(number, no), Trade::Success(receipt))
}

fn numbers(order: &Order) -> Vec<u8> {
    order.payments.iter().map(|payment| payment.no).collect()
}

pub async fn a_lost_payment_takes_its_place_among_the_others(stores: &Stores) {
    let order = stores.open_order(1).await;
    let order = stores.step(&order, &Command::Adopt(paid(&order.number, 5)), at(10)).await;
    // Lower than the last one.
    let order = stores.step(&order, &Command::Adopt(paid(&order.number, 3)), at(20)).await;
    assert_eq!(numbers(&order), [1, 3, 5]);
    assert_eq!((order.status, order.refunds.len()), (OrderStatus::PendingPayment, 2));
    assert!(order.refunds.iter().all(|refund| refund.kind == RefundKind::Surplus));
    let key = OrderKey::OutTradeNo(OutTradeNo::of_payment(&order.number, 3));
    let found = stores.orders.load(&key).await.unwrap();
    assert_eq!(found.map(|found| found.value), Some(order.clone()));
    // Its own payment settles it all the same.
    let settled = sample::says_of(
        &sample::out_trade_no(&order),
        Trade::Success(sample::receipt("T-1", Fen::new(500))),
    );
    let order = stores.step(&order, &settled, at(30)).await;
    assert_eq!(order.status, OrderStatus::Ready);
}

/// The changeset that makes the order of a lost payment again.
pub fn making_again(n: u64, number: &OrderNumber, command: &str) -> Changeset {
    let lost = Lost { id: OrderId::new(Uuid::from_u64_pair(9, n)), number: number.clone() };
    let epoch = sample::epoch();
    let given = Circumstances::ordinary(at(40), &epoch);
    let events = lost.decide(&paid(number, 2), &given).unwrap();
    Changeset::of(None, events, Vec::new(), sample::intent(command), at(40)).unwrap()
}

pub async fn an_order_is_made_again_for_its_lost_payment(stores: &Stores) {
    let number = OrderNumber::compose(sample::start(), None, 77);
    let changeset = making_again(1, &number, "again");
    let expected = changeset.order.as_ref().unwrap().order.clone();
    assert_eq!(stores.orders.commit(changeset).await, CommitAnswer::Committed);
    let key = OrderKey::OutTradeNo(OutTradeNo::of_payment(&number, 2));
    let order = stores.orders.load(&key).await.unwrap().expect("an order").value;
    assert_eq!(order, expected);
    assert_eq!(
        (order.status, order.buyer, numbers(&order)),
        (OrderStatus::Cancelled, None, vec![2])
    );
    let PaymentState::Surplus { why, .. } = order.payments[0].state else { panic!("{order:?}") };
    assert_eq!(why, SurplusCause::RecordLost);
    let due = stores.jobs.claim(at(50), 9, 0).await.unwrap();
    let due: Vec<JobId> = due.into_iter().map(|leased| leased.fence.job).collect();
    assert_eq!(due, [JobId::refund(&order.refunds[0].out_refund_no)], "its money goes back");
    // Somebody else who had the same thought comes too late.
    let before = stores.dump().await;
    let answer = stores.orders.commit(making_again(2, &number, "twice")).await;
    assert_eq!(answer, CommitAnswer::GuardRefused(Refusal::NumberTaken));
    assert_eq!(stores.dump().await, before);
    // The first payment of that order was lost as well.
    let adopt = Command::Adopt(paid(&number, 1));
    let order = stores.step(&order, &adopt, at(60)).await;
    assert_eq!(numbers(&order), [1, 2]);
    let repeated = deciding_at(at(70), &order, &adopt, sample::intent("repeated"));
    assert_eq!(repeated.events, [], "it is known now");
}
