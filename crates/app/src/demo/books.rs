//! The comparison at the end: what WeChat Pay truly took against what Paydesk says about it.
//!
//! Independent of the stories, and of Paydesk's own checks: the sandbox's ledger is on one side, the
//! buyers' orders and the open cases as the API shows them are on the other.

use crate::demo::stage::Stage;
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// Says what was compared.
///
/// # Errors
/// With every difference.
pub(super) async fn compare(stage: &Stage) -> Result<String> {
    let mut orders = Vec::new();
    for buyer in &stage.crowd {
        orders.extend(buyer.orders().await?);
    }
    let ledger = stage.sandbox.ledger().await?;
    // A payment that was refunded, in part or whole, was paid as well.
    let is_paid =
        |trade: &&Value| trade["trade_state"] == "SUCCESS" || trade["trade_state"] == "REFUND";
    let paid: Vec<&Value> = ledger.trades().filter(is_paid).collect();
    let refunded = paid.iter().filter(|trade| owners(trade, &orders).count() == 0);
    let refunded = refunded.filter(|trade| is_refunded(trade)).count();
    // A case is asked for only where there has to be one.
    let unsettled: Vec<&str> = paid
        .iter()
        .filter(|trade| owners(trade, &orders).count() != 1 && !is_refunded(trade))
        .filter_map(|trade| trade["out_trade_no"].as_str())
        .collect();
    let cases = if unsettled.is_empty() {
        Vec::new()
    } else {
        let whose = || format!("without one paid order: {}", unsettled.join(", "));
        stage.open_cases().await.with_context(whose)?
    };
    let found = differences(&paid, &orders, &cases);
    ensure!(found.is_empty(), "{}", found.join("; "));
    let (all, others) = (paid.len(), unsettled.len());
    let settled = all.saturating_sub(others).saturating_sub(refunded);
    Ok(format!(
        "successful payments {all} = paid orders {settled} + refunded in full {refunded} + open cases {others}"
    ))
}

/// Every successful payment has exactly one paid order, with this transaction and amount, or went back
/// in full, or has an open case; what went back of an order is what it says; every paid order has a successful payment.
fn differences(paid: &[&Value], orders: &[Value], cases: &[Value]) -> Vec<String> {
    let mut found = Vec::new();
    for trade in paid {
        let (number, total) = (&trade["out_trade_no"], &trade["paid_fen"]);
        let owners: Vec<&Value> = owners(trade, orders).collect();
        match owners.as_slice() {
            [order] if order["amounts"]["paid_fen"] == *total => {}
            [order] => {
                let says = &order["amounts"]["paid_fen"];
                found.push(format!("{number}: {total} fen were paid, the order says {says}"));
            }
            [] if is_refunded(trade) => {}
            [] if cases.iter().any(|case| case["subject"] == *number) => {}
            [] => found.push(format!("{number} was paid, but no order and no open case knows")),
            many => found.push(format!("{number} was paid once, but {} orders are", many.len())),
        }
    }
    // What a wallet pays came with a recharge.
    let at_wechat_pay = || orders.iter().filter(|order| order["payment_method"] != "wallet");
    for order in at_wechat_pay() {
        let back: i64 = paid
            .iter()
            .filter(|trade| settles(trade, order))
            .filter_map(|trade| trade["refunded_fen"].as_i64())
            .sum();
        let shown = order["amounts"]["refunded_fen"].as_i64().unwrap_or_default();
        if back != shown {
            found.push(format!(
                "{}: {back} fen went back, the order says {shown}",
                order["order_number"]
            ));
        }
    }
    for order in at_wechat_pay().filter(|order| order["payment_status"] != "unpaid") {
        if !paid.iter().any(|trade| settles(trade, order)) {
            found.push(format!("{} is paid, but WeChat Pay took no money", order["order_number"]));
        }
    }
    found
}

/// Did all of it go back?
fn is_refunded(trade: &Value) -> bool {
    trade["paid_fen"].as_i64().is_some_and(|paid| trade["refunded_fen"] == paid)
}

fn owners<'a>(trade: &'a Value, orders: &'a [Value]) -> impl Iterator<Item = &'a Value> {
    orders.iter().filter(|order| settles(trade, order))
}

/// Is this order paid with this very transaction?
fn settles(trade: &Value, order: &Value) -> bool {
    let mut payments = order["payments"].as_array().into_iter().flatten();
    order["payment_status"] != "unpaid"
        && payments.any(|payment| {
            payment["status"] == "paid"
                && payment["out_trade_no"] == trade["out_trade_no"]
                && payment["transaction_id"] == trade["transaction_id"]
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn trade(number: &str) -> Value {
        json!({"out_trade_no": number, "transaction_id": format!("42-{number}"), "total_fen": 100,
            "paid_fen": 100, "refunded_fen": 0})
    }

    fn order(number: &str, paid_fen: i64) -> Value {
        json!({"order_number": number, "payment_status": "paid", "amounts": {"paid_fen": paid_fen},
            "payments": [{"out_trade_no": number, "status": "paid",
                "transaction_id": format!("42-{number}")}]})
    }

    fn found(trades: &[Value], orders: &[Value], cases: &[Value]) -> Vec<String> {
        differences(&trades.iter().collect::<Vec<_>>(), orders, cases)
    }

    #[test]
    fn a_payment_with_one_order_or_an_open_case_is_in_order() {
        let unpaid = json!({"order_number": "P2", "payment_status": "unpaid", "payments": []});
        let case = json!({"subject": "ERP1"});
        let orders = [order("P1", 100), unpaid];
        assert!(found(&[trade("P1"), trade("ERP1")], &orders, &[case]).is_empty());
    }

    #[test]
    fn a_payment_that_nobody_knows_is_found() {
        let said = ["\"P1\" was paid, but no order and no open case knows"];
        assert_eq!(found(&[trade("P1")], &[], &[]), said);
    }

    #[test]
    fn a_payment_without_an_order_that_went_back_in_full_is_in_order() {
        let mut back = trade("P1");
        back["refunded_fen"] = json!(100);
        assert!(found(&[back.clone()], &[], &[]).is_empty());
        back["refunded_fen"] = json!(99);
        assert_eq!(
            found(&[back], &[], &[]),
            ["\"P1\" was paid, but no order and no open case knows"]
        );
    }

    #[test]
    fn money_that_went_back_and_is_not_shown_is_found() {
        let mut part = trade("P1");
        part["refunded_fen"] = json!(40);
        assert_eq!(
            found(&[part], &[order("P1", 100)], &[]),
            ["\"P1\": 40 fen went back, the order says 0"]
        );
    }

    #[test]
    fn two_orders_for_one_payment_are_found() {
        let orders = [order("P1", 100), order("P1", 100)];
        assert_eq!(found(&[trade("P1")], &orders, &[]), ["\"P1\" was paid once, but 2 orders are"]);
    }

    #[test]
    fn another_amount_is_found() {
        let said = ["\"P1\": 100 fen were paid, the order says 99"];
        assert_eq!(found(&[trade("P1")], &[order("P1", 99)], &[]), said);
    }

    #[test]
    fn an_order_that_is_paid_with_no_money_or_with_another_transaction_is_found() {
        let said = "\"P1\" is paid, but WeChat Pay took no money";
        assert_eq!(found(&[], &[order("P1", 100)], &[]), [said]);
        let mut other = trade("P1");
        other["transaction_id"] = json!("43");
        assert!(found(&[other], &[order("P1", 100)], &[]).contains(&said.to_owned()));
    }
}
