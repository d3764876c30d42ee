//! Looks at the shelves all the time while people buy, and asks each service what it thinks of itself.
//!
//! A look is one statement, so one moment: by the columns of the SKUs, by their holds, and by the orders.

use crate::chance::Chance;
use crate::clock::pause_ms;
use crate::crowd::office::Office;
use crate::crowd::phone::Phone;
use crate::findings::Findings;
use crate::scene::Scene;
use crate::sql::Connection;
use crate::stage::node::Watch;
use anyhow::Result;

pub(super) const LOOKS: &str = "sale: looks at the shelves";
pub(super) const CAME_BACK: &str = "sale: pieces that came back and were taken again";

const SHELVES: &str = include_str!("../books/shelves.sql");
const AGAIN: &str = "SELECT greatest(sum(m.quantity) - s.stocked, 0)::text
     FROM skus s JOIN stock_moves m ON m.sku_id = s.id AND m.kind = 'hold' GROUP BY s.id, s.stocked";
const EVERY_MS: u64 = 50;
const ASKED_EVERY_MS: u64 = 1_500;

/// From where it is looked.
pub(super) struct Place {
    url: String,
    watch: Watch,
    offices: Vec<Office>,
}

impl Place {
    pub(super) fn of(scene: &Scene) -> Place {
        let stage = &scene.stage;
        let office = |addr| {
            let chance = Chance::of(scene.plan.seed, "inspector");
            Office::of(&Phone::new(addr, &scene.outside, chance))
        };
        let offices = stage.addrs.iter().map(|addr| office(*addr)).collect();
        Place { url: stage.url.clone(), watch: scene.watch.clone(), offices }
    }
}

/// Looks until somebody says stop.
pub(super) async fn watch(place: Place) {
    // Both end together with the task.
    tokio::join!(look(&place), ask(&place));
}

async fn look(place: &Place) {
    loop {
        if let Err(error) = look_on(place).await {
            place.watch.findings.add("the torturer itself failed", format!("{error:#}"));
        }
        pause_ms(EVERY_MS).await;
    }
}

async fn look_on(place: &Place) -> Result<()> {
    let connection = Connection::open(&place.url).await?;
    loop {
        note(&connection, &place.watch.findings).await?;
        place.watch.tally.count(LOOKS);
        pause_ms(EVERY_MS).await;
    }
}

async fn note(connection: &Connection, findings: &Findings) -> Result<()> {
    for difference in connection.texts(SHELVES, &[&super::goods::PIECES]).await? {
        let (rule, what) = difference.split_once(": ").unwrap_or(("never oversold", &difference));
        findings.add(rule, what);
    }
    Ok(())
}

/// One that is killed meanwhile answers when it is back.
async fn ask(place: &Place) {
    loop {
        for office in &place.offices {
            office.ask_for_the_invariants().await;
            pause_ms(ASKED_EVERY_MS).await;
        }
    }
}

/// When everything is at rest: looks once more, and counts what was held more than once.
pub(super) async fn count_what_came_back(scene: &Scene) -> Result<()> {
    let connection = Connection::open(&scene.stage.url).await?;
    note(&connection, &scene.watch.findings).await?;
    for again in connection.texts(AGAIN, &[]).await? {
        scene.watch.tally.add(CAME_BACK, again.parse()?);
    }
    Ok(())
}
