//! What all phases share: the rig, what was prepared on it, and what came of it so far.

use crate::figures::Rate;
use crate::load::{Load, Measured};
use crate::meter::{Meter, Used};
use crate::pgbench::{Driven, Pgbench, Script};
use crate::plan::Plan;
use crate::report::{Report, Row};
use crate::rig::Rig;
use crate::stage::{Stage, TEMPLATES};
use crate::verify::{Expected, verify};
use anyhow::Result;

/// A run.
pub(crate) struct Bench {
    pub(crate) plan: Plan,
    pub(crate) rig: Rig,
    pub(crate) stage: Stage,
    pub(crate) pgbench: Pgbench,
    pub(crate) report: Report,
    pub(crate) cores: u64,
    /// Orders that must be paid by now, and orders that must exist.
    pub(crate) expected: Expected,
    /// The service's memory at its highest.
    pub(crate) peak_kib: u64,
    /// The fastest that the service answered anything.
    pub(crate) fastest: Option<Rate>,
}

/// A load, and who used the cores meanwhile.
pub(crate) struct Turn {
    pub(crate) measured: Measured,
    pub(crate) used: Used,
}

impl Turn {
    /// As if one had followed the other.
    pub(crate) fn and(self, other: &Turn) -> Result<Turn> {
        let measured = self.measured.and(&other.measured)?;
        Ok(Turn { measured, used: self.used.and(other.used) })
    }
}

impl Bench {
    /// What is there before anything is measured.
    pub(crate) fn expected_at_first(copies: u32) -> Result<Expected> {
        let templates = i64::try_from(TEMPLATES)?;
        Ok(Expected { settled: templates, orders: templates.saturating_add(i64::from(copies)) })
    }

    /// Begins a phase. One checkpoint for both sides, before they warm up: after each checkpoint
    /// every page is written whole once, and that is not what a turn should measure.
    pub(crate) async fn begin(&self, phase: &str) -> Result<()> {
        eprintln!("== {phase}");
        self.rig.database.run("CHECKPOINT").await
    }

    /// One turn of ours.
    pub(crate) async fn ours(&mut self, load: &Load) -> Result<Turn> {
        let meter = Meter::start(&self.rig)?;
        let measured = load.run().await?;
        let used = meter.stop()?;
        self.peak_kib = self.peak_kib.max(used.peak_kib);
        self.fastest = self.fastest.max(Some(measured.rate()));
        Ok(Turn { measured, used })
    }

    /// One turn of the limit.
    pub(crate) async fn limit(&self, script: &Script<'_>) -> Result<Option<Driven>> {
        self.pgbench.drive(script).await
    }

    /// Ends the run if anything is wrong.
    pub(crate) async fn verify(&self) -> Result<()> {
        verify(&self.rig.database, &self.expected).await
    }

    pub(crate) fn add(&mut self, row: Row) {
        eprintln!("   {}", row.line());
        self.report.rows.push(row);
    }
}

/// The middle rate of some turns of the limit.
pub(crate) fn middle(driven: &[Driven]) -> Option<Rate> {
    Rate::median(driven.iter().map(|one| one.rate).collect())
}
