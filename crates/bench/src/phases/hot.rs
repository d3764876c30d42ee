//! P3: orders per second for one SKU that everybody wants, from end to end, in four forms that take turns
//! on one database: the usual handler, which locks its row first and then runs one statement after the
//! other (`usual.rs`); our service with the row locked first, but all of the order in one call; our service
//! with the row locked last; and our service with its buyers written together. Beside them `pgbench`, which
//! does nothing but sell one piece of it again and again.
//!
//! After each turn SQL counts what was sold, and then the last pieces are sold to more buyers than there are.

use crate::bench::{Bench, Rounds, Turn};
use crate::client::Answer;
use crate::figures::{Rate, Ratio};
use crate::load::{Load, Told, expect_status};
use crate::pgbench::{Extent, Script};
use crate::plan::{CROWD, HOT_CONNECTIONS, WARM_UP};
use crate::report::{Goal, Row};
use crate::stage::crowd::{Crowd, WANTED};
use crate::stage::rest_jobs;
use crate::usual::UsualShop;
use anyhow::{Context as _, Result, ensure};
use std::net::SocketAddr;
use std::sync::Arc;

const GOAL: Goal = Goal::RatioAtLeast(Ratio::hundredths(1_000));
/// What each flush of the log costs besides, in microseconds: nothing, and as much as on a volume that
/// is reached over a network.
const FLUSHES: [(u32, &str); 2] = [(0, ""), (1_000, ", flushes 1 ms slower")];

/// More clients than that sell a row no faster, and the server has no room for them.
const ROW_CLIENTS: usize = 32;
/// More than are sent before anything else is measured: what a connection has not yet planned is planned.
const WARM_UP_HERE: u64 = WARM_UP * 4;
/// The last pieces, and who comes for them.
const LAST: i64 = 100;
const RUSH: u64 = 320;

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
    Usual,
    LockedFirst,
    LockedLast,
    Together,
}

impl Form {
    const ALL: [Form; 4] = [Form::Usual, Form::LockedFirst, Form::LockedLast, Form::Together];

