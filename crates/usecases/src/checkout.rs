//! From a purchase list to a payment: price, place, order at WeChat Pay.
//!
//! Order before money: the order with its holds, its payment and the jobs that will look after it
//! are committed before WeChat Pay is called.

#[cfg(test)]
mod coupons;
mod place;
mod price;
mod reuse;
#[cfg(test)]
mod taken_lines;
#[cfg(test)]
mod tests;

pub use price::{Quote, QuoteError};

use crate::pay_order::of_start;
use crate::start_payment::{Asked, way_of};
use crate::{Keyed, Offer, OfferError, Paydesk, TransactError};
use domain::buyer::{AddressId, Selection};
use domain::changeset::ReplayRecord;
use domain::coupon::CouponId;
use domain::names::ClientIp;
use domain::order::{Amounts, Order, PaymentMethod};
use domain::payment::{ClosingCause, Payment, PaymentState, TradeType};
use domain::ports::{OrderKey, StoreError};
use domain::{Fen, OrderNumber, UserId};

/// A twin of a request that is younger than this is still being answered, in seconds.
const TWIN_S: i64 = 30;
/// How often an order that keeps changing is looked at.
const LOOKS_MAX: u32 = 4;

/// What a buyer checks out. Has no `Debug`: the remark is personal.
#[derive(Clone, PartialEq, Eq)]
pub struct CheckoutRequest {
    /// Who.
    pub buyer: UserId,
    /// Which lines of their list.
    pub selection: Selection,
    /// Where to.
    pub address_id: AddressId,
    /// With which coupon.
    pub coupon_id: Option<CouponId>,
    /// In a hurry.
    pub rush: bool,
    /// Their words.
    pub remark: Option<String>,
    /// From where the money comes.
    pub method: PaymentMethod,
    /// How they pay at WeChat Pay; `None` to place the order and ask for a payment later.
    pub trade_type: Option<TradeType>,
    /// From where; for H5.
    pub client_ip: Option<ClientIp>,
    /// Whether an open order over the same lines is cancelled to make way.
    pub replace_open: bool,
    /// What they were shown; a differing total is not charged.
    pub expected_total: Option<Fen>,
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
    /// A recharge package is not what the buyer was shown; what it costs now.
    #[error("the package changed")]
    PackageChanged(Amounts),
    /// Too little of it is left.
    #[error("{0} is out of stock")]
    OutOfStock(domain::catalogue::SkuId),
    /// Lines of the request are in another open order.
    #[error("lines of it are in order {0}")]
    CheckoutOpen(OrderNumber),
    /// Lines of the request are in this order, which is being cancelled to make way: come back.
    #[error("order {0} is being cancelled")]
    StillOpen(OrderNumber),
    /// The buyer has too many unpaid orders.
    #[error("too many unpaid orders")]
    TooManyOpenOrders,
    /// The wallet holds less.
    #[error("too little in the wallet")]
    InsufficientBalance,
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
    /// Checks out: answers a payment to be made, or an order that waits for one; exactly one
    /// order per key.
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
        let placing = match self.place(request, keyed).await {
            Ok(placing) => placing,
            // A twin of this very request may be what is in the way.
            Err(error) => match self.orders.replay(&keyed.scope).await? {
                Some(record) => return self.replay(&record, keyed).await,
                None => return Err(error),
            },
        };
        match placing {
            Placing::Placed(order) => {
                let asked = Asked::starter(order.payments.first().map_or(0, |first| first.no));
                Ok(Checkedout::Placed(self.answer(order, request, asked, keyed).await?))
            }
            Placing::Reused(order, asked) => {
                Ok(Checkedout::Reused(self.answer(order, request, asked, keyed).await?))
            }
            Placing::Twin => match self.orders.replay(&keyed.scope).await? {
                Some(record) => self.replay(&record, keyed).await,
                None => Err(CheckoutError::InProgress),
            },
        }
    }

    /// With a payment, if one was asked for.
    async fn answer(
        &self,
        order: Order,
        request: &CheckoutRequest,
        asked: Asked,
        keyed: &Keyed,
    ) -> Result<Offer, OfferError> {
        match request.trade_type {
            Some(_) => self.offer(order, asked, &keyed.request_id).await,
            None => Ok(Paydesk::show(order)),
        }
    }

    /// Answers a known key: the same outcome again, presented as it is now.
    pub(crate) async fn replay(
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
        let offer = self.offer_again(order, record, keyed).await?;
        Ok(Checkedout::Replayed { offer, reused: record.reused })
    }

    /// The payment that the key led to. What was cancelled, paid or replaced meanwhile is shown,
    /// not refused; only what WeChat Pay refused is tried anew, under another number.
    async fn offer_again(
        &self,
        order: Order,
        record: &ReplayRecord,
        keyed: &Keyed,
    ) -> Result<Offer, CheckoutError> {
        let recorded = order.payments.iter().find(|payment| Some(payment.no) == record.payment);
        let Some(recorded) = recorded.cloned() else { return Ok(Paydesk::show(order)) };
        let request_id = keyed.request_id.as_str();
        if !order.takes_payments() {
            return Ok(Paydesk::show_payment(order, &recorded));
        }
        if was_not_taken(&recorded) {
            return self.offer_after_refusal(order, &recorded, request_id).await;
        }
        if !recorded.is_open() {
            return Ok(Paydesk::show_payment(order, &recorded));
        }
        let age_s = self.clock.now().seconds_since(record.recorded_at);
        if (0..TWIN_S).contains(&age_s) && recorded.state == PaymentState::Created {
            return Err(CheckoutError::InProgress);
        }
        Ok(self.offer(order, Asked::other(recorded.no), request_id).await?)
    }

    /// A refusal is no outcome: the key goes on under another number of the same kind. A payment
    /// of another kind belongs to another key.
    async fn offer_after_refusal(
        &self,
        mut order: Order,
        recorded: &Payment,
        request_id: &str,
    ) -> Result<Offer, CheckoutError> {
        let Some(way) = way_of(recorded) else {
            return Ok(Paydesk::show_payment(order, recorded));
        };
        for _ in 0..LOOKS_MAX {
            match order.open_payment().map(|open| (open.no, way_of(open))) {
                Some((no, same)) if same == Some(way) => {
                    return Ok(self.offer(order, Asked::other(no), request_id).await?);
                }
                Some(_) => return Ok(Paydesk::show_payment(order, recorded)),
                None => {}
            }
            match self.start_anew(&order, way, request_id).await {
                Ok(started) => {
                    let asked = started.asked();
                    return Ok(self.offer(started.order, asked, request_id).await?);
                }
                // Somebody was faster: look what they chose.
                Err(TransactError::VersionMoved) => {
                    let found = self.orders.load(&OrderKey::Id(order.id)).await?;
                    order = found.ok_or(TransactError::NotFound)?.value;
                }
                Err(error) => return Err(of_start(error)),
            }
        }
        Err(TransactError::Busy("the order keeps changing".to_owned()).into())
    }
}

/// What placing came to.
enum Placing {
    Placed(Order),
    Reused(Order, Asked),
    /// The same key was committed by a twin of this request.
    Twin,
}

/// Whether WeChat Pay refused to order this payment, or holds its number closed.
fn was_not_taken(payment: &Payment) -> bool {
    match &payment.state {
        PaymentState::Rejected { .. }
        | PaymentState::Closing { why: ClosingCause::Refused }
        | PaymentState::Closed { why: ClosingCause::Refused | ClosingCause::Elsewhere, .. } => true,
        PaymentState::Created
        | PaymentState::Payable { .. }
        | PaymentState::Unknown
        | PaymentState::Closing { .. }
        | PaymentState::Closed { .. }
        | PaymentState::Paid { .. }
        | PaymentState::Surplus { .. } => false,
    }
}
