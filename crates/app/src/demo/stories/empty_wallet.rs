//! Story 13: a wallet pays only with what is in it. With too little nothing happens at all; after a
//! recharge the same order goes through, in one commit.

use crate::demo::stage::Stage;
use crate::demo::story::{Seen, Story, Telling};
use crate::demo::watching::PATIENCE;
use crate::playground::goods::FIRST_SKU;
use crate::playground::json::number;
use anyhow::{Result, ensure};
use reqwest::{Method, StatusCode};
use serde_json::json;

const PRINCIPAL: i64 = 10_000;
const BONUS: i64 = 500;

pub(super) const STORY: Story = Story {
    number: 13,
    title: "paying from an empty wallet",
    title_zh: "钱包余额不足时付款",
    play: |stage, telling| Box::pin(play(stage, telling)),
};

async fn play(stage: &mut Stage, telling: &Telling) -> Result<Seen> {
    let package = json!({"title": "充 100 送 5", "price_fen": PRINCIPAL, "credit": "wallet",
        "principal": PRINCIPAL, "bonus": BONUS});
    let path = "/api/admin/recharge-packages/wallet-100";
    stage.operator.done(Method::PUT, path, &package).await?;
    let buyer = stage.buyer("mike").await?;
    buyer.want(FIRST_SKU, 1).await?;
    let total = buyer.quote().await?;
    let available = number(&stage.stock(FIRST_SKU).await?, "/available")?;
    let refused = buyer.buy_from_the_wallet().await?;
    let code = refused.body["code"].as_str().unwrap_or_default();
    ensure!(
        refused.status == StatusCode::CONFLICT && code == "insufficient_balance",
        "the empty wallet was answered {refused}"
    );
    let left = number(&stage.stock(FIRST_SKU).await?, "/available")?;
    ensure!(left == available, "{available} pieces became {left}");
    ensure!(buyer.orders().await?.is_empty(), "an order was placed");
    let wanted = buyer.wanted().await?;
    ensure!(wanted.as_array().is_some_and(|lines| lines.len() == 1), "the list is {wanted}");
    telling.step("0 fen: 409 insufficient_balance; no order, no stock held, the list as it was");

    let offer = buyer.recharge("wallet-100").await?;
    stage.sandbox.pay(&offer.out_trade_no).await?;
    buyer.paid_order(&offer.order_number, PATIENCE).await?;
    let held = buyer.wallet().await?;
    ensure!(held == PRINCIPAL.saturating_add(BONUS), "{held} fen are in the wallet");
    telling.step(format!("a recharge of {PRINCIPAL} fen is paid: {held} fen with its bonus"));
    let bought = buyer.buy_from_the_wallet().await?;
    ensure!(bought.status == StatusCode::CREATED, "the wallet was answered {bought}");
    let (status, method) = (&bought.body["payment_status"], &bought.body["payment_method"]);
    ensure!(status == "paid" && method == "wallet", "the order is {status}, by {method}");
    let rest = buyer.wallet().await?;
    ensure!(rest == held.saturating_sub(total), "{held} fen less {total} became {rest}");
    telling.step(format!("the same order again: paid with {total} fen, {rest} are left"));
    Ok(Seen {
        by_wechat_pay: "1 payment: the recharge".to_owned(),
        by_paydesk: format!("refused without effect, then paid: {held} - {total} = {rest} fen"),
        outcome: "nothing, then all of it".to_owned(),
    })
}
