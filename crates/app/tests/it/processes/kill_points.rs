//! `kill -9` at any moment, again and again, under load: nothing that was promised is lost, and
//! whoever repeats a request gets what was promised.
//!
//! The sandbox answers late, so that kills fall between the commit of an order and its prepay,
//! between the prepay and its record, between a close and its record.

use crate::processes::books::{assert_promises, assert_settled};
use crate::processes::chance::Chance;
use crate::processes::deployment::{Deployment, PATIENCE, stock_up};
use crate::processes::phone::{Offer, Phone};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use testkit::TestDatabase;
use tokio::task::JoinSet;

const KILLS: u64 = 15;
/// How many buyers come while one process lives.
const BUYERS_PER_LIFE: u64 = 6;
const STOCK: i64 = 1_000;
/// A request whose process died is taken for one in hand for so long, in seconds.
const TWIN_S: i64 = 31;
const HALF_AN_HOUR_S: i64 = 1_801;

/// What one buyer does, by their number; every second of those who can pay does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Plan {
    CheckOut,
    PlaceThenPay,
    SwitchToCode,
    Cancel,
}

/// How it went.
struct Bought {
    offer: Offer,
    pays: bool,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_at_any_moment_loses_no_order_no_money_and_no_promise() {
    let mut chance = Chance::new("kill_points");
    let database = TestDatabase::create().await.unwrap();
    let deployment = Deployment::new("kill-points", database.url()).await;
    let instance = deployment.instance("serve", |settings| {
        // What a killed process had in hand is nobody's until its lease ends.
        settings["wechat_pay"]["timeout_ms"] = json!(2_000);
        settings["jobs"]["lease_ms"] = json!(8_000);
    });
    let mut process = instance.start().await;
    let operator = deployment.operator(&[&instance]).await;
    stock_up(&operator, "tea", STOCK).await;
    deployment.sandbox.faults(late_answers()).await.unwrap();

    let mut crowd = JoinSet::new();
    let (mut lives, mut interrupted) = (Vec::new(), Interrupted::default());
    for life in 0..KILLS {
        for number in 0..BUYERS_PER_LIFE {
            let number = life * BUYERS_PER_LIFE + number;
            let comes_after = Duration::from_millis(chance.between(0, 400));
            let phone = Phone::at(&[&instance]);
            let sandbox = deployment.sandbox.clone();
            crowd.spawn(async move {
                tokio::time::sleep(comes_after).await;
                let bought = buy(&phone, number).await;
                // Some pay at once, whether the service lives or not.
                if bought.pays {
                    sandbox.pay(&bought.offer.out_trade_no).await.unwrap();
                }
                bought
            });
        }
        tokio::time::sleep(Duration::from_millis(chance.between(100, 600))).await;
        process.kill().await.unwrap();
        deployment.until_nobody_is_connected().await;
        lives.push(deployment.sandbox.ledger().await.unwrap().log().count());
        assert_promises(&deployment, &format!("after kill {}", life + 1)).await;
        interrupted.add(&deployment).await;
        process = instance.start().await;
    }
    interrupted.assert_hit();
    let all = everybody(&deployment, crowd).await;
    end_of_the_day(&deployment, &all).await;
    let log = std::fs::read_to_string(&instance.log).unwrap();
    assert_ordered_once_per_life(&deployment, &lives, &log).await;
    assert_sweeps_found_nothing(&log);
    process.kill().await.unwrap();
    deployment.stop().await;
    database.drop_now().await;
}

/// Where the kills fell: the payments that were in the middle of something at each of them.
#[derive(Debug, Default)]
struct Interrupted {
    /// Recorded, and WeChat Pay has not heard of it.
    before_prepay: BTreeSet<String>,
    /// Ordered at WeChat Pay, and that is not recorded.
    before_its_record: BTreeSet<String>,
    /// Being closed.
    while_closing: BTreeSet<String>,
    /// Being asked about.
    while_asking: BTreeSet<String>,
}

impl Interrupted {
    async fn add(&mut self, deployment: &Deployment) {
        let ledger = deployment.sandbox.ledger().await.unwrap();
        let of =
            |status: &str| format!("SELECT out_trade_no FROM payments WHERE status = '{status}'");
        for number in deployment.rows(&of("created")).await {
            let is_known = ledger.trade(&number).is_ok();
            let met = if is_known { &mut self.before_its_record } else { &mut self.before_prepay };
            met.insert(number);
        }
        self.while_closing.extend(deployment.rows(&of("closing")).await);
        let asking = "SELECT subject FROM jobs
            WHERE kind = 'follow_payment' AND lease_until > clock_timestamp()";
        self.while_asking.extend(deployment.rows(asking).await);
    }

