//! The sums of a trade bill, taken over its columns whatever its lines mean, and compared with what
//! its summary states.

use domain::Fen;
use domain::bill::{Fee, TradeTotals};
use domain::ports::MalformedBill;

use super::COUNT;
use crate::bills::sheet::{Cells, Column, Part};

/// The summary's name of each sum, and the column that it is of.
const AMOUNTS: [(&str, &str); 5] = [
    ("应结订单总金额", "应结订单金额"),
    ("退款总金额", "退款金额"),
    ("充值券退款总金额", "充值券退款金额"),
    (PAID, "订单金额"),
    (REFUNDED, "申请退款金额"),
];
const PAID: &str = "订单总金额";
const REFUNDED: &str = "申请退款总金额";
const FEES: &str = "手续费总金额";

/// What was added up so far.
pub(super) struct Sums {
    lines: usize,
    amounts: Vec<Sum>,
    fee_column: Column,
    fees: Fee,
}

/// One column's sum.
struct Sum {
    stated_as: &'static str,
    column: Column,
    amount: Fen,
}

impl Sums {
    /// Nothing yet, of the columns that this bill has.
    pub(super) fn over(detail: &Part<'_>) -> Result<Sums, MalformedBill> {
        let sum = |(stated_as, of)| {
            let column = detail.column(of)?;
            Ok(Sum { stated_as, column, amount: Fen::ZERO })
        };
        let amounts = AMOUNTS.into_iter().map(sum).collect::<Result<_, _>>()?;
        Ok(Sums { lines: 0, amounts, fee_column: detail.column("手续费")?, fees: Fee::ZERO })
    }

    /// Adds one line.
    pub(super) fn add(&mut self, cells: &Cells<'_>) -> Result<(), MalformedBill> {
        self.lines = self.lines.saturating_add(1);
        for sum in &mut self.amounts {
            let amount = cells.amount_if_any(sum.column)?.unwrap_or_default();
            let grown = sum.amount.plus(amount);
            sum.amount = grown.ok_or(cells.wrong(sum.column, "makes the sum too large"))?;
        }
        let grown = self.fees.plus(cells.fee(self.fee_column)?);
        self.fees = grown.ok_or(cells.wrong(self.fee_column, "makes the sum too large"))?;
        Ok(())
    }

    /// The sums, if the summary states the same of everything that it states.
    pub(super) fn agree_with(&self, summary: &Part<'_>) -> Result<TradeTotals, MalformedBill> {
        for row in &summary.rows {
            let cells = summary.cells(*row)?;
            let count = summary.column(COUNT)?;
            if cells.count(count)? != self.lines {
                return Err(cells.wrong(count, "is not the number of lines"));
            }
            for sum in self.amounts.iter().filter(|sum| sum.column.at.is_some()) {
                let stated = summary.column(sum.stated_as)?;
                if cells.amount_if_any(stated)?.is_some_and(|amount| amount != sum.amount) {
                    return Err(cells.wrong(stated, "is not the sum of the lines"));
                }
            }
            self.fees_agree(&cells, summary.column(FEES)?)?;
        }
        Ok(TradeTotals {
            paid: self.amount(PAID),
            refunded: self.amount(REFUNDED),
            fees: self.fees,
        })
    }

    /// Fees are compared to the place that is stated: a sum in fen has lost what is below a fen.
    fn fees_agree(&self, cells: &Cells<'_>, stated: Column) -> Result<(), MalformedBill> {
        let Some(text) = cells.text_if_any(stated) else { return Ok(()) };
        let differ = self.fees.get().abs_diff(cells.fee(stated)?.get());
        let one_in_last_place = match text.split_once('.').map_or(0, |(_, places)| places.len()) {
            2 => 1_000,
            3 => 100,
            4 => 10,
            // All five places; or a round sum, which is round or wrong.
            _ => 1,
        };
        if differ < one_in_last_place {
            return Ok(());
        }
        Err(cells.wrong(stated, "is not the sum of the lines"))
    }

    fn amount(&self, stated_as: &str) -> Fen {
        let found = self.amounts.iter().find(|sum| sum.stated_as == stated_as);
        found.map(|sum| sum.amount).unwrap_or_default()
    }
}
