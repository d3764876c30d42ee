//! Points that a merchant's backend spends for a buyer.

#[cfg(test)]
mod tests;

use crate::transact::Landed;
use crate::{Keyed, Paydesk, TransactError};
use domain::UserId;
use domain::changeset::{Audit, Changeset, Refusal};
use domain::ledger::{Account, BuyerAccount, House, Transfer, TransferKind, Unit};
use domain::ports::{EntryRecord, StoreError};

/// How often a commit is tried.
const TRIES_MAX: u32 = 8;

/// Points to be spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spending {
    /// Whose.
    pub buyer: UserId,
    /// How many, at least 1.
    pub points: i64,
    /// Who says so and why.
    pub audit: Audit,
}

/// Points that were spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    /// The entry of the buyer's account.
    pub entry: EntryRecord,
    /// Whether this key had spent them before.
    pub replayed: bool,
}

/// Why points are not spent. Nothing changed.
#[derive(Debug, thiserror::Error)]
pub enum SpendError {
    /// There is no such buyer.
    #[error("no such buyer")]
    NotFound,
    /// The buyer has fewer.
    #[error("too few points")]
    TooFew,
    /// The key was used for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The store cannot be used, or too many races were lost.
    #[error(transparent)]
    Transact(#[from] TransactError),
}

impl From<StoreError> for SpendError {
    fn from(error: StoreError) -> SpendError {
        SpendError::Transact(error.into())
    }
}

impl Paydesk {
    /// Spends points, once per key.
    ///
    /// # Errors
    /// See [`SpendError`]; a refusal has no effect.
    pub async fn spend_points(
        &self,
        spending: &Spending,
        keyed: &Keyed,
    ) -> Result<Spent, SpendError> {
        // Named by the key, which is one of this buyer's route: the same request moves the same points,
        // however often it is sent, and the same key for another buyer is another request.
        let Keyed { scope, .. } = keyed;
        let name = format!("spend:{}:{}:{}", spending.buyer, scope.principal, scope.key);
        if let Some(spent) = self.spent(spending, &name, keyed).await? {
            return Ok(spent);
        }
        match self.try_spend(spending, &name, keyed).await {
            Ok(spent) => Ok(spent),
            // A twin of this very request may have taken what is missing.
            Err(error) => self.spent(spending, &name, keyed).await?.ok_or(error),
        }
    }

    /// Whether there is enough, the commit says: nothing that is read before it can.
    async fn try_spend(
        &self,
        spending: &Spending,
        name: &str,
        keyed: &Keyed,
    ) -> Result<Spent, SpendError> {
        if self.ledger.balances(spending.buyer).await?.is_none() {
            return Err(SpendError::NotFound);
        }
        let from = Account::Buyer(spending.buyer, BuyerAccount::Points);
        let to = Account::House(House::Sales, Unit::Points);
        let entries = [(from, spending.points.saturating_neg()), (to, spending.points)];
        let transfer = Transfer::new(name.to_owned(), TransferKind::Spend, &entries);
        let transfer = transfer.ok_or(SpendError::TooFew)?;
        for _ in 0..TRIES_MAX {
            let now = self.clock.now();
            let intent = keyed.intent(spending.audit.clone(), now);
            let mut changeset = Changeset::without_order(intent, now);
            changeset.transfers.push(transfer.clone());
            let replayed = match self.commit(changeset).await? {
                Landed::Now => false,
                // By a twin, or by this call and its answer was lost: the same to who asks.
                Landed::Before => true,
                Landed::Not(_) => continue,
                Landed::Refused(Refusal::Balance(_)) => return Err(SpendError::TooFew),
                Landed::Refused(refusal) => return Err(TransactError::Refused(refusal).into()),
            };
            let spent = self.spent(spending, name, keyed).await?;
            let unseen = || TransactError::Busy("what was spent is not to be seen".to_owned());
            return Ok(Spent { replayed, ..spent.ok_or_else(unseen)? });
        }
        Err(TransactError::Busy("the commit keeps being rolled back".to_owned()).into())
    }

    /// What this key has spent already.
    async fn spent(
        &self,
        spending: &Spending,
        name: &str,
        keyed: &Keyed,
    ) -> Result<Option<Spent>, SpendError> {
        let Some(record) = self.orders.replay(&keyed.scope).await? else { return Ok(None) };
        if record.fingerprint != keyed.fingerprint {
            return Err(SpendError::KeyReused);
        }
        let entry = self.ledger.entry(spending.buyer, BuyerAccount::Points, name).await?;
        Ok(entry.map(|entry| Spent { entry, replayed: true }))
    }
}
