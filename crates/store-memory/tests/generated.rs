//! The sequences that are played on every store reach what they are made for.
#![allow(clippy::expect_used, reason = "tests may")]

use domain::case::Case;
use domain::ports::{
    CaseAnswer, CaseBook, CaseChange, CaseList, CaseListing, PortFuture, StoreError,
};
use std::sync::Arc;
use store_memory::MemoryStore;
use testkit::TestClock;
use testkit::conformance::Stores;
use testkit::generated::{Subject, compare};
use tokio::runtime::Handle;

/// Each kind of answer, and how often it has to come up among so many sequences.
const CASES: u32 = 1_000;
const REACHED: [(&str, u64); 46] = [
    ("Committed", 3_000),
    ("Conflict", 100),
    ("AlreadyCommitted", 200),
    ("RolledBack", 10),
    ("Fenced", 50),
    ("EffectTaken", 30),
    ("NumberTaken", 30),
    ("TransactionTaken", 10),
    ("RefundNumberTaken", 10),
    ("TooManyOpenOrders", 10),
    ("ListTaken", 50),
    ("PriceMoved", 20),
    ("Stock", 10),
    ("claim", 200),
    ("finish", 200),
    ("renew", 50),
    ("hasten", 100),
    ("rouse", 50),
    ("sweep", 50),
    ("list", 100),
    ("cases", 100),
    ("replay", 100),
    ("basis", 100),
    ("load", 3_000),
    ("Balance", 50),
    ("TransferTaken", 20),
    ("CouponMoved", 20),
    ("Coupon", 50),
    ("issue", 300),
    ("grants", 50),
    ("entries", 50),
    ("entry", 50),
    ("trial", 50),
    ("collected", 20),
    ("refused at the door", 20),
    ("converted", 20),
    ("from the wallet", 20),
    ("recharged", 50),
    ("coupon held", 50),
    ("coupon used", 50),
    ("coupon released", 10),
    ("coupon returned", 10),
    ("asked by lines", 50),
    ("refunded by lines", 10),
    ("goods back", 20),
    ("paid back elsewhere", 20),
];

fn subject() -> Subject {
    over(Arc::new(MemoryStore::new(Arc::new(TestClock::default()))))
}

fn over(store: Arc<MemoryStore>) -> Subject {
    let cleared = Arc::clone(&store);
    Subject {
        name: "memory",
        stores: Stores {
            orders: store.clone(),
            jobs: store.clone(),
            catalogue: store.clone(),
            rules: store.clone(),
            packages: store.clone(),
            ledger: store.clone(),
            coupons: store.clone(),
            book: store.clone(),
            access: store.clone(),
            cases: store,
            dump: Arc::new(|| Box::pin(std::future::ready(String::new()))),
            inbox: Arc::new(|| Box::pin(std::future::ready(Vec::new()))),
            outbox: Arc::new(|| Box::pin(std::future::ready(Vec::new()))),
        },
        reset: Arc::new(move || {
            cleared.clear().expect("a store");
            Box::pin(std::future::ready(()))
        }),
        rows: Arc::new(|| Box::pin(std::future::ready(Vec::new()))),
    }
}

/// Twice on the same kind of store, so that what is asked follows from what is answered alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sequences_reach_every_answer_and_are_the_same_twice() {
    let subjects = [subject(), subject()];
    let runtime = Handle::current();
    let played = tokio::task::spawn_blocking(move || compare(&runtime, &subjects, CASES));
    let tally = played.await.unwrap_or_else(|ended| std::panic::resume_unwind(ended.into_panic()));
    let few: Vec<_> = REACHED
        .into_iter()
        .map(|(kind, least)| (kind, least, tally.get(kind).copied().unwrap_or_default()))
        .filter(|(_, least, met)| met < least)
        .collect();
    assert!(few.is_empty(), "too few of {few:?} in {tally:#?}");
}

/// Does not show the last case.
struct Forgetful(Arc<MemoryStore>);

impl CaseBook for Forgetful {
    fn cases<'a>(&'a self, query: &'a CaseList) -> PortFuture<'a, Result<CaseListing, StoreError>> {
        Box::pin(async move {
            let mut page = self.0.cases(query).await?;
            page.cases.pop();
            Ok(page)
        })
    }

    fn case(&self, id: domain::CaseId) -> PortFuture<'_, Result<Option<Case>, StoreError>> {
        self.0.case(id)
    }

    fn change_case<'a>(
        &'a self,
        change: &'a CaseChange,
    ) -> PortFuture<'a, Result<CaseAnswer, StoreError>> {
        self.0.change_case(change)
    }
}

/// A difference is found, and shown by a sequence that a person can read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_answers_otherwise_is_found_by_a_short_sequence() {
    let store = Arc::new(MemoryStore::new(Arc::new(TestClock::default())));
    let mut other = over(Arc::clone(&store));
    other.stores.cases = Arc::new(Forgetful(store));
    let subjects = [subject(), other];
    let runtime = Handle::current();
    let played = tokio::task::spawn_blocking(move || compare(&runtime, &subjects, CASES));
    let panic = played.await.expect_err("a difference").into_panic();
    let said = panic.downcast_ref::<String>().expect("words");
    let steps: Vec<&str> = said.lines().filter(|line| line.starts_with("  ")).collect();
    let looks = |step: &&str| step.contains("Cases {") || step.contains("Act {");
    assert!(steps.iter().any(looks), "{said}");
    let asked = said.lines().take_while(|line| *line != "]").count();
    assert!(asked <= 5, "not short: {said}");
    assert!(said.starts_with("seed "), "and can be played again: {said}");
}
