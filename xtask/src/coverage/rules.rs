//! Reads `docs/wechat-pay-rules.txt`, whose head says how it is written.

use super::RULES;
use crate::tidy::Violation;

const CLIENT: &str = "crates/wechatpay/src/";
const SANDBOX: &str = "crates/wechatpay-sim/src/";

/// What one § has.
#[derive(Debug)]
pub(super) struct Chapter {
    /// `§7.1 Prepay`.
    pub(super) title: String,
    pub(super) entries: Vec<Entry>,
}

/// A line without indentation, with those below it.
#[derive(Debug)]
pub(super) struct Entry {
    /// Where it stands in the file, from 1.
    pub(super) line: usize,
    pub(super) what: What,
    pub(super) client: Cell,
    pub(super) sandbox: Cell,
    /// Names of tests.
    pub(super) tests: Vec<String>,
}

#[derive(Debug)]
pub(super) enum What {
    /// An endpoint; its places are found in the code.
    Call { method: String, path: String },
    /// What a request or an answer has.
    Members { name: String, direction: Direction, members: Vec<Member> },
    /// Codes, states, columns.
    Words { name: String, words: Vec<Word> },
    /// Anything else that has to be done.
    Rule(String),
}

/// Who says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// The merchant, in a request.
    Asked,
    /// WeChat Pay, in an answer or a notification.
    Said,
}

/// `amount.total | int | yes`.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) path: String,
    pub(super) kind: String,
    pub(super) when: String,
}

/// `USERPAYING (payment codes only)`.
#[derive(Debug)]
pub(super) struct Word {
    pub(super) text: String,
    /// Why it may be missing.
    pub(super) why: Option<String>,
}

/// Where something is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Open,
    /// Nothing has to be done there, and why.
    Needless(String),
    At(Vec<Place>),
}

/// `sign.rs::authorization`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// From the root.
    pub(super) path: String,
    pub(super) item: Option<String>,
}

/// The chapters, and the lines that cannot be read.
pub(super) fn read(text: &str) -> (Vec<Chapter>, Vec<Violation>) {
    let mut chapters: Vec<Chapter> = Vec::new();
    let mut wrong = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line.starts_with('§') {
            chapters.push(Chapter { title: line.to_owned(), entries: Vec::new() });
            continue;
        }
        let taken = chapters.last_mut().and_then(|chapter| match line.strip_prefix("  ") {
            Some(below) => chapter.entries.last_mut().and_then(|entry| entry.add(below)),
            None => entry(number, line).map(|entry| chapter.entries.push(entry)),
        });
        if taken.is_none() {
            wrong.push(Violation::error(RULES, number, "this line cannot be read"));
        }
    }
    (chapters, wrong)
}

impl Entry {
    fn add(&mut self, below: &str) -> Option<()> {
        match &mut self.what {
            What::Members { members, .. } => {
                let mut cells = below.split(" | ").map(str::to_owned);
                let (path, kind, when) = (cells.next()?, cells.next()?, cells.next()?);
                members.push(Member { path, kind, when });
            }
            What::Words { words, .. } => {
                let (text, why) = match below.split_once(" (") {
                    Some((text, why)) => (text, Some(why.trim_end_matches(')').to_owned())),
                    None => (below, None),
                };
                words.push(Word { text: text.to_owned(), why });
            }
            What::Call { .. } | What::Rule(_) => return None,
        }
        Some(())
    }
}

fn entry(line: usize, text: &str) -> Option<Entry> {
    let (kind, rest) = text.split_once(' ')?;
    let cells: Vec<&str> = rest.split(" | ").collect();
    let places =
        |client, sandbox, tests| (cell(CLIENT, client), cell(SANDBOX, sandbox), named(tests));
    let (what, (client, sandbox, tests)) = match (kind, cells.as_slice()) {
        ("call", [call, tests]) => {
            let (method, path) = call.split_once(' ')?;
            let what = What::Call { method: method.to_owned(), path: path.to_owned() };
            (what, (Cell::Open, Cell::Open, named(tests)))
        }
        ("members", [name, direction, client, sandbox, tests]) => {
            let direction = match *direction {
                "asked" => Direction::Asked,
                "said" => Direction::Said,
                _other => return None,
            };
            let what = What::Members { name: (*name).to_owned(), direction, members: Vec::new() };
            (what, places(client, sandbox, tests))
        }
        ("words", [name, client, sandbox, tests]) => {
            let what = What::Words { name: (*name).to_owned(), words: Vec::new() };
            (what, places(client, sandbox, tests))
        }
        ("rule", [rule, client, sandbox, tests]) => {
            (What::Rule((*rule).to_owned()), places(client, sandbox, tests))
        }
        _other => return None,
    };
    Some(Entry { line, what, client, sandbox, tests })
}

fn cell(base: &str, text: &str) -> Cell {
    if text == "-" {
        return Cell::Open;
    }
    if let Some(why) = text.strip_prefix('(').and_then(|why| why.strip_suffix(')')) {
        return Cell::Needless(why.to_owned());
    }
    let place = |text: &str| {
        let (path, item) = match text.split_once("::") {
            Some((path, item)) => (path, Some(item.to_owned())),
            None => (text, None),
        };
        let path =
            if path.starts_with("crates/") { path.to_owned() } else { format!("{base}{path}") };
        Place { path, item }
    };
    Cell::At(text.split(", ").map(place).collect())
}

fn named(tests: &str) -> Vec<String> {
    tests.split(", ").filter(|test| *test != "-").map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_cannot_be_read_is_named() {
        let text = "# head\nrule before any chapter | - | - | -\n§1 One\nrule too | few\n  member below nothing\n\
                    members m | told | - | - | -\nwords w | - | - | -\n  A (because)\n";
        let (chapters, wrong) = read(text);
        let lines: Vec<String> = wrong.iter().map(ToString::to_string).collect();
        let expected: Vec<String> =
            [2, 4, 5, 6].map(|line| format!("{RULES}:{line}: this line cannot be read")).into();
        assert_eq!(lines, expected);
        assert_eq!(chapters[0].entries.len(), 1);
    }
}
