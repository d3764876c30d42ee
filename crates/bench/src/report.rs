//! What was measured, as a table for people and as JSON for machines.
//!
//! May not judge beyond "met" and "missed": what a figure means stands in docs/benchmarks.md.

use crate::figures::{Rate, Ratio, millis};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::Duration;

/// A measured quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Figure {
    PerSecond(Rate),
    Time(Duration),
    Kib(u64),
}

/// What is aimed at.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    RatioAtLeast(Ratio),
    RatioAtMost(Ratio),
    AtMost(Figure),
}

/// One line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    pub(crate) path: String,
    pub(crate) connections: Option<usize>,
    pub(crate) ours: Option<Figure>,
    pub(crate) p50: Option<Duration>,
    pub(crate) p99: Option<Duration>,
    pub(crate) limit: Option<Figure>,
    pub(crate) ratio: Option<Ratio>,
    pub(crate) goal: Option<Goal>,
    /// Cores in use by service, PostgreSQL and load.
    pub(crate) cores: String,
}

/// All lines, and where they were measured.
pub(crate) struct Report {
    pub(crate) machine: String,
    pub(crate) rows: Vec<Row>,
    /// What was left out or must be known, in sentences.
    pub(crate) remarks: Vec<String>,
}

const HEADINGS: [&str; 10] = [
    "path",
    "conns",
    "ours",
    "p50 ms",
    "p99 ms",
    "limit",
    "ratio",
    "goal",
    "",
    "cores: service+postgres+load",
];

impl Figure {
    fn text(self) -> String {
        match self {
            Figure::PerSecond(rate) => format!("{rate}/s"),
            Figure::Time(time) if time < Duration::from_millis(1) => {
                let tenths = time.as_nanos() / 100;
                format!("{}.{} µs", tenths / 10, tenths % 10)
            }
            Figure::Time(time) => format!("{} ms", millis(time)),
            Figure::Kib(kib) => {
                let tenths = kib.saturating_mul(10) / 1_024;
                format!("{}.{} MiB", tenths / 10, tenths % 10)
            }
        }
    }

    fn json(self) -> Value {
        match self {
            Figure::PerSecond(rate) => json!({"per_second_thousandths": rate.thousandths()}),
            Figure::Time(time) => {
                json!({"nanoseconds": crate::stopwatch::nanos(time)})
            }
            Figure::Kib(kib) => json!({"kib": kib}),
        }
    }
}

impl Goal {
    fn text(self) -> String {
        match self {
            Goal::RatioAtLeast(ratio) => format!("≥ {ratio}"),
            Goal::RatioAtMost(ratio) => format!("≤ {ratio}"),
            Goal::AtMost(figure) => format!("≤ {}", figure.text()),
        }
    }
}

impl Row {
    /// `None` when there is no goal, or nothing to hold against it.
    pub(crate) fn is_met(&self) -> Option<bool> {
        match self.goal? {
            Goal::RatioAtLeast(least) => Some(self.ratio? >= least),
            Goal::RatioAtMost(most) => Some(self.ratio? <= most),
            Goal::AtMost(most) => Some(self.ours? <= most),
        }
    }

    /// For the impatient.
    pub(crate) fn line(&self) -> String {
        let cells = self.cells();
        format!("{} × {}: {}, ratio {}", cells[0], cells[1], cells[2], cells[6])
    }

    fn cells(&self) -> [String; 10] {
        let dash = || "–".to_owned();
        let verdict = match self.is_met() {
            Some(true) => "met",
            Some(false) => "missed",
            None => "",
        };
        [
            self.path.clone(),
            self.connections.map_or_else(dash, |count| count.to_string()),
            self.ours.map_or_else(dash, Figure::text),
            self.p50.map_or_else(dash, millis),
            self.p99.map_or_else(dash, millis),
            self.limit.map_or_else(dash, Figure::text),
            self.ratio.map_or_else(dash, |ratio| ratio.to_string()),
            self.goal.map_or_else(dash, Goal::text),
            verdict.to_owned(),
            self.cores.clone(),
        ]
    }

