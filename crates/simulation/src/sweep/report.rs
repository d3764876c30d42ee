//! What a person reads of a sweep.

use super::cases::Case;
use super::crew::Gathered;
use crate::chronicle::{Line, Violation};
use crate::matrix::letters::{Letter, letter};
use crate::matrix::{Fault, Flow, Step};
use crate::mistakes::Mistake;
use std::fmt::Write as _;

/// One violation: the promise, the case, the command, the timeline.
#[must_use]
pub fn violation(case: &Case, violation: &Violation, mistake: Option<Mistake>) -> String {
    let played = case.play(mistake, true);
    let mut text = String::new();
    let order = violation.order.as_ref().map(|order| format!(" (order {order})"));
    let _always_fits = writeln!(text, "{}: {}", violation.id, violation.sentence);
    let _always_fits = writeln!(text, "  seen: {}{}", violation.seen, order.unwrap_or_default());
    let _always_fits = writeln!(text, "  script {}: {}", case.script.name, case.script.about);
    let _always_fits = writeln!(text, "  struck: {}", case.words());
    let _always_fits = writeln!(text, "  again: {}{}", case.command(), mistaken(mistake));
    text.push_str(&timeline(&played.lines, violation.at));
    text
}

fn mistaken(mistake: Option<Mistake>) -> String {
    mistake.map_or_else(String::new, |mistake| format!(" --mistake {}", mistake.name()))
}

/// What happened, a line each, with a mark where the promise was broken.
#[must_use]
pub fn timeline(lines: &[Line], broken_at: i64) -> String {
    let mut text = String::new();
    let mut is_marked = false;
    for Line { at, who, order, what } in lines {
        if *at > broken_at && !is_marked {
            is_marked = true;
            let _always_fits = writeln!(text, "{:>14}  ── the promise was broken ──", "");
        }
        let order = order.as_deref().unwrap_or_default();
        let _always_fits = writeln!(text, "{:>14}  {who:<12} {order:<29} {what}", seconds(*at));
    }
    text
}

/// Seconds since the world began, to the microsecond.
fn seconds(micros: i64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

const STEPS: [Step; 7] =
    [Step::Recv, Step::Notif, Step::Tx, Step::Call, Step::Read, Step::TxPlus, Step::Reply];

/// How often each cell of the fault matrix was met: a row for each step of each flow.
#[must_use]
pub fn matrix(gathered: &Gathered) -> String {
    let mut text = format!("{:<22}", "");
    for fault in Fault::ALL {
        let _always_fits = write!(text, "{:>7}", fault.name());
    }
    text.push('\n');
    for flow in Flow::ROWS {
        for step in STEPS {
            let row = gathered.cells.iter().any(|((f, s, _), _)| (*f, *s) == (flow, step));
            if !row {
                continue;
            }
            let _always_fits = write!(text, "{:<16}{:<6}", flow.name(), step.name());
            for fault in Fault::ALL {
                let count = gathered.cells.get(&(flow, step, fault)).copied().unwrap_or(0);
                let cell = if letter(step, fault) == Letter::Never {
                    "-".to_owned()
                } else {
                    count.to_string()
                };
                let _always_fits = write!(text, "{cell:>7}");
            }
            text.push('\n');
        }
    }
    text
}
