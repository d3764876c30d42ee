//! Rules about documents: links lead somewhere, translations keep step, invariants name their tests.

use super::{Violation, numbered};
use crate::repository::Tree;

/// How the name of a translation ends.
const CHINESE: &str = ".zh-CN.md";
const ARCHITECTURE: &str = "docs/ARCHITECTURE.md";
const RACES: &str = "docs/races.md";
const INVARIANT: &str = "**Invariant:**";
const DRAWING: &str = "```text";

pub(crate) fn check(tree: &Tree) -> Vec<Violation> {
    let mut found: Vec<Violation> =
        tree.texts_ending(".md").flat_map(|(path, text)| dead_links(tree, path, text)).collect();
    for (path, chinese) in tree.texts_ending(CHINESE) {
        let original = path.replace(CHINESE, ".md");
        match tree.texts.get(&original) {
            Some(english) => found.extend(difference((&original, english), (path, chinese))),
            None => found.push(Violation::error(path, 1, format!("there is no {original}"))),
        }
    }
    if let Some(text) = tree.texts.get(ARCHITECTURE) {
        found.extend(unguarded_invariants(tree, text));
    }
    if let Some(text) = tree.texts.get(RACES) {
        found.extend(missing_tests(tree, RACES, text));
    }
    found
}

/// Every test that a line names is there.
pub(super) fn missing_tests(tree: &Tree, path: &str, text: &str) -> Vec<Violation> {
    let named = numbered(text)
        .flat_map(|(number, line)| tests_named(line).into_iter().map(move |test| (number, test)));
    named
        .filter(|(_, test)| !exists(tree, test))
        .map(|(number, test)| Violation::error(path, number, format!("there is no test `{test}`")))
        .collect()
}

fn dead_links(tree: &Tree, path: &str, text: &str) -> Vec<Violation> {
    prose(text)
        .flat_map(|(number, line)| links(&line).into_iter().map(move |link| (number, link)))
        .filter(|(_, link)| !leads_somewhere(tree, path, link))
        .map(|(number, link)| {
            Violation::error(path, number, format!("the link to {link} leads nowhere"))
        })
        .collect()
}

/// Lines outside fenced code, with `inline code` taken out.
fn prose(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut in_code = false;
    numbered(text).filter_map(move |(number, line)| {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        let is_prose = !in_code && !is_fence;
        is_prose.then(|| (number, line.split('`').step_by(2).collect()))
    })
}

/// The targets of `[text](target)` and `[text](target "title")`.
fn links(line: &str) -> Vec<String> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter_map(|target| target.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

fn leads_somewhere(tree: &Tree, from: &str, link: &str) -> bool {
    let is_elsewhere = link.contains("://") || link.starts_with("mailto:");
    let file = link.split('#').next().unwrap_or_default().trim_end_matches('/');
    if is_elsewhere || file.is_empty() {
        return true;
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in file.split('/') {
        match part {
            "." => {}
            ".." if parts.pop().is_none() => return false,
            ".." => {}
            name => parts.push(name),
        }
    }
    parts.is_empty() || tree.paths.contains(&parts.join("/"))
}

/// A translation says the same: as many headings and lines of tables, and the same commands to copy.
fn difference((original, english): (&str, &str), (path, chinese): (&str, &str)) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut compare = |what: &str, ours: usize, theirs: usize| {
        if ours != theirs {
            let message = format!("has {theirs} {what}, {original} has {ours}");
            found.push(Violation::error(path, 1, message));
        }
    };
    let beginning =
        |text: &str, with: char| prose(text).filter(|(_, line)| line.starts_with(with)).count();
    compare("headings", beginning(english, '#'), beginning(chinese, '#'));
    compare("lines of tables", beginning(english, '|'), beginning(chinese, '|'));
    let (ours, theirs) = (code_blocks(english), code_blocks(chinese));
    compare("code blocks", ours.len(), theirs.len());
    for ((_, here), (number, there)) in ours.iter().zip(&theirs) {
        if here != there {
            let message = format!("this code block differs from the one in {original}");
            found.push(Violation::error(path, *number, message));
        }
    }
    found
}

/// The fenced blocks with the line each begins on. What a reader copies has to be the same; remarks
/// after `#`, and drawings (`text`), are translated.
fn code_blocks(text: &str) -> Vec<(usize, Vec<&str>)> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, Vec<&str>)> = None;
    for (number, line) in numbered(text) {
        if line.trim_start().starts_with("```") {
            match open.take() {
                Some(block) => blocks.push(block),
                None => open = Some((number, vec![line.trim()])),
            }
        } else if let Some((_, lines)) = &mut open
            && lines.first() != Some(&DRAWING)
        {
            lines.push(without_remark(line));
        }
    }
    blocks
}

fn without_remark(line: &str) -> &str {
    let code = if line.starts_with('#') { "" } else { line };
    code.split(" # ").next().unwrap_or_default().trim_end()
}

