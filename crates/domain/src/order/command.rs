//! What can be asked of an order, and how it answers.

use crate::fact::PaymentFact;
use crate::names::TransactionId;
use crate::order::{Event, NewPayment, StockOutcome};
use crate::payment::{ClosingCause, Credential, Terms};
use crate::shipment::ShipmentDraft;
use crate::{OutTradeNo, Timestamp};

/// What can be asked of an order that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Record what the prepay call said.
    RecordPrepay {
        /// Of which payment.
        out_trade_no: OutTradeNo,
        /// What it said.
        answer: PrepayAnswer,
    },
    /// Bring our record to agree with a verified fact.
    RecordFact(PaymentFact),
    /// Cancel it: a negotiation with WeChat Pay, see [`crate::order::OrderStatus::Cancelling`].
    Cancel(CancelCause),
    /// Stop offering one payment: it is closed at WeChat Pay, the order goes on.
    ClosePayment {
        /// Which.
        out_trade_no: OutTradeNo,
        /// Why.
        why: ClosingCause,
    },
    /// Offer a payment; the open one again if it is equal, else in its place.
    StartPayment(NewPayment),
    /// Note what the payer's client said.
    NoteReport(PayerResult),
    /// Goods went out.
    Ship(ShipmentDraft),
    /// They arrived.
    Deliver,
    /// Nothing is left to do.
    Complete(CompletedBy),
}

/// What a command meets besides the order.
pub struct Circumstances<'a> {
    /// The instant of the decision, business time.
    pub now: Timestamp,
    /// Whether the stock of a settlement can be taken.
    pub stock: StockOutcome,
    /// Writes the body of a prepay request, byte for byte as it will be sent.
    pub compose: &'a dyn Fn(&Terms) -> String,
}

/// What a payer's client says became of the payment (`wx.requestPayment`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PayerResult {
    /// `ok`: paid, it says.
    Ok,
    /// The payer went back.
    Cancel,
    /// It failed.
    Fail,
}

/// Who or what says that an order is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CompletedBy {
    /// The buyer confirmed the receipt.
    Buyer,
    /// An operator.
    Operator,
    /// The days after delivery passed.
    Elapsed,
}

/// What a prepay call said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrepayAnswer {
    /// A verified answer with what the payer needs.
    Accepted(Credential),
    /// A definite refusal with its code.
    Refused {
        /// WeChat Pay's error code.
        code: String,
    },
    /// Nothing that can be used.
    Unknown,
}

/// Who or what cancels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CancelCause {
    /// The buyer.
    Buyer,
    /// An operator.
    Operator,
    /// The deadline passed.
    Deadline,
}

/// The answer to a command that is not refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// These happened; apply and commit them together.
    Record(Vec<Event>),
    /// Everything that was asked equals what is recorded.
    AlreadyApplied,
}

/// Why a command is refused. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The order has no such payment.
    #[error("payment {0} is not of this order")]
    PaymentUnknown(OutTradeNo),
    /// The fact is about another merchant's payment. No adapter hands such a fact in.
    #[error("the fact is about another merchant")]
    OtherMerchant,
    /// The payment has a success of another transaction: WeChat Pay never does that.
    #[error("{out_trade_no} is recorded with transaction {recorded}, not {stated}")]
    TransactionDiffers {
        /// Which payment.
        out_trade_no: OutTradeNo,
        /// What we hold.
        recorded: TransactionId,
        /// What was said.
        stated: TransactionId,
    },
    /// A notification says that another amount, currency or appid was paid than was asked: money
    /// goes back for that only once a query says the same.
    #[error("a success that differs from what was asked needs a query that confirms it")]
    Unconfirmed,
    /// It is paid, shipped or done: cancelling needs a refund.
    #[error("the order cannot be cancelled any more")]
    NotCancellable,
    /// The deadline has not passed.
    #[error("the deadline has not passed")]
    NotDue,
    /// It is settled, being cancelled, over, or less than a minute is left.
    #[error("the order cannot be paid any more")]
    NotPayable,
    /// JSAPI needs to know who pays.
    #[error("the payer's openid is not known")]
    PayerUnknown,
    /// It has as many payments as numbers allow.
    #[error("the order has too many payments")]
    TooManyPayments,
    /// It is not where this can happen.
    #[error("the order is in another state")]
    WrongState,
    /// A package of this carrier and number is recorded with another shipment.
    #[error("a package of this number is recorded already")]
    PackageKnown,
    /// It is sent in as many packages as WeChat allows.
    #[error("the order has too many packages")]
    TooManyPackages,
}
