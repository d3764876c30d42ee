//! Scripts about money that is paid ahead, and what it buys.

use super::{PAID, REFUNDED_AS_LOST, SURPLUS, Script, the};
use crate::sweep::client::Client;
use domain::order::Command;
use domain::payment::TradeType;

/// A recharge that was paid.
const RECHARGED: &str = "completed, paid by jsapi";
const FROM_WALLET: &str = "ready, paid by wallet";

pub(super) const ALL: &[Script] = &[
    Script::new("recharged", "a buyer pays ahead", &[RECHARGED], |people| {
        Box::pin(recharged(people))
    })
    .healed(&[REFUNDED_AS_LOST]),
    Script::new(
        "paid-from-wallet",
        "a buyer pays ahead, and orders with that",
        &["completed, paid by jsapi + ready, paid by wallet"],
        |people| Box::pin(paid_from_wallet(people)),
    )
    .healed(&[RECHARGED, FROM_WALLET, SURPLUS]),
    Script::new(
        "wallet-or-wechat",
        "a buyer with a wallet pays an open order both ways",
        &[
            "completed, paid by jsapi + ready, paid by wallet, jsapi surplus, all is back",
            "completed, paid by jsapi + ready, paid by wallet",
            "completed, paid by jsapi + ready, paid by jsapi",
        ],
        |people| Box::pin(wallet_or_wechat(people)),
    )
    .healed(&[PAID, RECHARGED, FROM_WALLET, SURPLUS]),
];

async fn recharge(buyer: &mut Client) -> Option<()> {
    let asked = buyer.recharge("fen")?;
    let said = buyer.insist(asked).await?;
    buyer.wait(1_000).await;
    buyer.pay(&said);
    let seen = said.seen?;
    buyer.look_until(&seen.number, 200, |seen| seen.paid).await;
    Some(())
}

async fn recharged(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let _done = recharge(&mut buyer).await;
}

async fn paid_from_wallet(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    if recharge(&mut buyer).await.is_none() {
        return;
    }
    let Some(item) = buyer.list("tea") else { return };
    let order = buyer.order_from_wallet(item);
    buyer.insist(order).await;
}

async fn wallet_or_wechat(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    if recharge(&mut buyer).await.is_none() {
        return;
    }
    let Some(item) = buyer.list("tea") else { return };
    let Some(said) = buyer.check_out(item, Some(TradeType::Jsapi)).await else { return };
    let Some(seen) = said.seen.clone() else { return };
    let wallet = Command::PayFromWallet(buyer.wallet());
    let paying = buyer.act(&seen.number, "wallet-pay", wallet);
    let answer = buyer.beside(paying);
    buyer.wait(1).await;
    buyer.pay(&said);
    let _said = buyer.answered(answer).await;
    buyer.look_until(&seen.number, 200, |seen| seen.paid).await;
}
