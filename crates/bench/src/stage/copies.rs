//! Many orders out of a few: all rows of an order, again, under another id and another number.
//!
//! The rows are copied as text in which id and number are replaced, so that nothing here knows their
//! columns. May not touch rows that are no copies, except that stock is brought in for what the
//! copies hold.

use crate::client::Connection;
use crate::database::Database;
use crate::load::expect_status;
use crate::notices::{self, Paid};
use crate::rig::Rig;
use crate::stopwatch::Stopwatch;
use crate::verify::will_be_paid;
use anyhow::{Context as _, Result, ensure};
use std::ops::Range;

/// Copies begin with this number; below are the templates.
const FIRST: i32 = 1_000;

/// Orders that wait for their money, by number from [`Copies::all`].
pub(crate) struct Copies {
    count: i32,
    /// How many of the last ones have a prepared changeset.
    changes: i32,
    /// How many were taken from either end.
    taken_for_notices: i32,
    taken_for_changes: i32,
}

impl Copies {
    /// Makes them, and settles the templates to see the changesets that do it.
    pub(crate) async fn make(
        rig: Rig,
        templates: &[String],
        count: u32,
        changes: u32,
    ) -> Result<(Rig, Copies)> {
        let (count, changes) = (i32::try_from(count)?, i32::try_from(changes)?);
        let copies = Copies { count, changes, taken_for_notices: 0, taken_for_changes: 0 };
        let watch = Stopwatch::start();
        name_orders(&rig.database, templates, count).await?;
        rig.database.run(include_str!("copy_orders.sql")).await.context("copying orders")?;
        eprintln!("   {count} orders copied in {} s", watch.elapsed().as_secs());
        let rig = settle_templates(rig, templates.len()).await?;
        let from = FIRST.saturating_add(count).saturating_sub(changes);
        let write = include_str!("write_changes.sql");
        let written = rig.database.change(write, &[&from]).await?;
        ensure!(i64::try_from(written)? == i64::from(changes), "{written} of {changes} changesets");
        rig.database.run("VACUUM ANALYZE").await?;
        Ok((rig, copies))
    }

    /// The numbers of all copies.
    pub(crate) fn all(&self) -> Range<i32> {
        FIRST..FIRST.saturating_add(self.count)
    }

    /// How many orders can still be settled by notifications.
    pub(crate) fn notices_left(&self) -> u64 {
        let left = self.count.saturating_sub(self.changes).saturating_sub(self.taken_for_notices);
        u64::try_from(left).unwrap_or(0)
    }

    /// How many orders can still be settled by prepared changesets.
    pub(crate) fn changes_left(&self) -> u64 {
        u64::try_from(self.changes.saturating_sub(self.taken_for_changes)).unwrap_or(0)
    }

    /// The next `wanted` orders to be settled by notifications: fewer when they run out.
    pub(crate) fn take_for_notices(&mut self, wanted: u64) -> Range<i32> {
        let wanted = i32::try_from(wanted.min(self.notices_left())).unwrap_or(0);
        let from = FIRST.saturating_add(self.taken_for_notices);
        self.taken_for_notices = self.taken_for_notices.saturating_add(wanted);
        from..from.saturating_add(wanted)
    }

    /// The next `wanted` orders to be settled by prepared changesets: fewer when they run out.
    pub(crate) fn take_for_changes(&mut self, wanted: u64) -> Range<i32> {
        let wanted = i32::try_from(wanted.min(self.changes_left())).unwrap_or(0);
        let first = FIRST.saturating_add(self.count).saturating_sub(self.changes);
        let from = first.saturating_add(self.taken_for_changes);
        self.taken_for_changes = self.taken_for_changes.saturating_add(wanted);
        from..from.saturating_add(wanted)
    }
}

/// Gives every order its number `k`, from which all its other names follow.
async fn name_orders(database: &Database, templates: &[String], count: i32) -> Result<()> {
    database.run(include_str!("names.sql")).await?;
    for (k, number) in (0_i32..).zip(templates) {
        let row = "INSERT INTO bench_orders SELECT $1, $1, id, order_number FROM orders \
            WHERE order_number = $2";
        let found = database.change(row, &[&k, number]).await?;
        ensure!(found == 1, "no order {number}");
    }
    let of = i32::try_from(templates.len())?;
    // A number is 29 characters of which the last 12 are free, an id 36 of which 12 are.
    let rows = "INSERT INTO bench_orders \
        SELECT n, t.k, (left(t.order_id::text, 24) || lpad(n::text, 12, '0'))::uuid, \
               left(t.number, 17) || lpad(n::text, 12, '0') \
        FROM generate_series($1::int, $2::int) AS s (n) JOIN bench_orders t ON t.k = n % $3";
    let last = FIRST.saturating_add(count).saturating_sub(1);
    let made = database.change(rows, &[&FIRST, &last, &of]).await?;
    ensure!(i64::try_from(made)? == i64::from(count), "{made} of {count} orders were named");
    Ok(())
}

/// Settles the templates by real notifications while every changeset that the service commits is
/// written down. The service is started again before and after, because a connection remembers the
/// function that it called.
async fn settle_templates(rig: Rig, templates: usize) -> Result<Rig> {
    rig.database.run(include_str!("capture_on.sql")).await.context("writing changesets down")?;
    let rig = rig.restart_service().await?;
    let orders = 0..i32::try_from(templates)?;
    will_be_paid(&rig.database, &orders).await?;
    let paid = Paid::load(&rig.database, orders).await?;
    let mut connection = Connection::open(rig.service.addr).await?;
    for request in &notices::sign(&rig.keys, paid).await? {
        expect_status(&connection.call(request).await?, 204)?;
    }
    rig.database.run(include_str!("capture_off.sql")).await?;
    let captured = "SELECT count(*) FROM bench_captured";
    let captured: i64 = rig.database.row(captured, &[]).await?.try_get(0)?;
    ensure!(
        captured == i64::try_from(templates)?,
        "{templates} orders were settled, but paydesk_commit was called {captured} times: \
         the service writes by another way now, and this benchmark must learn it"
    );
    drop(connection);
    rig.restart_service().await
}
