//! What can be asked of an order, and how it answers.

use crate::card::CardOwner;
use crate::cash::CashReceipt;
use crate::fact::{PaymentFact, RefundFact};
use crate::names::TransactionId;
use crate::order::{CouponOutcome, Event, NewPayment, StockOutcome, WalletPayment};
use crate::payment::{ClosingCause, Credential, Terms};
use crate::refund::Asker;
use crate::shipment::ShipmentDraft;
use crate::{Epoch, Fen, OutRefundNo, OutTradeNo, Pace, Timestamp};

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
    /// Cancel it for its buyer who orders the same anew; only while it is not paid.
    GiveWay,
    /// Stop offering one payment: it is closed at WeChat Pay, the order goes on.
    ClosePayment {
        /// Which.
        out_trade_no: OutTradeNo,
        /// Why.
        why: ClosingCause,
    },
    /// Offer a payment; the open one again if it is equal, else in its place.
    StartPayment(NewPayment),
    /// Pay all of it from the buyer's wallet.
    PayFromWallet(WalletPayment),
    /// Note what the payer's client said.
    NoteReport(PayerResult),
    /// Goods went out.
    Ship(ShipmentDraft),
    /// They arrived.
    Deliver,
    /// Nothing is left to do.
    Complete(CompletedBy),
    /// Its cash was taken at the door.
    CollectCash(CashReceipt),
    /// Send money back.
    Refund(RefundAsk),
    /// Say yes to a refund that waits for it.
    ApproveRefund {
        /// Which.
        out_refund_no: OutRefundNo,
        /// Whether who says it may approve what operators ask for.
        as_approver: bool,
    },
    /// Say no to a refund that waits for approval.
    DeclineRefund {
        /// Which.
        out_refund_no: OutRefundNo,
    },
    /// Take back one's own request that still waits.
    WithdrawRefund {
        /// Which.
        out_refund_no: OutRefundNo,
    },
    /// Go on with a refund: a rejected one again, a closed one under another number.
    RetryRefund {
        /// Which.
        out_refund_no: OutRefundNo,
        /// Of surplus money, how much is still owed where that is less: WeChat Pay says that some of
        /// it went back, and not how. `None` for all that we know to be left.
        amount: Option<Fen>,
    },
    /// Record that the money went back another way.
    SettleRefundOffline {
        /// Which.
        out_refund_no: OutRefundNo,
        /// How, in the approver's words.
        note: String,
    },
    /// Have a refund that is abnormal sent to a card: about to call WeChat Pay.
    ApplyAbnormal {
        /// Which.
        out_refund_no: OutRefundNo,
        /// Whose card.
        to: CardOwner,
        /// Whether who says it may approve what operators ask for.
        as_approver: bool,
    },
    /// Record that WeChat Pay refused to send a refund to a card, and what it said of the refund after that.
    RecordApplicationRefused {
        /// When it was applied for: another application is not meant.
        applied_at: Timestamp,
        /// WeChat Pay's error code. Unsigned: it counts with a query that says the same.
        code: String,
        /// What the query says.
        said: RefundFact,
    },
    /// About to call WeChat Pay.
    SendRefund {
        /// Which.
        out_refund_no: OutRefundNo,
    },
    /// Record a refund call that brought no fact.
    RecordRefundCall {
        /// Which.
        out_refund_no: OutRefundNo,
        /// What it brought.
        answer: RefundAnswer,
    },
    /// Bring our record to agree with what WeChat Pay says about a refund.
    RecordRefund(RefundFact),
    /// Take on a payment of ours whose record was lost: its money goes back.
    Adopt(PaymentFact),
}

impl Command {
    /// Whether it records what WeChat Pay says: true, whatever our other books hold (product ruling 5).
    #[must_use]
    pub fn is_a_fact(&self) -> bool {
        match self {
            Command::RecordFact(_)
            | Command::RecordRefund(_)
            | Command::RecordApplicationRefused { .. }
            | Command::Adopt(_) => true,
            Command::RecordPrepay { .. }
            | Command::Cancel(_)
            | Command::GiveWay
            | Command::ClosePayment { .. }
            | Command::StartPayment(_)
            | Command::PayFromWallet(_)
            | Command::NoteReport(_)
            | Command::Ship(_)
            | Command::Deliver
            | Command::Complete(_)
            | Command::CollectCash(_)
            | Command::Refund(_)
            | Command::ApproveRefund { .. }
            | Command::DeclineRefund { .. }
            | Command::WithdrawRefund { .. }
            | Command::RetryRefund { .. }
            | Command::SettleRefundOffline { .. }
            | Command::ApplyAbnormal { .. }
            | Command::SendRefund { .. }
            | Command::RecordRefundCall { .. } => false,
        }
    }
}

/// A refund that somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundAsk {
    /// How much of it.
    pub what: RefundOf,
    /// Why, shown to the payer.
    pub reason: String,
    /// Who asks.
    pub by: Asker,
    /// A number given by a merchant's backend.
    pub out_refund_no: Option<OutRefundNo>,
}

/// How much a refund asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundOf {
    /// All that is left.
    Rest,
    /// So much.
    Amount(Fen),
    /// What was paid for these goods; with the last of them before shipping, the fees as well.
    Lines(Vec<LineQuantity>),
}

