//! Writes `docs/wechat-pay-coverage.md`.

use std::fmt::Write as _;

use super::evidence::{Found, Judged, JudgedEntry, Row, shown};
use super::rules::{Cell, What};

const HEAD: &str = "# What of WeChat Pay v3 is covered, and where

Written by `cargo xtask coverage`; do not edit. The rules are those of [wechat-pay-rules.txt](wechat-pay-rules.txt), which follows the chapters of
the protocol. What stands beside them comes from the code: endpoints out of `target.rs` and `route.rs`, members out of the structs and
forms that write and read them, codes, states and columns out of the files that name them. A test fails when this page is stale, when it would name a file, an
item or a test that is not there, and when client or sandbox say something that no rule has.

Client files are below `crates/wechatpay/src`, those of the sandbox below `crates/wechatpay-sim/src`, others below `crates`. *Sent* and *read* are the client's words for
a member, *checked* and *said* the sandbox's. What a merchant need not send or read is left out on purpose; **open** is what nothing does yet.
";

/// The page.
pub(super) fn write(chapters: &[Judged<'_>]) -> String {
    let mut page = HEAD.to_owned();
    count(chapters, &mut page);
    open(chapters, &mut page);
    for chapter in chapters {
        line(&mut page, &format!("\n## {}", chapter.title));
        let mut before = None;
        for entry in &chapter.entries {
            let kind = std::mem::discriminant(&entry.entry.what);
            body(entry, before == Some(kind), &mut page);
            before = Some(kind);
        }
    }
    page
}

/// Whether an entry begins a table or goes on with the one before, and its rows.
fn body(judged: &JudgedEntry<'_>, goes_on: bool, page: &mut String) {
    let entry = judged.entry;
    let with_tests = match &entry.what {
        What::Call { .. } | What::Rule(_) => {
            let head = if matches!(entry.what, What::Rule(_)) { "rule" } else { "call" };
            if !goes_on {
                line(page, &format!("\n| {head} | client | sandbox | tests |\n|---|---|---|---|"));
            }
            true
        }
        What::Members { name, .. } => {
            line(page, &format!("\n**{name}**: {}", sources(judged)));
            line(page, "\n| member | type | when | client | sandbox |\n|---|---|---|---|---|");
            false
        }
        What::Words { name, .. } => {
            line(page, &format!("\n**{name}**: {}", sources(judged)));
            line(page, "\n| word | client | sandbox |\n|---|---|---|");
            false
        }
    };
    for row in &judged.rows {
        let mut cells = row.rule.clone();
        cells.extend([cell(&row.client), cell(&row.sandbox)]);
        if with_tests {
            cells.push(tests(&entry.tests));
        }
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        line(page, &format!("| {} |", cells.join(" | ")));
    }
}

fn sources(judged: &JudgedEntry<'_>) -> String {
    let of = |cell: &Cell| match cell {
        Cell::Open => "**open**".to_owned(),
        Cell::Needless(why) => why.clone(),
        Cell::At(places) => places.iter().map(shown).collect::<Vec<_>>().join(", "),
    };
    let entry = judged.entry;
    let tests = tests(&entry.tests);
    format!("client {}; sandbox {}; tests {tests}", of(&entry.client), of(&entry.sandbox))
}

fn tests(names: &[String]) -> String {
    if names.is_empty() {
        return "**open**".to_owned();
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn cell(found: &Found) -> String {
    match found {
        Found::Done(words) => words.clone(),
        Found::Needless(why) => format!("– {why}"),
        Found::Open => "**open**".to_owned(),
    }
}

/// How many rows each chapter has, and how many of them are done on each side.
fn count(chapters: &[Judged<'_>], page: &mut String) {
    line(
        page,
        "\n| chapter | rows | client does | left out | open | sandbox does | left out | open | without a test |",
    );
    line(page, "|---|---|---|---|---|---|---|---|---|");
    let mut all: [usize; 8] = [0; 8];
    for chapter in chapters {
        let mut counts: [usize; 8] = [0; 8];
        for entry in &chapter.entries {
            for row in &entry.rows {
                let without_test = entry.entry.tests.is_empty();
                for (count, is_so) in counts.iter_mut().zip(judged(row, without_test)) {
                    *count = count.saturating_add(usize::from(is_so));
                }
            }
        }
        for (sum, count) in all.iter_mut().zip(counts) {
            *sum = sum.saturating_add(count);
        }
        numbers(page, chapter.title, counts);
    }
    numbers(page, "all", all);
}

fn judged(row: &Row, without_test: bool) -> [bool; 8] {
    let side = |found: &Found| match found {
        Found::Done(_) => [true, false, false],
        Found::Needless(_) => [false, true, false],
        Found::Open => [false, false, true],
    };
    let ([a, b, c], [d, e, f]) = (side(&row.client), side(&row.sandbox));
    [true, a, b, c, d, e, f, without_test]
}

fn numbers(page: &mut String, title: &str, counts: [usize; 8]) {
    let counts: Vec<String> = counts.iter().map(ToString::to_string).collect();
    line(page, &format!("| {title} | {} |", counts.join(" | ")));
}

/// The rows that nothing covers, in one place.
fn open(chapters: &[Judged<'_>], page: &mut String) {
    line(page, "\n## Open\n");
    for chapter in chapters {
        for entry in &chapter.entries {
            let name = match &entry.entry.what {
                What::Members { name, .. } | What::Words { name, .. } => format!("{name}: "),
                What::Call { .. } | What::Rule(_) => String::new(),
            };
            for row in &entry.rows {
                let sides = [
                    ("client", row.client == Found::Open),
                    ("sandbox", row.sandbox == Found::Open),
                    ("test", entry.entry.tests.is_empty()),
                ];
                let missing: Vec<&str> =
                    sides.iter().filter(|(_, is_open)| *is_open).map(|(side, _)| *side).collect();
                if !missing.is_empty() {
                    let rule = row.rule.first().map_or("", String::as_str);
                    let whole = format!("{name}{rule}: {}", missing.join(", "));
                    let number = chapter.title.split(' ').next().unwrap_or_default();
                    let has_number = whole.starts_with('§');
                    let number = if has_number { String::new() } else { format!("{number} ") };
                    line(page, &format!("- {number}{whole}"));
                }
            }
        }
    }
}

fn line(page: &mut String, text: &str) {
    // Writing into memory has no way to fail.
    let _written = writeln!(page, "{text}");
}
