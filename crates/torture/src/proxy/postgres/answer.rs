//! The server's answer to one batch, as it comes: what of it the client gets, and what it proves.

use super::batch::Commit;
use super::fate::Fate;
use super::frame::Frame;

/// A batch whose answer is on its way.
#[derive(Debug)]
pub(super) struct Awaited {
    pub(super) fate: Fate,
    pub(super) commit: Option<Commit>,
    /// The row said that it was done.
    is_done: bool,
    /// It said that it had been done before, by a request that may have been about another order.
    was_done: bool,
    is_error: bool,
    /// The client has got all that it is to get.
    is_cut: bool,
    has_waited: bool,
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
    pub(super) fn new(fate: Fate, commit: Option<Commit>) -> Awaited {
        Awaited {
            fate,
            commit,
            is_done: false,
            was_done: false,
            is_error: false,
            is_cut: false,
            has_waited: false,
        }
    }

    /// Looks at the next message.
    pub(super) fn step(&mut self, frame: &Frame) -> Step {
        match frame.tag {
            // DataRow: the function says "committed" or "already_committed".
            b'D' => {
                self.is_done = frame.payload().ends_with(b"committed");
                self.was_done = frame.payload().ends_with(b"already_committed");
            }
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

    /// At its end: the commit that the server has acknowledged, if it has a name.
    pub(super) fn acknowledged(&self) -> Option<Commit> {
        let mut commit = self.commit.clone().filter(|commit| commit.command_id.is_some())?;
        if self.was_done {
            commit.order_id = None;
        }
        (self.is_done && !self.is_error).then_some(commit)
    }

    /// At its end: whether the link goes with it.
    pub(super) fn ends_the_link(&self) -> bool {
        self.is_cut
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::frame;
    use super::*;

    fn answer(said: &str) -> [Frame; 4] {
        [
            frame(b'2', b""),
            frame(b'D', format!("\0\u{1}\0\0\0\u{9}{said}").as_bytes()),
            frame(b'C', b"SELECT 1\0"),
            frame(b'Z', b"I"),
        ]
    }

    fn commit() -> Commit {
        Commit { command_id: Some("id".to_owned()), order_id: Some("o".to_owned()) }
    }

    fn steps(fate: Fate, said: &str) -> (Vec<Step>, Awaited) {
        let mut awaited = Awaited::new(fate, Some(commit()));
        let steps = answer(said).iter().map(|frame| awaited.step(frame)).collect();
        (steps, awaited)
    }

    #[test]
    fn what_passes_is_given_whole_and_is_acknowledged() {
        let (steps, awaited) = steps(Fate::Passes, "committed");
        assert_eq!(steps, [Step::Give, Step::Give, Step::Give, Step::Give]);
        assert_eq!((awaited.acknowledged(), awaited.ends_the_link()), (Some(commit()), false));
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
            assert_eq!(awaited.acknowledged(), Some(commit()), "{fate:?}");
            assert!(awaited.ends_the_link(), "{fate:?}");
        }
        let (late, awaited) = steps(Fate::AnswerLate(9), "committed");
        assert_eq!(late, [Give, Give, GiveLate(9), Give]);
        assert!(!awaited.ends_the_link());
    }

    #[test]
    fn what_was_done_before_may_have_been_about_another_order() {
        let (_, awaited) = steps(Fate::Passes, "already_committed");
        assert_eq!(awaited.acknowledged(), Some(Commit { order_id: None, ..commit() }));
    }

    #[test]
    fn a_refused_commit_is_not_acknowledged() {
        let mut awaited = Awaited::new(Fate::Passes, Some(commit()));
        for frame in [frame(b'2', b""), frame(b'E', b"refused\0"), frame(b'Z', b"I")] {
            awaited.step(&frame);
        }
        assert_eq!(awaited.acknowledged(), None);
        // The row came, and the commit failed behind it.
        let (_, mut awaited) = steps(Fate::Passes, "committed");
        awaited.step(&frame(b'E', b"could not commit\0"));
        assert_eq!(awaited.acknowledged(), None);
    }
}
