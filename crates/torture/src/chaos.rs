//! What is done to the processes and the links while buyers buy.
//!
//! Acts are drawn like cards: every one comes once before any comes again, so that a short run has seen
//! them all. Those that bring everything to a stop are few in each deck. Each heals what it did before it ends. At most three at once, never two on the same target.

mod act;
mod syscalls;

pub(crate) use act::{Act, Ground};

use crate::background::spawn;
use crate::chance::Chance;
use crate::clock::{Stopwatch, pause_ms, within};
use crate::plan::Plan;
use crate::stage::Stage;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;

const AT_ONCE_MAX: usize = 3;
/// Everything that was stopped has to run again so soon after the last act.
const HEALED_WITHIN: Duration = Duration::from_secs(120);
const PAUSE_MAX_MS: u64 = 1_600;
/// Without its database nobody gets anywhere, so nothing is tried.
const HEAVY_PER_DECK: usize = 2;

/// Makes trouble until the time is over, then waits until all of it is healed.
pub(crate) async fn make_trouble(stage: &Arc<Stage>, plan: &Plan, lasts: Duration) {
    let begun = Stopwatch::start();
    let mut chance = Chance::of(plan.seed, "chaos");
    // One service is never killed, so that its memory can be watched.
    let elder = elder(plan);
    let (heavy, light): (Vec<Act>, Vec<Act>) = act::possible(&mut syscalls::announce(stage))
        .into_iter()
        .partition(|act| act.ground() == Ground::Database);
    let (mut deck, mut heavy_deck): (Vec<Act>, Vec<Act>) = (Vec::new(), Vec::new());
    let busy: Arc<Mutex<BTreeSet<Ground>>> = Arc::default();
    let mut under_way: Vec<JoinHandle<()>> = Vec::new();
    stage.watch.weather.set(1);
    while begun.elapsed() < lasts {
        pause_ms(chance.between(100, PAUSE_MAX_MS)).await;
        under_way.retain(|task| !task.is_finished());
        if under_way.len() >= AT_ONCE_MAX {
            continue;
        }
        if deck.is_empty() {
            deck.clone_from(&light);
            for _ in 0..HEAVY_PER_DECK {
                if heavy_deck.is_empty() {
                    heavy_deck.clone_from(&heavy);
                }
                deck.push(heavy_deck.swap_remove(chance.below(heavy_deck.len())));
            }
        }
        let card = deck.swap_remove(chance.below(deck.len()));
        let drawn = card.drawn(&mut chance, elder, stage.nodes.len());
        let ground = drawn.ground();
        if !busy.lock().unwrap_or_else(PoisonError::into_inner).insert(ground) {
            // Its turn comes again.
            deck.push(card);
            continue;
        }
        let (stage, busy) = (Arc::clone(stage), Arc::clone(&busy));
        under_way.push(spawn(async move {
            if let Err(error) = drawn.perform(&stage).await {
                let what = format!("{drawn:?}: {error:#}");
                stage.watch.findings.add("the torturer itself failed", what);
            }
            busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&ground);
        }));
    }
    let healing = Stopwatch::start();
    for act in under_way {
        let rest = HEALED_WITHIN.saturating_sub(healing.elapsed());
        // It has said itself what went wrong with it.
        if within(rest, act).await.is_err() {
            let what = "an act of trouble cannot be undone; the journal names it";
            stage.watch.findings.add("the torturer itself failed", what);
        }
    }
    stage.watch.weather.set(0);
    stage.watch.journal.note("the trouble is over");
}

/// Which service is never killed in this run.
pub(crate) fn elder(plan: &Plan) -> usize {
    Chance::of(plan.seed, "elder").below(plan.services.len())
}
