//! A node that stood still between "it is sent" and the sending: others went on, and the database may have
//! lost what it had said.

use super::tests::{job, refunding};
use crate::mocks::{MockGateway, desk, ready};
use crate::samples::{living, now, refund_fact};
use domain::Timestamp;
use domain::fact::RefundProgress;
use domain::ports::{Clock, Finish, PortFuture};
use domain::refund::RefundState;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A clock of a machine that stands still for so long, once it was asked how long it runs.
struct Slept {
    for_ms: u64,
    asked: AtomicU64,
}

impl Clock for Slept {
    fn now(&self) -> Timestamp {
        now()
    }

    fn real(&self) -> Timestamp {
        now()
    }

    fn running_millis(&self) -> u64 {
        if self.asked.fetch_add(1, Ordering::Relaxed) == 0 { 7 } else { 7 + self.for_ms }
    }

    fn sleep_millis(&self, _: u64) -> PortFuture<'_, ()> {
        ready(())
    }
}

#[tokio::test]
async fn a_refund_is_not_sent_long_after_it_was_said_to_be() {
    for (for_ms, is_sent) in [(0, true), (10_000, true), (10_001, false), (600_000, false)] {
        let (order, no) = refunding(40);
        let mut gateway = MockGateway::new();
        let fact = refund_fact(&order, &no, Some(RefundProgress::Processing));
        gateway
            .expect_refund()
            .times(usize::from(is_sent))
            .returning(move |_| ready(Ok(fact.clone())));
        let (orders, life) = living(order);
        let mut desk = desk(orders, gateway, now());
        desk.clock = Arc::new(Slept { for_ms, asked: AtomicU64::new(0) });
        let finish = desk.follow_refund(&no, &job(&no, 1)).await.unwrap();
        assert!(matches!(finish, Finish::Again(at) if at > now()), "{finish:?}");
        let life = life.lock().unwrap();
        let state = &life.order.refunds[0].state;
        assert_eq!(matches!(state, RefundState::Sending), !is_sent, "{for_ms} ms: {state:?}");
    }
}

/// Whoever comes next cannot know that nothing was sent: they ask first.
#[tokio::test]
async fn what_was_not_sent_for_being_late_is_asked_about_and_then_sent() {
    let (order, no) = refunding(40);
    let mut gateway = MockGateway::new();
    let (none, fact) = (
        refund_fact(&order, &no, None),
        refund_fact(&order, &no, Some(RefundProgress::Processing)),
    );
    gateway.expect_query_refund().times(1).return_once(move |_| ready(Ok(none)));
    gateway.expect_refund().times(1).return_once(move |_| ready(Ok(fact)));
    let (orders, life) = living(order);
    let mut desk = desk(orders, gateway, now());
    desk.clock = Arc::new(Slept { for_ms: 60_000, asked: AtomicU64::new(0) });
    desk.follow_refund(&no, &job(&no, 1)).await.unwrap();
    desk.follow_refund(&no, &job(&no, 2)).await.unwrap();
    let state = life.lock().unwrap().order.refunds[0].state.clone();
    assert!(matches!(state, RefundState::Processing { .. }), "{state:?}");
}
