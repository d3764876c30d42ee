//! When workers that rest will look for work again.
//!
//! Production looks every few seconds. A look that finds nothing changes nothing, and most of a world's time
//! is such time: so a worker that rests skips the looks that would find nothing, and whoever changes what
//! there is to do has those think again who would look too late.

use crate::actors::at_once;
use crate::kernel::Bell;
use crate::time::micros;
use crate::world::World;
use domain::Timestamp;
use domain::ports::JobQueue as _;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Who rests for longer than from one look to the next: by the number of the node.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    resting: Mutex<BTreeMap<u32, Resting>>,
}

#[derive(Debug)]
struct Resting {
    /// Of the kernel's clock, in microseconds.
    until: i64,
    bell: Arc<Bell>,
}

impl Looks {
    /// A node's worker looks again at `until`.
    pub(super) fn rests(&self, node: u32, until: i64, bell: &Arc<Bell>) {
        let bell = Arc::clone(bell);
        self.resting().insert(node, Resting { until, bell });
    }

    /// Has everybody think again who would look after `at`.
    fn wake_after(&self, at: i64) {
        let mut late = Vec::new();
        self.resting().retain(|_, resting| {
            let is_late = resting.until > at;
            if is_late {
                late.push(Arc::clone(&resting.bell));
            }
            !is_late
        });
        late.iter().for_each(|bell| bell.nudge());
    }

    fn resting(&self) -> MutexGuard<'_, BTreeMap<u32, Resting>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl World {
    /// When the next job is due that nobody has in hand.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        at_once(self.store.next_due()).and_then(Result::ok).flatten()
    }

    /// When there may be something to claim: at any time where somebody has a job in hand, and may let it go.
    pub(super) fn next_work(&self) -> Option<Timestamp> {
        if self.store.has_leases().unwrap_or(true) {
            Some(Timestamp::from_micros(0))
        } else {
            self.next_due()
        }
    }

    /// What there is to do may have changed.
    pub(crate) fn tell_of_work(&self) {
        if self.looks.resting().is_empty() {
            return;
        }
        if let Some(due) = self.next_work() {
            let ahead = self.store_time.ahead();
            self.looks.wake_after(micros(due).saturating_sub(ahead).max(self.kernel.now()));
        }
    }
}
