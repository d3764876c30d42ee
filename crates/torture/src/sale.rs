//! A sale: a thousand buyers want a hundred things at one moment, from two services, one of which writes
//! buyers together. Both are killed in the middle, time jumps past every deadline, and what comes back is
//! bought by others.
//!
//! Nothing is cut or delayed here: that is trouble (`torture.rs`). What is shown is that never more is held
//! and sold than there is, whoever looks, and whenever.

mod blows;
mod goods;
mod looks;
mod shopper;

use crate::background::spawn;
use crate::books::Question;
use crate::chance::Chance;
use crate::clock::{Stopwatch, pause_ms};
use crate::crowd::Crowd;
use crate::crowd::buyer::Buyer;
use crate::crowd::phone::Phone;
use crate::plan::Plan;
use crate::proxy::postgres::{SEVERAL, UNDONE};
use crate::report::Report;
use crate::scene::Scene;
use crate::stage::node::Watch;
use anyhow::{Context as _, Result};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// So many of a thousand stand before the door when it opens.
const FIRST_PERMILLE: u64 = 300;
/// More at once before that would only wait for each other.
const ENTERING_AT_ONCE: usize = 64;
const PROGRESS_EVERY_MS: u64 = 2_000;
/// Who is still busy then gets their answers while everything comes to rest.
const OPEN_FOR: Duration = Duration::from_secs(60);
/// So many buyers are enough to show everything below in every run.
const ENOUGH: u64 = 1_000;

const BOOKS: [Question; 1] = [Question {
    differences: include_str!("books/sale.sql"),
    summary: include_str!("books/sale_summary.sql"),
}];

/// Does all of it.
pub(crate) async fn run(plan: &Plan, buyers: u64) -> Result<Report> {
    let scene = Scene::set(plan).await?;
    goods::stock_up(&scene).await?;
    scene.stage.sandbox.faults(&lost_and_doubled()).await?;
    eprintln!("== {buyers} buyers come to the door");
    let waiting = enter(&scene, buyers).await?;

    eprintln!("== the door opens");
    let opened = Stopwatch::start();
    let watching = spawn(looks::watch(looks::Place::of(&scene)));
    let progress = scene.show_progress(PROGRESS_EVERY_MS, progress);
    let mut crowd = Crowd::of(&scene.outside);
    for Waiting { number, buyer, is_first } in waiting {
        let phone = buyer.phone.clone();
        crowd.join(number, spawn(shopper::shop(buyer, is_first)), phone);
    }
    blows::strike(&scene).await?;
    while crowd.busy() > 0 && opened.elapsed() < OPEN_FOR {
        pause_ms(100).await;
    }
    let rested_after = scene.rest(crowd).await?;
    progress.abort();
    watching.abort();
    looks::count_what_came_back(&scene).await?;
    if buyers >= ENOUGH {
        has_shown_enough(&scene.watch);
    }
    scene.judge(rested_after, None, &BOOKS).await
}

/// Somebody who has come.
struct Waiting {
    number: u64,
    buyer: Buyer,
    /// They stand before the door; the others come within seconds.
    is_first: bool,
}

/// Everybody is logged in and has their wish on the list before the door opens.
async fn enter(scene: &Scene, buyers: u64) -> Result<Vec<Waiting>> {
    let at_once = Arc::new(Semaphore::new(ENTERING_AT_ONCE));
    let mut entering = Vec::new();
    for number in 1..=buyers {
        let chance = Chance::of(scene.plan.seed, &format!("buyer-{number}"));
        let phone = Phone::new(scene.stage.door.addr, &scene.outside, chance.clone());
        let at_once = Arc::clone(&at_once);
        let coming = spawn(async move {
            // It is never closed.
            let _room = at_once.acquire().await;
            let mut buyer = Buyer::enter(phone, number, chance).await;
            let is_first = buyer.chance.permille(FIRST_PERMILLE);
            for (sku, quantity) in goods::wish(&mut buyer.chance, is_first) {
                buyer.want(&sku, quantity).await;
            }
            Waiting { number, buyer, is_first }
        });
        entering.push((number, coming));
    }
    let mut waiting = Vec::new();
    for (number, coming) in entering {
        waiting.push(coming.await.with_context(|| format!("buyer {number}"))?);
    }
    Ok(waiting)
}

/// Of the notifications of payments some never come, and some come twice.
fn lost_and_doubled() -> serde_json::Value {
    let success = "TRANSACTION.SUCCESS";
    json!([
        {"match": {"event_type": success}, "every": 3, "action": "drop"},
        {"match": {"event_type": success}, "every": 4, "action": "duplicate", "value": 2},
    ])
}

/// A sale in which nothing of this happened has shown nothing of it.
fn has_shown_enough(watch: &Watch) {
    // Several in one statement that are all written are counted and not demanded: with ten of each thing, who
    // comes in the same instant mostly stands in another's way (in one sale of four all of them did).
    let several = format!("links to PostgreSQL: {SEVERAL}");
    let undone = format!("links to PostgreSQL: {UNDONE}");
    for what in [
        "serve: killed",
        "refused: checkout, out_of_stock",
        "money: taken",
        "money: taken late, after close or expiry",
        looks::LOOKS,
        looks::CAME_BACK,
        &several,
        &undone,
    ] {
        if watch.tally.of(what) == 0 {
            watch.findings.add("the sale shows too little", format!("never: {what}"));
        }
    }
}

fn progress(watch: &Watch) -> String {
    let count = |what: &str| watch.tally.of(what);
    format!(
        "{} looks at the shelves, money taken {} times, {} refused because it was sold out, {} kills, \
         {} differences",
        count(looks::LOOKS),
        count("money: taken"),
        count("refused: checkout, out_of_stock"),
        count("serve: killed"),
        watch.findings.all().len(),
    )
}
