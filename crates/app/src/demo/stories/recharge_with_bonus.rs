//! Story 11: a recharge with bonus points, whose notification comes ten times and once more. The points
//! are there once.

use crate::demo::stage::Stage;
use crate::demo::story::{Seen, Story, Telling};
use crate::demo::watching::{PATIENCE, until_answered};
use crate::playground::json::{list, number};
use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::json;

const COPIES: usize = 10;
const PRINCIPAL: i64 = 100;
const BONUS: i64 = 20;

pub(super) const STORY: Story = Story {
    number: 11,
    title: "a recharge with bonus points, notified again and again",
    title_zh: "积分充值有赠送，通知反复到达",
    play: |stage, telling| Box::pin(play(stage, telling)),
};

async fn play(stage: &mut Stage, telling: &Telling) -> Result<Seen> {
    let package = json!({"title": "100 积分送 20", "price_fen": 10_000, "credit": "points",
        "principal": PRINCIPAL, "bonus": BONUS});
    let path = "/api/admin/recharge-packages/points-100";
    stage.operator.done(Method::PUT, path, &package).await?;
    let buyer = stage.buyer("kate").await?;
    let offer = buyer.recharge("points-100").await?;
    let out_trade_no = &offer.out_trade_no;
    ensure!(buyer.points().await? == 0, "points before they are paid");
    let tenfold = json!({"match": {"out_trade_no": out_trade_no,
        "event_type": "TRANSACTION.SUCCESS"}, "times": 1, "action": "duplicate", "value": COPIES});
    stage.sandbox.faults(json!([tenfold])).await?;
    telling.step(format!("{PRINCIPAL} points and {BONUS} more are ordered; notified tenfold"));
    stage.sandbox.pay(out_trade_no).await?;
    telling.step("the buyer pays");
    let ledger = until_answered(stage, out_trade_no, COPIES).await?;
    let acknowledged = ledger.answered(out_trade_no, 204);
    ensure!(acknowledged == COPIES, "{acknowledged} of {COPIES} were answered 204");
    let order = buyer.paid_order(&offer.order_number, PATIENCE).await?;
    ensure!(order["status"] == "completed", "the order is {}", order["status"]);
    let again = stage.sandbox.notify(out_trade_no, None).await?;
    ensure!(again["status"] == 204, "the eleventh was answered {}", again["status"]);
    let points = buyer.points().await?;
    ensure!(points == PRINCIPAL.saturating_add(BONUS), "{points} points are there");
    let entries = buyer.points_entries().await?;
    let told: Vec<String> = list(&entries, "/data")?
        .iter()
        .map(|entry| Ok(format!("{} {}", entry["kind"], number(entry, "/amount")?)))
        .collect::<Result<_>>()?;
    ensure!(told == ["\"bonus\" 20", "\"recharge\" 100"], "the entries are {told:?}");
    telling.step(format!("{points} points, in two entries"));
    Ok(Seen {
        by_wechat_pay: format!(
            "1 payment, {} notifications answered 204",
            COPIES.saturating_add(1)
        ),
        by_paydesk: format!("{points} points: recharge {PRINCIPAL}, bonus {BONUS}, once each"),
        outcome: "credited once".to_owned(),
    })
}
