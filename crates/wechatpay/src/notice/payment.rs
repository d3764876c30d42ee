//! A payment's notification: its resource as a fact (v3 §6.2).

use domain::OutTradeNo;
use domain::fact::{Evidence, PaymentFact, Trade};
use domain::names::Mchid;
use domain::ports::NoticeError;

use super::canonical::{hash, instant, line};
use crate::trade;
use crate::wire::trade::TradeWire;

/// The event that says that a payment succeeded.
pub(super) const PAID: &str = "TRANSACTION.SUCCESS";

/// Reads a resource. Returns the fact and the hash of what it says.
pub(super) fn read(
    plain: &[u8],
    event_id: &str,
    event_type: &str,
    mchid: &Mchid,
) -> Result<(PaymentFact, String), NoticeError> {
    let Ok(wire) = serde_json::from_slice::<TradeWire>(plain) else {
        return Err(NoticeError::Malformed("the payment cannot be read"));
    };
    if wire.mchid != mchid.as_str() {
        return Err(NoticeError::Untrusted("another merchant"));
    }
    let fact_hash = hash(&canonical(event_type, &wire));
    let said = trade::read(wire).map_err(|why| NoticeError::Malformed(why.0))?;
    // A late re-send may show what happened since; anything else contradicts its own event.
    if !matches!(said.trade, Trade::Success(_) | Trade::Refunded(_)) {
        return Err(NoticeError::Malformed("a success whose payment is not one"));
    }
    let Some(out_trade_no) = OutTradeNo::stated(&said.out_trade_no) else {
        return Err(NoticeError::Malformed("out_trade_no has an impossible shape"));
    };
    let evidence = Evidence::Notification { event_id: event_id.to_owned() };
    let fact = PaymentFact::attested(evidence, said.mchid, out_trade_no, said.trade, said.attach);
    Ok((fact.paid_by(said.trade_type), fact_hash))
}

/// The facts of a payment in one fixed form.
fn canonical(event_type: &str, wire: &TradeWire) -> String {
    let amount = wire.amount.as_ref();
    let total = amount.and_then(|a| a.total).map(|total| total.to_string());
    let currency = amount.and_then(|a| a.currency.as_ref());
    let openid = wire.payer.as_ref().and_then(|payer| payer.openid.as_ref());
    let success_time = wire.success_time.as_deref().map(instant);
    let facts = [
        ("event_type", Some(event_type)),
        ("mchid", Some(&wire.mchid)),
        ("appid", wire.appid.as_deref()),
        ("out_trade_no", Some(&wire.out_trade_no)),
        ("transaction_id", wire.transaction_id.as_deref()),
        ("trade_state", Some(&wire.trade_state)),
        ("total", total.as_deref()),
        ("currency", currency.map(String::as_str)),
        ("success_time", success_time.as_deref()),
        ("openid", openid.map(String::as_str)),
        ("attach", wire.attach.as_deref()),
    ];
    facts.iter().map(|(name, value)| line(name, value.unwrap_or_default())).collect()
}
