//! The merchant's own changes: to the catalogue, and to what holds for the whole shop.

#[cfg(test)]
mod tests;

use crate::Paydesk;
use domain::catalogue::{Sku, SkuDraft};
use domain::changeset::Audit;
use domain::coupon::CouponTerms;
use domain::delivery::DeliveryRules;
use domain::ports::{CouponInForce, PutAnswer, RulesInForce, StoreError};
use domain::recharge::RechargePackage;

/// Why something was not put.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// It exists and no version was given.
    #[error("it exists: say which version is to be changed")]
    VersionRequired,
    /// It is at another version.
    #[error("it changed meanwhile")]
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
    /// See [`PutError`].
    pub async fn put_sku(
        &self,
        draft: &SkuDraft,
        expected: Option<u64>,
        audit: &Audit,
    ) -> Result<(Sku, bool), PutError> {
        let answer = self.catalogue.put_sku(draft, expected, audit, self.clock.now()).await?;
        put(answer, expected)
    }

    /// Sets the delivery rules: for the first time (`expected` is `None`, or 0 as it was shown)
    /// or those at version `expected`. Answers them and whether they are the first.
    ///
    /// # Errors
    /// See [`PutError`].
    pub async fn put_delivery_rules(
        &self,
        rules: &DeliveryRules,
        expected: Option<u64>,
        audit: &Audit,
    ) -> Result<(RulesInForce, bool), PutError> {
        let expected = expected.filter(|version| *version > 0);
        let now = self.clock.now();
        put(self.rules.put_delivery_rules(rules, expected, audit, now).await?, expected)
    }

    /// Creates a recharge package (`expected` is `None`) or changes the one at version `expected`.
    /// Answers it and whether it is new.
    ///
    /// # Errors
    /// See [`PutError`].
    pub async fn put_package(
        &self,
        package: &RechargePackage,
        expected: Option<u64>,
        audit: &Audit,
    ) -> Result<(RechargePackage, bool), PutError> {
        put(self.packages.put_package(package, expected, audit).await?, expected)
    }

    /// Creates a coupon (`expected` is `None`) or changes the one at version `expected`, also for
    /// those who have it in their hands. Answers the coupon and whether it is new.
    ///
    /// # Errors
    /// See [`PutError`].
    pub async fn put_coupon(
        &self,
        terms: &CouponTerms,
        expected: Option<u64>,
        audit: &Audit,
    ) -> Result<(CouponInForce, bool), PutError> {
        let answer = self.coupons.put_coupon(terms, expected, audit, self.clock.now()).await?;
        put(answer, expected)
    }
}

fn put<T>(answer: PutAnswer<T>, expected: Option<u64>) -> Result<(T, bool), PutError> {
    match answer {
        PutAnswer::Created(put) => Ok((put, true)),
        PutAnswer::Changed(put) => Ok((put, false)),
        PutAnswer::VersionMoved if expected.is_none() => Err(PutError::VersionRequired),
        PutAnswer::VersionMoved | PutAnswer::NotFound => Err(PutError::VersionMoved),
    }
}
