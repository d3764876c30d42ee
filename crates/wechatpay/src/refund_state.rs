//! Reads one refund out of WeChat Pay's words: nearly the same shape in an answer and in a
//! notification (v3 §6.2b, §7.5).
//!
//! Guesses nothing: an unknown status is no status, and money that arrived without saying when has
//! not arrived.

use domain::fact::{RefundProgress, RefundStatement};
use domain::names::{RefundId, TransactionId};
use domain::{Fen, OutRefundNo, OutTradeNo, Timestamp};

use crate::trade::Unreadable;
use crate::wire::refund::{RefundAmountWire, RefundWire};

/// What WeChat Pay says about one refund, before anybody asked whether it is the one that was
/// meant.
#[derive(Debug)]
pub(crate) struct RefundSaid {
    /// Our number of it.
    pub(crate) out_refund_no: OutRefundNo,
    /// `amount.total` in fen: what was paid.
    pub(crate) total: Fen,
    /// `amount.currency`; notifications have none.
    pub(crate) currency: Option<String>,
    /// The rest.
    pub(crate) statement: RefundStatement,
}

/// Reads a refund of this status. The caller holds the evidence that both were verified.
pub(crate) fn read(status: &str, said: RefundWire) -> Result<RefundSaid, Unreadable> {
    let progress = progress(status, said.success_time.as_deref())?;
    let out_refund_no = OutRefundNo::stated(&said.out_refund_no)
        .ok_or(Unreadable("a refund whose out_refund_no has an impossible shape"))?;
    let out_trade_no = OutTradeNo::stated(&said.out_trade_no)
        .ok_or(Unreadable("a refund whose out_trade_no has an impossible shape"))?;
    if said.refund_id.is_empty() || said.transaction_id.is_empty() {
        return Err(Unreadable("a refund without WeChat Pay's numbers"));
    }
    let RefundAmountWire { total, refund, currency } = said.amount;
    if refund <= 0 || total < refund {
        return Err(Unreadable("a refund whose amount is impossible"));
    }
    let statement = RefundStatement {
        refund_id: RefundId::new(said.refund_id),
        transaction_id: TransactionId::new(said.transaction_id),
        out_trade_no,
        amount: Fen::new(refund),
        progress,
    };
    Ok(RefundSaid { out_refund_no, total: Fen::new(total), currency, statement })
}

fn progress(status: &str, success_time: Option<&str>) -> Result<RefundProgress, Unreadable> {
    match status {
        "PROCESSING" => Ok(RefundProgress::Processing),
        "SUCCESS" => success_time
            .and_then(Timestamp::parse_rfc3339)
            .map(|at| RefundProgress::Succeeded { at })
            .ok_or(Unreadable("a refund that succeeded without success_time")),
        "ABNORMAL" => Ok(RefundProgress::Abnormal),
        "CLOSED" => Ok(RefundProgress::Closed),
        _ => Err(Unreadable("an unknown refund status")),
    }
}
