//! WeChat's shipping-information management, for one mini program.

use super::PortFuture;
use crate::names::{Appid, TransactionId};
use crate::shipping_info::{ShippingInfo, ShippingRecord};

/// Tells WeChat what was shipped, and asks what it knows (mini-program §3).
///
/// Never about money: whatever goes wrong here changes no payment and no refund.
pub trait ShippingManagement: Send + Sync {
    /// The mini program whose payments are told about.
    fn appid(&self) -> &Appid;

    /// Whether payments under this mini program have to be told about (`is_trade_managed`).
    ///
    /// # Contract
    /// May be an answer of today: WeChat says to keep it.
    fn is_managed(&self) -> PortFuture<'_, Result<bool, ShippingError>>;

    /// Tells all that is known of an order's packages (`upload_shipping_info`). `Ok` when it is recorded, also
    /// when nothing of it was new.
    ///
    /// # Contract
    /// Sent once, but for a token that was refused, with which nothing can have happened. After any other error it
    /// may be recorded all the same: [`ShippingManagement::record`] says.
    fn tell<'a>(&'a self, info: &'a ShippingInfo) -> PortFuture<'a, Result<(), ShippingError>>;

    /// What is known there of a payment (`get_order`); `None` while it is not known there at all, which right after
    /// a payment is usual.
    fn record<'a>(
        &'a self,
        transaction_id: &'a TransactionId,
    ) -> PortFuture<'a, Result<Option<ShippingRecord>, ShippingError>>;
}

/// Why shipping management did not do what was asked. A variant exists because somebody acts differently.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShippingError {
    /// Busy, asked too often, not to be reached, or an answer that cannot be read: ask what is known there, then
    /// tell it again.
    #[error("shipping management cannot answer: {0}")]
    Later(String),
    /// It does not know the payment: right after a payment it soon will.
    #[error("shipping management does not know the payment yet")]
    NotYetKnown,
    /// All of it was told before. What is known there says whether it is what we say.
    #[error("all of it was told before")]
    AlreadyShipped,
    /// It was corrected once, and cannot be corrected again.
    #[error("it was corrected before, and can be corrected once")]
    CorrectionUsed,
    /// It cannot be shipped as it stands, as after a refund: what is known there says why.
    #[error("it cannot be shipped as it stands")]
    NotShippable,
    /// What we say is wrong, and will be: a person has to put it right.
    #[error("shipping management does not accept it: {what} (errcode {errcode})")]
    Wrong {
        /// WeChat's code.
        errcode: i64,
        /// What is wrong, in our words.
        what: &'static str,
    },
    /// It does not accept our credentials, or our address: wake someone. Nothing happened.
    #[error("the WeChat platform does not accept our credentials (errcode {errcode})")]
    Misconfigured {
        /// WeChat's code.
        errcode: i64,
    },
}
