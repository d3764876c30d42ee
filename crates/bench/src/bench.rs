//! What all phases share: the rig, what was prepared on it, and what came of it so far.

use crate::figures::Rate;
use crate::load::{Load, Measured};
use crate::meter::{Meter, Used};
use crate::pgbench::{Driven, Pgbench, Script};
use crate::plan::Plan;
use crate::report::{Figure, Report, Row};
use crate::rig::Rig;
use crate::stage::{Stage, TEMPLATES};
use crate::verify::{Expected, verify};
use anyhow::Result;
use std::time::Duration;

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
    /// CPU time for one, in microseconds: `230+410+25`, in the order service, PostgreSQL, load.
    pub(crate) fn each(&self) -> String {
        let count = u128::from(self.measured.count.max(1));
        let each = |spent: Duration| spent.as_micros() / count;
        let Used { service, postgres, load, .. } = self.used;
        format!("CPU for one {}+{}+{} µs", each(service), each(postgres), each(load))
    }

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
        let orders = templates.saturating_add(i64::from(copies));
        Ok(Expected { settled: templates, orders, placed: 0 })
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

/// What the turns of one number of connections came to.
#[derive(Default)]
pub(crate) struct Rounds {
    ours: Option<Turn>,
    /// Ours and the limit that was measured next to it.
    pairs: Vec<(Rate, Rate)>,
}

impl Rounds {
    /// One more round.
    pub(crate) fn add(&mut self, turn: Turn, limit: Option<Rate>) -> Result<()> {
        self.pairs.extend(limit.map(|limit| (turn.measured.rate(), limit)));
        self.ours = Some(match self.ours.take() {
            Some(earlier) => earlier.and(&turn)?,
            None => turn,
        });
        Ok(())
    }

    /// Two rates of one round that are told elsewhere.
    pub(crate) fn compare(&mut self, ours: Rate, limit: Option<Rate>) {
        self.pairs.extend(limit.map(|limit| (ours, limit)));
    }

    /// All turns of ours as one.
    pub(crate) fn ours(&self) -> Option<&Turn> {
        self.ours.as_ref()
    }

    /// The row of these rounds, where the limit is never above `at_most`. Its ratio is the middle
    /// one of the rounds': a machine that is slow for a while is slow for both sides of a round.
    pub(crate) fn row(&self, path: &str, connections: usize, at_most: Option<Rate>) -> Row {
        let capped = |limit: Rate| at_most.map_or(limit, |most| limit.min(most));
        let ratios = self.pairs.iter().filter_map(|(ours, limit)| ours.over(capped(*limit)));
        let limits = self.pairs.iter().map(|(_, limit)| capped(*limit));
        let measured = self.ours.as_ref().map(|turn| &turn.measured);
        Row {
            path: path.to_owned(),
            connections: Some(connections),
            ours: measured.map(|measured| Figure::PerSecond(measured.rate())),
            p50: measured.map(Measured::p50),
            p99: measured.map(Measured::p99),
            limit: middle(limits).map(Figure::PerSecond),
            ratio: middle(ratios),
            goal: None,
            cores: self.ours.as_ref().map_or_else(String::new, |turn| turn.used.to_string()),
        }
    }
}

/// The middle one; of two middle ones the lower.
fn middle<T: Ord + Copy>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values.get(values.len().saturating_sub(1) / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::Ratio;

    fn rate(count: u64) -> Rate {
        Rate::of(count, Duration::from_secs(1))
    }

    #[test]
    fn the_middle_is_one_of_them() {
        assert_eq!(middle([9, 1, 5].into_iter()), Some(5));
        assert_eq!(middle([9, 1].into_iter()), Some(1));
        assert_eq!(middle(std::iter::empty::<u8>()), None);
    }

    #[test]
    fn a_ratio_is_that_of_the_middle_round() {
        let pairs = vec![(rate(10), rate(100)), (rate(50), rate(100)), (rate(600), rate(1_000))];
        let rounds = Rounds { ours: None, pairs };
        let row = rounds.row("x", 8, None);
        assert_eq!(row.ratio, Some(Ratio::hundredths(50)));
        let capped = rounds.row("x", 8, Some(rate(50)));
        assert_eq!(capped.ratio, Some(Ratio::hundredths(100)));
        assert_eq!(capped.limit, Some(Figure::PerSecond(rate(50))));
    }
}
