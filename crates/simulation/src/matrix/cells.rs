//! Which cells of the matrix a run of many seeds has to meet: every cell of every step of every flow
//! that the table does not rule out, but for those that no world can meet, each with its reason and
//! with who meets it instead.

use super::letters::{Letter, letter};
use super::{Cell, Fault, Flow, Step};

/// The steps of each flow, as `reliability.md` §3 has them, and those of the two flows that it does
/// not write down. What a look has WeChat Pay asked, its job asks: that is F5's. Of F11 there are the two
/// reads so far, the question and the download: nothing claims them, and nothing is written.
const FLOWS: [(Flow, &[Step]); 11] = [
    (Flow::Checkout, &[Step::Recv, Step::Tx, Step::Call, Step::TxPlus, Step::Reply]),
    (Flow::Door, &[Step::Recv, Step::Tx, Step::Reply]),
    (Flow::Pay, &[Step::Recv, Step::Tx, Step::Call, Step::TxPlus, Step::Reply]),
    (Flow::Notice, &[Step::Notif, Step::TxPlus, Step::Reply]),
    (Flow::Follow, &[Step::Tx, Step::Read, Step::TxPlus]),
    (Flow::Close, &[Step::Recv, Step::Tx, Step::Read, Step::Call, Step::TxPlus, Step::Reply]),
    (Flow::Refund, &[Step::Recv, Step::Tx, Step::Call, Step::Read, Step::TxPlus, Step::Reply]),
    (Flow::Orphan, &[Step::Tx, Step::Read, Step::TxPlus]),
    (Flow::Bill, &[Step::Read]),
    (Flow::Act, &[Step::Recv, Step::Tx, Step::Reply]),
    (Flow::Look, &[Step::Recv, Step::Tx, Step::Reply]),
];

/// Cells of some flows, or of all for none, and why no world meets them.
struct Reason {
    flows: &'static [Flow],
    steps: &'static [Step],
    faults: &'static [Fault],
    why: &'static str,
}

const UNMET: &[Reason] = &[
    Reason {
        flows: &[],
        steps: &[Step::Recv],
        faults: &[Fault::Bad],
        why: "a request is a value here; what cannot be read as one meets http-api's tests and \
              cargo xtask api-fuzz",
    },
    Reason {
        flows: &[],
        steps: &[Step::Reply],
        faults: &[Fault::NeverArrives, Fault::Twice, Fault::Second],
        why: "an answer belongs to one connection: one that never leaves is LA, and none comes \
              twice; torture cuts, truncates and doubles them on real connections",
    },
    Reason {
        flows: &[],
        steps: &[Step::TxPlus],
        faults: &[Fault::Stale],
        why: "what was read is old, and is counted at its read; this step records it",
    },
    Reason {
        flows: &[Flow::Follow, Flow::Orphan, Flow::Look],
        steps: &[Step::Tx],
        faults: &[
            Fault::NeverArrives,
            Fault::Twice,
            Fault::Reordered,
            Fault::Serialization,
            Fault::Twin,
            Fault::FailoverUnknown,
            Fault::FailoverLosing,
        ],
        why: "a look or a claim, no commit: that it did nothing is DBD, that its answer was lost \
              is LA, two at once are 2X; failovers are drawn at commits, and the sweep has them \
              between commits, too",
    },
    Reason {
        flows: &[Flow::Bill],
        steps: &[Step::Read],
        faults: &[Fault::Stale],
        why: "the bill of a day that is over is the same for ever; another file in its place is BAD",
    },
];

/// The cells that a run has to meet.
pub fn expected() -> impl Iterator<Item = Cell> {
    table().filter(|cell| reason(*cell).is_none())
}

/// The cells that no world meets, and why, a line each.
pub fn excused() -> impl Iterator<Item = (String, &'static str)> {
    UNMET.iter().map(|Reason { flows, steps, faults, why }| {
        let names = |names: Vec<&str>| names.join(", ");
        let flows = names(flows.iter().map(|flow| flow.name()).collect());
        let steps = names(steps.iter().map(|step| step.name()).collect());
        let faults = names(faults.iter().map(|fault| fault.name()).collect());
        (format!("{}{steps}: {faults}", if flows.is_empty() { flows } else { flows + ", " }), *why)
    })
}

/// Every cell that the table does not rule out.
fn table() -> impl Iterator<Item = Cell> {
    let steps = FLOWS.iter().flat_map(|(flow, steps)| steps.iter().map(|step| (*flow, *step)));
    let all = steps.flat_map(|(flow, step)| Fault::ALL.map(|fault| (flow, step, fault)));
    all.filter(|(_, step, fault)| letter(*step, *fault) != Letter::Never)
}

fn reason((flow, step, fault): Cell) -> Option<&'static Reason> {
    UNMET.iter().find(|reason| {
        (reason.flows.is_empty() || reason.flows.contains(&flow))
            && reason.steps.contains(&step)
            && reason.faults.contains(&fault)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_of_the_table_is_to_be_met_or_has_its_reason() {
        assert_eq!(FLOWS.map(|(flow, _)| flow), Flow::ROWS);
        let unmet = table().filter(|cell| reason(*cell).is_some()).count();
        assert_eq!(expected().count() + unmet, table().count());
        assert!(expected().count() > 350, "{}", expected().count());
    }

    #[test]
    fn every_reason_is_about_cells_that_the_table_has() {
        for Reason { flows, steps, faults, why } in UNMET {
            for fault in *faults {
                let is_there = table().any(|(flow, step, known)| {
                    (flows.is_empty() || flows.contains(&flow))
                        && steps.contains(&step)
                        && known == *fault
                });
                assert!(is_there, "{}: {why}", fault.name());
            }
        }
    }

    #[test]
    fn no_cell_is_expected_that_cannot_occur() {
        assert!(expected().all(|(_, step, fault)| letter(step, fault) != Letter::Never));
    }
}
