//! Couriers: bring what is to be paid at the door, take its cash, or take the goods back.

use super::{dawdle, operator};
use crate::marks::Mark;
use crate::node::{Ask, Outcome, Said, ask};
use crate::tape::Kind;
use crate::time::SECOND;
use crate::world::World;
use domain::Fen;
use domain::OrderNumber;
use domain::cash::{CashReceipt, Courier};
use domain::order::{CancelCause, Command, Order};
use domain::ports::OrderKey;
use std::sync::Arc;
use usecases::{Action, Target};

/// How often a courier asks again before the day is over.
const TRIES: u32 = 8;

/// Brings an order to its door, and ends with its cash or with its goods. Somebody else may be faster
/// with each of it.
pub(super) async fn bring(world: Arc<World>, number: OrderNumber) {
    dawdle(&world, 60).await;
    let sent = Command::Ship(operator::parcel(1_000));
    insist(&world, |key| Ask::Act(action(&number, "ship", key), sent.clone())).await;
    dawdle(&world, 60).await;
    if world.draw(Kind::Actor, 4) == 3 {
        insist(&world, |key| Ask::Cancel(action(&number, "refuse", key), CancelCause::Refused))
            .await;
        return;
    }
    insist(&world, |key| Ask::Act(action(&number, "deliver", key), Command::Deliver)).await;
    dawdle(&world, 100).await;
    take_cash(&world, &number).await;
}

/// Until it is there, was paid online, or nobody opens any more. Now and then another courier wants it,
/// too, or somebody counts wrong.
async fn take_cash(world: &Arc<World>, number: &OrderNumber) {
    let Some(total) = look(world, number, |order| order.amounts.total) else { return };
    let collect = |amount: Fen, who: &str, key: &str| {
        let courier = Courier::parse(who)?;
        let command = Command::CollectCash(CashReceipt { amount, courier });
        Some(Ask::Act(action(number, who, key), command))
    };
    if world.draw(Kind::Actor, 4) == 3
        && let Some(short) = collect(Fen::new(total.get().saturating_sub(1)), "courier-1", "short")
    {
        let _refused = ask(world, short).await;
    }
    if world.draw(Kind::Actor, 4) == 3
        && let Some(other) = collect(total, "courier-2", "other")
    {
        let colleague = Arc::clone(world);
        world.outside(async move {
            dawdle(&colleague, 1).await;
            let _answer = ask(&colleague, other).await;
        });
    }
    for _ in 0..TRIES {
        let Some(wanted) = collect(total, "courier-1", "cash") else { return };
        match ask(world, wanted).await.map(|said: Said| said.outcome) {
            Some(Outcome::Done | Outcome::Replayed | Outcome::Reused) => return,
            Some(Outcome::Refused("payment_in_progress")) => {
                world.chronicle.sometimes(Mark::CashLocked);
            }
            Some(Outcome::Refused("paid_online")) => {
                world.chronicle.sometimes(Mark::CourierToldOfPayment);
                return;
            }
            Some(Outcome::Refused(_)) => return,
            Some(Outcome::Unknown | Outcome::Busy) | None => {}
        }
        if !world.is_open() {
            return;
        }
        world.kernel.sleep(3 * SECOND).await;
        dawdle(world, 40).await;
    }
}

/// Asks under one key until there is an answer that counts.
async fn insist(world: &Arc<World>, what: impl Fn(&str) -> Ask) {
    for _ in 0..TRIES {
        match ask(world, what("once")).await.map(|said| said.outcome) {
            Some(Outcome::Unknown | Outcome::Busy) | None => {}
            Some(Outcome::Done | Outcome::Replayed | Outcome::Reused | Outcome::Refused(_)) => {
                return;
            }
        }
        if !world.is_open() {
            return;
        }
        world.kernel.sleep(SECOND).await;
    }
}

fn look<T>(world: &World, number: &OrderNumber, at: impl Fn(&Order) -> T) -> Option<T> {
    world.oracle.look(|seen| seen.orders.values().find(|order| order.number == *number).map(at))
}

fn action(number: &OrderNumber, what: &str, key: &str) -> Box<Action> {
    let key = format!("{key}-{number}");
    Box::new(Action {
        target: Target::anybodys(OrderKey::Number(number.clone())),
        audit: operator::audit(what),
        keyed: operator::keyed("courier", what, &key, number),
    })
}
