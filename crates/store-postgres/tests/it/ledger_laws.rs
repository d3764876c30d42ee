//! The laws of the ledger, generated: random transfers, all at once, on a real server at both isolation
//! levels; plain SQL is the judge, so that neither the store nor its schema judges itself.
//!
//! That equal transfers are refused alike by the memory store is `conformance` and `generated`.

use crate::support::{self, Guard};
use domain::UserId;
use domain::changeset::{Changeset, Refusal};
use domain::ledger::{Account, BuyerAccount, House, Transfer, TransferKind, Unit};
use domain::ports::CommitAnswer;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use store_postgres::Isolation;
use testkit::conformance::Stores;
use testkit::conformance::ledger::rich;
use testkit::sample;
use tokio::runtime::Handle;
use tokio_postgres::Client;

const CASES: u32 = 8;
const BUYERS: usize = 3;
/// What each buyer begins with, in fen and in points.
const BEGIN: i64 = 300;

/// What one of those who write at once asks for.
#[derive(Clone, Copy, Debug)]
struct Ask {
    /// Which business it is: several ask for the same, and one of them moves it.
    business: u8,
    unit: Unit,
    from: usize,
    /// `None` for a house account.
    to: Option<usize>,
    /// Given when below zero.
    amount: i64,
}

fn any_ask() -> impl Strategy<Value = Ask> {
    let unit = prop_oneof![Just(Unit::Fen), Just(Unit::Points)];
    // Most of a balance, so that they meet; some give instead of taking.
    let amount = prop_oneof![4 => 1..=250_i64, 1 => -200..=-1_i64];
    (0..30_u8, unit, 0..BUYERS, prop::option::of(0..BUYERS), amount)
        .prop_map(|(business, unit, from, to, amount)| Ask { business, unit, from, to, amount })
}

fn account(buyer: UserId, unit: Unit) -> Account {
    Account::Buyer(
        buyer,
        match unit {
            Unit::Fen => BuyerAccount::Wallet,
            Unit::Points => BuyerAccount::Points,
        },
    )
}

/// Under a name of its own as a command, and that of its business as a transfer.
fn asked(case: u64, no: usize, ask: Ask, buyers: &[UserId]) -> Option<Changeset> {
    let house = Account::House(House::Sales, ask.unit);
    let to = ask.to.map_or(house, |to| account(buyers[to], ask.unit));
    let entries = [(account(buyers[ask.from], ask.unit), -ask.amount), (to, ask.amount)];
    let name = format!("law-{case}:{}", ask.business);
    let transfer = Transfer::new(name, TransferKind::Spend, &entries)?;
    let intent = sample::intent(&format!("law-{case}-{no}"));
    let mut changeset = Changeset::without_order(intent, sample::start());
    changeset.transfers.push(transfer);
    Some(changeset)
}

/// Until it is committed or refused; what moved, when it did.
async fn insist(
    orders: std::sync::Arc<dyn domain::ports::OrderStore>,
    changeset: Changeset,
) -> Result<Option<Transfer>, CommitAnswer> {
    for _ in 0..500 {
        match orders.commit(changeset.clone()).await {
            CommitAnswer::Committed => return Ok(changeset.transfers.into_iter().next()),
            CommitAnswer::GuardRefused(Refusal::Balance(_) | Refusal::TransferTaken(_)) => {
                return Ok(None);
            }
            CommitAnswer::RolledBack(_) => tokio::task::yield_now().await,
            other @ (CommitAnswer::AlreadyCommitted
            | CommitAnswer::Conflict
            | CommitAnswer::GuardRefused(_)
            | CommitAnswer::OutcomeUnknown(_)) => return Err(other),
        }
    }
    Err(CommitAnswer::RolledBack("five hundred times".to_owned()))
}

/// Each finds what contradicts one law; none may find anything.
const LAWS: [(&str, &str); 6] = [
    (
        "a transfer sums to zero in every unit",
        "SELECT transfer || ' ' || unit FROM entries GROUP BY transfer, unit HAVING sum(amount) <> 0",
    ),
    (
        "a transfer has two entries at least",
        "SELECT name FROM transfers WHERE (SELECT count(*) FROM entries WHERE transfer = name) < 2",
    ),
    (
        "a balance is the one before plus the amount",
        "SELECT transfer FROM (SELECT transfer, balance_after, sum(amount) OVER (PARTITION BY buyer_id, \
         account, unit ORDER BY seq) AS running FROM entries WHERE buyer_id IS NOT NULL) x \
         WHERE running <> balance_after",
    ),
    (
        "the entries of an account are numbered from one without gaps",
        "SELECT account || ' of ' || buyer_id FROM entries WHERE buyer_id IS NOT NULL \
         GROUP BY buyer_id, account, unit HAVING min(seq) <> 1 OR max(seq) <> count(*)",
    ),
    ("nobody has less than nothing", "SELECT transfer FROM entries WHERE balance_after < 0"),
    (
        "an account holds what its last entry says",
        "SELECT a.account || ' of ' || a.buyer_id FROM accounts a WHERE a.balance <> (SELECT balance_after \
         FROM entries e WHERE (e.buyer_id, e.account, e.unit) = (a.buyer_id, a.account, a.unit) \
         ORDER BY seq DESC LIMIT 1)",
    ),
];

