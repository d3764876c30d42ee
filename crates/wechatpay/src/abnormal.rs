//! Has an abnormal refund sent to a card (发起异常退款, v3 §7.7), and reads the answer.
//!
//! Pure. What is personal comes in sealed and goes nowhere else. The answer is a refund's as any other (§7.5).

use domain::card::{Card, CardOwner};
use domain::fact::RefundFact;
use domain::names::Mchid;
use domain::ports::{AbnormalRequest, GatewayError, WechatRefusal};

use crate::exchange::{Draft, Exchange, SealingKey, VerifiedAnswer};
use crate::refund;
use crate::scheme::CannotSeal;
use crate::target;
use crate::transport::Method;
use crate::wire::refund::{AbnormalBody, CardBody};

/// The code of an application that was not sent, because no key of WeChat Pay was at hand to seal it with.
const NOT_SEALED: &str = "NOT_SEALED";

/// The request, sealed with the key that `exchange` has for it. Also for the merchant's own account, where nothing is to
/// be sealed: the call requires the name of a key.
pub(crate) async fn draft(
    exchange: &Exchange,
    request: &AbnormalRequest,
) -> Result<Draft, GatewayError> {
    let key = exchange.sealing_key().await.ok_or_else(not_sealed)?;
    let card = card(exchange, &key, &request.card).map_err(|CannotSeal| not_sealed())?;
    let body = AbnormalBody {
        out_refund_no: request.out_refund_no.as_str(),
        kind: kind(request.card.owner()),
        card,
    };
    // Writing text into memory has no way to fail.
    let body = serde_json::to_string(&body).unwrap_or_default();
    let target = target::apply_abnormal(request.refund_id.as_str());
    Ok(Draft { method: Method::Post, target, body, sealed_for: Some(key.serial) })
}

fn kind(owner: CardOwner) -> &'static str {
    match owner {
        CardOwner::User => "USER_BANK_CARD",
        CardOwner::Merchant => "MERCHANT_BANK_CARD",
    }
}

fn card<'a>(
    exchange: &Exchange,
    key: &SealingKey,
    card: &'a Card,
) -> Result<Option<CardBody<'a>>, CannotSeal> {
    let Card::OfUser(card) = card else { return Ok(None) };
    Ok(Some(CardBody {
        bank_type: card.bank_type.as_str(),
        bank_account: exchange.seal(key, card.account.reveal())?,
        real_name: exchange.seal(key, card.name.reveal())?,
    }))
}

/// Nothing was sent, so nothing happened.
fn not_sealed() -> GatewayError {
    GatewayError::Refused(WechatRefusal {
        code: NOT_SEALED.to_owned(),
        message: "no key of WeChat Pay is at hand to seal it with".to_owned(),
        ..WechatRefusal::default()
    })
}

/// What a verified answer says about the refund that was applied for.
pub(crate) fn read(
    asked: &AbnormalRequest,
    mchid: &Mchid,
    answer: &VerifiedAnswer,
) -> Result<RefundFact, GatewayError> {
    let said = refund::said("apply_abnormal", answer)?;
    let stated = &said.statement;
    let is_meant = said.out_refund_no == asked.out_refund_no
        && stated.refund_id == asked.refund_id
        && stated.out_trade_no == asked.out_trade_no;
    let is_as_much =
        stated.amount == asked.amount && said.currency.as_deref() == Some(refund::CURRENCY);
    match (is_meant, is_as_much) {
        (true, true) => Ok(refund::fact(said, mchid, answer)),
        (true, false) => {
            Err(GatewayError::Untrusted(answer.traceable("the answer is about another amount")))
        }
        (false, _) => {
            Err(GatewayError::Untrusted(answer.traceable("the answer is about another refund")))
        }
    }
}