impl From<Option<Fen>> for RefundOf {
    /// An amount; all that is left without one.
    fn from(amount: Option<Fen>) -> RefundOf {
        amount.map_or(RefundOf::Rest, RefundOf::Amount)
    }
}

/// So many of one line of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineQuantity {
    /// Which line, from 1.
    pub line_no: u16,
    /// How many of it, at least 1.
    pub quantity: u32,
}

/// What a refund call brought, when it was no fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundAnswer {
    /// A definite refusal with its code. Unsigned: a query has to say the same.
    Refused {
        /// WeChat Pay's error code.
        code: String,
    },
    /// Nothing that can be used.
    Unknown,
}

/// For how long an online payment of an order without a deadline can be paid unless the merchant says
/// otherwise, in seconds (product §3: 15 minutes).
const PAY_WITHIN_S: i64 = 900;

/// What a command meets besides the order.
pub struct Circumstances<'a> {
    /// The instant of the decision, business time.
    pub now: Timestamp,
    /// Whether the stock of a settlement can be taken, and that of a cancellation given back.
    pub stock: StockOutcome,
    /// Whether its coupon can be spent by a settlement, and given back by a cancellation.
    pub coupon: CouponOutcome,
    /// Writes the body of a prepay request, byte for byte as it will be sent.
    pub compose: &'a dyn Fn(&Terms) -> String,
    /// The life of the database.
    pub epoch: &'a Epoch,
    /// Who gives the command, by the name in the audit.
    pub actor: &'a str,
    /// The name of the intention: what gets a number of its own is numbered by it.
    pub name: &'a str,
    /// How long a designed second takes.
    pub pace: Pace,
    /// An operator's refund above this waits for another person, in fen.
    pub approval_above: Fen,
    /// For how long an online payment of an order without a deadline can be paid, in seconds.
    pub pay_within_s: i64,
}

impl<'a> Circumstances<'a> {
    /// Nothing out of the ordinary at `now`, in `epoch`: stock and coupon can be taken, nobody in particular
    /// gives the command, nothing waits for a second person, and no payment is started.
    #[must_use]
    pub fn ordinary(now: Timestamp, epoch: &'a Epoch) -> Circumstances<'a> {
        Circumstances {
            now,
            stock: StockOutcome::Committed,
            coupon: CouponOutcome::Moved,
            compose: &|_| String::new(),
            epoch,
            actor: "",
            name: "",
            pace: Pace::DESIGNED,
            approval_above: Fen::LIMIT,
            pay_within_s: PAY_WITHIN_S,
        }
    }
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
    /// The deadline passed. Of cash on delivery: that of its online payment, which alone is closed.
    Deadline,
    /// The buyer did not take what came: cash on delivery, refused at the door.
    Refused,
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
    /// A notification says that another amount, currency or appid was paid than was asked, or that a
    /// refund is closed: money goes back for that only once a query says the same.
    #[error("what a notification says here needs a query that confirms it")]
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
    /// It cannot be paid this way: H5 without the payer's address, or App without a mobile app.
    #[error("it cannot be paid this way")]
    WayNotOffered,
    /// It has as many payments as numbers allow.
    #[error("the order has too many payments")]
    TooManyPayments,
    /// The cash is not what the order costs.
    #[error("the cash is not what the order costs")]
    CashDiffers,
    /// An online payment of it is not proven to have ended: no cash is taken meanwhile.
    #[error("an online payment of the order is not over")]
    PaymentInProgress,
    /// It is not where this can happen.
    #[error("the order is in another state")]
    WrongState,
    /// A package of this carrier and number is recorded with another shipment.
    #[error("a package of this number is recorded already")]
    PackageKnown,
    /// It is sent in as many packages as WeChat allows.
    #[error("the order has too many packages")]
    TooManyPackages,
    /// It has no such refund.
    #[error("refund {0} is not of this order")]
    RefundUnknown(OutRefundNo),
    /// It was not paid with WeChat Pay money, or too long ago.
    #[error("the order cannot be refunded")]
    NotRefundable,
    /// It has no such line, or the line was named twice.
    #[error("line {0} is not of this order, or named twice")]
    LineUnknown(u16),
    /// More than is left of what was paid.
    #[error("more than what is left of the payment")]
    RefundExceedsPaid,
    /// WeChat Pay takes no more refunds of this payment.
    #[error("the payment has too many refunds")]
    TooManyRefunds,
    /// The refund's number belongs to another refund of this order.
    #[error("refund {0} is another refund of this order")]
    RefundNumberTaken(OutRefundNo),
    /// Who asked for it may not approve it.
    #[error("somebody else has to approve it")]
    NeedsAnother,
    /// Another refund of the same payment was sent a moment ago, or may be.
    #[error("refunds of one payment keep a distance")]
    RefundTooSoon {
        /// When it may be sent, if nothing else happens.
        until: Timestamp,
    },
    /// WeChat Pay says of this number what cannot be ours: another payment, another amount, or
    /// more than is left.
    #[error("{out_refund_no} is not the refund that we know: {why}")]
    RefundDiffers {
        /// Which number.
        out_refund_no: OutRefundNo,
        /// In what.
        why: &'static str,
    },
}
