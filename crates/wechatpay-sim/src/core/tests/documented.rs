//! The tables of members in `docs/wechat-pay-rules.txt`, played: what a request may hold, and what is answered and notified.

mod answers;
mod requests;

use std::collections::BTreeSet;

use super::*;
use crate::core::wire_time::parse_beijing;

const RULES: &str = include_str!("../../../../../docs/wechat-pay-rules.txt");
const TIME: &str = "2026-11-21T10:30:00+08:00";

/// `amount.total | int from 1 | yes`.
#[derive(Debug, Clone, Copy)]
struct Rule {
    member: &'static str,
    kind: &'static str,
    when: &'static str,
}

/// The table of this name.
fn rules(name: &str) -> Vec<Rule> {
    let begins = |line: &&str| {
        let rest = line.strip_prefix("members ").unwrap_or_default();
        rest.split(" | ").next().is_some_and(|title| title == name)
    };
    let mut lines = RULES.lines().skip_while(|line| !begins(line)).skip(1);
    let rule = |line: &'static str| {
        let mut cells = line.trim().split(" | ");
        let mut cell = || cells.next().unwrap();
        Rule { member: cell(), kind: cell(), when: cell() }
    };
    let found: Vec<Rule> =
        lines.by_ref().take_while(|line| line.starts_with("  ")).map(rule).collect();
    assert!(!found.is_empty(), "no table of {name}");
    found
}

impl Rule {
    /// `/detail/goods_detail/0/quantity`.
    fn pointer(self) -> String {
        format!("/{}", self.member.replace("[]", ".0").replace('.', "/"))
    }

    /// 32 of `string(32)`.
    fn length(self) -> Option<usize> {
        self.kind.strip_prefix("string(")?.split(')').next()?.parse().ok()
    }

    /// Values that are taken, and values that are not.
    fn values(self) -> (Vec<Value>, Vec<Value>) {
        let Some(length) = self.length() else { return self.values_of_no_text() };
        let (_, more) = self.kind.split_once(')').unwrap();
        let long = |of: &str, length: usize| json!(of.repeat(length));
        let mut refused = vec![Value::Null, json!(7), json!(["x"])];
        let accepted = match more.trim() {
            "" => {
                refused.push(long("字", length + 1));
                vec![long("字", length), json!("x")]
            }
            "of any length" => vec![json!("x")],
            "in bytes" => {
                refused.extend([long("x", length + 1), long("字", length / 3 + 1)]);
                vec![long("x", length), long("字", length / 3)]
            }
            "with a URL" => {
                let url = |length: usize| format!("{:n<length$}", "https://pay.example.com/");
                refused.extend([
                    json!(url(length + 1)),
                    json!("https://pay.example.com/n?x=1"),
                    json!("x"),
                ]);
                vec![json!(url(length))]
            }
            "with an address" => {
                refused.extend([json!("127.0.0.1"), json!("x"), long("1", length + 1)]);
                vec![json!("2001:0db8:0000:0000:0000:0000:255.255.255.255"), json!("14.23.150.211")]
            }
            set if set.contains('[') => {
                refused.extend([long("A", length + 1), json!("订单20261121"), json!("A B-1234")]);
                if set.contains("6 to 32") {
                    refused.push(long("A", 5));
                }
                vec![long("A", length), json!("az_-AZ09")]
            }
            words => {
                let words = words.strip_prefix("of ").unwrap();
                refused.push(json!("NOBODYS"));
                words.split(", ").map(|word| json!(word)).collect()
            }
        };
        (accepted, refused)
    }

    fn values_of_no_text(self) -> (Vec<Value>, Vec<Value>) {
        match self.kind {
            "bool" => (vec![json!(true), json!(false)], vec![Value::Null, json!(1), json!("true")]),
            "time" => {
                (vec![json!(TIME)], vec![Value::Null, json!("2026-11-21T10:30:00Z"), json!(7)])
            }
            kind => {
                let least: i64 = kind.strip_prefix("int from ").unwrap().parse().unwrap();
                let refused = vec![Value::Null, json!(least - 1), json!("1"), json!(1.5)];
                (vec![json!(least), json!(i64::from(u32::MAX))], refused)
            }
        }
    }

    /// Whether it is what the rule says.
    fn is_kept_by(self, value: &Value) -> bool {
        match (self.length(), self.kind) {
            (Some(length), _) => {
                value.as_str().is_some_and(|text| (1..=length).contains(&text.chars().count()))
            }
            (None, "int") => value.is_i64(),
            (None, "time") => value.as_str().is_some_and(|text| parse_beijing(text).is_some()),
            (None, kind) => panic!("{kind}"),
        }
    }
}

fn documented(rules: &[Rule]) -> BTreeSet<String> {
    rules.iter().map(|rule| rule.member.to_owned()).collect()
}

/// Everything in a body that has nothing in it, by its member as the rules name it.
fn leaves(body: &Value) -> Vec<(String, &Value)> {
    match body {
        Value::Object(members) => {
            let below = |(name, value)| {
                let named = move |(rest, leaf): (String, _)| match rest.as_str() {
                    "" => (String::clone(name), leaf),
                    _ if rest.starts_with('[') => (format!("{name}{rest}"), leaf),
                    _ => (format!("{name}.{rest}"), leaf),
                };
                leaves(value).into_iter().map(named)
            };
            members.iter().flat_map(below).collect()
        }
        Value::Array(items) => {
            let named = |(rest, leaf): (String, _)| match rest.as_str() {
                "" => ("[]".to_owned(), leaf),
                _ => (format!("[].{rest}"), leaf),
            };
            items.iter().flat_map(leaves).map(named).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            vec![(String::new(), body)]
        }
    }
}
