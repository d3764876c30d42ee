//! One planted change: a text file that says what it changes, why that is a mistake, and which
//! promise it breaks; then what is found in a file and what is put in its place.
//!
//! ```text
//! what: a surplus payment is recorded and not sent back
//! why: the payer has neither the goods nor the money
//! found by: sim
//! promise: I13
//!
//! in crates/domain/src/order/settle.rs
//! --- find
//! (lines, exactly as they are there, once)
//! --- put
//! (lines)
//! --- end
//! ```
//!
//! `promise` may name several, one a word: which is broken first is a matter of chance.

use anyhow::{Context, Result, bail};

use crate::repository::Tree;
use crate::tidy::Violation;

/// Where they are, and how their names end.
const FOLDER: &str = "xtask/planted/";
const ENDING: &str = ".planted";

/// What has to find a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FoundBy {
    /// The simulation.
    Sim,
    /// The sweep, at depth one.
    Sweep,
    /// The suite that both stores pass.
    Conformance,
    /// The model.
    Model,
    /// The tests of the domain: rules that no world has a second reading of.
    Domain,
    /// The tests of the store on a real PostgreSQL.
    Postgres,
}

/// A change to be planted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) name: String,
    pub(super) what: String,
    pub(super) found_by: FoundBy,
    /// Any of these: numbers of promises, or names of tests.
    pub(super) promises: Vec<String>,
    pub(super) edits: Vec<Edit>,
}

/// One place that is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) path: String,
    find: String,
    put: String,
}

impl FoundBy {
    const ALL: [FoundBy; 6] = [
        FoundBy::Sim,
        FoundBy::Sweep,
        FoundBy::Conformance,
        FoundBy::Model,
        FoundBy::Domain,
        FoundBy::Postgres,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            FoundBy::Sim => "sim",
            FoundBy::Sweep => "sweep",
            FoundBy::Conformance => "conformance",
            FoundBy::Model => "model",
            FoundBy::Domain => "domain",
            FoundBy::Postgres => "postgres",
        }
    }
}

impl Edit {
    /// The text of its file with the change made.
    pub(super) fn applied(&self, text: &str) -> Result<String> {
        match text.matches(&self.find).count() {
            1 => Ok(text.replacen(&self.find, &self.put, 1)),
            0 => bail!("{} has not the text any more that is to be replaced", self.path),
            count => bail!("{} has the text that is to be replaced {count} times", self.path),
        }
    }
}

/// All of them, by name.
pub(super) fn read(tree: &Tree) -> Result<Vec<Change>> {
    files(tree).map(|(path, text)| parse(path, text).with_context(|| path.to_owned())).collect()
}

fn files(tree: &Tree) -> impl Iterator<Item = (&str, &str)> {
    tree.texts_ending(ENDING).filter(|(path, _)| path.starts_with(FOLDER))
}

/// The rule of tidy: every change can be made to the tree as it is.
pub(crate) fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, text) in files(tree) {
        let made = parse(path, text).and_then(|change| made_to(tree, &change));
        found.extend(made.err().map(|why| Violation::error(path, 1, format!("{why:#}"))));
    }
    found
}

fn made_to(tree: &Tree, change: &Change) -> Result<()> {
    let mut texts = std::collections::BTreeMap::new();
    for edit in &change.edits {
        let text = match texts.get(&edit.path) {
            Some(changed) => changed,
            None => tree.texts.get(&edit.path).with_context(|| format!("no {}", edit.path))?,
        };
        is_newest(tree, edit, text)?;
        let changed = edit.applied(text)?;
        texts.insert(edit.path.clone(), changed);
    }
    Ok(())
}

/// A function that a later migration replaces is not carried out any more, with its mistake or without.
fn is_newest(tree: &Tree, edit: &Edit, text: &str) -> Result<()> {
    let Some(before) = text.find(&edit.find).and_then(|at| text.get(..at + edit.find.len())) else {
        return Ok(());
    };
    // Not those that are only altered, or called by a trigger.
    let begins = ["CREATE FUNCTION ", "CREATE OR REPLACE FUNCTION "];
    let last =
        begins.into_iter().filter_map(|words| Some(before.rfind(words)? + words.len())).max();
    let Some(function) = last.and_then(|at| before.get(at..)) else { return Ok(()) };
    let name = function.split('(').next().unwrap_or_default();
    let begins = begins.map(|words| format!("{words}{name}("));
    let mut later = tree.texts_ending("/up.sql").filter(|(path, _)| *path > edit.path.as_str());
    match later.find(|(_, text)| begins.iter().any(|begins| text.contains(begins))) {
        Some((path, _)) if edit.path.starts_with("migrations/") => {
            bail!("{name} in {} is replaced in {path}", edit.path)
        }
        Some(_) | None => Ok(()),
    }
}

