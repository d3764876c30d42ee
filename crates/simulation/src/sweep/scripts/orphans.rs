//! Scripts about money for numbers that no order of ours has.

use super::{Script, the};
use crate::sweep::client::Client;
use crate::wechat::Origin;
use domain::payment::TradeType;

pub(super) const ALL: &[Script] = &[
    Script::new(
        "orphan-ours",
        "money comes for an order of this deployment whose record is lost",
        &["cancelled, jsapi surplus, all is back + ready, paid by jsapi"],
        |people| Box::pin(orphan(people, true)),
    )
    .healed(&["cancelled, jsapi surplus, all is back + cancelled, jsapi surplus, all is back"]),
    Script::new(
        "orphan-foreign",
        "money comes for a payment of another system of the same merchant",
        &["foreign + ready, paid by jsapi"],
        |people| Box::pin(orphan(people, false)),
    )
    .healed(&["cancelled, jsapi surplus, all is back + foreign"]),
];

async fn orphan(people: Vec<Client>, is_ours: bool) {
    let Some(mut buyer) = the(people) else { return };
    let Some(item) = buyer.list("tea") else { return };
    let Some(said) = buyer.check_out(item, Some(TradeType::Jsapi)).await else { return };
    buyer.wait(1_000).await;
    buyer.pay(&said);
    let (Some(seen), Some(like)) = (said.seen, said.out_trade_no) else { return };
    buyer.look_until(&seen.number, 200, |seen| seen.paid).await;
    let (given, like) = (seen.number.as_str(), like.as_str());
    // The same, but for its last letter: a number that we could have given.
    let Some((rest, last)) = given.split_at_checked(given.len().saturating_sub(1)) else { return };
    let number = format!("{rest}{}", if last == "A" { "C" } else { "A" });
    let origin = if is_ours { Origin::Lost(&number) } else { Origin::Foreign };
    let world = &buyer.world;
    if world.wechat.order_like((like, &number), origin, world.now()) {
        buyer.pay_unknown(&number);
    }
}
