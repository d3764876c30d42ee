//! Story 16: keys are replaced in the middle, on both sides. WeChat Pay signs with a certificate that nobody
//! has seen; the merchant's own key is revoked while an order is open, and the service takes the new one from
//! its configuration without a restart.

use crate::demo::stage::Stage;
use crate::demo::story::{Seen, Story, Telling};
use crate::demo::watching::{until_attempted, until_said, until_seen_paid};
use crate::playground::goods::FIRST_SKU;
use crate::playground::json::text;
use crate::playground::stopwatch::Stopwatch;
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use std::time::Duration;

/// A client's patience on the page that it shows after payment.
const BUYER_WAITS: Duration = Duration::from_secs(30);

pub(super) const STORY: Story = Story {
    number: 16,
    title: "keys are replaced in the middle",
    title_zh: "交易途中更换密钥与证书",
    play: |stage, telling| Box::pin(play(stage, telling)),
};

async fn play(stage: &mut Stage, telling: &Telling) -> Result<Seen> {
    stage.sandbox.mode("certificate").await?;
    let told = their_key(stage, telling).await;
    let found = match told {
        Ok(()) => our_key(stage, telling).await,
        Err(error) => Err(error),
    };
    stage.sandbox.mode("mixed").await?;
    let found_after_ms = found?;
    Ok(Seen {
        by_wechat_pay: "2 payments; 1 new platform certificate, 1 merchant key revoked".to_owned(),
        by_paydesk: format!(
            "both paid, the second {found_after_ms} ms after the new key was taken"
        ),
        outcome: "nothing lost, no restart".to_owned(),
    })
}

/// A notification by a certificate that we have never seen.
async fn their_key(stage: &mut Stage, telling: &Telling) -> Result<()> {
    let buyer = stage.buyer("rupert").await?;
    let offer = buyer.order_one(FIRST_SKU).await?;
    let serial = stage.sandbox.rotate_platform_certificate().await?;
    telling.step("order placed; WeChat Pay signs with a new certificate from now on");
    stage.sandbox.pay(&offer.out_trade_no).await?;
    until_seen_paid(&buyer, &offer.order_number).await?;
    telling.step("the certificate is fetched, what it signs is believed: the order is paid");
    // Lists are asked for every ten seconds at most: the first notification may have been too early.
    let by_it = |attempt: &Value| attempt["status"] == 204 && attempt["serial"] == *serial;
    until_attempted(stage, &offer.out_trade_no, by_it).await?;
    telling.step("a notification that it signs is acknowledged with 204");
    Ok(())
}

/// Our own key is revoked between order and payment; how long after the new one was taken the payment was
/// found, in milliseconds.
async fn our_key(stage: &mut Stage, telling: &Telling) -> Result<u128> {
    let buyer = stage.buyer("sybil").await?;
    let offer = buyer.order_one(FIRST_SKU).await?;
    let never = json!({"match": {"event_type": "TRANSACTION.SUCCESS"}, "action": "drop"});
    stage.sandbox.faults(json!([never])).await?;
    let before = stage.sandbox.credentials().await?;
    let after = stage.sandbox.another_merchant_key().await?;
    stage.sandbox.revoke_merchant_key(&before.merchant_serial).await?;
    telling.step("another order; then WeChat Pay revokes our key, and loses every notification");
    stage.sandbox.pay(&offer.out_trade_no).await?;
    let refused = |line: &Value| line["event"] == "wechat.called" && line["wechat.status"] == 401;
    until_said(stage, refused).await?;
    telling.step("the buyer pays; our questions are refused: 401");
    stage.configure(&after)?;
    until_said(stage, |line| line["event"] == "keys.replaced").await?;
    let taken = Stopwatch::start();
    telling.step("the new key stands in the configuration: it is taken while the service runs");
    let order = buyer.paid_order(&offer.order_number, BUYER_WAITS).await?;
    let found_after_ms = taken.elapsed().as_millis();
    ensure!(order["status"] == "ready", "the order is {}", order["status"]);
    let starts = stage.service_log()?.into_iter().filter(|line| line["message"] == "serving");
    let (starts, expected) = (starts.count(), stage.starts());
    ensure!(starts == expected, "the service was started {starts} times, not {expected}");
    let recorded = text(&order, "/payments/0/transaction_id")?;
    let ledger = stage.sandbox.ledger().await?;
    let paid = text(ledger.trade(&offer.out_trade_no)?, "/transaction_id")?;
    ensure!(recorded == paid, "recorded {recorded}, paid {paid}");
    telling.step("the order is paid: the question is signed by the new key");
    Ok(found_after_ms)
}
