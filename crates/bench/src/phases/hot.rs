//! P3: orders per second for one SKU that everybody wants, from end to end, in three forms that take
//! turns on one database: its row locked first and kept for the whole order, as is usual; locked last;
//! and its buyers written together. Beside them `pgbench`, which does nothing but sell one piece of it
//! again and again.

use crate::bench::{Bench, Rounds, Turn};
use crate::figures::{Rate, Ratio};
use crate::load::{Load, expect_status};
use crate::pgbench::{Extent, Script};
use crate::plan::{HOT_CONNECTIONS, WARM_UP};
use crate::report::{Goal, Row};
use crate::stage::crowd::{Crowd, WANTED};
use crate::stage::rest_jobs;
use anyhow::{Context as _, Result};
use std::sync::Arc;

const GOAL: Goal = Goal::RatioAtLeast(Ratio::hundredths(1_000));
/// What each flush of the log costs besides, in microseconds: nothing, and as much as on a volume that
/// is reached over a network.
const FLUSHES: [(u32, &str); 2] = [(0, ""), (1_000, ", flushes 1 ms slower")];

/// One row, and nothing else of an order.
const SCRIPT: &str = "\
UPDATE bench_shelf SET available = available - 1, held = held + 1 WHERE id = 1 AND available >= 1;
";

/// Whoever wants the thing has its row before anything is written, and keeps it until the commit.
const LOCK_FIRST: &str = "\
    ALTER FUNCTION paydesk_commit(jsonb) RENAME TO paydesk_commit_last; \
    CREATE FUNCTION paydesk_commit(c jsonb) RETURNS text LANGUAGE plpgsql AS $$ BEGIN \
        PERFORM 1 FROM skus s WHERE s.id IN (SELECT r->>'sku_id' \
            FROM jsonb_array_elements(c->'stock') r) ORDER BY s.id FOR UPDATE; \
        RETURN paydesk_commit_last(c); END $$";
const LOCK_LAST: &str = "\
    DROP FUNCTION IF EXISTS paydesk_commit(jsonb); \
    ALTER FUNCTION paydesk_commit_last(jsonb) RENAME TO paydesk_commit";

/// How an order takes the goods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    LockedFirst,
    LockedLast,
    Together,
}

impl Form {
    const ALL: [Form; 3] = [Form::LockedFirst, Form::LockedLast, Form::Together];

    /// The service's setting for it.
    fn merge_max(self) -> &'static str {
        match self {
            Form::LockedFirst | Form::LockedLast => "1",
            Form::Together => "32",
        }
    }
}

/// Measures and checks.
pub(crate) async fn run(bench: &mut Bench) -> Result<()> {
    bench.begin("P3 one SKU for all").await?;
    let put_on_sale = "INSERT INTO skus (id, title, price_fen, cost_price_fen, status, stocked, \
            available, created_at) VALUES ($1, 'Tea', 6800, 4200, 'on_sale', 1000000, 1000000, now())";
    bench.rig.database.change(put_on_sale, &[&WANTED]).await?;
    let shelf = "CREATE TABLE bench_shelf (id integer PRIMARY KEY, available bigint NOT NULL, \
            held bigint NOT NULL) WITH (fillfactor = 70); \
        INSERT INTO bench_shelf VALUES (1, 100000000, 0)";
    bench.rig.database.run(shelf).await?;
    let mut crowd = Crowd::default();
    for (delay, words) in FLUSHES {
        flush_costs(bench, delay).await?;
        for connections in HOT_CONNECTIONS {
            measure(bench, &mut crowd, connections, words).await?;
        }
    }
    flush_costs(bench, 0).await?;
    bench.verify().await
}

/// For every connection that is made from now on.
async fn flush_costs(bench: &Bench, delay: u32) -> Result<()> {
    let set = format!(
        "ALTER DATABASE bench SET commit_delay = {delay}; \
         ALTER DATABASE bench SET commit_siblings = 0"
    );
    bench.rig.database.run(&set).await
}

async fn measure(
    bench: &mut Bench,
    crowd: &mut Crowd,
    connections: usize,
    words: &str,
) -> Result<()> {
    let mut last_by_first = Rounds::default();
    let mut together_by_first = Rounds::default();
    let mut together_by_row = Rounds::default();
    for _ in 0..bench.plan.rounds {
        let mut rates = [None; Form::ALL.len()];
        let mut turns = Vec::new();
        for (form, rate) in Form::ALL.into_iter().zip(&mut rates) {
            let turn = sell(bench, crowd, form, connections).await?;
            *rate = Some(turn.measured.rate());
            turns.push(turn);
        }
        let row = one_row(bench, connections).await?;
        let [first, ..] = rates;
        let together = turns.pop().context("no turn")?;
        let last = turns.pop().context("no turn")?;
        let again = together.measured.rate();
        last_by_first.add(last, first)?;
        together_by_first.add(together, first)?;
        together_by_row.compare(again, row);
    }
    let row =
        |path: &str, rounds: &Rounds| rounds.row(&format!("{path}{words}"), connections, None);
    bench.add(row("P3 hot SKU, locked last ÷ locked first", &last_by_first));
    let together = row("P3 hot SKU, together ÷ locked first", &together_by_first);
    bench.add(Row { goal: Some(GOAL), ..together });
    bench.add(row("P3 hot SKU, together ÷ one row in pgbench", &together_by_row));
    Ok(())
}

/// A turn of one form, by buyers who have not bought yet.
async fn sell(
    bench: &mut Bench,
    crowd: &mut Crowd,
    form: Form,
    connections: usize,
) -> Result<Turn> {
    if form == Form::LockedFirst {
        bench.rig.database.run(LOCK_FIRST).await?;
    }
    // A connection remembers the function that it called.
    let settings =
        [("PAYDESK_DATABASE__MERGE_MAX", form.merge_max()), ("PAYDESK_HTTP__OPS_LISTEN", "off")];
    bench.rig.restart_service_with(&settings).await?;
    let warm_up = buy(bench, crowd, connections, WARM_UP).await?;
    let wanted = warm_up.measured.rate().within(bench.plan.window).max(WARM_UP);
    let turn = buy(bench, crowd, connections, wanted).await?;
    if form == Form::LockedFirst {
        bench.rig.database.run(LOCK_LAST).await?;
    }
    rest_jobs(&bench.rig.database).await?;
    Ok(turn)
}

async fn buy(bench: &mut Bench, crowd: &mut Crowd, connections: usize, n: u64) -> Result<Turn> {
    let requests = crowd.come(&bench.rig.database, n).await?;
    let more = i64::try_from(requests.len())?;
    bench.expected.orders = bench.expected.orders.saturating_add(more);
    bench.expected.placed = bench.expected.placed.saturating_add(more);
    let load = Load {
        addr: bench.rig.service.addr,
        connections,
        requests: Arc::new(requests),
        repeat_for: None,
        check: |answer| expect_status(answer, 201),
    };
    bench.ours(&load).await
}

async fn one_row(bench: &Bench, connections: usize) -> Result<Option<Rate>> {
    let script = Script {
        name: "one-row",
        text: SCRIPT,
        clients: connections,
        extent: Extent::For(bench.plan.window),
        variables: &[],
    };
    Ok(bench.limit(&script).await?.map(|driven| driven.rate))
}
