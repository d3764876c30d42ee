//! Looks in the code for what stands beside each rule.

use std::collections::{BTreeMap, BTreeSet};

use super::RULES;
use super::calls;
use super::rules::{Cell, Chapter, Direction, Entry, Member, Place, What, Word};
use super::structs::Structs;
use crate::repository::Tree;
use crate::tidy::Violation;

const TARGETS: &str = "crates/wechatpay/src/target.rs";
const ROUTES: &str = "crates/wechatpay-sim/src/core/route.rs";

/// The code that is asked.
pub(super) struct Code<'a> {
    tree: &'a Tree,
    called: BTreeMap<String, String>,
    answered: Vec<(String, String)>,
    tests: BTreeSet<&'a str>,
}

/// A chapter with what was found.
pub(super) struct Judged<'a> {
    pub(super) title: &'a str,
    pub(super) entries: Vec<JudgedEntry<'a>>,
}

pub(super) struct JudgedEntry<'a> {
    pub(super) entry: &'a Entry,
    pub(super) rows: Vec<Row>,
}

/// One line of the page.
pub(super) struct Row {
    /// The first cells.
    pub(super) rule: Vec<String>,
    pub(super) client: Found,
    pub(super) sandbox: Found,
}

/// What one side has of a rule.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// In words.
    Done(String),
    /// Left out on purpose, in words.
    Needless(String),
    Open,
}

impl<'a> Code<'a> {
    pub(super) fn of(tree: &'a Tree) -> Self {
        let text = |path: &str| tree.texts.get(path).map_or("", String::as_str);
        Self {
            tree,
            called: calls::called(text(TARGETS)),
            answered: calls::answered(text(ROUTES)),
            tests: tree.texts_ending(".rs").flat_map(|(_, text)| tests(text)).collect(),
        }
    }

    /// A file without its tests.
    fn text(&self, path: &str) -> Option<&'a str> {
        self.tree.texts.get(path).and_then(|text| text.split("#[cfg(test)]").next())
    }

    fn names(&self, path: &str, word: &str) -> bool {
        self.text(path).is_some_and(|text| text.contains(&format!("\"{word}\"")))
    }

    /// As written, a header's name in small letters, or a column without its unit in brackets.
    fn knows(&self, path: &str, word: &str) -> bool {
        let bare = word.split('(').next().unwrap_or_default();
        let is_header = word.contains('-') && self.names(path, &word.to_lowercase());
        is_header || self.names(path, word) || self.names(path, bare)
    }
}

/// Functions with an attribute that makes them tests.
fn tests(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim_start) {
        if line.starts_with("#[") {
            is_test |= line.contains("test]") || line.contains("test(");
        } else if !line.starts_with("//") {
            let name = line.split_once("fn ").and_then(|(_, rest)| rest.split(['(', '<']).next());
            found.extend(name.filter(|_| is_test));
            is_test = false;
        }
    }
    found
}

/// Every chapter with what was found, and what a rule names that is not there.
pub(super) fn judge<'a>(
    chapters: &'a [Chapter],
    code: &Code<'_>,
) -> (Vec<Judged<'a>>, Vec<Violation>) {
    let mut wrong = unlisted_calls(chapters, code);
    wrong.extend(unlisted_members(chapters, code));
    let mut judged = Vec::new();
    for chapter in chapters {
        let mut entries = Vec::new();
        for entry in &chapter.entries {
            wrong.extend(missing(entry, code));
            entries.push(JudgedEntry { entry, rows: rows(entry, code) });
        }
        judged.push(Judged { title: &chapter.title, entries });
    }
    (judged, wrong)
}

