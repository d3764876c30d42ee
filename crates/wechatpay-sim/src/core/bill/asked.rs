//! What a request for a bill asks for, read from its query.
//!
//! MAY NOT look at the clock or the ledger.

use time::Date;
use time::macros::format_description;

use crate::core::bill::BillDay;
use crate::core::bill::download::Packing;
use crate::core::refusal::Refusal;
use crate::core::urls::query_value;

/// A request for a bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BillAsked {
    pub(crate) day: BillDay,
    pub(crate) of: BillOf,
    pub(crate) packing: Packing,
}

/// Which bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BillOf {
    /// 交易账单.
    Trades(TradeLines),
    /// 资金账单.
    FundFlow(FundAccount),
    /// One that never has a line here.
    Nothing,
}

/// Which lines a trade bill has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TradeLines {
    All,
    Payments,
    Refunds,
}

/// An account of the merchant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FundAccount {
    /// 基本账户: payments arrive here.
    Basic,
    /// 手续费账户.
    Fees,
}

impl BillAsked {
    /// `GET /v3/bill/tradebill`.
    pub(crate) fn trade_bill(query: &str) -> Result<Self, Refusal> {
        let day = day(query)?;
        let of = match query_value(query, "bill_type").as_deref() {
            None | Some("ALL") => BillOf::Trades(TradeLines::All),
            Some("SUCCESS") => BillOf::Trades(TradeLines::Payments),
            Some("REFUND") => BillOf::Trades(TradeLines::Refunds),
            // Nobody recharges here, so nothing of that goes back.
            Some("RECHARGE_REFUND") => BillOf::Nothing,
            Some("ALL_SPECIAL" | "SUC_SPECIAL" | "REF_SPECIAL") => return Err(Refusal::no_auth()),
            Some(other) => {
                let issue = "must be ALL, SUCCESS, REFUND or RECHARGE_REFUND";
                return Err(Refusal::url_field("bill_type", Some(other), issue, "query"));
            }
        };
        Ok(Self { day, of, packing: packing(query)? })
    }

    /// `GET /v3/bill/fundflowbill`.
    pub(crate) fn fund_flow_bill(query: &str) -> Result<Self, Refusal> {
        let day = day(query)?;
        let of = match query_value(query, "account_type").as_deref() {
            None | Some("BASIC") => BillOf::FundFlow(FundAccount::Basic),
            Some("FEES") => BillOf::FundFlow(FundAccount::Fees),
            // Payouts come from there, and this merchant makes none.
            Some("OPERATION") => BillOf::Nothing,
            Some(other) => {
                let issue = "must be BASIC, OPERATION or FEES";
                return Err(Refusal::url_field("account_type", Some(other), issue, "query"));
            }
        };
        Ok(Self { day, of, packing: packing(query)? })
    }
}

/// Exactly `yyyy-MM-dd`.
fn day(query: &str) -> Result<BillDay, Refusal> {
    let refused =
        |given: Option<&str>, issue: &str| Refusal::url_field("bill_date", given, issue, "query");
    let given = query_value(query, "bill_date").ok_or_else(|| refused(None, "is required"))?;
    let form = format_description!("[year]-[month]-[day]");
    match Date::parse(&given, &form) {
        // A sign before the year is read too.
        Ok(date) if given.len() == "yyyy-MM-dd".len() => Ok(BillDay(date)),
        Ok(_) | Err(_) => Err(refused(Some(&given), "must be a date as in 2026-11-21")),
    }
}

fn packing(query: &str) -> Result<Packing, Refusal> {
    match query_value(query, "tar_type").as_deref() {
        None => Ok(Packing::Plain),
        Some("GZIP") => Ok(Packing::Gzip),
        Some(other) => {
            let issue = "must be GZIP, or left out";
            Err(Refusal::url_field("tar_type", Some(other), issue, "query"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(read: Result<BillAsked, Refusal>) -> String {
        let body = read.unwrap_err().body.unwrap();
        let detail = body.detail.unwrap_or_default();
        detail["field"].as_str().map_or(body.message, str::to_owned)
    }

    #[test]
    fn what_is_not_said_is_the_whole_bill_in_plain_text() {
        let day = BillDay(time::macros::date!(2026 - 11 - 21));
        let of = BillOf::Trades(TradeLines::All);
        let asked = BillAsked { day, of, packing: Packing::Plain };
        assert_eq!(BillAsked::trade_bill("bill_date=2026-11-21"), Ok(asked));
        let named = "tar_type=GZIP&bill_date=2026-11-21&bill_type=SUCCESS&x=1";
        let of = BillOf::Trades(TradeLines::Payments);
        assert_eq!(BillAsked::trade_bill(named), Ok(BillAsked { day, of, packing: Packing::Gzip }));
        let of = BillOf::FundFlow(FundAccount::Basic);
        assert_eq!(
            BillAsked::fund_flow_bill("bill_date=2026-11-21"),
            Ok(BillAsked { of, ..asked })
        );
    }

    #[test]
    fn every_parameter_is_judged_by_name() {
        for date in ["", "2026-1-21", "20261121", "2026-11-31", "2026-11-21T", "%2B2026-11-21"] {
            let query = format!("bill_date={date}");
            assert_eq!(refused(BillAsked::trade_bill(&query)), "bill_date", "{date}");
        }
        assert_eq!(refused(BillAsked::fund_flow_bill("")), "bill_date");
        for (parameter, field) in [
            ("bill_type=all", "bill_type"),
            ("bill_type=", "bill_type"),
            ("tar_type=ZIP", "tar_type"),
            ("bill_type=ALL_SPECIAL", "没有账单下载权限"),
        ] {
            let query = format!("bill_date=2026-11-21&{parameter}");
            assert_eq!(refused(BillAsked::trade_bill(&query)), field, "{parameter}");
        }
        for (parameter, field) in [("account_type=ALL", "account_type"), ("tar_type=", "tar_type")]
        {
            let query = format!("bill_date=2026-11-21&{parameter}");
            assert_eq!(refused(BillAsked::fund_flow_bill(&query)), field, "{parameter}");
        }
    }
}
