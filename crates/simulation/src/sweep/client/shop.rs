//! What a client is shown before it orders, and what the back office sets meanwhile.

use super::Client;
use crate::actors::{at_once, offers, office};
use crate::node::{Ask, Setting};
use domain::Fen;
use domain::buyer::ItemId;
use domain::catalogue::SkuId;
use domain::delivery::DeliveryRules;
use domain::order::{Amounts, RechargePurchase};
use domain::payment::TradeType;
use domain::ports::{Packages as _, ShopRules as _};
use domain::recharge::{PackageId, RechargePackage};

impl Client {
    /// What a line would cost.
    pub(in crate::sweep) async fn quote(&self, item: ItemId) -> Option<Amounts> {
        let request = self.wish(item, None, None);
        self.insist(Ask::Quote(Box::new(request))).await?.quoted
    }

    /// What checks a line out for what was shown, or not at all, under a new key.
    pub(in crate::sweep) fn checkout_as_shown(&mut self, item: ItemId, shown: Amounts) -> Ask {
        let mut asked = self.checkout(item, Some(TradeType::Jsapi));
        if let Ask::CheckOut(request, keyed) = &mut asked {
            request.expected_total = Some(shown.total);
            keyed.fingerprint.push_str(&format!(" for {}", shown.total));
            self.world.oracle.was_shown(&keyed.scope, shown);
        }
        asked
    }

    /// What buys a recharge as it is shown now, under a new key.
    pub(in crate::sweep) fn recharge_as_shown(&mut self, package: &str) -> Option<Ask> {
        let known = self.package(package)?;
        let mut asked = self.recharge(package)?;
        if let Ask::Recharge(request, keyed) = &mut asked {
            request.expected_version = Some(known.version);
            self.world.oracle.was_shown(&keyed.scope, RechargePurchase::amounts(&known));
        }
        Some(asked)
    }

    /// What gives a thing another price.
    pub(in crate::sweep) fn other_price(&self, sku: &str, fen: i64) -> Option<Ask> {
        office::reprice(&self.world, &SkuId::parse(sku)?, fen)
    }

    /// What has delivery cost something else.
    pub(in crate::sweep) fn other_fees(&self) -> Ask {
        let known = at_once(self.world.store.delivery_rules()).and_then(Result::ok);
        let version = known.map(|known| known.version).filter(|version| *version > 0);
        let rules = offers::rules_after(DeliveryRules::NONE);
        Ask::Set(Box::new(Setting::Rules(rules, version)), office::audit("put rules"))
    }

    /// What has a package cost something else.
    pub(in crate::sweep) fn other_package(&self, package: &str, fen: i64) -> Option<Ask> {
        let known = self.package(package)?;
        let seen = Some(known.version);
        let package = RechargePackage { price: Fen::new(fen), ..known };
        Some(Ask::Set(Box::new(Setting::Package(package, seen)), office::audit("put package")))
    }

    /// What moves the stock of a thing by hand, under this key.
    pub(in crate::sweep) fn stock(&self, sku: &str, delta: i64, key: &str) -> Option<Ask> {
        office::moving(sku, delta, key)
    }

    fn package(&self, package: &str) -> Option<RechargePackage> {
        at_once(self.world.store.package(&PackageId::parse(package)?))?.ok()?
    }
}
