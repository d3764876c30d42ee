//! Scripts about money that goes back, for somebody asked for it.

use super::{CALLED_OFF, PAID, REFUNDED_AS_LOST, Script, having_tea, the};
use crate::sweep::client::Client;
use domain::card::CardOwner;
use domain::order::Command;
use domain::payment::TradeType;
use domain::refund::{Asker, RefundStatus};
use domain::{OrderNumber, OutRefundNo};
use wechatpay_sim::core::pay::{PayForm, PayerAccount};

/// What part of it is, in fen.
pub(super) const PART: i64 = 1_000;
/// How refunds end, as `node/transport.rs` numbers it.
pub(super) const SLOWLY: u32 = 12;
const ABNORMAL: u32 = 14;
const CLOSED: u32 = 15;

/// How a refund that was sent to a card may end once a failover has lost commits.
const APPLIED_AS_LOST: &[&str] = &[
    "cancelled, jsapi surplus, all rejected, part abnormal",
    "cancelled, jsapi surplus, all rejected, part is back",
    REFUNDED_AS_LOST,
    PAID,
    "cancelled, jsapi surplus, all abnormal",
];

pub(super) const ALL: &[Script] = &[
    Script::new(
        "refunded-in-part",
        "the buyer wants some of it back before shipping",
        &["ready, paid by jsapi, part is back"],
        |people| Box::pin(refunded(people, Some(PART))),
    )
    .healed(&[PAID, REFUNDED_AS_LOST, "cancelled, jsapi surplus, all rejected, part is back"]),
    Script::new(
        "refunded-in-part-unsaid",
        "the buyer wants some of it back, and no notification ever comes",
        &["ready, paid by jsapi, part is back"],
        |people| Box::pin(refunded(people, Some(PART))),
    )
    .healed(&[PAID, REFUNDED_AS_LOST, "cancelled, jsapi surplus, all rejected, part is back"])
    .unsaid()
    .first_refund(SLOWLY),
    Script::new(
        "refunded-slowly",
        "the buyer wants some of it back; WeChat Pay takes its time and says so",
        &["ready, paid by jsapi, part is back"],
        |people| Box::pin(refunded(people, Some(PART))),
    )
    .healed(&[PAID, REFUNDED_AS_LOST, "cancelled, jsapi surplus, all rejected, part is back"])
    .first_refund(SLOWLY),
    Script::new(
        "refunded",
        "the buyer wants all of it back before shipping, which cancels the order",
        &[CALLED_OFF, "ready, paid by jsapi, all rejected"],
        |people| Box::pin(refunded(people, None)),
    )
    .healed(&[PAID, REFUNDED_AS_LOST, "cancelled, jsapi surplus, all is back, all rejected"]),
    Script::new(
        "called-off",
        "a paid order is cancelled before shipping",
        &[CALLED_OFF, "ready, paid by jsapi, all rejected"],
        |people| Box::pin(called_off(people)),
    )
    .healed(&[PAID, REFUNDED_AS_LOST, "cancelled, jsapi surplus, all is back, all rejected"]),
    Script::new(
        "refund-approved",
        "the buyer wants money back after shipping, and an operator agrees",
        &["shipped, paid by jsapi, part is back"],
        |people| Box::pin(after_shipping(people, approve)),
    )
    .healed(&[
        PAID,
        REFUNDED_AS_LOST,
        "shipped, paid by jsapi",
        "shipped, paid by jsapi, part waits for approval",
        "ready, paid by jsapi, part is back",
    ]),
    Script::new(
        "refund-approved-unsaid",
        "the buyer wants money back after shipping, an operator agrees, and no notification ever comes",
        &["shipped, paid by jsapi, part is back"],
        |people| Box::pin(after_shipping(people, approve)),
    )
    .healed(&[
        PAID,
        REFUNDED_AS_LOST,
        "shipped, paid by jsapi",
        "shipped, paid by jsapi, part waits for approval",
        "ready, paid by jsapi, part is back",
    ])
    .unsaid(),
    Script::new(
        "refund-declined",
        "the buyer wants money back after shipping, and an operator does not agree",
        &["shipped, paid by jsapi, part declined"],
        |people| Box::pin(after_shipping(people, decline)),
    )
    .healed(&[
        PAID,
        REFUNDED_AS_LOST,
        "shipped, paid by jsapi",
        "shipped, paid by jsapi, part waits for approval",
        "ready, paid by jsapi, part is back",
    ]),
    Script::new(
        "refund-closed",
        "WeChat Pay gives a refund up; an operator has it made anew under another number",
        &["ready, paid by jsapi, part closed, part is back", "ready, paid by jsapi, part is back"],
        |people| Box::pin(once_it_is(people, RefundStatus::Closed, again)),
    )
    .healed(&[
        REFUNDED_AS_LOST,
        PAID,
        "ready, paid by jsapi, part closed",
        "cancelled, jsapi surplus, all closed, all is back",
        "cancelled, jsapi surplus, all rejected, part closed",
    ])
    .first_refund(CLOSED),
    Script::new(
        "refund-abnormal",
        "a refund cannot reach the payer",
        &["ready, paid by jsapi, part abnormal", "ready, paid by jsapi, part is back"],
        |people| Box::pin(refunded(people, Some(PART))),
    )
    .healed(&[
        REFUNDED_AS_LOST,
        PAID,
        "cancelled, jsapi surplus, all abnormal",
        "cancelled, jsapi surplus, all rejected, part abnormal",
    ])
    .first_refund(ABNORMAL),
    Script::new(
        "refund-abnormal-settled",
        "a refund cannot reach the payer; an operator has paid it back another way",
        &["ready, paid by jsapi, part settled offline", "ready, paid by jsapi, part is back"],
        |people| Box::pin(once_it_is(people, RefundStatus::Abnormal, paid_by_bank)),
    )
    .healed(&[
        "cancelled, jsapi surplus, all rejected, part abnormal",
        REFUNDED_AS_LOST,
        PAID,
        "ready, paid by jsapi, part abnormal",
        "cancelled, jsapi surplus, all abnormal",
        "cancelled, jsapi surplus, all settled offline",
        "cancelled, jsapi surplus, all rejected, part settled offline",
    ])
    .first_refund(ABNORMAL),
    Script::new(
        "refund-applied",
        "a refund cannot reach the payer; an operator has it sent to a card of theirs",
        &["ready, paid by jsapi, part is back", "ready, paid by jsapi, part abnormal"],
        |people| Box::pin(once_it_is(people, RefundStatus::Abnormal, to_the_payer)),
    )
    .healed(APPLIED_AS_LOST)
    .first_refund(ABNORMAL),
    Script::new(
        "refund-applied-merchant",
        "a refund cannot reach the payer; an operator has it sent to the merchant's own account",
        &["ready, paid by jsapi, part is back", "ready, paid by jsapi, part abnormal"],
        |people| Box::pin(once_it_is(people, RefundStatus::Abnormal, to_the_merchant)),
    )
    .healed(APPLIED_AS_LOST)
    .first_refund(ABNORMAL),
    Script::new(
        "refund-rejected",
        "WeChat Pay refuses a refund and says that there is none; an operator has it sent again",
        &["ready, paid by jsapi, part rejected"],
        |people| Box::pin(rejected(people)),
    )
    .healed(&[PAID, "cancelled, jsapi surplus, all rejected"]),
    Script::new(
        "refund-withdrawn",
        "the buyer wants money back after shipping, and then does not",
        &["shipped, paid by jsapi, part withdrawn"],
        |people| Box::pin(withdrawn(people)),
    )
    .healed(&[
        PAID,
        REFUNDED_AS_LOST,
        "shipped, paid by jsapi",
        "shipped, paid by jsapi, part waits for approval",
        "ready, paid by jsapi, part is back",
    ]),
    Script::new(
        "refund-gave-way",
        "the buyer wants money back after shipping; nearly all goes back at the merchant's console, and \
         an operator agrees to what is left",
        &[
            "shipped, paid by jsapi, part is back, part is back, part withdrawn",
            "shipped, paid by jsapi, part is back, part waits for approval, part withdrawn",
        ],
        |people| Box::pin(gave_way(people)),
    )
    .healed(&[
        PAID,
        REFUNDED_AS_LOST,
        "shipped, paid by jsapi",
        "ready, paid by jsapi, part is back",
        "shipped, paid by jsapi, part is back",
        "cancelled, jsapi surplus, all rejected, part is back",
    ]),
    Script::new(
        "refunded-twice-at-once",
        "two refunds are asked for at once that are more than was paid",
        &["ready, paid by jsapi, part is back"],
        |people| Box::pin(refunded_twice_at_once(people)),
    )
    .healed(&[
        "ready, paid by jsapi, part is back, part rejected",
        PAID,
        REFUNDED_AS_LOST,
        "cancelled, jsapi surplus, all rejected, part is back",
    ]),
];

