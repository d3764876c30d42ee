//! Rules about Rust sources: headers, lengths, and what the inner crates may not even mention.

use super::{Violation, numbered};
use crate::repository::Tree;

/// Beyond this a file does not fit a head.
const LINES_WARN: usize = 350;
/// Beyond this it has to be divided.
const LINES_MAX: usize = 500;

/// Time, chance, tasks, the environment, floating numbers, unordered maps: inputs of the inner crates,
/// or nothing at all. Clippy sees some of these too; this sees them behind every name and macro.
const NOT_INSIDE: [&str; 17] = [
    "SystemTime::now",
    "Instant::now",
    "now_utc",
    "now_local",
    "tokio::time",
    "tokio::spawn",
    "thread::spawn",
    "thread::sleep",
    "rand",
    "HashMap",
    "HashSet",
    "std::env",
    "std::fs",
    "std::net",
    "f32",
    "f64",
    "println!",
];
/// What makes a signature scheme, and who may: the client, for WeChat Pay's, and the simulation and the fuzzer,
/// whose cheaper ones must not be at hand where money is real. Tests may, too.
const MAKES_A_SCHEME: &str = concat!("SignatureScheme", " for ");
const SCHEMES: [&str; 3] = ["crates/wechatpay/src/rsa.rs", "crates/sim", "crates/protocol/"];
const INNER: [&str; 2] = ["crates/domain/src/", "crates/usecases/src/"];

pub(crate) fn check(tree: &Tree) -> Vec<Violation> {
    let ours = tree
        .texts_ending(".rs")
        .filter(|(path, _)| path.starts_with("crates/") || path.starts_with("xtask/"));
    ours.flat_map(|(path, text)| {
        let mut found = Vec::new();
        found.extend(header(path, text));
        found.extend(length(path, text));
        found.extend(effects_inside(path, text));
        found.extend(sql_from_text(path, text));
        found.extend(signature_scheme(path, text));
        found
    })
    .collect()
}

/// A module says first what it is and what it may not do.
fn header(path: &str, text: &str) -> Option<Violation> {
    let is_source = path.contains("/src/");
    (is_source && !text.starts_with("//!"))
        .then(|| Violation::error(path, 1, "does not begin with a `//!` header"))
}

fn length(path: &str, text: &str) -> Option<Violation> {
    let lines = text.lines().count();
    let message = format!("has {lines} lines: divide it");
    if lines > LINES_MAX {
        Some(Violation::error(path, lines, message))
    } else if lines > LINES_WARN {
        Some(Violation::warning(path, lines, message))
    } else {
        None
    }
}

fn effects_inside(path: &str, text: &str) -> Vec<Violation> {
    let is_tests = path.ends_with("/tests.rs") || path.contains("/tests/");
    if is_tests || !INNER.iter().any(|folder| path.starts_with(folder)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (number, line) in before_tests(text) {
        let code = line.split("//").next().unwrap_or_default();
        for word in NOT_INSIDE {
            if has_word(code, word) {
                let message = format!("`{word}` in an inner crate: take it as an input");
                found.push(Violation::error(path, number, message));
            }
        }
    }
    found
}

/// The lines above the tests, which come last.
fn before_tests(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines: Vec<&str> = text.lines().collect();
    let end = lines
        .windows(2)
        .position(|pair| pair[0].trim() == "#[cfg(test)]" && opens_module(pair[1]))
        .unwrap_or(lines.len());
    numbered(text).take(end)
}

fn opens_module(line: &str) -> bool {
    line.trim_start().starts_with("mod ") && line.trim_end().ends_with('{')
}

/// Is `word` there, and not a part of a longer name?
fn has_word(code: &str, word: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(start, _)| {
        let before = code[..start].chars().next_back();
        let after = code[start + word.len()..].chars().next();
        !before.is_some_and(is_name) && !after.is_some_and(is_name)
    })
}

