//! Stories of coupons: given, given too often, wanted by two orders, used, and given back.

use super::{look, pay};
use crate::chance::Chance;
use crate::crowd::buyer::{Buyer, COMMON, Offer};
use crate::crowd::office::Office;
use crate::crowd::shop::LIMITS;
use serde_json::{Value, json};

/// Some coupons of one kind, as many as a buyer may get or fewer; more are refused.
async fn given(buyer: &mut Buyer) -> &'static str {
    let office = Office::of(&buyer.phone);
    let (coupon, limit) = drawn(&mut buyer.chance);
    let quantity = buyer.chance.between(1, limit.saturating_add(1));
    if buyer.chance.permille(400) {
        tokio::join!(
            office.issue(coupon, &buyer.user, quantity),
            office.issue(coupon, &buyer.user, limit),
        );
    } else {
        office.issue(coupon, &buyer.user, quantity).await;
    }
    coupon
}

fn drawn(chance: &mut Chance) -> (&'static str, u64) {
    LIMITS.get(chance.below(LIMITS.len())).copied().unwrap_or(LIMITS[0])
}

fn with(coupon: &str, mut wish: Value) -> Value {
    wish["coupon_id"] = json!(coupon);
    wish
}

async fn check_out(buyer: &Buyer, coupon: &str) -> Option<Offer> {
    let wish = with(coupon, buyer.everything("JSAPI"));
    buyer.check_out_as(&buyer.phone.key(), &wish).await
}

pub(super) async fn thrifty(buyer: &mut Buyer) -> Option<()> {
    let coupon = given(buyer).await;
    // Two orders over two lists want it at the same moment, or one over the same.
    let first = if buyer.chance.permille(500) {
        let first = check_out(buyer, coupon).await;
        buyer.want(COMMON[0], 2).await;
        first
    } else {
        None
    };
    let wish = with(coupon, buyer.everything("NATIVE"));
    let (one, two) = (buyer.phone.key(), buyer.phone.key());
    let (second, third) =
        tokio::join!(buyer.check_out_as(&one, &wish), buyer.check_out_as(&two, &wish));
    for offer in [first, second, third].iter().flatten() {
        if buyer.chance.permille(600) {
            pay(buyer, offer).await;
        } else {
            buyer.cancel(&offer.order).await;
        }
        look(buyer, &offer.order).await;
    }
    Some(())
}

pub(super) async fn reusing(buyer: &mut Buyer) -> Option<()> {
    let coupon = given(buyer).await;
    let first = check_out(buyer, coupon).await?;
    let paid_before = buyer.chance.permille(400);
    if paid_before {
        pay(buyer, &first).await;
        look(buyer, &first.order).await;
    }
    buyer.cancel(&first.order).await;
    look(buyer, &first.order).await;
    if paid_before {
        buyer.want(COMMON[1], 1).await;
    }
    let again = check_out(buyer, coupon).await?;
    // Some pay the one that was cancelled.
    if buyer.chance.permille(300) {
        buyer.pay(&first.out_trade_no, &json!({"unfaithful": true})).await;
    }
    pay(buyer, &again).await;
    look(buyer, &again.order).await;
    Some(())
}
