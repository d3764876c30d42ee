//! Reads one payment out of WeChat Pay's words: the same shape in a query's answer and in a
//! notification (v3 §6.2, §7.3).
//!
//! Guesses nothing: an unknown `trade_state` is never unpaid, and a success without its proof is
//! not a success.

use domain::fact::{Receipt, Trade};
use domain::names::{Appid, Mchid, Openid, TransactionId};
use domain::payment::TradeType;
use domain::{Fen, Timestamp};

use crate::wire::trade::TradeWire;

/// A payment that does not say what it must.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable(pub(crate) &'static str);

/// What WeChat Pay says about one payment, before anybody asked whose it is.
#[derive(Debug)]
pub(crate) struct TradeSaid {
    /// The merchant.
    pub(crate) mchid: Mchid,
    /// The number, as text: of another system it may have a shape of its own.
    pub(crate) out_trade_no: String,
    /// Its state.
    pub(crate) trade: Trade,
    /// What came along with the prepay.
    pub(crate) attach: Option<String>,
    /// How it was paid, where it is a way that we know.
    pub(crate) trade_type: Option<TradeType>,
}

/// Reads a payment. The caller holds the [`Verified`](crate::verify::Verified) it came from.
pub(crate) fn read(wire: TradeWire) -> Result<TradeSaid, Unreadable> {
    let trade = match wire.trade_state.as_str() {
        "SUCCESS" => Trade::Success(receipt(&wire)?),
        "NOTPAY" | "USERPAYING" => Trade::NotPaid,
        "CLOSED" => Trade::Closed,
        "REFUND" => Trade::Refunded(receipt(&wire)?),
        // REVOKED and PAYERROR belong to payment codes, which we do not offer.
        _ => return Err(Unreadable("an unknown trade_state")),
    };
    let trade_type = match wire.trade_type.as_deref() {
        Some("JSAPI") => Some(TradeType::Jsapi),
        Some("NATIVE") => Some(TradeType::Native),
        Some("MWEB") => Some(TradeType::H5),
        Some("APP") => Some(TradeType::App),
        // Before it is paid there is none; MICROPAY and FACEPAY are ways of other systems.
        Some(_) | None => None,
    };
    Ok(TradeSaid {
        mchid: Mchid::new(wire.mchid),
        out_trade_no: wire.out_trade_no,
        trade,
        attach: wire.attach.filter(|a| !a.is_empty()),
        trade_type,
    })
}

fn receipt(wire: &TradeWire) -> Result<Receipt, Unreadable> {
    let transaction_id =
        text(wire.transaction_id.as_ref()).ok_or(Unreadable("a success without transaction_id"))?;
    let appid = text(wire.appid.as_ref()).ok_or(Unreadable("a success without appid"))?;
    let amount = wire.amount.as_ref().ok_or(Unreadable("a success without amount"))?;
    let total = amount
        .total
        .filter(|total| *total > 0)
        .ok_or(Unreadable("a success without a positive amount.total"))?;
    let currency =
        text(amount.currency.as_ref()).ok_or(Unreadable("a success without amount.currency"))?;
    let success_at = text(wire.success_time.as_ref())
        .and_then(Timestamp::parse_rfc3339)
        .ok_or(Unreadable("a success without success_time"))?;
    let payer = wire.payer.as_ref().and_then(|p| text(p.openid.as_ref()));
    Ok(Receipt {
        transaction_id: TransactionId::new(transaction_id),
        appid: Appid::new(appid),
        amount: Fen::new(total),
        currency: currency.to_owned(),
        payer_total: amount.payer_total.map(Fen::new),
        payer: payer.map(Openid::new),
        success_at,
    })
}

fn text(member: Option<&String>) -> Option<&str> {
    member.map(String::as_str).filter(|t| !t.is_empty())
}
