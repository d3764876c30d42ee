//! The server's answer to one batch, as it comes: what of it the client gets, and what it proves.

use super::batch::Commit;
use super::fate::Fate;
use super::frame::Frame;

/// A batch whose answer is on its way.
#[derive(Debug)]
pub(super) struct Awaited {
    pub(super) fate: Fate,
    commits: Vec<Commit>,
    /// A row for each of them.
    rows: Vec<Said>,
    is_error: bool,
    /// The client has got all that it is to get.
    is_cut: bool,
    has_waited: bool,
}

/// What a row says about its commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Done,
    /// By a request that may have been about another order.
    DoneBefore,
    NotDone,
}

/// What became of several commits in one statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Several {
    /// All of them.
    Written,
    /// All of them, because something was in the way of one: fewer are tried next.
    Undone,
}

/// What to do with one message of the server.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Give it to the client.
    Give,
    /// Give the client half of it, and nothing more.
    GiveHalf,
    /// The client does not get it.
    Keep,
    /// Wait so many milliseconds, then give it to the client.
    GiveLate(u64),
}

impl Awaited {
    pub(super) fn new(fate: Fate, commits: Vec<Commit>) -> Awaited {
        let rows = Vec::new();
        Awaited { fate, commits, rows, is_error: false, is_cut: false, has_waited: false }
    }

    /// Looks at the next message.
    pub(super) fn step(&mut self, frame: &Frame) -> Step {
        match frame.tag {
            b'D' => self.rows.push(said(frame.payload())),
            b'E' => self.is_error = true,
            _ => {}
        }
        if self.is_cut {
            return Step::Keep;
        }
        let cut = |step| (step, true);
        let (step, is_cut) = match (self.fate, frame.tag) {
            (Fate::AnswerLost | Fate::HalfOpen(_), _) => cut(Step::Keep),
            (Fate::CutAfterRow, b'C' | b'E' | b'Z') => cut(Step::Keep),
            (Fate::CutAfterComplete, b'Z') => cut(Step::Keep),
            (Fate::CutInside, b'D' | b'E' | b'Z') => cut(Step::GiveHalf),
            (Fate::AnswerLate(millis), b'C' | b'E' | b'Z') if !self.has_waited => {
                self.has_waited = true;
                (Step::GiveLate(millis), false)
            }
            (
                Fate::Passes
                | Fate::NeverArrives
                | Fate::Late(_)
                | Fate::Raced
                | Fate::CutAfterRow
                | Fate::CutAfterComplete
                | Fate::CutInside
                | Fate::AnswerLate(_),
                _,
            ) => (Step::Give, false),
        };
        self.is_cut = is_cut;
        step
    }

    /// At its end: the commits that the server has acknowledged, of those that have a name.
    pub(super) fn acknowledged(&self) -> Vec<Commit> {
        if self.is_error || self.rows.len() != self.commits.len() {
            return Vec::new();
        }
        let of_row = |(commit, said): (&Commit, &Said)| match said {
            Said::Done => Some(commit.clone()),
            Said::DoneBefore => Some(Commit { order_id: None, ..commit.clone() }),
            Said::NotDone => None,
        };
        let named = self.commits.iter().zip(&self.rows).filter_map(of_row);
        named.filter(|commit| commit.command_id.is_some()).collect()
    }

    /// At its end: what became of several commits, which are written together or undone together; `None` for one
    /// alone, and where not everybody has an answer.
    pub(super) fn became_of_several(&self) -> Option<Several> {
        let every = self.rows.len() == self.commits.len();
        let is_written = every && self.rows.iter().all(|said| *said == Said::Done);
        match (self.commits.len() > 1, self.is_error, is_written) {
            (true, true, _) => Some(Several::Undone),
            (true, false, true) => Some(Several::Written),
            (true, false, false) | (false, _, _) => None,
        }
    }

    /// At its end: whether the link goes with it.
    pub(super) fn ends_the_link(&self) -> bool {
        self.is_cut
    }
}

/// One of a row's columns is the function's word.
fn said(row: &[u8]) -> Said {
    let word = columns(row).find_map(|column| match column {
        b"committed" => Some(Said::Done),
        b"already_committed" => Some(Said::DoneBefore),
        _ => None,
    });
    word.unwrap_or(Said::NotDone)
}

/// Their number, then each one's length and bytes; a length below zero is NULL.
fn columns(row: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = row.get(2..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (length, behind) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(i32::from_be_bytes(*length)).unwrap_or(0);
        let column = behind.get(..length)?;
        rest = behind.get(length..)?;
        Some(column)
    })
}

#[cfg(test)]
mod tests {
    use super::super::frame::frame;
    use super::*;

    fn row(columns: &[Option<&str>]) -> Frame {
        let mut bytes = u16::try_from(columns.len()).unwrap().to_be_bytes().to_vec();
        for column in columns {
            let length = column.map_or(-1, |text| i32::try_from(text.len()).unwrap());
            bytes.extend(length.to_be_bytes());
            bytes.extend(column.unwrap_or_default().bytes());
        }
        frame(b'D', &bytes)
    }

