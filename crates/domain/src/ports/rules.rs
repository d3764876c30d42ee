//! What the merchant has set for the whole shop.

use super::PortFuture;
use super::order_store::StoreError;
use super::shop::PutAnswer;
use crate::Timestamp;
use crate::changeset::Audit;
use crate::delivery::DeliveryRules;
use crate::recharge::{PackageId, RechargePackage};

/// The shop's rules.
pub trait ShopRules: Send + Sync {
    /// The delivery rules; those of version 0 when none were ever set.
    fn delivery_rules(&self) -> PortFuture<'_, Result<RulesInForce, StoreError>>;

    /// Sets the delivery rules for every price from now on; writes an audit row. Orders that are
    /// placed keep what they were priced with.
    ///
    /// # Contract
    /// With `expected` the version must equal it; without, none may have been set before.
    fn put_delivery_rules<'a>(
        &'a self,
        rules: &'a DeliveryRules,
        expected: Option<u64>,
        audit: &'a Audit,
        now: Timestamp,
    ) -> PortFuture<'a, Result<PutAnswer<RulesInForce>, StoreError>>;
}

/// What can be bought ahead.
pub trait Packages: Send + Sync {
    /// Every recharge package, by id; at most [`PACKAGES_MAX`].
    fn packages(&self) -> PortFuture<'_, Result<Vec<RechargePackage>, StoreError>>;

    /// One package.
    fn package<'a>(
        &'a self,
        id: &'a PackageId,
    ) -> PortFuture<'a, Result<Option<RechargePackage>, StoreError>>;

    /// Creates or changes a package; writes an audit row. What was bought keeps what it was bought with.
    ///
    /// # Contract
    /// With `expected` the version must equal it; without, the package must not exist. The version of
    /// `package` is not looked at; its time is the one that is kept.
    fn put_package<'a>(
        &'a self,
        package: &'a RechargePackage,
        expected: Option<u64>,
        audit: &'a Audit,
    ) -> PortFuture<'a, Result<PutAnswer<RechargePackage>, StoreError>>;
}

/// The most packages that are listed.
pub const PACKAGES_MAX: usize = 100;

/// Delivery rules with their version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RulesInForce {
    /// 0 before any were set; rises with each change.
    pub version: u64,
    /// What they say.
    pub rules: DeliveryRules,
}
