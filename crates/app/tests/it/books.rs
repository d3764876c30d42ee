//! The books are compared in a real database in which something is wrong: past triggers, by plain SQL, as
//! whoever repairs a database by hand or restores half of it could do it.

mod planted;

use crate::world::World;
use app::cli::ServeRole;
use domain::Pace;
use domain::ports::{Invariants as _, Part};
use planted::{PLANTED, Planted};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use store_postgres::{ConnectSettings, PostgresStore};
use testkit::busy_shop;
use testkit::conformance::Stores;

/// `test.nth(n)` is the id of the order that was placed as number `n`; `test.save` keeps every table as it
/// is, and `test.restore` has it so again.
const HELP: &str = include_str!("books/help.sql");

/// A service that takes requests and performs no job, and a shop in which much has happened.
struct Shop {
    world: World,
    store: Arc<PostgresStore>,
}

impl Shop {
    async fn open() -> Shop {
        let world = World::serving(ServeRole::Api).await;
        let connect = ConnectSettings {
            wait_timeout_ms: 30_000,
            statement_timeout_ms: 20_000,
            ..ConnectSettings::new(world.database.url())
        };
        let store = Arc::new(PostgresStore::connect(connect).await.unwrap());
        busy_shop::fill(&Stores::of(&store)).await;
        let shop = Shop { world, store };
        shop.run(HELP).await;
        // The service sees which life of the database it is in, and finds no work that nobody promised.
        assert_eq!(shop.sweep().await, 0);
        shop.run("SELECT test.save()").await;
        shop
    }

    async fn run(&self, sql: &str) {
        let done = self.world.database.client().await.batch_execute(sql).await;
        done.unwrap_or_else(|why| panic!("{sql}: {why:?}"));
    }

    /// Past triggers and foreign keys; each statement has to change something.
    async fn plant(&self, statements: &[&str]) {
        let client = self.world.database.client().await;
        client.batch_execute("SET session_replication_role = replica").await.unwrap();
        for sql in statements {
            let changed = client.execute(*sql, &[]).await;
            let changed = changed.unwrap_or_else(|why| panic!("{sql}: {why:?}"));
            assert!(changed > 0, "nothing to plant it on: {sql}");
        }
    }

