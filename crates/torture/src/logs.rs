//! What the logs must not hold: secrets, panics, and words that only a bug makes a service say.

use crate::findings::Findings;
use crate::plan::Plan;
use crate::secrets::Secrets;
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::collections::BTreeMap;

/// What a service may say at ERROR under torture: surplus money is news, time jumps, money is brought that was
/// paid back by bank, and others are paid under our merchant number.
const EXPLAINED: [&str; 4] =
    ["payment.surplus", "refund.stuck", "refund.mismatch", "notify.orphan"];
/// And these where an answer was spoilt on the way; that our credentials are not accepted nothing explains.
const FAILED: [&str; 2] = ["prepay failed", "query failed"];
const SPOILT: &str = "the answer is not trusted";
/// And this where time jumped a day in which shipping management never answered.
const NOT_TOLD: (&str, &str) =
    ("shipping.given_up", "what was shipped could not be told to WeChat for a day");
/// Said by a service only when something is wrong with it.
const NEVER: [&str; 3] = ["panicked", "sweep.found", "job parked"];

const SHOWN_MAX: usize = 400;

/// What was looked through.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) bytes: usize,
    pub(crate) lines: usize,
    /// What services said at ERROR and WARN, and how often.
    pub(crate) said: BTreeMap<String, u64>,
}

/// Looks through all of them.
pub(crate) fn check(plan: &Plan, secrets: &Secrets, findings: &Findings) -> Result<Read> {
    let (mut read, searcher) = (Read::default(), secrets.searcher()?);
    for name in plan.names().chain(["postgres".to_owned()]) {
        let path = plan.log(&name);
        let log = std::fs::read(&path).with_context(|| format!("no {}", path.display()))?;
        read.bytes = read.bytes.saturating_add(log.len());
        for seen in searcher.seen_in(&log) {
            findings.add("I39 no secret in any log", format!("{name}: {seen}"));
        }
        if name.starts_with("serve") {
            words(&name, &String::from_utf8_lossy(&log), findings, &mut read);
        }
    }
    let sandbox = std::fs::read_to_string(plan.log("sandbox")).unwrap_or_default();
    if let Some(line) = sandbox.lines().find(|line| line.contains("panicked")) {
        findings.add("no panic", format!("sandbox: {line}"));
    }
    Ok(read)
}

fn words(name: &str, log: &str, findings: &Findings, read: &mut Read) {
    for line in log.lines() {
        read.lines = read.lines.saturating_add(1);
        if let Some(word) = NEVER.iter().find(|word| line.contains(**word)) {
            findings.add(&format!("never said: {word}"), shortened(&format!("{name}: {line}")));
        }
        let said: Value = serde_json::from_str(line).unwrap_or_default();
        if let (Some(level @ ("ERROR" | "WARN")), Some(message)) =
            (said["level"].as_str(), said["message"].as_str())
        {
            if level == "ERROR" && !is_explained(message, &said) {
                findings
                    .add("an error that nothing explains", shortened(&format!("{name}: {line}")));
            }
            let count = read.said.entry(format!("{level} {message}")).or_default();
            *count = count.saturating_add(1);
        }
    }
}

fn is_explained(message: &str, said: &Value) -> bool {
    let begins = |known: &&str| message.starts_with(*known);
    let says =
        |member: &str, words: &str| said[member].as_str().is_some_and(|it| it.starts_with(words));
    EXPLAINED.iter().any(&begins)
        || (says("error", SPOILT) && FAILED.iter().any(begins))
        || (message == NOT_TOLD.0 && says("detail", NOT_TOLD.1))
}

/// The log has all of it.
fn shortened(line: &str) -> String {
    line.chars().take(SHOWN_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_never_said_is_found_and_warnings_are_counted() {
        let (findings, mut read) = (Findings::default(), Read::default());
        let log = "{\"level\":\"ERROR\",\"message\":\"query failed\",\"error\":\"the answer is not trusted: x\"}\n\
                   {\"level\":\"ERROR\",\"message\":\"query failed\",\"error\":\"no such key\"}\n\
                   {\"level\":\"ERROR\",\"message\":\"shipping.given_up\",\"detail\":\"what was shipped could not be told to WeChat for a day, x\"}\n\
                   {\"level\":\"WARN\",\"message\":\"slow\"}\n{\"level\":\"WARN\",\"message\":\"slow\"}\n\
                   {\"level\":\"ERROR\",\"message\":\"sweep.found: work\"}\nthread x panicked at y\n";
        words("serve-0", log, &findings, &mut read);
        assert_eq!(findings.all().len(), 4, "said once by its word, and twice by its level");
        assert_eq!(read.said["WARN slow"], 2);
        assert_eq!(read.lines, 7);
    }
}
