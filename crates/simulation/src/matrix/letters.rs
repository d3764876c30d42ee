//! What each fault may come to at each kind of step: the table of `reliability.md` §3, once more, as
//! code. A row is a kind of step, a column a fault; a dash means that it cannot occur.

use crate::matrix::{Fault, Step};

/// What a fault comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Letter {
    /// N: nothing happened; the caller may retry with the same key.
    Nothing,
    /// S: the effect exists once; the next owner goes on from there.
    Same,
    /// U: recorded as unknown, resolved by reading with our number, which is sent again.
    Unknown,
    /// Q: the commit is unknown: its name is asked for first.
    Asked,
    /// R: tried again a few times.
    Retried,
    /// T: the twin's result is what everybody gets.
    Twins,
    /// D: a duplicate, acknowledged, without an effect.
    Duplicate,
    /// M: facts only add.
    Merged,
    /// H: healed from what WeChat Pay says.
    Healed,
    /// B: later again, with nothing changed.
    BackOff,
    /// X: refused, with nothing changed.
    Refused,
    /// F: a definite failure; the order stays payable.
    Failed,
    /// Z: fenced; the work is thrown away.
    Fenced,
    /// K: new keys are fetched, once.
    Keys,
    /// C: the signing time is corrected.
    Clock,
    /// -: cannot occur.
    Never,
}

/// The rows, one letter a column, in the order of [`Fault::ALL`]: Cb Ca LA NR DL DUP RO SF UV DBU DBL
/// DBD E5 E4 RL BAD CERT SK LE 2X STALE.
fn row(step: Step) -> &'static str {
    match step {
        Step::Recv => "N N N N S T S - - - - N - - B X - S - T -",
        Step::Notif => "N N N H S D M - - - - N - - B X K X - D -",
        Step::Tx => "N S Q N N T M R T Q H N - - - - - S Z Z -",
        Step::Call => "U U U U U D U - - - - U U F B U K C Z D -",
        Step::Read => "B B B B M M M - - - - B B U B B K C Z M M",
        Step::TxPlus => "U S Q U U T M R T Q H U - - - - - S Z T M",
        Step::Reply => "S S S S S D - - - - - - - - - - - - - D -",
    }
}

/// What `fault` comes to at a step of this kind.
#[must_use]
pub fn letter(step: Step, fault: Fault) -> Letter {
    row(step).split(' ').nth(fault.index()).and_then(Letter::parse).unwrap_or(Letter::Never)
}

impl Letter {
    const ALL: [Letter; 16] = [
        Letter::Nothing,
        Letter::Same,
        Letter::Unknown,
        Letter::Asked,
        Letter::Retried,
        Letter::Twins,
        Letter::Duplicate,
        Letter::Merged,
        Letter::Healed,
        Letter::BackOff,
        Letter::Refused,
        Letter::Failed,
        Letter::Fenced,
        Letter::Keys,
        Letter::Clock,
        Letter::Never,
    ];

    /// As it stands in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Letter::Nothing => "N",
            Letter::Same => "S",
            Letter::Unknown => "U",
            Letter::Asked => "Q",
            Letter::Retried => "R",
            Letter::Twins => "T",
            Letter::Duplicate => "D",
            Letter::Merged => "M",
            Letter::Healed => "H",
            Letter::BackOff => "B",
            Letter::Refused => "X",
            Letter::Failed => "F",
            Letter::Fenced => "Z",
            Letter::Keys => "K",
            Letter::Clock => "C",
            Letter::Never => "-",
        }
    }

    fn parse(text: &str) -> Option<Letter> {
        Letter::ALL.into_iter().find(|letter| letter.name() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: [Step; 7] =
        [Step::Recv, Step::Notif, Step::Tx, Step::Call, Step::Read, Step::TxPlus, Step::Reply];

    #[test]
    fn every_row_has_a_letter_in_every_column() {
        for step in STEPS {
            let letters: Vec<&str> = row(step).split(' ').collect();
            assert_eq!(letters.len(), Fault::ALL.len(), "{step:?}");
            assert!(letters.iter().all(|text| Letter::parse(text).is_some()), "{step:?}");
        }
    }

    #[test]
    fn a_prepay_that_is_refused_ends_its_payment_and_a_question_that_is_refused_does_not() {
        assert_eq!(letter(Step::Call, Fault::Definite), Letter::Failed);
        assert_eq!(letter(Step::Read, Fault::Definite), Letter::Unknown);
        assert_eq!(letter(Step::Reply, Fault::Stale), Letter::Never);
    }

    #[test]
    fn commits_that_a_failover_lost_are_healed_and_nothing_else_can_lose_any() {
        for step in STEPS {
            let healed = matches!(step, Step::Tx | Step::TxPlus);
            let expected = if healed { Letter::Healed } else { Letter::Never };
            assert_eq!(letter(step, Fault::FailoverLosing), expected, "{step:?}");
        }
    }
}
