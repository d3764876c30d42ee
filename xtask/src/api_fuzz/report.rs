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
            if matches!(interaction["response"]["status_code"].as_u64(), Some(200..=299)) {
                answers.successes += 1;
            }
        }
    }

    /// Every request.
    pub(super) fn requests(&self) -> u64 {
        self.operations.values().map(|answers| answers.all).sum()
    }

    /// Those that refused every single request, or were never called.
    pub(super) fn never_successful<'a>(
        &self,
        operations: impl Iterator<Item = &'a str>,
    ) -> Vec<&'a str> {
        let has_success =
            |name: &str| self.operations.get(name).is_some_and(|answers| answers.successes > 0);
        operations.filter(|name| !has_success(name)).collect()
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
        assert_eq!(report.requests(), 4);
        let operations = ["GET /a", "POST /a", "GET /b"].into_iter();
        assert_eq!(report.never_successful(operations), ["POST /a", "GET /b"]);
    }
}
