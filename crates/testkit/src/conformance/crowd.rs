//! Everybody at once: workers under leases, notifications, cancelling buyers, impatient ones.

use super::Stores;
use crate::TestIds;
use crate::sample;
use domain::changeset::Changeset;
use domain::fact::{RefundProgress, Trade};
use domain::job::{JobKind, next_look};
use domain::order::{CancelCause, Command, Decision, Order, OrderStatus};
use domain::payment::PaymentState;
use domain::ports::{CommitAnswer, Finish, IdSource as _, LeasedJob, OrderKey};
use domain::{OrderNumber, OutRefundNo, OutTradeNo, Timestamp};
use futures_util::future::join_all;

const LONG_MS: u64 = 600_000;
const ORDERS: u64 = 12;

/// Later than every deadline, so that all work is due.
fn late() -> Timestamp {
    sample::start().plus_seconds(3_000)
}

async fn transact(
    stores: &Stores,
    key: &OrderKey,
    command: &Command,
    name: &str,
    job: Option<&LeasedJob>,
) {
    for tried in 0..500 {
        let Ok(Some(found)) = stores.orders.load(key).await else { continue };
        let order = found.value;
        let Ok(Decision::Record(events)) = order.decide(command, late()) else { return };
        let mut intent = sample::intent(name);
        intent.fence = job.map(|job| job.fence.clone());
        let changeset = Changeset::of(Some(&order), events, Vec::new(), intent, late()).unwrap();
        match stores.orders.commit(changeset).await {
            CommitAnswer::Conflict | CommitAnswer::RolledBack(_) => tokio::task::yield_now().await,
            CommitAnswer::OutcomeUnknown(why) => panic!("{name}, try {tried}: {why}"),
            CommitAnswer::Committed
            | CommitAnswer::AlreadyCommitted
            | CommitAnswer::GuardRefused(_) => return,
        }
    }
    panic!("{name}: never its turn");
}

/// Claims and performs until nothing is due for a while.
async fn work(stores: &Stores, worker: u64) {
    let chance = TestIds::seeded(worker);
    for round in 0..30 {
        let claimed = stores.jobs.claim(late(), 3, LONG_MS).await.unwrap_or_default();
        for (n, job) in claimed.iter().enumerate() {
            let finish = perform(stores, &chance, job, &format!("w{worker}-{round}-{n}")).await;
            for _ in 0..500 {
                if stores.jobs.finish(&job.fence, finish.clone()).await.is_ok() {
                    break;
                }
            }
        }
        tokio::task::yield_now().await;
    }
}

async fn perform(stores: &Stores, chance: &TestIds, job: &LeasedJob, name: &str) -> Finish {
    let subject = &job.fence.job.subject;
    if job.fence.job.kind == JobKind::ExpireOrder {
        let key = OrderKey::Number(OrderNumber::parse(subject).unwrap());
        let expire = Command::Cancel(CancelCause::Deadline);
        transact(stores, &key, &expire, name, Some(job)).await;
        return Finish::Done;
    }
    if job.fence.job.kind == JobKind::FollowRefund {
        return refund(stores, job, name).await;
    }
    let number = OutTradeNo::parse(subject).unwrap();
    let key = OrderKey::OutTradeNo(number.clone());
    let trade =
        if chance.order_entropy().is_multiple_of(3) { Trade::Closed } else { Trade::NotPaid };
    transact(stores, &key, &sample::says_of(&number, trade), name, Some(job)).await;
    let Ok(Some(found)) = stores.orders.load(&key).await else { return Finish::Retry(late()) };
    let look = found
        .value
        .payment(&number)
        .and_then(|payment| next_look(payment, late(), domain::Pace::DESIGNED));
    // A new time that is not yet due, so that only others bring it forward.
    look.map_or(Finish::Done, |at| Finish::Again(at.plus_seconds(5_000)))
}

/// Sent, and heard of at once.
async fn refund(stores: &Stores, job: &LeasedJob, name: &str) -> Finish {
    let out_refund_no = OutRefundNo::stored(job.fence.job.subject.clone());
    let key = OrderKey::OutRefundNo(out_refund_no.clone());
    let send = Command::SendRefund { out_refund_no: out_refund_no.clone() };
    transact(stores, &key, &send, &format!("{name}-send"), Some(job)).await;
    let Ok(Some(found)) = stores.orders.load(&key).await else { return Finish::Retry(late()) };
    let at = late();
    let said = sample::refund_fact(&found.value, &out_refund_no, RefundProgress::Succeeded { at });
    let record = Command::RecordRefund(said);
    transact(stores, &key, &record, &format!("{name}-said"), Some(job)).await;
    Finish::Retry(late().plus_seconds(5_000))
}

async fn buyer(stores: &Stores, order: &Order) {
    let key = OrderKey::Id(order.id);
    let name = format!("buyer-{}", order.number);
    transact(stores, &key, &Command::Cancel(CancelCause::Buyer), &name, None).await;
}

async fn notice(stores: &Stores, order: &Order) {
    let success = sample::success(order, &format!("T-{}", order.number));
    let name = format!("notice-{}", order.number);
    transact(stores, &OrderKey::Id(order.id), &success, &name, None).await;
}

async fn impatience(stores: &Stores, order: &Order) {
    let follow = domain::job::JobId::follow(&sample::out_trade_no(order));
    for _ in 0..5 {
        drop(stores.jobs.hasten(&follow, late()).await);
    }
}

pub async fn no_work_is_lost_among_workers_notices_and_cancels(stores: &Stores) {
    let mut orders = Vec::new();
    for n in 1..=ORDERS {
        orders.push(stores.open_order(n).await);
    }
    let workers = async { join_all((1..=3).map(|n| work(stores, n))).await };
    let buyers = async { join_all(orders.iter().step_by(2).map(|o| buyer(stores, o))).await };
    let notices = async { join_all(orders.iter().step_by(3).map(|o| notice(stores, o))).await };
    let waiting = async { join_all(orders.iter().map(|o| impatience(stores, o))).await };
    tokio::join!(workers, buyers, notices, waiting);

    // Every lease has been given back: what still has to be done is promised.
    let lost = stores.jobs.sweep(late(), 100).await.unwrap();
    assert!(lost.is_empty(), "nobody would look after {lost:?}");
    for order in &orders {
        let end = stores.again(order).await;
        let paid = end.payments.iter().any(|p| matches!(p.state, PaymentState::Paid { .. }));
        assert_eq!(end.settlement.is_some(), paid);
        let level = stores.catalogue.sku(&order.lines[0].sku_id).await.unwrap().unwrap().stock;
        let expected = match (end.status, paid) {
            (OrderStatus::Cancelled, _) => (100, 0, 0),
            (_, true) => (99, 0, 1),
            (_, false) => (99, 1, 0),
        };
        assert_eq!((level.available, level.held, level.sold), expected, "{:?}", end.status);
    }
}
