//! What is done to the services in the middle of a sale: each is killed once, and time passes every
//! deadline, so that what nobody paid is on the shelf again.

use crate::chance::Chance;
use crate::clock::{Stopwatch, pause_ms};
use crate::scene::Scene;
use crate::sql::Connection;
use crate::stage::node::Order;
use anyhow::Result;
use std::time::Duration;

/// Past the time in which a checkout can be paid.
const PAST_THE_DEADLINE_S: u64 = 1_801;
/// The middle is where so many pieces of a hundred are gone from the shelves, ...
const MIDDLE: (u64, u64) = (50, 95);
/// ... or where nobody takes more: fewer buyers may come than there are goods.
const MIDDLE_AT_LATEST: Duration = Duration::from_secs(8);
const GONE: &str = "SELECT sum(s.held + s.sold)::text FROM skus s";
const LOOK_EVERY_MS: u64 = 20;

/// The one that writes buyers together first, in the middle of the rush; the other among those that cancel,
/// pay, and come again when time has passed.
pub(super) async fn strike(scene: &Scene) -> Result<()> {
    let mut chance = Chance::of(scene.plan.seed, "blows");
    let stage = &scene.stage;
    let (from, to) = MIDDLE;
    until_gone(scene, chance.between(from, to)).await?;
    for (nth, node) in stage.nodes.iter().enumerate().rev() {
        node.order(Order::Kill { down_ms: chance.between(100, 1_500) }).await;
        if nth > 0 {
            pause_ms(chance.between(1_000, 3_000)).await;
            stage.sandbox.advance(PAST_THE_DEADLINE_S).await?;
            scene.watch.tally.count("time: past every deadline at once");
            pause_ms(chance.between(100, 1_500)).await;
        }
    }
    Ok(())
}

async fn until_gone(scene: &Scene, pieces: u64) -> Result<()> {
    let connection = Connection::open(&scene.stage.url).await?;
    let begun = Stopwatch::start();
    while begun.elapsed() < MIDDLE_AT_LATEST {
        let gone = connection.texts(GONE, &[]).await?;
        if gone.first().and_then(|text| text.parse::<u64>().ok()).is_some_and(|n| n >= pieces) {
            break;
        }
        pause_ms(LOOK_EVERY_MS).await;
    }
    scene.watch.journal.note(&format!("in the middle of the rush, {pieces} pieces wanted"));
    Ok(())
}
