//! What was written last, so that it can be taken back: at once, when a write is refused, or later, as a
//! failover does whose standby had not heard of it.

use crate::state::{Moment, State};
use domain::{CommandId, OrderId};
use std::collections::VecDeque;
use std::fmt;

/// So many writes can be taken back.
pub(crate) const JOURNAL_MAX: usize = 128;

/// The last writes, oldest first.
#[derive(Clone, Default)]
pub(crate) struct Journal {
    writes: VecDeque<Write>,
    /// How many commits there were, those included that were lost.
    commits: u64,
}

/// One transaction.
#[derive(Clone)]
struct Write {
    before: Moment,
    commit: Option<Commit>,
}

/// A changeset that was committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Which commit of this store, from 1. Never given twice, also when commits are lost.
    pub no: u64,
    /// The name of the intention.
    pub command_id: CommandId,
    /// The order that it wrote.
    pub order: Option<OrderId>,
}

/// Two states are equal whatever way they came.
impl PartialEq for Journal {
    fn eq(&self, _other: &Journal) -> bool {
        true
    }
}

/// No row of anything.
impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Journal {
    pub(crate) fn commits(&self) -> u64 {
        self.commits
    }

    /// Those that are remembered.
    pub(crate) fn recent(&self) -> impl DoubleEndedIterator<Item = &Commit> {
        self.writes.iter().filter_map(|write| write.commit.as_ref())
    }
}

impl State {
    /// Commits all of it, or nothing when it is refused.
    pub(crate) fn commit<E>(
        &mut self,
        (command_id, order): (CommandId, Option<OrderId>),
        write: impl FnOnce(&mut State) -> Result<(), E>,
    ) -> Result<(), E> {
        let before = self.moment();
        if let Err(refused) = write(self) {
            self.back_to(&before);
            return Err(refused);
        }
        self.journal.commits = self.journal.commits.saturating_add(1);
        let no = self.journal.commits;
        self.remember(before, Some(Commit { no, command_id, order }));
        Ok(())
    }

    /// A write that is not a commit, and is not refused in the middle.
    pub(crate) fn written<T>(&mut self, write: impl FnOnce(&mut State) -> T) -> T {
        let before = self.moment();
        let done = write(self);
        if self.moment() != before {
            self.remember(before, None);
        }
        done
    }

    fn remember(&mut self, before: Moment, commit: Option<Commit>) {
        self.journal.writes.push_back(Write { before, commit });
        if self.journal.writes.len() > JOURNAL_MAX {
            self.journal.writes.pop_front();
            if let Some(oldest) = self.journal.writes.front() {
                let moment = oldest.before;
                self.forget_before(&moment);
            }
        }
    }

    /// Nothing that was written so far can be taken back any more.
    pub(crate) fn keep(&mut self) {
        self.journal.writes.clear();
        let moment = self.moment();
        self.forget_before(&moment);
    }

    /// Takes back the last `count` commits with everything that was written after the first of them;
    /// newest first.
    pub(crate) fn lose(&mut self, count: usize) -> Vec<Commit> {
        let mut lost = Vec::new();
        while lost.len() < count {
            let Some(write) = self.journal.writes.pop_back() else { break };
            self.back_to(&write.before);
            lost.extend(write.commit);
        }
        lost
    }
}
