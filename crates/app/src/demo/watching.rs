//! Waiting until something can be seen, without making it happen.

use crate::demo::stage::Stage;
use crate::playground::buyer::Buyer;
use crate::playground::json::instant;
use crate::playground::ledger::Ledger;
use crate::playground::stopwatch::{Stopwatch, pause};
use anyhow::{Result, bail};
use serde_json::{Value, json};
use std::time::Duration;

/// How long a story waits for what has to come.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// The order once the buyer's list shows it as paid. Looking at the list asks nobody anything: what is
/// seen was found by the service itself.
pub(super) async fn until_seen_paid(buyer: &Buyer, order_number: &str) -> Result<Value> {
    let begun = Stopwatch::start();
    loop {
        let orders = buyer.orders().await?;
        let found = orders.into_iter().find(|order| order["order_number"] == order_number);
        match found {
            None => bail!("order {order_number} is gone"),
            Some(order) if order["payment_status"] == "paid" => return Ok(order),
            Some(order) if begun.elapsed() > PATIENCE => {
                let (status, limit) = (&order["status"], PATIENCE.as_secs());
                bail!("order {order_number} is still {status}, not paid, after {limit} s");
            }
            Some(_) => pause(LOOK_AGAIN_AFTER).await,
        }
    }
}

/// Waits until an attempt to notify of a payment was made of which `is_it` is true.
pub(super) async fn until_attempted(
    stage: &Stage,
    out_trade_no: &str,
    is_it: impl Fn(&Value) -> bool,
) -> Result<()> {
    let begun = Stopwatch::start();
    loop {
        let ledger = stage.sandbox.ledger().await?;
        let attempts = ledger.attempts(out_trade_no);
        if attempts.iter().any(&is_it) {
            return Ok(());
        }
        if begun.elapsed() > PATIENCE {
            bail!("no notification of {out_trade_no} is as it should be: {attempts:?}");
        }
        pause(LOOK_AGAIN_AFTER).await;
    }
}

/// Waits until the service's log has a line of which `is_it` is true.
pub(super) async fn until_said(stage: &Stage, is_it: impl Fn(&Value) -> bool) -> Result<()> {
    let begun = Stopwatch::start();
    while !stage.service_log()?.iter().any(&is_it) {
        if begun.elapsed() > PATIENCE {
            bail!("the service did not say so within {} s", PATIENCE.as_secs());
        }
        pause(LOOK_AGAIN_AFTER).await;
    }
    Ok(())
}

/// The ledger once so many attempts to notify of a payment were answered, whatever the answer.
pub(super) async fn until_answered(
    stage: &Stage,
    out_trade_no: &str,
    count: usize,
) -> Result<Ledger> {
    let begun = Stopwatch::start();
    loop {
        let ledger = stage.sandbox.ledger().await?;
        let attempts = ledger.attempts(out_trade_no);
        let answered = attempts.iter().filter(|one| one["outcome"] == "answered").count();
        if answered >= count {
            return Ok(ledger);
        }
        if begun.elapsed() > PATIENCE {
            bail!("{answered} of {count} notifications of {out_trade_no} were answered");
        }
        pause(LOOK_AGAIN_AFTER).await;
    }
}

/// How often WeChat Pay tried to notify, once it has made every attempt that was due, all in vain.
pub(super) async fn until_tried(stage: &Stage, out_trade_no: &str) -> Result<usize> {
    let begun = Stopwatch::start();
    loop {
        let ledger = stage.sandbox.ledger().await?;
        let attempts = ledger.attempts(out_trade_no);
        if attempts.iter().any(|attempt| attempt["outcome"] == "answered") {
            bail!("somebody answered a notification: {attempts:?}");
        }
        let is_ahead = match ledger.notice(out_trade_no) {
            Some(notice) if !notice["next_at"].is_null() => {
                instant(notice, "/next_at")? > ledger.now()?
            }
            Some(_) | None => false,
        };
        if is_ahead && !attempts.is_empty() {
            return Ok(attempts.len());
        }
        if begun.elapsed() > PATIENCE {
            bail!("WeChat Pay did not make its attempts to notify of {out_trade_no}");
        }
        pause(LOOK_AGAIN_AFTER).await;
    }
}

/// The order once the payer has the money of every refund that it has, by their list of orders. Time at
/// WeChat Pay is put forward while we wait: a refund takes some seconds there.
pub(super) async fn until_paid_back(
    stage: &Stage,
    buyer: &Buyer,
    order_number: &str,
) -> Result<Value> {
    let begun = Stopwatch::start();
    loop {
        let orders = buyer.orders().await?;
        let found = orders.into_iter().find(|order| order["order_number"] == order_number);
        let Some(order) = found else { bail!("order {order_number} is gone") };
        let refunds = order["refunds"].as_array().map_or(&[][..], Vec::as_slice);
        if !refunds.is_empty() && refunds.iter().all(|refund| refund["status"] == "succeeded") {
            return Ok(order);
        }
        if begun.elapsed() > PATIENCE {
            let limit = PATIENCE.as_secs();
            bail!("the refunds of {order_number} are still {} after {limit} s", order["refunds"]);
        }
        stage.sandbox.clock(&json!({"advance_s": 2})).await?;
        pause(LOOK_AGAIN_AFTER).await;
    }
}
