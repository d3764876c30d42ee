//! Many changes in one build, switched on one at a time by an environment variable.
//!
//! Works in a copy of the sources; the repository stays as it is. What does not compile is found by
//! the place of the error and left out, until the rest does. A test binary that fails at its first
//! failing test is stopped there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::change::{Body, Change};
use super::{HISTORIES, TIMEOUT_S};
use crate::cargo;
use crate::repository::Repository;

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// A test failed.
    Noticed,
    /// No test failed, but one did not end.
    RanForEver,
    /// It is no program.
    NotBuilt,
    /// Every test passed.
    Lived,
    /// It cannot be switched: `cargo-mutants` has to build it.
    Alone,
}

/// Which change is switched on; none by 0.
const SWITCH: &str = "PAYDESK_CHANGE";
/// Folders that are not copied.
const NOT_COPIED: [&str; 3] = ["target", ".git", ".paydesk"];
/// Where proptest keeps histories that broke a law.
const HISTORIES_KEPT: &str = "proptest-regressions";
/// The functions are much larger than they were.
const STACK_BYTES: &str = "268435456";
/// Nobody looks at them with a debugger.
const WITHOUT_DEBUG: [&str; 2] = ["CARGO_PROFILE_DEV_DEBUG", "CARGO_PROFILE_TEST_DEBUG"];

/// The fate of each of `changes`, in their order.
pub(super) fn run(repository: &Repository, package: &str, changes: &[Change]) -> Result<Vec<Fate>> {
    let copy = Copy::of(repository, package, changes)?;
    let mut bodies = Vec::new();
    for change in changes {
        bodies.push(change.body(copy.original(&change.file)?)?);
    }
    let mut fates: Vec<Fate> =
        bodies.iter().map(|body| if body.is_some() { Fate::Lived } else { Fate::Alone }).collect();
    let tests = loop {
        match copy.build(changes, &bodies, &fates)? {
            Built::Tests(tests) => break tests,
            Built::Errors(numbers) => {
                for number in numbers {
                    fates[number] = Fate::NotBuilt;
                }
            }
        }
    };
    if copy.test(&tests, 0)? != Fate::Lived {
        bail!("a test fails although nothing is changed");
    }
    eprintln!("== switching them on, one at a time");
    for (number, fate) in fates.iter_mut().enumerate() {
        if *fate == Fate::Lived {
            *fate = copy.test(&tests, number.saturating_add(1))?;
            if *fate != Fate::Noticed {
                eprintln!("{fate:?}: {}", changes[number].name);
            }
        }
    }
    Ok(fates)
}

/// A copy of the sources.
struct Copy<'a> {
    repository: &'a Repository,
    package: &'a str,
    /// What is changed, as it was: who goes on writing meanwhile confuses nothing.
    originals: BTreeMap<String, String>,
    root: PathBuf,
    /// The histories that are kept with the sources, as they were.
    histories: PathBuf,
    build: PathBuf,
}

/// What a build came to.
enum Built {
    /// The test binary.
    Tests(PathBuf),
    /// These changes do not compile.
    Errors(BTreeSet<usize>),
}

/// Which lines of the copy belong to which change.
type Lines = Vec<(usize, usize, usize)>;

