//! Trouble: processes are killed and stopped, links cut and delayed, and time jumps, while buyers buy.

use crate::background::spawn;
use crate::chance::Chance;
use crate::chaos;
use crate::crowd::{self, Crowd};
use crate::memory::Memory;
use crate::plan::Plan;
use crate::report::Report;
use crate::scene::Scene;
use crate::stage::node::Watch;
use anyhow::Result;
use serde_json::{Value, json};
use std::time::Duration;

const PROGRESS_EVERY_MS: u64 = 5_000;
/// From here on memory has had time to warm up, and its growth counts.
const MEMORY_COUNTS_FROM: Duration = Duration::from_secs(600);

/// How long there is trouble, and how many come meanwhile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) lasts: Duration,
    /// One new buyer in so many milliseconds.
    pub(crate) buyer_every_ms: u64,
}

/// Does all of it.
pub(crate) async fn run(plan: &Plan, times: Times) -> Result<Report> {
    let scene = Scene::set(plan).await?;
    let (stage, outside) = (&scene.stage, &scene.outside);
    crowd::stock_up(stage, outside, Chance::of(plan.seed, "opening")).await?;

    eprintln!("== {}", plan.says);
    stage.sandbox.faults(&wechat_pays_own()).await?;
    let memory = Memory::default();
    let elder = stage.nodes.get(chaos::elder(plan)).cloned();
    let watching = elder.map(|elder| spawn(memory.clone().watch(elder)));
    let progress = scene.show_progress(PROGRESS_EVERY_MS, progress);
    let (crowd, ()) = tokio::join!(
        Crowd::come(stage, plan, times, outside.clone()),
        chaos::make_trouble(stage, plan, times.lasts),
    );
    progress.abort();
    let rested_after = scene.rest(crowd).await?;
    if let Some(task) = watching {
        task.abort();
    }
    let report = scene.judge(rested_after, Some(&memory), &[]).await?;
    let memory_counts = times.lasts >= MEMORY_COUNTS_FROM;
    Ok(if memory_counts { report.with_memory() } else { report })
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

fn progress(watch: &Watch) -> String {
    let count = |beginning: &str| watch.tally.sum(beginning);
    format!(
        "{} buyers, money taken {} times, {} kills, {} freezes, {} stops of the database, {} commits \
         cut or late, {} requests troubled, {} differences",
        count("buyers by temper: "),
        watch.tally.of("money: taken"),
        watch.tally.of("serve: killed"),
        count("serve: frozen") + count("sandbox: frozen") + count("database: frozen"),
        count("database: stopped"),
        count("links to PostgreSQL: commit "),
        requests_troubled(watch),
        watch.findings.all().len(),
    )
}

/// HTTP requests that met with trouble.
fn requests_troubled(watch: &Watch) -> u64 {
    let of = |link: &str| {
        let all = watch.tally.sum(&format!("{link}: "));
        all.saturating_sub(watch.tally.of(&format!("{link}: requests")))
    };
    of("calls to WeChat Pay") + of("notifications on the way") + of("requests of buyers")
}
