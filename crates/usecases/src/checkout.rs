//! From a purchase list to a payment: price, place, order at WeChat Pay.
//!
//! Order before money: the order with its holds, its payment and the jobs that will look after it
//! are committed before WeChat Pay is called.

mod place;
mod price;

pub use price::{Quote, QuoteError};

use crate::{Offer, OfferError, Paydesk, TransactError};
use domain::buyer::{AddressId, Selection};
use domain::changeset::{ReplayRecord, ReplayScope};
use domain::order::{Amounts, Order, OrderStatus};
use domain::payment::{PaymentState, TradeType};
use domain::ports::{OrderKey, StoreError};
use domain::{Fen, OrderNumber, UserId};

/// A twin of a request that is younger than this is still being answered, in seconds.
const TWIN_S: i64 = 30;

/// What a buyer checks out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckoutRequest {
    /// Who.
    pub buyer: UserId,
    /// Which lines of their list.
    pub selection: Selection,
    /// Where to.
    pub address_id: AddressId,
    /// With which coupon.
    pub coupon_id: Option<String>,
    /// In a hurry.
    pub rush: bool,
    /// Their words.
    pub remark: Option<String>,
    /// How they pay.
    pub trade_type: TradeType,
    /// What they were shown; a differing total is not charged.
    pub expected_total: Option<Fen>,
}

/// The idempotency key that a request came under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyed {
    /// Whose key, where.
    pub scope: ReplayScope,
    /// A hash of the request; the same key with another one is refused.
    pub fingerprint: String,
    /// The id of this very request, for audit and logs.
    pub request_id: String,
}

/// A checkout with something to pay, or paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checkedout {
    /// A new order.
    Placed(Offer),
    /// The order that this key led to before.
    Replayed {
        /// What is on offer now.
        offer: Offer,
        /// Whether the key had got an equal request's order then, not one of its own.
        reused: bool,
    },
    /// The open order of an equal request under another key.
    Reused(Offer),
}

/// Why a checkout has no effect.
#[derive(Debug, thiserror::Error)]
pub enum CheckoutError {
    /// The key was used for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The same request is being answered elsewhere.
    #[error("the same request is being answered")]
    InProgress,
    /// It cannot be priced.
    #[error(transparent)]
    Quote(#[from] QuoteError),
    /// The total is not what the buyer was shown.
    #[error("the price changed")]
    PriceChanged(Amounts),
    /// Too little of it is left.
    #[error("{0} is out of stock")]
    OutOfStock(domain::catalogue::SkuId),
    /// Lines of the request are in another open order.
    #[error("lines of it are in order {0}")]
    CheckoutOpen(OrderNumber),
    /// The buyer has too many unpaid orders.
    #[error("too many unpaid orders")]
    TooManyOpenOrders,
    /// JSAPI needs the buyer's openid.
    #[error("the buyer's openid is not known")]
    OpenidRequired,
    /// More lines than one order may have.
    #[error("too many lines")]
    TooManyLines,
    /// Nothing can be offered.
    #[error(transparent)]
    Offer(#[from] OfferError),
}

impl From<StoreError> for CheckoutError {
    fn from(error: StoreError) -> CheckoutError {
        TransactError::from(error).into()
    }
}

impl From<TransactError> for CheckoutError {
    fn from(error: TransactError) -> CheckoutError {
        OfferError::from(error).into()
    }
}

impl Paydesk {
    /// Checks out: answers a payment to be made, exactly one order per key.
    ///
    /// # Errors
    /// See [`CheckoutError`]; a refusal has no effect.
    pub async fn check_out(
        &self,
        request: &CheckoutRequest,
        keyed: &Keyed,
    ) -> Result<Checkedout, CheckoutError> {
        if let Some(record) = self.orders.replay(&keyed.scope).await? {
            return self.replay(&record, keyed).await;
        }
        match self.place(request, keyed).await? {
            Placing::Placed(order) => {
                Ok(Checkedout::Placed(self.offer(order, Some(&keyed.request_id)).await?))
            }
            Placing::Reused(order) => {
                Ok(Checkedout::Reused(self.offer(order, Some(&keyed.request_id)).await?))
            }
            Placing::Twin => match self.orders.replay(&keyed.scope).await? {
                Some(record) => self.replay(&record, keyed).await,
                None => Err(CheckoutError::InProgress),
            },
        }
    }

    /// Answers a known key: the same outcome again, presented as it is now.
    async fn replay(
        &self,
        record: &ReplayRecord,
        keyed: &Keyed,
    ) -> Result<Checkedout, CheckoutError> {
        if record.fingerprint != keyed.fingerprint {
            return Err(CheckoutError::KeyReused);
        }
        let Some(id) = record.order else { return Err(CheckoutError::KeyReused) };
        let found = self.orders.load(&OrderKey::Id(id)).await?;
        let order = found.ok_or(TransactError::NotFound)?.value;
        let age_s = self.clock.now().seconds_since(record.recorded_at);
        if age_s < TWIN_S && is_being_called(&order) {
            return Err(CheckoutError::InProgress);
        }
        // The same outcome as it is now: what was cancelled meanwhile is shown, not refused.
        let offer = if order.status == OrderStatus::PendingPayment {
            self.offer(order, Some(&keyed.request_id)).await?
        } else {
            Paydesk::show(order)
        };
        Ok(Checkedout::Replayed { offer, reused: record.reused })
    }
}

/// What placing came to.
enum Placing {
    Placed(Order),
    Reused(Order),
    /// The same key was committed by a twin of this request.
    Twin,
}

/// Whether WeChat Pay has not answered the first call yet.
fn is_being_called(order: &Order) -> bool {
    order.payments.iter().any(|p| matches!(p.state, PaymentState::Created))
}