    /// The service's setting for it.
    fn merge_max(self) -> &'static str {
        match self {
            Form::Usual | Form::LockedFirst | Form::LockedLast => "1",
            Form::Together => "64",
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
    let mut ratios = Ratios::default();
    for _ in 0..bench.plan.rounds {
        let mut turns = Vec::new();
        for form in Form::ALL {
            let turn = sell(bench, crowd, form, connections).await?;
            let rate = turn.measured.rate();
            eprintln!("   {form:?}, {connections} buyers{words}: {rate}/s, {}", turn.each());
            turns.push(turn);
        }
        let row = one_row(bench, connections).await?;
        ratios.add(turns, row)?;
    }
    let row = |path: &str, rounds: &Rounds, goal: Option<Goal>| {
        let row = rounds.row(&format!("P3 hot SKU, {path}{words}"), connections, None);
        Row { goal, ..row }
    };
    bench.add(row("locked last ÷ locked first in one call", &ratios.last_by_first, None));
    let goal = (connections >= CROWD).then_some(GOAL);
    bench.add(row("together ÷ a statement at a time", &ratios.together_by_usual, goal));
    bench.add(row("together ÷ locked first in one call", &ratios.together_by_first, None));
    bench.add(row("together ÷ one row in pgbench", &ratios.together_by_row, None));
    Ok(())
}

/// What is compared with what.
#[derive(Default)]
struct Ratios {
    last_by_first: Rounds,
    together_by_usual: Rounds,
    together_by_first: Rounds,
    together_by_row: Rounds,
}

impl Ratios {
    /// One more round: a turn of each form, in their order, and what one row alone can give.
    fn add(&mut self, turns: Vec<Turn>, row: Option<Rate>) -> Result<()> {
        let all: Result<[Turn; 4], _> = turns.try_into();
        let [usual, first, last, together] = all.ok().context("a form has no turn")?;
        let (usual, first) = (usual.measured.rate(), first.measured.rate());
        let again = together.measured.rate();
        self.last_by_first.add(last, Some(first))?;
        self.together_by_first.compare(again, Some(first));
        self.together_by_row.compare(again, row);
        self.together_by_usual.add(together, Some(usual))
    }
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
    let usual = match form {
        Form::Usual => Some(UsualShop::open(&bench.rig.url, crowd.came()).await?),
        Form::LockedFirst | Form::LockedLast | Form::Together => None,
    };
    let addr = usual.as_ref().map_or(bench.rig.service.addr, |shop| shop.addr);
    let warm_up = buy(bench, crowd, (addr, connections), WARM_UP_HERE).await?;
    let wanted = warm_up.measured.rate().within(bench.plan.window).max(WARM_UP);
    let turn = buy(bench, crowd, (addr, connections), wanted).await?;
    nothing_is_oversold(bench).await.with_context(|| format!("after a turn of {form:?}"))?;
    sell_out(bench, crowd, (addr, connections)).await.with_context(|| format!("{form:?}"))?;
    if form == Form::LockedFirst {
        bench.rig.database.run(LOCK_LAST).await?;
    }
    rest_jobs(&bench.rig.database).await?;
    Ok(turn)
}

async fn buy(
    bench: &mut Bench,
    crowd: &mut Crowd,
    (addr, connections): (SocketAddr, usize),
    n: u64,
) -> Result<Turn> {
    let requests = crowd.come(&bench.rig.database, n).await?;
    will_be_placed(bench, i64::try_from(requests.len())?);
    let load = Load {
        addr,
        connections,
        requests: Arc::new(requests),
        repeat_for: None,
        check: |answer| expect_status(answer, 201),
    };
    bench.ours(&load).await
}

fn will_be_placed(bench: &mut Bench, more: i64) {
    bench.expected.orders = bench.expected.orders.saturating_add(more);
    bench.expected.placed = bench.expected.placed.saturating_add(more);
}

/// More buyers come for the last pieces than there are: as many as there are get one, and the others are
/// told so. Then there is enough again.
async fn sell_out(
    bench: &mut Bench,
    crowd: &mut Crowd,
    (addr, connections): (SocketAddr, usize),
) -> Result<()> {
    let few = "UPDATE skus SET available = $1, stocked = $1 + held + sold WHERE id = $2";
    bench.rig.database.change(few, &[&LAST, &WANTED]).await?;
    let requests = Arc::new(crowd.come(&bench.rig.database, RUSH).await?);
    let load = Load { addr, connections, requests, repeat_for: None, check: sold_or_sold_out };
    let ended = load.run().await?;
    let (sold, refused) = (i64::try_from(ended.count)?, ended.not_yet);
    ensure!(sold == LAST, "{sold} of {LAST} pieces were sold to {RUSH} buyers, {refused} refused");
    will_be_placed(bench, LAST);
    nothing_is_oversold(bench).await?;
    let left =
        bench.rig.database.row("SELECT available FROM skus WHERE id = $1", &[&WANTED]).await?;
    ensure!(left.try_get::<_, i64>(0)? == 0, "something is left that nobody was sold");
    bench.rig.database.change(few, &[&1_000_000_i64, &WANTED]).await?;
    Ok(())
}

fn sold_or_sold_out(answer: &Answer) -> Result<Told> {
    if answer.status == 409 && answer.text().contains("out_of_stock") {
        return Ok(Told::NotYet);
    }
    expect_status(answer, 201)
}

/// Every order that was answered 201 holds its piece, nothing else does, and no more was sold than was there.
async fn nothing_is_oversold(bench: &Bench) -> Result<()> {
    let books = "SELECT s.stocked, s.available, s.held, \
            (SELECT coalesce(sum(h.quantity), 0)::bigint FROM stock_holds h WHERE h.sku_id = s.id), \
            (SELECT coalesce(sum(m.quantity), 0)::bigint FROM stock_moves m WHERE m.sku_id = s.id) \
        FROM skus s WHERE s.id = $1";
    let row = bench.rig.database.row(books, &[&WANTED]).await?;
    let [stocked, available, held, holds, moves]: [i64; 5] =
        [row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?, row.try_get(4)?];
    let answered = bench.expected.placed;
    ensure!(
        available >= 0
            && stocked == available.saturating_add(held)
            && [held, holds, moves] == [answered; 3],
        "{answered} orders were answered; of {stocked} pieces {available} are left and {held} held, \
         by {holds} holds and {moves} moves"
    );
    Ok(())
}

async fn one_row(bench: &Bench, connections: usize) -> Result<Option<Rate>> {
    let script = Script {
        name: "one-row",
        text: SCRIPT,
        clients: connections.min(ROW_CLIENTS),
        extent: Extent::For(bench.plan.window),
        variables: &[],
    };
    Ok(bench.limit(&script).await?.map(|driven| driven.rate))
}
