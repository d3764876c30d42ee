//! Stories of money that goes back: asked for by buyers, given by operators, under somebody's yes or no.

use super::{LOOKS_FOR, look, pay};
use crate::chance::Chance;
use crate::clock::pause_ms;
use crate::crowd::buyer::{Buyer, COMMON, Offer, is_over};
use crate::crowd::office::{APPROVAL_ABOVE_FEN, Office, Who};
use serde_json::json;

/// What is said to a refund at the same moment by several.
const SAID_WITHIN_MS: u64 = 400;

/// An order that is paid, and seen to be.
async fn paid(buyer: &Buyer) -> Option<(Offer, i64)> {
    let offer = buyer.check_out("JSAPI").await?;
    pay(buyer, &offer).await;
    let order = buyer.until(&offer.order, is_over, LOOKS_FOR).await?;
    let total_fen = order["amounts"]["paid_fen"].as_i64().filter(|paid| *paid > 0)?;
    Some((offer, total_fen))
}

pub(super) async fn bargaining(buyer: &mut Buyer) -> Option<()> {
    let (offer, total_fen) = paid(buyer).await?;
    // Both together may be more than was paid: then one of them is refused.
    let half = (total_fen / 2).saturating_add(i64::from(buyer.chance.permille(500))).max(1);
    tokio::join!(buyer.ask_back(&offer.order, half), buyer.ask_back(&offer.order, half));
    if buyer.chance.permille(300) {
        pause_ms(buyer.chance.between(0, 3_000)).await;
        buyer.ask_back(&offer.order, 1).await;
    }
    Some(())
}

pub(super) async fn returning(buyer: &mut Buyer) -> Option<()> {
    let (offer, total_fen) = paid(buyer).await?;
    match buyer.chance.below(3) {
        0 => buyer.cancel(&offer.order).await,
        1 => drop(buyer.ask_back(&offer.order, total_fen).await),
        _ => {
            tokio::join!(buyer.cancel(&offer.order), buyer.ask_back(&offer.order, total_fen));
        }
    }
    look(buyer, &offer.order).await;
    Some(())
}

/// What was sent goes back with somebody's yes alone; yes, no and "never mind" come at once.
pub(super) async fn sending_back(buyer: &mut Buyer) -> Option<()> {
    let (offer, total_fen) = paid(buyer).await?;
    let office = Office::of(&buyer.phone);
    let half = (total_fen / 2).max(1);
    let refunds = if buyer.chance.permille(300) {
        // It leaves the house while the buyer asks.
        let (_, one) = tokio::join!(office.ship(&offer.order), buyer.ask_back(&offer.order, half));
        [one, None]
    } else {
        office.ship(&offer.order).await;
        <[_; 2]>::from(tokio::join!(
            buyer.ask_back(&offer.order, half),
            buyer.ask_back(&offer.order, half)
        ))
    };
    for refund in refunds.iter().flatten() {
        let mut chance = buyer.chance.clone();
        let mut turn = |often| Turn::drawn(&mut chance, often);
        let (yes, no, never_mind) = (turn(700), turn(350), turn(350));
        tokio::join!(
            yes.take(office.say(Who::Operator, "approve", refund)),
            no.take(office.say(Who::Approver, "decline", refund)),
            never_mind.take(buyer.withdraw(&offer.order, refund)),
        );
        buyer.chance = chance;
    }
    look(buyer, &offer.order).await;
    Some(())
}

/// More than an operator may give alone.
pub(super) async fn complaining(buyer: &mut Buyer) -> Option<()> {
    let (offer, total_fen) = paid(buyer).await?;
    let office = Office::of(&buyer.phone);
    let ships = buyer.chance.permille(500);
    if ships {
        office.ship(&offer.order).await;
    }
    let much = total_fen.min(APPROVAL_ABOVE_FEN.saturating_add(1));
    // In parts it is the same money.
    let (first, second) = if buyer.chance.permille(500) {
        let half = (much / 2).max(1);
        tokio::join!(office.give_back(&offer.order, half), office.give_back(&offer.order, half))
    } else {
        (office.give_back(&offer.order, much).await, None)
    };
    for refund in [first, second].iter().flatten() {
        if much > APPROVAL_ABOVE_FEN && second_needed(buyer, &offer.order, refund).await {
            office.approve_alone(refund).await;
        }
        let word = if buyer.chance.permille(700) { "approve" } else { "decline" };
        let mut chance = buyer.chance.clone();
        let asks = Turn::drawn(&mut chance, 300);
        tokio::join!(
            office.say(Who::Approver, word, refund),
            asks.take(async { drop(buyer.ask_back(&offer.order, 1).await) }),
        );
        buyer.chance = chance;
    }
    look(buyer, &offer.order).await;
    Some(())
}

