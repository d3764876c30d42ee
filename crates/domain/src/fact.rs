//! Facts: verified statements of WeChat Pay, however they reached us.
//!
//! Only an adapter that has checked WeChat Pay's signature makes one ([`PaymentFact::attested`],
//! [`RefundFact::attested`]; `cargo xtask tidy` lists who may call them). Whoever holds a fact need
//! not ask again, unless the database has lost commits since: see [`Epoch`].

use crate::names::{Appid, Mchid, Openid, RefundId, TransactionId};
use crate::payment::TradeType;
use crate::{Epoch, Fen, OutRefundNo, OutTradeNo, Timestamp};

/// What WeChat Pay says about one payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentFact {
    evidence: Evidence,
    mchid: Mchid,
    out_trade_no: OutTradeNo,
    trade: Trade,
    attach: Option<String>,
    trade_type: Option<TradeType>,
    asked_on: Option<Epoch>,
    asked_at: Option<Timestamp>,
}

/// What WeChat Pay says about one refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundFact {
    evidence: Evidence,
    mchid: Mchid,
    out_refund_no: OutRefundNo,
    refund: RefundAtWechat,
}

/// How a fact reached us, and where its proof is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// A signed, decrypted notification.
    Notification {
        /// WeChat Pay's id of it; every re-send has the same.
        event_id: String,
    },
    /// The signed answer to our query.
    Query {
        /// `Request-ID` of the answer, when there was one.
        request_id: Option<String>,
    },
}

/// The state of a payment at WeChat Pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trade {
    /// `SUCCESS`: the payer has paid.
    Success(Receipt),
    /// `NOTPAY`. Proves nothing about the future, and little about the present: queries can lag
    /// a payment by seconds.
    NotPaid,
    /// `CLOSED`: nobody can pay it any more.
    Closed,
    /// `REFUND`: it was paid, and at least one refund was asked for (also in part).
    Refunded(Receipt),
    /// `ORDER_NOT_EXIST`: never ordered, or not yet.
    NotExist,
}

/// What WeChat Pay says about money it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// WeChat Pay's number.
    pub transaction_id: TransactionId,
    /// The application the payer was in.
    pub appid: Appid,
    /// `amount.total` in fen.
    pub amount: Fen,
    /// `amount.currency`.
    pub currency: String,
    /// `amount.payer_total` in fen: what the payer paid after WeChat Pay's own coupons.
    pub payer_total: Option<Fen>,
    /// Who paid.
    pub payer: Option<Openid>,
    /// `success_time`.
    pub success_at: Timestamp,
}

/// A refund as WeChat Pay has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundAtWechat {
    /// It was accepted; this is how far it got.
    Known(RefundStatement),
    /// No refund has this number (404 `RESOURCE_NOT_EXISTS`, unsigned): it was not accepted, or not
    /// yet.
    NotExist,
}

/// What WeChat Pay says about a refund that it accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundStatement {
    /// WeChat Pay's number.
    pub refund_id: RefundId,
    /// The payment that it returns, as WeChat Pay numbers it.
    pub transaction_id: TransactionId,
    /// The payment that it returns, as we number it.
    pub out_trade_no: OutTradeNo,
    /// `amount.refund` in fen.
    pub amount: Fen,
    /// How far it got.
    pub progress: RefundProgress,
}

/// How far an accepted refund got (v3 §7.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefundProgress {
    /// `PROCESSING`: on its way.
    Processing,
    /// `SUCCESS`: the payer has the money.
    Succeeded {
        /// `success_time`.
        at: Timestamp,
    },
    /// `ABNORMAL`: it could not reach the payer; needs a person.
    Abnormal,
    /// `CLOSED`: it will never arrive. Money that is still owed needs another number.
    Closed,
}

impl RefundFact {
    /// A statement whose signature the caller has verified and whose merchant is ours; or the
    /// unsigned [`RefundAtWechat::NotExist`], which proves nothing by itself.
    #[must_use]
    pub fn attested(
        evidence: Evidence,
        mchid: Mchid,
        out_refund_no: OutRefundNo,
        refund: RefundAtWechat,
    ) -> RefundFact {
        RefundFact { evidence, mchid, out_refund_no, refund }
    }

