//! Asks what became of a refund (查询单笔退款, v3 §7.6).
//!
//! Pure. An answer about another refund is not an answer.

use domain::OutRefundNo;
use domain::fact::{Evidence, RefundAtWechat, RefundFact};
use domain::names::Mchid;
use domain::ports::GatewayError;

use crate::errors::{Call, Decline, Meaning};
use crate::exchange::{Draft, VerifiedAnswer};
use crate::refund;
use crate::target;
use crate::transport::Method;

/// The request. A direct merchant sends no `mchid` here.
pub(crate) fn draft(out_refund_no: &OutRefundNo) -> Draft {
    Draft {
        method: Method::Get,
        target: target::query_refund(out_refund_no.as_str()),
        body: String::new(),
        sealed_for: None,
    }
}

/// What a verified answer says about the refund that was asked for.
pub(crate) fn read(
    asked: &OutRefundNo,
    mchid: &Mchid,
    answer: &VerifiedAnswer,
) -> Result<RefundFact, GatewayError> {
    let said = refund::said("query_refund", answer)?;
    if said.out_refund_no != *asked {
        let why = "the answer is about another refund";
        return Err(GatewayError::Untrusted(answer.traceable(why)));
    }
    // Everything that we hold is in fen of this currency.
    if said.currency.as_deref() != Some(refund::CURRENCY) {
        let why = "a refund in another currency";
        return Err(GatewayError::OutcomeUnknown(answer.traceable(why)));
    }
    Ok(refund::fact(said, mchid, answer))
}

/// What an unsigned refusal says: at most that there is no such refund.
pub(crate) fn read_decline(
    asked: &OutRefundNo,
    mchid: &Mchid,
    decline: Decline,
) -> Result<RefundFact, GatewayError> {
    if decline.meaning(Call::QueryRefund) != Meaning::NotExist {
        return Err(decline.into_error(Call::QueryRefund));
    }
    let evidence = Evidence::Query { request_id: decline.request_id() };
    let refund = RefundAtWechat::NotExist;
    Ok(RefundFact::attested(evidence, mchid.clone(), asked.clone(), refund))
}
