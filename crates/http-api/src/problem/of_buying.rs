//! What it means to a client that it cannot buy: not priced, not placed, not offered a payment.
//!
//! May not pass on another layer's text, but for the names of things that the client named itself.

use super::of_errors::{
    in_progress, insufficient, not_payable, openid_required, state_conflict, too_many_open_orders,
};
use super::{Code, FieldError, Problem};
use usecases::{CheckoutError, OfferError, QuoteError};

/// When a checkout that waits for another order's cancellation may come back, in seconds.
const MAKE_WAY_RETRY_S: u32 = 3;

impl From<QuoteError> for Problem {
    fn from(error: QuoteError) -> Problem {
        match error {
            QuoteError::AddressInvalid => {
                Problem::new(Code::AddressInvalid, "the buyer has no such address")
            }
            QuoteError::ListEmpty => {
                Problem::new(Code::PurchaseListEmpty, "there is nothing to buy")
            }
            QuoteError::ItemsNotFound(ids) => {
                let errors = ids.iter().map(|id| {
                    let message = format!("{id} is not on the purchase list");
                    FieldError::new("item_ids", "item_not_found", message)
                });
                Problem::new(Code::ItemNotFound, "not on the purchase list")
                    .with_errors(errors.collect())
            }
            QuoteError::NotOnSale(sku) => {
                Problem::of_sku(Code::ItemNotFound, &sku, "it is not on sale any more")
            }
            QuoteError::BelowCost(sku) => {
                Problem::of_sku(Code::PriceBelowCost, &sku, "it is not sold below its cost")
            }
            QuoteError::TooLarge => {
                Problem::new(Code::AmountTooLarge, "more than one order may cost")
            }
            QuoteError::CouponNotUsable => Problem::new(
                Code::CouponNotUsable,
                "the buyer has none that is free, or it does not apply to this now",
            ),
            QuoteError::Store(error) => error.into(),
        }
    }
}

impl From<CheckoutError> for Problem {
    fn from(error: CheckoutError) -> Problem {
        match error {
            CheckoutError::KeyReused => Problem::key_reused(),
            CheckoutError::InProgress => in_progress(),
            CheckoutError::Quote(error) => error.into(),
            CheckoutError::PriceChanged(amounts) => {
                Problem::price_changed(amounts, "see amounts for what it costs now")
            }
            CheckoutError::PackageChanged(amounts) => {
                let detail = "the package changed: see it again for what it costs and credits now";
                Problem::price_changed(amounts, detail)
            }
            CheckoutError::OutOfStock(sku) => {
                Problem::of_sku(Code::OutOfStock, &sku, "less is available than was asked for")
            }
            CheckoutError::CheckoutOpen(number) => {
                Problem::checkout_open(&number, "lines of this checkout are in an open order")
            }
            CheckoutError::StillOpen(number) => Problem::checkout_open(
                &number,
                "the order that makes way is still being cancelled: come back with the same key",
            )
            .retry_after(MAKE_WAY_RETRY_S),
            CheckoutError::TooManyOpenOrders => too_many_open_orders(),
            CheckoutError::InsufficientBalance => insufficient(),
            CheckoutError::OpenidRequired => openid_required(),
            CheckoutError::TooManyLines => {
                Problem::new(Code::TooManyLines, "check out in several orders")
            }
            CheckoutError::Offer(error) => error.into(),
        }
    }
}

impl From<OfferError> for Problem {
    fn from(error: OfferError) -> Problem {
        match error {
            OfferError::NotPayable => not_payable(),
            OfferError::Replaced => state_conflict(),
            OfferError::WechatRefused(refusal) => {
                let mut problem =
                    Problem::new(Code::WechatRefused, "WeChat Pay did not accept the payment");
                problem.more.wechat = Some(refusal);
                problem
            }
            OfferError::Transact(error) => error.into(),
        }
    }
}
