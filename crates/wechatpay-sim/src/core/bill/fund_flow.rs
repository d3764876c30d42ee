//! 资金账单: what came into an account of the merchant on a day, and what went out.
//!
//! A payment comes in when it is paid, less its fee. A refund goes out when the merchant's money has left, which is when it
//! is `SUCCESS` or `ABNORMAL`; its part of the fee comes back just before. One that is `CLOSED` never moved any money. Of
//! a payment the merchant keeps paying the fee of what is left of it, to the whole fen, so that after a full refund
//! nothing is missing. MAY NOT let the balance after a line differ from the balance before it by anything but the line.

use time::OffsetDateTime;

use crate::core::WeChatPay;
use crate::core::bill::BillDay;
use crate::core::bill::asked::FundAccount;
use crate::core::bill::sheet::{Sheet, local_time, yuan};
use crate::core::refund::{Refund, RefundStatus};
use crate::core::settings::bills::{BillFeesFrom, BillLayout};
use crate::core::trade::{Trade, TradeState};
use crate::core::wire_time::beijing_date;

/// An account for fees has been filled before: 10 000 yuan.
const FEES_OPENING_FEN: i128 = 1_000_000;

const SUMMARY: [&str; 5] = ["资金流水总笔数", "收入笔数", "收入金额", "支出笔数", "支出金额"];

/// A movement of money.
#[derive(Debug, Clone)]
struct Movement<'a> {
    at: OffsetDateTime,
    /// WeChat Pay's number of the payment or the refund.
    id: &'a str,
    /// The merchant's.
    voucher: &'a str,
    what: What,
    /// Negative when it goes out.
    fen: i128,
    note: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Payment,
    Fee,
    FeeBack,
    Refund,
}

impl What {
    /// 业务名称 and 业务类型. Their words are not documented; these are those of field reports.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Payment => ("交易", "交易"),
            Self::Fee => ("交易", "扣除交易手续费"),
            Self::FeeBack => ("退款", "退回交易手续费"),
            Self::Refund => ("退款", "退款"),
        }
    }

    fn account(self, fees_from: BillFeesFrom) -> FundAccount {
        match (self, fees_from) {
            (Self::Fee | Self::FeeBack, BillFeesFrom::Fees) => FundAccount::Fees,
            (Self::Fee | Self::FeeBack, BillFeesFrom::Basic)
            | (Self::Payment | Self::Refund, _) => FundAccount::Basic,
        }
    }
}

impl WeChatPay {
    /// The bill, or nothing if it would have no line.
    pub(super) fn fund_flow_bill(&self, account: FundAccount, day: BillDay) -> Option<Vec<u8>> {
        let mut balance_fen = match account {
            FundAccount::Basic => 0,
            FundAccount::Fees => FEES_OPENING_FEN,
        };
        let mut sheet = Sheet::new(&self.settings);
        sheet.header(&header(self.settings.bill_layout));
        let mut of_the_day = Vec::new();
        for (place, movement) in self.movements(account).into_iter().enumerate() {
            balance_fen += movement.fen;
            if day.has(movement.at) {
                sheet.line(line(&movement, place.saturating_add(1), balance_fen));
                of_the_day.push(movement.fen);
            }
        }
        sheet.header(&SUMMARY);
        sheet.line(summary(&of_the_day));
        (!of_the_day.is_empty()).then(|| sheet.into_bytes())
    }

