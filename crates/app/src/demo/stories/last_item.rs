//! Story 12: the last item, two buyers at once. One gets an order, the other an honest answer before any
//! money moves.

use crate::demo::stage::Stage;
use crate::demo::story::{Seen, Story, Telling};
use crate::demo::watching::PATIENCE;
use crate::playground::buyer::Offer;
use crate::playground::goods::{self, Goods};
use anyhow::{Result, bail, ensure};

const LAST: Goods = Goods {
    sku_id: "last-teapot",
    title: "孤品紫砂壶",
    price_fen: 88_800,
    cost_price_fen: 50_000,
    stock: 1,
};

pub(super) const STORY: Story = Story {
    number: 12,
    title: "the last item, two buyers at once",
    title_zh: "最后一件，两位买家同时下单",
    play: |stage, telling| Box::pin(play(stage, telling)),
};

async fn play(stage: &mut Stage, telling: &Telling) -> Result<Seen> {
    goods::offer(&stage.operator, &LAST).await?;
    let (first, second) = (stage.buyer("frank").await?, stage.buyer("grace").await?);
    first.want(LAST.sku_id, 1).await?;
    second.want(LAST.sku_id, 1).await?;
    let before = stage.sandbox.ledger().await?.calls("prepay").count();
    telling.step("one piece in stock, on the lists of two buyers");
    let (one, other) = tokio::join!(first.check_out(), second.check_out());
    let (one, other) = (one?, other?);
    let (winner, won, lost) = match (one.status.is_success(), other.status.is_success()) {
        (true, false) => (&first, &one, &other),
        (false, true) => (&second, &other, &one),
        (true, true) => bail!("both got an order"),
        (false, false) => bail!("nobody got an order: {one}; and {other}"),
    };
    let offer = Offer::of(won)?;
    let (status, code) = (lost.status, lost.body["code"].as_str().unwrap_or_default());
    ensure!(status == 409 && code == "out_of_stock", "the other was answered {status} {code}");
    telling.step(format!("both check out at once: order {}, and 409 {code}", offer.order_number));
    let prepays = stage.sandbox.ledger().await?.calls("prepay").count().saturating_sub(before);
    ensure!(prepays == 1, "{prepays} prepay calls for one piece");
    balance(stage, 0, 1, 0).await?;

    stage.sandbox.pay(&offer.out_trade_no).await?;
    winner.paid_order(&offer.order_number, PATIENCE).await?;
    telling.step("the one with the order pays");
    balance(stage, 0, 0, 1).await?;
    Ok(Seen {
        by_wechat_pay: "1 prepay and 1 payment; nothing of the other buyer".to_owned(),
        by_paydesk: "stock 1 = available 0 + held 0 + sold 1".to_owned(),
        outcome: "one paid order, one 409 out_of_stock".to_owned(),
    })
}

/// `initial = available + held + sold`, and each of them as expected.
async fn balance(stage: &Stage, available: i64, held: i64, sold: i64) -> Result<()> {
    let sku = stage.stock(LAST.sku_id).await?;
    let expected = [("available", available), ("held", held), ("sold", sold)];
    for (name, pieces) in expected {
        ensure!(sku[name] == pieces, "{name} is {}, not {pieces}: {sku}", sku[name]);
    }
    ensure!(sku["stocked"] == available + held + sold, "the stock does not balance: {sku}");
    Ok(())
}