impl<'a> Copy<'a> {
    fn of(repository: &'a Repository, package: &'a str, changes: &[Change]) -> Result<Copy<'a>> {
        let folder = repository.target().join("mutants");
        let root = folder.join("copy");
        if root.exists() {
            fs::remove_dir_all(&root)?;
        }
        copy_folder(repository.root(), &root)?;
        let mut originals = BTreeMap::new();
        let lib = lib_of(package);
        for file in changes.iter().map(|change| &change.file).chain([&lib]) {
            if !originals.contains_key(file) {
                let text = fs::read_to_string(root.join(file)).with_context(|| file.clone())?;
                originals.insert(file.clone(), text);
            }
        }
        let histories = folder.join("histories");
        if histories.exists() {
            fs::remove_dir_all(&histories)?;
        }
        let kept = root.join("crates").join(package).join(HISTORIES_KEPT);
        if kept.exists() {
            copy_folder(&kept, &histories)?;
        }
        Ok(Copy { repository, package, originals, root, histories, build: folder.join("build") })
    }

    fn original(&self, file: &str) -> Result<&str> {
        self.originals.get(file).map(String::as_str).with_context(|| file.to_owned())
    }

    /// Builds the tests with every change that is still to be tried.
    fn build(&self, changes: &[Change], bodies: &[Option<Body>], fates: &[Fate]) -> Result<Built> {
        let mut files: BTreeMap<&str, Vec<(usize, &Body)>> = BTreeMap::new();
        for (number, change) in changes.iter().enumerate() {
            let theirs = files.entry(&change.file).or_default();
            theirs.extend(
                bodies[number].iter().filter(|_| fates[number] == Fate::Lived).map(|b| (number, b)),
            );
        }
        let mut lines: BTreeMap<&str, Lines> = BTreeMap::new();
        for (file, theirs) in files {
            let (text, of_changes) = switched(self.original(file)?, theirs)?;
            fs::write(self.root.join(file), text)?;
            lines.insert(file, of_changes);
        }
        let lib = lib_of(self.package);
        let text = self.original(&lib)?.to_owned() + &switch_module();
        fs::write(self.root.join(&lib), text)?;
        eprintln!("== building {} of them", fates.iter().filter(|f| **f == Fate::Lived).count());
        let mut command = cargo::command(self.repository);
        command.args(["test", "--lib", "--no-run", "--locked", "--message-format=json"]);
        command.args(["--package", self.package]).current_dir(&self.root);
        command.env("CARGO_TARGET_DIR", &self.build).envs(WITHOUT_DEBUG.map(|name| (name, "0")));
        let output = command.stderr(Stdio::null()).output()?;
        let mut errors = BTreeSet::new();
        let mut first = None;
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let said: Value = serde_json::from_str(line)?;
            let tests = said["executable"].as_str().filter(|_| output.status.success());
            if let Some(tests) = tests {
                return Ok(Built::Tests(PathBuf::from(tests)));
            }
            if said["message"]["level"] == "error" {
                first = first.or_else(|| said["message"]["rendered"].as_str().map(str::to_owned));
                errors.extend(changed_at(&said["message"], &lines));
            }
        }
        if errors.is_empty() {
            bail!("the tests cannot be built:\n{}", first.unwrap_or_default());
        }
        Ok(Built::Errors(errors))
    }

    /// What the tests say with this change switched on, from 1; with none by 0.
    fn test(&self, tests: &Path, change: usize) -> Result<Fate> {
        let folder = self.root.join("crates").join(self.package);
        let mut command = Command::new(tests);
        command.current_dir(&folder).env("CARGO_MANIFEST_DIR", &folder);
        command.env(SWITCH, change.to_string()).env("RUST_MIN_STACK", STACK_BYTES);
        command.env("PROPTEST_CASES", HISTORIES).env("PROPTEST_MAX_SHRINK_ITERS", "1");
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().with_context(|| tests.display().to_string())?;
        let fate = watch(&mut child)?;
        // It may have ended by itself.
        child.kill().ok();
        child.wait()?;
        self.forget_histories()?;
        Ok(fate)
    }

    /// What one change has broken is no history of the next: one that breaks a law by itself would be noticed with
    /// every change from then on.
    fn forget_histories(&self) -> Result<()> {
        let histories = self.root.join("crates").join(self.package).join(HISTORIES_KEPT);
        if histories.exists() {
            fs::remove_dir_all(&histories)?;
        }
        if self.histories.exists() { copy_folder(&self.histories, &histories) } else { Ok(()) }
    }
}

/// Reads what the tests say until it is clear what it means.
fn watch(child: &mut Child) -> Result<Fate> {
    let output = child.stdout.take().context("no output")?;
    let (send, lines) = mpsc::channel();
    // Ends with the tests, or when nobody listens any more.
    std::thread::spawn(move || {
        let lines = BufReader::new(output).lines().map_while(Result::ok);
        lines.take_while(|line| send.send(line.clone()).is_ok()).count()
    });
    loop {
        match lines.recv_timeout(Duration::from_secs(TIMEOUT_S)) {
            Ok(line) if line.starts_with("test ") && line.ends_with("FAILED") => {
                return Ok(Fate::Noticed);
            }
            Ok(line) if line.starts_with("test result: ok") => return Ok(Fate::Lived),
            Ok(_) => {}
            Err(RecvTimeoutError::Timeout) => return Ok(Fate::RanForEver),
            // The whole process died.
            Err(RecvTimeoutError::Disconnected) => return Ok(Fate::Noticed),
        }
    }
}

