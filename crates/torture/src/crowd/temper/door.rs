//! Stories of cash on delivery: taken, refused, and turned into an online payment while the courier waits.

use super::{LOOKS_FOR, look};
use crate::clock::pause_ms;
use crate::crowd::buyer::{Buyer, is_over};
use crate::crowd::office::Office;
use serde_json::json;

/// Who finds an online payment in the way knocks again.
const AGAIN_AFTER_MS: u64 = 700;

/// An order to be paid at the door, and how much that is.
async fn ordered(buyer: &Buyer) -> Option<(String, i64)> {
    let order = buyer.place("cod").await?;
    let total = buyer.look_at(&order).await["amounts"]["total_fen"].as_i64().unwrap_or(0);
    Some((order, total))
}

pub(super) async fn at_the_door(buyer: &mut Buyer) -> Option<()> {
    let (order, total) = ordered(buyer).await?;
    let office = Office::of(&buyer.phone);
    if buyer.chance.permille(200) {
        // It may leave the house at the same moment.
        tokio::join!(buyer.cancel(&order), office.ship(&order));
    } else {
        office.ship(&order).await;
    }
    match buyer.chance.below(6) {
        0 => drop(office.refused_at_the_door(&order).await),
        1 => drop(tokio::join!(office.refused_at_the_door(&order), office.deliver(&order))),
        _ => drop(office.deliver(&order).await),
    }
    if buyer.chance.permille(150) {
        office.collect(&order, total.saturating_add(1)).await;
    }
    tokio::join!(office.collect(&order, total), office.collect(&order, total));
    look_once(buyer, &order).await;
    Some(())
}

pub(super) async fn converting(buyer: &mut Buyer) -> Option<()> {
    let (order, total) = ordered(buyer).await?;
    let office = Office::of(&buyer.phone);
    let steps = buyer.chance.below(3);
    if steps > 0 {
        office.ship(&order).await;
    }
    if steps > 1 {
        office.deliver(&order).await;
    }
    let online = buyer.pay_by(&order, "NATIVE").await?;
    if steps == 0 && buyer.chance.permille(400) {
        // It leaves the house while the money is on its way.
        office.ship(&order).await;
        office.deliver(&order).await;
    }
    let (pays, pays_ms) = (buyer.chance.permille(650), buyer.chance.between(0, 600));
    let unfaithful = buyer.chance.permille(500);
    // Only what is on its way can be refused.
    let refuses = buyer.chance.permille(if steps == 1 { 600 } else { 50 });
    let tries = buyer.chance.between(1, 5);
    let cancels = steps == 0 && buyer.chance.permille(300);
    let paying = async {
        if pays {
            pause_ms(pays_ms).await;
            buyer.pay(&online.out_trade_no, &json!({"unfaithful": unfaithful})).await;
        }
    };
    let knocking = async {
        for _ in 0..tries {
            let done = if refuses {
                office.refused_at_the_door(&order).await
            } else {
                office.collect(&order, total).await
            };
            if done {
                return;
            }
            pause_ms(AGAIN_AFTER_MS).await;
        }
    };
    let cancelling = async {
        if cancels {
            buyer.cancel(&order).await;
        }
    };
    tokio::join!(paying, knocking, cancelling);
    look_once(buyer, &order).await;
    Some(())
}

/// Cash may be waited for as long as anybody likes.
async fn look_once(buyer: &Buyer, order: &str) {
    let now = buyer.look_at(order).await;
    if is_over(&now) {
        return;
    }
    if now["converting"] == true {
        buyer.until(order, |order| order["converting"] != true || is_over(order), LOOKS_FOR).await;
    } else if now["status"] == "cancelling" {
        look(buyer, order).await;
    }
}