    fn json(&self) -> Value {
        json!({
            "path": self.path,
            "connections": self.connections,
            "ours": self.ours.map(Figure::json),
            "p50_ns": self.p50.map(crate::stopwatch::nanos),
            "p99_ns": self.p99.map(crate::stopwatch::nanos),
            "limit": self.limit.map(Figure::json),
            "ratio_hundredths": self.ratio.map(Ratio::in_hundredths),
            "goal": self.goal.map(Goal::text),
            "met": self.is_met(),
            "cores_service_postgres_load": self.cores,
        })
    }
}

impl Report {
    pub(crate) fn json(&self) -> Value {
        json!({
            "machine": self.machine,
            "rows": self.rows.iter().map(Row::json).collect::<Vec<_>>(),
            "remarks": self.remarks,
        })
    }

    /// Columns as wide as they must be; the first to the left, figures to the right.
    pub(crate) fn table(&self) -> String {
        let mut lines = vec![HEADINGS.map(str::to_owned)];
        lines.extend(self.rows.iter().map(Row::cells));
        let width = |column: usize| {
            lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0)
        };
        let mut text = format!("{}\n\n", self.machine);
        for line in &lines {
            for (column, cell) in line.iter().enumerate() {
                let width = width(column);
                let padded = match column {
                    0 => format!("{cell:<width$}"),
                    9 => cell.clone(),
                    _ => format!("{cell:>width$}"),
                };
                text.push_str(&padded);
                text.push_str(if column == 9 { "\n" } else { "  " });
            }
        }
        for remark in &self.remarks {
            // Writing to a String cannot fail.
            write!(text, "\n{remark}\n").unwrap_or_default();
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(ratio: u64, goal: Goal) -> Row {
        Row { ratio: Some(Ratio::hundredths(ratio)), goal: Some(goal), ..Row::default() }
    }

    #[test]
    fn a_goal_is_met_or_missed() {
        let least = Goal::RatioAtLeast(Ratio::hundredths(120));
        assert_eq!(row(120, least).is_met(), Some(true));
        assert_eq!(row(119, least).is_met(), Some(false));
        assert_eq!(row(401, Goal::RatioAtMost(Ratio::hundredths(400))).is_met(), Some(false));
        let memory = Row {
            ours: Some(Figure::Kib(20_481)),
            goal: Some(Goal::AtMost(Figure::Kib(20_480))),
            ..Row::default()
        };
        assert_eq!(memory.is_met(), Some(false));
    }

    #[test]
    fn what_was_not_measured_is_neither_met_nor_missed() {
        let mut skipped = row(0, Goal::RatioAtLeast(Ratio::hundredths(120)));
        skipped.ratio = None;
        assert_eq!(skipped.is_met(), None);
        assert!(skipped.cells().iter().all(|cell| cell != "met" && cell != "missed"));
    }

    #[test]
    fn figures_carry_their_units() {
        assert_eq!(Figure::Time(Duration::from_nanos(42_150)).text(), "42.1 µs");
        assert_eq!(Figure::Time(Duration::from_micros(1_560)).text(), "1.56 ms");
        assert_eq!(Figure::Kib(1_536).text(), "1.5 MiB");
    }

    #[test]
    fn the_columns_stand_below_each_other() {
        let rows = vec![Row { path: "long path".to_owned(), ..Row::default() }, Row::default()];
        let report = Report { machine: "2 cores".to_owned(), rows, remarks: Vec::new() };
        let table = report.table();
        let places: Vec<_> =
            table.lines().skip(3).filter_map(|line| line.chars().position(|c| c == '–')).collect();
        assert_eq!(places.len(), 2);
        assert_eq!(places[0], places[1]);
    }
}
