//! What a client asks the server for in one go, and whether that carries a commit.
//!
//! A commit of ours is one statement, `SELECT paydesk_commit($1)`: prepared once under a name, then bound
//! and executed. It takes effect at the `Sync` behind it, which is where a batch ends. `paydesk_commit_each`
//! carries several, a list, and answers a row for each.

use super::frame::{Frame, text};
use crate::http::find;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Functions that write under a command's id.
const COMMITTING: [&[u8]; 2] = [b"paydesk_commit", b"paydesk_restock"];
/// Where a list of changesets begins: the version of `jsonb`, and a bracket.
const LIST: &[u8] = b"\x01[";
const COMMAND_ID: &[u8] = b"\"command_id\":\"";
const ORDER_ID: &[u8] = b"\"order_id\":\"";

/// The messages up to and with the one after which the server answers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    /// The server says at its end that it is ready for the next.
    pub(super) is_answered: bool,
    /// What it commits; nothing is usual.
    pub(super) commits: Vec<Commit>,
}

/// A commit on its way.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Commit {
    /// Under this name; none for a plain COMMIT.
    pub(super) command_id: Option<String>,
    /// Of this order; none when it is about none.
    pub(super) order_id: Option<String>,
}

/// Reads along with one client.
#[derive(Debug, Default)]
pub(super) struct Batches {
    /// Statements that commit, by their name.
    committing: BTreeSet<Vec<u8>>,
    /// What the portals commit.
    portals: BTreeMap<Vec<u8>, Vec<Commit>>,
    begun: Batch,
}

impl Batches {
    /// Takes a message; the batch that it ends, if it ends one.
    pub(super) fn take(&mut self, frame: &Frame) -> Option<Batch> {
        self.begun.bytes.extend_from_slice(&frame.bytes);
        let ends = match frame.tag {
            b'P' | b'B' | b'E' | b'D' | b'C' => {
                self.note(frame);
                false
            }
            b'Q' => {
                if is_commit(frame.payload()) {
                    self.begun.commits = vec![Commit::default()];
                }
                self.begun.is_answered = true;
                true
            }
            b'S' => {
                self.begun.is_answered = true;
                true
            }
            // Passwords, copies, flush, good-bye: not held back.
            _ => true,
        };
        ends.then(|| std::mem::take(&mut self.begun))
    }

    /// A message that is answered together with those behind it. One that cannot be read is left to
    /// the server.
    fn note(&mut self, frame: &Frame) -> Option<()> {
        match frame.tag {
            b'P' => self.parsed(frame.payload()),
            b'B' => self.bound(frame.payload()),
            b'E' => self.executed(frame.payload()),
            _ => None,
        }
    }

    fn parsed(&mut self, payload: &[u8]) -> Option<()> {
        let (name, rest) = text(payload)?;
        let (sql, _) = text(rest)?;
        if is_committing(sql) {
            self.committing.insert(name.to_owned());
        } else {
            self.committing.remove(name);
        }
        Some(())
    }

    fn bound(&mut self, payload: &[u8]) -> Option<()> {
        let (portal, rest) = text(payload)?;
        let (statement, values) = text(rest)?;
        if self.committing.contains(statement) {
            self.portals.insert(portal.to_owned(), commits_in(values));
        } else {
            self.portals.remove(portal);
        }
        Some(())
    }

    fn executed(&mut self, payload: &[u8]) -> Option<()> {
        let (portal, _) = text(payload)?;
        if let Some(commits) = self.portals.get(portal) {
            self.begun.commits.clone_from(commits);
        }
        Some(())
    }
}

fn is_committing(sql: &[u8]) -> bool {
    let is_call = sql.trim_ascii_start().to_ascii_uppercase().starts_with(b"SELECT");
    is_commit(sql) || (is_call && COMMITTING.iter().any(|name| find(sql, name).is_some()))
}

fn is_commit(sql: &[u8]) -> bool {
    sql.trim_ascii_start().to_ascii_uppercase().starts_with(b"COMMIT")
}

/// What the one value commits: a changeset, or a list of them.
fn commits_in(values: &[u8]) -> Vec<Commit> {
    let list = find(values, LIST).and_then(|at| values.get(at.saturating_add(1)..));
    let list = list.and_then(|text| {
        serde_json::Deserializer::from_slice(text).into_iter::<Vec<Value>>().next()?.ok()
    });
    match list {
        Some(sheets) => sheets.iter().map(|one| commit_in(one.to_string().as_bytes())).collect(),
        None => vec![commit_in(values)],
    }
}

