//! Scripts about paying: one way, another way, both ways; one key, two keys, the last piece.

use super::{
    GONE, PAID, PAID_BY_CODE, REFUNDED_AS_LOST, REFUNDED_AS_LOST_BY_CODE, Script, having_tea, the,
    until_paid,
};
use crate::sweep::client::Client;
use domain::payment::TradeType;

pub(super) const ALL: &[Script] = &[
    Script::new("paid", "a checkout is paid, and WeChat Pay says so", &[PAID], |people| {
        Box::pin(paid(people))
    })
    .healed(&[REFUNDED_AS_LOST]),
    Script::new(
        "paid-unsaid",
        "a checkout is paid, no notification ever comes, and a query finds it",
        &[PAID],
        |people| Box::pin(paid(people)),
    )
    .healed(&[REFUNDED_AS_LOST])
    .unsaid(),
    Script::new(
        "reported",
        "a checkout is paid unsaid, and the payer's client reports it",
        &[PAID],
        |people| Box::pin(reported(people)),
    )
    .healed(&[REFUNDED_AS_LOST])
    .unsaid(),
    Script::new(
        "placed-first",
        "an order is placed, and its payment asked for later, as a code",
        &[PAID_BY_CODE, PAID],
        |people| Box::pin(placed_first(people)),
    )
    .healed(&[GONE, REFUNDED_AS_LOST_BY_CODE]),
    Script::new(
        "switched-first-paid",
        "the payer opens a code on a second device while the first payment is being paid",
        &[PAID, PAID_BY_CODE],
        |people| Box::pin(switched_first_paid(people)),
    )
    .healed(&[REFUNDED_AS_LOST]),
    Script::new(
        "switched-second-paid",
        "the payer opens a code on a second device, and pays that",
        &[PAID_BY_CODE, PAID],
        |people| Box::pin(switched_second_paid(people)),
    )
    .healed(&[GONE, REFUNDED_AS_LOST_BY_CODE]),
    Script::new(
        "switched-both-paid",
        "both payments of one order are paid, the first one against the rules",
        &[
            "ready, paid by jsapi, native surplus, all is back",
            "ready, paid by native, jsapi surplus, all is back",
            PAID,
        ],
        |people| Box::pin(switched_both_paid(people)),
    )
    .healed(&[GONE]),
    Script::new("free", "an order costs nothing", &["ready, free"], |people| {
        Box::pin(free(people))
    })
    .healed(&[GONE]),
    Script::new(
        "twice-one-key",
        "a checkout comes twice at once under one key",
        &[PAID],
        |people| Box::pin(twice_one_key(people)),
    )
    .healed(&[REFUNDED_AS_LOST, "cancelled + cancelled, jsapi surplus, all is back"]),
    Script::new(
        "twice-two-keys",
        "a checkout comes twice at once under two keys",
        &[PAID],
        |people| Box::pin(twice_two_keys(people)),
    )
    .healed(&[REFUNDED_AS_LOST, "cancelled + cancelled, jsapi surplus, all is back"]),
    Script::new(
        "last-piece",
        "two buyers want the last piece; one gets and pays it",
        &[PAID],
        |people| Box::pin(last_piece(people)),
    )
    .healed(&[REFUNDED_AS_LOST])
    .of(2),
];

async fn paid(people: Vec<Client>) {
    let Some((buyer, said)) = having_tea(people, Some(TradeType::Jsapi)).await else { return };
    buyer.wait(1_000).await;
    buyer.pay(&said);
    until_paid(&buyer, &said).await;
}

async fn reported(people: Vec<Client>) {
    let Some((buyer, said)) = having_tea(people, Some(TradeType::Jsapi)).await else { return };
    buyer.wait(1_000).await;
    buyer.pay(&said);
    let Some(seen) = said.seen else { return };
    let report = buyer.report(&seen.number);
    buyer.insist(report).await;
    buyer.look_until(&seen.number, 200, |seen| seen.paid).await;
}

