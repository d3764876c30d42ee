//! The columns of a trade bill, by its kind and by the merchant's age.
//!
//! MAY NOT hold a value.

use crate::core::bill::asked::TradeLines;
use crate::core::settings::Settings;
use crate::core::settings::bills::{BillLayout, BillRefundTimes};

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    TradeTime,
    Appid,
    Mchid,
    SubMchid,
    DeviceId,
    TransactionId,
    OutTradeNo,
    Openid,
    TradeType,
    TradeState,
    Bank,
    Currency,
    SettlementTotal,
    Coupon,
    RefundAskedAt,
    RefundSucceededAt,
    RefundId,
    OutRefundNo,
    Refunded,
    CouponRefunded,
    RefundChannel,
    RefundStatus,
    Goods,
    Attach,
    Fee,
    FeeRate,
    Total,
    AskedBack,
    FeeNote,
}

impl Column {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::TradeTime => "交易时间",
            Self::Appid => "公众账号ID",
            Self::Mchid => "商户号",
            Self::SubMchid => "特约商户号",
            Self::DeviceId => "设备号",
            Self::TransactionId => "微信订单号",
            Self::OutTradeNo => "商户订单号",
            Self::Openid => "用户标识",
            Self::TradeType => "交易类型",
            Self::TradeState => "交易状态",
            Self::Bank => "付款银行",
            Self::Currency => "货币种类",
            Self::SettlementTotal => "应结订单金额",
            Self::Coupon => "代金券金额",
            Self::RefundAskedAt => "退款申请时间",
            Self::RefundSucceededAt => "退款成功时间",
            Self::RefundId => "微信退款单号",
            Self::OutRefundNo => "商户退款单号",
            Self::Refunded => "退款金额",
            Self::CouponRefunded => "充值券退款金额",
            Self::RefundChannel => "退款类型",
            Self::RefundStatus => "退款状态",
            Self::Goods => "商品名称",
            Self::Attach => "商户数据包",
            Self::Fee => "手续费",
            Self::FeeRate => "费率",
            Self::Total => "订单金额",
            Self::AskedBack => "申请退款金额",
            Self::FeeNote => "费率备注",
        }
    }
}

const PAYMENT: [Column; 14] = [
    Column::TradeTime,
    Column::Appid,
    Column::Mchid,
    Column::SubMchid,
    Column::DeviceId,
    Column::TransactionId,
    Column::OutTradeNo,
    Column::Openid,
    Column::TradeType,
    Column::TradeState,
    Column::Bank,
    Column::Currency,
    Column::SettlementTotal,
    Column::Coupon,
];
const REFUND: [Column; 6] = [
    Column::RefundId,
    Column::OutRefundNo,
    Column::Refunded,
    Column::CouponRefunded,
    Column::RefundChannel,
    Column::RefundStatus,
];
const TIMES: [Column; 2] = [Column::RefundAskedAt, Column::RefundSucceededAt];
const ORDER: [Column; 5] =
    [Column::Goods, Column::Attach, Column::Fee, Column::FeeRate, Column::Total];

/// The columns of a bill, in their order.
pub(super) fn columns(of: TradeLines, settings: &Settings) -> Vec<Column> {
    let (times_before, times_last): (&[Column], &[Column]) = match (of, settings.bill_refund_times)
    {
        (TradeLines::Refunds, BillRefundTimes::BeforeNumbers) => (&TIMES, &[]),
        (TradeLines::Refunds, BillRefundTimes::Last) => (&[], &TIMES),
        (TradeLines::All | TradeLines::Payments, _) => (&[], &[]),
    };
    let (refund, asked_back): (&[Column], &[Column]) = match of {
        TradeLines::All | TradeLines::Refunds => (&REFUND, &[Column::AskedBack]),
        TradeLines::Payments => (&[], &[]),
    };
    let mut columns =
        [&PAYMENT, times_before, refund, &ORDER, asked_back, &[Column::FeeNote], times_last]
            .concat();
    if settings.bill_layout == BillLayout::Older {
        columns.retain(|column| !matches!(column, Column::SettlementTotal | Column::Coupon));
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(of: TradeLines, settings: &Settings) -> String {
        let columns = columns(of, settings);
        columns.into_iter().map(Column::name).collect::<Vec<_>>().join(",")
    }

    /// As `v3.md` §7.8 has it.
    const ALL: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";

    #[test]
    fn the_whole_bill_has_the_documented_columns() {
        assert_eq!(names(TradeLines::All, &Settings::default()), ALL);
    }

    #[test]
    fn payments_alone_have_no_columns_of_refunds() {
        let expected = ALL
            .replace("微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,", "")
            .replace(",申请退款金额", "");
        assert_eq!(names(TradeLines::Payments, &Settings::default()), expected);
    }

    #[test]
    fn refunds_alone_have_two_times_more_wherever_they_stand() {
        let before = ALL.replace("微信退款单号", "退款申请时间,退款成功时间,微信退款单号");
        assert_eq!(names(TradeLines::Refunds, &Settings::default()), before);
        let last = Settings { bill_refund_times: BillRefundTimes::Last, ..Settings::default() };
        let expected = format!("{ALL},退款申请时间,退款成功时间");
        assert_eq!(names(TradeLines::Refunds, &last), expected);
    }

    #[test]
    fn old_merchants_lack_two_columns() {
        let older = Settings { bill_layout: BillLayout::Older, ..Settings::default() };
        let expected = ALL.replace("应结订单金额,代金券金额,", "");
        assert_eq!(names(TradeLines::All, &older), expected);
    }
}