    /// A test whose kills hit nothing would prove nothing.
    fn assert_hit(&self) {
        let met = [
            ("before prepay", &self.before_prepay),
            ("before its record", &self.before_its_record),
            ("while closing", &self.while_closing),
            ("while asking", &self.while_asking),
        ];
        let met = met.map(|(place, numbers)| (place, numbers.len()));
        eprintln!("payments that kills fell on: {met:?}");
        assert!(met.iter().all(|(_, count)| *count > 0), "{met:?}");
    }
}

/// Every answer is late, so that most kills meet a call in hand.
fn late_answers() -> Value {
    json!([
        {"match": {"path": "/v3/pay/transactions/out-trade-no/*/close"}, "action": "delay_ms", "value": 200},
        {"match": {"path": "/v3/pay/transactions/out-trade-no/*"}, "every": 2, "action": "delay_ms", "value": 150},
        {"match": {"path": "/v3/pay/transactions/*"}, "every": 2, "action": "delay_ms", "value": 250},
    ])
}

async fn buy(phone: &Phone, number: u64) -> Bought {
    let plan = [Plan::CheckOut, Plan::PlaceThenPay, Plan::SwitchToCode, Plan::Cancel]
        [usize::try_from(number % 4).unwrap()];
    let pays = plan != Plan::Cancel && (number / 4).is_multiple_of(2);
    let buyer = phone.buyer(&format!("buyer-{number}"), "tea").await;
    let offer = match plan {
        Plan::CheckOut => buyer.check_out().await,
        Plan::PlaceThenPay => {
            let order = buyer.place().await;
            buyer.pay_by(&order, "JSAPI").await
        }
        Plan::SwitchToCode => {
            let first = buyer.check_out().await;
            let offer = buyer.pay_by(&first.order, "NATIVE").await;
            assert_eq!(offer.order, first.order);
            offer
        }
        Plan::Cancel => {
            let offer = buyer.check_out().await;
            buyer.cancel(&offer.order).await;
            offer
        }
    };
    Bought { offer, pays }
}

/// The last process lives on: everybody gets what they asked for.
async fn everybody(deployment: &Deployment, mut crowd: JoinSet<Bought>) -> Vec<Bought> {
    deployment.pass(TWIN_S).await;
    let mut all = Vec::new();
    let joined = async {
        while let Some(bought) = crowd.join_next().await {
            all.push(bought.unwrap());
        }
    };
    tokio::time::timeout(PATIENCE, joined).await.expect("a buyer never got an answer");
    all
}

async fn end_of_the_day(deployment: &Deployment, all: &[Bought]) {
    let expected = usize::try_from(KILLS * BUYERS_PER_LIFE).unwrap();
    let orders = deployment.rows("SELECT order_number FROM orders ORDER BY 1").await;
    let mut asked_for: Vec<&str> = all.iter().map(|one| one.offer.order.as_str()).collect();
    asked_for.sort_unstable();
    assert_eq!(orders, asked_for, "one order per key, and no other");
    assert_eq!(orders.len(), expected);
    deployment.sandbox.faults(json!([])).await.unwrap();
    deployment.pass(60).await;
    let paid: Vec<&str> =
        all.iter().filter(|one| one.pays).map(|one| one.offer.order.as_str()).collect();
    let waiting = format!(
        "SELECT order_number || ' ' || status FROM orders
         WHERE payment_status = 'unpaid' AND order_number IN ('{}')",
        paid.join("', '")
    );
    deployment.until_none("paid at WeChat Pay, and not here", &waiting).await;
    deployment.pass(HALF_AN_HOUR_S).await;
    let open = "SELECT order_number || ' ' || status FROM orders
                WHERE status IN ('pending_payment', 'cancelling')";
    deployment.until_none("open after the deadline", open).await;
    assert_eq!(assert_settled(deployment).await, paid.len(), "nobody else paid");
    let left = deployment.rows("SELECT (available + sold)::text || ' ' || held FROM skus").await;
    assert_eq!(left, [format!("{STOCK} 0")]);
}

/// No process orders a number twice, unless it got no answer in time. A number that a process had
/// ordered when it was killed may be ordered again by the next one: the answer died with it, and
/// WeChat Pay answers the same again. The calls of the life before `ends[i]` are the first `ends[i]`.
async fn assert_ordered_once_per_life(deployment: &Deployment, ends: &[usize], log: &str) {
    let ledger = deployment.sandbox.ledger().await.unwrap();
    let mut ordered: BTreeMap<(usize, &str), u32> = BTreeMap::new();
    for (index, call) in ledger.log().enumerate().filter(|(_, call)| call["kind"] == "prepay") {
        let life = ends.partition_point(|end| *end <= index);
        *ordered.entry((life, call["out_trade_no"].as_str().unwrap())).or_default() += 1;
    }
    let unknown = |number: &str| {
        let mut lines = log.lines().filter(|line| line.contains("the prepay's outcome is unknown"));
        lines.any(|line| line.contains(&format!("\"{number}\"")))
    };
    ordered.retain(|(_, number), count| *count > 1 && !unknown(number));
    assert!(ordered.is_empty(), "(life, number) ordered so often: {ordered:?}");
}

/// A sweep that finds work has found a bug: no job was promised for it.
fn assert_sweeps_found_nothing(log: &str) {
    for never in ["sweep.found", "panicked", "\"level\":\"ERROR\""] {
        let found: Vec<&str> = log.lines().filter(|line| line.contains(never)).collect();
        assert!(found.is_empty(), "{never}: {found:#?}");
    }
}
