//! Which rule acts, and which rules are refused.

use serde_json::{Value, json};

use super::*;
use crate::core::query::Freshness;
use crate::core::refund::{RefundEnding, RefundOutcome};

fn faults(rules: Value) -> Result<Faults, String> {
    Faults::parse(serde_json::from_value(rules).map_err(|error| error.to_string())?)
}

fn call(path: &str) -> Subject<'_> {
    let purpose = match path {
        "/v3/certificates" => Purpose::Other,
        "/v3/refund/domestic/refunds" => Purpose::Refund,
        _ if path.contains("out-trade-no") => Purpose::QueryByNumber,
        _ => Purpose::Change,
    };
    Subject::Call { path, numbers: OF_T1, purpose }
}

fn action(faults: &mut Faults, subject: Subject<'_>) -> Option<Action> {
    faults.take(subject).map(|taken| taken.action)
}

const OF_T1: Numbers<'_> = Numbers { out_trade_no: Some("T1"), out_refund_no: None };
const OF_R1: Numbers<'_> = Numbers { out_trade_no: Some("T1"), out_refund_no: Some("R1") };
const NOTICE: Subject<'_> = Subject::Notice { event_type: "TRANSACTION.SUCCESS", numbers: OF_T1 };

#[test]
fn the_first_rule_that_matches_acts() {
    let mut faults = faults(json!([
        {"match": {"path": "/v3/pay/transactions/native"}, "action": "drop"},
        {"match": {"out_trade_no": "T2"}, "action": "drop"},
        {"match": {"path": "/v3/pay/*"}, "action": "delay_ms", "value": 5},
        {"action": "drop"}
    ]))
    .unwrap();
    assert_eq!(action(&mut faults, call("/v3/pay/transactions/jsapi")), Some(Action::DelayMs(5)));
    assert_eq!(action(&mut faults, NOTICE), Some(Action::Drop));
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
fn every_acts_on_one_match_of_so_many_after_those_passed_over() {
    let mut faults =
        faults(json!([{"after": 2, "every": 3, "times": 2, "action": "probe"}])).unwrap();
    let acted: Vec<bool> = (0..12).map(|_| faults.take(NOTICE).is_some()).collect();
    let places: Vec<usize> =
        acted.iter().enumerate().filter(|(_, acted)| **acted).map(|(place, _)| place).collect();
    assert_eq!(places, [2, 5]);
    assert_eq!(
        serde_json::to_value(faults.counts()).unwrap(),
        json!([{"action": "probe", "matched": 12, "acted": 2}])
    );
}

#[test]
fn only_what_changes_an_order_can_be_late() {
    let mut faults = faults(json!([{"action": "late", "value": 5}])).unwrap();
    assert_eq!(faults.take(call("/v3/certificates")), None);
    assert_eq!(faults.take(call("/v3/pay/transactions/out-trade-no/T1")), None);
    assert_eq!(faults.take(NOTICE), None);
    let late = Lateness { ms: 5, until_close: false, unfaithful: false };
    assert_eq!(action(&mut faults, call("/v3/pay/transactions/jsapi")), Some(Action::Late(late)));
}

#[test]
fn a_refund_can_be_late_too_and_only_it_ends() {
    let ends = json!({"times": 1, "action": "refund_ends", "value": "abnormal"});
    let mut faults = faults(json!([ends, {"action": "late", "value": 5}])).unwrap();
    let refunds = "/v3/refund/domestic/refunds";
    let prepay = action(&mut faults, call("/v3/pay/transactions/jsapi"));
    assert!(matches!(prepay, Some(Action::Late(_))));
    assert_eq!(faults.take(NOTICE), None);
    let ending = RefundEnding::After(RefundOutcome::Abnormal, None);
    assert_eq!(action(&mut faults, call(refunds)), Some(Action::RefundEnds(ending)));
    assert!(matches!(action(&mut faults, call(refunds)), Some(Action::Late(_))));
}

#[test]
fn a_refund_is_met_by_its_own_number_and_by_its_order_s() {
    for (matcher, of_order, of_refund) in [
        (json!({"out_trade_no": "T1"}), true, true),
        (json!({"out_refund_no": "R1"}), false, true),
        (json!({"out_refund_no": "R2"}), false, false),
        (json!({"out_trade_no": "T2", "out_refund_no": "R1"}), false, false),
        (json!({"event_type": "REFUND.*"}), false, true),
        (json!({"event_type": "*.SUCCESS", "out_refund_no": "R1"}), false, true),
    ] {
        let mut faults = faults(json!([{"match": matcher, "action": "drop"}])).unwrap();
        let notice = Subject::Notice { event_type: "REFUND.SUCCESS", numbers: OF_R1 };
        assert_eq!(faults.take(NOTICE).is_some(), of_order, "{matcher}");
        assert_eq!(faults.take(notice).is_some(), of_refund, "{matcher}");
    }
}

#[test]
fn a_rule_that_holds_something_back_lets_the_rest_pass() {
    let rule = json!({"match": {"path": "/v3/*"}, "action": "reorder"});
    let mut faults = faults(json!([rule, {"match": {"path": "/v3/*"}, "action": "drop"}])).unwrap();
    let held = faults.take(call("/v3/a")).unwrap();
    assert!(matches!(held.action, Action::Reorder(_)));
    assert_eq!(faults.overtaken_by(call("/v3/b")), [held.rule]);
    assert!(faults.overtaken_by(NOTICE).is_empty());
    assert_eq!(action(&mut faults, call("/v3/b")), Some(Action::Drop), "the next rule looks");
    faults.let_go(held.rule);
    assert!(matches!(action(&mut faults, call("/v3/c")), Some(Action::Reorder(_))));
    // A rule of before is not one of now, though it stood at the same place.
    let mut faults = Faults::default().succeeding(&faults);
    faults.let_go(held.rule);
    assert_eq!(faults.take(call("/v3/a")), None);
}

#[test]
fn only_the_platform_has_an_errcode() {
    let mut faults = faults(json!([{"action": "errcode", "value": -1}])).unwrap();
    assert_eq!(faults.take(call("/v3/certificates")), None);
    assert_eq!(faults.take(NOTICE), None);
    let (path, purpose) = ("/wxa/sec/order/get_order", Purpose::Platform);
    let busy = InjectedErrcode { errcode: -1, errmsg: None, after_effect: false };
    let asked = Subject::Call { path, numbers: OF_T1, purpose };
    assert_eq!(action(&mut faults, asked), Some(Action::Errcode(busy)));
}

#[test]
fn the_names_are_the_actions() {
    let values = |name: &str| match name {
        "delay_ms" | "late" => Some(json!(1)),
        "status" => Some(json!(500)),
        "errcode" => Some(json!(-1)),
        "refund_ends" => Some(json!("closed")),
        _ => None,
    };
    for name in Action::NAMES {
        let action = Action::parse(name, values(name).as_ref()).unwrap();
        assert_eq!(action.name(), name);
        assert!(action.acts_on_calls() || action.acts_on_notices());
    }
}

#[test]
fn the_document_to_store_makes_the_same_rules_again() {
    let document = json!({
        "name": "n", "description": "d",
        "rules": [
            {"match": {"path": "/v3/*", "out_trade_no": "T1", "out_refund_no": "R1"}, "times": 2, "after": 1, "every": 3,
             "action": "status", "value": {"status": 500, "after_effect": true}},
            {"action": "drop"}
        ]
    });
    let read = |document: &Value| Faults::read(serde_json::from_value(document.clone()).unwrap());
    let mut faults = read(&document).unwrap();
    faults.take(NOTICE);
    let stored = serde_json::to_value(faults.script()).unwrap();
    assert_eq!(stored, document, "counters are no part of it");
    assert_eq!(read(&stored).unwrap().script(), faults.script());
}

#[test]
fn a_stale_query_waits_for_a_query() {
    let mut faults = faults(json!([{"times": 1, "action": "stale_query"}])).unwrap();
    assert_eq!(faults.take(call("/v3/certificates")), None);
    assert_eq!(
        action(&mut faults, call("/v3/pay/transactions/out-trade-no/T1")),
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
        (json!({"action": "errcode"}), "needs an errcode"),
        (json!({"action": "errcode", "value": 0}), "is success"),
        (json!({"action": "errcode", "value": -1, "match": {"event_type": "E"}}), "for API calls"),
        (json!({"action": "status", "value": {"status": 500, "x": 1}}), "unknown field"),
        (json!({"action": "drop", "match": {"phase": 1}}), "unknown field"),
        (json!({"action": "drop", "match": {"path": "/", "event_type": "E"}}), "give one"),
        (json!({"action": "duplicate", "match": {"path": "/"}}), "for notifications"),
        (json!({"action": "status", "value": 500, "match": {"event_type": "E"}}), "for API calls"),
        (json!({"action": "stale_query", "match": {"event_type": "E"}}), "for API calls"),
        (json!({"action": "late", "value": 1, "match": {"event_type": "E"}}), "for API calls"),
        (json!({"action": "late"}), "needs milliseconds"),
        (json!({"action": "late", "value": 0}), "1 ms to 30 days"),
        (json!({"action": "late", "value": [5, true, true]}), "needs milliseconds"),
        (json!({"action": "late", "value": {"until_close": true}}), "missing field `ms`"),
        (json!({"action": "reorder"}), "needs a path or an event_type"),
        (json!({"action": "reorder", "value": 0, "match": {"path": "/"}}), "1 to 20"),
        (
            json!({"action": "reorder", "value": 5_000_000_000_u64, "match": {"path": "/"}}),
            "1 to 20",
        ),
        (
            json!({"action": "reorder", "value": {"within_ms": 0}, "match": {"path": "/"}}),
            "within_ms",
        ),
        (json!({"action": "drop", "every": 0}), "at least 1"),
        (json!({"action": "refund_ends"}), "needs success"),
        (json!({"action": "refund_ends", "value": "lost"}), "unknown variant"),
        (json!({"action": "refund_ends", "value": 5}), "needs success"),
        (json!({"action": "refund_ends", "value": {"outcome": "processing"}}), "unknown variant"),
        (
            json!({"action": "refund_ends", "value": {"outcome": "closed", "ms": 1}}),
            "unknown field",
        ),
        (
            json!({"action": "refund_ends", "value": {"outcome": "closed", "after_ms": 2_592_000_001_u64}}),
            "30 days",
        ),
        (
            json!({"action": "refund_ends", "value": "closed", "match": {"event_type": "E"}}),
            "for API calls",
        ),
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