    fn answer(said: &str) -> [Frame; 4] {
        [frame(b'2', b""), row(&[Some(said)]), frame(b'C', b"SELECT 1\0"), frame(b'Z', b"I")]
    }

    fn commit() -> Commit {
        Commit { command_id: Some("id".to_owned()), order_id: Some("o".to_owned()) }
    }

    fn steps(fate: Fate, said: &str) -> (Vec<Step>, Awaited) {
        let mut awaited = Awaited::new(fate, vec![commit()]);
        let steps = answer(said).iter().map(|frame| awaited.step(frame)).collect();
        (steps, awaited)
    }

    #[test]
    fn what_passes_is_given_whole_and_is_acknowledged() {
        let (steps, awaited) = steps(Fate::Passes, "committed");
        assert_eq!(steps, [Step::Give, Step::Give, Step::Give, Step::Give]);
        assert_eq!((awaited.acknowledged(), awaited.ends_the_link()), (vec![commit()], false));
    }

    #[test]
    fn a_cut_falls_exactly_where_it_says_and_the_server_has_committed() {
        use Step::{Give, GiveHalf, GiveLate, Keep};
        for (fate, expected) in [
            (Fate::AnswerLost, [Keep, Keep, Keep, Keep]),
            (Fate::CutAfterRow, [Give, Give, Keep, Keep]),
            (Fate::CutAfterComplete, [Give, Give, Give, Keep]),
            (Fate::CutInside, [Give, GiveHalf, Keep, Keep]),
        ] {
            let (steps, awaited) = steps(fate, "committed");
            assert_eq!(steps, expected, "{fate:?}");
            assert_eq!(awaited.acknowledged(), [commit()], "{fate:?}");
            assert!(awaited.ends_the_link(), "{fate:?}");
        }
        let (late, awaited) = steps(Fate::AnswerLate(9), "committed");
        assert_eq!(late, [Give, Give, GiveLate(9), Give]);
        assert!(!awaited.ends_the_link());
    }

    #[test]
    fn what_was_done_before_may_have_been_about_another_order() {
        let (_, awaited) = steps(Fate::Passes, "already_committed");
        assert_eq!(awaited.acknowledged(), [Commit { order_id: None, ..commit() }]);
    }

    #[test]
    fn each_of_several_is_acknowledged_by_its_own_row() {
        let of = |name: &str| Commit { command_id: Some(name.to_owned()), order_id: None };
        let mut awaited = Awaited::new(Fate::Passes, vec![of("one"), of("two"), of("three")]);
        let stock = [Some("2"), Some("refused"), Some("23514"), Some("skus_available"), None];
        for row in [
            row(&[Some("1"), Some("committed"), None, None, None]),
            row(&stock),
            row(&[Some("3"), Some("already_committed"), None, None, None]),
        ] {
            awaited.step(&row);
        }
        assert_eq!(awaited.acknowledged(), [of("one"), of("three")]);
        assert_eq!(awaited.became_of_several(), None, "not all of them");
        let mut cut = Awaited::new(Fate::Passes, vec![of("one"), of("two")]);
        cut.step(&row(&[Some("1"), Some("committed"), None, None, None]));
        assert_eq!(cut.acknowledged(), [], "somebody has no answer");
        assert_eq!(cut.became_of_several(), None);
    }

    #[test]
    fn several_are_written_or_undone_and_one_alone_is_not_several() {
        let became = |commits: usize, frames: &[Frame]| {
            let mut awaited = Awaited::new(Fate::Passes, vec![commit(); commits]);
            for frame in frames {
                awaited.step(frame);
            }
            awaited.became_of_several()
        };
        let written = || row(&[Some("1"), Some("committed")]);
        let refused = || frame(b'E', b"refused\0");
        assert_eq!(became(2, &[written(), written()]), Some(Several::Written));
        assert_eq!(became(2, &[refused()]), Some(Several::Undone));
        // The rows came, and the commit failed behind them.
        assert_eq!(became(2, &[written(), written(), refused()]), Some(Several::Undone));
        assert_eq!((became(1, &[written()]), became(1, &[refused()])), (None, None));
    }

    #[test]
    fn a_refused_commit_is_not_acknowledged() {
        let mut awaited = Awaited::new(Fate::Passes, vec![commit()]);
        for frame in [frame(b'2', b""), frame(b'E', b"refused\0"), frame(b'Z', b"I")] {
            awaited.step(&frame);
        }
        assert_eq!(awaited.acknowledged(), []);
        // The row came, and the commit failed behind it.
        let (_, mut awaited) = steps(Fate::Passes, "committed");
        awaited.step(&frame(b'E', b"could not commit\0"));
        assert_eq!(awaited.acknowledged(), []);
    }
}
