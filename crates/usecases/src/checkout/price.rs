//! Reads what a checkout is about and prices it. No effect.

use super::CheckoutRequest;
use crate::Paydesk;
use domain::buyer::{Address, AddressId, ItemId, ListedItem, Selection};
use domain::catalogue::SkuId;
use domain::ports::{CheckoutBasis, Loaded, StoreError};
use domain::pricing::{Breakdown, PricingInput, PricingRefusal, price};
use domain::{Epoch, UserId};

/// What a buyer would pay, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The lines of the list it is about, by number.
    pub items: Vec<ListedItem>,
    /// Where to.
    pub address: Address,
    /// The full breakdown.
    pub breakdown: Breakdown,
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
        (coupon_id, rush): (Option<&str>, bool),
    ) -> Result<Quote, QuoteError> {
        let basis = self.book.checkout_basis(buyer, selection, address_id).await?;
        quote_of(basis, selection, (coupon_id, rush))
    }

    pub(super) async fn quote_for(&self, request: &CheckoutRequest) -> Result<Quote, QuoteError> {
        let wishes = (request.coupon_id.as_deref(), request.rush);
        self.quote(request.buyer, &request.selection, request.address_id, wishes).await
    }
}

fn quote_of(
    Loaded { value: basis, epoch, .. }: Loaded<CheckoutBasis>,
    selection: &Selection,
    (coupon_id, rush): (Option<&str>, bool),
) -> Result<Quote, QuoteError> {
    let address = basis.address.ok_or(QuoteError::AddressInvalid)?;
    let missing = missing(&basis.items, selection);
    if !missing.is_empty() {
        return Err(QuoteError::ItemsNotFound(missing));
    }
    let lines = basis.items.iter().map(|item| (&item.sku, item.quantity)).collect();
    let region = address.region.as_str();
    let input = PricingInput { lines, rules: &basis.rules, region, rush, coupon: None };
    let breakdown = price(&input)?;
    // No coupon has been issued to anybody: whatever is named does not exist.
    if coupon_id.is_some() {
        return Err(QuoteError::CouponNotUsable);
    }
    Ok(Quote { items: basis.items, address, breakdown, epoch })
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
