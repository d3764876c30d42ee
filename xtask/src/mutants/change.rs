//! One change, as `cargo-mutants` lists it: where it is, and what the function around it becomes.
//!
//! Pure: reads no file and runs nothing.

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// One change of one expression.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// Where and what, such as `crates/domain/src/money.rs:27:9: replace Fen::get -> i64 with 0`.
    pub(super) name: String,
    /// The file, relative to the root.
    pub(super) file: String,
    diff: String,
    /// The function around it, from its first to behind its last character; lines and columns from 1.
    function: Option<((usize, usize), (usize, usize))>,
}

/// A function's body before and after a change, in bytes of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Body {
    /// Its opening brace.
    pub(super) from: usize,
    /// Behind its closing one.
    pub(super) to: usize,
    /// What it becomes, with its braces.
    pub(super) changed: String,
}

impl Change {
    /// Every change of a list.
    pub(super) fn all(list: &Value) -> Result<Vec<Change>> {
        list.as_array().context("not a list")?.iter().map(Change::read).collect()
    }

    fn read(entry: &Value) -> Result<Change> {
        let text = |key: &str| {
            let value = entry[key].as_str().with_context(|| format!("no {key}: {entry}"));
            value.map(str::to_owned)
        };
        let at = |place: &Value| {
            let number = |key: &str| usize::try_from(place[key].as_u64()?).ok();
            Some((number("line")?, number("column")?))
        };
        let span = &entry["function"]["span"];
        Ok(Change {
            name: text("name")?,
            file: text("file")?,
            diff: text("diff")?,
            function: at(&span["start"]).zip(at(&span["end"])),
        })
    }

    /// Matches its name and no other.
    pub(super) fn as_regex(&self) -> String {
        let mut regex = String::from("^");
        for c in self.name.chars() {
            if r"\.+*?()|[]{}^$#&-~".contains(c) {
                regex.push('\\');
            }
            regex.push(c);
        }
        regex + "$"
    }

    /// The body of the function around it, in `text`, which is the file without the change. `None` for
    /// what a condition at run time cannot switch: a constant, or a type that is not named.
    pub(super) fn body(&self, text: &str) -> Result<Option<Body>> {
        let Some((start, end)) = self.function else { return Ok(None) };
        let (start, to) = (offset(text, start)?, offset(text, end)?);
        let function = text.get(start..to).context("a function outside of its file")?;
        let opening = opening_brace(function).context("a function without a body")?;
        let head = &function[..opening];
        if head.contains("const fn ") || head.contains("-> impl ") {
            return Ok(None);
        }
        let changed = patched(text, &self.diff).with_context(|| self.name.clone())?;
        let behind = text.len().saturating_sub(to);
        let from = start.saturating_add(opening);
        let body = changed.get(from..changed.len().saturating_sub(behind));
        let body = body.context("the change is outside of its function")?;
        Ok(Some(Body { from, to, changed: body.to_owned() }))
    }
}

/// The byte at a line and column, both from 1.
fn offset(text: &str, (line, column): (usize, usize)) -> Result<usize> {
    let mut lines = text.split_inclusive('\n');
    let before: usize = lines.by_ref().take(line.saturating_sub(1)).map(str::len).sum();
    let line = lines.next().unwrap_or_default();
    let within: usize = line.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum();
    let at = before.saturating_add(within);
    if at > text.len() { bail!("no such place") } else { Ok(at) }
}

/// Where the body of a function begins: the first brace behind its name that is in no parentheses.
fn opening_brace(function: &str) -> Option<usize> {
    let name = function.find("fn ")?;
    let mut depth = 0_i32;
    let mut comment = false;
    let mut before = ' ';
    for (at, c) in function.char_indices().skip_while(|(at, _)| *at < name) {
        match c {
            '\n' => comment = false,
            _ if comment => {}
            '/' if before == '/' => comment = true,
            '(' | '[' => depth = depth.saturating_add(1),
            ')' | ']' => depth = depth.saturating_sub(1),
            '{' if depth == 0 => return Some(at),
            _ => {}
        }
        before = c;
    }
    None
}

/// `text` after a unified diff, which has to fit exactly.
fn patched(text: &str, diff: &str) -> Result<String> {
    let mut rest = text.split_inclusive('\n');
    let mut result = String::new();
    let mut read = 0_usize;
    for line in diff.split_inclusive('\n') {
        if line.starts_with("---") || line.starts_with("+++") || line.starts_with('\\') {
            continue;
        }
        if let Some(hunk) = line.strip_prefix("@@ -") {
            let first = hunk.split([',', ' ']).next().context("no line")?.parse::<usize>()?;
            let skipped = first.saturating_sub(1).saturating_sub(read);
            result.extend(rest.by_ref().take(skipped));
            read = read.saturating_add(skipped);
            continue;
        }
        if let Some(added) = line.strip_prefix('+') {
            result.push_str(added);
            continue;
        }
        let old = rest.next().context("the diff goes on behind the end of the file")?;
        read = read.saturating_add(1);
        if line.get(1..) != Some(old) {
            bail!("the diff does not fit line {read}");
        }
        if line.starts_with(' ') {
            result.push_str(old);
        }
    }
    result.extend(rest);
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "use a;\n\nimpl B {\n    /// 茶 {\n    fn more(self, of: [u8; 2]) -> bool {\n        self.a > of[0]\n    }\n}\n";

    fn change(diff: &str, span: ((usize, usize), (usize, usize))) -> Change {
        let file = "crates/domain/src/b.rs".to_owned();
        Change {
            name: "b.rs:6:16: replace > with <".into(),
            file,
            diff: diff.into(),
            function: Some(span),
        }
    }

    #[test]
    fn a_change_is_the_body_of_its_function_before_and_after() {
        let diff = "--- b.rs\n+++ replace > with <\n@@ -4,5 +4,5 @@\n     /// 茶 {\n     fn more(self, of: [u8; 2]) -> bool {\n-        self.a > of[0]\n+        self.a < of[0]\n     }\n }\n";
        let body = change(diff, ((5, 5), (7, 6))).body(TEXT).unwrap().unwrap();
        assert_eq!(&TEXT[body.from..body.to], "{\n        self.a > of[0]\n    }");
        assert_eq!(body.changed, "{\n        self.a < of[0]\n    }");
    }

    #[test]
    fn a_diff_that_does_not_fit_is_an_error() {
        let diff = "@@ -6,1 +6,1 @@\n-        self.a >= of[0]\n+        true\n";
        assert!(change(diff, ((5, 5), (7, 6))).body(TEXT).is_err());
    }

    #[test]
    fn what_is_constant_or_has_no_named_type_is_not_switched() {
        for head in ["const fn get() -> i64", "fn all(&self) -> impl Iterator<Item = B>"] {
            let text = format!("{head} {{ 1 }}\n");
            let end = (1, text.len());
            assert_eq!(change("", ((1, 1), end)).body(&text).unwrap(), None);
        }
    }

    #[test]
    fn the_name_of_a_change_is_matched_as_it_is() {
        let regex = change("", ((1, 1), (1, 1))).as_regex();
        assert_eq!(regex, r"^b\.rs:6:16: replace > with <$");
    }
}
