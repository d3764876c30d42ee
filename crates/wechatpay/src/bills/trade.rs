//! Reads a trade bill (交易账单): `ALL`, `SUCCESS` and `REFUND`, of every vintage.
//!
//! Columns that a layout lacks are missed only by the lines that need them: a bill of payments has
//! no refund columns, old merchants' have no 应结订单金额. Whatever the bill's own summary
//! states must be the sum of what was read; that is how a misreading would show itself.

mod sums;

use domain::bill::{
    BilledAmount, BilledRefund, BilledRefundStatus, TradeBill, TradeEntry, TradeLine,
};
use domain::names::{Appid, Mchid, RefundId, TransactionId};
use domain::ports::MalformedBill;
use domain::{OutRefundNo, OutTradeNo};

use super::sheet::{Cells, Column, Part, Sheet};
use sums::Sums;

/// The first name of the summary's header.
const COUNT: &str = "总交易单数";

/// Reads a bill of this merchant.
pub(super) fn read(bytes: &[u8], mchid: &Mchid) -> Result<TradeBill, MalformedBill> {
    let Sheet { detail, summary } = Sheet::read(bytes, COUNT)?;
    let columns = Columns::of(&detail)?;
    let mut sums = Sums::over(&detail)?;
    let mut lines = Vec::with_capacity(detail.rows.len());
    for row in &detail.rows {
        let cells = detail.cells(*row)?;
        if cells.text(columns.mchid)? != mchid.as_str() {
            return Err(cells.wrong(columns.mchid, "is another merchant"));
        }
        sums.add(&cells)?;
        lines.push(columns.line(&cells)?);
    }
    let totals = sums.agree_with(&summary)?;
    Ok(TradeBill { lines, totals })
}

/// Where everything that we read stands.
struct Columns {
    at: Column,
    appid: Column,
    mchid: Column,
    transaction_id: Column,
    out_trade_no: Column,
    trade_type: Column,
    trade_state: Column,
    currency: Column,
    settled: Column,
    coupon: Column,
    refund_id: Column,
    out_refund_no: Column,
    refunded: Column,
    coupon_refunded: Column,
    refund_kind: Column,
    refund_status: Column,
    requested_at: Column,
    succeeded_at: Column,
    fee: Column,
    rate: Column,
    total: Column,
    refund_asked: Column,
}

impl Columns {
    fn of(detail: &Part<'_>) -> Result<Columns, MalformedBill> {
        Ok(Columns {
            at: detail.column("交易时间")?,
            appid: detail.column("公众账号ID")?,
            mchid: detail.column("商户号")?,
            transaction_id: detail.column("微信订单号")?,
            out_trade_no: detail.column("商户订单号")?,
            trade_type: detail.column("交易类型")?,
            trade_state: detail.column("交易状态")?,
            currency: detail.column("货币种类")?,
            settled: detail.column("应结订单金额")?,
            coupon: detail.column("代金券金额")?,
            refund_id: detail.column("微信退款单号")?,
            out_refund_no: detail.column("商户退款单号")?,
            refunded: detail.column("退款金额")?,
            coupon_refunded: detail.column("充值券退款金额")?,
            refund_kind: detail.column("退款类型")?,
            refund_status: detail.column("退款状态")?,
            requested_at: detail.column("退款申请时间")?,
            succeeded_at: detail.column("退款成功时间")?,
            fee: detail.column("手续费")?,
            rate: detail.column("费率")?,
            total: detail.column("订单金额")?,
            refund_asked: detail.column("申请退款金额")?,
        })
    }

    fn line(&self, cells: &Cells<'_>) -> Result<TradeLine, MalformedBill> {
        Ok(TradeLine {
            line: cells.line,
            at: cells.time(self.at)?,
            appid: cells.text_if_any(self.appid).map(Appid::new),
            transaction_id: TransactionId::new(cells.number(self.transaction_id)?),
            out_trade_no: OutTradeNo::stated(cells.number(self.out_trade_no)?)
                .ok_or(cells.wrong(self.out_trade_no, "is no number of anything"))?,
            trade_type: cells.text(self.trade_type)?.to_owned(),
            currency: cells.text(self.currency)?.to_owned(),
            fee: cells.fee(self.fee)?,
            rate: cells.text(self.rate)?.to_owned(),
            entry: self.entry(cells)?,
        })
    }

    fn entry(&self, cells: &Cells<'_>) -> Result<TradeEntry, MalformedBill> {
        match cells.text(self.trade_state)? {
            "SUCCESS" => self.amount(cells).map(TradeEntry::Payment),
            "REFUND" => self.refund(cells).map(TradeEntry::Refund),
            "REVOKED" => self.amount(cells).map(TradeEntry::Revoked),
            _ => Err(cells.wrong(self.trade_state, "is no state that we know")),
        }
    }

    fn amount(&self, cells: &Cells<'_>) -> Result<BilledAmount, MalformedBill> {
        Ok(BilledAmount {
            total: cells.amount(self.total)?,
            settled: cells.amount_if_any(self.settled)?,
            coupon: cells.amount_if_any(self.coupon)?,
        })
    }

    fn refund(&self, cells: &Cells<'_>) -> Result<BilledRefund, MalformedBill> {
        let Some(refund_id) = cells.number_if_any(self.refund_id)? else {
            return Err(cells.wrong(self.refund_id, "is missing from a refund"));
        };
        let out_refund_no = cells.number_if_any(self.out_refund_no)?;
        Ok(BilledRefund {
            refund_id: RefundId::new(refund_id),
            out_refund_no: out_refund_no.and_then(OutRefundNo::stated),
            amount: cells.amount(self.refund_asked)?,
            settled: cells.amount_if_any(self.refunded)?,
            coupon: cells.amount_if_any(self.coupon_refunded)?,
            kind: cells.text(self.refund_kind)?.to_owned(),
            status: match cells.text(self.refund_status)? {
                "SUCCESS" => BilledRefundStatus::Success,
                "PROCESSING" => BilledRefundStatus::Processing,
                "FAIL" => BilledRefundStatus::Fail,
                "CHANGE" => BilledRefundStatus::Change,
                _ => BilledRefundStatus::Unknown,
            },
            requested_at: cells.time_if_any(self.requested_at)?,
            succeeded_at: cells.time_if_any(self.succeeded_at)?,
        })
    }
}

#[cfg(test)]
mod tests;
