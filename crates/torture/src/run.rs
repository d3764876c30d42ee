//! A run from its beginning to its end: set the stage, trouble and buyers, heal, rest, check, report.

use crate::background::spawn;
use crate::books::{self, Evidence};
use crate::chance::Chance;
use crate::chaos;
use crate::clock::{Stopwatch, pause_ms};
use crate::converge;
use crate::crowd::office::Office;
use crate::crowd::phone::Phone;
use crate::crowd::{self, Crowd, FORGERIES, Outside};
use crate::findings::Findings;
use crate::logs;
use crate::memory::Memory;
use crate::plan::Plan;
use crate::report::Report;
use crate::secrets::Secrets;
use crate::sql::Connection;
use crate::stage::node::Watch;
use crate::stage::{self, Stage};
use crate::tally::{Journal, Tally};
use anyhow::Result;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const PROGRESS_EVERY_MS: u64 = 5_000;
/// How long a request may go without its answer once the trouble is over.
const ANSWERED_WITHIN: Duration = Duration::from_secs(90);
/// A minute at the scale at which the services wait.
const REFUND_SPACING_S: u64 = 6;
const TWIN_S: u64 = 31;
/// From here on memory has had time to warm up, and its growth counts.
const MEMORY_COUNTS_FROM: Duration = Duration::from_secs(600);

/// Does all of it. Whatever runs is stopped when this is dropped.
pub(crate) async fn run(plan: &Plan) -> Result<Report> {
    let begun = Stopwatch::start();
    let (findings, tally) = (Findings::default(), Tally::default());
    let journal = Journal::create(&plan.log("journal"))?;
    let weather = stage::calm();
    let watch = Watch { findings, tally, journal, weather };
    stage::empty_logs(plan)?;
    eprintln!("== setting the stage in {}", plan.folder.display());
    let stage = Arc::new(Stage::set(plan, watch.clone()).await?);
    let secrets = Secrets::of(&stage.merchant, &stage.keys);
    let outside = Outside::new(&stage, secrets.clone());
    crowd::stock_up(&stage, &outside, Chance::of(plan.seed, "opening")).await?;

    eprintln!("== {} s of trouble", plan.trouble_for.as_secs());
    stage.sandbox.refund_spacing(REFUND_SPACING_S).await?;
    stage.sandbox.faults(&wechat_pays_own()).await?;
    let memory = Memory::default();
    let elder = stage.nodes.get(chaos::elder(plan.seed)).cloned();
    let watching = elder.map(|elder| spawn(memory.clone().watch(elder)));
    let progress = spawn(progress(watch.clone()));
    let (crowd, ()) = tokio::join!(
        Crowd::come(&stage, plan, outside.clone()),
        chaos::make_trouble(&stage, plan),
    );
    progress.abort();

    eprintln!("== the trouble is over; everything has to come to rest");
    let resting = Stopwatch::start();
    stage.sandbox.faults(&json!([])).await?;
    stage.wait_until_ready().await?;
    // A request whose process died is taken for one in hand for half a minute.
    stage.sandbox.advance(TWIN_S).await?;
    crowd.leave(ANSWERED_WITHIN).await;
    let phone = Phone::new(stage.door.addr, &outside, Chance::of(plan.seed, "office"));
    let office = Office::of(&phone);
    let rest = converge::come_to_rest(&stage, plan, &office).await?;
    let rested_after = resting.elapsed();
    watch.journal.note(&format!("at rest after {rested_after:?}, of it {rest:?} without buyers"));

    eprintln!("== checking the books");
    office.ask_for_the_invariants().await;
    let connection = Connection::open(&stage.url).await?;
    for openid in connection.texts("SELECT openid FROM openids", &[]).await? {
        outside.secrets.add("openid", &openid);
    }
    let evidence = evidence(&stage, &outside).await?;
    keep_ledger(plan, &evidence.ledger)?;
    let books = books::check(&connection, &evidence, &watch.findings).await?;
    drop(connection);
    if let Some(task) = watching {
        task.abort();
    }
    stage.strike().await?;
    let logs = logs::check(plan, &secrets, &watch.findings)?;
    let report = Report {
        plan: plan.clone(),
        counts: watch.tally.all(),
        books,
        logs,
        secrets: secrets.count(),
        memory: memory.warm_and_last(),
        memory_counts: plan.trouble_for >= MEMORY_COUNTS_FROM,
        rested_after,
        took: begun.elapsed(),
        findings: watch.findings.all(),
    };
    Ok(report.with_memory())
}