/// Every invariant says: test `name_of_the_test`; and there is such a function.
fn unguarded_invariants(tree: &Tree, text: &str) -> Vec<Violation> {
    let mut found = Vec::new();
    for (number, invariant) in invariants(text) {
        let tests = tests_named(&invariant);
        if tests.is_empty() {
            let message = "this invariant names no test: write test `name`";
            found.push(Violation::error(ARCHITECTURE, number, message));
        }
        for test in tests.iter().filter(|test| !exists(tree, test)) {
            let message = format!("there is no test `{test}`");
            found.push(Violation::error(ARCHITECTURE, number, message));
        }
    }
    found
}

/// From the word to the end of its paragraph or item, or to the next one.
fn invariants(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut is_open = false;
    for (number, line) in numbered(text) {
        if line.contains(INVARIANT) {
            found.push((number, line.to_owned()));
            is_open = true;
        } else if line.trim().is_empty() || line.trim_start().starts_with(['-', '*', '#', '|']) {
            is_open = false;
        } else if let (true, Some((_, invariant))) = (is_open, found.last_mut()) {
            invariant.push(' ');
            invariant.push_str(line.trim());
        }
    }
    found
}

/// The names in test `a`, tests `a`, `b` and `c`; of a path the last part.
fn tests_named(invariant: &str) -> Vec<String> {
    let pieces: Vec<&str> = invariant.split('`').collect();
    let mut names = Vec::new();
    let mut is_list = false;
    for pair in pieces.chunks(2) {
        let [between, name] = pair else { break };
        let words = between.trim_end();
        let begins = words.ends_with("test") || words.ends_with("tests");
        let goes_on = is_list && matches!(words.trim(), "," | "and" | ", and");
        is_list = begins || goes_on;
        if is_list {
            names.push(name.rsplit("::").next().unwrap_or(name).to_owned());
        }
    }
    names
}

fn exists(tree: &Tree, test: &str) -> bool {
    let function = format!("fn {test}(");
    tree.texts_ending(".rs").any(|(_, text)| text.contains(&function))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(files: &[(&str, &str)]) -> Vec<usize> {
        check(&Tree::of(files)).into_iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn links_lead_to_files_that_are_there() {
        let text = "[a](../README.md#top) [b](https://example.com) [c](#here)\n\n[d](gone.md)\n\
                    `[e](code)`\n```\n[f](fenced)\n```\n[g](../../outside.md)\n";
        assert_eq!(lines(&[("docs/a.md", text), ("README.md", "")]), [3, 8]);
    }

    /// What is wrong with a translation.
    fn translated(english: &str, chinese: &str) -> Vec<usize> {
        lines(&[("docs/a.md", english), ("docs/a.zh-CN.md", chinese)])
    }

    #[test]
    fn a_translation_has_the_same_headings_and_tables() {
        assert_eq!(translated("# A\n## B\n", "# 甲\n"), [1]);
        assert!(translated("# A\n## B\n", "# 甲\n## 乙\n").is_empty());
        assert_eq!(translated("| a |\n|---|\n| b |\n", "| 甲 |\n|---|\n"), [1]);
        assert_eq!(lines(&[("docs/a.zh-CN.md", "# 甲\n")]), [1]);
    }

    #[test]
    fn a_translation_has_the_same_commands_with_its_own_remarks() {
        let english = "```sh\ncargo run # starts\n# then\ncargo test\n```\n";
        let chinese = "```sh\ncargo run # 启动\n# 然后\ncargo test\n```\n";
        assert!(translated(english, chinese).is_empty());
        assert_eq!(translated(english, &chinese.replace("cargo test", "cargo build")), [1]);
        assert_eq!(translated(english, ""), [1]);
        let drawing = |words: &str| format!("```text\n{words} ->\n```\n");
        assert!(translated(&drawing("pay"), &drawing("付")).is_empty());
    }

    #[test]
    fn an_invariant_names_a_test_that_exists() {
        let text = "- **Invariant:** a holds,\n  test `a_holds`.\n\n**Invariant:** b (test `b_holds`).\n\
                    \n**Invariant:** c.\n\n**Invariant:** d, tests `a_holds` and `x::c_holds`.\n";
        let source = ("crates/a/src/lib.rs", "fn a_holds() {}\nfn b_holds_not() {}");
        assert_eq!(lines(&[(ARCHITECTURE, text), source]), [4, 6, 8]);
    }

    #[test]
    fn a_race_names_tests_that_exist() {
        let text = "| R1 | x | test `a_holds` |\n| R2 | y | tests `a_holds` and `b_holds` |\n";
        let source = ("crates/a/src/lib.rs", "fn a_holds() {}");
        assert_eq!(lines(&[("docs/races.md", text), source]), [2]);
    }

    #[test]
    fn documents_that_do_not_exist_yet_are_no_violation() {
        assert!(lines(&[("README.md", "# A\n")]).is_empty());
    }
}
