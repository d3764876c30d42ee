//! What holds of bills however a merchant's days go: random weeks, each read back from its bills.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::core::refund::RefundStatus;
use crate::core::trade::TradeState;

/// What happens, and how many minutes pass before it.
#[derive(Clone, Debug)]
enum Event {
    Pay { fen: i64, coupon: i64 },
    Refund { order: usize, part: i64, ending: u8 },
    Settle { refund: usize },
}

fn event() -> impl Strategy<Value = (i64, Event)> {
    let event = prop_oneof![
        3 => (1..20_000_i64, 0..3_i64).prop_map(|(fen, coupon)| Event::Pay { fen, coupon }),
        4 => (0..8_usize, 1..=4_i64, 0..5_u8)
            .prop_map(|(order, part, ending)| Event::Refund { order, part, ending }),
        1 => (0..8_usize).prop_map(|refund| Event::Settle { refund }),
    ];
    (prop_oneof![1..30_i64, 300..1_500_i64], event)
}

fn order(number: usize) -> String {
    format!("T{number:05}")
}

impl World {
    fn happen(&mut self, event: &Event, orders: &mut usize, refunds: &mut usize) {
        match event {
            Event::Pay { fen, coupon } => {
                let mut body = native_body(&order(*orders));
                body["amount"]["total"] = json!(fen);
                // What would break a line or a field, if it could.
                body["description"] = json!("苹果,\"梨\"\n`枣,");
                self.prepay(NATIVE, &body);
                let coupon_fen = fen * coupon / 4;
                self.user_tries(&order(*orders), json!({"coupon_fen": coupon_fen})).unwrap();
                *orders += 1;
            }
            Event::Refund { order: which, part, ending } => {
                let endings = [
                    json!("success"),
                    json!("abnormal"),
                    json!("closed"),
                    json!({"outcome": "success", "after_ms": 100_000_000}),
                    json!({"outcome": "abnormal", "after_ms": 30_000_000}),
                ];
                self.faults(
                    json!([{"action": "refund_ends", "value": endings[usize::from(*ending)]}]),
                );
                let Some(trade) = self.pay.trade_of(&order(*which)) else { return };
                let total = trade.form.total_fen;
                let mut body =
                    refund_body(&order(*which), &format!("R{refunds}"), (total * part / 4).max(1));
                body["amount"]["total"] = json!(total);
                // Some are refused: too much, or too soon.
                if self.refund(&body).status == 200 {
                    *refunds += 1;
                }
            }
            Event::Settle { refund } => drop(self.settle(&format!("R{refund}"), "success")),
        }
    }

    fn days(&self) -> impl Iterator<Item = String> + use<> {
        let first = START.date();
        let last = self.business.date();
        std::iter::successors(Some(first), |day| day.next_day())
            .take_while(move |day| *day < last)
            .map(|day| format!("bill_date={day}"))
    }

    /// The lines of each day's bill by the names of its columns, and its summary; only days that have one.
    fn read(&mut self, kind: &str, more: &str) -> Vec<(Vec<Row>, Row)> {
        let days: Vec<String> = self.days().collect();
        let mut read = Vec::new();
        for day in days {
            let query = format!("{day}{more}");
            let answer = self.bill(kind, &query);
            if said(&answer).starts_with("400 NO_STATEMENT_EXIST") {
                continue;
            }
            let text = String::from_utf8(self.fetched(&answer).body).unwrap();
            read.push(parsed(&text));
        }
        read
    }
}

type Row = BTreeMap<String, String>;

/// Splits at each comma and each line end, and nowhere else.
fn parsed(text: &str) -> (Vec<Row>, Row) {
    let lines: Vec<&str> = text.strip_suffix("\r\n").unwrap().split("\r\n").collect();
    let (details, summary) = lines.split_at(lines.len() - 2);
    let row = |header: &str, line: &str| -> Row {
        let names: Vec<&str> = header.split(',').collect();
        let values: Vec<&str> = line.split(',').collect();
        assert_eq!(names.len(), values.len(), "{line}");
        let value = |value: &str| value.strip_prefix('`').unwrap().to_owned();
        names.into_iter().map(str::to_owned).zip(values.into_iter().map(value)).collect()
    };
    let rows = details[1..].iter().map(|line| row(details[0], line)).collect();
    (rows, row(summary[0], summary[1]))
}

/// A decimal in units of its last place, of which there are `places`.
fn units(text: &str, places: usize) -> i64 {
    let (_, decimals) = text.rsplit_once('.').unwrap();
    assert_eq!(decimals.len(), places, "{text}");
    text.replace('.', "").parse().unwrap()
}

fn sum(rows: &[Row], column: &str, places: usize) -> i64 {
    rows.iter().map(|row| units(&row[column], places)).sum()
}