async fn placed_first(people: Vec<Client>) {
    let Some((mut buyer, placed)) = having_tea(people, None).await else { return };
    let Some(seen) = placed.seen else { return };
    buyer.wait(2_000).await;
    let payment = buyer.payment(&seen.number, TradeType::Native);
    let Some(said) = buyer.insist(payment).await else { return };
    buyer.wait(1_000).await;
    buyer.pay_by_code(&said).await;
    buyer.look_until(&seen.number, 200, |seen| seen.paid).await;
}

async fn switched_first_paid(people: Vec<Client>) {
    let Some((mut buyer, first)) = having_tea(people, Some(TradeType::Jsapi)).await else { return };
    let Some(seen) = first.seen.clone() else { return };
    buyer.wait(1_000).await;
    let code = buyer.payment(&seen.number, TradeType::Native);
    let answer = buyer.beside(code);
    buyer.wait(1).await;
    let is_paid = buyer.pay(&first);
    let second = buyer.answered(answer).await;
    // Closed already: then there is the code.
    if let Some(second) = second.filter(|_| !is_paid) {
        buyer.pay_by_code(&second).await;
    }
    buyer.look_until(&seen.number, 200, |seen| seen.paid).await;
}

async fn switched_second_paid(people: Vec<Client>) {
    let Some((mut buyer, first)) = having_tea(people, Some(TradeType::Jsapi)).await else { return };
    let Some(seen) = first.seen else { return };
    buyer.wait(1_000).await;
    let code = buyer.payment(&seen.number, TradeType::Native);
    let Some(second) = buyer.insist(code).await else { return };
    buyer.wait(1_000).await;
    buyer.pay_by_code(&second).await;
    buyer.look_until(&seen.number, 200, |seen| seen.paid).await;
}

async fn switched_both_paid(people: Vec<Client>) {
    let Some((mut buyer, first)) = having_tea(people, Some(TradeType::Jsapi)).await else { return };
    let (Some(seen), Some(number)) = (first.seen, first.out_trade_no) else { return };
    buyer.wait(1_000).await;
    let code = buyer.payment(&seen.number, TradeType::Native);
    let Some(second) = buyer.insist(code).await else { return };
    buyer.wait(1_000).await;
    buyer.pay_against_the_rules(number.as_str());
    buyer.pay_by_code(&second).await;
    buyer.look_until(&seen.number, 200, |seen| seen.paid).await;
}

async fn free(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(item) = buyer.list("gift") else { return };
    buyer.check_out(item, Some(TradeType::Jsapi)).await;
}

async fn twice_one_key(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(item) = buyer.list("tea") else { return };
    let request = buyer.checkout(item, Some(TradeType::Jsapi));
    let other = buyer.beside(request.clone());
    let Some(said) = buyer.insist(request).await else { return };
    let again = buyer.answered(other).await;
    buyer.same_order(&said, again.as_ref());
    buyer.wait(1_000).await;
    buyer.pay(&said);
    until_paid(&buyer, &said).await;
}

async fn twice_two_keys(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(item) = buyer.list("tea") else { return };
    let requests = [
        buyer.checkout(item, Some(TradeType::Jsapi)),
        buyer.checkout(item, Some(TradeType::Jsapi)),
    ];
    let [one, other] = requests;
    let other = buyer.beside(other);
    let said = buyer.insist(one).await;
    let again = buyer.answered(other).await;
    let Some(said) = said.or(again) else { return };
    buyer.wait(1_000).await;
    buyer.pay(&said);
    until_paid(&buyer, &said).await;
}

async fn last_piece(people: Vec<Client>) {
    let mut people = people.into_iter();
    let (Some(mut one), Some(mut other)) = (people.next(), people.next()) else { return };
    let (Some(item), Some(same)) = (one.list("cup"), other.list("cup")) else { return };
    let request = other.checkout(same, Some(TradeType::Jsapi));
    let theirs = other.beside(request);
    let ours = one.check_out(item, Some(TradeType::Jsapi)).await;
    let theirs = other.answered(theirs).await;
    one.wait(1_000).await;
    for (buyer, said) in [(&one, ours), (&other, theirs)] {
        let Some(said) = said else { continue };
        buyer.pay(&said);
        let Some(seen) = said.seen else { continue };
        buyer.look_until(&seen.number, 200, |seen| seen.paid).await;
    }
}
