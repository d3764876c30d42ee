//! Wakes the scheduler when a commit of this process promised work. A hint: work promised
//! elsewhere is found by looking.

use domain::ports::{Committed, EventSink};
use tokio::sync::Notify;

/// Rings when there may be work.
#[derive(Debug, Default)]
pub struct Alarm {
    notify: Notify,
}

impl Alarm {
    /// Waits until it rings; a ring that nobody waited for is kept.
    pub(crate) async fn rung(&self) {
        self.notify.notified().await;
    }
}

impl EventSink for Alarm {
    fn committed(&self, committed: &Committed) {
        if committed.next_due.is_some() {
            self.notify.notify_one();
        }
    }
}
