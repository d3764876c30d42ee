//! Wakes the scheduler when a commit of this process promised work for a time at which it would still
//! sleep. A hint: work promised elsewhere is found by looking.

use domain::Timestamp;
use domain::ports::{Committed, EventSink};
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::sync::Notify;

/// Rings when there may be work.
#[derive(Debug)]
pub struct Alarm {
    notify: Notify,
    /// When the scheduler looks anyway, in microseconds: what is due then or later is no reason to wake it.
    looks_at: AtomicI64,
}

impl Default for Alarm {
    fn default() -> Alarm {
        Alarm { notify: Notify::new(), looks_at: AtomicI64::new(i64::MAX) }
    }
}

impl Alarm {
    /// Waits until it rings; a ring that nobody waited for is kept.
    pub(crate) async fn rung(&self) {
        self.notify.notified().await;
    }

    /// Rings for all work from now on: to be said before the scheduler looks when the next is due.
    pub(crate) fn for_all(&self) {
        self.looks_at.store(i64::MAX, Ordering::SeqCst);
    }

    /// Rings for what is due before `time` alone: the scheduler looks then.
    pub(crate) fn for_what_is_due_before(&self, time: Timestamp) {
        self.looks_at.store(time.micros(), Ordering::SeqCst);
    }
}

impl EventSink for Alarm {
    fn committed(&self, committed: &Committed) {
        let looks_at = self.looks_at.load(Ordering::SeqCst);
        if committed.next_due.is_some_and(|due| due.micros() < looks_at) {
            self.notify.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::sample;
    use tokio::time::{Duration, timeout};

    fn promised(due_s: i64) -> Committed {
        let next_due = Some(Timestamp::from_micros(0).plus_seconds(due_s));
        let order = sample::placement(1, sample::user(1), &[(&sample::sku("tea", 1, 1), 1)]).id;
        Committed { order, version: 1, next_due }
    }

    async fn rings(alarm: &Alarm) -> bool {
        timeout(Duration::from_millis(20), alarm.rung()).await.is_ok()
    }

    #[tokio::test]
    async fn it_rings_for_what_is_due_before_the_next_look_alone() {
        let alarm = Alarm::default();
        alarm.committed(&promised(900));
        assert!(rings(&alarm).await, "nobody has said when they look");
        alarm.for_what_is_due_before(Timestamp::from_micros(0).plus_seconds(10));
        alarm.committed(&promised(900));
        alarm.committed(&promised(10));
        assert!(!rings(&alarm).await, "the next look is in time for it");
        alarm.committed(&promised(9));
        assert!(rings(&alarm).await);
        alarm.for_all();
        alarm.committed(&promised(900));
        assert!(rings(&alarm).await);
    }
}
