//! The licences of everything we build on: only those that ask for no more than a notice.

use super::dependencies::Package;
use super::{Violation, line_with};
use crate::repository::Tree;

const ALLOWED: [&str; 12] = [
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "ISC",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "Unicode-3.0",
    "Zlib",
    "0BSD",
    "BSL-1.0",
    "Unlicense",
];
/// Not for code: the certificates of well-known authorities.
const ALLOWED_DATA: [&str; 2] = ["CDLA-Permissive-2.0", "CC0-1.0"];

pub(crate) fn check(tree: &Tree, packages: &[Package]) -> Vec<Violation> {
    let lock = tree.texts.get("Cargo.lock").map_or("", String::as_str);
    packages
        .iter()
        .filter(|package| !package.licence.as_deref().is_some_and(is_allowed))
        .map(|package| {
            let line = line_with(lock, |line| line == format!("name = \"{}\"", package.name));
            let licence = package.licence.as_deref().unwrap_or("(none stated)");
            let message = format!("{} {} has the licence {licence}", package.name, package.version);
            Violation::error("Cargo.lock", line, message)
        })
        .collect()
}

/// Reads an SPDX expression: `OR` binds less than `AND`; an old `/` means `OR`. An expression that
/// cannot be read is not allowed.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    any_of(&mut rest) == Some(true) && rest.is_empty()
}

fn any_of(words: &mut &[&str]) -> Option<bool> {
    let mut answer = all_of(words)?;
    while let Some(("OR", rest)) = words.split_first().map(|(word, rest)| (*word, rest)) {
        *words = rest;
        answer |= all_of(words)?;
    }
    Some(answer)
}

fn all_of(words: &mut &[&str]) -> Option<bool> {
    let mut answer = one(words)?;
    while let Some(("AND", rest)) = words.split_first().map(|(word, rest)| (*word, rest)) {
        *words = rest;
        answer &= one(words)?;
    }
    Some(answer)
}

fn one(words: &mut &[&str]) -> Option<bool> {
    let (first, rest) = words.split_first()?;
    *words = rest;
    if *first == "(" {
        let answer = any_of(words)?;
        let (closing, rest) = words.split_first()?;
        *words = rest;
        return (*closing == ")").then_some(answer);
    }
    let mut name = (*first).to_owned();
    if let ["WITH", exception, rest @ ..] = *words {
        name = format!("{name} WITH {exception}");
        *words = rest;
    }
    Some(ALLOWED.contains(&name.as_str()) || ALLOWED_DATA.contains(&name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_read_as_spdx_says() {
        for fine in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT",
        ] {
            assert!(is_allowed(fine), "{fine}");
        }
        for bad in [
            "GPL-3.0-or-later",
            "MIT AND MPL-2.0",
            "Apache-2.0 WITH Commons-Clause",
            "(MIT",
            "MIT MIT",
            "",
            "MIT OR",
        ] {
            assert!(!is_allowed(bad), "{bad}");
        }
    }

    #[test]
    fn a_package_without_a_licence_is_refused() {
        let package = Package { name: "mystery".to_owned(), ..Package::default() };
        let lock = "[[package]]\nname = \"mystery\"\n";
        let found = check(&Tree::of(&[("Cargo.lock", lock)]), &[package]);
        assert_eq!(found.iter().map(|violation| violation.line).collect::<Vec<_>>(), [2]);
    }
}
