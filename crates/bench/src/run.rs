//! One run from its beginning to its end.

use crate::bench::Bench;
use crate::client::Request;
use crate::pgbench::Pgbench;
use crate::phases::{hot, notifications, prepays, reads, starts};
use crate::plan::Plan;
use crate::report::{Figure, Report, Row};
use crate::rig::Rig;
use crate::stage::Stage;
use crate::stopwatch::Stopwatch;
use crate::{Arguments, Path, ceiling};
use anyhow::{Context as _, Result};
use std::time::Duration;

/// The load generator must be this many times faster than what it measures.
const HEADROOM: u64 = 2;
const CEILING_CONNECTIONS: usize = 32;

/// Measures what was asked for.
pub(crate) async fn run(arguments: &Arguments) -> Result<Report> {
    let watch = Stopwatch::start();
    let plan = if arguments.quick { Plan::quick() } else { Plan::full() };
    let mut bench = prepare(arguments, plan, watch).await?;
    if arguments.wants(Path::Notifications) {
        notifications::run(&mut bench).await?;
    }
    if arguments.wants(Path::Reads) {
        reads::run(&mut bench).await?;
    }
    if arguments.wants(Path::Prepays) {
        // Last: its orders are followed by jobs.
        prepays::run(&mut bench).await?;
    }
    if arguments.wants(Path::Hot) {
        hot::run(&mut bench).await?;
    }
    starts::tell_peak(&mut bench);
    tell_ceiling(&mut bench).await?;
    let Bench { rig, mut report, pgbench, .. } = bench;
    if let Pgbench::Missing { why } = pgbench {
        report.remarks.push(format!("The limits were skipped: {why}."));
    }
    rig.stop().await?;
    eprintln!("== {} s", watch.elapsed().as_secs());
    Ok(report)
}

async fn prepare(arguments: &Arguments, plan: Plan, watch: Stopwatch) -> Result<Bench> {
    eprintln!("== preparing");
    let rig = Rig::start(&arguments.folder, arguments.paydesk.clone()).await?;
    let orders = plan.notices.saturating_add(plan.changes);
    let (rig, stage) = Stage::prepare(rig, orders, plan.changes).await?;
    eprintln!("   {orders} orders wait for their money, after {} s", watch.elapsed().as_secs());
    let (rig, rows) = if arguments.wants(Path::Start) {
        starts::run(rig, plan.starts).await?
    } else {
        (rig, Vec::new())
    };
    let folder = &rig.recipe.folder;
    let pgbench = Pgbench::find(rig.postgres.programs(), folder, rig.url.clone()).await;
    let cores = std::thread::available_parallelism()?.get();
    let machine = format!(
        "{cores} cores, PostgreSQL {}; fsync, synchronous_commit and full_page_writes on; \
         service, database, sandbox and load share the cores",
        rig.postgres.version()
    );
    let bench = Bench {
        plan,
        rig,
        stage,
        pgbench,
        report: Report { machine, rows, remarks: Vec::new() },
        cores: u64::try_from(cores)?,
        expected: Bench::expected_at_first(orders)?,
        peak_kib: 0,
        fastest: None,
    };
    bench.verify().await.context("before anything was measured")?;
    Ok(bench)
}

/// A load generator that is hardly faster than the service would have measured itself.
async fn tell_ceiling(bench: &mut Bench) -> Result<()> {
    let request = Request::new("GET", "/", &[], None);
    let time = (bench.plan.window / 2).max(Duration::from_secs(1));
    let measured = ceiling::measure(request, CEILING_CONNECTIONS, time).await?;
    let rate = measured.rate();
    bench.report.rows.push(Row {
        path: "the load generator alone".to_owned(),
        connections: Some(CEILING_CONNECTIONS),
        ours: Some(Figure::PerSecond(rate)),
        p50: Some(measured.p50()),
        p99: Some(measured.p99()),
        ..Row::default()
    });
    let fastest = bench.fastest.map_or(0, |fastest| fastest.thousandths());
    if rate.thousandths() < fastest.saturating_mul(HEADROOM) {
        bench.report.remarks.push(format!(
            "The load generator reached only {rate}/s by itself: the fastest figures above are \
             its own limit as much as the service's."
        ));
    }
    Ok(())
}
