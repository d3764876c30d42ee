//! Wakes requests that wait for an order to change.
//!
//! May only hint: it hears of this process's commits alone, so whoever waits also looks by
//! itself from time to time. Holds one entry per order that somebody waits for, never more than
//! [`WAITED_MAX`].

use domain::OrderId;
use domain::ports::{Committed, EventSink};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// The most orders that are waited for with a bell; who comes later only looks by itself.
const WAITED_MAX: usize = 20_000;

/// A bell per order.
#[derive(Debug, Default)]
pub struct ChangeBell {
    waited: Mutex<BTreeMap<OrderId, Arc<Notify>>>,
}

/// Somebody who waits for one order.
pub(crate) struct Listener {
    bell: Arc<ChangeBell>,
    order: OrderId,
    notify: Arc<Notify>,
}

impl ChangeBell {
    /// A bell that nobody waits for.
    #[must_use]
    pub fn new() -> ChangeBell {
        ChangeBell::default()
    }

    /// Begins to listen. Whatever is committed from now on is heard by
    /// [`Listener::next`], if that was called before.
    pub(crate) fn listen(self: &Arc<Self>, order: OrderId) -> Listener {
        let mut waited = self.waited();
        let notify = match waited.get(&order) {
            Some(notify) => Arc::clone(notify),
            None => {
                let notify = Arc::new(Notify::new());
                if waited.len() < WAITED_MAX {
                    waited.insert(order, Arc::clone(&notify));
                }
                notify
            }
        };
        drop(waited);
        Listener { bell: Arc::clone(self), order, notify }
    }

    fn waited(&self) -> MutexGuard<'_, BTreeMap<OrderId, Arc<Notify>>> {
        // Nothing panics while it is held; if something did, a map of bells is still a map.
        self.waited.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventSink for ChangeBell {
    fn committed(&self, committed: &Committed) {
        let notify = self.waited().get(&committed.order).cloned();
        if let Some(notify) = notify {
            notify.notify_waiters();
        }
    }
}

impl Listener {
    /// The next ring after this call, even if it comes before the answer is awaited.
    pub(crate) fn next(&self) -> Notified<'_> {
        self.notify.notified()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut waited = self.bell.waited();
        // Ours and the map's: nobody else waits. Only under this lock are more made.
        if Arc::strong_count(&self.notify) <= 2
            && waited.get(&self.order).is_some_and(|held| Arc::ptr_eq(held, &self.notify))
        {
            waited.remove(&self.order);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn order(n: u128) -> OrderId {
        OrderId::new(Uuid::from_u128(n))
    }

    fn commit(n: u128) -> Committed {
        Committed { order: order(n), version: 2, next_due: None }
    }

    #[tokio::test]
    async fn a_ring_between_listening_and_waiting_is_heard() {
        let bell = Arc::new(ChangeBell::new());
        let listener = bell.listen(order(1));
        let next = listener.next();
        bell.committed(&commit(1));
        next.await;
    }

    #[tokio::test]
    async fn every_listener_of_the_order_is_woken_and_no_other() {
        let bell = Arc::new(ChangeBell::new());
        let (one, two, other) =
            (bell.listen(order(1)), bell.listen(order(1)), bell.listen(order(2)));
        let (a, b) = (one.next(), two.next());
        let mut c = core::pin::pin!(other.next());
        bell.committed(&commit(1));
        a.await;
        b.await;
        assert!(!c.as_mut().enable());
    }

    #[test]
    fn who_stops_listening_leaves_nothing_behind() {
        let bell = Arc::new(ChangeBell::new());
        let (one, two) = (bell.listen(order(1)), bell.listen(order(1)));
        drop(one);
        assert_eq!(bell.waited().len(), 1);
        drop(two);
        assert_eq!(bell.waited().len(), 0);
    }
}
