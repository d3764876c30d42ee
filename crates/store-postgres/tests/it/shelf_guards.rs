//! What `paydesk_place_together` has to refuse, one thing at a time: the group is undone, each of it is
//! answered as if it had come alone, and what can be written is written once.

use crate::support::{self, Guard};
use domain::UserId;
use domain::buyer::{ItemId, NewItem};
use domain::changeset::{Changeset, Refusal};
use domain::order::{OPEN_ORDERS_MAX, Placement};
use domain::ports::{AddItemAnswer, CommitAnswer, Invariants as _, OrderStore as _};
use domain::{Epoch, Pace};
use futures_util::future::join_all;
use std::pin::Pin;
use std::sync::Arc;
use store_postgres::{ConnectSettings, Isolation, PostgresStore};
use testkit::conformance::{Stores, placing};
use testkit::sample;

/// What there is of the tea, beside a piece for each of the two who are ahead.
const PIECES: u32 = 10;
/// As many groups are under way for one thing at a time.
const AHEAD: [u64; 2] = [8, 9];

/// What is done before, and the three orders that come at once then.
type Arrange = for<'a> fn(&'a Shop) -> Pin<Box<dyn Future<Output = [Changeset; 3]> + 'a>>;

/// What is wrong, how it comes about, and what each of the three is answered.
type Row = (&'static str, Arrange, [fn() -> CommitAnswer; 3]);

const ROWS: [Row; 17] = [
    ("nothing", |shop| Box::pin(nothing(shop)), [done, done, done]),
    ("a name that is taken", |shop| Box::pin(name_taken(shop)), [done, before, done]),
    ("one name for two", |shop| Box::pin(name_twice(shop)), [done, before, done]),
    ("another life of the database", |shop| Box::pin(timeline(shop)), [done, conflict, done]),
    ("a key that is taken", |shop| Box::pin(key_taken(shop)), [done, before, done]),
    ("one key for two", |shop| Box::pin(key_twice(shop)), [done, before, done]),
    ("a number that is taken", |shop| Box::pin(number_taken(shop)), [done, number, done]),
    ("too many open orders", |shop| Box::pin(too_many(shop)), [done, open_orders, done]),
    (
        "too many with each other",
        |shop| Box::pin(too_many_at_once(shop)),
        [done, open_orders, done],
    ),
    ("a line of another quantity", |shop| Box::pin(line_changed(shop)), [done, list, done]),
    ("a line that is captured", |shop| Box::pin(line_captured(shop)), [done, list, done]),
    ("one line for two", |shop| Box::pin(line_twice(shop)), [done, list, done]),
    ("a price of before", |shop| Box::pin(price_of_before(shop)), [done, price, done]),
    ("a price that never was", |shop| Box::pin(price_that_never_was(shop)), [done, price, done]),
    ("stock for each and not for all", |shop| Box::pin(short_for_all(shop)), [done, done, stock]),
    ("stock for two of three", |shop| Box::pin(short_for_one(shop)), [done, stock, done]),
    ("nothing left", |shop| Box::pin(sold_out(shop)), [stock, stock, stock]),
];

fn done() -> CommitAnswer {
    CommitAnswer::Committed
}
fn before() -> CommitAnswer {
    CommitAnswer::AlreadyCommitted
}
fn conflict() -> CommitAnswer {
    CommitAnswer::Conflict
}
fn number() -> CommitAnswer {
    CommitAnswer::GuardRefused(Refusal::NumberTaken)
}
fn open_orders() -> CommitAnswer {
    CommitAnswer::GuardRefused(Refusal::TooManyOpenOrders)
}
fn list() -> CommitAnswer {
    CommitAnswer::GuardRefused(Refusal::ListTaken)
}
fn price() -> CommitAnswer {
    CommitAnswer::GuardRefused(Refusal::PriceMoved(sample::sku_id("tea")))
}
fn stock() -> CommitAnswer {
    CommitAnswer::GuardRefused(Refusal::Stock(sample::sku_id("tea")))
}

async fn nothing(shop: &Shop) -> [Changeset; 3] {
    shop.three([1, 2, 3]).await
}

async fn name_taken(shop: &Shop) -> [Changeset; 3] {
    shop.has(Changeset::without_order(sample::intent("two"), sample::start())).await;
    shop.three([1, 2, 3]).await
}

async fn name_twice(shop: &Shop) -> [Changeset; 3] {
    let [one, _, three] = shop.three([1, 2, 3]).await;
    [one, named(&shop.wish(2, 2, 2).await, "one"), three]
}

async fn timeline(shop: &Shop) -> [Changeset; 3] {
    let [one, two, three] = shop.three([1, 2, 3]).await;
    [one, two.decided_in(&Epoch::new("00000009.0")), three]
}

async fn key_taken(shop: &Shop) -> [Changeset; 3] {
    shop.has(keyed(Changeset::without_order(sample::intent("before"), sample::start()))).await;
    let [one, two, three] = shop.three([1, 2, 3]).await;
    [one, keyed(two), three]
}

async fn key_twice(shop: &Shop) -> [Changeset; 3] {
    let [one, two, three] = shop.three([1, 2, 3]).await;
    [keyed(one), keyed(two), three]
}

async fn number_taken(shop: &Shop) -> [Changeset; 3] {
    let earlier = shop.wish(7, 4, 1).await;
    shop.has(named(&earlier, "before")).await;
    let [one, _, three] = shop.three([1, 2, 3]).await;
    let two = Placement { number: earlier.number, ..shop.wish(2, 2, 2).await };
    [one, named(&two, "two"), three]
}

/// So many open orders of another thing.
async fn opened(shop: &Shop, buyer: u64, orders: u32) {
    let salt = shop.stores.sku("salt", 30, 99).await;
    for n in 0..u64::from(orders) {
        let placement = sample::placement(70 + n, shop.stores.buyer(buyer).await, &[(&salt, 1)]);
        shop.has(named(&placement, &format!("open-{n}"))).await;
    }
}

async fn too_many(shop: &Shop) -> [Changeset; 3] {
    opened(shop, 2, OPEN_ORDERS_MAX).await;
    shop.three([1, 2, 3]).await
}

async fn too_many_at_once(shop: &Shop) -> [Changeset; 3] {
    opened(shop, 2, OPEN_ORDERS_MAX - 1).await;
    let [_, _, three] = shop.three([1, 2, 3]).await;
    let first = named(&shop.wish(1, 2, 1).await, "one");
    [first, named(&shop.wish(2, 2, 2).await, "two"), three]
}

/// An order of two pieces for the second, who wants `line` of it from the list.
async fn from_the_list(shop: &Shop, line: ItemId) -> Placement {
    let mut placement = shop.wish(2, 2, 2).await;
    placement.checkout.captured_items = vec![line];
    placement
}

async fn line_changed(shop: &Shop) -> [Changeset; 3] {
    let line = shop.listed(2, 3).await;
    let [one, _, three] = shop.three([1, 2, 3]).await;
    [one, named(&from_the_list(shop, line).await, "two"), three]
}

async fn line_captured(shop: &Shop) -> [Changeset; 3] {
    let line = shop.listed(2, 2).await;
    let mut earlier = shop.wish(7, 2, 2).await;
    earlier.checkout.captured_items = vec![line];
    shop.has(named(&earlier, "before")).await;
    let [one, _, three] = shop.three([1, 2, 3]).await;
    [one, named(&from_the_list(shop, line).await, "two"), three]
}

async fn line_twice(shop: &Shop) -> [Changeset; 3] {
    let line = shop.listed(2, 2).await;
    let mut first = shop.wish(1, 2, 2).await;
    first.checkout.captured_items = vec![line];
    let [_, _, three] = shop.three([1, 2, 3]).await;
    [named(&first, "one"), named(&from_the_list(shop, line).await, "two"), three]
}

async fn price_of_before(shop: &Shop) -> [Changeset; 3] {
    let two = named(&shop.wish(2, 2, 2).await, "two");
    let priced = shop.tea().await;
    let (dearer, audit) = (sample::draft("tea", 200), sample::audit("dearer"));
    let version = Some(priced.price_version);
    shop.stores.catalogue.put_sku(&dearer, version, &audit, sample::start()).await.unwrap();
    let [one, _, three] = shop.three([1, 2, 3]).await;
    [one, two, three]
}

async fn price_that_never_was(shop: &Shop) -> [Changeset; 3] {
    let tea = shop.tea().await;
    let later = domain::catalogue::Sku { price_version: tea.price_version + 1, ..tea };
    let two = sample::placement(2, shop.stores.buyer(2).await, &[(&later, 2)]);
    let [one, _, three] = shop.three([1, 2, 3]).await;
    [one, named(&two, "two"), three]
}

async fn short_for_all(shop: &Shop) -> [Changeset; 3] {
    shop.three([4, 4, 4]).await
}

async fn short_for_one(shop: &Shop) -> [Changeset; 3] {
    shop.three([4, PIECES + 1, 4]).await
}

async fn sold_out(shop: &Shop) -> [Changeset; 3] {
    shop.has(named(&shop.wish(7, 4, PIECES + 2).await, "before")).await;
    shop.three([1, 2, 3]).await
}

fn named(placement: &Placement, name: &str) -> Changeset {
    placing(placement, sample::intent(name))
}

fn keyed(changeset: Changeset) -> Changeset {
    Changeset { replay: Some(sample::replay("key", None)), ..changeset }
}

struct Shop {
    stores: Stores,
    guard: Guard,
}

impl Shop {
    async fn open() -> Shop {
        let (stores, guard) = support::make(Isolation::ReadCommitted).await;
        stores.sku("tea", 100, i64::from(PIECES + 2)).await;
        Shop { stores, guard }
    }

    async fn tea(&self) -> domain::catalogue::Sku {
        self.stores.catalogue.sku(&sample::sku_id("tea")).await.unwrap().unwrap()
    }

    /// Order `n`, of so many pieces at the price of now.
    async fn wish(&self, n: u64, buyer: u64, pieces: u32) -> Placement {
        let buyer: UserId = self.stores.buyer(buyer).await;
        sample::placement(n, buyer, &[(&self.tea().await, pieces)])
    }

    /// An order by each of the three buyers.
    async fn three(&self, pieces: [u32; 3]) -> [Changeset; 3] {
        [
            named(&self.wish(1, 1, pieces[0]).await, "one"),
            named(&self.wish(2, 2, pieces[1]).await, "two"),
            named(&self.wish(3, 3, pieces[2]).await, "three"),
        ]
    }

    /// What was written before.
    async fn has(&self, changeset: Changeset) {
        assert_eq!(self.guard.store.commit(changeset).await, CommitAnswer::Committed);
    }

    /// A line of so many pieces on the list of a buyer.
    async fn listed(&self, buyer: u64, pieces: u32) -> ItemId {
        let buyer = self.stores.buyer(buyer).await;
        let item = NewItem { sku_id: sample::sku_id("tea"), quantity: pieces };
        let added = self.stores.book.add_item(buyer, item, 9).await.unwrap();
        let AddItemAnswer::Added(line) = added else { panic!("{added:?}") };
        line.id
    }

    /// One after the other, by a store that writes nobody together.
    async fn alone(&self, changesets: [Changeset; 3]) -> Vec<CommitAnswer> {
        let url = self.guard.database.url();
        let settings = ConnectSettings { merge_max: 1, ..ConnectSettings::new(url) };
        let store = PostgresStore::connect(settings).await.unwrap();
        for n in AHEAD {
            store.commit(named(&self.wish(n, n, 1).await, &format!("ahead-{n}"))).await;
        }
        let mut answers = Vec::new();
        for changeset in changesets {
            answers.push(store.commit(changeset).await);
        }
        answers
    }

    /// As one group: they come while two that are ahead of them wait for their buyers' rows.
    async fn together(&self, changesets: [Changeset; 3]) -> Vec<CommitAnswer> {
        let mut all = Vec::new();
        for n in AHEAD {
            all.push(named(&self.wish(n, n, 1).await, &format!("ahead-{n}")));
        }
        all.extend(changesets);
        let client = self.guard.database.client().await;
        let theirs = "BEGIN; SELECT 1 FROM buyers b JOIN openids o ON o.buyer_id = b.id \
                      WHERE o.openid IN ('o-8', 'o-9') FOR UPDATE OF b";
        client.batch_execute(theirs).await.unwrap();
        // Within a transaction one sees who was active when one first looked.
        let looker = self.guard.database.client().await;
        let letting_go = async {
            let waits = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%paydesk_commit%' \
                         AND wait_event_type = 'Lock' AND datname = current_database()";
            for tried in 0.. {
                if looker.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) == 2 {
                    break;
                }
                assert!(tried < 6_000, "nobody is ahead");
                looker.batch_execute("SELECT pg_sleep(0.005)").await.unwrap();
            }
            client.batch_execute("ROLLBACK").await.unwrap();
        };
        let store = &self.guard.store;
        let commits = join_all(all.into_iter().map(|changeset| store.commit(changeset)));
        let (mut answers, ()) = tokio::join!(commits, letting_go);
        answers.split_off(AHEAD.len())
    }

    /// How many transactions wrote the three orders.
    async fn transactions(&self) -> usize {
        let sql = "SELECT DISTINCT o.xmin::text FROM orders o JOIN audit a ON a.order_id = o.id \
                   WHERE a.cause IN ('one', 'two', 'three')";
        self.guard.database.query_text(sql).await.len()
    }

    /// What there is: of each table how much, and whatever an order touches by its names.
    async fn contents(&self) -> Vec<String> {
        let counts = "SELECT tablename || ' ' || (xpath('/row/n/text()', query_to_xml( \
            format('SELECT count(*) AS n FROM public.%I', tablename), false, true, '')))[1]::text \
            FROM pg_tables WHERE schemaname = 'public' ORDER BY 1";
        let names = "SELECT * FROM (SELECT 'effect ' || effect_key FROM effects \
            UNION ALL SELECT 'order ' || order_number || ' ' || total_fen FROM orders \
            UNION ALL SELECT 'sku ' || id || ' ' || available || ' ' || held FROM skus \
            UNION ALL SELECT 'line ' || id || ' of ' || coalesce(captured_by::text, 'nobody') \
                FROM purchase_list_items \
            UNION ALL SELECT 'told ' || event_id FROM outbox \
            UNION ALL SELECT 'job ' || kind || ' ' || subject || ' ' || due_at FROM jobs) x ORDER BY 1";
        let database = &self.guard.database;
        [database.query_text(counts).await, database.query_text(names).await].concat()
    }
}

