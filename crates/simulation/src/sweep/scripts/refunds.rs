//! Scripts about money that goes back, for somebody asked for it.

use super::{CALLED_OFF, Script, the};
use crate::sweep::client::Client;
use domain::order::Command;
use domain::payment::TradeType;
use domain::refund::Asker;
use domain::{OrderNumber, OutRefundNo};

/// What part of it is, in fen.
const PART: i64 = 1_000;
/// How refunds end, as `node/transport.rs` numbers it.
const SLOWLY: u32 = 12;
const ABNORMAL: u32 = 14;
const CLOSED: u32 = 15;

pub(super) const ALL: &[Script] = &[
    Script::new(
        "refunded-in-part",
        "the buyer wants some of it back before shipping",
        &["ready, paid by jsapi, part is back"],
        |people| Box::pin(refunded(people, Some(PART))),
    ),
    Script::new(
        "refunded-in-part-unsaid",
        "the buyer wants some of it back, and no notification ever comes",
        &["ready, paid by jsapi, part is back"],
        |people| Box::pin(refunded(people, Some(PART))),
    )
    .unsaid()
    .first_refund(SLOWLY),
    Script::new(
        "refunded-slowly",
        "the buyer wants some of it back; WeChat Pay takes its time and says so",
        &["ready, paid by jsapi, part is back"],
        |people| Box::pin(refunded(people, Some(PART))),
    )
    .first_refund(SLOWLY),
    Script::new(
        "refunded",
        "the buyer wants all of it back before shipping, which cancels the order",
        &[CALLED_OFF],
        |people| Box::pin(refunded(people, None)),
    ),
    Script::new(
        "called-off",
        "a paid order is cancelled before shipping",
        &[CALLED_OFF],
        |people| Box::pin(called_off(people)),
    ),
    Script::new(
        "refund-approved",
        "the buyer wants money back after shipping, and an operator agrees",
        &["shipped, paid by jsapi, part is back"],
        |people| Box::pin(after_shipping(people, approve)),
    ),
    Script::new(
        "refund-declined",
        "the buyer wants money back after shipping, and an operator does not agree",
        &["shipped, paid by jsapi, part declined"],
        |people| Box::pin(after_shipping(people, decline)),
    ),
    Script::new(
        "refund-closed",
        "WeChat Pay gives a refund up; an operator has it made anew under another number",
        &["ready, paid by jsapi, part closed, part is back", "ready, paid by jsapi, part is back"],
        |people| Box::pin(made_anew(people)),
    )
    .first_refund(CLOSED),
    Script::new(
        "refund-abnormal",
        "a refund cannot reach the payer",
        &["ready, paid by jsapi, part abnormal", "ready, paid by jsapi, part is back"],
        |people| Box::pin(refunded(people, Some(PART))),
    )
    .first_refund(ABNORMAL),
    Script::new(
        "refunded-twice-at-once",
        "two refunds are asked for at once that are more than was paid",
        &["ready, paid by jsapi, part is back"],
        |people| Box::pin(refunded_twice_at_once(people)),
    ),
];

/// A paid order.
async fn paid(buyer: &mut Client) -> Option<OrderNumber> {
    let item = buyer.list("tea")?;
    let said = buyer.check_out(item, Some(TradeType::Jsapi)).await?;
    buyer.wait(1_000).await;
    buyer.pay(&said);
    let number = said.seen?.number;
    buyer.look_until(&number, 200, |seen| seen.paid).await?;
    buyer.wait(1_000).await;
    Some(number)
}

async fn refunded(people: Vec<Client>, fen: Option<i64>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(number) = paid(&mut buyer).await else { return };
    let request = buyer.refund(&number, Asker::Buyer, fen);
    buyer.insist(request).await;
}

async fn called_off(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(number) = paid(&mut buyer).await else { return };
    let request = buyer.cancellation(&number);
    buyer.insist(request).await;
}

fn approve(out_refund_no: OutRefundNo) -> Command {
    Command::ApproveRefund { out_refund_no, as_approver: true }
}

fn decline(out_refund_no: OutRefundNo) -> Command {
    Command::DeclineRefund { out_refund_no }
}

async fn after_shipping(people: Vec<Client>, verdict: fn(OutRefundNo) -> Command) {
    let Some(mut buyer) = the(people) else { return };
    let Some(number) = paid(&mut buyer).await else { return };
    let shipment = buyer.shipment(&number);
    buyer.insist(shipment).await;
    buyer.wait(1_000).await;
    let request = buyer.refund(&number, Asker::Buyer, Some(PART));
    buyer.insist(request).await;
    buyer.wait(1_000).await;
    if let Some(request) = buyer.verdict(&number, verdict) {
        buyer.insist(request).await;
    }
}

async fn made_anew(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(number) = paid(&mut buyer).await else { return };
    let request = buyer.refund(&number, Asker::Buyer, Some(PART));
    buyer.insist(request).await;
    if !buyer.sees_refund_closed(&number, 600).await {
        return;
    }
    let again = |out_refund_no| Command::RetryRefund { out_refund_no };
    if let Some(request) = buyer.verdict(&number, again) {
        buyer.insist(request).await;
    }
}

async fn refunded_twice_at_once(people: Vec<Client>) {
    const MOST: i64 = 6_000;
    let Some(mut buyer) = the(people) else { return };
    let Some(number) = paid(&mut buyer).await else { return };
    let one = buyer.refund(&number, Asker::Buyer, Some(MOST));
    let other = buyer.refund(&number, Asker::Operator, Some(MOST));
    let answer = buyer.beside(other);
    buyer.insist(one).await;
    buyer.answered(answer).await;
}
