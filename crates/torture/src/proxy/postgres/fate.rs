//! What can happen to one batch of statements on its way to the server and back.

use crate::chance::Chance;

/// One fate. Where the server's answer is withheld, the server has carried out the batch all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Nothing.
    Passes,
    /// The link is cut; the server never saw it.
    NeverArrives,
    /// It arrives so many milliseconds later: whoever sent it may have given up, and asked again.
    Late(u64),
    /// It is forwarded and both links are cut at once: nobody knows.
    Raced,
    /// The server answers to the end, and the client hears nothing.
    AnswerLost,
    /// The client gets the row, and not that the statement is complete.
    CutAfterRow,
    /// The client hears that the statement is complete, and not that the transaction is over.
    CutAfterComplete,
    /// The answer ends in the middle of a message.
    CutInside,
    /// The client gets the row, and the rest so many milliseconds later.
    AnswerLate(u64),
    /// Nothing comes back, and the link stays open for so many milliseconds.
    HalfOpen(u64),
}

/// How likely trouble is, of a thousand batches in usual weather.
pub(super) const COMMIT_PERMILLE: u64 = 80;
pub(super) const OTHER_PERMILLE: u64 = 8;

/// Longer than the service waits for a statement.
const LATE_MAX_MS: u64 = 8_000;

const OF_COMMITS: [(u64, Fate); 9] = [
    (3, Fate::NeverArrives),
    (2, Fate::Late(0)),
    (2, Fate::Raced),
    (4, Fate::AnswerLost),
    (4, Fate::CutAfterRow),
    (4, Fate::CutAfterComplete),
    (2, Fate::CutInside),
    (2, Fate::AnswerLate(0)),
    (1, Fate::HalfOpen(0)),
];

const OF_OTHERS: [(u64, Fate); 6] = [
    (3, Fate::NeverArrives),
    (1, Fate::Late(0)),
    (3, Fate::AnswerLost),
    (2, Fate::CutInside),
    (2, Fate::AnswerLate(0)),
    (1, Fate::HalfOpen(0)),
];

impl Fate {
    /// A trouble with its numbers drawn.
    pub(super) fn draw(chance: &mut Chance, is_commit: bool) -> Fate {
        let choices = if is_commit { &OF_COMMITS[..] } else { &OF_OTHERS[..] };
        let fate = chance.weighted(choices).unwrap_or(Fate::AnswerLost);
        let millis = chance.doublings(50, LATE_MAX_MS);
        match fate {
            Fate::Late(_) => Fate::Late(millis),
            Fate::AnswerLate(_) => Fate::AnswerLate(millis),
            Fate::HalfOpen(_) => Fate::HalfOpen(millis),
            Fate::Passes
            | Fate::NeverArrives
            | Fate::Raced
            | Fate::AnswerLost
            | Fate::CutAfterRow
            | Fate::CutAfterComplete
            | Fate::CutInside => fate,
        }
    }

    /// What it is called in counts.
    pub(super) fn name(self) -> &'static str {
        match self {
            Fate::Passes => "passed",
            Fate::NeverArrives => "never arrived",
            Fate::Late(_) => "late",
            Fate::Raced => "forwarded and cut at once",
            Fate::AnswerLost => "done, answer lost",
            Fate::CutAfterRow => "done, cut before CommandComplete",
            Fate::CutAfterComplete => "done, cut before ReadyForQuery",
            Fate::CutInside => "done, cut inside the answer",
            Fate::AnswerLate(_) => "done, end of the answer late",
            Fate::HalfOpen(_) => "done, link half open",
        }
    }
}
