//! 交易账单: what was paid and what was given back on a day.
//!
//! A payment stands in the bill of the day on which it was paid, a refund in that of the day on which it was accepted,
//! each once and never in another. MAY NOT leave out what the service under test has not made itself.

mod columns;
mod line;

use crate::core::WeChatPay;
use crate::core::bill::BillDay;
use crate::core::bill::asked::TradeLines;
use crate::core::bill::sheet::{Sheet, yuan, yuan_of_millifen};
use crate::core::bill::trades::columns::columns;
use crate::core::bill::trades::line::{Given, Line, Money};
use crate::core::refund::Refund;
use crate::core::settings::bills::BillRefundStatus;
use crate::core::trade::TradeState;

const SUMMARY: [&str; 7] = [
    "总交易单数",
    "应结订单总金额",
    "退款总金额",
    "充值券退款总金额",
    "手续费总金额",
    "订单总金额",
    "申请退款总金额",
];

impl WeChatPay {
    /// The bill, or nothing if it would have no line.
    pub(super) fn trade_bill(&self, wanted: TradeLines, day: BillDay) -> Option<Vec<u8>> {
        let mut lines = self.payments_of(wanted, day);
        lines.extend(self.refunds_of(wanted, day));
        if lines.is_empty() {
            return None;
        }
        // What happened at the same moment stays in the order of numbers, payments first.
        lines.sort_by_key(Line::at);
        let columns = columns(wanted, &self.settings);
        let mut sheet = Sheet::new(&self.settings);
        sheet.header(&columns.iter().map(|column| column.name()).collect::<Vec<_>>());
        for line in &lines {
            sheet.line(columns.iter().map(|column| line.value(*column)));
        }
        sheet.header(&SUMMARY);
        sheet.line(summary(&lines));
        Some(sheet.into_bytes())
    }

    fn payments_of(&self, wanted: TradeLines, day: BillDay) -> Vec<Line<'_>> {
        let rate = self.settings.bill_fee_rate_bp;
        let line = |trade| Line::payment(trade, rate).filter(|line| day.has(line.at()));
        match wanted {
            TradeLines::All | TradeLines::Payments => {
                self.trades.values().filter_map(line).collect()
            }
            TradeLines::Refunds => Vec::new(),
        }
    }

    fn refunds_of(&self, wanted: TradeLines, day: BillDay) -> Vec<Line<'_>> {
        if wanted == TradeLines::Payments {
            return Vec::new();
        }
        let mut refunds: Vec<_> =
            self.refunds.iter().filter(|refund| day.has(refund.created_at)).collect();
        refunds.sort_by_key(|refund| refund.sequence);
        let line = |refund| {
            let given = self.given_back(refund)?;
            let seen_at = match self.settings.bill_refund_status {
                BillRefundStatus::WhenWritten => self.written_at(day),
                BillRefundStatus::WhenAccepted => refund.created_at,
            };
            Some(Line::refund(given, (refund, seen_at), self.settings.bill_fee_rate_bp))
        };
        refunds.into_iter().filter_map(line).collect()
    }

    /// What a refund gives back.
    fn given_back(&self, refund: &Refund) -> Option<Given<'_>> {
        let trade = self.trades.get(&refund.out_trade_no)?;
        match &trade.state {
            TradeState::Success(payment) => Some(Given { trade, payment }),
            TradeState::NotPay | TradeState::Closed { .. } => None,
        }
    }
}

fn summary(lines: &[Line<'_>]) -> [String; 7] {
    let sum = |of: fn(&Money) -> i128| lines.iter().map(|line| of(line.money())).sum::<i128>();
    [
        lines.len().to_string(),
        yuan(sum(|money| money.settled_fen)),
        yuan(sum(|money| money.refunded_fen)),
        yuan(0),
        yuan_of_millifen(sum(|money| money.fee_millifen)),
        yuan(sum(|money| money.total_fen)),
        yuan(sum(|money| money.asked_back_fen)),
    ]
}
