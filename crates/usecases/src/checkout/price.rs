//! Reads what a checkout is about and prices it. No effect.

use super::CheckoutRequest;
use crate::Paydesk;
use domain::buyer::{Address, AddressId, ItemId, ListedItem, Selection};
use domain::catalogue::SkuId;
use domain::coupon::{CouponId, GrantId};
use domain::delivery::DeliveryRules;
use domain::order::PricedCoupon;
use domain::ports::{CouponAtHand, StoreError};
use domain::pricing::{Breakdown, PricingInput, PricingRefusal, price};
use domain::{Epoch, OrderNumber, Timestamp, UserId};

/// What a checkout is about, before it is priced.
pub(super) struct About {
    /// The lines of the list it is about, by number.
    pub(super) items: Vec<ListedItem>,
    /// Where to.
    pub(super) address: Address,
    rules: DeliveryRules,
    coupon: Option<CouponAtHand>,
    epoch: Epoch,
}

/// What a buyer would pay, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The lines of the list it is about, by number.
    pub items: Vec<ListedItem>,
    /// Where to.
    pub address: Address,
    /// The full breakdown.
    pub breakdown: Breakdown,
    /// The buyer's coupon that was priced.
    pub coupon: Option<PricedCoupon>,
    /// The life of the database in which it was read.
    pub(crate) epoch: Epoch,
}

/// Why something cannot be priced.
#[derive(Debug, thiserror::Error)]
pub enum QuoteError {
    /// The buyer has no such address.
    #[error("no such address")]
    AddressInvalid,
    /// There is nothing on the list.
    #[error("the purchase list is empty")]
    ListEmpty,
    /// These lines are not the buyer's.
    #[error("not on the purchase list: {0:?}")]
    ItemsNotFound(Vec<ItemId>),
    /// It is not on sale any more.
    #[error("{0} is not on sale")]
    NotOnSale(SkuId),
    /// It is priced below its cost.
    #[error("{0} is priced below its cost")]
    BelowCost(SkuId),
    /// The sum is larger than an order may be.
    #[error("the amount is too large")]
    TooLarge,
    /// The buyer has no such coupon, or it does not apply.
    #[error("the coupon cannot be used")]
    CouponNotUsable,
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Paydesk {
    /// What a checkout would cost now. No effect, no promise.
    ///
    /// # Errors
    /// See [`QuoteError`].
    pub async fn quote(
        &self,
        buyer: UserId,
        selection: &Selection,
        address_id: AddressId,
        (coupon_id, rush): (Option<&CouponId>, bool),
    ) -> Result<Quote, QuoteError> {
        let about = self.read(buyer, selection, address_id, coupon_id).await?;
        about.priced((coupon_id, rush), self.clock.now())
    }

    pub(super) async fn read_for(&self, request: &CheckoutRequest) -> Result<About, QuoteError> {
        let coupon_id = request.coupon_id.as_ref();
        self.read(request.buyer, &request.selection, request.address_id, coupon_id).await
    }

    async fn read(
        &self,
        buyer: UserId,
        selection: &Selection,
        address_id: AddressId,
        coupon_id: Option<&CouponId>,
    ) -> Result<About, QuoteError> {
        let loaded = self.book.checkout_basis(buyer, selection, address_id, coupon_id).await?;
        let (basis, epoch) = (loaded.value, loaded.epoch);
        let address = basis.address.ok_or(QuoteError::AddressInvalid)?;
        let missing = missing(&basis.items, selection);
        if !missing.is_empty() {
            return Err(QuoteError::ItemsNotFound(missing));
        }
        let (items, rules, coupon) = (basis.items, basis.rules, basis.coupon);
        Ok(About { items, address, rules, coupon, epoch })
    }
}

impl About {
    /// An open order that has lines of it.
    pub(super) fn captured_by(&self) -> Option<OrderNumber> {
        self.items.iter().find_map(|item| item.captured_by.clone())
    }

    /// The same, priced at `now`.
    pub(super) fn priced(
        self,
        (coupon_id, rush): (Option<&CouponId>, bool),
        now: Timestamp,
    ) -> Result<Quote, QuoteError> {
        let coupon = self.coupon_for_use();
        let lines = self.items.iter().map(|item| (&item.sku, item.quantity)).collect();
        let terms = self.coupon.as_ref().map(|at_hand| (&at_hand.coupon.terms, now));
        let breakdown = price(&PricingInput {
            lines,
            rules: &self.rules,
            region: self.address.region.as_str(),
            rush,
            coupon: terms.filter(|_| coupon.is_some()),
        })?;
        if coupon_id.is_some() && coupon.is_none() {
            return Err(QuoteError::CouponNotUsable);
        }
        let About { items, address, epoch, .. } = self;
        Ok(Quote { items, address, breakdown, coupon, epoch })
    }

    /// Which of the buyer's it would be. One that an open order over the same lines holds counts
    /// as free: that order is the answer, or it makes way.
    fn coupon_for_use(&self) -> Option<PricedCoupon> {
        let at_hand = self.coupon.as_ref()?;
        let in_the_way = |order: &OrderNumber| {
            self.items.iter().any(|item| item.captured_by.as_ref() == Some(order))
        };
        let held = || at_hand.held.iter().find(|(_, order)| in_the_way(order)).map(|(no, _)| *no);
        let no = at_hand.free.or_else(held)?;
        let coupon_id = at_hand.coupon.terms.id.clone();
        Some(PricedCoupon { grant: GrantId { coupon_id, no }, version: at_hand.coupon.version })
    }
}

fn missing(items: &[ListedItem], selection: &Selection) -> Vec<ItemId> {
    match selection {
        Selection::Everything => Vec::new(),
        Selection::Only(ids) => {
            ids.iter().copied().filter(|id| !items.iter().any(|item| item.id == *id)).collect()
        }
    }
}

impl From<PricingRefusal> for QuoteError {
    fn from(refusal: PricingRefusal) -> QuoteError {
        match refusal {
            PricingRefusal::Empty => QuoteError::ListEmpty,
            PricingRefusal::NotOnSale(sku) => QuoteError::NotOnSale(sku),
            PricingRefusal::BelowCost(sku) => QuoteError::BelowCost(sku),
            PricingRefusal::TooLarge => QuoteError::TooLarge,
            PricingRefusal::Coupon(_) => QuoteError::CouponNotUsable,
        }
    }
}
