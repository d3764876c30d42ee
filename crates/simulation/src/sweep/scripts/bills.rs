//! Scripts about the bills of a day, fetched the next morning.

use super::refunds::{PART, refunded};
use super::{PAID, REFUNDED_AS_LOST, Script};
use crate::morning::fetch_both;
use crate::sweep::client::Client;
use crate::sweep::stage::is_quiet;
use crate::time::SECOND;

pub(super) const ALL: &[Script] = &[Script::new(
    "bills",
    "some of a paid order goes back; the next morning the bills of that day are fetched",
    &["ready, paid by jsapi, part is back"],
    |people| Box::pin(the_next_morning(people)),
)
.healed(&[PAID, REFUNDED_AS_LOST, "cancelled, jsapi surplus, all rejected, part is back"])
.the_next_morning()];

async fn the_next_morning(people: Vec<Client>) {
    let Some(world) = people.first().map(|one| one.world.clone()) else { return };
    refunded(people, Some(PART)).await;
    while !is_quiet(&world) {
        world.kernel.sleep(60 * SECOND).await;
    }
    fetch_both(&world).await;
}
