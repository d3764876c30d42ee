//! What a day's bill of WeChat Pay says (账单, v3 §7.8), in types that can be compared with orders.
//!
//! A bill is WeChat Pay's book of one Beijing day: what was paid and what was asked to go back
//! ([`TradeBill`]), and how the balance moved ([`FundFlowBill`]). Nothing here is personal data:
//! the payer, the goods and remarks stay in the file. A line settles nothing by itself; it says
//! what to ask about.

mod day;
mod fee;

pub use day::BillDay;
pub use fee::Fee;

use crate::names::{Appid, RefundId, TransactionId};
use crate::{Fen, OutRefundNo, OutTradeNo, Timestamp};

/// Which lines a trade bill (交易账单) holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TradeBillKind {
    /// Payments and refunds.
    All,
    /// Payments alone.
    Success,
    /// Refunds alone, with the times of asking and of arriving.
    Refund,
}

/// Whose movements a fund-flow bill (资金账单) holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FundAccount {
    /// 基本账户.
    Basic,
    /// 运营账户.
    Operation,
    /// 手续费账户.
    Fees,
}

/// A trade bill whose lines agree with its own summary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TradeBill {
    /// Every line, in the bill's order.
    pub lines: Vec<TradeLine>,
    /// Their sums.
    pub totals: TradeTotals,
}

/// The sums of a trade bill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TradeTotals {
    /// 订单金额 of all lines, in fen.
    pub paid: Fen,
    /// 申请退款金额 of all lines, in fen.
    pub refunded: Fen,
    /// 手续费 of all lines: those of payments, less what refunds gave back.
    pub fees: Fee,
}

/// One line of a trade bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TradeLine {
    /// Its place in the file, from 1 (the header): for who wants to look.
    pub line: u32,
    /// 交易时间: when it was paid; of a refund, when it was asked for.
    pub at: Timestamp,
    /// 公众账号ID; lines of some products have none.
    pub appid: Option<Appid>,
    /// 微信订单号: the payment; of a refund, the payment that it is of.
    pub transaction_id: TransactionId,
    /// 商户订单号 of the same. Often of another system under our merchant number.
    pub out_trade_no: OutTradeNo,
    /// 交易类型, in the bill's own words (`FACE`, not the API's `FACEPAY`).
    pub trade_type: String,
    /// 货币种类, such as `CNY`.
    pub currency: String,
    /// 手续费. Negative where a refund gives it back.
    pub fee: Fee,
    /// 费率 as it stands, such as `0.60%`.
    pub rate: String,
    /// What happened.
    pub entry: TradeEntry,
}

/// What a line of a trade bill says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TradeEntry {
    /// `SUCCESS`: money was paid.
    Payment(BilledAmount),
    /// `REFUND`: money was asked to go back, and WeChat Pay accepted.
    Refund(BilledRefund),
    /// `REVOKED`: a payment by payment code was undone.
    Revoked(BilledAmount),
}

/// How much a payment was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BilledAmount {
    /// 订单金额: compare with `amount.total` of the API.
    pub total: Fen,
    /// 应结订单金额: without coupons that nobody paid in advance. Old merchants' bills have no such
    /// column.
    pub settled: Option<Fen>,
    /// 代金券金额. Old merchants' bills have no such column.
    pub coupon: Option<Fen>,
}

/// A refund in a bill. It is in the bill of the day on which it was accepted, and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BilledRefund {
    /// 微信退款单号.
    pub refund_id: RefundId,
    /// 商户退款单号. `None` where the bill has none for it.
    pub out_refund_no: Option<OutRefundNo>,
    /// 申请退款金额: compare with `amount.refund` of the API.
    pub amount: Fen,
    /// 退款金额: without coupons that nobody paid in advance.
    pub settled: Option<Fen>,
    /// 充值券退款金额.
    pub coupon: Option<Fen>,
    /// 退款类型, in the bill's own words, such as `ORIGINAL`.
    pub kind: String,
    /// How far it was when the bill was made. Never updated: a query knows better.
    pub status: BilledRefundStatus,
    /// 退款申请时间; in a bill of refunds alone.
    pub requested_at: Option<Timestamp>,
    /// 退款成功时间; in a bill of refunds alone, and only once it arrived.
    pub succeeded_at: Option<Timestamp>,
}

/// 退款状态: the bill's own words, not the API's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BilledRefundStatus {
    /// `SUCCESS`.
    Success,
    /// `PROCESSING`.
    Processing,
    /// `FAIL`.
    Fail,
    /// `CHANGE`: it could not go where it came from.
    Change,
    /// A word that no document has. Ask about the refund.
    Unknown,
}

/// A fund-flow bill whose lines agree with its own summary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FundFlowBill {
    /// Every line, in the bill's order.
    pub lines: Vec<FundFlowLine>,
    /// Their sums.
    pub totals: FundFlowTotals,
}

/// The sums of a fund-flow bill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FundFlowTotals {
    /// How many lines are income.
    pub incomes: u32,
    /// How much came in, in fen.
    pub income: Fen,
    /// How many lines are expense.
    pub expenses: u32,
    /// How much went out, in fen.
    pub expense: Fen,
}

/// One movement of the balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FundFlowLine {
    /// Its place in the file, from 1 (the header).
    pub line: u32,
    /// 记账时间.
    pub at: Timestamp,
    /// 微信支付业务单号: `transaction_id`, `refund_id`, or the number of another business.
    pub business_no: String,
    /// 资金流水单号: of this movement alone.
    pub flow_no: String,
    /// 业务名称, in the bill's own words.
    pub business: String,
    /// 业务类型, in the bill's own words.
    pub business_type: String,
    /// 收支类型.
    pub direction: FlowDirection,
    /// 收支金额, in fen.
    pub amount: Fen,
    /// 账户结余 after it, in fen.
    pub balance: Fen,
    /// 业务凭证号: `out_trade_no` or `out_refund_no`. `None` where there is none.
    pub voucher: Option<String>,
}

/// 收支类型.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowDirection {
    /// 收入.
    Income,
    /// 支出.
    Expense,
}
