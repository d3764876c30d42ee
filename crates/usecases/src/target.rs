//! Which order a command is about, and whose it must be. The one place where ownership is checked.

use crate::TransactError;
use domain::UserId;
use domain::order::Order;
use domain::ports::OrderKey;

/// An order, as somebody may name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Which.
    pub key: OrderKey,
    /// Whose it must be.
    pub owner: Owner,
    /// At which version it must still be, when the caller said so (`If-Match`).
    pub expected_version: Option<u64>,
}

/// Whose orders a caller can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Everybody's: operators and our own jobs.
    Anybody,
    /// This buyer's; another's does not exist.
    Buyer(UserId),
}

impl Target {
    /// Any order, for operators and our own jobs.
    #[must_use]
    pub fn anybodys(key: OrderKey) -> Target {
        Target { key, owner: Owner::Anybody, expected_version: None }
    }

    /// An order of this buyer.
    #[must_use]
    pub fn of_buyer(buyer: UserId, key: OrderKey) -> Target {
        Target { key, owner: Owner::Buyer(buyer), expected_version: None }
    }

    /// Whether `order` may be shown to the caller.
    pub(crate) fn shows(&self, order: &Order) -> bool {
        match self.owner {
            Owner::Anybody => true,
            Owner::Buyer(buyer) => order.buyer == Some(buyer),
        }
    }

    /// Whether the caller means `order` as it is now.
    pub(crate) fn admits(&self, order: &Order) -> Result<(), TransactError> {
        if !self.shows(order) {
            return Err(TransactError::NotFound);
        }
        match self.expected_version {
            Some(expected) if expected != order.version => Err(TransactError::VersionMoved),
            Some(_) | None => Ok(()),
        }
    }
}
