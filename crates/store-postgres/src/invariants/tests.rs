//! Each rule finds what contradicts it, and none finds anything in a world where all went well.

mod planted;
mod world;

use super::{Found, Rule, rules};
use domain::Pace;
use domain::ports::Invariants as _;
use planted::PLANTED;
use std::collections::BTreeSet;
use testkit::conformance::after_all;
use tokio_postgres::Client;
use world::World;

/// Without constraints and unique indexes: a second guard would be in the way of what is planted.
const STRIP: &str = "DO $$ DECLARE r record; BEGIN \
    FOR r IN SELECT conrelid::regclass AS tab, conname FROM pg_constraint \
             WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 AND contype <> 't' \
             ORDER BY contype <> 'f' LOOP \
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I CASCADE', r.tab, r.conname); \
    END LOOP; \
    FOR r IN SELECT indexrelid::regclass AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid \
             WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace LOOP \
        EXECUTE format('DROP INDEX IF EXISTS %s', r.name); \
    END LOOP; END $$";

async fn ask(client: &Client, rule: &Rule) -> Found {
    let row =
        client.query_one(rule.sql, &[]).await.unwrap_or_else(|why| panic!("{}: {why}", rule.id));
    Found { violations: row.get(0), sample: row.get(1) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_world_where_all_went_well_contradicts_nothing() {
    let world = World::make().await;
    let reports = world.store.check(Pace::DESIGNED).await.unwrap();
    let wrong: Vec<_> = reports.iter().filter(|report| !report.holds()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let asked: Vec<&str> = reports.iter().map(|report| report.id).collect();
    assert_eq!(asked, rules().map(|rule| rule.id).collect::<Vec<_>>(), "all of them, in order");
    assert_eq!(asked.iter().collect::<BTreeSet<_>>().len(), asked.len(), "each once");
}

/// What WeChat Pay says comes first, and of what it says too much a person is told: no difference of the books.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_there_after_all_contradicts_nothing() {
    for turn in 0..4 {
        let world = World::empty().await;
        match turn {
            0 => {
                after_all::a_surplus_refund_that_is_there_beside_the_one_in_its_place_is_kept(
                    &world.stores,
                )
                .await
            }
            1 => {
                after_all::more_of_a_surplus_may_be_owed_than_a_person_had_said(&world.stores).await
            }
            2 => {
                after_all::money_that_went_back_is_kept_though_another_refund_has_its_goods(
                    &world.stores,
                )
                .await
            }
            _ => {
                after_all::what_goes_in_the_place_of_a_refund_that_is_closed_late_has_room(
                    &world.stores,
                )
                .await
            }
        }
        let reports = world.store.check(Pace::DESIGNED).await.unwrap();
        let wrong: Vec<_> = reports.iter().filter(|report| !report.holds()).collect();
        assert!(wrong.is_empty(), "{turn}: {wrong:#?}");
    }
}

/// Triggers, keys and constraints would refuse most of this; whoever repairs a database by hand, or
/// restores half of it, can do it all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_planted_is_found_by_its_rule() {
    let world = World::make().await;
    let client = world.database.client().await;
    client.batch_execute(STRIP).await.unwrap();
    client.batch_execute("SET session_replication_role = replica").await.unwrap();
    client.batch_execute("SET paydesk.horizon_ms = 600000").await.unwrap();
    for (id, planted) in PLANTED {
        let rule = rules().find(|rule| rule.id == *id).unwrap_or_else(|| panic!("no rule {id}"));
        let before = ask(&client, rule).await;
        assert_eq!((before.violations, before.sample.len()), (0, 0), "{id} before {planted}");
        client.batch_execute("BEGIN").await.unwrap();
        let changed = client.execute(*planted, &[]).await;
        let changed = changed.unwrap_or_else(|why| panic!("{id}: {planted}: {why}"));
        assert!(changed > 0, "{id}: nothing to plant it on: {planted}");
        let found = ask(&client, rule).await;
        assert!(found.violations > 0, "{id} does not find {planted}");
        let shown = usize::try_from(found.violations.min(10)).unwrap();
        assert_eq!(found.sample.len(), shown, "{id}");
        assert!(found.sample.iter().all(|name| !name.is_empty()), "{id}: {:?}", found.sample);
        client.batch_execute("ROLLBACK").await.unwrap();
    }
    let planted: BTreeSet<&str> = PLANTED.iter().map(|(id, _)| *id).collect();
    let all: BTreeSet<&str> = rules().map(|rule| rule.id).collect();
    assert_eq!(planted, all, "a rule that was never seen to find anything is no rule");
}

/// Where a designed second takes less, what was sent is waited for less long.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_long_a_refund_may_be_on_its_way_keeps_the_pace() {
    let world = World::make().await;
    let client = world.database.client().await;
    client.batch_execute(STRIP).await.unwrap();
    client.batch_execute("SET session_replication_role = replica").await.unwrap();
    let again = "INSERT INTO refunds SELECT (jsonb_populate_record(r, jsonb_build_object( \
        'out_refund_no', out_refund_no || '-again', 'sent_at', sent_at + interval '90 seconds'))).* \
        FROM refunds r WHERE status = 'sending'";
    assert!(client.execute(again, &[]).await.unwrap() > 0);
    for (pace, holds) in [(Pace::DESIGNED, false), (Pace::of_thousandths(100), true)] {
        let reports = world.store.check(pace).await.unwrap();
        let rule = reports.iter().find(|report| report.id == "I15b").unwrap();
        assert_eq!(rule.holds(), holds, "{pace:?}: {rule:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_found_is_reported_by_its_number() {
    let world = World::make().await;
    let client = world.database.client().await;
    let lose = "DELETE FROM jobs WHERE kind = 'follow_refund' RETURNING subject";
    let lost = client.query(lose, &[]).await.unwrap();
    let mut lost: Vec<String> = lost.iter().map(|row| row.get(0)).collect();
    lost.sort();
    assert!(lost.len() > 2);
    let reports = world.store.check(Pace::DESIGNED).await.unwrap();
    let wrong: Vec<_> = reports.iter().filter(|report| !report.holds()).collect();
    let [found] = wrong.as_slice() else { panic!("{wrong:#?}") };
    let shown = usize::try_from(found.violations.min(10)).unwrap();
    assert_eq!((found.id, found.sample.len()), ("I36b", shown));
    assert!(shown > 2, "{found:?}");
    assert!(found.sample.iter().all(|number| lost.contains(number)), "{found:?}");
}

/// While somebody writes: a checker that reads everything is in nobody's way, and sees one moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_moment_is_seen_whatever_is_written_meanwhile() {
    let world = World::make().await;
    let checks = async {
        for _ in 0..3 {
            let reports = world.store.check(Pace::DESIGNED).await.unwrap();
            let wrong: Vec<_> = reports.into_iter().filter(|report| !report.holds()).collect();
            assert!(wrong.is_empty(), "{wrong:#?}");
        }
    };
    let writes = async {
        for n in 100..115 {
            testkit::conformance::refunds::paid_order(&world.stores, n).await;
        }
    };
    tokio::join!(checks, writes);
}

/// The document says the same of each rule as the rule itself.
#[test]
fn every_rule_is_in_the_document() {
    let document = include_str!("../../../../docs/invariants.md");
    for rule in rules() {
        let row = format!("| {} | {} |", rule.id, rule.says);
        assert!(document.contains(&row), "docs/invariants.md lacks:\n{row}");
    }
}