    /// Compares the books now, however short ago somebody did; what is broken, and what is unchecked.
    async fn look(&self) -> (Vec<&'static str>, Vec<Part>) {
        // A stretch of a millisecond: somebody may have looked in this one, and in the next nobody has.
        for _ in 0..100 {
            if let Some(found) = self.world.service.desk().check_books(1).await.unwrap() {
                return (found.broken, found.unchecked);
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        panic!("nobody may look");
    }

    async fn sweep(&self) -> usize {
        self.world.service.desk().sweep().await.unwrap()
    }

    /// Every case that the shop did not have at first, with `#n` for what is about order `n`.
    async fn cases(&self) -> Vec<String> {
        self.world.database.query_text("SELECT * FROM test.new_cases()").await
    }

    /// Everything but cases and the names of commands, as text.
    async fn all_else(&self) -> Vec<String> {
        self.world.database.query_text("SELECT * FROM test.digests()").await
    }

    /// What is wrong by the rules themselves.
    async fn broken(&self) -> BTreeSet<&'static str> {
        let reports = self.store.check(Pace::DESIGNED).await.unwrap();
        reports.iter().filter(|report| !report.holds()).map(|report| report.id).collect()
    }
}

/// What is said of one difference: the rules, and the cases by their names.
fn said(broken: &[&str], cases: &[String]) -> String {
    format!("{} | {}", broken.join(" "), cases.join(", "))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_difference_in_the_books_is_found_once_by_its_names_and_nothing_is_repaired() {
    let shop = Shop::open().await;
    assert_eq!(shop.look().await, (vec![], vec![]), "a shop in which all went well");
    let mut wrong = Vec::new();
    for Planted { what, sql, found, healed } in PLANTED {
        shop.plant(sql).await;
        let before = shop.all_else().await;
        let (broken, unchecked) = shop.look().await;
        assert_eq!(unchecked, [], "{what}");
        let cases = shop.cases().await;
        assert_eq!(shop.all_else().await, before, "{what}: nothing but cases is written");
        assert_eq!(shop.look().await.0, broken, "{what}: it is still so");
        assert_eq!(shop.cases().await, cases, "{what}: the second look adds nothing");
        let said = said(&broken, &cases);
        if said != *found {
            wrong.push(format!("{what}\n  said {said}\n  not  {found}"));
        }
        // What the sweep heals it heals once; nothing else is touched by it.
        let swept = shop.sweep().await;
        assert_eq!(swept, *healed, "{what}: work that nobody promised");
        assert_eq!(shop.sweep().await, 0, "{what}: the second sweep finds nothing");
        let left = shop.broken().await;
        if *healed > 0 {
            assert_eq!(left, BTreeSet::new(), "{what}: healed");
            assert_eq!(shop.look().await, (vec![], vec![]), "{what}: and the books agree");
        } else {
            assert_eq!(shop.all_else().await, before, "{what}: left to a person");
            assert_eq!(left, broken.into_iter().collect(), "{what}: all that is wrong is told");
        }
        shop.run("SELECT test.restore()").await;
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    shop.world.stop().await;
}

/// A part, what is renamed so that it alone cannot be read, and how it is named again.
const UNREADABLE: [(Part, &str, &str); 4] = [
    (
        Part::Payments,
        "ALTER TABLE orders RENAME rush_fen TO lost",
        "ALTER TABLE orders RENAME lost TO rush_fen",
    ),
    (
        Part::Goods,
        "ALTER TABLE coupon_uses RENAME TO lost",
        "ALTER TABLE lost RENAME TO coupon_uses",
    ),
    (Part::Settlements, "ALTER TABLE entries RENAME TO lost", "ALTER TABLE lost RENAME TO entries"),
    (
        Part::Work,
        "ALTER TABLE orders RENAME pay_deadline TO lost",
        "ALTER TABLE orders RENAME lost TO pay_deadline",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_of_the_books_that_cannot_be_read_stops_no_other() {
    let shop = Shop::open().await;
    let one_in_each_part = [
        (
            Part::Payments,
            "I9a",
            "UPDATE payments SET status = 'unknown' WHERE order_id = test.nth(51)",
        ),
        (
            Part::Goods,
            "I21b",
            "UPDATE skus SET stocked = stocked + 1, available = available + 1 \
          WHERE id = 'sku-10'",
        ),
        (
            Part::Settlements,
            "I25a",
            "DELETE FROM effects WHERE effect_key = 'settled:' || test.nth(10)",
        ),
        (
            Part::Work,
            "I36a",
            "DELETE FROM jobs WHERE kind = 'follow_payment' AND subject = \
          (SELECT out_trade_no FROM payments WHERE order_id = test.nth(50))",
        ),
    ];
    shop.plant(&one_in_each_part.map(|(_, _, sql)| sql)).await;
    // Of the payment that lives again, too.
    shop.run(
        "INSERT INTO jobs (kind, subject, due_at) SELECT 'follow_payment', out_trade_no, now() \
              FROM payments WHERE order_id = test.nth(51)",
    )
    .await;
    for (failing, lose, back) in UNREADABLE {
        shop.run(lose).await;
        let (broken, unchecked) = shop.look().await;
        assert_eq!(unchecked, [failing]);
        let others = one_in_each_part.iter().filter(|(part, _, _)| *part != failing);
        assert_eq!(broken, others.map(|(_, rule, _)| *rule).collect::<Vec<_>>(), "{failing:?}");
        shop.run(back).await;
    }
    let (broken, unchecked) = shop.look().await;
    assert_eq!((broken.len(), unchecked), (4, vec![]), "all of it can be read again");
    shop.world.stop().await;
}
