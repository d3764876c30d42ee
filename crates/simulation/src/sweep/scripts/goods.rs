//! Scripts about what follows a payment: shipping, delivery, receipt.

use super::{PAID, REFUNDED_AS_LOST, Script, having_tea};
use crate::sweep::client::Client;
use domain::payment::TradeType;

pub(super) const ALL: &[Script] = &[Script::new(
    "fulfilled",
    "an order is paid, shipped, delivered and confirmed",
    &["completed, paid by jsapi"],
    |people| Box::pin(fulfilled(people)),
)
.healed(&[REFUNDED_AS_LOST, PAID, "shipped, paid by jsapi", "delivered, paid by jsapi"])];

async fn fulfilled(people: Vec<Client>) {
    let Some((mut buyer, said)) = having_tea(people, Some(TradeType::Jsapi)).await else { return };
    buyer.wait(1_000).await;
    buyer.pay(&said);
    let Some(seen) = said.seen else { return };
    if buyer.look_until(&seen.number, 200, |seen| seen.paid).await.is_none() {
        return;
    }
    for step in [Client::shipment, Client::delivery, Client::confirmation] {
        buyer.wait(5_000).await;
        let request = step(&mut buyer, &seen.number);
        buyer.insist(request).await;
    }
}
