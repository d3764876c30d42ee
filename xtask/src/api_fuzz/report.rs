//! What a run of schemathesis reached, read from its own report of every request and answer.
//!
//! May not judge answers; schemathesis did. It tells a run that tried everything from one that was
//! turned away at every door.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// Answers of the operations, by `POST /path`.
#[derive(Debug, Default)]
pub(super) struct Report {
    operations: BTreeMap<String, Answers>,
}

#[derive(Debug, Default)]
struct Answers {
    all: u64,
    successes: u64,
    /// Of a method that the path does not have: no operation of ours.
    not_allowed: u64,
}

impl Report {
    /// Adds the report of one run.
    pub(super) fn add(&mut self, path: &Path) -> Result<()> {
        let text = fs::read_to_string(path)
            .with_context(|| format!("cannot read the report {}", path.display()))?;
        for line in text.lines() {
            let event: Value = serde_json::from_str(line)
                .with_context(|| format!("{} is not lines of JSON", path.display()))?;
            self.note(&event["ScenarioFinished"]["recorder"]);
        }
        Ok(())
    }

    fn note(&mut self, recorder: &Value) {
        for (id, interaction) in recorder["interactions"].as_object().into_iter().flatten() {
            let case = &recorder["cases"][id];
            let case = case.get("value").unwrap_or(case);
            let (Some(method), Some(path)) = (case["method"].as_str(), case["path"].as_str())
            else {
                continue;
            };
            let answers = self.operations.entry(format!("{method} {path}")).or_default();
            answers.all += 1;
            match interaction["response"]["status_code"].as_u64() {
                Some(200..=299) => answers.successes += 1,
                Some(405) => answers.not_allowed += 1,
                _refused => {}
            }
        }
    }

    /// Every request.
    pub(super) fn requests(&self) -> u64 {
        self.operations.values().map(|answers| answers.all).sum()
    }

    /// How many operations were called.
    pub(super) fn operations(&self) -> usize {
        self.ours().count()
    }

    /// Those that refused every single request.
    pub(super) fn never_successful(&self) -> Vec<&str> {
        let refused = self.ours().filter(|(_, answers)| answers.successes == 0);
        refused.map(|(name, _)| name.as_str()).collect()
    }

    fn ours(&self) -> impl Iterator<Item = (&String, &Answers)> {
        self.operations.iter().filter(|(_, answers)| answers.not_allowed < answers.all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_operation_that_refuses_everything_is_named() {
        let case = |method: &str| json!({"value": {"method": method, "path": "/a"}});
        let answered = |status: u16| json!({"response": {"status_code": status}});
        let mut report = Report::default();
        report.note(&json!({
            "cases": {"1": case("GET"), "2": case("GET"), "3": case("POST"), "4": case("PUT")},
            "interactions": {"1": answered(404), "2": answered(200), "3": answered(422),
                "4": answered(405)},
        }));
        report.note(&Value::Null);
        assert_eq!((report.requests(), report.operations()), (4, 2));
        assert_eq!(report.never_successful(), ["POST /a"]);
    }
}