/// Tests, files and items that an entry names and that are not there.
fn missing(entry: &Entry, code: &Code<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut say = |message: String| found.push(Violation::error(RULES, entry.line, message));
    for test in entry.tests.iter().filter(|test| !code.tests.contains(test.as_str())) {
        say(format!("there is no test `{test}`"));
    }
    for place in places(&entry.client).chain(places(&entry.sandbox)) {
        let Some(text) = code.text(&place.path) else {
            say(format!("there is no {}", place.path));
            continue;
        };
        if let Some(item) = place.item.as_ref().filter(|item| !defines(text, item)) {
            say(format!("there is no `{item}` in {}", place.path));
        }
    }
    found
}

fn places(cell: &Cell) -> impl Iterator<Item = &Place> {
    match cell {
        Cell::At(places) => places.as_slice(),
        Cell::Open | Cell::Needless(_) => &[],
    }
    .iter()
}

/// Whether there is a function, type or constant of this name.
fn defines(text: &str, item: &str) -> bool {
    ["fn ", "const ", "struct ", "enum ", "static "].iter().any(|kind| {
        text.split(&format!("{kind}{item}")).skip(1).any(|after| {
            !after.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_')
        })
    })
}

fn rows(entry: &Entry, code: &Code<'_>) -> Vec<Row> {
    match &entry.what {
        What::Call { method, path } => vec![call(method, path, code)],
        What::Members { direction, members, .. } => {
            let row = |member| self::member(member, *direction, entry, code);
            members.iter().map(row).collect()
        }
        What::Words { words, .. } => {
            words.iter().map(|word| self::word(word, entry, code)).collect()
        }
        What::Rule(text) => vec![Row {
            rule: vec![text.clone()],
            client: of_cell(&entry.client),
            sandbox: of_cell(&entry.sandbox),
        }],
    }
}

fn call(method: &str, path: &str, code: &Code<'_>) -> Row {
    let anonymous = calls::anonymous(path);
    // Where a bill is fetched from is said by WeChat Pay, and followed as it is said.
    let is_link = path.starts_with("/v3/billdownload/") || path == "/v3/bill/downloadurl";
    let client = match code.called.get(&anonymous) {
        Some(item) => Found::Done(format!("`target.rs` {item}")),
        None if is_link => Found::Done("`bills/hosts.rs` find".to_owned()),
        None => Found::Open,
    };
    let is_answered = code.answered.contains(&(method.to_owned(), anonymous));
    let sandbox = if is_answered { Found::Done("`core/route.rs`".to_owned()) } else { Found::Open };
    Row { rule: vec![format!("`{method} {path}`")], client, sandbox }
}

fn member(member: &Member, direction: Direction, entry: &Entry, code: &Code<'_>) -> Row {
    let client = match (has(&entry.client, member, code), direction) {
        (None, _) => Found::Open,
        (Some(true), Direction::Asked) => Found::Done("sent".to_owned()),
        (Some(false), Direction::Asked) => Found::Needless("not sent".to_owned()),
        (Some(true), Direction::Said) => Found::Done("read".to_owned()),
        (Some(false), Direction::Said) => Found::Needless("not read".to_owned()),
    };
    let sandbox = match (has(&entry.sandbox, member, code), direction) {
        (Some(true), Direction::Asked) => Found::Done("checked".to_owned()),
        (Some(true), Direction::Said) => Found::Done("said".to_owned()),
        (Some(false) | None, _) => Found::Open,
    };
    let rule = vec![format!("`{}`", member.path), member.kind.clone(), member.when.clone()];
    Row { rule, client, sandbox }
}

/// Whether the struct, or else the file, has the member.
fn has(cell: &Cell, member: &Member, code: &Code<'_>) -> Option<bool> {
    let mut places = places(cell).peekable();
    places.peek()?;
    let name = member.path.rsplit('.').next().unwrap_or_default().trim_end_matches("[]");
    let is_in = |place: &Place| match members_at(place, code) {
        Some(members) => members.iter().any(|one| covers(one, &member.path)),
        None => code.names(&place.path, name),
    };
    Some(places.any(is_in))
}