/// What a changeset commits. Whichever of its rows names an order
/// first, it is the same one.
fn commit_in(values: &[u8]) -> Commit {
    Commit { command_id: member(values, COMMAND_ID), order_id: member(values, ORDER_ID) }
}

fn member(values: &[u8], name: &[u8]) -> Option<String> {
    let from = find(values, name)?.checked_add(name.len())?;
    let rest = values.get(from..)?;
    let end = rest.iter().position(|byte| *byte == b'"')?;
    String::from_utf8(rest.get(..end)?.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::super::frame::frame;
    use super::*;

    fn parse(name: &str, sql: &str) -> Frame {
        frame(b'P', format!("{name}\0{sql}\0\0\0").as_bytes())
    }

    fn bind(portal: &str, statement: &str, value: &str) -> Frame {
        frame(b'B', format!("{portal}\0{statement}\0\0\0\0\u{1}{value}").as_bytes())
    }

    fn batch(batches: &mut Batches, frames: &[Frame]) -> Batch {
        let (last, held) = frames.split_last().unwrap();
        for frame in held {
            assert_eq!(batches.take(frame), None, "it is held back until its batch ends");
        }
        let batch = batches.take(last).unwrap();
        let sent: Vec<u8> = frames.iter().flat_map(|frame| frame.bytes.clone()).collect();
        assert_eq!(batch.bytes, sent, "nothing is lost and nothing is added");
        batch
    }

    fn sync() -> Frame {
        frame(b'S', b"")
    }

    #[test]
    fn a_commit_is_known_by_the_statement_that_was_prepared_for_it() {
        let mut batches = Batches::default();
        let prepared = [parse("s1", "SELECT paydesk_commit($1)"), frame(b'D', b"Ss1\0"), sync()];
        assert_eq!(batch(&mut batches, &prepared).commits, [], "preparing commits nothing");
        let other = [parse("s2", "SELECT paydesk_load($1)"), sync()];
        batch(&mut batches, &other);
        let execute = frame(b'E', b"\0\0\0\0\0");
        let value = "\u{1}{\"command_id\":\"step:P1:7\",\"holds\":[{\"order_id\":\"o-1\"}],\"order_id\":\"o-1\"}";
        let commit = [bind("", "s1", value), execute.clone(), sync()];
        let commit = batch(&mut batches, &commit);
        assert!(commit.is_answered);
        let (command_id, order_id) = (Some("step:P1:7".to_owned()), Some("o-1".to_owned()));
        assert_eq!(commit.commits, [Commit { command_id, order_id }]);
        let load = [bind("", "s2", value), execute, sync()];
        assert_eq!(batch(&mut batches, &load).commits, [], "the portal holds another statement");
    }

    #[test]
    fn several_commits_in_one_statement_are_known_one_by_one() {
        let mut batches = Batches::default();
        let statement = "SELECT n, answer FROM paydesk_commit_each($1) ORDER BY n";
        batch(&mut batches, &[parse("s1", statement), sync()]);
        let sheet =
            |n: u8| format!("{{\"command_id\":\"c-{n}\",\"order\":{{\"order_id\":\"o-{n}\"}}}}");
        let list = format!("\u{1}[{},{}]\0\0", sheet(1), sheet(2));
        let asked = [bind("", "s1", &list), frame(b'E', b"\0\0\0\0\0"), sync()];
        let named =
            |n: u8| Commit { command_id: Some(format!("c-{n}")), order_id: Some(format!("o-{n}")) };
        assert_eq!(batch(&mut batches, &asked).commits, [named(1), named(2)]);
    }

    #[test]
    fn a_plain_commit_is_one_and_a_migration_that_only_defines_is_none() {
        let mut batches = Batches::default();
        let query = |sql: &str| [frame(b'Q', format!("{sql}\0").as_bytes())];
        assert_eq!(batch(&mut batches, &query("commit")).commits, [Commit::default()]);
        let defines = query("CREATE FUNCTION paydesk_commit(c jsonb) RETURNS text");
        assert!(batch(&mut batches, &defines).commits.is_empty());
        assert!(!batch(&mut batches, &[frame(b'X', b"")]).is_answered);
    }
}
