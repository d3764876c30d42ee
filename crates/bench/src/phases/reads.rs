//! P5: reading one's own order, beside `pgbench` loading the same orders.

use crate::bench::{Bench, Rounds};
use crate::client::Request;
use crate::figures::Ratio;
use crate::load::{Load, expect_status};
use crate::pgbench::{Extent, Script};
use crate::plan::READ_CONNECTIONS;
use crate::report::{Goal, Row};
use anyhow::{Result, ensure};
use std::sync::Arc;

const GOAL: Goal = Goal::RatioAtLeast(Ratio::hundredths(50));
/// How many orders are read, again and again.
const ORDERS: i32 = 4_000;

const SCRIPT: &str = "\
\\set k random(:first, :last)
SELECT paydesk_load(NULL, (SELECT number FROM bench_orders WHERE k = :k), NULL);
";

/// Measures and checks.
pub(crate) async fn run(bench: &mut Bench) -> Result<()> {
    bench.begin("P5 reads").await?;
    let all = bench.stage.copies.all();
    let (first, last) = (all.start, all.end.min(all.start.saturating_add(ORDERS)) - 1);
    let requests = Arc::new(requests(bench, first, last).await?);
    let before = versions(bench).await?;
    for connections in READ_CONNECTIONS {
        let load = |time| Load {
            addr: bench.rig.service.addr,
            connections,
            requests: Arc::clone(&requests),
            repeat_for: Some(time),
            check: |answer| {
                let told = expect_status(answer, 200)?;
                let about_an_order = answer.json()?["order_number"].is_string();
                ensure!(about_an_order, "not an order: {}", answer.text());
                Ok(told)
            },
        };
        let script = Script {
            name: "read",
            text: SCRIPT,
            clients: connections,
            extent: Extent::For(bench.plan.window),
            variables: &[("first", i64::from(first)), ("last", i64::from(last))],
        };
        let (warm_up, window) = (load(bench.plan.window / 4), load(bench.plan.window));
        bench.ours(&warm_up).await?;
        let mut rounds = Rounds::default();
        for _ in 0..bench.plan.rounds {
            let turn = bench.ours(&window).await?;
            let limit = bench.limit(&script).await?;
            rounds.add(turn, limit.map(|driven| driven.rate))?;
        }
        let is_widest = READ_CONNECTIONS.last() == Some(&connections);
        let row = rounds.row("P5 order read", connections, None);
        bench.add(Row { goal: is_widest.then_some(GOAL), ..row });
    }
    ensure!(versions(bench).await? == before, "reading has changed an order");
    bench.verify().await
}

/// Each order by its own buyer.
async fn requests(bench: &Bench, first: i32, last: i32) -> Result<Vec<Request>> {
    let query = "SELECT template_k, number FROM bench_orders WHERE k BETWEEN $1 AND $2";
    let rows = bench.rig.database.rows(query, &[&first, &last]).await?;
    let mut requests = Vec::with_capacity(rows.len());
    for row in rows {
        let (buyer, number): (i32, String) = (row.try_get(0)?, row.try_get(1)?);
        let bearer = format!("Bearer {}", bench.stage.buyers[usize::try_from(buyer)?].token);
        let path = format!("/api/mini/orders/{number}");
        requests.push(Request::new("GET", &path, &[("Authorization", &bearer)], None));
    }
    Ok(requests)
}

async fn versions(bench: &Bench) -> Result<i64> {
    let sum = "SELECT sum(version)::bigint FROM orders";
    Ok(bench.rig.database.row(sum, &[]).await?.try_get(0)?)
}