fn check_trade_bills(world: &mut World) {
    let bills = world.read("trade", "");
    for (rows, summary) in &bills {
        assert_eq!(summary["总交易单数"], rows.len().to_string());
        for (total, column, places) in [
            ("应结订单总金额", "应结订单金额", 2),
            ("退款总金额", "退款金额", 2),
            ("充值券退款总金额", "充值券退款金额", 2),
            ("手续费总金额", "手续费", 5),
            ("订单总金额", "订单金额", 2),
            ("申请退款总金额", "申请退款金额", 2),
        ] {
            assert_eq!(units(&summary[total], places), sum(rows, column, places), "{total}");
        }
        assert!(rows.iter().map(|row| &row["交易时间"]).is_sorted());
    }
    let rows: Vec<Row> = bills.into_iter().flat_map(|(rows, _)| rows).collect();
    let of = |state: &str, number: &str, amount: &str| -> Vec<(String, i64)> {
        let rows = rows.iter().filter(|row| row["交易状态"] == state);
        let mut of: Vec<_> =
            rows.map(|row| (row[number].clone(), units(&row[amount], 2))).collect();
        of.sort();
        of
    };
    let paid: Vec<(String, i64)> = world
        .pay
        .trades()
        .filter_map(|trade| match &trade.state {
            TradeState::Success(payment) => {
                Some((trade.form.out_trade_no.clone(), payment.total_fen))
            }
            TradeState::NotPay | TradeState::Closed { .. } => None,
        })
        .collect();
    assert_eq!(of("SUCCESS", "商户订单号", "订单金额"), paid, "every payment once");
    let mut refunded: Vec<(String, i64)> = world
        .pay
        .refunds()
        .map(|refund| (refund.form.out_refund_no.clone(), refund.money.refund_fen))
        .collect();
    refunded.sort();
    assert_eq!(of("REFUND", "商户退款单号", "申请退款金额"), refunded, "every refund once");
    let parts = world.read("trade", "&bill_type=SUCCESS").into_iter();
    let parts = parts.chain(world.read("trade", "&bill_type=REFUND"));
    assert_eq!(
        parts.map(|(rows, _)| rows.len()).sum::<usize>(),
        rows.len(),
        "two parts, one whole"
    );
}

/// Walks through the days of an account; answers what is in it at the end.
fn check_fund_flow(world: &mut World, account: &str, opening_fen: i64) -> i64 {
    let mut balance = opening_fen;
    let mut numbers = Vec::new();
    for (rows, summary) in world.read("fundflow", &format!("&account_type={account}")) {
        let of = |direction: &str| -> Vec<Row> {
            rows.iter().filter(|row| row["收支类型"] == direction).cloned().collect()
        };
        let (came, went) = (of("收入"), of("支出"));
        assert_eq!(summary["资金流水总笔数"], rows.len().to_string());
        assert_eq!(summary["收入笔数"], came.len().to_string());
        assert_eq!(summary["支出笔数"], went.len().to_string());
        assert_eq!(units(&summary["收入金额"], 2), sum(&came, "收支金额(元)", 2));
        assert_eq!(units(&summary["支出金额"], 2), sum(&went, "收支金额(元)", 2));
        for row in &rows {
            let fen = units(&row["收支金额(元)"], 2);
            assert!(fen > 0);
            balance += if row["收支类型"] == "收入" { fen } else { -fen };
            assert_eq!(units(&row["账户结余(元)"], 2), balance, "from day to day");
            assert!(balance >= 0);
            numbers.push(row["资金流水单号"].clone());
        }
    }
    let count = numbers.len();
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), count, "each movement has a number of its own");
    balance
}

/// Whatever has been given back, the merchant keeps paying the fee of what is left of each payment, in whole fen.
fn check_fees(world: &mut World, rate: u32) {
    let order_of: BTreeMap<String, String> = world
        .pay
        .refunds()
        .map(|refund| (refund.form.out_refund_no.clone(), refund.out_trade_no.clone()))
        .collect();
    let (mut left, mut kept) = (BTreeMap::<String, i64>::new(), BTreeMap::<String, i64>::new());
    for (rows, _) in world.read("fundflow", "") {
        for row in rows {
            let fen = units(&row["收支金额(元)"], 2);
            let number = &row["业务凭证号"];
            let order = order_of.get(number).unwrap_or(number).clone();
            let (left, kept) =
                (left.entry(order.clone()).or_default(), kept.entry(order).or_default());
            match row["业务类型"].as_str() {
                "交易" => *left += fen,
                "扣除交易手续费" => *kept += fen,
                "退回交易手续费" => *kept -= fen,
                "退款" => {
                    *left -= fen;
                    assert_eq!(*kept, (*left * i64::from(rate) + 5_000) / 10_000);
                }
                other => panic!("{other}"),
            }
        }
    }
}

/// What the merchant should have, but for fees.
fn owned(world: &World) -> i64 {
    let paid: i64 = world
        .pay
        .trades()
        .map(|trade| match &trade.state {
            TradeState::Success(payment) => payment.payer_total_fen(),
            TradeState::NotPay | TradeState::Closed { .. } => 0,
        })
        .sum();
    let left = world
        .pay
        .refunds()
        .filter(|refund| matches!(refund.status(), RefundStatus::Success | RefundStatus::Abnormal));
    paid - left.map(|refund| refund.money.payer_refund_fen).sum::<i64>()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bills_say_everything_once_and_add_up(
        events in vec(event(), 1..40),
        rate in prop_oneof![Just(60_u32), 0..=1_000_u32],
        fees in prop::bool::ANY,
    ) {
        let account = if fees { "fees" } else { "basic" };
        let mut world = World::new();
        world.set(json!({"bill_fee_rate_bp": rate, "bill_fees_from": account}));
        let (mut orders, mut refunds) = (0, 0);
        for (minutes, event) in &events {
            world.later(Duration::minutes(*minutes));
            world.happen(event, &mut orders, &mut refunds);
        }
        // To ten o'clock of a day by which everything has ended that ends by itself.
        world.business = (world.business + Duration::days(9))
            .replace_time(time::macros::time!(10:00));
        check_trade_bills(&mut world);
        let basic = check_fund_flow(&mut world, "BASIC", 0);
        let (earned, fees_paid) = if fees {
            (basic, 1_000_000 - check_fund_flow(&mut world, "FEES", 1_000_000))
        } else {
            check_fees(&mut world, rate);
            (owned(&world), owned(&world) - basic)
        };
        prop_assert_eq!(earned, owned(&world));
        let exact = i64::try_from(orders).unwrap() + owned(&world) * i64::from(rate) / 10_000;
        prop_assert!((0..=exact).contains(&fees_paid), "{} of {}", fees_paid, exact);
    }
}
