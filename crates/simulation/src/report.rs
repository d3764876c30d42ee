//! What a run of many seeds says, and what one failing world says, in words.

use crate::bulk::Totals;
use crate::chronicle::{Line, Violation};
use crate::marks::Mark;
use crate::matrix::{Cell, excused, expected};
use crate::setup::Setup;
use std::fmt::Write as _;

/// A cell that was met less often is not covered.
pub const CELL_MIN: u64 = 100;

/// Cells that were met less often than that, and marks that were not met.
#[must_use]
pub fn missing(totals: &Totals, at_least: u64) -> (Vec<(Cell, u64)>, Vec<Mark>) {
    let count = |cell: &Cell| totals.cells.get(cell).copied().unwrap_or(0);
    let cells = expected().map(|cell| (cell, count(&cell)));
    let marks = Mark::ALL.iter().copied().filter(|mark| !totals.marks.contains_key(mark));
    (cells.filter(|(_, count)| *count < at_least).collect(), marks.collect())
}

/// Everything that was counted.
#[must_use]
pub fn totals(totals: &Totals) -> String {
    let mut text = String::new();
    let mut line = |words: String| {
        let _always_fits = writeln!(text, "{words}");
    };
    line("fault matrix: how often each fault met each step".to_owned());
    let mut last = None;
    for (flow, step, fault) in expected() {
        let row = (flow, step);
        let count = totals.cells.get(&(flow, step, fault)).copied().unwrap_or(0);
        let thin = if count < CELL_MIN { "!" } else { "" };
        if last != Some(row) {
            last = Some(row);
            line(format!("  {:<16} {:<6}", flow.name(), step.name()));
        }
        line(format!("      {:<6}{count:>10}{thin}", fault.name()));
    }
    line("cells that no world meets, and who does".to_owned());
    for (cells, why) in excused() {
        line(format!("  {cells}: {why}"));
    }
    line("sometimes".to_owned());
    for mark in Mark::ALL {
        let count = totals.marks.get(mark).copied().unwrap_or(0);
        line(format!("  {count:>10}{} {}", if count == 0 { "!" } else { " " }, mark.sentence()));
    }
    line(speed(totals));
    text
}

/// How much was played, and how fast.
#[must_use]
pub fn speed(totals: &Totals) -> String {
    let millis = (totals.cpu_nanos / 1_000_000).max(1);
    let per_second = totals.lifetimes.saturating_mul(1_000) / millis;
    format!(
        "{} seeds ({} played twice), {} order lifetimes, {} events, {} virtual hours; \
         {} s of computing: {per_second} lifetimes per second and core",
        totals.seeds,
        totals.twice,
        totals.lifetimes,
        totals.events,
        totals.seconds / 3_600,
        millis / 1_000,
    )
}

/// A broken promise, with the command that shows it again.
#[must_use]
pub fn violation(violation: &Violation, again: &str) -> String {
    let Violation { id, sentence, seen, order, at } = violation;
    let order = order.as_deref().unwrap_or("no order in particular");
    format!(
        "VIOLATED {id}: {sentence}\n  seen: {seen}\n  about: {order}\n  at: {}\n  again: {again}\n",
        clock(*at)
    )
}

/// The timeline: everything of the order in question and of the world around it, or all of it.
#[must_use]
pub fn timeline(lines: &[Line], about: Option<&str>) -> String {
    let mut text = String::new();
    for line in lines {
        let concerns = about.is_none() || line.order.is_none() || line.order.as_deref() == about;
        if concerns {
            let order = line.order.as_deref().unwrap_or("");
            let _always_fits =
                writeln!(text, "{}  {:<10}  {order:<29}  {}", clock(line.at), line.who, line.what);
        }
    }
    text
}

/// What kind of world it was.
#[must_use]
pub fn world(setup: &Setup) -> String {
    let faults = crate::matrix::Fault::ALL.into_iter();
    let on = faults.filter_map(|fault| {
        let rate = setup.rates.get(fault.index()).copied().filter(|rate| *rate > 0)?;
        Some(format!("{} {}.{:02}%", fault.name(), rate / 100, rate % 100))
    });
    let on: Vec<String> = on.collect();
    format!(
        "world: {}; {} nodes, {} buyers, up to {} purchases each, deadline {} s, leases {} ms, \
         {}signatures; faults: {}\n",
        setup.variant.name(),
        setup.nodes,
        setup.buyers,
        setup.purchases,
        setup.deadline_s,
        setup.lease_ms,
        if setup.rsa { "RSA " } else { "tags for " },
        if on.is_empty() { "none".to_owned() } else { on.join(", ") },
    )
}

/// Virtual time as minutes, seconds and milliseconds.
fn clock(micros: i64) -> String {
    let millis = micros / 1_000;
    format!("{:>4}:{:02}.{:03}", millis / 60_000, millis / 1_000 % 60, millis % 1_000)
}
