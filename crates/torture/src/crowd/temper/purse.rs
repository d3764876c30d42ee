//! Stories of money and points that were paid ahead: spent, spent twice at once, and wanted back.

use super::{LOOKS_FOR, look, pay};
use crate::clock::pause_ms;
use crate::crowd::buyer::{Buyer, is_over};
use crate::crowd::office::Office;
use crate::crowd::shop::{POINTS, POINTS_FEN, PURSE, PURSE_FEN};
use serde_json::json;

/// A recharge that is paid, and seen to be: its order.
async fn charged(buyer: &Buyer, package: &str) -> Option<String> {
    let offer = buyer.recharge(package).await?;
    pay(buyer, &offer).await;
    let order = buyer.until(&offer.order, is_over, LOOKS_FOR).await?;
    (order["payment_status"] != "unpaid").then_some(offer.order)
}

pub(super) async fn saving(buyer: &mut Buyer) -> Option<()> {
    // Some change their minds, and pay when it is cancelled.
    if buyer.chance.permille(200) {
        let offer = buyer.recharge(PURSE).await?;
        buyer.cancel(&offer.order).await;
        pause_ms(buyer.chance.between(0, 2_000)).await;
        buyer.pay(&offer.out_trade_no, &json!({"unfaithful": true})).await;
        look(buyer, &offer.order).await;
        return Some(());
    }
    charged(buyer, PURSE).await?;
    let order = buyer.place("wallet").await?;
    look(buyer, &order).await;
    match buyer.chance.below(4) {
        0 => buyer.cancel(&order).await,
        1 => {
            let paid = buyer.look_at(&order).await["amounts"]["paid_fen"].as_i64().unwrap_or(2);
            let half = (paid / 2).max(1);
            tokio::join!(buyer.ask_back(&order, half), buyer.ask_back(&order, half));
        }
        _ => {}
    }
    look(buyer, &order).await;
    Some(())
}

pub(super) async fn racing(buyer: &mut Buyer) -> Option<()> {
    charged(buyer, PURSE).await?;
    let offer = buyer.check_out("JSAPI").await?;
    let (wallet_ms, wechat_ms) = (buyer.chance.between(0, 400), buyer.chance.between(0, 400));
    let (twice, unfaithful) = (buyer.chance.permille(300), buyer.chance.permille(500));
    let from_wallet = async {
        pause_ms(wallet_ms).await;
        if twice {
            tokio::join!(buyer.pay_from_wallet(&offer.order), buyer.pay_from_wallet(&offer.order),);
        } else {
            buyer.pay_from_wallet(&offer.order).await;
        }
    };
    let by_wechat = async {
        pause_ms(wechat_ms).await;
        buyer.pay(&offer.out_trade_no, &json!({"unfaithful": unfaithful})).await;
    };
    tokio::join!(from_wallet, by_wechat);
    look(buyer, &offer.order).await;
    Some(())
}

pub(super) async fn gambling(buyer: &mut Buyer) -> Option<()> {
    charged(buyer, POINTS).await?;
    let office = Office::of(&buyer.phone);
    // One of the two has to be refused.
    let points = i64::try_from(buyer.chance.between(166, 331)).unwrap_or(166);
    tokio::join!(
        office.spend_points(&buyer.user, points),
        office.spend_points(&buyer.user, points)
    );
    if buyer.chance.permille(400) {
        office.spend_points(&buyer.user, 1).await;
    }
    Some(())
}

pub(super) async fn undoing(buyer: &mut Buyer) -> Option<()> {
    let is_points = buyer.chance.permille(300);
    let (package, price) = if is_points { (POINTS, POINTS_FEN) } else { (PURSE, PURSE_FEN) };
    let recharge = charged(buyer, package).await?;
    let office = Office::of(&buyer.phone);
    let part =
        price.saturating_mul(i64::try_from(buyer.chance.between(1, 1_000)).unwrap_or(1)) / 1_000;
    let wanted = if buyer.chance.permille(500) { price } else { part };
    let twice = buyer.chance.permille(300);
    let spending = async {
        if is_points {
            office.spend_points(&buyer.user, 150).await;
        } else {
            buyer.place("wallet").await;
        }
    };
    let giving = async {
        office.give_back(&recharge, wanted).await;
        if twice {
            office.give_back(&recharge, part).await;
        }
    };
    tokio::join!(spending, giving);
    Some(())
}