    /// How it reached us.
    #[must_use]
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// The merchant it is about.
    #[must_use]
    pub fn mchid(&self) -> &Mchid {
        &self.mchid
    }

    /// The refund it is about.
    #[must_use]
    pub fn out_refund_no(&self) -> &OutRefundNo {
        &self.out_refund_no
    }

    /// What it says.
    #[must_use]
    pub fn refund(&self) -> &RefundAtWechat {
        &self.refund
    }

    /// What it says of a refund that exists.
    #[must_use]
    pub fn statement(&self) -> Option<&RefundStatement> {
        match &self.refund {
            RefundAtWechat::Known(statement) => Some(statement),
            RefundAtWechat::NotExist => None,
        }
    }
}

impl RefundAtWechat {
    /// WeChat Pay's word for it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            RefundAtWechat::Known(statement) => match statement.progress {
                RefundProgress::Processing => "PROCESSING",
                RefundProgress::Succeeded { .. } => "SUCCESS",
                RefundProgress::Abnormal => "ABNORMAL",
                RefundProgress::Closed => "CLOSED",
            },
            RefundAtWechat::NotExist => "RESOURCE_NOT_EXISTS",
        }
    }
}

impl PaymentFact {
    /// A statement whose signature the caller has verified and whose merchant is ours.
    #[must_use]
    pub fn attested(
        evidence: Evidence,
        mchid: Mchid,
        out_trade_no: OutTradeNo,
        trade: Trade,
        attach: Option<String>,
    ) -> PaymentFact {
        PaymentFact {
            evidence,
            mchid,
            out_trade_no,
            trade,
            attach,
            trade_type: None,
            asked_on: None,
            asked_at: None,
        }
    }

    /// The same, with the way it was paid.
    #[must_use]
    pub fn paid_by(self, trade_type: Option<TradeType>) -> PaymentFact {
        PaymentFact { trade_type, ..self }
    }

    /// The same, asked for while the database lived in `epoch`: what was asked for before it lost
    /// commits may be older than a refund that it lost.
    #[must_use]
    pub fn asked_on(self, epoch: &Epoch) -> PaymentFact {
        PaymentFact { asked_on: Some(epoch.clone()), ..self }
    }

    /// The same, asked for at `at`: whoever asked may have slept over the answer, and it is not younger
    /// for that.
    #[must_use]
    pub fn asked_at(self, at: Timestamp) -> PaymentFact {
        PaymentFact { asked_at: Some(at), ..self }
    }

    /// How it reached us.
    #[must_use]
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// The merchant it is about.
    #[must_use]
    pub fn mchid(&self) -> &Mchid {
        &self.mchid
    }

    /// The payment it is about.
    #[must_use]
    pub fn out_trade_no(&self) -> &OutTradeNo {
        &self.out_trade_no
    }

    /// What it says.
    #[must_use]
    pub fn trade(&self) -> &Trade {
        &self.trade
    }

    /// The way it was paid, where WeChat Pay says it.
    #[must_use]
    pub fn trade_type(&self) -> Option<TradeType> {
        self.trade_type
    }

    /// The epoch in which we asked for it; `None` for what came by itself.
    #[must_use]
    pub fn epoch(&self) -> Option<&Epoch> {
        self.asked_on.as_ref()
    }

    /// When we asked for it, business time; `None` for what came by itself.
    #[must_use]
    pub fn when_asked(&self) -> Option<Timestamp> {
        self.asked_at
    }

    /// What was sent along with the prepay; tells whose payment an unknown number is.
    #[must_use]
    pub fn attach(&self) -> Option<&str> {
        self.attach.as_deref()
    }
}

impl Trade {
    /// WeChat Pay's word for it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Trade::Success(_) => "SUCCESS",
            Trade::NotPaid => "NOTPAY",
            Trade::Closed => "CLOSED",
            Trade::Refunded(_) => "REFUND",
            Trade::NotExist => "ORDER_NOT_EXIST",
        }
    }
}

#[cfg(test)]
mod tests;
