//! Refunds as they stand in WeChat Pay's own ledger: what its bills have to say of them.

use super::WeChat;
use domain::Timestamp;
use wechatpay_sim::core::refund::RefundStatus;

/// A refund that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookedRefund {
    /// The merchant's number of it.
    pub out_refund_no: String,
    /// WeChat Pay's.
    pub refund_id: String,
    /// The merchant's number of the payment.
    pub out_trade_no: String,
    /// WeChat Pay's number of the payment.
    pub transaction_id: String,
    /// What was asked to go back, in fen.
    pub refund_fen: i64,
    /// What of it the payer gets: less with a coupon.
    pub payer_fen: i64,
    /// When it was accepted.
    pub at: Timestamp,
    /// When the merchant's money left, if it has.
    pub left_at: Option<Timestamp>,
}

impl WeChat {
    /// Every refund that was ever accepted, whoever asked for it.
    #[must_use]
    pub fn booked_refunds(&self) -> Vec<BookedRefund> {
        let inside = self.inside();
        let booked = inside.core.refunds().map(|refund| {
            let has_left =
                |status| matches!(status, RefundStatus::Success | RefundStatus::Abnormal);
            let left = refund.changes.iter().find(|(_, status)| has_left(*status));
            BookedRefund {
                out_refund_no: refund.form.out_refund_no.clone(),
                refund_id: refund.refund_id.clone(),
                out_trade_no: refund.out_trade_no.clone(),
                transaction_id: refund.transaction_id.clone(),
                refund_fen: refund.money.refund_fen,
                payer_fen: refund.money.payer_refund_fen,
                at: Timestamp::from_offset(refund.created_at),
                left_at: left.map(|(at, _)| Timestamp::from_offset(*at)),
            }
        });
        booked.collect()
    }
}