/// What the database will be compared with.
async fn evidence(stage: &Stage, outside: &Outside) -> Result<Evidence> {
    Ok(Evidence {
        ledger: stage.sandbox.ledger().await?,
        told_orders: outside.told.orders(),
        told_refunds: outside.told.refunds(),
        told_keys: outside.told.keys(),
        told_asks: outside.told.asks(),
        acknowledged: stage.acknowledged.all(),
        jumps: stage.sandbox.jumps(),
        forgeries: FORGERIES.to_vec(),
    })
}

/// Trouble that only WeChat Pay itself can make: queries that lag, calls that arrive late or out of
/// order, wrong signatures and probes.
fn wechat_pays_own() -> Value {
    let (queries, closes) =
        ("/v3/pay/transactions/out-trade-no/*", "/v3/pay/transactions/out-trade-no/*/close");
    let (prepays, success) = ("/v3/pay/transactions/*", "TRANSACTION.SUCCESS");
    let (refunds, ends) = ("/v3/refund/domestic/refunds", "REFUND.*");
    json!([
        {"match": {"path": closes}, "every": 9, "action": "late", "value": 3_000},
        {"match": {"path": closes}, "every": 7, "action": "answer_lost"},
        {"match": {"path": queries}, "every": 5, "action": "stale_query", "value": 10_000},
        {"match": {"path": queries}, "every": 17, "action": "corrupt_signature"},
        {"match": {"path": queries}, "every": 19, "action": "probe"},
        {"match": {"path": prepays}, "every": 11, "action": "late",
            "value": {"ms": 20_000, "until_close": true, "unfaithful": true}},
        {"match": {"path": prepays}, "every": 13, "action": "answer_lost"},
        {"match": {"path": prepays}, "every": 14, "action": "reorder"},
        {"match": {"event_type": success}, "every": 4, "action": "drop"},
        {"match": {"event_type": success}, "every": 6, "action": "reorder",
            "value": {"by": 2, "within_ms": 8_000}},
        {"match": {"event_type": success}, "every": 10, "action": "corrupt_signature"},
        {"match": {"event_type": success}, "every": 11, "action": "probe"},
        {"match": {"path": refunds}, "every": 5, "action": "answer_lost"},
        {"match": {"path": refunds}, "every": 7, "action": "late", "value": 8_000},
        {"match": {"path": refunds}, "every": 6, "action": "refund_ends",
            "value": {"outcome": "closed", "after_ms": 3_000}},
        {"match": {"path": refunds}, "every": 8, "action": "refund_ends",
            "value": {"outcome": "abnormal", "after_ms": 3_000}},
        {"match": {"path": "/v3/refund/domestic/refunds/*"}, "every": 5, "action": "stale_query",
            "value": 5_000},
        {"match": {"event_type": ends}, "every": 3, "action": "drop"},
        {"match": {"event_type": ends}, "every": 4, "action": "duplicate", "value": 2},
    ])
}

/// A person wants to see that something happens.
async fn progress(watch: Watch) {
    let begun = Stopwatch::start();
    loop {
        pause_ms(PROGRESS_EVERY_MS).await;
        let count = |beginning: &str| watch.tally.sum(beginning);
        eprintln!(
            "   {:>4} s: {} buyers, money taken {} times, {} kills, {} freezes, {} stops of the \
             database, {} commits cut or late, {} requests troubled, {} differences",
            begun.elapsed().as_secs(),
            count("buyers by temper: "),
            watch.tally.of("money: taken"),
            watch.tally.of("serve: killed"),
            count("serve: frozen") + count("sandbox: frozen") + count("database: frozen"),
            count("database: stopped"),
            count("links to PostgreSQL: commit "),
            requests_troubled(&watch),
            watch.findings.all().len(),
        );
    }
}

/// HTTP requests that met with trouble.
fn requests_troubled(watch: &Watch) -> u64 {
    let of = |link: &str| {
        let all = watch.tally.sum(&format!("{link}: "));
        all.saturating_sub(watch.tally.of(&format!("{link}: requests")))
    };
    of("calls to WeChat Pay") + of("notifications on the way") + of("requests of buyers")
}

fn keep_ledger(plan: &Plan, ledger: &Value) -> Result<()> {
    Ok(std::fs::write(plan.folder.join("ledger.json"), ledger.to_string())?)
}
