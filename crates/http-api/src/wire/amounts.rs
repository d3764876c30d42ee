//! Sums of money.

use domain::order::{Amounts, Order};
use serde::Serialize;
use utoipa::ToSchema;

/// The sums of a quote, in fen: `total = items − discount + delivery + rush`.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = Amounts)]
pub(crate) struct WireAmounts {
    /// Σ lines.
    items_fen: i64,
    /// What the coupon takes off.
    discount_fen: i64,
    /// Delivery fee.
    delivery_fen: i64,
    /// Rush fee.
    rush_fen: i64,
    /// What is paid.
    total_fen: i64,
}

impl WireAmounts {
    /// The twin.
    pub(crate) fn of(amounts: &Amounts) -> WireAmounts {
        WireAmounts {
            items_fen: amounts.items.get(),
            discount_fen: amounts.discount.get(),
            delivery_fen: amounts.delivery.get(),
            rush_fen: amounts.rush.get(),
            total_fen: amounts.total.get(),
        }
    }
}

/// The sums of an order, in fen.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = OrderAmounts)]
pub(crate) struct WireOrderAmounts {
    /// Σ lines.
    items_fen: i64,
    /// What the coupon takes off.
    discount_fen: i64,
    /// Delivery fee.
    delivery_fen: i64,
    /// Rush fee.
    rush_fen: i64,
    /// What is paid.
    total_fen: i64,
    /// What was paid.
    paid_fen: i64,
    /// What of it the payer has back. Money that the order could not take is in `refunds` alone.
    refunded_fen: i64,
}

impl WireOrderAmounts {
    /// The twin.
    pub(crate) fn of(order: &Order) -> WireOrderAmounts {
        let WireAmounts { items_fen, discount_fen, delivery_fen, rush_fen, total_fen } =
            WireAmounts::of(&order.amounts);
        WireOrderAmounts {
            items_fen,
            discount_fen,
            delivery_fen,
            rush_fen,
            total_fen,
            paid_fen: order.paid().get(),
            refunded_fen: order.refunded().get(),
        }
    }
}
