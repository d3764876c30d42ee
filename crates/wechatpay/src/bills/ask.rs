//! The question for a bill, and what its answer announces.
//!
//! Pure. Asks for gzip always: a bill is text and packs to a tenth.

use domain::bill::{BillDay, FundAccount, TradeBillKind};
use domain::ports::{BillAnswer, BillError, GatewayError};

use crate::errors::{Call, Decline};
use crate::exchange::{Draft, VerifiedAnswer};
use crate::target;
use crate::transport::Method;
use crate::wire::bill::AnnouncedWire;

/// A bill that a verified answer announced.
pub(super) struct Announced {
    /// SHA-1 of the bill, unpacked.
    pub(super) sha1: [u8; 20],
    /// Where it is, for five minutes. Not believed to be anywhere in particular yet.
    pub(super) download_url: String,
}

/// 申请交易账单.
pub(super) fn for_trades(day: BillDay, kind: TradeBillKind) -> Draft {
    let kind = match kind {
        TradeBillKind::All => "ALL",
        TradeBillKind::Success => "SUCCESS",
        TradeBillKind::Refund => "REFUND",
    };
    draft(format!("{}?bill_date={day}&bill_type={kind}&tar_type=GZIP", target::TRADE_BILL))
}

/// 申请资金账单.
pub(super) fn for_fund_flow(day: BillDay, account: FundAccount) -> Draft {
    let account = match account {
        FundAccount::Basic => "BASIC",
        FundAccount::Operation => "OPERATION",
        FundAccount::Fees => "FEES",
    };
    draft(format!(
        "{}?bill_date={day}&account_type={account}&tar_type=GZIP",
        target::FUND_FLOW_BILL
    ))
}

fn draft(target: String) -> Draft {
    Draft { method: Method::Get, target, body: String::new(), sealed_for: None }
}

/// What a verified answer announces.
pub(super) fn read(answer: &VerifiedAnswer) -> Result<Announced, GatewayError> {
    let unusable = |why| GatewayError::OutcomeUnknown(answer.traceable(why));
    if answer.status() != 200 {
        return Err(unusable("the question for a bill was not answered with 200"));
    }
    let Ok(wire) = serde_json::from_slice::<AnnouncedWire>(answer.body()) else {
        return Err(unusable("the answer about a bill cannot be read"));
    };
    if wire.hash_type != "SHA1" {
        return Err(unusable("the bill's hash is of a kind that we do not know"));
    }
    let mut sha1 = [0; 20];
    if hex::decode_to_slice(&wire.hash_value, &mut sha1).is_err() {
        return Err(unusable("the bill's hash cannot be read"));
    }
    Ok(Announced { sha1, download_url: wire.download_url })
}

/// What an unsigned refusal says. Its code alone counts: an empty day was seen as 400 and as 404.
pub(super) fn read_decline<B>(decline: Decline) -> Result<BillAnswer<B>, BillError> {
    let refused = (400..500).contains(&decline.status());
    match decline {
        said if refused && said.is("NO_STATEMENT_EXIST") => Ok(BillAnswer::NoneThatDay),
        said if refused && said.is("STATEMENT_CREATING") => Ok(BillAnswer::NotYet),
        // A question, as a query is one: nothing is lost but the answer.
        said => Err(BillError::Gateway(said.into_error(Call::Query))),
    }
}
