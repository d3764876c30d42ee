//! The one pricing function: quote, checkout and direct orders all call [`price`].
//!
//! Total = Σ lines − coupon + delivery + rush. Pure and exact; refuses what may not be sold.

use crate::Fen;
use crate::catalogue::{Sku, SkuId, SkuStatus};
use crate::order::Amounts;

/// What is to be priced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricingInput<'a> {
    /// The goods and how many of each.
    pub lines: Vec<(&'a Sku, u32)>,
    /// Fees of this delivery.
    pub fees: Fees,
}

/// Fees on top of the goods; zero when the merchant has set none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fees {
    /// Delivery.
    pub delivery: Fen,
    /// Rush fee (加急费), when it was asked for.
    pub rush: Fen,
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
}

/// Prices an order.
///
/// # Errors
/// When a line may not be sold or a sum does not fit.
pub fn price(input: &PricingInput<'_>) -> Result<Breakdown, PricingRefusal> {
    if input.lines.is_empty() {
        return Err(PricingRefusal::Empty);
    }
    let lines: Vec<PricedLine> = input
        .lines
        .iter()
        .map(|(sku, quantity)| price_line(sku, *quantity))
        .collect::<Result<_, _>>()?;
    let items = Fen::sum(lines.iter().map(|l| l.amount)).ok_or(PricingRefusal::TooLarge)?;
    let discount = Fen::ZERO;
    let total = items
        .minus(discount)
        .and_then(|t| t.plus(input.fees.delivery))
        .and_then(|t| t.plus(input.fees.rush))
        .filter(|t| t.is_payable_range())
        .ok_or(PricingRefusal::TooLarge)?;
    let amounts =
        Amounts { items, discount, delivery: input.fees.delivery, rush: input.fees.rush, total };
    Ok(Breakdown { lines, amounts })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;
    use crate::catalogue::StockLevel;
    use proptest::prelude::*;

    fn sku(price: i64, cost: i64) -> Sku {
        Sku {
            id: SkuId::parse("tea").unwrap(),
            title: "茶".to_owned(),
            price: Fen::new(price),
            cost_price: Fen::new(cost),
            status: SkuStatus::OnSale,
            price_version: 7,
            stock: StockLevel::default(),
            created_at: Timestamp::from_seconds(0),
        }
    }

    #[test]
    fn a_price_below_cost_is_refused() {
        let tea = sku(99, 100);
        let got = price(&PricingInput { lines: vec![(&tea, 1)], fees: Fees::default() });
        assert_eq!(got, Err(PricingRefusal::BelowCost(tea.id)));
    }

    #[test]
    fn a_hidden_sku_is_not_sold() {
        let tea = Sku { status: SkuStatus::OffSale, ..sku(100, 1) };
        let got = price(&PricingInput { lines: vec![(&tea, 1)], fees: Fees::default() });
        assert_eq!(got, Err(PricingRefusal::NotOnSale(tea.id)));
    }

    fn priced(
        lines: Vec<(&Sku, u32)>,
        delivery: i64,
        rush: i64,
    ) -> Result<Breakdown, PricingRefusal> {
        let fees = Fees { delivery: Fen::new(delivery), rush: Fen::new(rush) };
        price(&PricingInput { lines, fees })
    }

    #[test]
    fn what_costs_what_it_cost_is_sold() {
        assert!(priced(vec![(&sku(100, 100), 1)], 0, 0).is_ok());
    }

    #[test]
    fn nothing_is_not_priced() {
        assert_eq!(priced(vec![], 0, 0), Err(PricingRefusal::Empty));
    }

    #[test]
    fn neither_a_line_nor_the_sum_of_all_is_more_than_we_handle() {
        let most = sku(Fen::LIMIT.get(), 0);
        assert!(priced(vec![(&most, 1)], 0, 0).is_ok());
        assert_eq!(priced(vec![(&most, 2)], 0, 0), Err(PricingRefusal::TooLarge));
        let one = sku(1, 0);
        assert_eq!(priced(vec![(&most, 1), (&one, 1)], 0, 0), Err(PricingRefusal::TooLarge));
        assert_eq!(priced(vec![(&most, 1)], 1, 0), Err(PricingRefusal::TooLarge));
        assert_eq!(priced(vec![(&most, 1)], 0, 1), Err(PricingRefusal::TooLarge));
        assert_eq!(priced(vec![(&sku(i64::MAX, 0), 2)], 0, 0), Err(PricingRefusal::TooLarge));
    }

    #[test]
    fn a_line_keeps_what_was_priced() {
        let breakdown = priced(vec![(&sku(300, 1), 2)], 5, 7).unwrap();
        let expected = PricedLine {
            sku_id: SkuId::parse("tea").unwrap(),
            title: "茶".to_owned(),
            quantity: 2,
            unit_price: Fen::new(300),
            amount: Fen::new(600),
            discount: Fen::ZERO,
            price_version: 7,
        };
        assert_eq!(breakdown.lines, [expected]);
        let amounts = Amounts {
            items: Fen::new(600),
            discount: Fen::ZERO,
            delivery: Fen::new(5),
            rush: Fen::new(7),
            total: Fen::new(612),
        };
        assert_eq!(breakdown.amounts, amounts);
    }

    proptest! {
        #[test]
        fn the_breakdown_sums_exactly(
            lines in prop::collection::vec((0i64..1_000_000, 1u32..100), 1..10),
            delivery in 0i64..10_000,
            rush in 0i64..10_000,
        ) {
            let skus: Vec<(Sku, u32)> = lines.iter().map(|(p, q)| (sku(*p, 0), *q)).collect();
            let input = PricingInput {
                lines: skus.iter().map(|(s, q)| (s, *q)).collect(),
                fees: Fees { delivery: Fen::new(delivery), rush: Fen::new(rush) },
            };
            let exact: i64 = lines.iter().map(|(p, q)| p * i64::from(*q)).sum::<i64>() + delivery + rush;
            let got = price(&input).unwrap();
            prop_assert_eq!(got.amounts.total.get(), exact);
            prop_assert_eq!(got.lines.iter().map(|l| l.amount.get()).sum::<i64>(), got.amounts.items.get());
        }
    }
}
