//! P1: settled notifications per second, beside `pgbench` settling other orders with the very changesets
//! that the service writes.

use crate::bench::{Bench, Rounds, Turn};
use crate::figures::Ratio;
use crate::floor::{self, Floor};
use crate::load::{Load, expect_status};
use crate::notices::{self, Paid};
use crate::pgbench::{Driven, Extent, Pgbench, Script};
use crate::plan::{NOTICE_CONNECTIONS, WARM_UP};
use crate::report::{Figure, Goal, Row};
use crate::verify::will_be_paid;
use anyhow::{Result, ensure};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

const GOAL: Goal = Goal::RatioAtLeast(Ratio::hundredths(120));
const CPU_GOAL: Goal = Goal::RatioAtMost(Ratio::hundredths(400));

/// As the service does it: load, then commit, each a statement of its own.
const SCRIPT: &str = "\
\\set k :base + :client_id * :each + :turn
\\set turn :turn + 1
SELECT paydesk_load(NULL, NULL, (SELECT number FROM bench_changes WHERE k = :k));
SELECT paydesk_commit((SELECT change FROM bench_changes WHERE k = :k)::jsonb);
";

/// Measures and checks.
pub(crate) async fn run(bench: &mut Bench) -> Result<()> {
    bench.begin("P1 notifications").await?;
    let turns = u64::from(bench.plan.rounds).saturating_mul(3);
    let mut turns_left = turns;
    for connections in NOTICE_CONNECTIONS {
        let warm = settle(bench, connections, WARM_UP).await?;
        let mut rate = warm.measured.rate();
        let mut limit_rate =
            drive(bench, connections, WARM_UP).await?.map_or(rate, |driven| driven.rate);
        let mut rounds = Rounds::default();
        for _ in 0..bench.plan.rounds {
            let fair = bench.stage.copies.notices_left() / turns_left.max(1);
            let turn = settle(bench, connections, rate.within(bench.plan.window).min(fair)).await?;
            rate = turn.measured.rate();
            let fair = bench.stage.copies.changes_left() / turns_left.max(1);
            let wanted = limit_rate.within(bench.plan.window).min(fair);
            let limit = drive(bench, connections, wanted).await?.map(|driven| driven.rate);
            limit_rate = limit.unwrap_or(limit_rate);
            rounds.add(turn, limit)?;
            turns_left = turns_left.saturating_sub(1);
        }
        tell(bench, connections, &rounds)?;
    }
    bench.verify().await
}

/// Ours: so many notifications, as far as there are orders.
async fn settle(bench: &mut Bench, connections: usize, wanted: u64) -> Result<Turn> {
    let orders = bench.stage.copies.take_for_notices(wanted);
    ensure!(!orders.is_empty(), "no orders are left to be paid");
    note(bench, &orders).await?;
    let paid = Paid::load(&bench.rig.database, orders).await?;
    let requests = Arc::new(notices::sign(&bench.rig.keys, paid).await?);
    let load = Load {
        addr: bench.rig.service.addr,
        connections,
        requests,
        repeat_for: None,
        check: |answer| expect_status(answer, 204),
    };
    bench.ours(&load).await
}

/// The limit: so many prepared changesets, as far as there are some.
async fn drive(bench: &mut Bench, clients: usize, wanted: u64) -> Result<Option<Driven>> {
    if let Pgbench::Missing { .. } = bench.pgbench {
        return Ok(None);
    }
    let clients_wide = u64::try_from(clients)?;
    let each = wanted.min(bench.stage.copies.changes_left()) / clients_wide;
    let orders = bench.stage.copies.take_for_changes(each.saturating_mul(clients_wide));
    ensure!(!orders.is_empty(), "no prepared changesets are left");
    note(bench, &orders).await?;
    let script = Script {
        name: "settle",
        text: SCRIPT,
        clients,
        extent: Extent::Each(each),
        variables: &[
            ("base", i64::from(orders.start)),
            ("each", i64::try_from(each)?),
            ("turn", 0),
        ],
    };
    let driven = bench.limit(&script).await?;
    let expected = u64::try_from(orders.len())?;
    ensure!(
        driven.is_none_or(|driven| driven.count == expected),
        "pgbench settled {driven:?} of {expected}"
    );
    Ok(driven)
}

async fn note(bench: &mut Bench, orders: &Range<i32>) -> Result<()> {
    will_be_paid(&bench.rig.database, orders).await?;
    let more = i64::try_from(orders.len())?;
    bench.expected.settled = bench.expected.settled.saturating_add(more);
    Ok(())
}

fn tell(bench: &mut Bench, connections: usize, rounds: &Rounds) -> Result<()> {
    let is_widest = NOTICE_CONNECTIONS.last() == Some(&connections);
    let row = rounds.row("P1 notification", connections, None);
    bench.add(Row { goal: is_widest.then_some(GOAL), ..row });
    if let Some(turn) = rounds.ours().filter(|_| is_widest) {
        let Floor { notification, .. } = bench_floor(bench)?;
        let count = u32::try_from(turn.measured.count)?;
        let spent = turn.used.service.checked_div(count).unwrap_or_default();
        let nanos = |time: Duration| crate::stopwatch::nanos(time);
        bench.add(Row {
            path: "P1 CPU of the service ÷ floor".to_owned(),
            connections: Some(connections),
            ours: Some(Figure::Time(spent)),
            limit: Some(Figure::Time(notification)),
            ratio: Ratio::of(nanos(spent), nanos(notification)),
            goal: Some(CPU_GOAL),
            ..Row::default()
        });
    }
    Ok(())
}

fn bench_floor(bench: &Bench) -> Result<Floor> {
    let merchant = bench.rig.sandbox.credentials();
    floor::measure(&merchant.merchant_private_key_pem, bench.plan.floor)
}
