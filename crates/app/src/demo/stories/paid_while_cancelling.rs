//! Story 5: the buyer cancels, changes their mind and pays while the order is being cancelled. The close
//! does not reach WeChat Pay in time, so the money is taken: it settles the order.

use crate::demo::stage::Stage;
use crate::demo::story::{Seen, Story, Telling};
use crate::demo::watching::until_seen_paid;
use crate::playground::goods::FIRST_SKU;
use anyhow::{Result, ensure};
use serde_json::json;

pub(super) const STORY: Story = Story {
    number: 5,
    title: "paid while the order is being cancelled",
    title_zh: "取消过程中买家完成付款",
    play: |stage, telling| Box::pin(play(stage, telling)),
};

async fn play(stage: &mut Stage, telling: &Telling) -> Result<Seen> {
    let buyer = stage.buyer("erin").await?;
    let offer = buyer.order_one(FIRST_SKU).await?;
    let number = &offer.out_trade_no;
    let close = format!("/v3/pay/transactions/out-trade-no/{number}/close");
    stage.sandbox.faults(json!([{"match": {"path": close}, "action": "drop"}])).await?;
    telling.step("order placed; from now on no close reaches WeChat Pay");
    let order = buyer.cancel(&offer.order_number).await?;
    ensure!(order["status"] == "cancelling", "the order is {}", order["status"]);
    telling.step("the buyer cancels: the order is cancelling, its stock is still held");
    let closes = stage.sandbox.ledger().await?.calls_for("close", number);
    stage.sandbox.pay(number).await?;
    telling.step(format!("{closes} closes were lost; the buyer pays after all"));
    let order = until_seen_paid(&buyer, &offer.order_number).await?;
    ensure!(order["status"] == "ready", "the order is {}", order["status"]);
    ensure!(order["refunds"] == json!([]), "money went back: {}", order["refunds"]);
    let ledger = stage.sandbox.ledger().await?;
    ensure!(ledger.trade(number)?["trade_state"] == "SUCCESS", "the trade is not paid");
    telling.step("the order is paid and will be shipped");
    Ok(Seen {
        by_wechat_pay: format!("1 payment, {closes} closes that never arrived"),
        by_paydesk: "cancelling, then ready and paid; no refund".to_owned(),
        outcome: "the payment wins, nothing is lost".to_owned(),
    })
}
