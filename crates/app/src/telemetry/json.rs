//! One flat JSON object per line: what was said, and for whom.
//!
//! Fields of the spans around it stand beside the event's own, so that a search for
//! `"request_id":"…"` finds every line of a request. Field names and events are a contract:
//! `docs/observability.md`.

use serde_json::{Map, Value};
use std::fmt;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// The format. Its spans' fields are formatted by `JsonFields`.
pub(super) struct Flat;

impl<S, N> FormatEvent<S, N> for Flat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = Map::new();
        let mut spans = Vec::new();
        for span in context.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
            spans.push(Value::from(span.name()));
            if let Some(fields) = span.extensions().get::<FormattedFields<N>>() {
                // Written by `JsonFields`; anything else has no fields for us.
                let fields: Map<String, Value> = serde_json::from_str(fields).unwrap_or_default();
                line.extend(fields);
            }
        }
        // An inner span's field, and the event's own, is the nearer truth.
        event.record(&mut Fields(&mut line));
        if let Some(name) = line.get("message").and_then(Value::as_str).and_then(name_of) {
            let name = Value::from(name);
            line.insert("event".to_owned(), name);
        }
        if !spans.is_empty() {
            line.insert("spans".to_owned(), Value::from(spans));
        }
        let mut at = String::new();
        SystemTime.format_time(&mut Writer::new(&mut at))?;
        let about = event.metadata();
        line.insert("timestamp".to_owned(), Value::from(at));
        line.insert("level".to_owned(), Value::from(about.level().as_str()));
        line.insert("target".to_owned(), Value::from(about.target()));
        writeln!(writer, "{}", Value::from(line))
    }
}

/// The stable name of an event: its message, up to a colon, when that is words joined by dots.
fn name_of(message: &str) -> Option<&str> {
    let name = message.split(':').next().unwrap_or_default();
    let word =
        |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    (name.contains('.') && name.split('.').all(word)).then_some(name)
}

/// Collects an event's own fields.
struct Fields<'a>(&'a mut Map<String, Value>);

impl Fields<'_> {
    fn put(&mut self, field: &Field, value: Value) {
        self.0.insert(field.name().to_owned(), value);
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, Value::from(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, Value::from(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, Value::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, Value::from(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, Value::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, Value::from(value));
    }
}

#[cfg(test)]
mod tests {
    use super::super::capture::said;
    use super::name_of;

    #[test]
    fn a_line_carries_its_event_and_the_fields_of_every_span_around_it() {
        let lines = said(|| {
            let request = tracing::error_span!("request", request_id = "r-1", route = "late");
            request.record("route", "/api/orders/{ref}");
            let _request = request.entered();
            let _job = tracing::error_span!("job", job.id = "follow:1").entered();
            tracing::info!(order.number = "P1", attempts = 3, ok = true, "order.paid");
        });
        let line = &lines[0];
        assert_eq!(line["event"], "order.paid");
        assert_eq!(line["message"], "order.paid");
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["request_id"], "r-1");
        assert_eq!(line["route"], "/api/orders/{ref}");
        assert_eq!(line["job.id"], "follow:1");
        assert_eq!(line["order.number"], "P1");
        assert_eq!(line["attempts"], 3);
        assert_eq!(line["ok"], true);
        assert_eq!(line["spans"], serde_json::json!(["request", "job"]));
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'), "{line}");
    }

    #[test]
    fn what_is_said_for_people_alone_has_no_event() {
        let lines = said(|| tracing::warn!("unavailable\n{{\"level\":\"INFO\"}}"));
        assert_eq!(lines.len(), 1, "a line break in a message starts no line");
        assert_eq!(lines[0].get("event"), None);
        assert_eq!(lines[0]["level"], "WARN");
    }

    #[test]
    fn only_words_joined_by_dots_are_a_name() {
        assert_eq!(name_of("notify.received"), Some("notify.received"));
        assert_eq!(name_of("notify.late: the answer was due"), Some("notify.late"));
        for prose in ["stopped", "the end.", ".a", "a..b", "see example.com", "Order.paid", ""] {
            assert_eq!(name_of(prose), None, "{prose}");
        }
    }
}