    /// All movements of an account, in their order.
    fn movements(&self, account: FundAccount) -> Vec<Movement<'_>> {
        let mut movements: Vec<_> =
            self.trades.values().flat_map(|trade| self.movements_of(trade)).collect();
        movements.retain(|one| one.what.account(self.settings.bill_fees_from) == account);
        movements.sort_by_key(|one| one.at);
        movements
    }

    fn movements_of<'a>(&'a self, trade: &'a Trade) -> Vec<Movement<'a>> {
        let TradeState::Success(payment) = &trade.state else { return Vec::new() };
        let fee = |fen| fee_fen(fen, self.settings.bill_fee_rate_bp);
        let mut left_fen = i128::from(payment.payer_total_fen());
        let base = Movement {
            at: payment.success_at,
            id: &payment.transaction_id,
            voucher: &trade.form.out_trade_no,
            what: What::Payment,
            fen: left_fen,
            note: "",
        };
        let mut movements =
            vec![base.clone(), Movement { what: What::Fee, fen: -fee(left_fen), ..base }];
        let numbers = payment.refunds.numbers.iter();
        let refunds = numbers.filter_map(|number| self.refunds.get(number));
        let mut left: Vec<_> = refunds.filter_map(|one| Some((money_left_at(one)?, one))).collect();
        left.sort_by_key(|(at, refund)| (*at, refund.sequence));
        for (at, refund) in left {
            let fen = i128::from(refund.money.payer_refund_fen);
            let back = Movement {
                at,
                id: &refund.refund_id,
                voucher: &refund.form.out_refund_no,
                what: What::FeeBack,
                fen: fee(left_fen) - fee(left_fen - fen),
                note: refund.form.reason.as_deref().unwrap_or_default(),
            };
            left_fen -= fen;
            movements.push(back.clone());
            movements.push(Movement { what: What::Refund, fen: -fen, ..back });
        }
        movements.retain(|one| one.fen != 0);
        movements
    }
}

/// When a refund's money has left the merchant, if it has.
fn money_left_at(refund: &Refund) -> Option<OffsetDateTime> {
    let has_left =
        |status: RefundStatus| matches!(status, RefundStatus::Success | RefundStatus::Abnormal);
    refund.changes.iter().find(|(_, status)| has_left(*status)).map(|(at, _)| *at)
}

/// The fee of so many fen, to the whole fen; half a fen is one.
fn fee_fen(fen: i128, rate_bp: u32) -> i128 {
    (fen * i128::from(rate_bp) + 5_000) / 10_000
}

fn header(layout: BillLayout) -> [&'static str; 11] {
    let (amount, balance) = match layout {
        BillLayout::Current => ("收支金额(元)", "账户结余(元)"),
        BillLayout::Older => ("收支金额（元）", "账户结余（元）"),
    };
    [
        "记账时间",
        "微信支付业务单号",
        "资金流水单号",
        "业务名称",
        "业务类型",
        "收支类型",
        amount,
        balance,
        "资金变更提交申请人",
        "备注",
        "业务凭证号",
    ]
}

fn line(movement: &Movement<'_>, place: usize, balance_fen: i128) -> [String; 11] {
    let (name, kind) = movement.what.words();
    let direction = if movement.fen > 0 { "收入" } else { "支出" };
    let account = if matches!(movement.what, What::Payment | What::Refund) { 1 } else { 2 };
    [
        local_time(movement.at),
        movement.id.to_owned(),
        // The place among all movements: the same in every bill that is written of them.
        format!("100{account}{}{place:010}", beijing_date(movement.at)),
        name.to_owned(),
        kind.to_owned(),
        direction.to_owned(),
        yuan(movement.fen.abs()),
        yuan(balance_fen),
        "system".to_owned(),
        movement.note.to_owned(),
        movement.voucher.to_owned(),
    ]
}

fn summary(of_the_day: &[i128]) -> [String; 5] {
    let (mut came, mut went) = ((0_usize, 0), (0_usize, 0));
    for fen in of_the_day {
        let (count, sum) = if *fen > 0 { &mut came } else { &mut went };
        *count = count.saturating_add(1);
        *sum += fen.abs();
    }
    [
        of_the_day.len().to_string(),
        came.0.to_string(),
        yuan(came.1),
        went.0.to_string(),
        yuan(went.1),
    ]
}

#[cfg(test)]
mod tests {
    use super::fee_fen;

    #[test]
    fn fees_are_booked_in_whole_fen() {
        assert_eq!((fee_fen(100, 50), fee_fen(100, 49)), (1, 0), "half a fen is one");
        assert_eq!((fee_fen(990, 60), fee_fen(83, 60), fee_fen(84, 60)), (6, 0, 1));
    }
}
