//! WeChat Pay's own books: the bills of a day.

use super::{GatewayError, PortFuture};
use crate::bill::{BillDay, FundAccount, FundFlowBill, TradeBill, TradeBillKind};

/// Fetches bills (v3 §7.8). They are made from 09:00 of the next day (Beijing), are safe to ask
/// for from 10:00, and stay for three months.
pub trait BillSource: Send + Sync {
    /// What was paid and what was asked to go back on `day`.
    ///
    /// # Contract
    /// `Published` only when a verified answer named the hash of exactly these lines, every line
    /// was read exactly, every line is our merchant number's, and the bill's own summary agrees
    /// with them. All of the bill or none.
    fn trade_bill(
        &self,
        day: BillDay,
        kind: TradeBillKind,
    ) -> PortFuture<'_, Result<BillAnswer<TradeBill>, BillError>>;

    /// How the balance of `account` moved on `day`.
    ///
    /// # Contract
    /// As [`BillSource::trade_bill`]; the lines of this bill name no merchant.
    fn fund_flow_bill(
        &self,
        day: BillDay,
        account: FundAccount,
    ) -> PortFuture<'_, Result<BillAnswer<FundFlowBill>, BillError>>;
}

/// What WeChat Pay has for a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BillAnswer<B> {
    /// The bill.
    Published(B),
    /// `NO_STATEMENT_EXIST`: no line of this kind that day. Unsigned, so it is believed only from ten
    /// o'clock on, and only by who saw nothing of that kind that day either.
    NoneThatDay,
    /// `STATEMENT_CREATING`: ask again, half an hour later.
    NotYet,
}

/// Why there is no bill that could be used. Nothing of it was used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BillError {
    /// The question or the download got no usable answer. Ask again as the inner error says; a
    /// download link lives for five minutes, so begin with the question.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The download link names none of our WeChat Pay hosts. It was not followed, and nothing signed
    /// was sent: wake someone.
    #[error("the download link of a bill names a host that is not on our list")]
    ForeignLink,
    /// What was downloaded is not the bill whose hash was signed. Fetch it again.
    #[error("the download is not the bill that was announced: {0}")]
    Damaged(&'static str),
    /// It is longer than we read. Asking again does not help.
    #[error("the bill is too large: more than {bytes_max} bytes")]
    TooLarge {
        /// The limit that it broke.
        bytes_max: usize,
    },
    /// It is WeChat Pay's bill and we cannot read it. Asking again does not help: wake someone.
    #[error("the bill cannot be read: {0}")]
    Malformed(#[from] MalformedBill),
}

/// Where a bill cannot be read, and why. Quotes nothing of the bill: a line names people and goods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}{}{column}: {why}", if .column.is_empty() { "" } else { ", " })]
pub struct MalformedBill {
    /// The line of the file, from 1.
    pub line: u32,
    /// The column, by its documented name; empty when it is about the line as a whole.
    pub column: &'static str,
    /// What is wrong.
    pub why: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_bill_is_named_by_line_and_column() {
        let whole = MalformedBill { line: 3, column: "", why: "has too few columns" };
        assert_eq!(whole.to_string(), "line 3: has too few columns");
        let cell = MalformedBill { line: 3, column: "订单金额", why: "is not an amount" };
        let said = BillError::from(cell).to_string();
        assert_eq!(said, "the bill cannot be read: line 3, 订单金额: is not an amount");
    }
}
