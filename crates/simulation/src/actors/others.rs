//! Other systems that sell under the same merchant number, and payments of ours whose record is in no
//! database any more.

use super::cashier;
use crate::tape::Kind;
use crate::time::SECOND;
use crate::wechat::Origin;
use crate::world::World;
use domain::{OrderNumber, OutTradeNo, UserId};
use std::sync::Arc;
use uuid::Uuid;

/// Sells while buyers come; the tame world has no others.
pub(super) async fn sell(world: Arc<World>) {
    let orders = world.draw(Kind::Actor, 4);
    for count in 0..orders {
        let pause = i64::from(world.draw(Kind::Actor, 120)) + 1;
        world.kernel.sleep(pause * SECOND).await;
        if !world.is_open() {
            return;
        }
        let whose = world.draw(Kind::Actor, 4);
        let lost = if whose > 1 { forgotten(&world, whose == 2, count) } else { None };
        let (number, origin) = match (whose, &lost) {
            (0, _) => (format!("OTHERS{count:04}"), Origin::Silent),
            (1, _) => (format!("OTHERS{count:04}"), Origin::Neighbour),
            (_, Some((order, number))) => {
                (number.as_str().to_owned(), Origin::Lost(order.as_str()))
            }
            (_, None) => continue,
        };
        if world.wechat.order_elsewhere(&number, origin, world.now()) {
            cashier::pay_number(&world, &number, false);
        }
    }
}

/// A payment of ours that nobody recorded: of an order that is known, or of one that is not.
fn forgotten(world: &World, known: bool, count: u32) -> Option<(OrderNumber, OutTradeNo)> {
    if known {
        let order = world.oracle.look(|seen| {
            let order = seen.orders.values().nth(usize::try_from(count).ok()?)?;
            Some(order.number.clone())
        })?;
        let number = OutTradeNo::of_payment(&order, 9);
        return Some((order, number));
    }
    let buyer = UserId::new(Uuid::from_u64_pair(2, u64::from(count)));
    let order = OrderNumber::compose(world.now(), Some(buyer), u64::from(count) + 7);
    let number = OutTradeNo::of_payment(&order, 1);
    Some((order, number))
}