/// A paid order.
pub(super) async fn paid(buyer: &mut Client) -> Option<OrderNumber> {
    let item = buyer.list("tea")?;
    let said = buyer.check_out(item, Some(TradeType::Jsapi)).await?;
    buyer.wait(1_000).await;
    buyer.pay(&said);
    let number = said.seen?.number;
    buyer.look_until(&number, 200, |seen| seen.paid).await?;
    buyer.wait(1_000).await;
    Some(number)
}

pub(super) async fn refunded(people: Vec<Client>, fen: Option<i64>) {
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

/// What an operator has done once the buyer's refund is so.
async fn once_it_is(
    people: Vec<Client>,
    awaited: RefundStatus,
    verdict: fn(OutRefundNo) -> Command,
) {
    let Some(mut buyer) = the(people) else { return };
    let Some(number) = paid(&mut buyer).await else { return };
    let request = buyer.refund(&number, Asker::Buyer, Some(PART));
    buyer.insist(request).await;
    if !buyer.sees_refund(&number, 600, |state| state == awaited).await {
        return;
    }
    if let Some(request) = buyer.verdict(&number, verdict) {
        buyer.insist(request).await;
    }
}

fn again(out_refund_no: OutRefundNo) -> Command {
    Command::RetryRefund { out_refund_no, amount: None }
}

fn paid_by_bank(out_refund_no: OutRefundNo) -> Command {
    Command::SettleRefundOffline { out_refund_no, note: "银行转账".to_owned() }
}

fn to_the_payer(out_refund_no: OutRefundNo) -> Command {
    Command::ApplyAbnormal { out_refund_no, to: CardOwner::User, as_approver: true }
}

fn to_the_merchant(out_refund_no: OutRefundNo) -> Command {
    Command::ApplyAbnormal { out_refund_no, to: CardOwner::Merchant, as_approver: true }
}

async fn rejected(people: Vec<Client>) {
    let Some((mut buyer, said)) = having_tea(people, Some(TradeType::Jsapi)).await else { return };
    let (Some(seen), Some(out_trade_no)) = (said.seen, said.out_trade_no) else { return };
    buyer.wait(1_000).await;
    let gone = PayForm { payer_account: PayerAccount::Abnormal, ..PayForm::default() };
    buyer.pay_number(out_trade_no.as_str(), gone);
    if buyer.look_until(&seen.number, 200, |seen| seen.paid).await.is_none() {
        return;
    }
    let request = buyer.refund(&seen.number, Asker::Buyer, Some(PART));
    buyer.insist(request).await;
    if !buyer.sees_refund(&seen.number, 600, |state| state == RefundStatus::Rejected).await {
        return;
    }
    buyer.wait(1_000).await;
    let again = |out_refund_no| Command::RetryRefund { out_refund_no, amount: None };
    if let Some(request) = buyer.verdict(&seen.number, again) {
        buyer.insist(request).await;
    }
    buyer.sees_refund(&seen.number, 600, |state| state == RefundStatus::Rejected).await;
}

async fn withdrawn(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(number) = paid(&mut buyer).await else { return };
    let shipment = buyer.shipment(&number);
    buyer.insist(shipment).await;
    buyer.wait(1_000).await;
    let request = buyer.refund(&number, Asker::Buyer, Some(PART));
    buyer.insist(request).await;
    buyer.wait(1_000).await;
    if let Some(request) = buyer.withdrawal(&number) {
        buyer.insist(request).await;
    }
}

async fn gave_way(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(number) = paid(&mut buyer).await else { return };
    let shipment = buyer.shipment(&number);
    buyer.insist(shipment).await;
    buyer.wait(1_000).await;
    let request = buyer.refund(&number, Asker::Buyer, Some(PART));
    buyer.insist(request).await;
    buyer.wait(1_000).await;
    if !buyer.gives_back_elsewhere(&number, 1) || !buyer.sees_refunds(&number, 600, 3).await {
        return;
    }
    if let Some(request) = buyer.verdict(&number, approve) {
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
