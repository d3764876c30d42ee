//! Which rule acts, and which rules are refused.

use serde_json::json;

use super::*;

fn faults(rules: Value) -> Result<Faults, String> {
    Faults::parse(serde_json::from_value(rules).map_err(|error| error.to_string())?)
}

fn call(path: &str) -> Subject<'_> {
    Subject::Call { path, out_trade_no: Some("T1"), is_query: path.contains("out-trade-no") }
}

const NOTICE: Subject<'_> =
    Subject::Notice { event_type: "TRANSACTION.SUCCESS", out_trade_no: "T1" };

#[test]
fn the_first_rule_that_matches_acts() {
    let mut faults = faults(json!([
        {"match": {"path": "/v3/pay/transactions/native"}, "action": "drop"},
        {"match": {"out_trade_no": "T2"}, "action": "drop"},
        {"match": {"path": "/v3/pay/*"}, "action": "delay_ms", "value": 5},
        {"action": "drop"}
    ]))
    .unwrap();
    assert_eq!(faults.take(call("/v3/pay/transactions/jsapi")), Some(Action::DelayMs(5)));
    assert_eq!(faults.take(NOTICE), Some(Action::Drop));
}

#[test]
fn after_passes_over_and_times_uses_up() {
    let mut faults = faults(json!([
        {"match": {"event_type": "TRANSACTION.SUCCESS"}, "after": 1, "times": 2, "action": "drop"}
    ]))
    .unwrap();
    let acted: Vec<bool> = (0..5).map(|_| faults.take(NOTICE).is_some()).collect();
    assert_eq!(acted, [false, true, true, false, false]);
    assert_eq!(faults.take(call("/v3/certificates")), None);
}

#[test]
fn a_stale_query_waits_for_a_query() {
    let mut faults = faults(json!([{"times": 1, "action": "stale_query"}])).unwrap();
    assert_eq!(faults.take(call("/v3/certificates")), None);
    assert_eq!(
        faults.take(call("/v3/pay/transactions/out-trade-no/T1")),
        Some(Action::StaleQuery(Freshness::AsCreated))
    );
}

#[test]
fn nonsense_is_refused_in_words() {
    for (rule, word) in [
        (json!({"action": "explode"}), "unknown action"),
        (json!({"action": "drop", "value": 1}), "takes no value"),
        (json!({"action": "delay_ms"}), "needs a value"),
        (json!({"action": "duplicate", "value": 1}), "2 to 20"),
        (json!({"action": "status"}), "needs a status"),
        (json!({"action": "status", "value": 42}), "200 to 599"),
        (json!({"action": "status", "value": {"status": 500, "x": 1}}), "unknown field"),
        (json!({"action": "drop", "match": {"phase": 1}}), "unknown field"),
        (json!({"action": "drop", "match": {"path": "/", "event_type": "E"}}), "give one"),
        (json!({"action": "duplicate", "match": {"path": "/"}}), "for notifications"),
        (json!({"action": "answer_lost", "match": {"event_type": "E"}}), "for API calls"),
    ] {
        let why = faults(json!([rule.clone()])).unwrap_err();
        assert!(why.contains(word), "{rule}: {why}");
    }
}

#[test]
fn stars_stand_for_any_characters() {
    let closes = "/v3/pay/transactions/out-trade-no/*/close";
    assert!(glob(closes, "/v3/pay/transactions/out-trade-no/T1/close"));
    assert!(!glob(closes, "/v3/pay/transactions/out-trade-no/T1"));
    assert!(glob("*", "/x") && glob("/x", "/x") && glob("*a*b*", "-a-b-"));
    assert!(!glob("/x", "/xy") && !glob("ab*ba", "aba"));
}
