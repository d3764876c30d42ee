//! One line of a trade bill: a payment, or a refund.
//!
//! MAY NOT say of a refund what was not known when the bill was written.

use time::OffsetDateTime;

use crate::core::bill::sheet::{local_time, yuan, yuan_of_millifen};
use crate::core::bill::trades::columns::Column;
use crate::core::refund::{Refund, RefundStatus};
use crate::core::trade::{Payment, Trade, TradeState};

/// What a line is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) trade: &'a Trade,
    pub(super) payment: &'a Payment,
}

/// The amounts of a line. The sandbox's coupons are not prepaid by the merchant: what they took off is settled with
/// nobody.
#[derive(Debug, Clone, Copy)]
pub(super) struct Money {
    /// 应结订单金额.
    pub(super) settled_fen: i128,
    /// 退款金额.
    pub(super) refunded_fen: i128,
    /// 手续费, in thousandths of a fen; negative where it is given back.
    pub(super) fee_millifen: i128,
    /// 订单金额.
    pub(super) total_fen: i128,
    /// 申请退款金额.
    pub(super) asked_back_fen: i128,
}

/// A line.
#[derive(Debug)]
pub(super) struct Line<'a> {
    of: Given<'a>,
    refund: Option<(&'a Refund, OffsetDateTime)>,
    money: Money,
    rate_bp: u32,
}

impl<'a> Line<'a> {
    /// The payment of an order, if it was paid.
    pub(super) fn payment(trade: &'a Trade, rate_bp: u32) -> Option<Self> {
        let TradeState::Success(payment) = &trade.state else { return None };
        let settled_fen = i128::from(payment.payer_total_fen());
        let money = Money {
            settled_fen,
            refunded_fen: 0,
            fee_millifen: fee_millifen(settled_fen, rate_bp),
            total_fen: i128::from(payment.total_fen),
            asked_back_fen: 0,
        };
        Some(Self { of: Given { trade, payment }, refund: None, money, rate_bp })
    }

    /// A refund as it was seen at an instant; with it its part of the fee goes back.
    pub(super) fn refund(
        of: Given<'a>,
        (refund, seen_at): (&'a Refund, OffsetDateTime),
        rate_bp: u32,
    ) -> Self {
        let refunded_fen = i128::from(refund.money.payer_refund_fen);
        let money = Money {
            settled_fen: 0,
            refunded_fen,
            fee_millifen: -fee_millifen(refunded_fen, rate_bp),
            total_fen: 0,
            asked_back_fen: i128::from(refund.money.refund_fen),
        };
        Self { of, refund: Some((refund, seen_at)), money, rate_bp }
    }

    /// When it was paid, or asked for.
    pub(super) fn at(&self) -> OffsetDateTime {
        self.refund.map_or(self.of.payment.success_at, |(refund, _)| refund.created_at)
    }

    pub(super) fn money(&self) -> &Money {
        &self.money
    }

    pub(super) fn value(&self, column: Column) -> String {
        let Given { trade, payment } = self.of;
        let form = &trade.form;
        let none = String::new;
        match column {
            Column::TradeTime => local_time(self.at()),
            Column::Appid => form.appid.clone(),
            Column::Mchid => form.mchid.clone(),
            // A direct merchant has nobody below it.
            Column::SubMchid => "0".to_owned(),
            Column::DeviceId => form.device_id.clone().unwrap_or_default(),
            Column::TransactionId => payment.transaction_id.clone(),
            Column::OutTradeNo => form.out_trade_no.clone(),
            Column::Openid => payment.openid.clone(),
            Column::TradeType => trade.trade_type.name().to_owned(),
            Column::TradeState => self.of_refund("SUCCESS", |_| "REFUND".to_owned()),
            Column::Bank => "OTHERS".to_owned(),
            Column::Currency => "CNY".to_owned(),
            Column::SettlementTotal => yuan(self.money.settled_fen),
            Column::Coupon | Column::CouponRefunded => yuan(0),
            Column::RefundAskedAt => self.of_refund("", |refund| local_time(refund.created_at)),
            Column::RefundSucceededAt => self.succeeded_at().map_or_else(none, local_time),
            Column::RefundId => self.of_refund("0", |refund| refund.refund_id.clone()),
            Column::OutRefundNo => self.of_refund("0", |refund| refund.form.out_refund_no.clone()),
            Column::Refunded => yuan(self.money.refunded_fen),
            Column::RefundChannel => self.of_refund("", |_| "ORIGINAL".to_owned()),
            Column::RefundStatus => self.refund_status().to_owned(),
            Column::Goods => form.description.clone(),
            Column::Attach => form.attach.clone().unwrap_or_default(),
            Column::Fee => yuan_of_millifen(self.money.fee_millifen),
            Column::FeeRate => rate(self.rate_bp),
            Column::Total => yuan(self.money.total_fen),
            Column::AskedBack => yuan(self.money.asked_back_fen),
            Column::FeeNote => none(),
        }
    }

    fn of_refund(&self, otherwise: &str, of: impl FnOnce(&Refund) -> String) -> String {
        self.refund.map_or_else(|| otherwise.to_owned(), |(refund, _)| of(refund))
    }

    fn succeeded_at(&self) -> Option<OffsetDateTime> {
        let (refund, seen_at) = self.refund?;
        let (since, status) = refund.as_of(seen_at);
        (status == RefundStatus::Success).then_some(since)
    }

    /// Other words than the API's.
    fn refund_status(&self) -> &'static str {
        let Some((refund, seen_at)) = self.refund else { return "" };
        match refund.as_of(seen_at).1 {
            RefundStatus::Processing => "PROCESSING",
            RefundStatus::Success => "SUCCESS",
            RefundStatus::Abnormal => "CHANGE",
            RefundStatus::Closed => "FAIL",
        }
    }
}

/// The fee of so many fen at so many hundredths of a percent, half a thousandth of a fen being a whole one.
fn fee_millifen(fen: i128, rate_bp: u32) -> i128 {
    (fen * i128::from(rate_bp) + 5) / 10
}

/// `0.60%`.
fn rate(rate_bp: u32) -> String {
    format!("{}.{:02}%", rate_bp / 100, rate_bp % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fee_is_exact_to_a_thousandth_of_a_fen() {
        assert_eq!(fee_millifen(990, 60), 5_940, "0.60 % of 9.90 yuan is 0.05940");
        assert_eq!((fee_millifen(1, 38), fee_millifen(1, 34), fee_millifen(1, 35)), (4, 3, 4));
        assert_eq!(fee_millifen(100, 0), 0);
        assert_eq!(
            (rate(60).as_str(), rate(100).as_str(), rate(5).as_str()),
            ("0.60%", "1.00%", "0.05%")
        );
    }
}
