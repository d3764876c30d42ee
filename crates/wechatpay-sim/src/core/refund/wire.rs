//! A refund as WeChat Pay writes it: the answer of the request and the query (`v3.md` §7.5), and the notification (§6.2b).
//!
//! MAY NOT decide anything. Written straight from the refund, because a simulation asks often.

use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;

use crate::core::json::json_of;
use crate::core::refund::{Refund, RefundStatus, SentTo};
use crate::core::wire_time::beijing;

/// Where refunds go by themselves here: payments of this sandbox come from the balance (`bank_type` `OTHERS`).
const RECEIVED_BY: &str = "支付用户零钱";

#[derive(Serialize)]
struct RefundWire<'a> {
    #[serde(flatten)]
    names: Names<'a>,
    channel: &'static str,
    user_received_account: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    success_time: Option<String>,
    create_time: String,
    status: &'static str,
    funds_account: &'a str,
    amount: Amount<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    promotion_detail: Option<[Promotion; 1]>,
}

/// The state has another name than in an answer, and less is said.
#[derive(Serialize)]
struct RefundResource<'a> {
    mchid: &'a str,
    #[serde(flatten)]
    names: Names<'a>,
    refund_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    success_time: Option<String>,
    user_received_account: &'a str,
    amount: NoticeAmount,
}

/// The four numbers that name a refund and its payment.
#[derive(Serialize)]
struct Names<'a> {
    refund_id: &'a str,
    out_refund_no: &'a str,
    transaction_id: &'a str,
    out_trade_no: &'a str,
}

#[derive(Serialize)]
struct NoticeAmount {
    total: i64,
    refund: i64,
    payer_total: i64,
    payer_refund: i64,
}

/// The sandbox's coupons are not prepaid by the merchant: what they took off is no part of a settlement.
#[derive(Serialize)]
struct Amount<'a> {
    total: i64,
    refund: i64,
    payer_total: i64,
    payer_refund: i64,
    settlement_total: i64,
    settlement_refund: i64,
    discount_refund: i64,
    currency: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a Value>,
}

#[derive(Serialize)]
struct Promotion {
    promotion_id: String,
    scope: &'static str,
    r#type: &'static str,
    amount: i64,
    refund_amount: i64,
}

impl Refund {
    /// The refund in JSON as it is answered, as of an instant.
    pub fn to_wire(&self, instant: OffsetDateTime) -> String {
        let (since, status) = self.as_of(instant);
        json_of(&RefundWire {
            names: self.names(),
            channel: self.sent_by(instant).map_or("ORIGINAL", |_| "OTHER_BANKCARD"),
            user_received_account: self.received_by(instant),
            success_time: success_time(since, status),
            create_time: beijing(self.created_at),
            status: status.name(),
            funds_account: self.form.funds_account.as_deref().unwrap_or("AVAILABLE"),
            amount: self.amount(),
            promotion_detail: (self.coupon_fen() > 0).then(|| [self.promotion()]),
        })
    }

    /// The refund in JSON as a notification carries it, as of an instant.
    pub fn to_resource(&self, instant: OffsetDateTime) -> String {
        let (since, status) = self.as_of(instant);
        let money = self.money;
        json_of(&RefundResource {
            mchid: &self.mchid,
            names: self.names(),
            refund_status: status.name(),
            success_time: success_time(since, status),
            user_received_account: self.received_by(instant),
            amount: NoticeAmount {
                total: money.total_fen,
                refund: money.refund_fen,
                payer_total: money.payer_total_fen,
                payer_refund: money.payer_refund_fen,
            },
        })
    }

    fn sent_by(&self, instant: OffsetDateTime) -> Option<&SentTo> {
        self.sent_to.as_ref().filter(|sent| sent.at <= instant)
    }

    fn received_by(&self, instant: OffsetDateTime) -> &str {
        self.sent_by(instant).map_or(RECEIVED_BY, |sent| &sent.account)
    }

    fn names(&self) -> Names<'_> {
        Names {
            refund_id: &self.refund_id,
            out_refund_no: &self.form.out_refund_no,
            transaction_id: &self.transaction_id,
            out_trade_no: &self.out_trade_no,
        }
    }

    fn amount(&self) -> Amount<'_> {
        let money = self.money;
        Amount {
            total: money.total_fen,
            refund: money.refund_fen,
            payer_total: money.payer_total_fen,
            payer_refund: money.payer_refund_fen,
            settlement_total: money.payer_total_fen,
            settlement_refund: money.payer_refund_fen,
            discount_refund: self.coupon_fen(),
            currency: "CNY",
            from: self.form.from.as_ref(),
        }
    }

    fn coupon_fen(&self) -> i64 {
        self.money.refund_fen.saturating_sub(self.money.payer_refund_fen)
    }

    fn promotion(&self) -> Promotion {
        Promotion {
            promotion_id: format!("109519{}", self.transaction_id.get(..6).unwrap_or("")),
            scope: "GLOBAL",
            r#type: "DISCOUNT",
            amount: self.money.total_fen.saturating_sub(self.money.payer_total_fen),
            refund_amount: self.coupon_fen(),
        }
    }
}

fn success_time(since: OffsetDateTime, status: RefundStatus) -> Option<String> {
    (status == RefundStatus::Success).then(|| beijing(since))
}
