//! What is equal, and where two things differ.

use serde_json::Value;
use wechatpay_sim::core::exchange::Answer;
use wechatpay_sim::core::notice::Delivery;

use crate::wire::Message;

/// The framework's own; everything else on the wire is the core's.
const OF_THE_WIRE: [&str; 3] = ["connection", "content-length", "date"];

fn lower(headers: &[(String, String)]) -> Vec<(String, String)> {
    let names = headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
    let mut headers: Vec<(String, String)> = names.collect();
    headers.sort();
    headers
}

/// Status, body, and every header but the framework's own.
pub(crate) fn same_answer(expected: &Answer, message: &Message) -> Result<(), String> {
    let mut headers = message.headers.clone();
    headers.retain(|(name, _)| !OF_THE_WIRE.contains(&name.as_str()));
    headers.sort();
    let is_same = expected.status == message.status()
        && expected.body == message.body
        && lower(&expected.headers) == headers;
    if is_same {
        return Ok(());
    }
    Err(format!(
        "the core: {expected:#?}\n{}\nthe process: {message:#?}\n{}",
        String::from_utf8_lossy(&expected.body),
        String::from_utf8_lossy(&message.body)
    ))
}

/// Whether this is the notification: every byte of its body and every header that it was given.
pub(crate) fn is_same(delivery: &Delivery, message: &Message) -> bool {
    let path = delivery.url.splitn(4, '/').nth(3).unwrap_or_default();
    message.first_line == format!("POST /{path} HTTP/1.1")
        && message.body == delivery.body
        && lower(&delivery.headers)
            .iter()
            .all(|(name, value)| message.header(name) == Some(value.as_str()))
}

/// Where two values differ first.
pub(crate) fn difference(at: &str, expected: &Value, said: &Value) -> Option<String> {
    match (expected, said) {
        (Value::Object(a), Value::Object(b)) if a.len() == b.len() => {
            a.iter().find_map(|(name, one)| difference(&format!("{at}.{name}"), one, b.get(name)?))
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => (0..)
            .zip(a.iter().zip(b))
            .find_map(|(index, (one, other))| difference(&format!("{at}[{index}]"), one, other)),
        _ if expected == said => None,
        _ => Some(format!("{at}: the core {expected:#}, the process {said:#}")),
    }
}
