//! The decorators: they change no answer, and count each once.

mod calls;
mod commits;
mod jobs;

use super::Meters;
use std::sync::Arc;

fn meters() -> Arc<Meters> {
    Arc::new(Meters::new().unwrap())
}

/// The value of one line of what would be scraped; `None` when there is no such line.
fn value(meters: &Meters, series: &str) -> Option<f64> {
    let text = meters.handle().render();
    let found = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    found.map(|number| number.parse().unwrap())
}

#[test]
fn a_label_cannot_break_out_of_its_line() {
    let meters = meters();
    let odd = "a\"b\nc\\d";
    meters.count("paydesk_http_requests_total", &[("route", odd)]);
    let text = meters.handle().render();
    assert!(text.contains(r#"{route="a\"b\nc\\d"} 1"#), "{text}");
}

#[test]
fn durations_are_buckets_that_can_be_added_up() {
    let meters = meters();
    let name = "paydesk_commit_duration_seconds";
    for millis in [1, 3, 30, 9_000] {
        meters.took(name, &[], std::time::Duration::from_millis(millis));
    }
    let bucket = |le: &str| value(&meters, &format!("{name}_bucket{{le=\"{le}\"}}"));
    assert_eq!(bucket("0.001"), Some(1.0));
    assert_eq!(bucket("0.005"), Some(2.0));
    assert_eq!(bucket("5"), Some(3.0));
    assert_eq!(bucket("+Inf"), Some(4.0));
    assert_eq!(value(&meters, &format!("{name}_count")), Some(4.0));
}

#[test]
fn every_metric_stands_in_the_documentation() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/observability.md");
    let page = std::fs::read_to_string(path).unwrap();
    let said = super::COUNTERS.iter().chain(super::DURATIONS).chain(super::GAUGES);
    for (name, _) in said {
        assert!(page.contains(&format!("| `{name}` |")), "{name} is not explained");
    }
}
