//! A payment as a query answers it and a notification's resource says it (v3 §6.2, §7.3).
//! Everything but the state and the numbers may be absent.

use serde::Deserialize;

/// One payment. Unknown members are ignored: WeChat Pay adds some now and then.
#[derive(Deserialize)]
pub(crate) struct TradeWire {
    pub(crate) mchid: String,
    pub(crate) out_trade_no: String,
    pub(crate) trade_state: String,
    pub(crate) trade_type: Option<String>,
    pub(crate) appid: Option<String>,
    pub(crate) transaction_id: Option<String>,
    pub(crate) attach: Option<String>,
    pub(crate) success_time: Option<String>,
    pub(crate) payer: Option<PayerWire>,
    pub(crate) amount: Option<AmountWire>,
}

/// `payer`.
#[derive(Deserialize)]
pub(crate) struct PayerWire {
    pub(crate) openid: Option<String>,
}

/// `amount`, in fen. Integers: a decimal point is refused, not rounded.
#[derive(Deserialize)]
pub(crate) struct AmountWire {
    pub(crate) total: Option<i64>,
    pub(crate) payer_total: Option<i64>,
    pub(crate) currency: Option<String>,
}
