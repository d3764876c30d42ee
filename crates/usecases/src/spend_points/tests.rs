//! A key takes points once, and says the same for ever: also to a twin that finds nothing left.

use super::{SpendError, Spending, Spent};
use crate::mocks::{MockGateway, MockLedger, MockOrders, desk, ready};
use crate::samples::{keyed, now, order};
use crate::{Keyed, Paydesk};
use domain::changeset::{Audit, Changeset, Refusal, ReplayRecord};
use domain::ledger::{Balances, BuyerAccount, TransferKind};
use domain::ports::{CommitAnswer, EntryRecord};
use std::sync::{Arc, Mutex};

fn spending() -> Spending {
    Spending {
        buyer: order().buyer.unwrap(),
        points: 100,
        audit: Audit { actor: "service:1".into(), cause: "points".into(), request_id: None },
    }
}

/// What the ledger knows, and which keys the store does.
#[derive(Default)]
struct Books {
    written: Vec<Changeset>,
    keys: Vec<ReplayRecord>,
}

/// A desk of a buyer who holds `held` points, if there is such a buyer. A commit is answered by the next of
/// `answers`; what lands, by this call or a twin's, is there under its key from then on.
fn desk_of(held: Option<i64>, answers: Vec<CommitAnswer>) -> (Paydesk, Arc<Mutex<Books>>) {
    let books = Arc::new(Mutex::new(Books::default()));
    let mut orders = MockOrders::new();
    let it = Arc::clone(&books);
    orders.expect_replay().returning(move |scope| {
        let keys = &it.lock().unwrap().keys;
        ready(Ok(keys.iter().find(|key| key.scope == *scope).cloned()))
    });
    let (it, mut answers) = (Arc::clone(&books), answers.into_iter());
    orders.expect_commit().returning(move |changeset| {
        let mut books = it.lock().unwrap();
        books.keys.extend(changeset.replay.clone());
        books.written.push(changeset);
        ready(answers.next().expect("one commit more than was told"))
    });
    let mut ledger = MockLedger::new();
    ledger.expect_balances().returning(move |_| {
        ready(Ok(held.map(|points| Balances { points, ..Balances::default() })))
    });
    let it = Arc::clone(&books);
    ledger.expect_entry().returning(move |_, account, name| {
        assert_eq!(account, BuyerAccount::Points);
        let books = it.lock().unwrap();
        let mut moved = books.written.iter().flat_map(|written| &written.transfers);
        let entry = moved.rfind(|transfer| transfer.name() == name);
        let entry = entry.map(|transfer| EntryRecord {
            seq: 1,
            kind: transfer.kind(),
            amount: transfer.entries()[0].amount,
            balance_after: 0,
            order: None,
            created_at: now(),
        });
        ready(Ok(entry))
    });
    let mut desk = desk(orders, MockGateway::new(), now());
    desk.ledger = Arc::new(ledger);
    (desk, books)
}

fn replayed(spent: Result<Spent, SpendError>) -> bool {
    let spent = spent.unwrap();
    assert_eq!((spent.entry.kind, spent.entry.amount), (TransferKind::Spend, -100));
    spent.replayed
}

#[tokio::test]
async fn points_are_taken_once_per_key() {
    let (desk, books) = desk_of(Some(100), vec![CommitAnswer::Committed]);
    assert!(!replayed(desk.spend_points(&spending(), &keyed("k")).await));
    assert!(replayed(desk.spend_points(&spending(), &keyed("k")).await));
    let books = books.lock().unwrap();
    let [written] = books.written.as_slice() else { panic!("{:?}", books.written) };
    assert_eq!(written.audit, spending().audit);
    assert_eq!(written.replay.as_ref().unwrap().order, None);
}

/// I26: the twin's commit lands after the key was looked for; nothing is left to be read.
#[tokio::test]
async fn a_twin_that_finds_nothing_left_is_answered_what_was_taken() {
    for answer in [
        CommitAnswer::AlreadyCommitted,
        CommitAnswer::GuardRefused(Refusal::Balance(BuyerAccount::Points)),
    ] {
        let (desk, books) = desk_of(Some(0), vec![answer]);
        assert!(replayed(desk.spend_points(&spending(), &keyed("k")).await));
        assert_eq!(books.lock().unwrap().written.len(), 1);
    }
}

#[tokio::test]
async fn who_holds_fewer_or_is_nobody_spends_nothing() {
    let (mut desk, books) = desk_of(Some(99), Vec::new());
    let mut orders = MockOrders::new();
    orders.expect_replay().returning(|_| ready(Ok(None)));
    orders
        .expect_commit()
        .returning(|_| ready(CommitAnswer::GuardRefused(Refusal::Balance(BuyerAccount::Points))));
    desk.orders = Arc::new(orders);
    let refused = desk.spend_points(&spending(), &keyed("k")).await;
    assert!(matches!(refused, Err(SpendError::TooFew)), "{refused:?}");
    let (desk, none) = desk_of(None, Vec::new());
    let refused = desk.spend_points(&spending(), &keyed("k")).await;
    assert!(matches!(refused, Err(SpendError::NotFound)), "{refused:?}");
    assert!(books.lock().unwrap().written.is_empty() && none.lock().unwrap().written.is_empty());
}

#[tokio::test]
async fn a_key_of_another_request_is_refused() {
    let (desk, _) = desk_of(Some(500), vec![CommitAnswer::Committed]);
    desk.spend_points(&spending(), &keyed("k")).await.unwrap();
    let other = Keyed { fingerprint: "another".to_owned(), ..keyed("k") };
    let refused = desk.spend_points(&spending(), &other).await;
    assert!(matches!(refused, Err(SpendError::KeyReused)), "{refused:?}");
}

/// The path names the buyer, and a key belongs to its path.
#[tokio::test]
async fn the_same_key_for_two_buyers_is_two_keys() {
    let answers = vec![CommitAnswer::Committed, CommitAnswer::Committed];
    let (desk, books) = desk_of(Some(500), answers);
    for n in [7, 8] {
        let buyer = domain::UserId::parse(&format!("00000000-0000-0000-0000-{n:012}")).unwrap();
        let mut keyed = keyed("k");
        keyed.scope.route = format!("POST /users/{n}/points/spend");
        let spending = Spending { buyer, ..spending() };
        assert!(!replayed(desk.spend_points(&spending, &keyed).await));
    }
    let books = books.lock().unwrap();
    let names: Vec<&str> = books.written.iter().map(|w| w.transfers[0].name()).collect();
    assert_ne!(names[0], names[1]);
}

#[tokio::test]
async fn a_commit_that_was_rolled_back_is_tried_again_under_the_same_name() {
    let answers = vec![CommitAnswer::RolledBack("deadlock".to_owned()), CommitAnswer::Committed];
    let (desk, books) = desk_of(Some(100), answers);
    desk.spend_points(&spending(), &keyed("k")).await.unwrap();
    let books = books.lock().unwrap();
    assert_eq!(books.written[0].command_id, books.written[1].command_id);
}
