//! Who cancels is told the end if it comes soon, and is not kept waiting.

use crate::mocks::{Dozing, MockGateway, desk, ready};
use crate::samples::{fact, keyed, now, order, store};
use crate::{Acted, Action, Target};
use domain::changeset::Audit;
use domain::fact::Trade;
use domain::order::{CancelCause, Command, Decision, Order, OrderStatus};
use domain::ports::{Clock, CommitAnswer, OrderKey};
use std::sync::Arc;

fn after(order: &Order, command: &Command) -> Order {
    match order.decide(command, now()).unwrap() {
        Decision::Record(events) => order.clone().after(&events),
        Decision::AlreadyApplied => panic!("nothing happened"),
    }
}

fn cancelling() -> Order {
    after(&order(), &Command::Cancel(CancelCause::Buyer))
}

fn cancelled() -> Order {
    after(&cancelling(), &Command::RecordFact(fact(&order(), Trade::Closed)))
}

/// Cancels `open`, which is found as `then` whenever it is looked at again (the last for ever).
/// How the order is shown, and how many milliseconds that took.
async fn cancel(open: Order, then: Vec<Order>) -> (OrderStatus, i64) {
    let action = Action {
        target: Target::anybodys(OrderKey::Id(open.id)),
        audit: Audit { actor: "buyer:7".into(), cause: "cancel".into(), request_id: None },
        keyed: keyed("one"),
    };
    let loads = std::iter::once(open).chain(then).collect();
    let (mut orders, _) = store(loads, vec![CommitAnswer::Committed]);
    orders.expect_replay().returning(|_| ready(Ok(None)));
    let clock = Dozing::since(now());
    let mut desk = desk(orders, MockGateway::new(), now());
    desk.clock = Arc::<Dozing>::clone(&clock);
    let acted = desk.cancel_order(&action, CancelCause::Buyer).await.unwrap();
    let Acted::Done(shown) = acted else { panic!("{acted:?}") };
    (shown.status, clock.now().millis_since(now()))
}

#[tokio::test]
async fn a_cancellation_that_ends_within_a_second_is_answered_with_its_end() {
    let (shown, waited_ms) = cancel(order(), vec![cancelling(), cancelling(), cancelled()]).await;
    assert_eq!(shown, OrderStatus::Cancelled);
    assert!(waited_ms <= 200, "{waited_ms}");
}

#[tokio::test]
async fn a_cancellation_that_takes_longer_is_answered_after_a_second_as_it_is_then() {
    assert_eq!(cancel(order(), vec![cancelling()]).await, (OrderStatus::Cancelling, 1_000));
}

#[tokio::test]
async fn an_order_that_nobody_can_have_paid_is_cancelled_at_once() {
    let mut unpaid = order();
    unpaid.payments.clear();
    assert_eq!(cancel(unpaid, Vec::new()).await, (OrderStatus::Cancelled, 0));
}
