//! Reads a fund-flow bill (资金账单): how the balance of one account moved.
//!
//! The applicant and the remark of a line are not read: they name people. Counts and sums of the
//! summary must be those of the lines.

use domain::Fen;
use domain::bill::{FlowDirection, FundFlowBill, FundFlowLine, FundFlowTotals};
use domain::ports::MalformedBill;

use super::sheet::{Cells, Column, Part, Sheet};

/// The first name of the summary's header.
const COUNT: &str = "资金流水总笔数";

/// Reads a bill.
pub(super) fn read(bytes: &[u8]) -> Result<FundFlowBill, MalformedBill> {
    let Sheet { detail, summary } = Sheet::read(bytes, COUNT)?;
    let columns = Columns::of(&detail)?;
    let mut bill = FundFlowBill::default();
    bill.lines.reserve(detail.rows.len());
    for row in &detail.rows {
        let cells = detail.cells(*row)?;
        let line = columns.line(&cells)?;
        let grown = grown(bill.totals, &line);
        bill.totals = grown.ok_or(cells.wrong(columns.amount, "makes the sum too large"))?;
        bill.lines.push(line);
    }
    agree(&summary, &bill)?;
    Ok(bill)
}

fn grown(totals: FundFlowTotals, line: &FundFlowLine) -> Option<FundFlowTotals> {
    let FundFlowTotals { incomes, income, expenses, expense } = totals;
    Some(match line.direction {
        FlowDirection::Income => FundFlowTotals {
            incomes: incomes.checked_add(1)?,
            income: income.plus(line.amount)?,
            ..totals
        },
        FlowDirection::Expense => FundFlowTotals {
            expenses: expenses.checked_add(1)?,
            expense: expense.plus(line.amount)?,
            ..totals
        },
    })
}

fn agree(summary: &Part<'_>, bill: &FundFlowBill) -> Result<(), MalformedBill> {
    let FundFlowTotals { incomes, income, expenses, expense } = bill.totals;
    let number = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
    let counts =
        [(COUNT, bill.lines.len()), ("收入笔数", number(incomes)), ("支出笔数", number(expenses))];
    let sums: [(_, Fen); 2] = [("收入金额", income), ("支出金额", expense)];
    for row in &summary.rows {
        let cells = summary.cells(*row)?;
        for (name, count) in counts {
            let stated = summary.column(name)?;
            if cells.count(stated)? != count {
                return Err(cells.wrong(stated, "is not the number of lines"));
            }
        }
        for (name, sum) in sums {
            let stated = summary.column(name)?;
            if cells.amount(stated)? != sum {
                return Err(cells.wrong(stated, "is not the sum of the lines"));
            }
        }
    }
    Ok(())
}

/// Where everything that we read stands.
struct Columns {
    at: Column,
    business_no: Column,
    flow_no: Column,
    business: Column,
    business_type: Column,
    direction: Column,
    amount: Column,
    balance: Column,
    voucher: Column,
}

impl Columns {
    fn of(detail: &Part<'_>) -> Result<Columns, MalformedBill> {
        Ok(Columns {
            at: detail.column("记账时间")?,
            business_no: detail.column("微信支付业务单号")?,
            flow_no: detail.column("资金流水单号")?,
            business: detail.column("业务名称")?,
            business_type: detail.column("业务类型")?,
            direction: detail.column("收支类型")?,
            amount: detail.column("收支金额")?,
            balance: detail.column("账户结余")?,
            voucher: detail.column("业务凭证号")?,
        })
    }

    fn line(&self, cells: &Cells<'_>) -> Result<FundFlowLine, MalformedBill> {
        Ok(FundFlowLine {
            line: cells.line,
            at: cells.time(self.at)?,
            business_no: cells.text(self.business_no)?.to_owned(),
            flow_no: cells.number(self.flow_no)?.to_owned(),
            business: cells.text(self.business)?.to_owned(),
            business_type: cells.text(self.business_type)?.to_owned(),
            direction: match cells.text(self.direction)? {
                "收入" => FlowDirection::Income,
                "支出" => FlowDirection::Expense,
                _ => return Err(cells.wrong(self.direction, "is neither income nor expense")),
            },
            amount: cells.amount(self.amount)?,
            balance: cells.balance(self.balance)?,
            voucher: cells.text_if_any(self.voucher).map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests;