async fn judge(client: &Client) -> Result<(), TestCaseError> {
    for (law, sql) in LAWS {
        let found = client.query(sql, &[]).await.expect("rows");
        let found: Vec<String> = found.iter().map(|row| row.get(0)).collect();
        prop_assert!(found.is_empty(), "not so: {}: {:?}", law, found);
    }
    Ok(())
}

/// How many moved, and how many were refused: where nobody is in anybody's way, nothing is shown.
#[derive(Default)]
struct Tally {
    moved: AtomicUsize,
    refused: AtomicUsize,
}

async fn case(
    no: u64,
    asks: &[Ask],
    (stores, client): (&Stores, &Client),
    tally: &Tally,
) -> Result<(), TestCaseError> {
    let mut buyers = Vec::new();
    for n in 0..BUYERS {
        buyers.push(rich(stores, 1 + no * 10 + u64::try_from(n).unwrap(), BEGIN, BEGIN).await);
    }
    let mut running = tokio::task::JoinSet::new();
    for (n, ask) in asks.iter().enumerate() {
        let Some(changeset) = asked(no, n, *ask, &buyers) else { continue };
        running.spawn(insist(stores.orders.clone(), changeset));
    }
    let mut expected: BTreeMap<Account, i64> = BTreeMap::new();
    let mut names = Vec::new();
    while let Some(ended) = running.join_next().await {
        let moved = ended.unwrap().map_err(|answer| TestCaseError::fail(format!("{answer:?}")))?;
        let Some(transfer) = moved else {
            tally.refused.fetch_add(1, Ordering::Relaxed);
            continue;
        };
        tally.moved.fetch_add(1, Ordering::Relaxed);
        names.push(transfer.name().to_owned());
        for entry in transfer.entries() {
            *expected.entry(entry.account).or_default() += entry.amount;
        }
    }
    let times = names.len();
    names.sort();
    names.dedup();
    prop_assert_eq!(times, names.len(), "one business moved twice");
    for buyer in &buyers {
        let held = stores.ledger.balances(*buyer).await.unwrap().unwrap();
        let of = |unit| BEGIN + expected.get(&account(*buyer, unit)).copied().unwrap_or(0);
        prop_assert_eq!((held.wallet, held.points), (of(Unit::Fen), of(Unit::Points)));
    }
    let like = format!("law-{no}:%");
    let sql = "SELECT name FROM transfers WHERE name LIKE $1";
    let stored = client.query(sql, &[&like]).await.expect("names");
    let mut stored: Vec<String> = stored.iter().map(|row| row.get(0)).collect();
    stored.sort();
    prop_assert_eq!(stored, names, "what was refused left nothing");
    judge(client).await
}

async fn hold(isolation: Isolation) {
    let (stores, guard): (Stores, Guard) = support::make(isolation).await;
    let client = guard.database.client().await;
    let runtime = Handle::current();
    let played = tokio::task::spawn_blocking(move || {
        let (no, tally) = (AtomicU64::new(0), Tally::default());
        let config = Config {
            cases: CASES,
            failure_persistence: None,
            max_shrink_iters: 200,
            ..Config::default()
        };
        let random = TestRng::from_seed(RngAlgorithm::ChaCha, &[9; 32]);
        let asks = prop::collection::vec(any_ask(), 2..60);
        TestRunner::new_with_rng(config, random)
            .run(&asks, |asks| {
                let no = no.fetch_add(1, Ordering::Relaxed);
                runtime.block_on(case(no, &asks, (&stores, &client), &tally))
            })
            .map_err(|why| why.to_string())?;
        Ok::<_, String>(tally)
    });
    let tally = played.await.unwrap().unwrap_or_else(|why| panic!("{why}"));
    let (moved, refused) = (tally.moved.into_inner(), tally.refused.into_inner());
    assert!(moved > 40 && refused > 40, "{moved} moved, {refused} refused");
    drop(guard);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transfers_at_once_keep_the_laws_of_the_ledger() {
    hold(Isolation::ReadCommitted).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transfers_at_once_keep_the_laws_of_the_ledger_when_serializable() {
    hold(Isolation::Serializable).await;
}
