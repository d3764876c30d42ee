//! An operator wants to know now: WeChat Pay is asked, and its answer goes the one way of all facts.

#[cfg(test)]
mod tests;

use crate::query_budget::Urgency;
use crate::{Paydesk, Target, TransactError};
use domain::changeset::{Audit, Intent};
use domain::order::{Command, Order};
use domain::ports::{OrderKey, StoreError};
use domain::{CommandId, OutTradeNo};

/// Why nothing was learnt.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// No order of ours has this number.
    #[error("no such payment")]
    NotFound,
    /// WeChat Pay gave no answer that can be used, or is asked too often.
    #[error("WeChat Pay gave no answer")]
    Unheard,
    /// The answer could not be recorded.
    #[error(transparent)]
    Transact(#[from] TransactError),
}

impl From<StoreError> for SyncError {
    fn from(error: StoreError) -> SyncError {
        SyncError::Transact(error.into())
    }
}

impl Paydesk {
    /// Asks WeChat Pay about a payment now, whatever its state, and records what it says. Answers
    /// the order as it is then.
    ///
    /// # Errors
    /// See [`SyncError`].
    pub async fn sync_payment(
        &self,
        out_trade_no: &OutTradeNo,
        audit: Audit,
    ) -> Result<Order, SyncError> {
        let key = OrderKey::OutTradeNo(out_trade_no.clone());
        let found = self.orders.load(&key).await?.ok_or(SyncError::NotFound)?;
        if self.query_budget.take(Urgency::ClientWaiting, self.clock.real()).is_err() {
            return Err(SyncError::Unheard);
        }
        let Ok(heard) = self.query(out_trade_no, &found.epoch).await else {
            return Err(SyncError::Unheard);
        };
        let intent = Intent {
            command_id: CommandId::of_step("sync", out_trade_no.as_str(), self.ids.call()),
            audit,
            inbox: None,
            fence: None,
            replay: None,
        };
        let command = Command::RecordFact(heard);
        Ok(self.transact(&Target::anybodys(key), &command, &intent).await?.order)
    }
}