/// The file with every change in it, and on which lines each of them is.
fn switched(original: &str, mut changes: Vec<(usize, &Body)>) -> Result<(String, Lines)> {
    changes.sort_by_key(|(number, body)| (body.from, body.to, *number));
    let mut text = String::new();
    let mut lines = Vec::new();
    let mut copied = 0;
    for of_one in changes.chunk_by(|(_, a), (_, b)| (a.from, a.to) == (b.from, b.to)) {
        let Some((_, Body { from, to, .. })) = of_one.first() else { continue };
        let before = original.get(copied..*from).context("a function within a function")?;
        text += before;
        text += "{ match crate::switched::on() {\n";
        for (number, body) in of_one {
            let first = count_lines(&text);
            text += &format!("{} => {}\n", number.saturating_add(1), body.changed);
            lines.push((first, count_lines(&text).saturating_sub(1), *number));
        }
        let unchanged = original.get(*from..*to).context("a function outside of its file")?;
        text += &format!("_ => {unchanged}\n}} }}");
        copied = *to;
    }
    text += original.get(copied..).unwrap_or_default();
    Ok((text, lines))
}

/// Where the switch is looked at.
fn switch_module() -> String {
    format!(
        "
#[allow(missing_docs)]
pub mod switched {{
    pub fn on() -> usize {{
        static ON: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
        let read = || std::env::var({SWITCH:?}).ok()?.parse().ok();
        *ON.get_or_init(|| read().unwrap_or(0))
    }}
}}
"
    )
}

fn lib_of(package: &str) -> String {
    format!("crates/{package}/src/lib.rs")
}

/// The number of the line that would be written next.
fn count_lines(text: &str) -> usize {
    text.matches('\n').count().saturating_add(1)
}

/// The changes in which an error is.
fn changed_at(message: &Value, lines: &BTreeMap<&str, Lines>) -> Vec<usize> {
    let spans = message["spans"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut found = Vec::new();
    for span in spans.iter().filter(|span| span["is_primary"] == true) {
        let line = span["line_start"].as_u64().and_then(|line| usize::try_from(line).ok());
        let of_file = span["file_name"].as_str().and_then(|file| lines.get(file));
        let (Some(line), Some(of_file)) = (line, of_file) else { continue };
        let theirs = of_file.iter().filter(|(first, last, _)| (*first..=*last).contains(&line));
        found.extend(theirs.map(|(_, _, number)| *number));
    }
    found
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let (name, target) = (entry.file_name(), to.join(entry.file_name()));
        if NOT_COPIED.iter().any(|skipped| name == *skipped) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target).with_context(|| entry.path().display().to_string())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str, of: &str, changed: &str) -> Body {
        let from = text.find(of).unwrap();
        Body { from, to: from + of.len(), changed: changed.to_owned() }
    }

    #[test]
    fn every_change_of_a_function_is_an_arm_and_none_is_the_last() {
        let text = "fn a() -> u8 { 1 }\nfn b() { }\nfn c() -> u8 { 2 }\n";
        let (one, other) = (body(text, "{ 1 }", "{ 0 }"), body(text, "{ 1 }", "{\n9\n}"));
        let third = body(text, "{ 2 }", "{ 0 }");
        let (text, lines) = switched(text, vec![(4, &third), (7, &other), (1, &one)]).unwrap();
        let expected = "fn a() -> u8 { match crate::switched::on() {\n2 => { 0 }\n8 => {\n9\n}\n_ => { 1 }\n} }\nfn b() { }\nfn c() -> u8 { match crate::switched::on() {\n5 => { 0 }\n_ => { 2 }\n} }\n";
        assert_eq!(text, expected);
        assert_eq!(lines, [(2, 2, 1), (3, 5, 7), (10, 10, 4)]);
    }

    #[test]
    fn an_error_belongs_to_the_change_on_its_line() {
        let lines = BTreeMap::from([("a.rs", vec![(2, 2, 1), (3, 5, 7)])]);
        let at = |file: &str, line: u64, is_primary: bool| {
            let span = serde_json::json!({
                "file_name": file, "line_start": line, "is_primary": is_primary,
            });
            changed_at(&serde_json::json!({ "spans": [span] }), &lines)
        };
        assert_eq!(at("a.rs", 4, true), [7]);
        assert_eq!(at("a.rs", 2, true), [1]);
        for (file, line, is_primary) in [("a.rs", 6, true), ("b.rs", 4, true), ("a.rs", 4, false)] {
            assert!(at(file, line, is_primary).is_empty());
        }
    }
}
