//! Story 8: another amount than was asked, with WeChat Pay's true signature. First as a lie: a
//! notification that a query contradicts changes nothing. Then as the truth: the money goes back in full,
//! and the order can still be paid.

use crate::demo::stage::Stage;
use crate::demo::story::{Seen, Story, Telling};
use crate::demo::watching::{until_paid_back, until_seen_paid};
use crate::playground::goods::FIRST_SKU;
use anyhow::{Result, ensure};
use serde_json::{Value, json};

pub(super) const STORY: Story = Story {
    number: 8,
    title: "a wrong amount with a valid signature",
    title_zh: "签名有效但金额不符",
    play: |stage, telling| Box::pin(play(stage, telling)),
};

async fn play(stage: &mut Stage, telling: &Telling) -> Result<Seen> {
    let buyer = stage.buyer("ivan").await?;
    let wrong = buyer.order_one(FIRST_SKU).await?;
    let paid_fen = 1;
    stage.sandbox.pay_amount(&wrong.out_trade_no, paid_fen).await?;
    telling.step(format!("{} fen are asked, {paid_fen} is paid, truly signed", wrong.amount_fen));
    let order = until_paid_back(stage, &buyer, &wrong.order_number).await?;
    ensure!(order["payment_status"] == "unpaid", "the order is {}", order["payment_status"]);
    ensure!(order["status"] == "pending_payment", "the order is {}", order["status"]);
    telling.step("asked about, not believed to be the price: it went back in full");

    let right = buyer.pay_by_code(&wrong.order_number).await?;
    stage.sandbox.pay(&right.out_trade_no).await?;
    let order = until_seen_paid(&buyer, &wrong.order_number).await?;
    ensure!(order["amounts"]["paid_fen"] == right.amount_fen, "paid {}", order["amounts"]);
    telling.step("the order stayed open; the buyer pays what it costs");
    let lie = stage.sandbox.notify(&right.out_trade_no, Some("amount")).await?;
    let order_after = buyer.order(&wrong.order_number).await?;
    ensure!(order_after["version"] == order["version"], "a lie changed the order");
    telling.step(format!("a notification that lies about the amount: answered {}", lie["status"]));

    let ledger = stage.sandbox.ledger().await?;
    let refunds: Vec<&Value> = ledger.refunds(&wrong.out_trade_no).collect();
    ensure!(refunds.len() == 1 && refunds[0]["refund_fen"] == json!(paid_fen), "{refunds:?}");
    ensure!(ledger.refunds(&right.out_trade_no).count() == 0, "the right payment was refunded");
    Ok(Seen {
        by_wechat_pay: format!(
            "{paid_fen} fen and {} fen paid, the first refunded",
            right.amount_fen
        ),
        by_paydesk: "never paid by the wrong amount; paid once by the right one".to_owned(),
        outcome: "wrong money goes back, the order stays payable".to_owned(),
    })
}
