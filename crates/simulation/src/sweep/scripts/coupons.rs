//! Scripts about coupons, and about goods that come back.

use super::refunds::SLOWLY;
use super::{CALLED_OFF, PAID, REFUNDED_AS_LOST, Script, the};
use crate::sweep::client::Client;
use domain::OrderNumber;
use domain::order::OrderStatus;
use domain::payment::TradeType;
use domain::refund::Asker;

pub(super) const ALL: &[Script] = &[
    Script::new(
        "coupon-used-again",
        "an order with a coupon is cancelled; with the same coupon another one is paid",
        &["cancelled + ready, paid by jsapi"],
        |people| Box::pin(used_again(people)),
    )
    .healed(&[PAID, "cancelled + cancelled, jsapi surplus, all is back"]),
    Script::new(
        "coupon-returned",
        "an order with a coupon is paid and called off before shipping",
        &[CALLED_OFF, "ready, paid by jsapi, all rejected"],
        |people| Box::pin(returned(people)),
    )
    .healed(&[PAID, REFUNDED_AS_LOST, "cancelled, jsapi surplus, all is back, all rejected"]),
    Script::new(
        "returned-by-line",
        "of two pieces that were bought with a coupon the buyer wants the money of one",
        &["ready, paid by jsapi, part is back"],
        |people| Box::pin(returned_by_line(people)),
    )
    .healed(&[PAID, REFUNDED_AS_LOST, "cancelled, jsapi surplus, all rejected, part is back"]),
    Script::new(
        "said-again-after-a-loss",
        "the money of two of three pieces waits for an operator, who gives that of the third back and says so \
         again half a minute later: if both requests are lost by then, it is worth a fen less",
        &["shipped, paid by jsapi, part is back, part waits for approval"],
        |people| Box::pin(said_again(people)),
    )
    .healed(&[
        PAID,
        REFUNDED_AS_LOST,
        "shipped, paid by jsapi",
        "shipped, paid by jsapi, part is back",
        "ready, paid by jsapi, part is back",
        "cancelled, paid by jsapi, part is back, part is back",
        "shipped, paid by jsapi, part waits for approval",
    ])
    .first_refund(SLOWLY),
];

async fn used_again(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    buyer.gets_coupons();
    let Some(item) = buyer.list("tea") else { return };
    let request = buyer.checkout_with_coupon(item, Some(TradeType::Jsapi));
    let Some(said) = buyer.insist(request).await else { return };
    let Some(seen) = said.seen else { return };
    buyer.wait(1_000).await;
    let cancellation = buyer.cancellation(&seen.number);
    buyer.insist(cancellation).await;
    buyer.look_until(&seen.number, 900, |seen| seen.status == OrderStatus::Cancelled).await;
    buyer.wait(1_000).await;
    let request = buyer.checkout_with_coupon(item, Some(TradeType::Jsapi));
    let Some(said) = buyer.insist(request).await else { return };
    buyer.wait(1_000).await;
    buyer.pay(&said);
}

/// A paid order of so many pieces, with the buyer's coupon.
async fn paid(buyer: &mut Client, pieces: u32) -> Option<OrderNumber> {
    buyer.gets_coupons();
    let mut item = buyer.list("tea")?;
    for _ in 1..pieces {
        item = buyer.list("tea")?;
    }
    let request = buyer.checkout_with_coupon(item, Some(TradeType::Jsapi));
    let said = buyer.insist(request).await?;
    buyer.wait(1_000).await;
    buyer.pay(&said);
    let number = said.seen?.number;
    buyer.look_until(&number, 200, |seen| seen.paid).await?;
    buyer.wait(1_000).await;
    Some(number)
}

async fn returned(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(number) = paid(&mut buyer, 1).await else { return };
    let request = buyer.cancellation(&number);
    buyer.insist(request).await;
}

async fn returned_by_line(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(number) = paid(&mut buyer, 2).await else { return };
    let request = buyer.refund_of_pieces(&number, Asker::Buyer, 1);
    buyer.insist(request).await;
}

async fn said_again(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(number) = paid(&mut buyer, 3).await else { return };
    let shipment = buyer.shipment(&number);
    buyer.insist(shipment).await;
    buyer.wait(1_000).await;
    let waits = buyer.refund_of_pieces(&number, Asker::Buyer, 2);
    buyer.insist(waits).await;
    let given_back = buyer.refund_of_pieces(&number, Asker::Operator, 1);
    buyer.insist(given_back.clone()).await;
    buyer.wait(30_000).await;
    buyer.insist(given_back).await;
}
