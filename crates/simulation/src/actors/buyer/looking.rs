//! Buyers who look at what it costs before they order, and order what they were shown or nothing.

use super::Shopper;
use crate::actors::{at_once, dawdle};
use crate::node::{Ask, ask};
use crate::tape::Kind;
use domain::buyer::ItemId;
use domain::order::{Amounts, RechargePurchase};
use domain::ports::Packages as _;
use domain::recharge::PackageId;

impl Shopper {
    /// Where prices move, every other buyer has a look, and takes some time over it.
    pub(super) async fn look_at_the_price(&mut self, item: ItemId) {
        self.shown = None;
        if self.world.setup.office == 0 || self.world.draw(Kind::Shop, 2) == 0 {
            return;
        }
        let request = self.request_for(item, None, None);
        let quoted = ask(&self.world, Ask::Quote(Box::new(request))).await;
        let Some(amounts) = quoted.and_then(|said| said.quoted) else { return };
        dawdle(&self.world, 80).await;
        self.shown = Some((item, amounts));
    }

    /// What a line was shown to cost, where it was.
    pub(super) fn shown_of(&self, item: ItemId) -> Option<Amounts> {
        self.shown.filter(|(shown, _)| *shown == item).map(|(_, amounts)| amounts)
    }

    /// The version of a package, as it is shown before it is bought, and what it costs then.
    pub(super) async fn look_at_the_package(&self, id: &PackageId) -> Option<(u64, Amounts)> {
        if self.world.setup.office == 0 || self.world.draw(Kind::Shop, 2) == 0 {
            return None;
        }
        let known = at_once(self.world.store.package(id))?.ok()??;
        dawdle(&self.world, 80).await;
        Some((known.version, RechargePurchase::amounts(&known)))
    }
}
