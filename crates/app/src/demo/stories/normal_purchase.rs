//! Story 1: a normal purchase.

use crate::demo::stage::Stage;
use crate::demo::story::{Seen, Story, Telling};
use crate::demo::watching::{PATIENCE, until_answered};
use crate::playground::goods::FIRST_SKU;
use crate::playground::json::text;
use anyhow::{Result, ensure};
use serde_json::json;

pub(super) const STORY: Story = Story {
    number: 1,
    title: "a normal purchase",
    title_zh: "一次正常的购买",
    play: |stage, telling| Box::pin(play(stage, telling)),
};

async fn play(stage: &mut Stage, telling: &Telling) -> Result<Seen> {
    let buyer = stage.buyer("alice").await?;
    let offer = buyer.order_one(FIRST_SKU).await?;
    let number = &offer.order_number;
    telling.step(format!("a buyer checks out: order {number}, {} fen", offer.amount_fen));
    stage.sandbox.verify_pay_params(&offer.pay_params).await?;
    telling.step("the phone opens the cashier: paySign holds");
    let trade = stage.sandbox.pay(&offer.out_trade_no).await?;
    let transaction = text(&trade, "/transaction_id")?;
    telling.step("the buyer pays");
    let order = buyer.paid_order(number, PATIENCE).await?;
    telling.step("the order is paid");

    ensure!(order["status"] == "ready", "the order is {}", order["status"]);
    let recorded = text(&order, "/payments/0/transaction_id")?;
    ensure!(recorded == transaction, "recorded {recorded}, paid with {transaction}");
    let paid = &order["amounts"]["paid_fen"];
    ensure!(*paid == offer.amount_fen, "{paid} of {} fen are paid", offer.amount_fen);
    let wanted = buyer.wanted().await?;
    ensure!(wanted == json!([]), "still on the purchase list: {wanted}");
    let ledger = until_answered(stage, &offer.out_trade_no, 1).await?;
    let attempts = ledger.attempts(&offer.out_trade_no);
    let acknowledged = ledger.answered(&offer.out_trade_no, 204);
    ensure!(
        acknowledged == 1 && attempts.len() == 1,
        "not one notification and one 204: {attempts:?}"
    );
    let prepays = ledger.calls_for("prepay", &offer.out_trade_no);
    ensure!(prepays == 1, "{prepays} prepay calls");
    Ok(Seen {
        by_wechat_pay: format!("1 prepay, 1 payment {transaction}, 1 notification answered 204"),
        by_paydesk: format!("order ready, {paid} fen paid, purchase list empty again"),
        outcome: "paid once".to_owned(),
    })
}
