//! Fund-flow bills as they are documented, and as they are not.

use domain::Timestamp;
use proptest::prelude::*;

use super::*;

const DOCUMENTED: &str = include_str!("samples/basic.csv");

fn read(text: &str) -> Result<FundFlowBill, MalformedBill> {
    super::read(text.as_bytes())
}

#[test]
fn the_documented_bill_is_read_whole() {
    let bill = read(DOCUMENTED).unwrap();
    let [income, fee, refund] = &bill.lines[..] else { panic!("{bill:?}") };
    let expected = FundFlowLine {
        line: 2,
        at: Timestamp::parse_rfc3339("2026-09-24T02:00:01Z").unwrap(),
        business_no: "4200001".to_owned(),
        flow_no: "1900000001202609240001".to_owned(),
        business: "交易".to_owned(),
        business_type: "交易".to_owned(),
        direction: FlowDirection::Income,
        amount: Fen::new(990),
        balance: Fen::new(10_990),
        voucher: Some("pay_w1".to_owned()),
    };
    assert_eq!(*income, expected);
    assert_eq!((fee.direction, fee.amount), (FlowDirection::Expense, Fen::new(6)));
    assert_eq!((refund.line, refund.balance), (4, Fen::new(-16)));
    assert_eq!(refund.voucher.as_deref(), Some("rfd_1"));
    let totals = FundFlowTotals {
        incomes: 1,
        income: Fen::new(990),
        expenses: 2,
        expense: Fen::new(11_006),
    };
    assert_eq!(bill.totals, totals);
}

#[test]
fn nobody_is_named_by_what_was_read() {
    let said = format!("{:?}", read(DOCUMENTED).unwrap());
    assert!(!said.contains("张三") && !said.contains("香蕉"), "{said}");
}

#[test]
fn an_older_header_a_mark_and_either_line_ending_change_nothing() {
    let older = DOCUMENTED.replace("(元)", "（元）");
    assert_ne!(older, DOCUMENTED);
    let bill = read(DOCUMENTED);
    assert_eq!(read(&older), bill);
    assert_eq!(read(&format!("\u{feff}{}", older.replace('\n', "\r\n"))), bill);
}

#[test]
fn what_cannot_be_read_is_refused_with_its_line_and_column_and_without_its_value() {
    for (old, new, said) in [
        ("收支金额(元)", "金额", "line 2, 收支金额: the bill has no such column"),
        ("业务类型,", "业务名称,", "line 1, 业务名称: stands there twice"),
        ("`收入,", "`转入,", "line 2, 收支类型: is neither income nor expense"),
        ("`0.06", "`-0.06", "line 3, 收支金额: is not an amount"),
        ("`-0.16", "`-", "line 4, 账户结余: is not an amount"),
        ("`1900000001202609240003", "`", "line 4, 资金流水单号: is no number of anything"),
        ("`3,`1,`9.90", "`4,`1,`9.90", "line 6, 资金流水总笔数: is not the number of lines"),
        ("`3,`1,`9.90", "`3,`2,`9.90", "line 6, 收入笔数: is not the number of lines"),
        ("`3,`1,`9.90", "`3,`1,`9.91", "line 6, 收入金额: is not the sum of the lines"),
        (",`2,`110.06", ",`3,`110.06", "line 6, 支出笔数: is not the number of lines"),
        (",`2,`110.06", ",`2,`0.06", "line 6, 支出金额: is not the sum of the lines"),
        (",支出金额", "", "line 6: has not as many values as the header has names"),
        (",支出金额\n", ",金额\n", "line 6, 支出金额: the bill has no such column"),
    ] {
        assert_eq!(DOCUMENTED.matches(old).count(), 1, "{old}");
        let error = read(&DOCUMENTED.replace(old, new)).unwrap_err();
        assert_eq!(error.to_string(), said, "{old} → {new}");
    }
}

/// Lines of the documented shape, and what they say.
fn line() -> impl Strategy<Value = (i64, bool, i64, i64)> {
    (0..2_000_000_000_i64, any::<bool>(), 0..=10_000_000_000_i64, -1_000_000..=10_000_000_000_i64)
}

proptest! {
    #[test]
    fn what_is_written_in_the_documented_form_is_read_back_exactly(
        lines in proptest::collection::vec(line(), 0..40),
    ) {
        let mut text = DOCUMENTED.lines().next().unwrap().to_owned() + "\r\n";
        let (mut counts, mut sums) = ([0, 0], [0, 0]);
        for (seconds, is_income, amount, balance) in &lines {
            let at = Timestamp::from_seconds(*seconds).to_beijing_rfc3339();
            let at = at.replace('T', " ").replace("+08:00", "");
            let word = if *is_income { "收入" } else { "支出" };
            let (said, left) = (Fen::new(*amount).yuan(), Fen::new(*balance).yuan());
            text += &format!("`{at},`42,`1,`退款,`退款,`{word},`{said},`{left},`system,`\\ ,`rfd_1\r\n");
            counts[usize::from(*is_income)] += 1;
            sums[usize::from(*is_income)] += amount;
        }
        let [paid, got] = sums.map(|sum| Fen::new(sum).yuan());
        text += "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\r\n";
        text += &format!("`{},`{},`{got},`{},`{paid}\r\n", lines.len(), counts[1], counts[0]);
        let bill = read(&text).unwrap();
        let read: Vec<_> = bill.lines.iter().map(|line| {
            let is_income = line.direction == FlowDirection::Income;
            (line.at.seconds(), is_income, line.amount.get(), line.balance.get())
        }).collect();
        prop_assert_eq!(read, lines);
        prop_assert_eq!(bill.totals.income, Fen::new(sums[1]));
    }

    #[test]
    fn any_bytes_are_a_bill_or_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _answer = super::read(&bytes);
    }

    #[test]
    fn a_changed_bill_is_read_or_refused_and_never_panics(
        at in any::<prop::sample::Index>(), by in any::<u8>(), cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = DOCUMENTED.as_bytes().to_vec();
        let place = at.index(bytes.len());
        bytes[place] = by;
        let _answer = super::read(&bytes);
        // A bill without its end is never taken for a whole one.
        let torn = &DOCUMENTED.as_bytes()[..cut.index(DOCUMENTED.len() - 5)];
        prop_assert!(super::read(torn).is_err());
    }
}