/// Whether this refund waits for another person.
async fn second_needed(buyer: &Buyer, order: &str, out_refund_no: &str) -> bool {
    let order = buyer.look_at(order).await;
    let refunds = order["refunds"].as_array().into_iter().flatten();
    refunds
        .filter(|refund| refund["out_refund_no"] == out_refund_no)
        .any(|refund| refund["status"] == "awaiting_approval")
}

/// An operator cancels what is paid while its buyer cancels, asks, or looks on.
pub(super) async fn recalled(buyer: &mut Buyer) -> Option<()> {
    let (offer, total_fen) = paid(buyer).await?;
    let office = Office::of(&buyer.phone);
    let mut chance = buyer.chance.clone();
    let (cancels, asks) = (Turn::drawn(&mut chance, 300), Turn::drawn(&mut chance, 400));
    let part = (total_fen / 3).max(1);
    tokio::join!(
        office.cancel(&offer.order),
        cancels.take(buyer.cancel(&offer.order)),
        asks.take(async { drop(buyer.ask_back(&offer.order, part).await) }),
    );
    let order = buyer.look_at(&offer.order).await;
    for refund in order["refunds"].as_array().into_iter().flatten() {
        if refund["status"] == "awaiting_approval"
            && let Some(number) = refund["out_refund_no"].as_str()
        {
            let word = if chance.permille(700) { "approve" } else { "decline" };
            office.say(Who::Approver, word, number).await;
        }
    }
    look(buyer, &offer.order).await;
    Some(())
}

pub(super) async fn gone(buyer: &mut Buyer) -> Option<()> {
    let offer = buyer.check_out("JSAPI").await?;
    buyer.cancel(&offer.order).await;
    look(buyer, &offer.order).await;
    let form = json!({"unfaithful": true, "payer_account": "abnormal"});
    buyer.pay(&offer.out_trade_no, &form).await;
    Some(())
}

/// Two things on the list; of each some go back, by the buyer's wish and by an operator's, at once.
pub(super) async fn picky(buyer: &mut Buyer) -> Option<()> {
    buyer.want(COMMON[0], 3).await;
    buyer.want(COMMON[1], 2).await;
    let (offer, _) = paid(buyer).await?;
    let office = Office::of(&buyer.phone);
    if buyer.chance.permille(350) {
        office.ship(&offer.order).await;
    }
    let lines = buyer.look_at(&offer.order).await["lines"].as_array().map_or(1, Vec::len);
    for _ in 0..buyer.chance.between(1, 5) {
        let mut draw = || {
            let line = u64::try_from(buyer.chance.below(lines)).unwrap_or(0).saturating_add(1);
            (line, buyer.chance.between(1, 4))
        };
        let ((one, some), (other, more)) = (draw(), draw());
        let by_operator = buyer.chance.permille(400);
        let (first, second) = tokio::join!(buyer.send_back(&offer.order, one, some), async {
            if by_operator {
                office.take_back(&offer.order, other, more).await
            } else {
                buyer.send_back(&offer.order, other, more).await
            }
        },);
        for refund in [first, second].iter().flatten() {
            if buyer.chance.permille(250) {
                buyer.withdraw(&offer.order, refund).await;
            } else {
                office.say(Who::Approver, "approve", refund).await;
            }
        }
    }
    look(buyer, &offer.order).await;
    Some(())
}

/// Whether somebody does something, and when.
#[derive(Clone, Copy, Debug)]
struct Turn(Option<u64>);

impl Turn {
    fn drawn(chance: &mut Chance, often: u64) -> Turn {
        let after_ms = chance.between(0, SAID_WITHIN_MS);
        Turn(chance.permille(often).then_some(after_ms))
    }

    async fn take(self, act: impl Future<Output = ()>) {
        if let Some(after_ms) = self.0 {
            pause_ms(after_ms).await;
            act.await;
        }
    }
}
