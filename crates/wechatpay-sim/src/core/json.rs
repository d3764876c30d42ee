//! JSON text of what always has one.
//!
//! MAY NOT be given what can fail: only structs with text keys, texts and whole numbers.

use serde::Serialize;
use serde_json::Value;

/// The text.
pub(crate) fn json_of(wire: &impl Serialize) -> String {
    serde_json::to_string(wire).unwrap_or_else(|_| Value::Null.to_string())
}
