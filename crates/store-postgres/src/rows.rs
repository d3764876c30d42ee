//! Serialisable twins of the order and its parts, as the tables hold them.
//!
//! Translates both ways and decides nothing. What cannot have been written by us is `Corrupt`.

mod coupon;
mod order;
mod payment;
mod refund;
mod settlement;
mod shipment;

pub(crate) use coupon::CouponUseRow;
pub(crate) use order::{HoldRow, OrderRow, order_rows};
pub(crate) use payment::PaymentRow;
pub(crate) use refund::RefundRow;
pub(crate) use settlement::SettlementRow;

use domain::Timestamp;
use domain::ports::StoreError;
use serde::{Deserialize, Serialize};

/// An instant in JSON, RFC 3339.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Instant(pub(crate) Timestamp);

impl TryFrom<String> for Instant {
    type Error = String;

    fn try_from(text: String) -> Result<Instant, String> {
        Timestamp::parse_rfc3339(&text).map(Instant).ok_or(format!("{text:?} is not a time"))
    }
}

impl From<Instant> for String {
    fn from(instant: Instant) -> String {
        instant.0.to_rfc3339()
    }
}

/// What `paydesk_load` answers.
#[derive(Debug, Deserialize)]
pub(crate) struct LoadedRow {
    pub(crate) now: Instant,
    pub(crate) timeline: String,
    pub(crate) found: Option<OrderRows>,
}

/// One order, whole.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct OrderRows {
    pub(crate) order: OrderRow,
    pub(crate) payments: Vec<PaymentRow>,
    pub(crate) refunds: Vec<RefundRow>,
    pub(crate) holds: Vec<HoldRow>,
    pub(crate) coupon: Option<CouponUseRow>,
    pub(crate) settlement: Option<SettlementRow>,
}

pub(crate) fn corrupt(what: impl Into<String>) -> StoreError {
    StoreError::Corrupt(what.into())
}

pub(crate) fn number<T: TryFrom<i64>>(value: i64, what: &str) -> Result<T, StoreError> {
    T::try_from(value).ok().ok_or_else(|| corrupt(format!("{what} {value} is out of range")))
}
