//! P2: checkouts that end with a signed offer, beside what the two commits and the RSA signatures of a
//! checkout cost at the very least.

use crate::bench::{Bench, Rounds, Turn};
use crate::client::{Answer, Request};
use crate::figures::{Rate, Ratio};
use crate::floor;
use crate::load::{Load, Told, expect_status};
use crate::pgbench::{Extent, Script};
use crate::plan::{PREPAY_CONNECTIONS, WARM_UP};
use crate::report::{Goal, Row};
use crate::stage::{TEMPLATES, rest_jobs};
use anyhow::{Result, ensure};
use std::sync::Arc;
use tokio::task::JoinSet;

const GOAL: Goal = Goal::RatioAtLeast(Ratio::hundredths(70));
/// A buyer may have five orders that wait for money.
const ORDERS_PER_BUYER: usize = 5;
/// How many buyers fill their lists at once, before anything is timed.
const SHOPPERS: usize = 16;

/// Two commits of one row, one after the other.
const SCRIPT: &str = "\
INSERT INTO bench_trips (client) VALUES (:client_id);
INSERT INTO bench_trips (client) VALUES (:client_id);
";

/// What limits a checkout.
struct Limits {
    /// The merchant's part of the signatures alone: two signed, one verified.
    ours_alone: Rate,
    /// With the sandbox's part, which is done on the same cores: one more of each.
    with_sandbox: Rate,
}

/// Measures and checks.
pub(crate) async fn run(bench: &mut Bench) -> Result<()> {
    bench.begin("P2 prepays").await?;
    let trips = "CREATE TABLE IF NOT EXISTS bench_trips (client integer NOT NULL)";
    bench.rig.database.run(trips).await?;
    let limits = signature_limits(bench)?;
    for connections in PREPAY_CONNECTIONS {
        let mut rate = check_out(bench, connections, WARM_UP).await?.measured.rate();
        let mut rounds = Rounds::default();
        for _ in 0..bench.plan.rounds {
            let turn = check_out(bench, connections, rate.within(bench.plan.window)).await?;
            rate = turn.measured.rate();
            let script = Script {
                name: "two-trips",
                text: SCRIPT,
                clients: connections,
                extent: Extent::For(bench.plan.window),
                variables: &[],
            };
            let trips = bench.limit(&script).await?;
            rounds.add(turn, trips.map(|driven| driven.rate))?;
        }
        tell(bench, connections, &rounds, &limits);
    }
    bench.verify().await
}

fn signature_limits(bench: &Bench) -> Result<Limits> {
    let merchant = bench.rig.sandbox.credentials();
    let floor = floor::measure(&merchant.merchant_private_key_pem, bench.plan.floor)?;
    let ours = floor.sign.saturating_mul(2).saturating_add(floor.verify);
    let both = ours.saturating_add(floor.sign).saturating_add(floor.verify);
    eprintln!("   sign {:?}, verify {:?}", floor.sign, floor.verify);
    Ok(Limits {
        ours_alone: Rate::of_workers(bench.cores, ours),
        with_sandbox: Rate::of_workers(bench.cores, both),
    })
}

/// So many checkouts by as many buyers as that takes; every line was put on its list before.
async fn check_out(bench: &mut Bench, connections: usize, wanted: u64) -> Result<Turn> {
    let wanted = usize::try_from(wanted)?.max(connections.saturating_mul(4));
    let mut requests = fill_lists(bench, wanted).await?;
    // Not one after the other from the same buyer, whose row would be wanted by all connections.
    requests.sort_by_key(|request| request.digest());
    let more = i64::try_from(requests.len())?;
    bench.expected.orders = bench.expected.orders.saturating_add(more);
    let timed = requests.split_off(connections.saturating_mul(2).min(requests.len() / 2));
    let load = |requests| Load {
        addr: bench.rig.service.addr,
        connections,
        requests: Arc::new(requests),
        repeat_for: None,
        check,
    };
    // The sandbox has closed what was idle while the buyers came; the first calls of the service
    // find that out.
    load(requests).run().await?;
    let load = load(timed);
    let turn = bench.ours(&load).await?;
    let not_yet = turn.measured.not_yet;
    ensure!(
        not_yet.saturating_mul(20) <= turn.measured.count,
        "{not_yet} prepays were not known in time, {} were",
        turn.measured.count
    );
    // The queries that follow each order would be measured as if they belonged to later ones.
    rest_jobs(&bench.rig.database).await?;
    Ok(turn)
}

/// The requests for so many checkouts, or a few more.
async fn fill_lists(bench: &Bench, wanted: usize) -> Result<Vec<Request>> {
    let buyers = wanted.div_ceil(ORDERS_PER_BUYER).div_ceil(SHOPPERS);
    let mut shoppers = JoinSet::new();
    for shopper in 0..SHOPPERS {
        let mut shop = bench.stage.shop.beside(bench.rig.service.addr).await?;
        shoppers.spawn(async move {
            let mut requests = Vec::new();
            for turn in 0..buyers {
                let mut buyer = shop.buyer().await?;
                for line in 0..ORDERS_PER_BUYER {
                    let sku = (turn * SHOPPERS + shopper) * ORDERS_PER_BUYER + line;
                    shop.want(&mut buyer, sku % TEMPLATES).await?;
                }
                requests.extend(buyer.items.iter().map(|item| shop.prepay(&buyer, *item)));
            }
            anyhow::Ok(requests)
        });
    }
    let mut requests = Vec::with_capacity(wanted);
    while let Some(filled) = shoppers.join_next().await {
        requests.extend(filled??);
    }
    Ok(requests)
}

/// 202 is honest, too: WeChat Pay's answer is not known yet.
fn check(answer: &Answer) -> Result<Told> {
    if answer.status == 202 {
        return Ok(Told::NotYet);
    }
    let told = expect_status(answer, 201)?;
    let signed = answer.json()?["pay_params"]["paySign"].is_string();
    ensure!(signed, "an offer without a signature: {}", answer.text());
    Ok(told)
}

fn tell(bench: &mut Bench, connections: usize, rounds: &Rounds, limits: &Limits) {
    let row = |path: &str, signatures| rounds.row(path, connections, Some(signatures));
    bench.add(row("P2 prepay ÷ our signatures", limits.ours_alone));
    let goal = (PREPAY_CONNECTIONS.last() == Some(&connections)).then_some(GOAL);
    let with_sandbox = row("P2 prepay ÷ all signatures here", limits.with_sandbox);
    bench.add(Row { goal, ..with_sandbox });
    let not_yet = rounds.ours().map_or(0, |turn| turn.measured.not_yet);
    if not_yet > 0 {
        bench.report.remarks.push(format!(
            "With {connections} connections {not_yet} prepays were answered 202, because the call \
             to the sandbox had an unknown outcome; they are not counted."
        ));
    }
}
