//! What every play has in common: the stage is set at its beginning; at its end everything has to come to
//! rest, and the books, the logs and the report follow.
//!
//! May not know what is played.

use crate::background::spawn;
use crate::books::{self, DEEDS, Evidence, Question};
use crate::chance::Chance;
use crate::clock::{Stopwatch, pause_ms};
use crate::converge;
use crate::crowd::office::Office;
use crate::crowd::phone::Phone;
use crate::crowd::{Crowd, FORGERIES, Outside};
use crate::findings::Findings;
use crate::logs;
use crate::memory::{Look, Memory};
use crate::plan::Plan;
use crate::report::Report;
use crate::secrets::Secrets;
use crate::sql::Connection;
use crate::stage::node::Watch;
use crate::stage::{self, Stage};
use crate::tally::{Journal, Tally};
use anyhow::Result;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// How long a request may go without its answer once the trouble is over.
const ANSWERED_WITHIN: Duration = Duration::from_secs(90);
/// A minute at the scale at which the services wait.
const REFUND_SPACING_S: u64 = 6;
/// A request whose process died is taken for one in hand for half a minute.
const TWIN_S: u64 = 31;

/// A play under way. Whatever runs is stopped when it is dropped.
pub(crate) struct Scene {
    pub(crate) plan: Plan,
    pub(crate) watch: Watch,
    pub(crate) stage: Arc<Stage>,
    pub(crate) outside: Outside,
    secrets: Secrets,
    begun: Stopwatch,
}

impl Scene {
    /// Starts everything, with nobody there yet.
    pub(crate) async fn set(plan: &Plan) -> Result<Scene> {
        let begun = Stopwatch::start();
        let (findings, tally) = (Findings::default(), Tally::default());
        let journal = Journal::create(&plan.log("journal"))?;
        let watch = Watch { findings, tally, journal, weather: stage::calm() };
        stage::empty_logs(plan)?;
        eprintln!("== setting the stage in {}", plan.folder.display());
        let stage = Arc::new(Stage::set(plan, watch.clone()).await?);
        stage.sandbox.refund_spacing(REFUND_SPACING_S).await?;
        let secrets = Secrets::of(&stage.merchant, &stage.keys);
        let outside = Outside::new(&stage, secrets.clone());
        Ok(Scene { plan: plan.clone(), watch, stage, outside, secrets, begun })
    }

    /// A person wants to see that something happens.
    pub(crate) fn show_progress(
        &self,
        every_ms: u64,
        line: fn(&Watch) -> String,
    ) -> JoinHandle<()> {
        let watch = self.watch.clone();
        let begun = Stopwatch::start();
        spawn(async move {
            loop {
                pause_ms(every_ms).await;
                eprintln!("   {:>4} s: {}", begun.elapsed().as_secs(), line(&watch));
            }
        })
    }

    /// Everybody gets what they asked for, and everything comes to rest: how long that took.
    pub(crate) async fn rest(&self, crowd: Crowd) -> Result<Duration> {
        eprintln!("== the trouble is over; everything has to come to rest");
        let (stage, watch) = (&self.stage, &self.watch);
        let resting = Stopwatch::start();
        stage.sandbox.faults(&json!([])).await?;
        stage.wait_until_ready().await?;
        stage.sandbox.advance(TWIN_S).await?;
        crowd.leave(ANSWERED_WITHIN).await;
        let rest = converge::come_to_rest(stage, &self.plan, &self.office()).await?;
        let rested_after = resting.elapsed();
        let line = format!("at rest after {rested_after:?}, of it {rest:?} without buyers");
        watch.journal.note(&line);
        Ok(rested_after)
    }

    /// Compares everything with everything, stops everything, and says what was found.
    pub(crate) async fn judge(
        &self,
        rested_after: Duration,
        memory: Option<&Memory>,
        more: &[Question],
    ) -> Result<Report> {
        eprintln!("== checking the books");
        let (plan, stage, watch) = (&self.plan, &self.stage, &self.watch);
        // Each service for itself: none may see anything else than the others.
        for addr in &stage.addrs {
            let phone = Phone::new(*addr, &self.outside, Chance::of(plan.seed, "inspector"));
            Office::of(&phone).ask_for_the_invariants().await;
        }
        let connection = Connection::open(&stage.url).await?;
        for openid in connection.texts("SELECT openid FROM openids", &[]).await? {
            self.outside.secrets.add("openid", &openid);
        }
        let evidence = self.evidence().await?;
        std::fs::write(plan.folder.join("ledger.json"), evidence.ledger.to_string())?;
        let books = books::check(&connection, &evidence, more, &watch.findings).await?;
        drop(connection);
        stage.strike().await?;
        let logs = logs::check(plan, &self.secrets, &watch.findings)?;
        let looks: Option<(Look, Look)> = memory.and_then(Memory::warm_and_last);
        Ok(Report {
            plan: plan.clone(),
            counts: watch.tally.all(),
            books,
            logs,
            secrets: self.secrets.count(),
            memory: looks,
            rested_after,
            took: self.begun.elapsed(),
            findings: watch.findings.all(),
        })
    }

    /// What the database will be compared with.
    async fn evidence(&self) -> Result<Evidence> {
        let (stage, outside) = (&self.stage, &self.outside);
        Ok(Evidence {
            ledger: stage.sandbox.ledger().await?,
            told_orders: outside.told.orders(),
            told_refunds: outside.told.refunds(),
            told_keys: outside.told.keys(),
            told_asks: outside.told.asks(),
            told_paid: outside.told_paid(),
            told_deeds: DEEDS.map(|table| (table, outside.told.deeds(table))).into(),
            acknowledged: stage.acknowledged.all(),
            jumps: stage.sandbox.jumps(),
            forgeries: FORGERIES.to_vec(),
        })
    }

    fn office(&self) -> Office {
        let chance = Chance::of(self.plan.seed, "office");
        Office::of(&Phone::new(self.stage.door.addr, &self.outside, chance))
    }
}
