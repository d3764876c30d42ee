//! Trade bills as they are documented, and as they are not.

mod law;

use domain::bill::{BilledAmount, BilledRefund, BilledRefundStatus, Fee, TradeEntry};
use domain::{Fen, Timestamp};
use expect_test::expect;

use super::*;

const MCHID: &str = "1900000001";

/// The header and the two rows of v3 §7.8, with the summary that belongs to them.
const DOCUMENTED: &str = include_str!("samples/all.csv");
/// The same day as a bill of payments alone.
const SUCCESS: &str = include_str!("samples/success.csv");
/// The same day as a bill of refunds alone, with its two times.
const REFUND: &str = include_str!("samples/refund.csv");
/// An old merchant's, without 应结订单金额 and 代金券金额.
const OLD: &str = include_str!("samples/old.csv");

fn read(text: &str) -> Result<TradeBill, MalformedBill> {
    super::read(text.as_bytes(), &Mchid::new(MCHID))
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

/// One line for each line, to be read.
fn told(bill: &TradeBill) -> String {
    let mut text = String::new();
    for line in &bill.lines {
        let (number, no) = (&line.out_trade_no, &line.transaction_id);
        text += &format!("{} {} {number} {no} {:?}\n", line.line, line.at, line.entry);
    }
    let totals = bill.totals;
    text + &format!("paid {} refunded {} fees {}\n", totals.paid, totals.refunded, totals.fees)
}

#[test]
fn the_documented_bill_is_read_whole() {
    let bill = read(DOCUMENTED).unwrap();
    let [payment, refund] = &bill.lines[..] else { panic!("{bill:?}") };
    assert_eq!((payment.line, payment.at), (2, at("2026-09-24T02:00:00Z")));
    assert_eq!(payment.appid.as_ref().map(Appid::as_str), Some("wx123"));
    assert_eq!(payment.transaction_id.as_str(), "4200001");
    assert_eq!(payment.out_trade_no.as_str(), "pay_w1");
    assert_eq!((payment.trade_type.as_str(), payment.currency.as_str()), ("NATIVE", "CNY"));
    assert_eq!((payment.fee, payment.rate.as_str()), (Fee::new(5_940), "0.60%"));
    let amount = BilledAmount {
        total: Fen::new(990),
        settled: Some(Fen::new(990)),
        coupon: Some(Fen::ZERO),
    };
    assert_eq!(payment.entry, TradeEntry::Payment(amount));

    assert_eq!((refund.line, refund.at), (3, at("2026-09-24T03:00:00Z")));
    assert_eq!(refund.transaction_id.as_str(), "4200002");
    assert_eq!(refund.out_trade_no.as_str(), "pay_w2");
    assert_eq!(refund.fee, Fee::new(-5_940));
    let said = BilledRefund {
        refund_id: RefundId::new("500001"),
        out_refund_no: OutRefundNo::stated("rfd_1"),
        amount: Fen::new(990),
        settled: Some(Fen::new(990)),
        coupon: Some(Fen::ZERO),
        kind: "ORIGINAL".to_owned(),
        status: BilledRefundStatus::Success,
        requested_at: None,
        succeeded_at: None,
    };
    assert_eq!(refund.entry, TradeEntry::Refund(said));

    let totals = bill.totals;
    assert_eq!((totals.paid, totals.refunded), (Fen::new(990), Fen::new(990)));
    assert_eq!(totals.fees, Fee::ZERO);
}

#[test]
fn every_layout_is_read_by_the_names_of_its_columns() {
    expect![[r#"
        2 2026-09-24T02:00:00Z pay_w1 4200001 Payment(BilledAmount { total: Fen(990), settled: Some(Fen(980)), coupon: Some(Fen(10)) })
        3 2026-09-24T02:30:00Z pay_w3 4200003 Revoked(BilledAmount { total: Fen(1), settled: Some(Fen(1)), coupon: Some(Fen(0)) })
        paid 991 fen refunded 0 fen fees 0.05941
    "#]]
    .assert_eq(&told(&read(SUCCESS).unwrap()));
    expect![[r#"
        2 2026-09-24T03:00:00Z pay_w2 4200002 Refund(BilledRefund { refund_id: 500001, out_refund_no: Some(rfd_1), amount: Fen(990), settled: Some(Fen(980)), coupon: Some(Fen(0)), kind: "ORIGINAL", status: Success, requested_at: Some(2026-09-24T03:00:00Z), succeeded_at: Some(2026-09-24T03:00:05Z) })
        3 2026-09-24T04:00:00Z pay_w2 4200002 Refund(BilledRefund { refund_id: 500002, out_refund_no: Some(rfd_2), amount: Fen(1), settled: Some(Fen(1)), coupon: Some(Fen(0)), kind: "BALANCE", status: Processing, requested_at: Some(2026-09-24T04:00:00Z), succeeded_at: None })
        paid 0 fen refunded 991 fen fees -0.05941
    "#]]
    .assert_eq(&told(&read(REFUND).unwrap()));
    expect![[r#"
        2 2026-09-24T02:00:00Z pay_w1 4200001 Payment(BilledAmount { total: Fen(990), settled: None, coupon: None })
        paid 990 fen refunded 0 fen fees 0.05940
    "#]]
    .assert_eq(&told(&read(OLD).unwrap()));
}

#[test]
fn a_mark_either_line_ending_and_columns_nobody_knows_change_nothing() {
    let bill = read(DOCUMENTED).unwrap();
    assert!(!DOCUMENTED.contains('\r') && !DOCUMENTED.contains('\u{feff}'));
    assert_eq!(read(&format!("\u{feff}{}", DOCUMENTED.replace('\n', "\r\n"))), Ok(bill.clone()));
    let mut wider = String::new();
    for line in DOCUMENTED.lines() {
        let before = if line.starts_with('`') { "`?," } else { "新," };
        wider += &format!("{before}{line}\n");
    }
    assert_eq!(read(&wider), Ok(bill));
}

#[test]
fn an_empty_bill_is_a_bill() {
    let bare: Vec<&str> = DOCUMENTED.lines().filter(|line| !line.starts_with('`')).collect();
    let text = format!("{}\n{}\n`0,`0.00,`0.00,`0.00,`0,`0.00,`0.00\n", bare[0], bare[1]);
    assert_eq!(read(&text), Ok(TradeBill::default()));
}

/// The documented bill, with one text in place of another.
fn but(old: &str, new: &str) -> Result<TradeBill, MalformedBill> {
    assert_eq!(DOCUMENTED.matches(old).count(), 1, "{old}");
    read(&DOCUMENTED.replace(old, new))
}

#[test]
fn a_refund_says_how_far_it_is_in_the_bills_own_words() {
    for (word, status) in [
        ("PROCESSING", BilledRefundStatus::Processing),
        ("FAIL", BilledRefundStatus::Fail),
        ("CHANGE", BilledRefundStatus::Change),
        ("CLOSED", BilledRefundStatus::Unknown),
        ("", BilledRefundStatus::Unknown),
    ] {
        let bill = but("`ORIGINAL,`SUCCESS", &format!("`ORIGINAL,`{word}")).unwrap();
        let TradeEntry::Refund(refund) = &bill.lines[1].entry else { panic!("{bill:?}") };
        assert_eq!(refund.status, status, "{word}");
    }
    for none in ["", "0"] {
        let bill = but("`rfd_1", &format!("`{none}")).unwrap();
        let TradeEntry::Refund(refund) = &bill.lines[1].entry else { panic!("{bill:?}") };
        assert_eq!(refund.out_refund_no, None);
    }
}

#[test]
fn what_cannot_be_read_is_refused_with_its_line_and_column_and_without_its_value() {
    for (old, new, said) in [
        ("交易时间", "时间", "line 2, 交易时间: the bill has no such column"),
        (",手续费,", ",手续,", "line 2, 手续费: the bill has no such column"),
        (",订单金额,", ",金额,", "line 2, 订单金额: the bill has no such column"),
        (",申请退款金额,", ",金额,", "line 3, 申请退款金额: the bill has no such column"),
        ("微信退款单号", "单号", "line 3, 微信退款单号: is missing from a refund"),
        ("退款状态", "状态", "line 3, 退款状态: the bill has no such column"),
        ("交易类型", "交易状态", "line 1, 交易状态: stands there twice"),
        ("2026-09-24 10:00:00", "2026-09-24T10:00:00", "line 2, 交易时间: is not a time"),
        ("`4200001", "`42 店", "line 2, 微信订单号: is no number of anything"),
        ("`pay_w1", "`", "line 2, 商户订单号: is no number of anything"),
        ("`NATIVE,`SUCCESS", "`NATIVE,`PAID", "line 2, 交易状态: is no state that we know"),
        ("`9.90,`0.00,`0,`0,", "`9.901,`0.00,`0,`0,", "line 2, 应结订单金额: is not an amount"),
        ("`0.05940,", "`0.059401,", "line 2, 手续费: is not a fee"),
        ("`500001", "`0", "line 3, 微信退款单号: is missing from a refund"),
        (
            ",`Lily,`,`0.05940",
            ",`Lily,`0.05940",
            "line 2: has not as many values as the header has names",
        ),
        ("`2,`9.90", "`3,`9.90", "line 5, 总交易单数: is not the number of lines"),
        ("`2,`9.90", "`2,`9.91", "line 5, 应结订单总金额: is not the sum of the lines"),
        ("`2,`9.90,`9.90", "`2,`9.90,`9.89", "line 5, 退款总金额: is not the sum of the lines"),
        (
            "`0.00,`0.00000",
            "`0.01,`0.00000",
            "line 5, 充值券退款总金额: is not the sum of the lines",
        ),
        ("`0.00,`0.00000", "`0.00,`0.00001", "line 5, 手续费总金额: is not the sum of the lines"),
        (
            "`0.00000,`9.90,`9.90",
            "`0.00000,`990,`9.90",
            "line 5, 订单总金额: is not the sum of the lines",
        ),
        (
            "`0.00000,`9.90,`9.90",
            "`0.00000,`9.90,`0.00",
            "line 5, 申请退款总金额: is not the sum of the lines",
        ),
        ("总交易单数", "总数", "line 4: is neither a line of the bill nor its summary"),
    ] {
        assert_eq!(but(old, new).unwrap_err().to_string(), said, "{old} → {new}");
    }
    let other = super::read(DOCUMENTED.as_bytes(), &Mchid::new("1900000002"));
    assert_eq!(other.unwrap_err().to_string(), "line 2, 商户号: is another merchant");
}

#[test]
fn a_sum_of_fees_is_compared_to_the_place_that_it_states() {
    // 0.05941 in all.
    for (stated, agrees) in [
        ("0.05941", true),
        ("0.05940", false),
        ("0.0594", true),
        ("0.0595", true),
        ("0.0593", false),
        ("0.059", true),
        ("0.058", false),
        ("0.06", true),
        ("0.05", true),
        ("0.07", false),
        ("0.1", false),
        ("0", false),
        ("", true),
    ] {
        let text = SUCCESS.replace("`0.05941,`9.91", &format!("`{stated},`9.91"));
        assert_eq!(read(&text).is_ok(), agrees, "{stated}");
    }
}

#[test]
fn a_sum_that_does_not_fit_is_refused() {
    let much = "92233720368547758.07";
    let row = |id: u32| {
        format!(
            "`2026-09-24 10:00:00,`wx123,`{MCHID},`0,`,`{id},`pay_{id},`o1,`NATIVE,`SUCCESS,`OTHERS,\
             `CNY,`0.00,`0.00,`0,`0,`0.00,`0.00,`,`,`Lily,`,`0.00000,`0.60%,`{much},`0.00,`\n"
        )
    };
    let mut bare = DOCUMENTED.lines().filter(|line| !line.starts_with('`'));
    let (header, summary) = (bare.next().unwrap(), bare.next().unwrap());
    let text = format!("{header}\n{}{}{summary}\n`2\n", row(1), row(2));
    let error = read(&text).unwrap_err();
    assert_eq!(error.to_string(), "line 3, 订单金额: makes the sum too large");
}
