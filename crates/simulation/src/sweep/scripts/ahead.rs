//! Scripts about money that is paid ahead, and what it buys.

use super::{PAID, REFUNDED_AS_LOST, SURPLUS, Script, the};
use crate::sweep::client::Client;
use domain::OrderNumber;
use domain::order::Command;
use domain::payment::TradeType;
use domain::refund::Asker;

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
    Script::new(
        "points-spent",
        "a buyer pays for points ahead; a backend spends some, some more, and then too many",
        &["1000 points spent + completed, paid by jsapi"],
        |people| Box::pin(points_spent(people)),
    )
    .healed(&[RECHARGED, "500 points spent", SURPLUS]),
    Script::new(
        "recharge-refunded",
        "an operator gives a recharge back, with its bonus; another person agrees",
        &["completed, paid by jsapi, all is back", "completed, paid by jsapi, all rejected"],
        |people| Box::pin(recharge_refunded(people, None)),
    )
    .healed(&[RECHARGED, SURPLUS, "completed, paid by jsapi, all waits for approval"]),
    Script::new(
        "recharge-refunded-in-part",
        "an operator gives a part of a recharge back, with its share of the bonus",
        &["completed, paid by jsapi, part is back", "completed, paid by jsapi, part rejected"],
        |people| Box::pin(recharge_refunded(people, Some(PART))),
    )
    .healed(&[RECHARGED, SURPLUS, "cancelled, jsapi surplus, all rejected, part is back"]),
    Script::new(
        "wallet-refunded",
        "the buyer wants some of what the wallet paid back before shipping",
        &["completed, paid by jsapi + ready, paid by wallet, part is back"],
        |people| Box::pin(wallet_refunded(people)),
    )
    .healed(&[RECHARGED, FROM_WALLET, SURPLUS]),
    Script::new(
        "wallet-called-off",
        "what the wallet paid is cancelled before shipping",
        &["cancelled, paid by wallet, all is back + completed, paid by jsapi"],
        |people| Box::pin(wallet_called_off(people)),
    )
    .healed(&[RECHARGED, FROM_WALLET, SURPLUS]),
    Script::new(
        "recharge-owed",
        "a recharge of which something is spent goes back at the merchant's console: the buyer owes that",
        &["9900 fen owed + completed, paid by jsapi, all is back + ready, paid by wallet"],
        |people| Box::pin(owed(people)),
    )
    .healed(&[RECHARGED, FROM_WALLET, SURPLUS, "completed, paid by jsapi, all is back"]),
    Script::new(
        "debt-set-off",
        "the same with a part, while another part waits for a yes; it is a no, and what comes to the buyer \
         again pays what they owe first",
        &["completed, paid by jsapi, part declined, part is back + ready, paid by wallet"],
        |people| Box::pin(set_off(people)),
    )
    .healed(&[
        RECHARGED,
        FROM_WALLET,
        SURPLUS,
        "4399 fen owed",
        "cancelled, jsapi surplus, all rejected, part is back",
        "completed, paid by jsapi, part is back",
        "completed, paid by jsapi, part is back, part waits for approval",
        "completed, paid by jsapi, part waits for approval",
        "completed, paid by jsapi, part declined",
    ]),
];

/// What part of it is, in fen.
const PART: i64 = 1_000;

async fn recharge(buyer: &mut Client, package: &str) -> Option<OrderNumber> {
    let asked = buyer.recharge(package)?;
    let said = buyer.insist(asked).await?;
    buyer.wait(1_000).await;
    buyer.pay(&said);
    let seen = said.seen?;
    buyer.look_until(&seen.number, 200, |seen| seen.paid).await;
    Some(seen.number)
}

async fn recharged(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let _done = recharge(&mut buyer, "fen").await;
}

async fn points_spent(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    if recharge(&mut buyer, "points").await.is_none() {
        return;
    }
    for _ in 0..3 {
        buyer.wait(1_000).await;
        let spending = buyer.spending();
        buyer.insist(spending).await;
    }
}

async fn recharge_refunded(people: Vec<Client>, part: Option<i64>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(number) = recharge(&mut buyer, "fen").await else { return };
    buyer.wait(1_000).await;
    let refund = buyer.refund(&number, Asker::Operator, part);
    buyer.insist(refund).await;
    if part.is_none() {
        buyer.wait(1_000).await;
        let yes = |out_refund_no| Command::ApproveRefund { out_refund_no, as_approver: true };
        let Some(verdict) = buyer.verdict(&number, yes) else { return };
        buyer.insist(verdict).await;
    }
}

/// A buyer whose wallet paid an order, and its number.
async fn having_paid_from_wallet(people: Vec<Client>) -> Option<(Client, OrderNumber)> {
    let mut buyer = the(people)?;
    recharge(&mut buyer, "fen").await?;
    let item = buyer.list("tea")?;
    let order = buyer.order_from_wallet(item);
    let seen = buyer.insist(order).await?.seen?;
    Some((buyer, seen.number))
}

async fn paid_from_wallet(people: Vec<Client>) {
    let _done = having_paid_from_wallet(people).await;
}

async fn wallet_refunded(people: Vec<Client>) {
    let Some((mut buyer, number)) = having_paid_from_wallet(people).await else { return };
    buyer.wait(1_000).await;
    let refund = buyer.refund(&number, Asker::Buyer, Some(PART));
    buyer.insist(refund).await;
}

async fn wallet_called_off(people: Vec<Client>) {
    let Some((mut buyer, number)) = having_paid_from_wallet(people).await else { return };
    buyer.wait(1_000).await;
    let cancellation = buyer.cancellation(&number);
    buyer.insist(cancellation).await;
}

/// A buyer who has spent some of a recharge, and its number.
async fn having_spent(people: Vec<Client>) -> Option<(Client, OrderNumber)> {
    let mut buyer = the(people)?;
    let number = recharge(&mut buyer, "fen").await?;
    let item = buyer.list("tea")?;
    let order = buyer.order_from_wallet(item);
    buyer.insist(order).await?;
    buyer.wait(1_000).await;
    Some((buyer, number))
}

async fn owed(people: Vec<Client>) {
    let Some((buyer, number)) = having_spent(people).await else { return };
    buyer.gives_back_elsewhere(&number, 0);
    buyer.sees_refunds(&number, 900, 1).await;
}

async fn set_off(people: Vec<Client>) {
    /// More than the wallet has left once the rest is back, and more than one person may give back alone.
    const WAITS: i64 = 15_000;
    const STAYS: i64 = 20_000;
    let Some((mut buyer, number)) = having_spent(people).await else { return };
    let refund = buyer.refund(&number, Asker::Operator, Some(WAITS));
    buyer.insist(refund).await;
    let Some(no) = buyer.verdict(&number, |out_refund_no| Command::DeclineRefund { out_refund_no })
    else {
        return;
    };
    buyer.wait(1_000).await;
    buyer.gives_back_elsewhere(&number, STAYS);
    // Or nobody can be told of it: then it is a no all the same, and nothing is owed.
    buyer.sees_refunds(&number, 900, 2).await;
    buyer.insist(no).await;
}

async fn wallet_or_wechat(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    if recharge(&mut buyer, "fen").await.is_none() {
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
