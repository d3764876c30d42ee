//! Scripts about what the merchant changes while buyers buy: prices, packages, and what there is.

use super::{PAID, REFUNDED_AS_LOST, Script, the, until_paid};
use crate::node::Outcome;
use crate::sweep::client::Client;
use domain::payment::TradeType;

/// A recharge that was paid.
const RECHARGED: &str = "completed, paid by jsapi";

pub(super) const ALL: &[Script] = &[
    Script::new(
        "price-moved",
        "the price moves while the buyer looks at it; told so, they look again, and buy",
        &[PAID],
        |people| Box::pin(price_moved(people)),
    )
    .healed(&[REFUNDED_AS_LOST]),
    Script::new(
        "fees-moved",
        "what delivery costs moves while the buyer looks at it; told so, they look again, and buy",
        &[PAID],
        |people| Box::pin(fees_moved(people)),
    )
    .healed(&[REFUNDED_AS_LOST]),
    Script::new(
        "package-moved",
        "a package changes while the buyer looks at it; told so, they look again, and pay ahead",
        &[RECHARGED],
        |people| Box::pin(package_moved(people)),
    )
    .healed(&[REFUNDED_AS_LOST]),
    Script::new(
        "restocked",
        "the last piece is gone when another buyer wants it; one more is brought in, and they have it",
        &["ready, paid by jsapi + ready, paid by jsapi"],
        |people| Box::pin(restocked(people)),
    )
    .of(2)
    .healed(&[PAID, REFUNDED_AS_LOST]),
    Script::new(
        "stock-corrected",
        "what a buyer holds is not taken out; two pieces more are brought in, and one is taken out",
        &[PAID],
        |people| Box::pin(stock_corrected(people)),
    )
    .healed(&[REFUNDED_AS_LOST]),
];

async fn price_moved(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(item) = buyer.list("tea") else { return };
    let Some(shown) = buyer.quote(item).await else { return };
    if let Some(set) = buyer.other_price("tea", 9_350) {
        buyer.insist(set).await;
    }
    buyer.wait(1_000).await;
    buy_as_shown(&mut buyer, item, shown).await;
}

async fn fees_moved(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(item) = buyer.list("tea") else { return };
    let Some(shown) = buyer.quote(item).await else { return };
    let set = buyer.other_fees();
    buyer.insist(set).await;
    buyer.wait(1_000).await;
    buy_as_shown(&mut buyer, item, shown).await;
}

/// For what was shown, or, if that has moved, for what is shown then.
async fn buy_as_shown(
    buyer: &mut Client,
    item: domain::buyer::ItemId,
    shown: domain::order::Amounts,
) {
    let request = buyer.checkout_as_shown(item, shown);
    let said = match buyer.insist(request).await {
        Some(said) => said,
        None => {
            let Some(shown) = buyer.quote(item).await else { return };
            let request = buyer.checkout_as_shown(item, shown);
            let Some(said) = buyer.insist(request).await else { return };
            said
        }
    };
    buyer.wait(1_000).await;
    buyer.pay(&said);
    until_paid(buyer, &said).await;
}

async fn package_moved(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(first) = buyer.recharge_as_shown("fen") else { return };
    if let Some(set) = buyer.other_package("fen", 29_900) {
        buyer.insist(set).await;
    }
    buyer.wait(1_000).await;
    let said = match buyer.insist(first).await {
        Some(said) => said,
        None => {
            let Some(again) = buyer.recharge_as_shown("fen") else { return };
            let Some(said) = buyer.insist(again).await else { return };
            said
        }
    };
    buyer.wait(1_000).await;
    buyer.pay(&said);
    until_paid(&buyer, &said).await;
}

async fn restocked(people: Vec<Client>) {
    let mut people = people.into_iter();
    let (Some(mut one), Some(mut other)) = (people.next(), people.next()) else { return };
    let (Some(item), Some(same)) = (one.list("cup"), other.list("cup")) else { return };
    let ours = one.check_out(item, Some(TradeType::Jsapi)).await;
    let mut theirs = other.check_out(same, Some(TradeType::Jsapi)).await;
    if theirs.is_none() {
        let Some(more) = other.stock("cup", 1, "brought-in") else { return };
        other.insist(more).await;
        theirs = other.check_out(same, Some(TradeType::Jsapi)).await;
    }
    one.wait(1_000).await;
    for (buyer, said) in [(&mut one, ours), (&mut other, theirs)] {
        let Some(said) = said else { continue };
        buyer.pay_in_the_end(&said).await;
        until_paid(buyer, &said).await;
    }
}

async fn stock_corrected(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(item) = buyer.list("cup") else { return };
    let Some(said) = buyer.check_out(item, Some(TradeType::Jsapi)).await else { return };
    for (delta, key) in [(-1, "held"), (2, "brought-in"), (2, "brought-in"), (-1, "counted")] {
        let Some(moving) = buyer.stock("cup", delta, key) else { return };
        let done = buyer.insist(moving).await.map(|said| said.outcome);
        // Whatever a failover lost: under one key it is brought in once.
        debug_assert!(done != Some(Outcome::Reused), "{key}");
    }
    buyer.wait(1_000).await;
    buyer.pay(&said);
    until_paid(&buyer, &said).await;
}
