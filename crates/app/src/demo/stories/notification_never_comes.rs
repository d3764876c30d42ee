//! Story 2: the notification never comes. The job that was committed with the order asks WeChat Pay.

use crate::demo::stage::Stage;
use crate::demo::story::{Seen, Story, Telling};
use crate::demo::watching::until_seen_paid;
use crate::playground::goods::FIRST_SKU;
use crate::playground::json::text;
use crate::playground::stopwatch::Stopwatch;
use anyhow::{Result, ensure};
use serde_json::json;

pub(super) const STORY: Story = Story {
    number: 2,
    title: "the notification never comes",
    title_zh: "通知从未到达",
    play: |stage, telling| Box::pin(play(stage, telling)),
};

async fn play(stage: &mut Stage, telling: &Telling) -> Result<Seen> {
    let buyer = stage.buyer("bob").await?;
    let offer = buyer.order_one(FIRST_SKU).await?;
    let number = &offer.out_trade_no;
    let all = json!({"match": {"event_type": "TRANSACTION.SUCCESS"}, "action": "drop"});
    stage.sandbox.faults(json!([all])).await?;
    telling.step("order placed; from now on every notification is lost");
    let trade = stage.sandbox.pay(number).await?;
    let paid = Stopwatch::start();
    telling.step("the buyer pays and closes the phone: nobody asks for the order");
    let order = until_seen_paid(&buyer, &offer.order_number).await?;
    let found_after_ms = paid.elapsed().as_millis();
    telling.step("the order is paid: our own query found it");

    let recorded = text(&order, "/payments/0/transaction_id")?;
    ensure!(recorded == text(&trade, "/transaction_id")?, "recorded {recorded}, paid {trade}");
    let ledger = stage.sandbox.ledger().await?;
    let attempts = ledger.attempts(number);
    let lost = attempts.iter().filter(|attempt| attempt["outcome"] == "dropped").count();
    ensure!(lost > 0 && lost == attempts.len(), "a notification arrived: {attempts:?}");
    let queries = ledger.calls_for("query", number);
    ensure!(queries > 0, "paid, but neither notified nor asked");
    Ok(Seen {
        by_wechat_pay: format!("1 payment; notifications lost: {lost}, queries of ours: {queries}"),
        by_paydesk: format!("paid {found_after_ms} ms after the payment, by query"),
        outcome: "found by query, paid once".to_owned(),
    })
}
