//! The one pricing function: quote, checkout and direct orders all call [`price`].
//!
//! Total = Σ lines − coupon + delivery + rush. Pure and exact; refuses what may not be sold.

mod share;
#[cfg(test)]
mod tests;

use crate::catalogue::{Sku, SkuId, SkuStatus};
use crate::coupon::{CouponRefusal, CouponTerms};
use crate::delivery::DeliveryRules;
use crate::order::Amounts;
use crate::{Fen, Timestamp};

/// What is to be priced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricingInput<'a> {
    /// The goods and how many of each.
    pub lines: Vec<(&'a Sku, u32)>,
    /// What delivery and hurry cost.
    pub rules: &'a DeliveryRules,
    /// Where it goes: the region of the address.
    pub region: &'a str,
    /// Whether it is in a hurry.
    pub rush: bool,
    /// The coupon, at the moment of its use.
    pub coupon: Option<(&'a CouponTerms, Timestamp)>,
}

impl<'a> PricingInput<'a> {
    /// Goods alone: where no rules are set, without hurry and without a coupon.
    #[must_use]
    pub fn of_goods(lines: Vec<(&'a Sku, u32)>) -> PricingInput<'a> {
        PricingInput { lines, rules: DeliveryRules::NONE, region: "", rush: false, coupon: None }
    }
}

/// A full breakdown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breakdown {
    /// Each line in the order given.
    pub lines: Vec<PricedLine>,
    /// The sums.
    pub amounts: Amounts,
}

/// One priced line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricedLine {
    /// What.
    pub sku_id: SkuId,
    /// Its title when it was priced.
    pub title: String,
    /// How many.
    pub quantity: u32,
    /// Its price when it was priced.
    pub unit_price: Fen,
    /// `unit_price × quantity`.
    pub amount: Fen,
    /// This line's share of the discount.
    pub discount: Fen,
    /// The price version that was read; the commit guards it.
    pub price_version: u64,
}

/// Why something is not sold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PricingRefusal {
    /// There is nothing to price.
    #[error("nothing to buy")]
    Empty,
    /// It is not on sale.
    #[error("{0} is not on sale")]
    NotOnSale(SkuId),
    /// Its price is below its cost price (成本价校验).
    #[error("{0} is priced below its cost")]
    BelowCost(SkuId),
    /// The sum is larger than we handle.
    #[error("the amount is too large")]
    TooLarge,
    /// The coupon does not apply to it.
    #[error("the coupon does not apply: {0}")]
    Coupon(CouponRefusal),
}

/// Prices an order.
///
/// # Errors
/// When a line may not be sold or a sum does not fit.
pub fn price(input: &PricingInput<'_>) -> Result<Breakdown, PricingRefusal> {
    if input.lines.is_empty() {
        return Err(PricingRefusal::Empty);
    }
    let mut lines: Vec<PricedLine> = input
        .lines
        .iter()
        .map(|(sku, quantity)| price_line(sku, *quantity))
        .collect::<Result<_, _>>()?;
    let costs: Vec<Fen> = lines.iter().map(|line| line.amount).collect();
    let items = Fen::sum(costs.iter().copied()).ok_or(PricingRefusal::TooLarge)?;
    let discount = match input.coupon {
        Some((terms, now)) => terms.discount(items, now).map_err(PricingRefusal::Coupon)?,
        None => Fen::ZERO,
    };
    for (line, part) in lines.iter_mut().zip(share::share(discount, &costs)) {
        line.discount = part;
    }
    let delivery = input.rules.fee(input.region, items);
    let rush = if input.rush { input.rules.rush } else { Fen::ZERO };
    let total = items
        .minus(discount)
        .and_then(|total| total.plus(delivery))
        .and_then(|total| total.plus(rush))
        .filter(|total| total.is_payable_range())
        .ok_or(PricingRefusal::TooLarge)?;
    Ok(Breakdown { lines, amounts: Amounts { items, discount, delivery, rush, total } })
}

fn price_line(sku: &Sku, quantity: u32) -> Result<PricedLine, PricingRefusal> {
    if sku.status != SkuStatus::OnSale {
        return Err(PricingRefusal::NotOnSale(sku.id.clone()));
    }
    if sku.price < sku.cost_price {
        return Err(PricingRefusal::BelowCost(sku.id.clone()));
    }
    let amount = sku
        .price
        .times(quantity)
        .filter(|a| a.is_payable_range())
        .ok_or(PricingRefusal::TooLarge)?;
    Ok(PricedLine {
        sku_id: sku.id.clone(),
        title: sku.title.clone(),
        quantity,
        unit_price: sku.price,
        amount,
        discount: Fen::ZERO,
        price_version: sku.price_version,
    })
}