/// A scheme that believes too much would be a hole in everything that rests on signatures.
fn signature_scheme(path: &str, text: &str) -> Option<Violation> {
    let may = path.contains("/tests/") || SCHEMES.iter().any(|known| path.starts_with(known));
    let (number, _) = before_tests(text).find(|(_, line)| line.contains(MAKES_A_SCHEME))?;
    (!may).then(|| Violation::error(path, number, "a signature scheme of its own"))
}

/// A statement made of text is where injected SQL gets in: bind values instead.
fn sql_from_text(path: &str, text: &str) -> Vec<Violation> {
    const CALL: &str = concat!("sql_query", "(");
    text.match_indices(CALL)
        .filter(|(start, _)| {
            let argument = text[start + CALL.len()..].trim_start();
            argument.trim_start_matches('&').starts_with("format!")
        })
        .map(|(start, _)| {
            let line = text[..start].lines().count().max(1);
            let line = if text[..start].ends_with('\n') { line + 1 } else { line };
            Violation::error(path, line, "SQL made with `format!`: bind the values")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSIDE: &str = "crates/domain/src/order.rs";

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(&Tree::of(&[(path, text)])).into_iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn every_source_begins_with_a_header() {
        assert_eq!(lines("crates/app/src/main.rs", "fn main() {}\n"), [1]);
        assert!(lines("crates/app/src/main.rs", "//! Wires.\nfn main() {}\n").is_empty());
        assert!(lines("crates/app/tests/one.rs", "fn main() {}\n").is_empty());
    }

    #[test]
    fn long_files_are_warned_about_and_longer_ones_refused() {
        let of = |lines: usize| format!("//! x\n{}", "\n".repeat(lines - 1));
        assert!(length(INSIDE, &of(LINES_WARN)).is_none());
        assert_eq!(length(INSIDE, &of(LINES_MAX)).unwrap().weight, super::super::Weight::Warning);
        assert_eq!(length(INSIDE, &of(LINES_MAX + 1)).unwrap().weight, super::super::Weight::Error);
    }

    #[test]
    fn inner_crates_mention_no_effects() {
        for effect in NOT_INSIDE {
            let text = format!("//! x\nlet a = {effect};\n");
            assert!(lines(INSIDE, &text).contains(&2), "{effect}");
            assert!(lines("crates/scheduler/src/lib.rs", &text).is_empty(), "{effect}");
        }
    }

    #[test]
    fn parts_of_names_comments_and_tests_may_say_anything() {
        let text = "//! x\nlet brand = operand_f64x; // uses HashMap\n#[cfg(test)]\nmod tests {\n\
                    use std::collections::HashMap;\n}\n";
        assert!(lines(INSIDE, text).is_empty());
    }

    #[test]
    fn a_module_of_tests_in_another_file_hides_nothing() {
        let text = "//! x\n#[cfg(test)]\nmod tests;\nfn a() -> f64 {}\n";
        assert_eq!(lines(INSIDE, text), [4]);
    }

    #[test]
    fn only_the_client_and_the_simulation_have_a_signature_scheme() {
        let text = format!("//! x\nimpl {MAKES_A_SCHEME}Mine {{\n");
        assert_eq!(lines("crates/app/src/service.rs", &text), [2]);
        assert_eq!(lines("crates/wechatpay/src/client.rs", &text), [2]);
        assert_eq!(lines("crates/wechatpay-sim/src/core.rs", &text), [2]);
        for may in [SCHEMES[0], "crates/sim/src/tags.rs", "crates/wechatpay/tests/it/scheme.rs"] {
            assert!(lines(may, &text).is_empty(), "{may}");
        }
        let in_tests = format!("//! x\n#[cfg(test)]\nmod tests {{\nimpl {MAKES_A_SCHEME}Mine {{\n");
        assert!(lines("crates/app/src/service.rs", &in_tests).is_empty());
    }

    #[test]
    fn sql_is_never_made_of_text() {
        let path = "crates/store-postgres/src/load.rs";
        let call = concat!("sql_query", "(");
        let text = format!("//! x\n  {call}\n    &format!(\"a {{b}}\"))\n");
        assert_eq!(lines(path, &text), [2]);
        assert!(lines(path, &format!("//! x\n{call}\"SELECT 1\")\n")).is_empty());
    }
}
