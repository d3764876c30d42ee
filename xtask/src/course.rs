//! A script that shows things one by one, and what it said.
//!
//! It says `using VERSION, …` at most once, `ok THING: …` for each thing that it showed, and `FAILED …` at the first
//! that is wrong. May not take silence for consent: who plays a course knows what it has to show.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::Result;

use crate::script;

/// What a course said.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    /// What it was played with.
    pub(crate) using: Option<String>,
    pub(crate) things: BTreeSet<String>,
    /// What was wrong. What comes after it cannot have been shown.
    pub(crate) failed: Option<String>,
}

impl Shown {
    /// Takes in a line.
    pub(crate) fn note(&mut self, line: &str) {
        if let Some(using) = line.strip_prefix("using ") {
            self.using = Some(using.to_owned());
        } else if let Some(rest) = line.strip_prefix("ok ") {
            self.things.extend(rest.split_once(": ").map(|(thing, _)| thing.to_owned()));
        } else if let Some(what) = line.strip_prefix("FAILED ") {
            self.failed = Some(what.to_owned());
        }
    }

    /// What failed; or else those of `expected` that were not shown.
    pub(crate) fn wrong(&self, expected: impl Iterator<Item = String>) -> Vec<String> {
        if let Some(what) = &self.failed {
            return vec![what.clone()];
        }
        let missing = expected.filter(|thing| !self.things.contains(thing));
        missing.map(|thing| format!("{thing} was not shown")).collect()
    }
}

/// Plays it, and lets a person read along.
pub(crate) fn play(command: Command) -> Result<Shown> {
    let mut shown = Shown::default();
    let ended_well = script::run(command, |line| {
        eprintln!("   {line}");
        shown.note(line);
    })?;
    if !ended_well {
        shown.failed.get_or_insert_with(|| "it ended with an error (above)".to_owned());
    }
    Ok(shown)
}

/// Says how it ended; whether all is well.
pub(crate) fn conclude(what: &str, how_much: &str, wrong: &[String]) -> bool {
    let verdict = if wrong.is_empty() { "all is well" } else { "NOT well" };
    eprintln!("== {what}: {verdict}; {how_much}");
    for line in wrong {
        eprintln!("   {line}");
    }
    wrong.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Shown {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        play(command).unwrap()
    }

    fn wrong(shown: &Shown) -> Vec<String> {
        shown.wrong(["pay", "refund"].map(str::to_owned).into_iter())
    }

    #[test]
    fn everything_shown_is_well() {
        let shown = shell(
            "echo using 1.0, Node 20; echo ok pay: it is paid; echo ok refund: so; echo more",
        );
        assert_eq!(wrong(&shown), Vec::<String>::new());
        assert_eq!(shown.using.as_deref(), Some("1.0, Node 20"));
    }

    #[test]
    fn silence_is_no_consent() {
        assert_eq!(wrong(&shell("echo ok pay: it is paid")), ["refund was not shown"]);
        assert_eq!(wrong(&shell("true")).len(), 2);
    }

    #[test]
    fn a_failure_is_told_in_its_own_words() {
        let shown = shell("echo ok pay: it is paid; echo FAILED refund: it says NOTPAY; exit 1");
        assert_eq!(wrong(&shown), ["refund: it says NOTPAY"]);
        let shown = shell("echo ok pay: so; echo ok refund: so; exit 1");
        assert_eq!(wrong(&shown), ["it ended with an error (above)"]);
    }
}
