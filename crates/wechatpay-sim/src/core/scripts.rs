//! Fault scripts: those that are built in, and the reading of any.
//!
//! MAY NOT know more than the files in `scripts/`: each is a document that `PUT /_sandbox/faults` takes.

use serde::{Deserialize, Serialize};

use crate::core::faults::{Faults, RuleForm, Script};

/// The built-in scripts, by name.
const BUILT_IN: [(&str, &str); 16] = [
    ("lost-notifications", include_str!("../../scripts/lost-notifications.json")),
    ("doubled-notifications", include_str!("../../scripts/doubled-notifications.json")),
    ("reordered-notifications", include_str!("../../scripts/reordered-notifications.json")),
    ("late-notifications", include_str!("../../scripts/late-notifications.json")),
    ("slow-answers", include_str!("../../scripts/slow-answers.json")),
    ("lost-prepay-answers", include_str!("../../scripts/lost-prepay-answers.json")),
    ("lost-close-answers", include_str!("../../scripts/lost-close-answers.json")),
    ("lost-refund-answers", include_str!("../../scripts/lost-refund-answers.json")),
    ("failing-refunds", include_str!("../../scripts/failing-refunds.json")),
    ("empty-account", include_str!("../../scripts/empty-account.json")),
    ("late-prepays", include_str!("../../scripts/late-prepays.json")),
    ("stale-queries", include_str!("../../scripts/stale-queries.json")),
    ("rate-limited", include_str!("../../scripts/rate-limited.json")),
    ("unsure-server", include_str!("../../scripts/unsure-server.json")),
    ("bad-signatures", include_str!("../../scripts/bad-signatures.json")),
    ("flaky-everything", include_str!("../../scripts/flaky-everything.json")),
];

/// What is listed of a built-in script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// To apply it by.
    pub name: &'static str,
    /// What it shows.
    pub description: String,
    /// How many rules it has.
    pub rules: usize,
}

/// What `PUT /_sandbox/faults` takes: a script, or the name of a built-in one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    script: Option<String>,
    name: Option<String>,
    description: Option<String>,
    rules: Option<Vec<RuleForm>>,
}

/// Reads a script, or the name of one: `{"rules": […]}` or `{"script": "lost-notifications"}`.
pub fn read(json: &[u8]) -> Result<Faults, String> {
    let asked: Asked = serde_json::from_slice(json).map_err(|why| why.to_string())?;
    match asked {
        Asked { script: Some(name), name: None, description: None, rules: None } => {
            Faults::read(built_in(&name)?)
        }
        Asked { script: None, name, description, rules: Some(rules) } => {
            Faults::read(Script { name, description, rules })
        }
        Asked { script: None, .. } => {
            Err("give rules, or the name of a built-in script as script".to_owned())
        }
        Asked { script: Some(_), .. } => {
            Err("script names a built-in script; it takes nothing beside it".to_owned())
        }
    }
}

/// A built-in script.
pub fn built_in(name: &str) -> Result<Script, String> {
    let (_, json) = BUILT_IN.iter().find(|(known, _)| *known == name).ok_or_else(|| {
        let known: Vec<&str> = BUILT_IN.iter().map(|(known, _)| *known).collect();
        format!("no script is called {name:?}; known: {}", known.join(", "))
    })?;
    serde_json::from_str(json).map_err(|why| format!("script {name:?}: {why}"))
}

/// All built-in scripts.
pub fn listed() -> Result<Vec<Listed>, String> {
    let list = |(name, _): &(&'static str, &str)| {
        let script = built_in(name)?;
        let description = script.description.unwrap_or_default();
        Ok(Listed { name, description, rules: script.rules.len() })
    };
    BUILT_IN.iter().map(list).collect()
}

#[cfg(test)]
mod tests;
