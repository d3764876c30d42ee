//! Fund flows: what moves money, when, and what is left.

use super::bills::DAY;
use super::*;
use crate::core::settings::bills::{BillFeesFrom, BillLayout};

#[test]
fn a_fund_flow_keeps_a_balance() {
    let mut world = World::new();
    let trade = {
        let mut body = native_body("T00001");
        body["amount"]["total"] = json!(990);
        world.prepay(NATIVE, &body);
        world.user_pays("T00001")
    };
    let id = trade["transaction_id"].as_str().unwrap();
    world.later(Duration::hours(1));
    let mut back = refund_body("T00001", "R1", 990);
    back["amount"]["total"] = json!(990);
    let refund = body_of(&world.refund(&back));
    let refund_id = refund["refund_id"].as_str().unwrap();
    world.at(datetime!(2026-11-22 10:00 +8));
    let text = world.bill_text("fundflow", DAY);
    let expected = [
        "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号".to_owned(),
        format!("`2026-11-21 10:00:00,`{id},`1001202611210000000001,`交易,`交易,`收入,`9.90,`9.90,`system,`,`T00001"),
        format!("`2026-11-21 10:00:00,`{id},`1002202611210000000002,`交易,`扣除交易手续费,`支出,`0.06,`9.84,`system,`,`T00001"),
        format!("`2026-11-21 11:00:05,`{refund_id},`1002202611210000000003,`退款,`退回交易手续费,`收入,`0.06,`9.90,`system,`商品已售完,`R1"),
        format!("`2026-11-21 11:00:05,`{refund_id},`1001202611210000000004,`退款,`退款,`支出,`9.90,`0.00,`system,`商品已售完,`R1"),
        "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额".to_owned(),
        "`4,`2,`9.96,`2,`9.96".to_owned(),
        String::new(),
    ];
    assert_eq!(text.split("\r\n").collect::<Vec<_>>(), expected);
    world.set(json!({"bill_fees_from": "fees", "bill_layout": "older", "bill_line_end": "lf"}));
    let settings = world.pay.settings();
    assert_eq!(
        (settings.bill_fees_from, settings.bill_layout),
        (BillFeesFrom::Fees, BillLayout::Older)
    );
    let fees = world.bill_text("fundflow", &format!("{DAY}&account_type=FEES"));
    assert!(fees.contains("收支金额（元）,账户结余（元）"), "{fees}");
    assert!(fees.contains("`0.06,`9999.94,") && fees.contains("`0.06,`10000.00,"), "{fees}");
    assert!(fees.ends_with("\n`2,`1,`0.06,`1,`0.06\n"), "{fees}");
    let basic = world.bill_text("fundflow", DAY);
    assert!(basic.ends_with("\n`2,`1,`9.90,`1,`9.90\n"), "{basic}");
}

#[test]
fn a_fee_comes_back_with_the_refund_that_goes_out_first() {
    let settings = Settings { refund_spacing_s: 0, ..Settings::default() };
    let mut world = World::with(settings);
    let mut body = native_body("T00001");
    body["amount"]["total"] = json!(166);
    world.prepay(NATIVE, &body);
    world.user_pays("T00001");
    for (number, after_ms) in [("R1", 60_000), ("R2", 1_000)] {
        let ends = json!({"outcome": "success", "after_ms": after_ms});
        world.faults(json!([{"action": "refund_ends", "value": ends}]));
        let mut back = refund_body("T00001", number, 83);
        back["amount"]["total"] = json!(166);
        world.refund(&back);
    }
    world.at(datetime!(2026-11-22 10:00 +8));
    let text = world.bill_text("fundflow", DAY);
    let of_refunds = text.lines().filter(|line| line.contains(",`退款,"));
    let moved: Vec<(&str, &str)> = of_refunds
        .map(|line| line.split(',').collect::<Vec<_>>())
        .map(|values| (values[4], values[10]))
        .collect();
    // Of 0.83 yuan the fee is less than half a fen.
    assert_eq!(moved, [("`退回交易手续费", "`R2"), ("`退款", "`R2"), ("`退款", "`R1")]);
}

#[test]
fn a_refund_that_ends_closed_moves_no_money() {
    let mut world = World::new();
    world.paid("T00001");
    world.refund(&refund_body("T00001", "R1", 100));
    world.settle("R1", "closed").unwrap();
    world.at(datetime!(2026-11-22 10:00 +8));
    let text = world.bill_text("fundflow", DAY);
    assert!(text.ends_with("`2,`1,`1.00,`1,`0.01\r\n"), "{text}");
    assert!(world.bill_text("trade", DAY).contains(",`ORIGINAL,`FAIL,"), "but it was accepted");
}
