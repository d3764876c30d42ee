//! The tables of members in `docs/wechat-pay-rules.txt`, read by the client: everything documented, at its longest, with what may be
//! absent absent, and what nobody has documented beside it.

use serde_json::{Map, Value, json};

use crate::notice::{envelope, open};
use crate::support::*;

const RULES: &str = include_str!("../../../../docs/wechat-pay-rules.txt");
const NONCE: &str = "k8Zq2Lw9Xe4T";

/// `(member, type, when)` of the table of this name.
fn rules(name: &str) -> Vec<(&'static str, &'static str, &'static str)> {
    let begins = |line: &&str| line.starts_with(&format!("members {name} | "));
    let lines = RULES.lines().skip_while(|line| !begins(line)).skip(1);
    let rule = |line: &'static str| {
        let mut cells = line.trim().split(" | ");
        (cells.next().unwrap(), cells.next().unwrap(), cells.next().unwrap())
    };
    let found: Vec<_> = lines.take_while(|line| line.starts_with("  ")).map(rule).collect();
    assert!(!found.is_empty(), "no table of {name}");
    found
}

/// The longest that it may be.
fn longest(kind: &str) -> Value {
    match kind.strip_prefix("string(").and_then(|rest| rest.split(')').next()) {
        Some(length) => json!("字".repeat(length.parse().unwrap())),
        None if kind == "time" => json!("2026-11-21T10:05:00+08:00"),
        None => json!(100),
    }
}

fn pointer(member: &str) -> String {
    format!("/{}", member.replace("[]", ".0").replace('.', "/"))
}

/// Puts a value at `amount.total` or `list[].sum`, with what has to be around it.
fn put(body: &mut Value, member: &str, value: Value) {
    let mut at = body;
    for part in member.split('.') {
        let (name, is_list) = part.strip_suffix("[]").map_or((part, false), |name| (name, true));
        if at.is_null() {
            *at = Value::Object(Map::new());
        }
        at = at.as_object_mut().unwrap().entry(name).or_insert(Value::Null);
        if is_list {
            if at.is_null() {
                *at = json!([null]);
            }
            at = &mut at[0];
        }
    }
    *at = value;
}

fn without(body: &Value, member: &str) -> Value {
    let mut body = body.clone();
    let pointer = pointer(member);
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
    body
}

/// Everything documented, at its longest but for what has a meaning.
fn full(table: &str, meanings: &Value) -> Value {
    let mut body = Value::Null;
    for (member, kind, _) in rules(table) {
        let meaning = meanings.get(member).cloned();
        put(&mut body, member, meaning.unwrap_or_else(|| longest(kind)));
    }
    body
}

/// Members whose value in another type is refused: those that are read.
async fn read(event: (&str, &str), table: &str, meanings: &Value) -> Vec<&'static str> {
    let opens = async |body: &Value| {
        open(&envelope(event.0, event.1, &body.to_string(), NONCE)).await.is_ok()
    };
    let full = full(table, meanings);
    assert!(opens(&full).await, "{full}");
    let mut read = Vec::new();
    for (member, _, when) in rules(table) {
        if when == "no" {
            assert!(opens(&without(&full, member)).await, "{member} may be absent");
        }
        let (parent, _) = member.rsplit_once('.').unwrap_or(("", member));
        let beside = if parent.is_empty() { "x".to_owned() } else { format!("{parent}.x") };
        let mut more = full.clone();
        put(&mut more, &beside, json!({"nobody": "knows"}));
        assert!(opens(&more).await, "{beside} is not documented");
        let mut other = full.clone();
        put(&mut other, member, json!({"another": "type"}));
        if !opens(&other).await {
            read.push(member);
        }
    }
    read
}

#[tokio::test]
async fn a_documented_payment_is_read_and_each_member_that_is_read_has_its_type() {
    let meanings = json!({
        "mchid": MCHID, "out_trade_no": NUMBER, "trade_type": "JSAPI", "trade_state": "SUCCESS",
        "amount.currency": "CNY",
    });
    let read =
        read(("TRANSACTION.SUCCESS", "transaction"), "§6.2 payment resource", &meanings).await;
    let expected = [
        "appid",
        "mchid",
        "out_trade_no",
        "transaction_id",
        "trade_type",
        "trade_state",
        "attach",
        "success_time",
        "payer.openid",
        "amount.total",
        "amount.payer_total",
        "amount.currency",
    ];
    assert_eq!(read, expected);
}

#[tokio::test]
async fn a_documented_refund_is_read_and_each_member_that_is_read_has_its_type() {
    let meanings = json!({
        "mchid": MCHID, "out_trade_no": NUMBER, "out_refund_no": REFUND, "refund_status": "SUCCESS",
    });
    let read = read(("REFUND.SUCCESS", "refund"), "§6.2b refund resource", &meanings).await;
    let expected = [
        "mchid",
        "transaction_id",
        "out_trade_no",
        "refund_id",
        "out_refund_no",
        "refund_status",
        "success_time",
        "amount.total",
        "amount.refund",
    ];
    assert_eq!(read, expected);
}
