//! Asks for a refund (申请退款, v3 §7.5), and reads the answer.
//!
//! Pure. Equal requests give equal bytes within one configuration: WeChat Pay refuses a number that
//! comes back with other parameters, and whoever is refused asks what became of the number. 200
//! means accepted; how far it got stands in the body.

use domain::fact::{Evidence, RefundAtWechat, RefundFact};
use domain::names::Mchid;
use domain::ports::{GatewayError, RefundRequest};

use crate::exchange::{Draft, VerifiedAnswer};
use crate::refund_state::{self, RefundSaid};
use crate::target;
use crate::transport::Method;
use crate::wire::refund::{RefundAmountBody, RefundAnswerWire, RefundBody};

/// The most bytes of `reason`.
const REASON_BYTES: usize = 80;
/// The only currency there is.
pub(crate) const CURRENCY: &str = "CNY";

/// The request.
///
/// The payment is named by WeChat Pay's own number: the live service was seen to answer
/// `RESOURCE_NOT_EXISTS` to `out_trade_no` for payments that were minutes old. Ours serves only
/// where theirs is not known. Naming both is not allowed.
pub(crate) fn draft(request: &RefundRequest, notify_url: &str) -> Draft {
    let theirs = Some(request.transaction_id.as_str()).filter(|id| !id.is_empty());
    let body = RefundBody {
        transaction_id: theirs,
        out_trade_no: theirs.is_none().then(|| request.out_trade_no.as_str()),
        out_refund_no: request.out_refund_no.as_str(),
        reason: Some(shortened(&request.reason)).filter(|reason| !reason.is_empty()),
        notify_url,
        amount: RefundAmountBody {
            refund: request.amount.get(),
            total: request.total.get(),
            currency: CURRENCY,
        },
    };
    // Writing text and integers into memory has no way to fail.
    let body = serde_json::to_string(&body).unwrap_or_default();
    Draft { method: Method::Post, target: target::REFUNDS.to_owned(), body, sealed_for: None }
}

/// `reason` in WeChat Pay's 80 bytes, cut between two characters.
fn shortened(reason: &str) -> &str {
    let mut end = reason.len().min(REASON_BYTES);
    while !reason.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    reason.get(..end).unwrap_or_default()
}

/// What a verified answer says about the refund that was asked for.
pub(crate) fn read(
    asked: &RefundRequest,
    mchid: &Mchid,
    answer: &VerifiedAnswer,
) -> Result<RefundFact, GatewayError> {
    let said = said("refund", answer)?;
    check(asked, &said).map_err(|why| GatewayError::Untrusted(answer.traceable(why)))?;
    Ok(fact(said, mchid, answer))
}

/// The refund in an answer to `call`.
pub(crate) fn said(
    call: &'static str,
    answer: &VerifiedAnswer,
) -> Result<RefundSaid, GatewayError> {
    let unknown = |why: &str| GatewayError::OutcomeUnknown(answer.traceable(why));
    if answer.status() != 200 {
        return Err(unknown(&format!("{call} answered {}", answer.status())));
    }
    let Ok(wire) = serde_json::from_slice::<RefundAnswerWire>(answer.body()) else {
        return Err(unknown(&format!("the answer to {call} cannot be read")));
    };
    refund_state::read(&wire.status, wire.refund).map_err(|why| unknown(why.0))
}

/// The fact that an answer brings.
pub(crate) fn fact(said: RefundSaid, mchid: &Mchid, answer: &VerifiedAnswer) -> RefundFact {
    let evidence = Evidence::Query { request_id: answer.request_id() };
    let refund = RefundAtWechat::Known(said.statement);
    RefundFact::attested(evidence, mchid.clone(), said.out_refund_no, refund)
}

/// Whether the answer is about what was asked: signed or not, another refund's answer says nothing
/// about ours.
fn check(asked: &RefundRequest, said: &RefundSaid) -> Result<(), &'static str> {
    let statement = &said.statement;
    if said.out_refund_no != asked.out_refund_no {
        return Err("the answer is about another refund");
    }
    let ours = statement.out_trade_no == asked.out_trade_no;
    let theirs = asked.transaction_id.as_str().is_empty()
        || statement.transaction_id == asked.transaction_id;
    if !ours || !theirs {
        return Err("the answer is about another payment");
    }
    if statement.amount != asked.amount
        || said.total != asked.total
        || said.currency.as_deref() != Some(CURRENCY)
    {
        return Err("the answer is about another amount");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_reason_is_cut_at_eighty_bytes_between_two_characters() {
        assert_eq!(shortened(""), "");
        assert_eq!(shortened(&"a".repeat(80)), "a".repeat(80));
        assert_eq!(shortened(&"a".repeat(81)), "a".repeat(80));
        // 26 characters of three bytes are 78; the next one would need the 81st byte.
        assert_eq!(shortened(&"退".repeat(30)), "退".repeat(26));
        assert_eq!(shortened(&format!("ab{}", "退".repeat(30))), format!("ab{}", "退".repeat(26)));
    }

    proptest! {
        #[test]
        fn a_cut_reason_is_the_longest_beginning_that_fits(reason in "\\PC{0,60}") {
            let cut = shortened(&reason);
            prop_assert!(reason.starts_with(cut) && cut.len() <= REASON_BYTES);
            let next = reason[cut.len()..].chars().next();
            prop_assert!(next.is_none_or(|c| cut.len() + c.len_utf8() > REASON_BYTES));
        }
    }
}
