//! One order of WeChat Pay and the states it can be in (`v3.md` §7.3).
//!
//! ```text
//! NOTPAY ──pay──▶ SUCCESS ──first refund accepted──▶ REFUND
//!    └──close, or 7 days──▶ CLOSED
//! ```
//!
//! MAY NOT leave `CLOSED`, and MAY NOT be paid after `expires_at` though it still says `NOTPAY` then (unless a test
//! asks for that by name: `core/pay.rs`).

mod wire;

use serde::Serialize;
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use crate::core::pay::PayerAccount;
use crate::core::prepay_form::PrepayForm;
use crate::core::refund::{RefundTally, Refundable};
use crate::core::route::TradeType;

/// An order closes by itself this long after its creation; without `time_expire` it is payable until then.
pub const LIFE: Duration = Duration::days(7);
/// `time_expire` is raised to this after the order.
pub const EXPIRY_MIN: Duration = Duration::minutes(1);
/// `time_expire` is cut to this after the order.
pub const EXPIRY_MAX: Duration = Duration::days(15);
/// `prepay_id` and `code_url` are good for this long.
pub const PREPAY_LIFE: Duration = Duration::hours(2);
/// `h5_url` is good for this long.
pub const H5_URL_LIFE: Duration = Duration::minutes(5);

/// An order.
#[derive(Debug, Clone)]
pub struct Trade {
    /// What the first prepay asked for.
    pub form: PrepayForm,
    /// The first prepay's parameters; a repeat must equal them.
    pub parameters: Map<String, Value>,
    /// The product.
    pub trade_type: TradeType,
    /// When the first prepay was accepted.
    pub created_at: OffsetDateTime,
    /// The last moment at which it can be paid.
    pub expires_at: OffsetDateTime,
    /// Where it stands.
    pub state: TradeState,
    /// The current `prepay_id`, `code_url` or `h5_url`.
    pub handle: PrepayHandle,
    /// Attempts of the user that failed.
    pub failed_payments: u32,
    /// Whether a test ordered it although a close had burned its number.
    pub unfaithful: bool,
    /// Whose order it is.
    pub ordered_by: OrderedBy,
}

/// Who ordered something with the merchant's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderedBy {
    /// Whoever called the API.
    Api,
    /// `POST /_sandbox/trades`: another system of the same merchant, or a life of this one that its records lost.
    Elsewhere,
}

/// What the client needs to open the cashier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrepayHandle {
    /// `prepay_id`, `code_url` or `h5_url`.
    pub value: String,
    /// When it was issued.
    pub issued_at: OffsetDateTime,
}

/// Where an order stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TradeState {
    /// Not paid; also after a failed attempt and after expiry.
    NotPay,
    /// Paid; it says `REFUND` from the first refund on.
    Success(Payment),
    /// Never to be paid.
    Closed {
        /// When.
        at: OffsetDateTime,
        /// Who did it.
        by: ClosedBy,
    },
}

/// Who closed an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosedBy {
    /// The merchant's close call.
    Merchant,
    /// WeChat Pay, seven days after creation.
    Age,
}

/// A payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// WeChat Pay's number.
    pub transaction_id: String,
    /// Who paid.
    pub openid: String,
    /// When.
    pub success_at: OffsetDateTime,
    /// The order's amount: what the prepay asked for, unless a test paid another.
    pub total_fen: i64,
    /// What a coupon took off.
    pub coupon_fen: i64,
    /// Whether a test paid it when, or as, it could not be paid.
    pub unfaithful: bool,
    /// Whether money can go back to the payer.
    pub payer_account: PayerAccount,
    /// What went back.
    pub refunds: RefundTally,
}

impl Payment {
    /// What the payer paid himself.
    pub fn payer_total_fen(&self) -> i64 {
        self.total_fen.saturating_sub(self.coupon_fen)
    }

    /// As far as refunds care.
    pub fn refundable(&self) -> Refundable {
        Refundable { total_fen: self.total_fen, payer_total_fen: self.payer_total_fen() }
    }

    fn is_refunded(&self) -> bool {
        self.refunds.first_at.is_some()
    }
}

impl Trade {
    /// A new, unpaid order.
    pub fn new(
        form: PrepayForm,
        parameters: Map<String, Value>,
        trade_type: TradeType,
        handle: PrepayHandle,
    ) -> Self {
        let created_at = handle.issued_at;
        let expires_at = form.time_expire.map_or(created_at + LIFE, |asked| {
            asked.clamp(created_at + EXPIRY_MIN, created_at + EXPIRY_MAX)
        });
        Self {
            form,
            parameters,
            trade_type,
            created_at,
            expires_at,
            state: TradeState::NotPay,
            handle,
            failed_payments: 0,
            unfaithful: false,
            ordered_by: OrderedBy::Api,
        }
    }

    /// Closes an unpaid order that has become seven days old; the time of closing is then, not now.
    pub fn close_by_age(&mut self, now: OffsetDateTime) {
        let at = self.created_at + LIFE;
        if self.state == TradeState::NotPay && now >= at {
            self.state = TradeState::Closed { at, by: ClosedBy::Age };
        }
    }

    /// Whether the user can still pay.
    pub fn is_payable(&self, now: OffsetDateTime) -> bool {
        self.state == TradeState::NotPay && now <= self.expires_at
    }

    /// Whether the payer's client would still take the current handle. The order may be payable for longer.
    pub fn handle_is_good(&self, now: OffsetDateTime) -> bool {
        now < self.handle_ends_at()
    }

    /// From when on the payer's client takes the current handle no more.
    pub fn handle_ends_at(&self) -> OffsetDateTime {
        let life = match self.trade_type {
            TradeType::Jsapi | TradeType::Native | TradeType::App => PREPAY_LIFE,
            TradeType::H5 => H5_URL_LIFE,
        };
        self.handle.issued_at + life
    }

    /// The order as it was at an earlier instant, for stale queries.
    pub fn as_of(&self, instant: OffsetDateTime) -> Self {
        let changed_later = match &self.state {
            TradeState::NotPay => false,
            TradeState::Success(payment) => payment.success_at > instant,
            TradeState::Closed { at, .. } => *at > instant,
        };
        let mut earlier = self.clone();
        if changed_later {
            earlier.state = TradeState::NotPay;
        } else if let TradeState::Success(payment) = &mut earlier.state
            && payment.refunds.first_at.is_some_and(|first| first > instant)
        {
            payment.refunds = RefundTally::default();
        }
        earlier
    }

    /// WeChat Pay's number, once it is paid.
    pub fn transaction_id(&self) -> Option<&str> {
        match &self.state {
            TradeState::Success(payment) => Some(&payment.transaction_id),
            TradeState::NotPay | TradeState::Closed { .. } => None,
        }
    }

    /// `trade_state`.
    pub fn state_name(&self) -> &'static str {
        match &self.state {
            TradeState::NotPay => "NOTPAY",
            TradeState::Success(payment) if payment.is_refunded() => "REFUND",
            TradeState::Success(_) => "SUCCESS",
            TradeState::Closed { .. } => "CLOSED",
        }
    }
}
