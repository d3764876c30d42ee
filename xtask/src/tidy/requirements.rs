//! Rules about `docs/requirements.md`: every row of the 163 is there once and in order, and says what
//! shows it, or that it is open.

use super::docs::missing_tests;
use super::{Violation, numbered};
use crate::repository::Tree;

const REQUIREMENTS: &str = "docs/requirements.md";
/// How many rows each of the five systems gave.
const ROWS: [(&str, usize); 5] = [("S0", 43), ("S1", 33), ("S2", 11), ("S3", 23), ("S4", 53)];
const OPEN: &str = "open";

pub(crate) fn check(tree: &Tree) -> Vec<Violation> {
    let Some(text) = tree.texts.get(REQUIREMENTS) else { return Vec::new() };
    let mut found = missing_tests(tree, REQUIREMENTS, text);
    found.extend(wrong_rows(text));
    found
}

fn wrong_rows(text: &str) -> Vec<Violation> {
    let mut expected = ROWS
        .iter()
        .flat_map(|(system, rows)| (1..=*rows).map(move |row| format!("{system}.{row}")));
    let mut found = Vec::new();
    for (number, line) in numbered(text) {
        let Some((row, shown_by)) = row(line) else { continue };
        let due = expected.next().unwrap_or_else(|| "no more rows".to_owned());
        if row != due {
            let message = format!("{due} has its place here, not {row}");
            found.push(Violation::error(REQUIREMENTS, number, message));
            return found;
        }
        let is_open = shown_by == OPEN || shown_by.starts_with("open: ");
        if !is_open && !shown_by.starts_with('`') {
            let message = format!("{row} names neither a test nor a command, nor says `open`");
            found.push(Violation::error(REQUIREMENTS, number, message));
        }
    }
    if let Some(row) = expected.next() {
        found.push(Violation::error(REQUIREMENTS, 1, format!("{row} is missing")));
    }
    found
}

/// `| S0.1 | … |`
fn row(line: &str) -> Option<(&str, &str)> {
    let mut cells = line.strip_prefix("| S")?.split(" | ");
    let row = line.get(2..2 + 1 + cells.next()?.len())?;
    Some((row, cells.next()?.trim_end_matches('|').trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(change: impl Fn(&str) -> Option<String>) -> Vec<String> {
        let rows = ROWS
            .iter()
            .flat_map(|(system, rows)| (1..=*rows).map(move |row| format!("{system}.{row}")));
        let lines = rows.filter_map(|row| change(&row)).collect::<Vec<_>>().join("\n");
        wrong_rows(&lines).into_iter().map(|violation| violation.message).collect()
    }

    fn open(row: &str) -> Option<String> {
        Some(format!("| {row} | open |"))
    }

    #[test]
    fn every_row_is_there_once_and_in_order() {
        assert!(table(open).is_empty());
        let without =
            |lost: &'static str| move |row: &str| if row == lost { None } else { open(row) };
        assert_eq!(table(without("S1.7")), ["S1.7 has its place here, not S1.8"]);
        assert_eq!(table(without("S4.53")), ["S4.53 is missing"]);
        let twice = |row: &str| match row {
            "S4.53" => Some("| S4.53 | open |\n| S4.53 | open |".to_owned()),
            _other => open(row),
        };
        assert_eq!(table(twice), ["no more rows has its place here, not S4.53"]);
    }

    #[test]
    fn a_row_names_what_shows_it_or_says_open() {
        let shown = |by: &'static str| {
            move |row: &str| match row {
                "S0.3" => Some(format!("| S0.3 | {by} |")),
                _other => open(row),
            }
        };
        assert!(table(shown("`cargo xtask torture`")).is_empty());
        assert!(table(shown("open: comes with the bills")).is_empty());
        let message = "S0.3 names neither a test nor a command, nor says `open`";
        assert_eq!(table(shown("surely")), [message]);
        assert_eq!(table(shown("openly")), [message]);
    }
}
