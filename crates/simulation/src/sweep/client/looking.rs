//! What a client waits for: it looks, and looks again.

use super::Client;
use crate::node::{Ask, Outcome, Seen, ask};
use crate::time::SECOND;
use crate::world::World;
use domain::ports::OrderKey;
use domain::refund::RefundStatus;
use domain::{OrderNumber, UserId};
use std::sync::Arc;
use usecases::Target;

impl Client {
    /// Looks every other second until the order is as wanted, `seconds` at most.
    pub(in crate::sweep) async fn look_until(
        &self,
        number: &OrderNumber,
        seconds: i64,
        is_wanted: impl Fn(&Seen) -> bool,
    ) -> Option<Seen> {
        let end = self.world.kernel.now().saturating_add(seconds * SECOND);
        while self.world.kernel.now() < end {
            let seen = self.look(number).await;
            if let Some(seen) = seen.filter(|seen| is_wanted(seen)) {
                return Some(seen);
            }
            self.world.kernel.sleep(2 * SECOND).await;
        }
        None
    }

    /// Looks once. What is shown may not go back.
    pub(in crate::sweep) async fn look(&self, number: &OrderNumber) -> Option<Seen> {
        look(&self.world, self.buyer.id, number).await
    }

    /// Waits until the last refund is so, `seconds` at most.
    pub(in crate::sweep) async fn sees_refund(
        &self,
        number: &OrderNumber,
        seconds: i64,
        is_so: impl Fn(RefundStatus) -> bool,
    ) -> bool {
        for _ in 0..seconds {
            let last = self.world.oracle.look(|seen| {
                let refund = seen.order(number.as_str()).and_then(|order| order.refunds.last());
                refund.map(|refund| refund.state.status())
            });
            if last.is_some_and(&is_so) {
                return true;
            }
            self.world.kernel.sleep(SECOND).await;
        }
        false
    }

    /// Whether the order has so many refunds, within so many seconds.
    pub(in crate::sweep) async fn sees_refunds(
        &self,
        number: &OrderNumber,
        seconds: i64,
        count: usize,
    ) -> bool {
        for _ in 0..seconds {
            let known = self
                .world
                .oracle
                .look(|seen| seen.order(number.as_str()).map(|order| order.refunds.len()));
            if known.is_some_and(|known| known >= count) {
                return true;
            }
            self.world.kernel.sleep(SECOND).await;
        }
        false
    }
}

/// The owner looks once. What is shown may not go back.
pub(in crate::sweep) async fn look(
    world: &Arc<World>,
    owner: UserId,
    number: &OrderNumber,
) -> Option<Seen> {
    let told = world.oracle.was_told_paid(number.as_str());
    let target = Target::of_buyer(owner, OrderKey::Number(number.clone()));
    let said = ask(world, Ask::Look(target)).await?;
    if said.outcome == Outcome::Refused("not_found") {
        world.oracle.not_found(world, number.as_str());
    }
    let seen = said.seen?;
    world.oracle.shown(world, number.as_str(), told, seen.paid);
    Some(seen)
}
