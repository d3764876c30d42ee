//! A database that has lost acknowledged commits (a promotion, a restored dump) begins another
//! epoch. Whatever is not at its end is asked about again then (product ruling 20), once: that it
//! was is a commit of that life, so that processes which all began anew know it, too.

#[cfg(test)]
mod tests;

use crate::transact::Landed;
use crate::{Paydesk, TransactError};
use domain::changeset::{Audit, Changeset, Intent};
use domain::ports::StoreError;
use domain::{CommandId, Epoch};
use std::sync::{Mutex, PoisonError};

/// Which life of the database was seen last. One per process.
#[derive(Debug, Default)]
pub struct Epochs {
    last: Mutex<Option<Epoch>>,
}

impl Epochs {
    /// The name of the commit by which a life knows that everything was asked about in it.
    #[must_use]
    pub fn seen(life: &Epoch) -> CommandId {
        CommandId::of_step("epoch", life.as_str(), 0)
    }

    fn last(&self) -> Option<Epoch> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn remember(&self, life: Epoch) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(life);
    }
}

impl Paydesk {
    /// Looks which life of the database this is. In one that nobody has seen yet everything that
    /// is not at its end is due at once.
    ///
    /// # Errors
    /// When the store cannot be used; then it is looked again.
    pub async fn watch_epoch(&self) -> Result<(), StoreError> {
        let life = self.orders.epoch().await?;
        let last = self.epochs.last();
        if last.as_ref() == Some(&life) {
            return Ok(());
        }
        if !self.orders.committed(&Epochs::seen(&life)).await? {
            let roused = self.jobs.rouse(self.clock.now()).await?;
            if last.is_some() || roused > 0 {
                tracing::error!(before = last.as_ref().map_or("", Epoch::as_str), now = %life, roused,
                    "epoch.moved: the database may have lost commits; everything is asked for again");
            }
            self.note(&life).await?;
        }
        self.epochs.remember(life);
        Ok(())
    }

    /// After it was done: who dies between does it again, which harms nobody.
    async fn note(&self, life: &Epoch) -> Result<(), StoreError> {
        let intent = Intent {
            command_id: Epochs::seen(life),
            audit: Audit {
                actor: "scheduler".to_owned(),
                cause: format!("epoch {life} began"),
                request_id: None,
            },
            inbox: None,
            fence: None,
            replay: None,
        };
        let noted = Changeset::without_order(intent, self.clock.now()).decided_in(life);
        match self.commit(noted).await {
            Ok(Landed::Now | Landed::Before) => Ok(()),
            Ok(Landed::Not(_) | Landed::Refused(_)) => {
                Err(StoreError::Unavailable("the epoch moved again".to_owned()))
            }
            Err(TransactError::Store(error)) => Err(error),
            Err(other) => Err(StoreError::Unavailable(other.to_string())),
        }
    }
}
