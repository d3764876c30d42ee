//! The merchant's own changes to the catalogue.

#[cfg(test)]
mod tests;

use crate::Paydesk;
use domain::catalogue::{Sku, SkuDraft};
use domain::changeset::Audit;
use domain::ports::{PutAnswer, StoreError};

/// Why a SKU was not put.
#[derive(Debug, thiserror::Error)]
pub enum PutSkuError {
    /// It exists and no version was given.
    #[error("the SKU exists: say which version is to be changed")]
    VersionRequired,
    /// It is at another version.
    #[error("the SKU changed meanwhile")]
    VersionMoved,
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Paydesk {
    /// Creates a SKU (`expected` is `None`) or changes the one at version `expected`. Answers
    /// the SKU and whether it is new.
    ///
    /// # Errors
    /// See [`PutSkuError`].
    pub async fn put_sku(
        &self,
        draft: &SkuDraft,
        expected: Option<u64>,
        audit: &Audit,
    ) -> Result<(Sku, bool), PutSkuError> {
        match self.catalogue.put_sku(draft, expected, audit, self.clock.now()).await? {
            PutAnswer::Created(sku) => Ok((sku, true)),
            PutAnswer::Changed(sku) => Ok((sku, false)),
            PutAnswer::VersionMoved if expected.is_none() => Err(PutSkuError::VersionRequired),
            PutAnswer::VersionMoved | PutAnswer::NotFound => Err(PutSkuError::VersionMoved),
        }
    }
}
