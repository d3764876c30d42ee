//! Reading answers: what is missing is named together with what was there.

use anyhow::{Context as _, Result};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The text at a pointer.
pub(crate) fn text(value: &Value, pointer: &str) -> Result<String> {
    let found = value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    found.with_context(|| format!("no text {pointer} in {value}"))
}

/// The whole number at a pointer.
pub(crate) fn number(value: &Value, pointer: &str) -> Result<i64> {
    let found = value.pointer(pointer).and_then(Value::as_i64);
    found.with_context(|| format!("no number {pointer} in {value}"))
}

/// The list at a pointer.
pub(crate) fn list<'a>(value: &'a Value, pointer: &str) -> Result<&'a [Value]> {
    let found = value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice);
    found.with_context(|| format!("no list {pointer} in {value}"))
}

/// The instant at a pointer.
pub(crate) fn instant(value: &Value, pointer: &str) -> Result<OffsetDateTime> {
    let text = text(value, pointer)?;
    OffsetDateTime::parse(&text, &Rfc3339).with_context(|| format!("{pointer} is {text:?}"))
}
