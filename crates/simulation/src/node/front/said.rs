//! What a client is answered, as production's `http-api` words it.

use domain::order::{Amounts, Order, OrderStatus, PaymentStatus};
use domain::ports::PayParams;
use domain::{OrderNumber, OutTradeNo};
use usecases::{
    ActError, Acted, Applied, AppliedAnswer, Checkedout, CheckoutError, CollectError, Offer,
    OfferError, Quote, QuoteError, Refunded, SpendError, Spent, TransactError,
};

/// What a client is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// How it went.
    pub outcome: Outcome,
    /// The order as it is.
    pub seen: Option<Seen>,
    /// The payment on offer.
    pub out_trade_no: Option<OutTradeNo>,
    /// What the payer's client is called with.
    pub pay_params: Option<PayParams>,
    /// What it would cost.
    pub quoted: Option<Amounts>,
}

/// How a request went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It had its effect now.
    Done,
    /// It found the order of an equal request.
    Reused,
    /// Its key had its effect before.
    Replayed,
    /// The outcome at WeChat Pay is not known yet: come back with the same key.
    Unknown,
    /// No, and why.
    Refused(&'static str),
    /// Come back with the same request.
    Busy,
}

/// An order as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its number.
    pub number: OrderNumber,
    /// Its version.
    pub version: u64,
    /// Where it stands.
    pub status: OrderStatus,
    /// Whether its money came.
    pub paid: bool,
    /// Until when it can be paid.
    pub deadline: Option<domain::Timestamp>,
}

impl Seen {
    fn of(order: &Order) -> Seen {
        Seen {
            number: order.number.clone(),
            version: order.version,
            status: order.status,
            paid: order.payment_status() != PaymentStatus::Unpaid,
            deadline: order.pay_deadline.or_else(|| order.payable_until()),
        }
    }
}

impl Said {
    /// An answer without an order.
    #[must_use]
    pub fn plain(outcome: Outcome) -> Said {
        Said { outcome, seen: None, out_trade_no: None, pay_params: None, quoted: None }
    }

    pub(super) fn of(outcome: Outcome, order: &Order) -> Said {
        Said { seen: Some(Seen::of(order)), ..Said::plain(outcome) }
    }

    fn offer(outcome: Outcome, offer: Offer) -> Said {
        let outcome = if offer.is_unknown() { Outcome::Unknown } else { outcome };
        Said {
            seen: Some(Seen::of(&offer.order)),
            outcome,
            out_trade_no: offer.out_trade_no,
            pay_params: offer.pay_params,
            quoted: None,
        }
    }
}

pub(super) fn checked_out(result: Result<Checkedout, CheckoutError>) -> Said {
    match result {
        Ok(Checkedout::Placed(offer)) => Said::offer(Outcome::Done, offer),
        Ok(Checkedout::Replayed { offer, .. }) => Said::offer(Outcome::Replayed, offer),
        Ok(Checkedout::Reused(offer)) => Said::offer(Outcome::Reused, offer),
        Err(error) => Said::plain(of_checkout(&error)),
    }
}

pub(super) fn quoted(result: Result<Quote, QuoteError>) -> Said {
    match result {
        Ok(quote) => Said { quoted: Some(quote.breakdown.amounts), ..Said::plain(Outcome::Done) },
        Err(error) => Said::plain(of_quote(&error)),
    }
}

pub(super) fn acted(result: Result<Acted, ActError>) -> Said {
    match result {
        Ok(Acted::Done(order)) => Said::of(Outcome::Done, &order),
        Ok(Acted::Replayed(order)) => Said::of(Outcome::Replayed, &order),
        Err(ActError::KeyReused) => Said::plain(Outcome::Refused("idempotency_key_reused")),
        Err(ActError::InProgress) => Said::plain(Outcome::Busy),
        Err(ActError::Transact(error)) => Said::plain(of_transact(&error)),
    }
}

pub(super) fn collected(result: Result<Acted, CollectError>) -> Said {
    match result {
        Ok(done) => acted(Ok(done)),
        Err(CollectError::PaymentInProgress) => {
            Said::plain(Outcome::Refused("payment_in_progress"))
        }
        Err(CollectError::PaidOnline(order)) => Said::of(Outcome::Refused("paid_online"), &order),
        Err(CollectError::Act(error)) => acted(Err(error)),
    }
}