/// Said of a row when it is not so: two shops, in one of which they come one after the other.
async fn wrong((what, arrange, answers): &Row) -> Option<String> {
    let (one_by_one, at_once) = (Shop::open().await, Shop::open().await);
    let alone = one_by_one.alone(arrange(&one_by_one).await).await;
    let together = at_once.together(arrange(&at_once).await).await;
    let wanted: Vec<CommitAnswer> = answers.iter().map(|answer| answer()).collect();
    if alone != wanted || together != wanted {
        return Some(format!("{what}: alone {alone:?}\n  together {together:?}"));
    }
    let (expected, written) = (one_by_one.contents().await, at_once.contents().await);
    if written != expected {
        return Some(format!("{what}: alone {expected:#?}\n  together {written:#?}"));
    }
    let is_one = at_once.transactions().await == 1;
    if is_one != (*what == "nothing") && wanted != [stock(), stock(), stock()] {
        return Some(format!("{what}: written as one transaction: {is_one}"));
    }
    let store: &Arc<PostgresStore> = &at_once.guard.store;
    let reports = store.check(Pace::DESIGNED).await.unwrap();
    let broken: Vec<_> = reports.into_iter().filter(|report| !report.holds()).collect();
    (!broken.is_empty()).then(|| format!("{what}: {broken:?}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_not_be_written_together_is_undone_and_answered_as_if_it_came_alone() {
    let mut said = Vec::new();
    for row in &ROWS {
        said.extend(wrong(row).await);
    }
    assert!(said.is_empty(), "{}", said.join("\n"));
}
