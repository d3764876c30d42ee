//! One payment of an order: one `out_trade_no` at WeChat Pay.
//!
//! Holds no rule about the order; `order/settle.rs` and its neighbours decide, this file says
//! what a payment can be.

use crate::fact::Receipt;
use crate::names::{Appid, ClientIp, Mchid, Openid};
use crate::{Fen, OutTradeNo, Timestamp};
use core::fmt;

/// Which payment of its order this is, from 1.
pub type PaymentNo = u8;

/// The most payments of one order: their numbers end in `-2` … `-99`.
pub const PAYMENTS_MAX: PaymentNo = 99;

/// The payment from the wallet: at most one, and none of WeChat Pay's.
pub const WALLET_PAYMENT: PaymentNo = 100;

/// One payment. Its request names the payer: `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Payment {
    /// Which payment of its order, from 1.
    pub no: PaymentNo,
    /// What was asked of WeChat Pay, frozen.
    pub terms: Terms,
    /// The body of the prepay request as it was and will be sent, byte for byte: WeChat Pay
    /// refuses a number that comes back with other parameters.
    pub prepay_body: String,
    /// How far it got.
    pub state: PaymentState,
    /// When it was recorded, always before WeChat Pay was called.
    pub created_at: Timestamp,
}

/// The frozen terms of a payment. A success that differs in amount, currency or appid is surplus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Our number of it.
    pub out_trade_no: OutTradeNo,
    /// Where it is paid.
    pub channel: Channel,
    /// The merchant.
    pub mchid: Mchid,
    /// The application the payer is in.
    pub appid: Appid,
    /// The payer; `Some` for JSAPI alone.
    pub payer: Option<Openid>,
    /// Where the payer's client is; `Some` for H5 alone. WeChat Pay compares it with where they pay from.
    pub client_ip: Option<ClientIp>,
    /// What is paid, in fen, at least 1.
    pub amount: Fen,
    /// Shown in the payer's bill, at most 127 characters.
    pub description: String,
    /// Comes back with every answer; marks the payment as ours (`pd1.<deployment>.<order>`).
    pub attach: String,
    /// The last instant at which the payer can pay (whole seconds are sent).
    pub time_expire: Timestamp,
}

/// Where a payment is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Channel {
    /// At WeChat Pay, with this product.
    Wechat(TradeType),
    /// From the buyer's wallet: our own ledger, paid in the commit that records it.
    Wallet,
}

/// WeChat Pay's products that we offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TradeType {
    /// Inside WeChat: official account and mini program.
    Jsapi,
    /// A QR code.
    Native,
    /// A browser on a phone, outside WeChat.
    H5,
    /// A mobile app of the merchant's.
    App,
}

/// How far a payment got. Each state carries what it implies and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentState {
    /// Durable; the call to WeChat Pay may or may not have been made.
    Created,
    /// WeChat Pay has it; the payer may pay. Without a credential (it was found by query) the
    /// same bytes are sent again to get one.
    Payable {
        /// What the payer's client needs.
        credential: Option<Credential>,
    },
    /// The prepay call's answer was lost: send the same bytes again, or query.
    Unknown,
    /// Being closed: query → close → query.
    Closing {
        /// Why.
        why: ClosingCause,
    },
    /// Proven closed by a query's answer. A late success is still possible as a fact.
    Closed {
        /// Why.
        why: ClosingCause,
        /// Since when.
        at: Timestamp,
    },
    /// WeChat Pay refused the prepay call. Errors are unsigned, so it counts as ended only once
    /// a query answered that the number does not exist.
    Rejected {
        /// WeChat Pay's error code.
        code: String,
        /// Whether a query has proven it.
        proven: bool,
    },
    /// It settled the order. Final.
    Paid {
        /// What WeChat Pay said.
        receipt: Receipt,
    },
    /// Money came that the order cannot take: refunded in full, once. Final.
    Surplus {
        /// What WeChat Pay said.
        receipt: Option<Receipt>,
        /// Why the order cannot take it.
        why: SurplusCause,
    },
}

/// What the payer's client needs to pay. Whoever has it can pay: `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// JSAPI, mini program, App. Valid for two hours (v3 §7.1).
    PrepayId(String),
    /// Native: the QR code's content. Valid for two hours.
    CodeUrl(String),
    /// H5: where the browser is sent. Valid for five minutes.
    H5Url(String),
}

/// A credential is offered again only while it is good for so many seconds more: the payer has to get to the cashier.
pub const CREDENTIAL_MARGIN_S: i64 = 60;

impl Credential {
    /// How long it is good, in seconds, from when WeChat Pay gave it (v3 §7.1). The payment can be payable for longer: the
    /// same bytes give another one.
    #[must_use]
    pub fn life_s(&self) -> i64 {
        match self {
            Credential::PrepayId(_) | Credential::CodeUrl(_) => 7_200,
            Credential::H5Url(_) => 300,
        }
    }
}

/// Why a payment is or was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClosingCause {
    /// The order was cancelled by its buyer or an operator.
    Cancelled,
    /// The order's deadline passed, or less than 60 s were left before `time_expire`.
    Expired,
    /// Another payment settled the order or took its place.
    Superseded,
    /// The prepay call was refused, yet WeChat Pay knows the number.
    Refused,
    /// Cash is to be taken at the door in its place.
    Cash,
    /// WeChat Pay closed it by itself or by the merchant's console.
    Elsewhere,
}

