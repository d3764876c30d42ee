//! Story 6: one order, two payments, both paid: by the phone and by a QR code. The first settles the
//! order, the second goes back in full, once, without anybody asking.

use crate::demo::stage::Stage;
use crate::demo::story::{Seen, Story, Telling};
use crate::demo::watching::{until_paid_back, until_seen_paid};
use crate::playground::goods::FIRST_SKU;
use anyhow::{Result, ensure};
use serde_json::{Value, json};

pub(super) const STORY: Story = Story {
    number: 6,
    title: "two payments of one order both succeed",
    title_zh: "同一订单的两笔支付都成功",
    play: |stage, telling| Box::pin(play(stage, telling)),
};

async fn play(stage: &mut Stage, telling: &Telling) -> Result<Seen> {
    let buyer = stage.buyer("heidi").await?;
    let phone = buyer.order_one(FIRST_SKU).await?;
    let close = format!("/v3/pay/transactions/out-trade-no/{}/close", phone.out_trade_no);
    stage.sandbox.faults(json!([{"match": {"path": close}, "action": "drop"}])).await?;
    let code = buyer.pay_by_code(&phone.order_number).await?;
    ensure!(code.out_trade_no != phone.out_trade_no, "the same number was offered twice");
    telling.step("a payment on the phone, then a QR code; the close of the first is lost");
    stage.sandbox.pay(&code.out_trade_no).await?;
    until_seen_paid(&buyer, &phone.order_number).await?;
    stage.sandbox.pay(&phone.out_trade_no).await?;
    telling.step("the QR code is paid, then the phone as well");
    let order = until_paid_back(stage, &buyer, &phone.order_number).await?;
    ensure!(order["status"] == "ready", "the order is {}", order["status"]);
    ensure!(order["payment_status"] == "paid", "the order is {}", order["payment_status"]);

    let ledger = stage.sandbox.ledger().await?;
    let refunds: Vec<&Value> = ledger.refunds(&phone.out_trade_no).collect();
    ensure!(refunds.len() == 1, "{} refunds of the second payment", refunds.len());
    ensure!(refunds[0]["status"] == "SUCCESS", "the refund is {}", refunds[0]["status"]);
    let (back, paid) = (&refunds[0]["refund_fen"], json!(phone.amount_fen));
    ensure!(*back == paid, "{back} fen went back, {paid} were paid");
    ensure!(ledger.refunds(&code.out_trade_no).count() == 0, "the settling payment was refunded");
    let sent = ledger.calls_for_refund("refund", &json_text(&refunds[0]["out_refund_no"]));
    telling.step(format!("the second went back in full: {} fen, asked for {sent} time", paid));
    Ok(Seen {
        by_wechat_pay: "2 payments, 1 refund of the second in full".to_owned(),
        by_paydesk: "paid once; a surplus payment and its refund, succeeded".to_owned(),
        outcome: "one paid order, one automatic refund".to_owned(),
    })
}

fn json_text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
