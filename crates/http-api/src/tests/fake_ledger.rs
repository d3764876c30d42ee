//! What can be bought ahead, and what buyers have: as much as the API can see.

use super::fake::{Fake, ready};
use domain::changeset::Audit;
use domain::ledger::{Balances, BuyerAccount, TransferKind};
use domain::ports::*;
use domain::recharge::{PackageId, RechargePackage};
use domain::{Timestamp, UserId};

impl Packages for Fake {
    fn packages(&self) -> PortFuture<'_, Result<Vec<RechargePackage>, StoreError>> {
        ready(self.up().map(|inner| inner.packages.values().cloned().collect()))
    }

    fn package<'a>(
        &'a self,
        id: &'a PackageId,
    ) -> PortFuture<'a, Result<Option<RechargePackage>, StoreError>> {
        ready(self.up().map(|inner| inner.packages.get(id).cloned()))
    }

    fn put_package<'a>(
        &'a self,
        package: &'a RechargePackage,
        expected: Option<u64>,
        _audit: &'a Audit,
    ) -> PortFuture<'a, Result<PutAnswer<RechargePackage>, StoreError>> {
        ready(self.up().map(|mut inner| {
            let known = inner.packages.get(&package.id).map(|known| known.version);
            if known != expected {
                return if known.is_some() { PutAnswer::VersionMoved } else { PutAnswer::NotFound };
            }
            let set = RechargePackage { version: known.unwrap_or(0) + 1, ..package.clone() };
            inner.packages.insert(set.id.clone(), set.clone());
            if known.is_none() { PutAnswer::Created(set) } else { PutAnswer::Changed(set) }
        }))
    }
}

impl Ledger for Fake {
    fn balances(&self, buyer: UserId) -> PortFuture<'_, Result<Option<Balances>, StoreError>> {
        ready(self.up().map(|inner| {
            let is_known = inner.sessions.values().any(|session| session.buyer == buyer);
            is_known.then_some(inner.balances)
        }))
    }

    fn entry<'a>(
        &'a self,
        _buyer: UserId,
        _account: BuyerAccount,
        _transfer: &'a str,
    ) -> PortFuture<'a, Result<Option<EntryRecord>, StoreError>> {
        ready(self.up().map(|inner| {
            Some(EntryRecord {
                seq: 1,
                kind: TransferKind::Spend,
                amount: -1,
                balance_after: inner.balances.points,
                order: None,
                created_at: Timestamp::from_seconds(inner.now_s),
            })
        }))
    }

    fn entries<'a>(
        &'a self,
        _query: &'a EntryList,
    ) -> PortFuture<'a, Result<EntryListing, StoreError>> {
        ready(self.up().map(|_| EntryListing { entries: Vec::new(), more: false }))
    }

    fn trial_balance(&self) -> PortFuture<'_, Result<TrialBalance, StoreError>> {
        ready(self.up().map(|_| TrialBalance::default()))
    }
}