/// Why money cannot be taken by its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SurplusCause {
    /// The order was already cancelled.
    Late,
    /// The order was already settled by another payment.
    Second,
    /// Amount, currency or appid is not what was asked.
    Mismatch,
    /// WeChat Pay showed a refund before we ever saw the success.
    RefundSeenFirst,
    /// The record of it was lost with the database.
    RecordLost,
}

/// The name of a state: tables, logs and the API use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PaymentStatus {
    /// See [`PaymentState::Created`].
    Created,
    /// See [`PaymentState::Payable`].
    Payable,
    /// See [`PaymentState::Unknown`].
    Unknown,
    /// See [`PaymentState::Closing`].
    Closing,
    /// See [`PaymentState::Closed`].
    Closed,
    /// See [`PaymentState::Rejected`].
    Rejected,
    /// See [`PaymentState::Paid`].
    Paid,
    /// See [`PaymentState::Surplus`].
    Surplus,
}

impl fmt::Debug for Payment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payment")
            .field("no", &self.no)
            .field("terms", &self.terms)
            .field("state", &self.state)
            .field("created_at", &self.created_at)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Credential::PrepayId(_) => f.write_str("PrepayId(…)"),
            Credential::CodeUrl(_) => f.write_str("CodeUrl(…)"),
            Credential::H5Url(_) => f.write_str("H5Url(…)"),
        }
    }
}

impl Payment {
    /// Our number of it.
    #[must_use]
    pub fn out_trade_no(&self) -> &OutTradeNo {
        &self.terms.out_trade_no
    }

    /// Whether the buyer's wallet paid it.
    #[must_use]
    pub fn is_from_wallet(&self) -> bool {
        self.terms.channel == Channel::Wallet
    }

    /// Whether somebody may still have to act: neither settled, nor surplus, nor proven ended.
    #[must_use]
    pub fn is_live(&self) -> bool {
        match &self.state {
            PaymentState::Created
            | PaymentState::Payable { .. }
            | PaymentState::Unknown
            | PaymentState::Closing { .. }
            | PaymentState::Rejected { proven: false, .. } => true,
            PaymentState::Closed { .. }
            | PaymentState::Rejected { proven: true, .. }
            | PaymentState::Paid { .. }
            | PaymentState::Surplus { .. } => false,
        }
    }

    /// Whether the payer may be sent to this payment: not being closed, not ended.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(
            self.state,
            PaymentState::Created | PaymentState::Payable { .. } | PaymentState::Unknown
        )
    }

    /// What the payer's client needs, when WeChat Pay has given it.
    #[must_use]
    pub fn credential(&self) -> Option<&Credential> {
        if let PaymentState::Payable { credential } = &self.state {
            credential.as_ref()
        } else {
            None
        }
    }

    /// The credential while it can be offered without asking WeChat Pay again. It does not say when it gave it, and an answer
    /// that was lost may have given it before; but never before the payment was recorded. So a credential
    /// may be taken for older than it is, and then the same bytes are sent once more; never for younger.
    #[must_use]
    pub fn lasting_credential(&self, now: Timestamp) -> Option<&Credential> {
        self.credential().filter(|credential| {
            let end = self.created_at.plus_seconds(credential.life_s());
            end.plus_seconds(-CREDENTIAL_MARGIN_S) > now
        })
    }

    /// What WeChat Pay said of the money, when it was paid.
    #[must_use]
    pub fn receipt(&self) -> Option<&Receipt> {
        match &self.state {
            PaymentState::Paid { receipt } => Some(receipt),
            PaymentState::Surplus { receipt, .. } => receipt.as_ref(),
            PaymentState::Created
            | PaymentState::Payable { .. }
            | PaymentState::Unknown
            | PaymentState::Closing { .. }
            | PaymentState::Closed { .. }
            | PaymentState::Rejected { .. } => None,
        }
    }
}

impl PaymentState {
    /// Its name.
    #[must_use]
    pub fn status(&self) -> PaymentStatus {
        match self {
            PaymentState::Created => PaymentStatus::Created,
            PaymentState::Payable { .. } => PaymentStatus::Payable,
            PaymentState::Unknown => PaymentStatus::Unknown,
            PaymentState::Closing { .. } => PaymentStatus::Closing,
            PaymentState::Closed { .. } => PaymentStatus::Closed,
            PaymentState::Rejected { .. } => PaymentStatus::Rejected,
            PaymentState::Paid { .. } => PaymentStatus::Paid,
            PaymentState::Surplus { .. } => PaymentStatus::Surplus,
        }
    }
}

impl Terms {
    /// WeChat Pay's product; `None` when it is not paid there.
    #[must_use]
    pub fn trade_type(&self) -> Option<TradeType> {
        match self.channel {
            Channel::Wechat(trade_type) => Some(trade_type),
            Channel::Wallet => None,
        }
    }

    /// Whether a success with this receipt is the payment that was asked for. `payer_total` is
    /// never compared: WeChat Pay's coupons lower it.
    #[must_use]
    pub fn match_receipt(&self, receipt: &Receipt) -> bool {
        receipt.amount == self.amount && receipt.currency == "CNY" && receipt.appid == self.appid
    }
}

#[cfg(test)]
mod tests;
