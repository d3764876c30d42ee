//! What was learnt counts for when it was asked: nobody holds a lease here, and a node may stand still.

use crate::mocks::{MockGateway, desk, ready};
use crate::samples::{fact, now, order, store};
use domain::Timestamp;
use domain::changeset::Audit;
use domain::fact::Trade;
use domain::order::{CancelCause, Command, Decision, HORIZON_S, Order, OrderStatus};
use domain::ports::{Clock, CommitAnswer, PortFuture};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A clock that others turn.
struct Turned(Arc<AtomicI64>);

impl Clock for Turned {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::Relaxed))
    }

    fn real(&self) -> Timestamp {
        self.now()
    }

    fn sleep_millis(&self, _: u64) -> PortFuture<'_, ()> {
        ready(())
    }
}

fn cancelling() -> Order {
    let order = order();
    let Ok(Decision::Record(events)) = order.decide(&Command::Cancel(CancelCause::Buyer), now())
    else {
        panic!("not cancelled")
    };
    order.after(&events)
}

/// The order after "does not exist" was asked for `asked_s` seconds after the horizon, and recorded an
/// hour later.
async fn synced(asked_s: i64) -> OrderStatus {
    let order = cancelling();
    let number = order.payments[0].out_trade_no().clone();
    let horizon = order.payments[0].terms.time_expire.plus_seconds(HORIZON_S);
    let asked = horizon.plus_seconds(asked_s);
    let hand = Arc::new(AtomicI64::new(asked.micros()));
    let mut gateway = MockGateway::new();
    let (none, turned) = (fact(&order, Trade::NotExist), hand.clone());
    gateway.expect_query().times(1).return_once(move |_| {
        turned.store(asked.plus_seconds(3_600).micros(), Ordering::Relaxed);
        ready(Ok(none))
    });
    let (orders, _) = store(vec![order.clone(), order], vec![CommitAnswer::Committed]);
    let mut desk = desk(orders, gateway, now());
    desk.clock = Arc::new(Turned(hand));
    let audit = Audit { actor: "operator:1".into(), cause: "sync".into(), request_id: None };
    desk.sync_payment(&number, audit).await.unwrap().status
}

#[tokio::test]
async fn that_it_did_not_exist_before_the_horizon_ends_no_payment_whenever_it_is_recorded() {
    assert_eq!(synced(-1).await, OrderStatus::Cancelling);
    assert_eq!(synced(0).await, OrderStatus::Cancelling);
}

#[tokio::test]
async fn that_it_did_not_exist_after_the_horizon_ends_it() {
    assert_eq!(synced(1).await, OrderStatus::Cancelled);
}
