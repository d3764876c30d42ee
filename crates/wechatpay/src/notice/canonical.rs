//! Facts in one fixed form, and its hash: a notification that comes again is encrypted anew, so its
//! bytes differ; what it says may not.

use domain::Timestamp;
use ring::digest::{SHA256, digest};
use serde_json::Value;

/// One fact on a line, with its length, so that no two different facts read alike. An absent
/// member reads like an empty one.
pub(super) fn line(name: &str, value: &str) -> String {
    format!("{name} {} {value}\n", value.len())
}

/// The same instant may be written in another offset.
pub(super) fn instant(text: &str) -> String {
    Timestamp::parse_rfc3339(text).map_or_else(|| text.to_owned(), Timestamp::to_rfc3339)
}

/// JSON with its members in order, whatever order they came in. As deep as the parser allowed.
pub(super) fn write_sorted(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort();
            out.push('{');
            for name in names {
                out.push_str(&line("member", name));
                members.get(name).into_iter().for_each(|member| write_sorted(member, out));
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for item in items {
                write_sorted(item, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::String(text) => out.push_str(&line("text", text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
    }
}

/// SHA-256, hex.
pub(super) fn hash(canonical: &str) -> String {
    hex::encode(digest(&SHA256, canonical.as_bytes()))
}
