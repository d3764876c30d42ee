//! Story 4: the service is killed between prepay and payment. The buyer pays in the last second, nobody
//! is there to hear of it, and the service comes back after 31 minutes, when the order is overdue.

use crate::demo::stage::Stage;
use crate::demo::story::{Seen, Story, Telling};
use crate::demo::watching::{until_seen_paid, until_tried};
use crate::playground::goods::FIRST_SKU;
use crate::playground::json::instant;
use crate::playground::stopwatch::Stopwatch;
use anyhow::{Result, ensure};
use serde_json::json;
use time::format_description::well_known::Rfc3339;

const AWAY_S: i64 = 31 * 60;

pub(super) const STORY: Story = Story {
    number: 4,
    title: "killed before a last-second payment, back after 31 minutes",
    title_zh: "付款前服务被杀，买家最后一秒付款，31 分钟后才恢复",
    play: |stage, telling| Box::pin(play(stage, telling)),
};

async fn play(stage: &mut Stage, telling: &Telling) -> Result<Seen> {
    let buyer = stage.buyer("dave").await?;
    let offer = buyer.order_one(FIRST_SKU).await?;
    let number = &offer.out_trade_no;
    stage.kill_service().await?;
    telling.step("order placed, pay parameters handed out; kill -9 of paydesk serve");

    let expires_at = instant(stage.sandbox.ledger().await?.trade(number)?, "/expires_at")?;
    let last_second = expires_at - time::Duration::SECOND;
    // The clock stands still while the buyer pays: a busy machine must not make it too late.
    let now = last_second.format(&Rfc3339)?;
    stage.sandbox.clock(&json!({"now": now, "speed": 0})).await?;
    let trade = stage.sandbox.pay(number).await?;
    let paid_at = instant(&trade, "/success_at")?;
    ensure!(paid_at < expires_at, "paid at {paid_at}, not before {expires_at}");
    telling.step("half an hour passes; the buyer pays one second before time_expire");
    stage.sandbox.clock(&json!({"advance_s": AWAY_S, "speed": 1})).await?;
    let unheard = until_tried(stage, number).await?;
    telling.step(format!("31 minutes pass; WeChat Pay notifies {unheard} times, nobody is there"));

    stage.start_service().await?;
    let back = Stopwatch::start();
    telling.step("the service is back; the order is overdue");
    let order = until_seen_paid(&buyer, &offer.order_number).await?;
    let after_ms = back.elapsed().as_millis();
    ensure!(order["status"] == "ready", "the order is {}", order["status"]);
    let recorded = instant(&order, "/payments/0/paid_at")?;
    ensure!(recorded == paid_at, "paid at {paid_at}, recorded {recorded}");
    let ledger = stage.sandbox.ledger().await?;
    let heard = ledger.answered(number, 204);
    ensure!(heard == 0, "{heard} notifications were heard: this was to be found by query");
    let queries = ledger.calls_for("query", number);
    ensure!(queries > 0, "paid, but neither notified nor asked");
    ensure!(ledger.trade(number)?["trade_state"] == "SUCCESS", "the trade is no longer paid");
    telling.step("the order is paid: asked before it would have been cancelled");
    Ok(Seen {
        by_wechat_pay: format!(
            "1 payment in the last second, {unheard} notifications without answer"
        ),
        by_paydesk: format!("paid {after_ms} ms after it was back, with the time of the payment"),
        outcome: "the overdue order is paid, not cancelled".to_owned(),
    })
}
