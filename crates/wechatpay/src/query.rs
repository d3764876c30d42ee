//! Asks what became of a payment (查单, v3 §7.3), by our number of it or by WeChat Pay's.
//!
//! Pure. An answer about another number or another merchant is not an answer.

use domain::OutTradeNo;
use domain::fact::{Evidence, PaymentFact, Trade};
use domain::names::{Mchid, TransactionId};
use domain::ports::GatewayError;

use crate::errors::{Call, Decline, Meaning};
use crate::exchange::{Draft, VerifiedAnswer};
use crate::target;
use crate::trade;
use crate::transport::Method;
use crate::wire::trade::TradeWire;

/// The request.
pub(crate) fn draft(out_trade_no: &OutTradeNo, mchid: &Mchid) -> Draft {
    Draft {
        method: Method::Get,
        target: target::query(out_trade_no.as_str(), mchid.as_str()),
        body: String::new(),
        sealed_for: None,
    }
}

/// The request, by WeChat Pay's number. Only paid payments have one.
pub(crate) fn draft_by_id(transaction_id: &TransactionId, mchid: &Mchid) -> Draft {
    Draft {
        method: Method::Get,
        target: target::query_by_id(transaction_id.as_str(), mchid.as_str()),
        body: String::new(),
        sealed_for: None,
    }
}

/// What a verified answer says about the number that was asked for.
pub(crate) fn read(
    asked: &OutTradeNo,
    mchid: &Mchid,
    answer: &VerifiedAnswer,
) -> Result<PaymentFact, GatewayError> {
    let wire = wire_of(mchid, answer)?;
    if wire.out_trade_no != asked.as_str() {
        return Err(another_number());
    }
    fact(asked.clone(), wire, answer)
}

/// What a verified answer says about the `transaction_id` that was asked for. Our number of it is
/// whatever is stated: it may be another system's.
pub(crate) fn read_by_id(
    asked: &TransactionId,
    mchid: &Mchid,
    answer: &VerifiedAnswer,
) -> Result<PaymentFact, GatewayError> {
    let wire = wire_of(mchid, answer)?;
    if wire.transaction_id.as_deref() != Some(asked.as_str()) {
        return Err(another_number());
    }
    let Some(out_trade_no) = OutTradeNo::stated(&wire.out_trade_no) else {
        let why = "a payment whose out_trade_no has an impossible shape";
        return Err(GatewayError::OutcomeUnknown(answer.traceable(why)));
    };
    fact(out_trade_no, wire, answer)
}

fn wire_of(mchid: &Mchid, answer: &VerifiedAnswer) -> Result<TradeWire, GatewayError> {
    if answer.status() != 200 {
        return Err(GatewayError::OutcomeUnknown(format!("query answered {}", answer.status())));
    }
    let Ok(wire) = serde_json::from_slice::<TradeWire>(answer.body()) else {
        return Err(GatewayError::OutcomeUnknown(
            "the answer to a query cannot be read".to_owned(),
        ));
    };
    if wire.mchid != mchid.as_str() {
        return Err(GatewayError::Untrusted("the answer is about another merchant".to_owned()));
    }
    Ok(wire)
}

fn fact(
    number: OutTradeNo,
    wire: TradeWire,
    answer: &VerifiedAnswer,
) -> Result<PaymentFact, GatewayError> {
    let said = trade::read(wire).map_err(|why| GatewayError::OutcomeUnknown(why.0.to_owned()))?;
    let evidence = Evidence::Query { request_id: answer.request_id() };
    let fact = PaymentFact::attested(evidence, said.mchid, number, said.trade, said.attach);
    Ok(fact.paid_by(said.trade_type))
}

fn another_number() -> GatewayError {
    GatewayError::Untrusted("the answer is about another number".to_owned())
}

/// What an unsigned refusal of a `transaction_id` says: at most that there is none (`None`).
pub(crate) fn read_decline_by_id(decline: Decline) -> Result<Option<PaymentFact>, GatewayError> {
    if decline.meaning(Call::Query) == Meaning::NotExist {
        return Ok(None);
    }
    Err(decline.into_error(Call::Query))
}

/// What an unsigned refusal says: at most that the number does not exist.
pub(crate) fn read_decline(
    asked: &OutTradeNo,
    mchid: &Mchid,
    decline: Decline,
) -> Result<PaymentFact, GatewayError> {
    if decline.meaning(Call::Query) != Meaning::NotExist {
        return Err(decline.into_error(Call::Query));
    }
    let evidence = Evidence::Query { request_id: decline.request_id() };
    Ok(PaymentFact::attested(evidence, mchid.clone(), asked.clone(), Trade::NotExist, None))
}
