//! Whether a whole sweep met what it is there for: every step of every flow, and at each of them
//! every fault that the table does not rule out.
//!
//! A cell that no case meets needs its reason here, and a reason needs a cell that no case meets.

use super::crew::Gathered;
use crate::matrix::letters::{Letter, letter};
use crate::matrix::{Cell, Fault, Flow, Step};

/// The steps of each flow, as `reliability.md` §3 has them. A notification about a refund is a step
/// of the flow of notifications here; looking at an order has no row there.
const FLOWS: [(Flow, &[Step]); 10] = [
    (Flow::Checkout, &[Step::Recv, Step::Tx, Step::Call, Step::TxPlus, Step::Reply]),
    (Flow::Pay, &[Step::Recv, Step::Tx, Step::Call, Step::TxPlus, Step::Reply]),
    (Flow::Notice, &[Step::Notif, Step::TxPlus, Step::Reply]),
    (Flow::Follow, &[Step::Tx, Step::Read, Step::TxPlus]),
    (Flow::Close, &[Step::Recv, Step::Tx, Step::Read, Step::Call, Step::TxPlus, Step::Reply]),
    (Flow::Refund, &[Step::Recv, Step::Tx, Step::Call, Step::TxPlus, Step::Read, Step::Reply]),
    (Flow::Orphan, &[Step::Tx, Step::Read, Step::TxPlus]),
    (Flow::Door, &[Step::Recv, Step::Tx, Step::Reply]),
    (Flow::Act, &[Step::Recv, Step::Tx, Step::Reply]),
    (Flow::Bill, &[Step::Read]),
];

/// Cells of some flows, or of all for none, and why no case meets them.
type Reason = (&'static [Flow], &'static [Step], &'static [Fault], &'static str);

const UNMET: &[Reason] = &[
    (
        &[],
        &[Step::Recv],
        &[Fault::Bad],
        "a request is a value here; what cannot be read as one is the business of http-api's tests",
    ),
    (
        &[],
        &[Step::Reply],
        &[Fault::NeverArrives, Fault::Twice, Fault::Second],
        "an answer belongs to one connection: one that never leaves is LA, and none comes twice",
    ),
    (
        &[],
        &[Step::TxPlus],
        &[Fault::Stale],
        "what was read is old, and was struck at its read; this step records it",
    ),
    (
        &[Flow::Bill],
        &[Step::Read],
        &[Fault::Stale],
        "the bill of a day that is over is the same for ever",
    ),
    (&[Flow::Checkout], &[Step::Read], &[Fault::Stale], "its only question is for certificates"),
    (
        &[Flow::Notice, Flow::Follow, Flow::Look],
        &[Step::Tx],
        &[
            Fault::NeverArrives,
            Fault::Twice,
            Fault::Reordered,
            Fault::Serialization,
            Fault::Twin,
            Fault::FailoverUnknown,
        ],
        "a look or a claim, no commit: that it did nothing is DBD, that its answer was lost is LA, \
         two at once are 2X",
    ),
];

/// What is wrong with what a whole sweep met, a line each; nothing when nothing is.
#[must_use]
pub fn missing(gathered: &Gathered) -> Vec<String> {
    let mut lines = Vec::new();
    for (flow, steps) in FLOWS {
        for step in steps {
            if !gathered.rows.contains(&(flow, *step)) {
                lines.push(format!("no script has {} in {}", step.name(), flow.name()));
            }
        }
    }
    for cell @ (flow, step, fault) in cells(gathered) {
        let is_met = is_met(gathered, cell);
        let name = format!("{}, {}, {}", flow.name(), step.name(), fault.name());
        match (is_met, reason(cell)) {
            (false, None) => lines.push(format!("no case meets {name}")),
            (true, Some(why)) => lines.push(format!("{name} is met, in spite of: {why}")),
            (true, None) | (false, Some(_)) => {}
        }
    }
    lines
}

/// Cells of which it is known why no case meets them, with the reason, a line each.
#[must_use]
pub fn excused(gathered: &Gathered) -> Vec<String> {
    let unmet = cells(gathered).filter(|cell| !is_met(gathered, *cell));
    let line = |cell: Cell| {
        let (flow, step, fault) = cell;
        Some(format!("{}, {}, {}: {}", flow.name(), step.name(), fault.name(), reason(cell)?))
    };
    unmet.filter_map(line).collect()
}

/// How many cells the table has for the steps that were met, and how many of them were met.
#[must_use]
pub fn count(gathered: &Gathered) -> (usize, usize) {
    (cells(gathered).count(), cells(gathered).filter(|cell| is_met(gathered, *cell)).count())
}

/// Every cell of the steps that were met that the table does not rule out.
fn cells(gathered: &Gathered) -> impl Iterator<Item = Cell> {
    let rows = gathered.rows.iter();
    let all = rows.flat_map(|(flow, step)| Fault::ALL.map(|fault| (*flow, *step, fault)));
    all.filter(|(_, step, fault)| letter(*step, *fault) != Letter::Never)
}

fn is_met(gathered: &Gathered, cell: Cell) -> bool {
    gathered.cells.get(&cell).is_some_and(|count| *count > 0)
}

fn reason((flow, step, fault): Cell) -> Option<&'static str> {
    let about = |(flows, steps, faults, _): &&Reason| {
        (flows.is_empty() || flows.contains(&flow))
            && steps.contains(&step)
            && faults.contains(&fault)
    };
    UNMET.iter().find(about).map(|(_, _, _, why)| *why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_that_met_nothing_misses_every_step_of_every_flow() {
        let steps: usize = FLOWS.iter().map(|(_, steps)| steps.len()).sum();
        assert_eq!(missing(&Gathered::default()).len(), steps);
    }

    #[test]
    fn a_cell_that_no_case_met_is_missing_until_one_does() {
        let cell = (Flow::Checkout, Step::Call, Fault::LostAnswer);
        let mut gathered = Gathered::default();
        gathered.rows.insert((Flow::Checkout, Step::Call));
        let line = "no case meets F1 checkout, call, LA".to_owned();
        assert!(missing(&gathered).contains(&line));
        gathered.cells.insert(cell, 1);
        assert!(!missing(&gathered).contains(&line));
        assert_eq!(count(&gathered).1, 1);
    }
}
