//! What the merchant has set for the whole shop.

use crate::MemoryStore;
use crate::state::State;
use domain::Timestamp;
use domain::changeset::Audit;
use domain::delivery::DeliveryRules;
use domain::ports::{
    PACKAGES_MAX, Packages, PortFuture, PutAnswer, RulesInForce, ShopRules, StoreError,
};
use domain::recharge::{PackageId, RechargePackage};
use std::future::ready;

impl ShopRules for MemoryStore {
    fn delivery_rules(&self) -> PortFuture<'_, Result<RulesInForce, StoreError>> {
        Box::pin(ready(self.state().map(|state| state.rules_in_force())))
    }

    fn put_delivery_rules<'a>(
        &'a self,
        rules: &'a DeliveryRules,
        expected: Option<u64>,
        audit: &'a Audit,
        _now: Timestamp,
    ) -> PortFuture<'a, Result<PutAnswer<RulesInForce>, StoreError>> {
        Box::pin(async move {
            Ok(self.state()?.written(|state| state.put_delivery_rules(rules, expected, audit)))
        })
    }
}

impl Packages for MemoryStore {
    fn packages(&self) -> PortFuture<'_, Result<Vec<RechargePackage>, StoreError>> {
        let every = |state: std::sync::MutexGuard<'_, State>| {
            state.packages.values().take(PACKAGES_MAX).cloned().collect()
        };
        Box::pin(ready(self.state().map(every)))
    }

    fn package<'a>(
        &'a self,
        id: &'a PackageId,
    ) -> PortFuture<'a, Result<Option<RechargePackage>, StoreError>> {
        Box::pin(ready(self.state().map(|state| state.packages.get(id).cloned())))
    }

    fn put_package<'a>(
        &'a self,
        package: &'a RechargePackage,
        expected: Option<u64>,
        audit: &'a Audit,
    ) -> PortFuture<'a, Result<PutAnswer<RechargePackage>, StoreError>> {
        Box::pin(async move {
            Ok(self.state()?.written(|state| state.put_package(package, expected, audit)))
        })
    }
}

impl State {
    fn put_package(
        &mut self,
        package: &RechargePackage,
        expected: Option<u64>,
        audit: &Audit,
    ) -> PutAnswer<RechargePackage> {
        let known = self.packages.get(&package.id).map(|known| known.version);
        match (known, expected) {
            (None, None) => {}
            (Some(known), Some(expected)) if known == expected => {}
            (Some(_), _) => return PutAnswer::VersionMoved,
            (None, Some(_)) => return PutAnswer::NotFound,
        }
        let version = known.unwrap_or(0).saturating_add(1);
        let set = RechargePackage { version, ..package.clone() };
        self.packages.put(set.id.clone(), set.clone());
        self.audit.push((None, 0, audit.clone()));
        if known.is_none() { PutAnswer::Created(set) } else { PutAnswer::Changed(set) }
    }

    pub(crate) fn rules_in_force(&self) -> RulesInForce {
        self.delivery_rules.get(&()).cloned().unwrap_or_default()
    }

    fn put_delivery_rules(
        &mut self,
        rules: &DeliveryRules,
        expected: Option<u64>,
        audit: &Audit,
    ) -> PutAnswer<RulesInForce> {
        let known = self.delivery_rules.get(&()).map(|known| known.version);
        match (known, expected) {
            (None, None) => {}
            (Some(known), Some(expected)) if known == expected => {}
            (Some(_), _) => return PutAnswer::VersionMoved,
            (None, Some(_)) => return PutAnswer::NotFound,
        }
        let version = known.unwrap_or(0).saturating_add(1);
        let set = RulesInForce { version, rules: rules.clone() };
        self.delivery_rules.put((), set.clone());
        self.audit.push((None, 0, audit.clone()));
        if known.is_none() { PutAnswer::Created(set) } else { PutAnswer::Changed(set) }
    }
}
