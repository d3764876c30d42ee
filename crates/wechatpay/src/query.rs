//! Asks what became of a payment (查单, v3 §7.3).
//!
//! Pure. An answer about another number or another merchant is not an answer.

use domain::OutTradeNo;
use domain::fact::{Evidence, PaymentFact, Trade};
use domain::names::Mchid;
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
    }
}

/// What a verified answer says about the number that was asked for.
pub(crate) fn read(
    asked: &OutTradeNo,
    mchid: &Mchid,
    answer: &VerifiedAnswer,
) -> Result<PaymentFact, GatewayError> {
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
    if wire.out_trade_no != asked.as_str() {
        return Err(GatewayError::Untrusted("the answer is about another number".to_owned()));
    }
    let said = trade::read(wire).map_err(|why| GatewayError::OutcomeUnknown(why.0.to_owned()))?;
    let evidence = Evidence::Query { request_id: answer.request_id() };
    let fact = PaymentFact::attested(evidence, said.mchid, asked.clone(), said.trade, said.attach);
    Ok(fact.paid_by(said.trade_type))
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
