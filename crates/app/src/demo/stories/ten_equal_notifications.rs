//! Story 3: ten equal notifications at once. All are acknowledged, one settles.

use crate::demo::stage::Stage;
use crate::demo::story::{Seen, Story, Telling};
use crate::demo::watching::{PATIENCE, until_answered};
use crate::playground::goods::FIRST_SKU;
use crate::playground::json::{list, number};
use anyhow::{Result, ensure};
use serde_json::json;

const COPIES: usize = 10;

pub(super) const STORY: Story = Story {
    number: 3,
    title: "ten equal notifications at once",
    title_zh: "十条相同的通知同时到达",
    play: |stage, telling| Box::pin(play(stage, telling)),
};

async fn play(stage: &mut Stage, telling: &Telling) -> Result<Seen> {
    let buyer = stage.buyer("carol").await?;
    let offer = buyer.order_one(FIRST_SKU).await?;
    let out_trade_no = &offer.out_trade_no;
    let placed = number(&buyer.order(&offer.order_number).await?, "/version")?;
    let sold = number(&stage.stock(FIRST_SKU).await?, "/sold")?;
    let tenfold = json!({"match": {"out_trade_no": out_trade_no,
        "event_type": "TRANSACTION.SUCCESS"}, "times": 1, "action": "duplicate", "value": COPIES});
    stage.sandbox.faults(json!([tenfold])).await?;
    telling.step(format!("order placed, version {placed}; its notification will come tenfold"));
    stage.sandbox.pay(out_trade_no).await?;
    telling.step("the buyer pays");
    let ledger = until_answered(stage, out_trade_no, COPIES).await?;
    let acknowledged = ledger.answered(out_trade_no, 204);
    ensure!(acknowledged == COPIES, "{acknowledged} of {COPIES} were answered 204");
    telling.step(format!("{acknowledged} answers, all 204"));

    let order = buyer.paid_order(&offer.order_number, PATIENCE).await?;
    let version = number(&order, "/version")?;
    ensure!(
        version == placed.saturating_add(1),
        "version {placed} became {version}: not one change"
    );
    let settling = list(&order, "/payments")?.iter().filter(|p| p["status"] == "paid").count();
    ensure!(settling == 1, "{settling} payments settled it");
    let sold_more = number(&stage.stock(FIRST_SKU).await?, "/sold")?.saturating_sub(sold);
    ensure!(sold_more == 1, "{sold_more} pieces were sold");
    let again = stage.sandbox.notify(out_trade_no, None).await?;
    ensure!(again["status"] == 204, "the eleventh was answered {}", again["status"]);
    let later = number(&buyer.order(&offer.order_number).await?, "/version")?;
    ensure!(later == version, "the eleventh changed version {version} to {later}");
    Ok(Seen {
        by_wechat_pay: format!("1 payment, {COPIES} notifications answered 204, one more too"),
        by_paydesk: format!("one change (version {placed} to {version}), one piece sold"),
        outcome: "ten 204, one settlement".to_owned(),
    })
}
