//! Looks for a planted change with one of the project's own checks, and reads from what it prints
//! which promise was broken, and where.

use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

use super::change::{Change, FoundBy};
use super::copy::Copy;

/// As `cargo xtask sim` builds.
const PROFILE: &str = "sim";
/// A mistake may keep a world from ending.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// The number of the promise that was broken first, or the name of the test.
    pub(super) promise: String,
    /// The seed, or the case.
    pub(super) place: String,
}

/// What came of running a check.
struct Printed {
    succeeded: bool,
    text: String,
}

/// Runs the check; `None` when it finds nothing.
pub(super) fn look(
    copy: &Copy,
    change: &Change,
    (seeds, threads): (u64, u16),
) -> Result<Option<Finding>> {
    let threads = threads.to_string();
    let (printed, read): (Printed, Read) = match change.found_by {
        FoundBy::Sim => {
            let seeds = format!("0..{seeds}");
            let arguments = ["--seeds", &seeds, "--first", "--threads", &threads];
            (program(copy, "simulation", &arguments)?, simulation)
        }
        FoundBy::Sweep => (program(copy, "sweep", &["--threads", &threads])?, sweep),
        FoundBy::Conformance => {
            (tests(copy, "store-memory", &["--test", "conformance"])?, failed_test)
        }
        FoundBy::Model => (tests(copy, "model", &["--test", "theorem"])?, model),
        FoundBy::Domain => (tests(copy, "domain", &["--lib"])?, failed_test),
        FoundBy::Postgres => (of_the_store(copy, &change.promises)?, failed_test),
    };
    if printed.succeeded {
        return Ok(None);
    }
    let found = read(&printed.text, &change.promises);
    found.map(Some).with_context(|| format!("it failed, and did not say why:\n{}", printed.text))
}

/// Reads what was printed; of several that are broken at once, one that is expected.
type Read = fn(&str, &[String]) -> Option<Finding>;

fn program(copy: &Copy, name: &str, arguments: &[&str]) -> Result<Printed> {
    let mut build = copy.cargo();
    build.args(["build", "--locked", "--quiet", "--profile", PROFILE]);
    built(build.args(["--package", "simulation", "--bin", name]))?;
    let mut command = Command::new(copy.programs(PROFILE).join(name));
    printed(command.args(arguments).current_dir(copy.root()))
}

fn tests(copy: &Copy, package: &str, target: &[&str]) -> Result<Printed> {
    let mut arguments = vec!["test", "--locked", "--profile", PROFILE, "--package", package];
    arguments.extend(target);
    let mut build = copy.cargo();
    built(build.args(&arguments).args(["--quiet", "--no-run"]))?;
    printed(copy.cargo().args(&arguments).args(["--no-fail-fast"]))
}

/// Those tests alone that have to find it: each has a database of its own, and all of them take minutes. Not
/// optimised, because PostgreSQL does the work. It is started by the tests themselves.
fn of_the_store(copy: &Copy, promises: &[String]) -> Result<Printed> {
    let arguments = ["test", "--locked", "--package", "store-postgres", "--test", "it"];
    let mut build = copy.cargo();
    built(build.args(arguments).args(["--quiet", "--no-run"]))?;
    printed(copy.cargo().args(arguments).args(["--no-fail-fast", "--"]).args(promises))
}

