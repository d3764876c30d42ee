//! Mistakes that are made on purpose.

use std::sync::Arc;

use domain::names::{Appid, TransactionId};
use domain::ports::{PortFuture, ShippingError, ShippingManagement};
use domain::shipping_info::{ShippingInfo, ShippingRecord};

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// A report that nobody answered is taken as told.
    SilenceMeansTold,
    /// Of several packages the newest alone is told.
    TellsTheNewestAlone,
    /// Every report says that nothing is left to be sent.
    SaysThatItIsAll,
}

impl Mistake {
    pub(crate) const ALL: [Mistake; 3] =
        [Mistake::SilenceMeansTold, Mistake::TellsTheNewestAlone, Mistake::SaysThatItIsAll];

    /// The promise that it breaks.
    pub(crate) fn breaks(self) -> &'static str {
        match self {
            Mistake::SilenceMeansTold | Mistake::TellsTheNewestAlone => super::world::ALL_TOLD,
            Mistake::SaysThatItIsAll => super::world::NEVER_TWICE,
        }
    }
}

/// Shipping management as the mistake has it.
pub(crate) struct Mistaken {
    pub(crate) inner: Arc<dyn ShippingManagement>,
    pub(crate) mistake: Mistake,
}

impl ShippingManagement for Mistaken {
    fn appid(&self) -> &Appid {
        self.inner.appid()
    }

    fn is_managed(&self) -> PortFuture<'_, Result<bool, ShippingError>> {
        self.inner.is_managed()
    }

    fn tell<'a>(&'a self, info: &'a ShippingInfo) -> PortFuture<'a, Result<(), ShippingError>> {
        Box::pin(async move {
            let mut info = info.clone();
            info.is_all_delivered |= self.mistake == Mistake::SaysThatItIsAll;
            if self.mistake == Mistake::TellsTheNewestAlone {
                let older = info.packages.len().saturating_sub(1);
                info.packages.drain(..older);
            }
            match self.inner.tell(&info).await {
                Err(ShippingError::Later(_)) if self.mistake == Mistake::SilenceMeansTold => Ok(()),
                told => told,
            }
        })
    }

    fn record<'a>(
        &'a self,
        transaction_id: &'a TransactionId,
    ) -> PortFuture<'a, Result<Option<ShippingRecord>, ShippingError>> {
        self.inner.record(transaction_id)
    }
}
