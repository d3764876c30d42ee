//! Story 10: two orders are to be paid at the door. The first is paid online while the courier already
//! wants the cash, whose close does not reach WeChat Pay; the second is nearly paid online, and then in
//! cash. Nobody pays twice.

use crate::demo::stage::Stage;
use crate::demo::story::{Seen, Story, Telling};
use crate::demo::watching::{PATIENCE, until_seen_paid};
use crate::playground::api::Answer;
use crate::playground::goods::FIRST_SKU;
use crate::playground::stopwatch::{Stopwatch, pause};
use anyhow::{Result, bail, ensure};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

pub(super) const STORY: Story = Story {
    number: 10,
    title: "cash on delivery turned into online payment",
    title_zh: "货到付款改为线上支付",
    play: |stage, telling| Box::pin(play(stage, telling)),
};

/// How soon a courier asks again. Paydesk asks for three seconds; a demonstration is impatient.
const COURIER_ASKS_AFTER: Duration = Duration::from_millis(500);

async fn play(stage: &mut Stage, telling: &Telling) -> Result<Seen> {
    let buyer = stage.buyer("grace").await?;
    let online = buyer.order_at_the_door(FIRST_SKU).await?;
    let number = text(&online, "order_number")?;
    bring(stage, &number).await?;
    telling.step("an order without a payment is shipped and delivered: cash on delivery");
    let offer = buyer.pay_by_code(&number).await?;
    let close = format!("/v3/pay/transactions/out-trade-no/{}/close", offer.out_trade_no);
    stage.sandbox.faults(json!([{"match": {"path": close}, "action": "drop"}])).await?;
    let refused = collect(stage, &online).await?;
    ensure!(refused.body["code"] == "payment_in_progress", "the courier was told {refused}");
    telling.step("the buyer opens a QR code; the courier wants the cash and is told to wait");
    stage.sandbox.pay(&offer.out_trade_no).await?;
    let order = until_seen_paid(&buyer, &number).await?;
    ensure!(order["payment_method"] == "wechat", "it is paid by {}", order["payment_method"]);
    ensure!(order["status"] == "delivered", "the order is {}", order["status"]);
    let refused = collect(stage, &online).await?;
    let shown = &refused.body["order"]["payment_status"];
    ensure!(refused.status == StatusCode::CONFLICT && shown == "paid", "the courier: {refused}");
    telling.step("the buyer pays; the courier is shown the paid order and takes nothing");

    stage.sandbox.faults(json!([])).await?;
    let cash = buyer.order_at_the_door(FIRST_SKU).await?;
    let number = text(&cash, "order_number")?;
    bring(stage, &number).await?;
    let unpaid = buyer.pay_by_code(&number).await?;
    telling.step("another order at the door, another QR code, and nobody pays it");
    let asked = until_collected(stage, &cash).await?;
    let ledger = stage.sandbox.ledger().await?;
    let closed = &ledger.trade(&unpaid.out_trade_no)?["trade_state"];
    ensure!(closed == "CLOSED", "cash was taken while the code is {closed}");
    let order = buyer.order(&number).await?;
    let (method, paid) = (&order["payment_method"], &order["payment_status"]);
    ensure!(method == "cod" && paid == "paid", "the order is {paid} by {method}");
    telling.step(format!("the courier asked {asked} times: the code is closed, the cash is taken"));
    Ok(Seen {
        by_wechat_pay: "1 payment; 1 code closed unpaid".to_owned(),
        by_paydesk: "one order paid online, one in cash".to_owned(),
        outcome: "cash or online, never both".to_owned(),
    })
}

/// Ships and delivers it.
async fn bring(stage: &Stage, number: &str) -> Result<()> {
    let parcel = json!({"logistics_type": 2, "packages": [{"item_desc": "龙井"}]});
    let path = |action: &str| format!("/api/admin/orders/{number}/{action}");
    stage.operator.done(Method::POST, &path("ship"), &parcel).await?;
    stage.operator.done(Method::POST, &path("deliver"), &json!({})).await.map(drop)
}

/// A courier says that the cash of an order was taken, however that is answered.
async fn collect(stage: &Stage, order: &Value) -> Result<Answer> {
    let path = format!("/api/admin/orders/{}/cod/collect", text(order, "order_number")?);
    let cash = json!({"amount_fen": order["amounts"]["total_fen"], "courier": "王师傅"});
    stage.operator.call(Method::POST, &path, &cash).await
}

/// How often the courier had to ask until the cash was taken.
async fn until_collected(stage: &Stage, order: &Value) -> Result<u32> {
    let begun = Stopwatch::start();
    let mut asked = 0_u32;
    loop {
        asked = asked.saturating_add(1);
        let answer = collect(stage, order).await?;
        if answer.status.is_success() {
            return Ok(asked);
        }
        if answer.body["code"] != "payment_in_progress" || begun.elapsed() > PATIENCE {
            bail!("the courier was told {answer}");
        }
        pause(COURIER_ASKS_AFTER).await;
    }
}

fn text(value: &Value, name: &str) -> Result<String> {
    crate::playground::json::text(value, &format!("/{name}"))
}