fn members_at(place: &Place, code: &Code<'_>) -> Option<Vec<String>> {
    Structs::of(code.text(&place.path)?).members(place.item.as_ref()?)
}

/// A member of any JSON covers all that is below it.
fn covers(written: &str, documented: &str) -> bool {
    let rest = documented.strip_prefix(written);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

fn word(word: &Word, entry: &Entry, code: &Code<'_>) -> Row {
    let found = |cell: &Cell| {
        let at = places(cell).find(|place| code.knows(&place.path, &word.text));
        match (at, &word.why) {
            (Some(place), _) => Found::Done(shown(place)),
            (None, Some(why)) => Found::Needless(why.clone()),
            (None, None) => match cell {
                Cell::Open | Cell::At(_) => Found::Open,
                Cell::Needless(why) => Found::Needless(why.clone()),
            },
        }
    };
    let (client, sandbox) = (found(&entry.client), found(&entry.sandbox));
    Row { rule: vec![format!("`{}`", word.text)], client, sandbox }
}

fn of_cell(cell: &Cell) -> Found {
    match cell {
        Cell::Open => Found::Open,
        Cell::Needless(why) => Found::Needless(why.clone()),
        Cell::At(places) => Found::Done(places.iter().map(shown).collect::<Vec<_>>().join(", ")),
    }
}

/// `` `sign.rs` authorization ``
pub(super) fn shown(place: &Place) -> String {
    let path = ["crates/wechatpay/src/", "crates/wechatpay-sim/src/", "crates/"]
        .iter()
        .find_map(|base| place.path.strip_prefix(base))
        .unwrap_or(&place.path);
    match &place.item {
        Some(item) => format!("`{path}` {item}"),
        None => format!("`{path}`"),
    }
}

/// Endpoints in the code that no rule has.
fn unlisted_calls(chapters: &[Chapter], code: &Code<'_>) -> Vec<Violation> {
    let listed: BTreeSet<(&str, String)> = chapters
        .iter()
        .flat_map(|chapter| &chapter.entries)
        .filter_map(|entry| match &entry.what {
            What::Call { method, path } => Some((method.as_str(), calls::anonymous(path))),
            What::Members { .. } | What::Words { .. } | What::Rule(_) => None,
        })
        .collect();
    let mut found = Vec::new();
    for path in code.called.keys().filter(|path| !listed.iter().any(|(_, one)| one == *path)) {
        found.push(Violation::error(TARGETS, 1, format!("no rule has {path}")));
    }
    for (method, path) in &code.answered {
        if !listed.contains(&(method, path.clone())) {
            found.push(Violation::error(ROUTES, 1, format!("no rule has {method} {path}")));
        }
    }
    found
}

/// Members in the code that no rule about the same file has.
fn unlisted_members(chapters: &[Chapter], code: &Code<'_>) -> Vec<Violation> {
    let mut documented: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut structs: BTreeSet<(&str, &str)> = BTreeSet::new();
    for entry in chapters.iter().flat_map(|chapter| &chapter.entries) {
        let What::Members { members, .. } = &entry.what else { continue };
        for place in places(&entry.client).chain(places(&entry.sandbox)) {
            let named = members.iter().map(|member| member.path.as_str());
            documented.entry(&place.path).or_default().extend(named);
            structs.extend(place.item.as_ref().map(|item| (place.path.as_str(), item.as_str())));
        }
    }
    let mut found = Vec::new();
    for (path, item) in structs {
        let place = Place { path: path.to_owned(), item: Some(item.to_owned()) };
        let rules = documented.get(path).map_or(&[][..], Vec::as_slice);
        let written = members_at(&place, code).unwrap_or_default();
        for one in written.iter().filter(|one| !rules.iter().any(|rule| covers(one, rule))) {
            let message = format!("no rule has the member `{one}` of `{item}`");
            found.push(Violation::error(path, 1, message));
        }
    }
    found
}
