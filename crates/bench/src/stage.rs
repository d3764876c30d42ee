//! Prepares what is measured: goods, buyers, and orders that wait for their money.
//!
//! A few orders are made through the public API; thousands more are copies of their rows under
//! other numbers (`stage/copies.rs`), because making each through the API would take longer than the
//! measurement. May not be timed.

pub(crate) mod copies;
pub(crate) mod crowd;
pub(crate) mod shop;

use crate::database::Database;
use crate::rig::Rig;
use anyhow::{Result, ensure};
use copies::Copies;
use shop::{Buyer, Shop};

/// How many orders the copies are made of: each has a buyer and an SKU of its own, so that no row
/// is wanted by everybody. (One much wanted SKU is `stage/crowd.rs`.)
pub(crate) const TEMPLATES: usize = 64;

/// What is ready to be measured.
pub(crate) struct Stage {
    pub(crate) shop: Shop,
    /// The buyers of the templates, and so of the copies, in the order of the templates.
    pub(crate) buyers: Vec<Buyer>,
    pub(crate) copies: Copies,
}

impl Stage {
    /// `orders` copies that wait for their money, the last `changes` of them with the changeset
    /// that settles them.
    pub(crate) async fn prepare(rig: Rig, orders: u32, changes: u32) -> Result<(Rig, Stage)> {
        let mut shop = Shop::open(&rig, TEMPLATES).await?;
        let (mut buyers, mut numbers) = (Vec::new(), Vec::new());
        for sku in 0..TEMPLATES {
            let mut buyer = shop.buyer().await?;
            shop.want(&mut buyer, sku).await?;
            let number = shop.check_out_all(&buyer).await?;
            buyers.push(buyer);
            numbers.push(number);
        }
        rest_jobs(&rig.database).await?;
        let (rig, copies) = Copies::make(rig, &numbers, orders, changes).await?;
        Ok((rig, Stage { shop, buyers, copies }))
    }
}

/// Lets no job become due while something else is measured.
pub(crate) async fn rest_jobs(database: &Database) -> Result<()> {
    // Whoever has one in hand ends it; what it promises anew is caught by the second turn.
    for _ in 0..2 {
        let rest = "UPDATE jobs SET due_at = now() + interval '1 hour' \
            WHERE due_at < now() + interval '40 minutes'";
        database.run(rest).await?;
        crate::stopwatch::pause(std::time::Duration::from_millis(300)).await;
    }
    let due = "SELECT count(*) FROM jobs WHERE due_at < now() + interval '10 minutes'";
    let due: i64 = database.row(due, &[]).await?.try_get(0)?;
    ensure!(due == 0, "{due} jobs do not rest");
    // Their old versions lie where workers look for what is due.
    database.run("VACUUM jobs").await
}
