//! A database that has lost acknowledged commits (a promotion, a restored dump) begins another
//! epoch. Whatever is not at its end is asked about again then (product ruling 20).

#[cfg(test)]
mod tests;

use crate::Paydesk;
use domain::Epoch;
use domain::ports::StoreError;
use std::sync::{Mutex, PoisonError};

/// Which life of the database was seen last. One per process.
#[derive(Debug, Default)]
pub struct Epochs {
    last: Mutex<Option<Epoch>>,
}

impl Epochs {
    /// The epoch before, if `now` is another one.
    fn moved_from(&self, now: &Epoch) -> Option<Epoch> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone().filter(|last| last != now)
    }

    fn remember(&self, now: Epoch) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }
}

impl Paydesk {
    /// Looks which life of the database this is. In another one than before everything that is not
    /// at its end is due at once. A process that begins remembers only: which one it has missed
    /// stands with each payment, and settles nothing unasked.
    ///
    /// # Errors
    /// When the store cannot be used; then it is looked again.
    pub async fn watch_epoch(&self) -> Result<(), StoreError> {
        let now = self.orders.epoch().await?;
        if let Some(before) = self.epochs.moved_from(&now) {
            let roused = self.jobs.rouse(self.clock.now()).await?;
            tracing::error!(before = %before, now = %now, roused,
                "epoch.moved: the database may have lost commits; everything is asked for again");
        }
        self.epochs.remember(now);
        Ok(())
    }
}
