//! Story 15: a refund whose answer is lost, and lost again. It is asked about before it is sent again,
//! always under the same number: the buyer gets the money once.

use crate::demo::stage::Stage;
use crate::demo::story::{Seen, Story, Telling};
use crate::demo::watching::{until_paid_back, until_seen_paid};
use crate::playground::goods::FIRST_SKU;
use crate::playground::json::text;
use anyhow::{Result, ensure};
use serde_json::{Value, json};

const REFUNDS: &str = "/v3/refund/domestic/refunds";

pub(super) const STORY: Story = Story {
    number: 15,
    title: "a refund whose answer is lost",
    title_zh: "退款请求的应答丢失",
    play: |stage, telling| Box::pin(play(stage, telling)),
};

async fn play(stage: &mut Stage, telling: &Telling) -> Result<Seen> {
    let buyer = stage.buyer("judy").await?;
    let offer = buyer.order_one(FIRST_SKU).await?;
    stage.sandbox.pay(&offer.out_trade_no).await?;
    until_seen_paid(&buyer, &offer.order_number).await?;
    stage
        .sandbox
        .faults(json!([
            {"match": {"path": REFUNDS}, "times": 1, "action": "drop"},
            {"match": {"path": REFUNDS}, "times": 1, "action": "answer_lost"},
        ]))
        .await?;
    let amount_fen = offer.amount_fen / 2;
    let refund = buyer.refund(&offer.order_number, amount_fen).await?;
    let out_refund_no = text(&refund, "/out_refund_no")?;
    telling.step(format!("paid, and {amount_fen} fen are asked back: {out_refund_no}"));
    telling.step("the first request never arrives, the answer to the second is lost");
    let order = until_paid_back(stage, &buyer, &offer.order_number).await?;
    let (status, back) = (&order["payment_status"], &order["amounts"]["refunded_fen"]);
    ensure!(*status == "partially_refunded", "the order is {status}");
    ensure!(*back == amount_fen, "{back} fen are shown as refunded");

    let ledger = stage.sandbox.ledger().await?;
    let refunds: Vec<&Value> = ledger.refunds(&offer.out_trade_no).collect();
    ensure!(refunds.len() == 1, "{} refunds at WeChat Pay", refunds.len());
    ensure!(refunds[0]["out_refund_no"] == out_refund_no.as_str(), "{}", refunds[0]);
    let sent = ledger.calls_for_refund("refund", &out_refund_no);
    let asked = ledger.calls_for_refund("query_refund", &out_refund_no);
    ensure!(sent == 2, "sent {sent} times");
    ensure!(asked > 0, "sent again without asking");
    telling.step(format!("sent {sent} times, asked {asked} times, one number, one refund"));
    Ok(Seen {
        by_wechat_pay: format!("1 refund of {amount_fen} fen from {sent} requests"),
        by_paydesk: format!("refund succeeded once, {amount_fen} fen refunded"),
        outcome: "the money goes back exactly once".to_owned(),
    })
}
