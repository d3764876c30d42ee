//! The catalogue, coupons, and what buyers keep.

use super::{Player, SKUS, at, pick};
use crate::conformance::coupons::terms;
use crate::generated::ops::WithCoupon;
use crate::sample;
use domain::Fen;
use domain::buyer::{ItemId, NewItem, Selection};
use domain::catalogue::{Sku, SkuDraft};
use domain::coupon::{CouponId, CouponTerms, GrantId};
use domain::order::PricedCoupon;
use domain::ports::{CouponIssue, StockChange};
use domain::pricing::{Breakdown, PricingInput, price};

impl Player<'_> {
    pub(super) async fn put_sku(&mut self, sku: u8, price: u8, stale: bool) {
        let id = SKUS[usize::from(sku) % SKUS.len()];
        let draft = SkuDraft { price: Fen::new(i64::from(price) * 100), ..sample::draft(id, 0) };
        let known =
            self.stores.catalogue.sku(&draft.id).await.unwrap().map(|sku| sku.price_version);
        let expected = if stale { known.map(|version| version + 1) } else { known };
        let audit = sample::audit("put");
        let put = self.stores.catalogue.put_sku(&draft, expected, &audit, sample::start()).await;
        self.answer("put sku", &put);
    }

    pub(super) async fn move_stock(&mut self, sku: u8, delta: i8, key: u8) {
        let change = StockChange {
            sku_id: sample::sku_id(SKUS[usize::from(sku) % SKUS.len()]),
            delta: i64::from(delta),
            reason: "count".to_owned(),
            audit: sample::audit("count"),
            replay: sample::replay(&format!("moved-{key}"), None),
        };
        let moved = self.stores.catalogue.move_stock(&change).await;
        self.answer("move stock", &moved);
    }

    pub(super) async fn add_item(&mut self, buyer: u8, sku: u8, quantity: u8) {
        let Some(buyer) = pick(&self.buyers, buyer).copied() else { return };
        let sku_id = sample::sku_id(SKUS[usize::from(sku) % SKUS.len()]);
        let item = NewItem { sku_id, quantity: u32::from(quantity) };
        let added = self.stores.book.add_item(buyer, item, 3).await;
        self.answer("add item", &added);
    }

    async fn item(&self, buyer: domain::UserId, which: u8) -> ItemId {
        let listed = self.stores.book.items(buyer).await.unwrap();
        pick(&listed, which).map_or(777, |item| item.id)
    }

    pub(super) async fn change_item(&mut self, buyer: u8, item: u8, quantity: u8) {
        let Some(buyer) = pick(&self.buyers, buyer).copied() else { return };
        let id = self.item(buyer, item).await;
        let changed = self.stores.book.change_item(buyer, id, u32::from(quantity)).await;
        self.answer("change item", &changed);
    }

    pub(super) async fn remove_item(&mut self, buyer: u8, item: u8) {
        let Some(buyer) = pick(&self.buyers, buyer).copied() else { return };
        let id = self.item(buyer, item).await;
        let removed = self.stores.book.remove_item(buyer, id).await;
        self.answer("remove item", &removed);
    }

    pub(super) async fn add_address(&mut self, buyer: u8, max: u8) {
        let Some(buyer) = pick(&self.buyers, buyer).copied() else { return };
        let added = self.stores.book.add_address(buyer, sample::address(), u32::from(max)).await;
        let id = added.map(|booked| booked.map(|booked| (booked.id, booked.version)));
        self.answer("add address", &id);
    }

    pub(super) async fn basis(&mut self, buyer: u8, only: Option<u8>, coupon: Option<u8>) {
        let Some(buyer) = pick(&self.buyers, buyer).copied() else { return };
        let selection = match only {
            Some(item) => Selection::Only(vec![self.item(buyer, item).await]),
            None => Selection::Everything,
        };
        let coupon = coupon.map(coupon_id);
        let basis = self.stores.book.checkout_basis(buyer, &selection, 1, coupon.as_ref()).await;
        let basis = basis.unwrap().value;
        self.answer("basis", &(basis.items, basis.address.is_some(), basis.coupon));
    }

    pub(super) async fn put_coupon(&mut self, coupon: u8, off: u8, stale: bool) {
        let id = coupon_id(coupon);
        let known = self.stores.coupons.coupon(&id).await.unwrap().map(|known| known.version);
        let expected = if stale { known.map(|version| version + 1) } else { known };
        // More than some goods cost; and from some goods on alone.
        let terms = CouponTerms {
            threshold: Fen::new(i64::from(off % 2) * 300),
            ..terms(id.as_str(), 1 + i64::from(off) * 150, 4)
        };
        let audit = sample::audit("put coupon");
        let put = self.stores.coupons.put_coupon(&terms, expected, &audit, sample::start()).await;
        self.answer("put coupon", &put);
    }

    pub(super) async fn issue(&mut self, buyer: u8, coupon: u8, quantity: u8, key: u8) {
        let Some(buyer) = pick(&self.buyers, buyer).copied() else { return };
        let issue = CouponIssue {
            coupon_id: coupon_id(coupon),
            buyer,
            quantity: u32::from(quantity),
            audit: sample::audit("issue"),
            replay: sample::replay(&format!("issued-{key}"), None),
        };
        let issued = self.stores.coupons.issue(&issue).await;
        self.answer("issue", &issued);
    }

    pub(super) async fn grants(&mut self, buyer: u8, when: u16) {
        let Some(buyer) = pick(&self.buyers, buyer).copied() else { return };
        let mut grants = self.stores.coupons.grants(buyer, at(when), 100).await.unwrap();
        grants.sort_by(|a, b| (&a.terms.id, a.no).cmp(&(&b.terms.id, b.no)));
        self.answer("grants", &grants);
    }

    /// What `lines` cost with a coupon that may be anybody's by now; `None` when it takes nothing off.
    pub(super) async fn with_coupon(
        &self,
        with: &WithCoupon,
        lines: &[(&Sku, u32)],
    ) -> Option<(PricedCoupon, Breakdown)> {
        let known = self.stores.coupons.coupon(&coupon_id(with.coupon)).await.unwrap()?;
        let input = PricingInput {
            coupon: Some((&known.terms, sample::start())),
            ..PricingInput::of_goods(lines.to_vec())
        };
        let grant = GrantId { coupon_id: known.terms.id.clone(), no: 1 + u32::from(with.no) };
        let version = if with.stale { known.version + 1 } else { known.version };
        Some((PricedCoupon { grant, version }, price(&input).ok()?))
    }
}

fn coupon_id(coupon: u8) -> CouponId {
    CouponId::parse(&format!("off-{coupon}")).unwrap()
}