pub(super) fn refunded(result: Result<Refunded, ActError>) -> Said {
    match result {
        Ok(Refunded { order, replayed: true, .. }) => Said::of(Outcome::Replayed, &order),
        Ok(Refunded { order, replayed: false, .. }) => Said::of(Outcome::Done, &order),
        Err(error) => acted(Err(error)),
    }
}

pub(super) fn applied(result: Result<Applied, ActError>) -> Said {
    match result {
        Ok(Applied { order, answer }) => match answer {
            AppliedAnswer::Taken => Said::of(Outcome::Done, &order),
            AppliedAnswer::Unheard => Said::of(Outcome::Unknown, &order),
            AppliedAnswer::Before => Said::of(Outcome::Replayed, &order),
            AppliedAnswer::Refused(_) => Said::of(Outcome::Refused("wechat_refused"), &order),
        },
        Err(error) => acted(Err(error)),
    }
}

pub(super) fn spent(result: Result<Spent, SpendError>) -> Said {
    Said::plain(match result {
        Ok(Spent { replayed: true, .. }) => Outcome::Replayed,
        Ok(Spent { replayed: false, .. }) => Outcome::Done,
        Err(SpendError::NotFound) => Outcome::Refused("not_found"),
        Err(SpendError::TooFew) => Outcome::Refused("insufficient_balance"),
        Err(SpendError::KeyReused) => Outcome::Refused("idempotency_key_reused"),
        Err(SpendError::Transact(error)) => of_transact(&error),
    })
}

fn of_checkout(error: &CheckoutError) -> Outcome {
    match error {
        CheckoutError::KeyReused => Outcome::Refused("idempotency_key_reused"),
        CheckoutError::Quote(error) => of_quote(error),
        CheckoutError::PriceChanged(_) | CheckoutError::PackageChanged(_) => {
            Outcome::Refused("price_changed")
        }
        CheckoutError::OutOfStock(_) => Outcome::Refused("out_of_stock"),
        CheckoutError::CheckoutOpen(_) => Outcome::Refused("checkout_open"),
        CheckoutError::InProgress | CheckoutError::StillOpen(_) => Outcome::Busy,
        CheckoutError::TooManyOpenOrders => Outcome::Refused("too_many_open_orders"),
        CheckoutError::InsufficientBalance => Outcome::Refused("insufficient_balance"),
        CheckoutError::OpenidRequired => Outcome::Refused("openid_required"),
        CheckoutError::TooManyLines => Outcome::Refused("too_many_lines"),
        CheckoutError::Offer(OfferError::NotPayable) => Outcome::Refused("order_not_payable"),
        CheckoutError::Offer(OfferError::Replaced) => Outcome::Refused("payment_replaced"),
        CheckoutError::Offer(OfferError::WechatRefused(_)) => Outcome::Refused("wechat_refused"),
        CheckoutError::Offer(OfferError::Transact(error)) => of_transact(error),
    }
}

fn of_quote(error: &QuoteError) -> Outcome {
    match error {
        QuoteError::Store(_) => Outcome::Busy,
        QuoteError::CouponNotUsable => Outcome::Refused("coupon_not_usable"),
        QuoteError::AddressInvalid
        | QuoteError::ListEmpty
        | QuoteError::ItemsNotFound(_)
        | QuoteError::NotOnSale(_)
        | QuoteError::BelowCost(_)
        | QuoteError::TooLarge => Outcome::Refused("quote"),
    }
}

pub(super) fn of_transact(error: &TransactError) -> Outcome {
    match error {
        TransactError::NotFound => Outcome::Refused("not_found"),
        TransactError::VersionMoved => Outcome::Refused("version_moved"),
        TransactError::Rejected(_) => Outcome::Refused("rejected"),
        TransactError::Refused(_) => Outcome::Refused("refused"),
        TransactError::Busy(_) | TransactError::Store(_) | TransactError::Impossible(_) => {
            Outcome::Busy
        }
    }
}
