//! Scripts about orders that are not to be paid any more, and are paid or not.

use super::{
    CALLED_OFF, CANCELLED, GONE, PAID, PAID_BY_CODE, REFUNDED_AS_LOST, SURPLUS, Script, having_tea,
    the, until_paid,
};
use crate::sweep::client::Client;
use domain::order::OrderStatus;
use domain::payment::TradeType;
use wechatpay_sim::core::pay::{PayForm, PayerAccount};

pub(super) const ALL: &[Script] = &[
    Script::new("cancelled", "an unpaid order is cancelled", &[CANCELLED], |people| {
        Box::pin(cancelled(people))
    })
    .healed(&[GONE]),
    Script::new(
        "cancelled-at-once",
        "an order is cancelled as soon as a payment was asked for; then the payer tries to pay",
        &[CANCELLED, "cancelled, native surplus, all is back", PAID_BY_CODE],
        |people| Box::pin(cancelled_at_once(people)),
    )
    .healed(&[GONE]),
    Script::new(
        "cancelled-while-paying",
        "the payer pays while the order is being cancelled",
        &[PAID, CANCELLED, SURPLUS, CALLED_OFF],
        |people| Box::pin(cancelled_while_paying(people)),
    ),
    Script::new(
        "cancelled-while-paying-unsaid",
        "the payer pays while the order is being cancelled, and no notification comes",
        &[PAID, CANCELLED, SURPLUS, CALLED_OFF],
        |people| Box::pin(cancelled_while_paying(people)),
    )
    .unsaid(),
    Script::new("expired", "nobody pays, and the deadline passes", &[CANCELLED], |people| {
        Box::pin(expired(people))
    })
    .healed(&[GONE]),
    Script::new(
        "paid-in-the-last-second",
        "the payer pays in the last second before the deadline",
        &[PAID, CANCELLED],
        |people| Box::pin(paid_in_the_last_second(people)),
    )
    .healed(&[REFUNDED_AS_LOST]),
    Script::new(
        "paid-in-the-last-second-unsaid",
        "the payer pays in the last second before the deadline, and no notification comes",
        &[PAID, CANCELLED],
        |people| Box::pin(paid_in_the_last_second(people)),
    )
    .healed(&[REFUNDED_AS_LOST])
    .unsaid(),
    Script::new(
        "paid-after-its-end",
        "money comes for an order that was cancelled, against the rules",
        &[SURPLUS, PAID],
        |people| Box::pin(paid_after_its_end(people, PayerAccount::Normal)),
    ),
    Script::new(
        "surplus-rejected",
        "money comes for an order that was cancelled, and cannot go back to its payer",
        &["cancelled, jsapi surplus, all rejected", PAID],
        |people| Box::pin(paid_after_its_end(people, PayerAccount::Abnormal)),
    ),
    Script::new(
        "paid-another-sum",
        "another sum than was asked comes; it goes back, and nobody pays what was asked",
        &[SURPLUS],
        |people| Box::pin(paid_another_sum(people)),
    ),
    Script::new(
        "replaced",
        "an open order makes way for another checkout of its lines, which is paid",
        &["cancelled + ready, paid by jsapi"],
        |people| Box::pin(replaced(people)),
    )
    .healed(&[PAID, "cancelled + cancelled, jsapi surplus, all is back"]),
];

async fn cancelled(people: Vec<Client>) {
    let Some((mut buyer, said)) = having_tea(people, Some(TradeType::Jsapi)).await else { return };
    let Some(seen) = said.seen else { return };
    buyer.wait(1_000).await;
    let cancellation = buyer.cancellation(&seen.number);
    buyer.insist(cancellation).await;
    buyer.look_until(&seen.number, 900, |seen| seen.status == OrderStatus::Cancelled).await;
}

async fn cancelled_at_once(people: Vec<Client>) {
    let Some((mut buyer, placed)) = having_tea(people, None).await else { return };
    let Some(seen) = placed.seen else { return };
    let payment = buyer.payment(&seen.number, TradeType::Native);
    let said = buyer.ask_once(payment).await;
    let cancellation = buyer.cancellation(&seen.number);
    buyer.insist(cancellation).await;
    buyer.look_until(&seen.number, 1_200, |seen| seen.status == OrderStatus::Cancelled).await;
    if let Some(said) = said {
        buyer.pay(&said);
    }
}

async fn cancelled_while_paying(people: Vec<Client>) {
    let Some((mut buyer, said)) = having_tea(people, Some(TradeType::Jsapi)).await else { return };
    let Some(seen) = said.seen.clone() else { return };
    buyer.wait(1_000).await;
    let cancellation = buyer.cancellation(&seen.number);
    let answer = buyer.beside(cancellation);
    buyer.wait(3).await;
    buyer.pay(&said);
    buyer.answered(answer).await;
    buyer
        .look_until(&seen.number, 900, |seen| seen.paid || seen.status == OrderStatus::Cancelled)
        .await;
}

async fn expired(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(item) = buyer.list("tea") else { return };
    buyer.check_out(item, Some(TradeType::Jsapi)).await;
}

async fn paid_in_the_last_second(people: Vec<Client>) {
    let Some((buyer, said)) = having_tea(people, Some(TradeType::Jsapi)).await else { return };
    let Some(seen) = said.seen.clone() else { return };
    buyer.wait_for_the_deadline(&seen, 500).await;
    buyer.pay(&said);
    buyer
        .look_until(&seen.number, 900, |seen| seen.paid || seen.status == OrderStatus::Cancelled)
        .await;
}

async fn paid_another_sum(people: Vec<Client>) {
    const OTHER: i64 = 1;
    let Some((buyer, said)) = having_tea(people, Some(TradeType::Jsapi)).await else { return };
    let Some(number) = said.out_trade_no else { return };
    buyer.wait(1_000).await;
    let form = PayForm { unfaithful: true, amount_fen: Some(OTHER), ..PayForm::default() };
    buyer.pay_number(number.as_str(), form);
}

async fn paid_after_its_end(people: Vec<Client>, payer_account: PayerAccount) {
    let Some((mut buyer, said)) = having_tea(people, Some(TradeType::Jsapi)).await else { return };
    let Some(seen) = said.seen else { return };
    buyer.wait(1_000).await;
    let cancellation = buyer.cancellation(&seen.number);
    buyer.insist(cancellation).await;
    buyer.look_until(&seen.number, 900, |seen| seen.status == OrderStatus::Cancelled).await;
    if let Some(number) = said.out_trade_no {
        let form = PayForm { unfaithful: true, payer_account, ..PayForm::default() };
        buyer.pay_number(number.as_str(), form);
    }
}

async fn replaced(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(item) = buyer.list("tea") else { return };
    if buyer.check_out(item, Some(TradeType::Jsapi)).await.is_none() {
        return;
    }
    buyer.wait(1_000).await;
    let replacement = buyer.replacement(item, Some(TradeType::Jsapi));
    let Some(said) = buyer.insist(replacement).await else { return };
    buyer.wait(1_000).await;
    buyer.pay(&said);
    until_paid(&buyer, &said).await;
}
