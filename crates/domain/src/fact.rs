//! Facts: verified statements of WeChat Pay, however they reached us.
//!
//! Only an adapter that has checked WeChat Pay's signature makes one ([`PaymentFact::attested`];
//! `cargo xtask tidy` lists who may call it). Whoever holds a fact need not ask again.

use crate::names::{Appid, Mchid, Openid, TransactionId};
use crate::{Fen, OutTradeNo, Timestamp};

/// What WeChat Pay says about one payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentFact {
    evidence: Evidence,
    mchid: Mchid,
    out_trade_no: OutTradeNo,
    trade: Trade,
    attach: Option<String>,
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
    /// `REFUND`: it was paid, and at least one refund was asked for.
    Refunded,
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
        PaymentFact { evidence, mchid, out_trade_no, trade, attach }
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
            Trade::Refunded => "REFUND",
            Trade::NotExist => "ORDER_NOT_EXIST",
        }
    }
}
