//! 查单 (`v3.md` §7.3), and how a stale answer looks.
//!
//! MAY NOT change anything. A number burned by a close has no order: it is not found.

use time::Duration;

use crate::core::WeChatPay;
use crate::core::authorization::Authorization;
use crate::core::ports::Moment;
use crate::core::prepay_form::is_out_trade_no;
use crate::core::refusal::Refusal;
use crate::core::urls::query_value;

/// How old the answer of a query is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Freshness {
    /// The truth.
    #[default]
    Now,
    /// The truth of so many (business) milliseconds ago.
    Behind(u64),
    /// As if nothing had happened since the prepay, or since the refund was accepted.
    AsCreated,
}

impl WeChatPay {
    pub(crate) fn query_by_number(
        &mut self,
        number: &str,
        query: &str,
        caller: &Authorization,
        (freshness, at): (Freshness, Moment),
    ) -> Result<String, Refusal> {
        same_mchid(query, caller)?;
        check_number(number)?;
        let trade = self.trade(number, at.business).ok_or_else(Refusal::order_not_exist)?;
        let seen = match freshness {
            Freshness::Now => return Ok(trade.to_wire()),
            Freshness::AsCreated => trade.as_of(trade.created_at),
            Freshness::Behind(ms) => {
                let behind = Duration::milliseconds(i64::try_from(ms).unwrap_or(i64::MAX));
                let then = at.business.checked_sub(behind).unwrap_or(trade.created_at);
                if then < trade.created_at {
                    return Err(Refusal::order_not_exist());
                }
                trade.as_of(then)
            }
        };
        Ok(seen.to_wire())
    }

    pub(crate) fn query_by_id(
        &mut self,
        transaction_id: &str,
        query: &str,
        caller: &Authorization,
        at: Moment,
    ) -> Result<String, Refusal> {
        same_mchid(query, caller)?;
        let number = self
            .by_transaction_id
            .get(transaction_id)
            .cloned()
            .ok_or_else(Refusal::order_not_exist)?;
        let trade = self.trade(&number, at.business).ok_or_else(Refusal::order_not_exist)?;
        Ok(trade.to_wire())
    }
}

/// The number in a path follows the same rule as in a body.
pub(crate) fn check_number(number: &str) -> Result<(), Refusal> {
    if is_out_trade_no(number) {
        return Ok(());
    }
    let issue = "must be 6 to 32 characters of [0-9A-Za-z_-|*]";
    Err(Refusal::url_field("out_trade_no", Some(number), issue, "url"))
}

fn same_mchid(query: &str, caller: &Authorization) -> Result<(), Refusal> {
    match query_value(query, "mchid") {
        Some(mchid) if mchid == caller.mchid => Ok(()),
        Some(mchid) => {
            let issue = "differs from the mchid of the Authorization header";
            Err(Refusal::url_field("mchid", Some(&mchid), issue, "query"))
        }
        None => Err(Refusal::url_field("mchid", None, "is required", "query")),
    }
}