pub(super) fn parse(path: &str, text: &str) -> Result<Change> {
    let name = path.trim_start_matches(FOLDER).trim_end_matches(ENDING).to_owned();
    let (head, _) = text.split_once("\nin ").context("nothing is changed (`in PATH`)")?;
    let said = |key: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
        line.map(str::trim).filter(|line| !line.is_empty()).with_context(|| format!("no `{key}: `"))
    };
    said("why")?;
    let found_by = said("found by")?;
    let found_by = FoundBy::ALL.into_iter().find(|one| one.name() == found_by);
    Ok(Change {
        name,
        what: said("what")?.to_owned(),
        found_by: found_by
            .context("`found by: ` is sim, sweep, conformance, model, domain or postgres")?,
        promises: said("promise")?.split_whitespace().map(str::to_owned).collect(),
        edits: edits(text.get(head.len()..).unwrap_or_default())?,
    })
}

fn edits(text: &str) -> Result<Vec<Edit>> {
    let mut edits = Vec::new();
    let mut path = None;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(named) = line.strip_prefix("in ") {
            path = Some(named.trim().to_owned());
        } else if line == "--- find" {
            let path = path.clone().context("`--- find` before `in PATH`")?;
            let find = until(&mut lines, "--- put")?;
            let put = until(&mut lines, "--- end")?;
            if find.trim().is_empty() {
                bail!("nothing is to be found in {path}");
            }
            edits.push(Edit { path, find, put });
        } else if !line.trim().is_empty() {
            bail!("not understood: {line}");
        }
    }
    if edits.is_empty() {
        bail!("nothing is changed (`--- find`)");
    }
    Ok(edits)
}

/// The lines up to `end`, each with its end.
fn until<'a>(lines: &mut impl Iterator<Item = &'a str>, end: &str) -> Result<String> {
    let mut text = String::new();
    for line in lines {
        if line == end {
            return Ok(text);
        }
        text.push_str(line);
        text.push('\n');
    }
    bail!("no `{end}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "xtask/planted/a-mistake.planted";
    const FILE: &str = "crates/domain/src/a.rs";
    const TEXT: &str = "what: w\nwhy: y\nfound by: sim\npromise: I1 I2\n\n\
                        in crates/domain/src/a.rs\n--- find\nb();\n--- put\n--- end\n";

    fn said(source: &str, text: &str) -> Vec<String> {
        let found = check(&Tree::of(&[(FILE, source), (PATH, text)]));
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_change_is_what_its_file_says() {
        let change = parse(PATH, TEXT).unwrap();
        assert_eq!((change.name.as_str(), change.found_by), ("a-mistake", FoundBy::Sim));
        assert_eq!(change.promises, ["I1", "I2"]);
        assert_eq!(change.edits[0].applied("a();\nb();\nc();\n").unwrap(), "a();\nc();\n");
    }

    #[test]
    fn a_change_that_can_be_made_is_fine() {
        assert_eq!(said("a();\nb();\n", TEXT), Vec::<String>::new());
    }

    #[test]
    fn a_change_whose_place_is_gone_is_an_error() {
        assert!(said("a();\n", TEXT)[0].contains("not the text any more"));
        assert!(said("b();\nb();\n", TEXT)[0].contains("2 times"));
    }

    #[test]
    fn a_change_of_a_function_that_is_replaced_later_is_an_error() {
        let old = "migrations/0001_a/up.sql";
        let text = TEXT.replace(FILE, old);
        let function = "CREATE FUNCTION f(x text)\nb();\nCREATE FUNCTION g()\n";
        let said = |later: &str| {
            let later = ("migrations/0002_b/up.sql", later);
            let tree = Tree::of(&[(old, function), later, (PATH, &text)]);
            check(&tree).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(said("CREATE OR REPLACE FUNCTION g()\n"), Vec::<String>::new());
        assert_eq!(said("ALTER FUNCTION f(x text) SET y = z;\n"), Vec::<String>::new());
        assert!(said("CREATE FUNCTION f(x text)\n")[0].contains("f in migrations/0001_a"));
        assert!(
            said("CREATE OR REPLACE FUNCTION f(x text)\n")[0].contains("f in migrations/0001_a")
        );
    }

    #[test]
    fn a_change_without_its_reason_is_an_error() {
        assert!(said("b();\n", &TEXT.replace("why: y\n", ""))[0].contains("no `why: `"));
        assert!(said("b();\n", &TEXT.replace("sim", "luck"))[0].contains("found by"));
    }
}
