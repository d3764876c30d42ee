//! `Payment` of the contract.

use super::names::{WireChannel, WirePaymentStatus, WireTradeType};
use domain::Timestamp;
use domain::payment::Payment;
use serde::Serialize;
use utoipa::ToSchema;

/// One payment of an order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Payment)]
pub(crate) struct WirePayment {
    /// Our number of it, as WeChat Pay knows it.
    out_trade_no: String,
    channel: WireChannel,
    #[schema(required = true)]
    trade_type: Option<WireTradeType>,
    /// What is paid, in fen.
    amount_fen: i64,
    status: WirePaymentStatus,
    /// WeChat Pay's number, once it is paid.
    #[schema(required = true)]
    transaction_id: Option<String>,
    /// When WeChat Pay says it was paid.
    #[schema(required = true, format = DateTime)]
    paid_at: Option<String>,
    /// Until when it can be paid.
    #[schema(required = true, format = DateTime)]
    expires_at: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
}

impl WirePayment {
    /// The twin.
    pub(crate) fn of(payment: &Payment) -> WirePayment {
        let receipt = payment.receipt();
        WirePayment {
            out_trade_no: payment.out_trade_no().as_str().to_owned(),
            channel: WireChannel::of(payment.terms.channel),
            trade_type: payment.terms.trade_type().map(WireTradeType::of),
            amount_fen: payment.terms.amount.get(),
            status: WirePaymentStatus::of(payment.state.status()),
            transaction_id: receipt
                .filter(|_| !payment.is_from_wallet())
                .map(|r| r.transaction_id.as_str().to_owned()),
            paid_at: receipt.map(|r| r.success_at).map(Timestamp::to_rfc3339),
            expires_at: (!payment.is_from_wallet()).then(|| payment.terms.time_expire.to_rfc3339()),
            created_at: payment.created_at.to_rfc3339(),
        }
    }
}
