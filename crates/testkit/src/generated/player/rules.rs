//! What the merchant sets for the whole shop.

use super::Player;
use crate::conformance::ledger::package;
use crate::sample;
use domain::Fen;
use domain::delivery::DeliveryRules;
use domain::recharge::{Credit, PackageId, RechargePackage};

/// The version under which something is put: the one that is there, or another one.
fn expected(known: Option<u64>, stale: bool) -> Option<u64> {
    if stale { known.map_or(Some(1), |version| version.checked_sub(1)) } else { known }
}

impl Player<'_> {
    pub(super) async fn put_package(&mut self, which: u8, price: u8, stale: bool) {
        let ahead = package(Credit::Wallet, i64::from(price) * 100, i64::from(which));
        let id = PackageId::parse(&format!("ahead-{which}")).expect("an id");
        let known = self.stores.packages.package(&id).await.expect("a load");
        let ahead = RechargePackage { id, price: Fen::new(i64::from(price) * 100), ..ahead };
        let expected = expected(known.map(|known| known.version), stale);
        let audit = sample::audit("put");
        let put = self.stores.packages.put_package(&ahead, expected, &audit).await;
        self.answer("put package", &put);
        let all = self.stores.packages.packages().await;
        self.answer("packages", &all);
    }

    pub(super) async fn put_rules(&mut self, base: u8, stale: bool) {
        let known = self.stores.rules.delivery_rules().await.expect("a load").version;
        let expected = expected(Some(known).filter(|version| *version > 0), stale);
        let rules =
            DeliveryRules { base: Fen::new(i64::from(base) * 100), ..DeliveryRules::default() };
        let audit = sample::audit("put");
        let put = self.stores.rules.put_delivery_rules(&rules, expected, &audit, sample::start());
        let put = put.await;
        self.answer("put rules", &put);
    }
}
