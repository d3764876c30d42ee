//! Requests under an idempotency key: the same key leads to the same outcome, for ever.
//!
//! The key is committed with its effect, never before and never after it.

#[cfg(test)]
mod tests;

use crate::transact::{Effect, Transacted};
use crate::{Paydesk, Target, TransactError};
use domain::changeset::{Audit, Intent, ReplayRecord, ReplayScope};
use domain::order::{Command, Order};
use domain::ports::{OrderKey, StoreError};
use domain::{CommandId, Timestamp};

/// The idempotency key that a request came under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyed {
    /// Whose key, where.
    pub scope: ReplayScope,
    /// A hash of the request; the same key with another one is refused.
    pub fingerprint: String,
    /// The id of this very request, for audit and logs.
    pub request_id: String,
}

/// Something asked of an order that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// Of which.
    pub target: Target,
    /// Who asks and why, in the audit.
    pub audit: Audit,
    /// Under which key.
    pub keyed: Keyed,
}

/// How an action ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acted {
    /// It had its effect, or everything asked was so already.
    Done(Order),
    /// This key had its effect before; the order as it is now.
    Replayed(Order),
}

/// Why an action has no effect.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// The key was used for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The same request is being answered elsewhere.
    #[error("the same request is being answered")]
    InProgress,
    /// The order refuses, is not there, or the store cannot be used.
    #[error(transparent)]
    Transact(#[from] TransactError),
}

impl From<StoreError> for ActError {
    fn from(error: StoreError) -> ActError {
        ActError::Transact(error.into())
    }
}

impl Acted {
    /// The order as it is now.
    #[must_use]
    pub fn order(&self) -> &Order {
        match self {
            Acted::Done(order) | Acted::Replayed(order) => order,
        }
    }
}

impl Keyed {
    /// The record of this key. Which order it leads to is filled in with the effect.
    pub(crate) fn record(&self, now: Timestamp) -> ReplayRecord {
        ReplayRecord {
            scope: self.scope.clone(),
            fingerprint: self.fingerprint.clone(),
            order: None,
            payment: None,
            reused: false,
            recorded_at: now,
        }
    }

    /// What is done under this key.
    pub(crate) fn intent(&self, audit: Audit, now: Timestamp) -> Intent {
        Intent {
            command_id: CommandId::of_request(&self.scope),
            audit,
            inbox: None,
            fence: None,
            replay: Some(self.record(now)),
        }
    }
}

impl Paydesk {
    /// Does `command` as `action` says, once per key.
    ///
    /// # Errors
    /// See [`ActError`]; a refusal has no effect and is not kept.
    pub async fn act(&self, action: &Action, command: &Command) -> Result<Acted, ActError> {
        if let Some(order) = self.known(&action.keyed).await? {
            return Ok(Acted::Replayed(order));
        }
        let intent = action.keyed.intent(action.audit.clone(), self.clock.now());
        match self.transact(&action.target, command, &intent).await {
            Ok(Transacted { effect: Effect::Before, .. }) => {}
            Ok(transacted) => return Ok(Acted::Done(transacted.order)),
            // A twin of this very request may be what moved the order on.
            Err(error) => {
                let known = self.known(&action.keyed).await?;
                return known.map(Acted::Replayed).ok_or_else(|| error.into());
            }
        }
        match self.known(&action.keyed).await? {
            Some(order) => Ok(Acted::Replayed(order)),
            None => Err(ActError::InProgress),
        }
    }

    /// The order that this key led to, as it is now; `None` for a key that is new.
    async fn known(&self, keyed: &Keyed) -> Result<Option<Order>, ActError> {
        let Some(record) = self.orders.replay(&keyed.scope).await? else { return Ok(None) };
        let (true, Some(id)) = (record.fingerprint == keyed.fingerprint, record.order) else {
            return Err(ActError::KeyReused);
        };
        let found = self.orders.load(&OrderKey::Id(id)).await?;
        Ok(Some(found.ok_or(TransactError::NotFound)?.value))
    }

    /// The order of `target`, if the caller may see it.
    ///
    /// # Errors
    /// When the store cannot be used.
    pub async fn find(&self, target: &Target) -> Result<Option<Order>, StoreError> {
        let found = self.orders.load(&target.key).await?.map(|loaded| loaded.value);
        Ok(found.filter(|order| target.shows(order)))
    }
}
