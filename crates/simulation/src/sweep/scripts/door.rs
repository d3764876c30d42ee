//! Scripts about what is paid at the door: collected, refused, paid online after all, and both at once.

use super::{CANCELLED, GONE, PAID, REFUNDED_AS_LOST, SURPLUS, Script, the};
use crate::node::{Said, Seen};
use crate::sweep::client::Client;
use domain::payment::TradeType;

const IN_CASH: &str = "delivered, cash";
const ONLINE: &str = "delivered, paid by jsapi";
/// Cash was taken, and what came online goes back.
const BOTH: &str = "delivered, cash, jsapi surplus, all is back";
/// What a failover may bring an unpaid order back to.
const EARLIER: &[&str] = &[GONE, "ready", "shipped", "delivered"];
/// The same of one that was paid online: as it was then, or its payment is not known any more.
const EARLIER_ONLINE: &[&str] = &[
    GONE,
    "ready",
    "shipped",
    "delivered",
    PAID,
    "shipped, paid by jsapi",
    REFUNDED_AS_LOST,
    "ready, jsapi surplus, all is back",
    "shipped, jsapi surplus, all is back",
    "delivered, jsapi surplus, all is back",
    "delivered, cash, jsapi surplus, all is back",
];

pub(super) const ALL: &[Script] = &[
    Script::new("door-collected", "a courier brings goods and takes cash", &[IN_CASH], |people| {
        Box::pin(collected(people))
    })
    .at_the_door()
    .healed(EARLIER),
    Script::new("door-refused", "goods are refused at the door", &[CANCELLED], |people| {
        Box::pin(refused(people))
    })
    .at_the_door()
    .healed(EARLIER),
    Script::new(
        "door-converted",
        "what is to be paid at the door is paid online",
        &[ONLINE],
        |people| Box::pin(converted(people)),
    )
    .at_the_door()
    .healed(EARLIER_ONLINE),
    Script::new(
        "door-converted-back",
        "somebody wants to pay online, does not, and cash is taken",
        &[IN_CASH],
        |people| Box::pin(converted_back(people)),
    )
    .at_the_door()
    .healed(EARLIER),
    Script::new(
        "door-collected-while-paying",
        "a courier wants cash while somebody pays online",
        &[ONLINE, IN_CASH, BOTH],
        |people| Box::pin(collected_while_paying(people)),
    )
    .at_the_door()
    .healed(EARLIER_ONLINE),
    Script::new(
        "door-refused-while-paying",
        "goods are refused at the door while somebody pays online",
        // Refused after it was paid, it is not refused any more.
        &[PAID, CANCELLED, SURPLUS, "shipped, paid by jsapi"],
        |people| Box::pin(refused_while_paying(people)),
    )
    .at_the_door()
    .healed(EARLIER_ONLINE),
];

/// An order on its way, to be paid at the door.
async fn on_its_way(people: Vec<Client>) -> Option<(Client, Seen)> {
    let mut buyer = the(people)?;
    let item = buyer.list("tea")?;
    let request = buyer.order_at_the_door(item);
    let seen = buyer.insist(request).await?.seen?;
    buyer.wait(5_000).await;
    let request = buyer.shipment(&seen.number);
    buyer.insist(request).await;
    buyer.wait(5_000).await;
    Some((buyer, seen))
}

/// The same at its door.
async fn at_the_door(people: Vec<Client>) -> Option<(Client, Seen)> {
    let (mut buyer, seen) = on_its_way(people).await?;
    let request = buyer.delivery(&seen.number);
    buyer.insist(request).await;
    buyer.wait(5_000).await;
    Some((buyer, seen))
}

async fn offered(buyer: &mut Client, seen: &Seen) -> Option<Said> {
    let request = buyer.payment(&seen.number, TradeType::Jsapi);
    buyer.insist(request).await
}

async fn collected(people: Vec<Client>) {
    let Some((mut buyer, seen)) = at_the_door(people).await else { return };
    let Some(request) = buyer.collection(&seen.number) else { return };
    buyer.insist(request).await;
}

async fn refused(people: Vec<Client>) {
    let Some((mut buyer, seen)) = on_its_way(people).await else { return };
    let request = buyer.refusal(&seen.number);
    buyer.insist(request).await;
}

async fn converted(people: Vec<Client>) {
    let Some((mut buyer, seen)) = at_the_door(people).await else { return };
    let Some(said) = offered(&mut buyer, &seen).await else { return };
    buyer.wait(1_000).await;
    buyer.pay(&said);
    buyer.look_until(&seen.number, 200, |seen| seen.paid).await;
}

async fn converted_back(people: Vec<Client>) {
    let Some((mut buyer, seen)) = at_the_door(people).await else { return };
    if offered(&mut buyer, &seen).await.is_none() {
        return;
    }
    buyer.wait(5_000).await;
    let Some(request) = buyer.collection(&seen.number) else { return };
    buyer.insist(request).await;
}

async fn collected_while_paying(people: Vec<Client>) {
    let Some((mut buyer, seen)) = at_the_door(people).await else { return };
    let Some(said) = offered(&mut buyer, &seen).await else { return };
    buyer.wait(1_000).await;
    let Some(request) = buyer.collection(&seen.number) else { return };
    let answer = buyer.beside(request);
    buyer.wait(3).await;
    buyer.pay(&said);
    buyer.answered(answer).await;
    buyer.look_until(&seen.number, 900, |seen| seen.paid).await;
}

async fn refused_while_paying(people: Vec<Client>) {
    let Some((mut buyer, seen)) = on_its_way(people).await else { return };
    let Some(said) = offered(&mut buyer, &seen).await else { return };
    buyer.wait(1_000).await;
    let request = buyer.refusal(&seen.number);
    let answer = buyer.beside(request);
    buyer.wait(3).await;
    buyer.pay(&said);
    buyer.answered(answer).await;
}
