//! What is done to the services in the middle of a sale: each is killed once, and time passes every
//! deadline, so that what nobody paid is on the shelf again.

use crate::chance::Chance;
use crate::clock::pause_ms;
use crate::scene::Scene;
use crate::stage::node::Order;
use anyhow::Result;

/// Past the time in which a checkout can be paid.
const PAST_THE_DEADLINE_S: u64 = 1_801;

/// The one that writes buyers together first, while most come; the other among those that cancel and pay.
pub(super) async fn strike(scene: &Scene) -> Result<()> {
    let mut chance = Chance::of(scene.plan.seed, "blows");
    let stage = &scene.stage;
    for (nth, node) in stage.nodes.iter().enumerate().rev() {
        pause_ms(chance.between(300, 1_800)).await;
        node.order(Order::Kill { down_ms: chance.between(100, 1_500) }).await;
        if nth > 0 {
            pause_ms(chance.between(1_000, 3_000)).await;
            stage.sandbox.advance(PAST_THE_DEADLINE_S).await?;
            scene.watch.tally.count("time: past every deadline at once");
        }
    }
    Ok(())
}
