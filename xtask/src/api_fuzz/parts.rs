//! Who calls what: the parts of a run (`xtask/api-fuzz/parts.json`), and the operations that the
//! service's own document lets them call.
//!
//! May not name an operation because somebody may call it: that is read from the document, where the
//! service's table of roles stands, so that a new route is called by whoever may.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// The security scheme of buyers, and that of API keys, whose scopes are roles.
const BUYER_SCHEME: &str = "buyer_token";
const KEY_SCHEME: &str = "api_key";
/// Who needs no credential, and who has a buyer's token; every other caller is the role of a key.
const ANYBODY: &str = "anybody";
const BUYER: &str = "buyer";

/// One run of schemathesis: some operations, called by somebody.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) name: String,
    /// Of its report, and of what it is given to call with.
    pub(super) slug: String,
    callers: Vec<String>,
    /// Well-formed requests of these alone: what a wrong word refuses never comes to an order.
    only: Option<Vec<String>>,
}

/// An operation of the document.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) id: String,
    /// `POST /path`.
    pub(super) name: String,
    /// Any of these.
    callers: Vec<String>,
}

impl Part {
    /// The parts of a run, in their order.
    pub(super) fn read(text: &str) -> Result<Vec<Part>> {
        let parts: Value = serde_json::from_str(text).context("the parts are not JSON")?;
        let parts = parts.as_array().context("the parts are no list")?;
        parts.iter().map(Part::of).collect()
    }

    fn of(part: &Value) -> Result<Part> {
        let word = |name: &str| {
            let word = part[name].as_str().map(str::to_owned);
            word.with_context(|| format!("a part without its {name}: {part}"))
        };
        let only = part.get("only").map(words).transpose()?;
        let callers = words(&part["callers"])?;
        Ok(Part { name: word("name")?, slug: word("slug")?, callers, only })
    }

    /// The role of the key that is shown where one is needed; none where none is.
    pub(super) fn role(&self) -> Option<&str> {
        let roles = self.callers.iter().filter(|caller| ![ANYBODY, BUYER].contains(&&***caller));
        roles.map(String::as_str).next()
    }

    /// Whether it calls this one.
    pub(super) fn calls(&self, operation: &Operation) -> bool {
        let may = operation.callers.iter().any(|caller| self.callers.contains(caller));
        may && self.only.as_ref().is_none_or(|only| only.contains(&operation.id))
    }

    /// What schemathesis is told.
    pub(super) fn arguments(&self, operations: &[Operation]) -> Vec<String> {
        let called = operations.iter().filter(|operation| self.calls(operation));
        let mut arguments: Vec<String> =
            called.map(|operation| format!("--include-operation-id={}", operation.id)).collect();
        if self.only.is_some() {
            arguments.push("--mode=positive".to_owned());
            arguments.push("--phases=examples,fuzzing,stateful".to_owned());
        }
        arguments
    }
}

/// Every operation of the document.
pub(super) fn operations(document: &Value) -> Result<Vec<Operation>> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().context("a document without paths")? {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let name = format!("{} {path}", method.to_uppercase());
            let id = operation["operationId"].as_str();
            let id = id.with_context(|| format!("{name} has no operationId"))?.to_owned();
            let callers = callers(&operation["security"])
                .with_context(|| format!("whom {name} lets in cannot be read"))?;
            operations.push(Operation { id, name, callers });
        }
    }
    ensure!(!operations.is_empty(), "a document without operations");
    Ok(operations)
}

/// Fails unless some part calls every operation, and every part calls all that it lists.
pub(super) fn check(parts: &[Part], operations: &[Operation]) -> Result<()> {
    for operation in operations {
        let is_called = parts.iter().any(|part| part.calls(operation));
        ensure!(is_called, "no part of parts.json may call {}", operation.name);
    }
    for part in parts {
        for id in part.only.iter().flatten() {
            let is_called =
                operations.iter().any(|operation| operation.id == *id && part.calls(operation));
            ensure!(is_called, "the part {} has no {id} that it may call", part.slug);
        }
    }
    Ok(())
}

fn callers(security: &Value) -> Result<Vec<String>> {
    let choices = security.as_array().context("no security is said")?;
    if choices.is_empty() {
        return Ok(vec![ANYBODY.to_owned()]);
    }
    let mut callers = Vec::new();
    for choice in choices {
        if let Some(roles) = choice.get(KEY_SCHEME) {
            callers.extend(words(roles)?);
        }
        if choice.get(BUYER_SCHEME).is_some() {
            callers.push(BUYER.to_owned());
        }
    }
    ensure!(!callers.is_empty(), "an unknown security scheme");
    Ok(callers)
}

fn words(list: &Value) -> Result<Vec<String>> {
    let list = list.as_array().context("a list is missing")?;
    let words = list.iter().map(|word| word.as_str().map(str::to_owned)).collect::<Option<_>>();
    words.context("a list of other things than words")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document(security: &Value) -> Value {
        json!({"paths": {
            "/a": {"get": {"operationId": "look", "security": [{"api_key": ["viewer", "operator"]}]}},
            "/b": {"post": {"operationId": "act", "security": security}},
        }})
    }

    fn parts() -> Vec<Part> {
        let text = json!([
            {"name": "all", "slug": "all", "callers": ["operator"]},
            {"name": "some", "slug": "some", "callers": ["buyer", "operator"], "only": ["act"]},
        ]);
        Part::read(&text.to_string()).unwrap()
    }

    #[test]
    fn the_parts_of_a_run_are_read_and_each_has_one_role_at_most() {
        let parts = Part::read(include_str!("../../api-fuzz/parts.json")).unwrap();
        for part in &parts {
            let keys = part.callers.iter().filter(|caller| ![ANYBODY, BUYER].contains(&&***caller));
            assert!(keys.count() <= 1, "{}: the key of which role?", part.slug);
        }
        assert_eq!(parts[0].role(), None, "the first asks for no key");
        assert_eq!(parts[1].role(), Some("operator"));
    }

    #[test]
    fn a_part_calls_what_its_roles_may_and_a_list_only_narrows_that() {
        let operations = operations(&document(&json!([{"api_key": ["operator"]}]))).unwrap();
        let parts = parts();
        let called = |part: &Part| {
            let mut arguments = part.arguments(&operations);
            arguments.retain(|argument| argument.starts_with("--include"));
            arguments
        };
        assert_eq!(
            called(&parts[0]),
            ["--include-operation-id=look", "--include-operation-id=act"]
        );
        assert_eq!(called(&parts[1]), ["--include-operation-id=act"]);
        assert!(parts[1].arguments(&operations).contains(&"--mode=positive".to_owned()));
        check(&parts, &operations).unwrap();
    }

    #[test]
    fn what_nobody_may_call_and_what_is_listed_in_vain_stop_the_run() {
        let all = operations(&document(&json!([{"api_key": ["auditor"]}]))).unwrap();
        let error = check(&parts(), &all).unwrap_err().to_string();
        assert_eq!(error, "no part of parts.json may call POST /b");
        let all = operations(&document(&json!([]))).unwrap();
        assert!(check(&parts(), &all).is_err(), "everybody may, and no part is everybody");
        let mut looking = operations(&document(&json!([{"buyer_token": []}]))).unwrap();
        looking.truncate(1);
        let error = check(&parts(), &looking).unwrap_err().to_string();
        assert_eq!(error, "the part some has no act that it may call");
        assert!(operations(&document(&json!([{"other": []}]))).is_err());
        assert!(operations(&document(&Value::Null)).is_err());
    }
}