/// A change that does not compile would look as if it had been found.
fn built(command: &mut Command) -> Result<()> {
    // Warnings about what a mistake leaves unused are no news.
    let output = command.stderr(Stdio::piped()).output().context("cannot run cargo")?;
    if !output.status.success() {
        bail!("it does not compile:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

fn printed(command: &mut Command) -> Result<Printed> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().context("cannot run what was built")?;
    let id = child.id();
    let (ended, end) = channel();
    let waiting = std::thread::spawn(move || {
        let output = child.wait_with_output();
        // Nobody listens any more when it took too long.
        let _late = ended.send(());
        output
    });
    if end.recv_timeout(LIMIT).is_err() {
        // Told by its number: it is waited for elsewhere, so that the number is still its own.
        let _gone = Command::new("kill").args(["-KILL", &id.to_string()]).status();
        bail!("it did not end within {} minutes", LIMIT.as_secs() / 60);
    }
    let output = waiting.join().map_err(|_panic| anyhow!("it could not be waited for"))??;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    Ok(Printed { succeeded: output.status.success(), text })
}

/// `VIOLATED I9: …`, and later `again: cargo xtask sim --seed 4711`.
fn simulation(text: &str, _: &[String]) -> Option<Finding> {
    let (_, said) = text.split_once("VIOLATED ")?;
    let (promise, rest) = said.split_once(':')?;
    let (_, again) = rest.split_once("again: cargo xtask sim --seed ")?;
    let seed = again.split_whitespace().next()?;
    Some(Finding { promise: promise.to_owned(), place: format!("seed {seed}") })
}

/// `I9: …`, and later `again: cargo xtask sweep --script … --point … --fault …`.
fn sweep(text: &str, _: &[String]) -> Option<Finding> {
    let (before, again) = text.split_once("  again: cargo xtask sweep ")?;
    let line = before.lines().rev().find(|line| !line.starts_with("  ") && line.contains(": "))?;
    let (promise, _) = line.split_once(':')?;
    let place = again.lines().next()?.to_owned();
    Some(Finding { promise: promise.to_owned(), place })
}

/// `test payments::a_rule ... FAILED`, in any order.
fn failed_test(text: &str, expected: &[String]) -> Option<Finding> {
    let failed = text.lines().filter(|line| line.starts_with("test ") && line.ends_with("FAILED"));
    let mut found = failed.filter_map(|line| {
        let name = line.split_whitespace().nth(1)?;
        let promise = name.rsplit("::").next()?.to_owned();
        Some(Finding { promise, place: name.to_owned() })
    });
    let first = found.next()?;
    if expected.contains(&first.promise) {
        return Some(first);
    }
    Some(found.find(|one| expected.contains(&one.promise)).unwrap_or(first))
}

/// `  12. …` for each step, then `and I9 …`.
fn model(text: &str, _: &[String]) -> Option<Finding> {
    let broken = text.lines().find_map(|line| line.strip_prefix("      and "))?;
    let promise = broken.split_whitespace().next()?.trim_end_matches(':');
    let Finding { place, .. } = failed_test(text, &[])?;
    Some(Finding { promise: promise.to_owned(), place })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(promise: &str, place: &str) -> Option<Finding> {
        Some(Finding { promise: promise.to_owned(), place: place.to_owned() })
    }

    #[test]
    fn the_simulation_names_the_promise_and_the_seed() {
        let text = "world\nVIOLATED I28: a notification\n  seen: x\n  at: 1\n  \
                    again: cargo xtask sim --seed 37\n\nFAILED\n";
        assert_eq!(simulation(text, &[]), found("I28", "seed 37"));
        assert_eq!(simulation("no promise was broken\n", &[]), None);
    }

    #[test]
    fn the_sweep_names_the_promise_and_the_case() {
        let text = "matrix\n\nI9: an order\n  seen: x\n  script a: b\n  struck: c\n  \
                    again: cargo xtask sweep --script a --point 3 --fault E2\n";
        assert_eq!(sweep(text, &[]), found("I9", "--script a --point 3 --fault E2"));
    }

    #[test]
    fn a_suite_names_the_rule() {
        let text = "test a ... ok\ntest b ... FAILED\ntest leases::a_lost_lease ... FAILED\n";
        let expected = ["a_lost_lease".to_owned()];
        assert_eq!(failed_test(text, &expected), found("a_lost_lease", "leases::a_lost_lease"));
        assert_eq!(failed_test(text, &["another".to_owned()]), found("b", "b"));
        assert_eq!(failed_test("test a ... ok\n", &[]), None);
    }

    #[test]
    fn the_model_names_the_invariant() {
        let text = "   1. x\n      and I9: broken\ntest a_failover ... FAILED\n";
        assert_eq!(model(text, &[]), found("I9", "a_failover"));
    }
}
