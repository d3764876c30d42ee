//! Refunds: the request (v3 §7.5), its answer, which is also a query's (§7.6), and what a
//! notification holds (§6.2b). Member order of the request is the order on the wire.

use serde::{Deserialize, Serialize};

/// The body of a refund request: the documented members that we use, nothing optional as `null`.
#[derive(Serialize)]
pub(crate) struct RefundBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) transaction_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) out_trade_no: Option<&'a str>,
    pub(crate) out_refund_no: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'a str>,
    pub(crate) notify_url: &'a str,
    pub(crate) amount: RefundAmountBody,
}

/// `amount`, in fen. `currency` is required here.
#[derive(Serialize)]
pub(crate) struct RefundAmountBody {
    pub(crate) refund: i64,
    pub(crate) total: i64,
    pub(crate) currency: &'static str,
}

/// The body of an abnormal refund (v3 §7.7). For the merchant's own account `type` says it all.
#[derive(Serialize)]
pub(crate) struct AbnormalBody<'a> {
    pub(crate) out_refund_no: &'a str,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    #[serde(flatten)]
    pub(crate) card: Option<CardBody<'a>>,
}

/// A payer's card. The number and the name are sealed.
#[derive(Serialize)]
pub(crate) struct CardBody<'a> {
    pub(crate) bank_type: &'a str,
    pub(crate) bank_account: String,
    pub(crate) real_name: String,
}

/// A refund as an answer says it.
#[derive(Deserialize)]
pub(crate) struct RefundAnswerWire {
    pub(crate) status: String,
    #[serde(flatten)]
    pub(crate) refund: RefundWire,
}

/// A refund as a notification says it: its state has another name, and there is no currency.
#[derive(Deserialize)]
pub(crate) struct RefundNoticeWire {
    pub(crate) mchid: String,
    pub(crate) refund_status: String,
    #[serde(flatten)]
    pub(crate) refund: RefundWire,
}

/// What both say. `user_received_account` is not mirrored: it is personal data.
#[derive(Deserialize)]
pub(crate) struct RefundWire {
    pub(crate) refund_id: String,
    pub(crate) out_refund_no: String,
    pub(crate) transaction_id: String,
    pub(crate) out_trade_no: String,
    pub(crate) success_time: Option<String>,
    pub(crate) amount: RefundAmountWire,
}

/// `amount`, in fen. Integers: a decimal point is refused, not rounded.
#[derive(Deserialize)]
pub(crate) struct RefundAmountWire {
    pub(crate) total: i64,
    pub(crate) refund: i64,
    pub(crate) currency: Option<String>,
}
