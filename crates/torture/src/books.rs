//! The check at the end: plain SQL over the database, compared with the sandbox's ledger and with what
//! everybody was told. Independent of the program: it shares no code with it.
//!
//! Each file in `books/` answers differences, one text each, that begin with the rule that is broken.

use crate::crowd::buyer::ASKED_BY_BUYERS;
use crate::crowd::office::{APPROVAL_ABOVE_FEN, GIVEN_BY_OPERATORS};
use crate::crowd::shop;
use crate::findings::Findings;
use crate::sql::Connection;
use anyhow::Result;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const QUESTIONS: [&str; 14] = [
    include_str!("books/money.sql"),
    include_str!("books/orders.sql"),
    include_str!("books/refunds.sql"),
    include_str!("books/stock.sql"),
    include_str!("books/jobs.sql"),
    include_str!("books/events.sql"),
    include_str!("books/notices.sql"),
    include_str!("books/told.sql"),
    include_str!("books/cases.sql"),
    include_str!("books/ledger.sql"),
    include_str!("books/coupons.sql"),
    include_str!("books/door.sql"),
    include_str!("books/lines.sql"),
    include_str!("books/shipping.sql"),
];
const UNREST: &str = include_str!("books/unrest.sql");

/// The tables of what answers said was done.
pub(crate) const DEEDS: [&str; 3] = ["told_issues", "told_spends", "told_cash"];

/// What a play asks besides: differences, and what was compared, for the report.
pub(crate) struct Question {
    pub(crate) differences: &'static str,
    pub(crate) summary: &'static str,
}

/// What the database is compared with.
pub(crate) struct Evidence {
    /// `GET /_sandbox/ledger`.
    pub(crate) ledger: Value,
    pub(crate) told_orders: Value,
    pub(crate) told_refunds: Value,
    pub(crate) told_keys: Value,
    /// The refunds that requests came to, by buyers and operators.
    pub(crate) told_asks: Value,
    /// What buyers say that they paid: `{out_trade_no}`.
    pub(crate) told_paid: Value,
    /// Coupons that were issued, points that were spent, and cash that was taken, as answers said.
    pub(crate) told_deeds: Vec<(&'static str, Value)>,
    /// Commits that PostgreSQL acknowledged: `{command_id, order_id}`.
    pub(crate) acknowledged: Value,
    /// When business time jumped.
    pub(crate) jumps: Value,
    /// Ways to forge a notification that nobody should believe.
    pub(crate) forgeries: Vec<&'static str>,
}

/// Puts everything side by side and notes every difference; says what was compared.
pub(crate) async fn check(
    connection: &Connection,
    evidence: &Evidence,
    more: &[Question],
    findings: &Findings,
) -> Result<Vec<String>> {
    lay_out(connection, evidence).await?;
    for question in QUESTIONS.into_iter().chain(more.iter().map(|more| more.differences)) {
        for difference in connection.texts(question, &[]).await? {
            let (rule, what) = difference.split_once(": ").unwrap_or(("books", &difference));
            findings.add(rule, what);
        }
    }
    let mut said = connection.texts(include_str!("books/summary.sql"), &[]).await?;
    for summary in more.iter().map(|more| more.summary) {
        said.extend(connection.texts(summary, &[]).await?);
    }
    Ok(said)
}

/// What is still moving: empty when everything has come to rest.
pub(crate) async fn unrest(connection: &Connection, ledger: &Value) -> Result<Vec<String>> {
    let notices = notices(ledger);
    connection.texts(UNREST, &[&notices.to_string(), &ledger["now"].to_string()]).await
}

async fn lay_out(connection: &Connection, evidence: &Evidence) -> Result<()> {
    connection.run(include_str!("books/tables.sql")).await?;
    let ledger = &evidence.ledger;
    let attempts = attempts(ledger);
    let forgeries: Value = evidence.forgeries.iter().map(|name| json!({"text": name})).collect();
    let reasons = json!([{"text": ASKED_BY_BUYERS}, {"text": GIVEN_BY_OPERATORS}]);
    let business = json!([{"now": ledger["now"], "approval_above_fen": APPROVAL_ABOVE_FEN}]);
    let (coupons, packages) = (shop::coupons(), shop::packages());
    let deeds = evidence.told_deeds.iter().map(|(table, rows)| (*table, rows));
    let tables = [
        ("trades", &ledger["trades"]),
        ("wechat_refunds", &ledger["refunds"]),
        ("notices", &notices(ledger)),
        ("attempts", &attempts),
        ("calls", &ledger["calls"]),
        ("shipping", &ledger["shipping"]),
        ("told_orders", &evidence.told_orders),
        ("told_refunds", &evidence.told_refunds),
        ("told_keys", &evidence.told_keys),
        ("told_asks", &evidence.told_asks),
        ("told_paid", &evidence.told_paid),
        ("the_coupons", &coupons),
        ("the_packages", &packages),
        ("ask_reasons", &reasons),
        ("acknowledged", &evidence.acknowledged),
        ("jumps", &evidence.jumps),
        ("forgeries", &forgeries),
        ("business", &business),
    ];
    for (table, rows) in tables.into_iter().chain(deeds) {
        // The names are those above.
        let fill = format!(
            "INSERT INTO {table} SELECT r.* FROM \
             jsonb_populate_recordset(NULL::{table}, $1::text::jsonb) r"
        );
        connection.change(&fill, &[&rows.to_string()]).await?;
    }
    connection.run("ANALYZE").await
}

fn notices(ledger: &Value) -> Value {
    let elsewhere: BTreeSet<&str> = list(&ledger["trades"])
        .filter(|trade| trade["ordered_by"] == "elsewhere")
        .filter_map(|trade| trade["out_trade_no"].as_str())
        .collect();
    let of = |notice: &Value| {
        let number = notice["out_trade_no"].as_str().unwrap_or_default();
        let ordered_by = if elsewhere.contains(number) { "elsewhere" } else { "api" };
        json!({"id": notice["id"], "event_type": notice["event_type"],
            "out_trade_no": number, "out_refund_no": notice["out_refund_no"],
            "state": notice["state"], "ordered_by": ordered_by})
    };
    list(&ledger["notifications"]).map(of).collect()
}

pub(crate) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn attempts(ledger: &Value) -> Value {
    let mut rows = Vec::new();
    for notice in list(&ledger["notifications"]) {
        for attempt in list(&notice["attempts"]) {
            rows.push(json!({"notice_id": notice["id"], "tamper": attempt["tamper"],
                "outcome": attempt["outcome"], "status": attempt["status"]}));
        }
    }
    Value::from(rows)
}
