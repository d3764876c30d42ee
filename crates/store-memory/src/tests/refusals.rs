//! A refused commit leaves no trace, whatever it had written before it was refused.

use super::{World, now};
use domain::catalogue::SkuId;
use domain::changeset::{Changeset, Fence, Guard, InboxEntry, InboxStatus, ListChange, Refusal};
use domain::job::{JobChange, JobId, JobKind};
use domain::ports::{CommitAnswer, JobQueue as _};
use domain::stock::{StockMove, StockMoveKind};
use testkit::sample;

/// Ways to spoil a changeset that could be committed.
#[derive(Clone, Copy, Debug)]
enum Spoilt {
    SameName,
    SameKey,
    LostLease,
    StaleVersion,
    TakenEffect,
    TakenList,
    TooManyOrders,
    MovedPrice,
    NoStock,
    OpenTwice,
    Jumped,
}

const ALL: [Spoilt; 11] = [
    Spoilt::SameName,
    Spoilt::SameKey,
    Spoilt::LostLease,
    Spoilt::StaleVersion,
    Spoilt::TakenEffect,
    Spoilt::TakenList,
    Spoilt::TooManyOrders,
    Spoilt::MovedPrice,
    Spoilt::NoStock,
    Spoilt::OpenTwice,
    Spoilt::Jumped,
];

fn stock_move(sku: &SkuId, quantity: u32) -> StockMove {
    let (kind, out_refund_no) = (StockMoveKind::Hold, None);
    StockMove { line_no: 9, sku_id: sku.clone(), quantity, kind, out_refund_no }
}

/// `changeset` with everything else that one may hold.
fn filled(mut changeset: Changeset) -> Changeset {
    changeset.inbox = Some(InboxEntry {
        source: "wechat_pay_v3",
        event_id: "EV-1".to_owned(),
        event_type: "TRANSACTION.SUCCESS".to_owned(),
        fact_hash: "another".to_owned(),
        status: InboxStatus::Applied,
        out_trade_no: None,
    });
    changeset.jobs.push(JobChange::Ensure { id: job(), due_at: sample::start() });
    changeset.replay = Some(sample::replay("fresh", None));
    changeset.effects.push("fresh".to_owned());
    changeset.stock.push(stock_move(&sample::sku_id("a"), 1));
    changeset
}

fn job() -> JobId {
    JobId { kind: JobKind::FollowPayment, subject: "JOB-1".to_owned() }
}

/// `changeset` so that it is refused; and how, if by a guard.
fn spoil(changeset: Changeset, how: Spoilt) -> (Changeset, Option<Refusal>) {
    let mut changeset = filled(changeset);
    let a = sample::sku_id("a");
    let order = changeset.order.as_ref().map(|write| write.order.id).unwrap();
    let buyer = changeset.order.as_ref().and_then(|write| write.order.buyer).unwrap();
    let refusal = match how {
        Spoilt::SameName => {
            changeset.command_id = sample::intent("known").command_id;
            return (changeset, None);
        }
        Spoilt::SameKey => {
            changeset.replay = Some(sample::replay("known", None));
            return (changeset, None);
        }
        Spoilt::StaleVersion => {
            let write = changeset.order.as_mut().unwrap();
            write.expected_version = Some(write.expected_version.unwrap_or(7) + 1);
            return (changeset, None);
        }
        Spoilt::LostLease => {
            changeset.fence = Some(Fence { job: job(), token: 7_777 });
            Refusal::Fenced
        }
        Spoilt::TakenEffect => {
            changeset.effects.push("known effect".to_owned());
            Refusal::EffectTaken("known effect".to_owned())
        }
        Spoilt::TakenList => {
            let items = vec![(77, 1)];
            changeset.list.push(ListChange::Capture { buyer, order, items });
            Refusal::ListTaken
        }
        Spoilt::TooManyOrders => {
            changeset.guards.push(Guard::OpenOrdersBelow { buyer, max: 0 });
            Refusal::TooManyOpenOrders
        }
        Spoilt::MovedPrice => {
            changeset.guards.retain(|guard| !matches!(guard, Guard::PriceVersion { .. }));
            changeset.guards.push(Guard::PriceVersion { sku_id: a.clone(), price_version: 7 });
            Refusal::PriceMoved(a)
        }
        Spoilt::NoStock => {
            changeset.stock.push(stock_move(&sample::sku_id("b"), 1_000_000));
            Refusal::Stock(sample::sku_id("b"))
        }
        Spoilt::OpenTwice => {
            let write = changeset.order.as_mut().unwrap();
            if let Some(first) = write.order.payments.first().cloned() {
                for no in [98, 99] {
                    let mut another = first.clone();
                    another.no = no;
                    another.state = domain::payment::PaymentState::Created;
                    write.order.payments.push(another);
                }
            } else {
                write.order.version += 2;
            }
            return (changeset, None);
        }
        Spoilt::Jumped => {
            let write = changeset.order.as_mut().unwrap();
            write.order.version += u64::from(write.expected_version.is_some());
            write.expected_version = Some(write.expected_version.unwrap_or(3));
            return (changeset, None);
        }
    };
    (changeset, Some(refusal))
}

#[test]
fn a_refused_commit_leaves_no_trace() {
    let mut refused = 0;
    for seed in 0..6 {
        let mut world = World::seeded(seed);
        let mut known = Changeset::without_order(sample::intent("known"), sample::start());
        known.replay = Some(sample::replay("known", None));
        known.effects = vec!["known effect".to_owned()];
        assert_eq!(world.commit(known), CommitAnswer::Committed);
        for round in 0..40 {
            let changeset = world.next();
            let before = world.state();
            for how in ALL {
                let (spoilt, refusal) = spoil(changeset.clone(), how);
                let answer = world.commit(spoilt);
                match refusal {
                    Some(refusal) => {
                        assert_eq!(answer, CommitAnswer::GuardRefused(refusal), "{how:?}")
                    }
                    None => assert_ne!(answer, CommitAnswer::Committed, "{how:?}"),
                }
                assert_eq!(world.state(), before, "{how:?} of {changeset:?}");
                if round == 39 {
                    assert_eq!(world.store.dump().unwrap(), format!("{before:?}"));
                }
                refused += 1;
            }
            assert_eq!(world.commit(changeset), CommitAnswer::Committed);
            assert_ne!(world.state(), before);
        }
    }
    assert_eq!(refused, 6 * 40 * ALL.len());
}

/// What is refused is no write that could be lost.
#[test]
fn a_refused_commit_is_not_remembered() {
    let mut world = World::seeded(1);
    let first = world.next();
    assert_eq!(world.commit(first.clone()), CommitAnswer::Committed);
    let empty = world.commit(first);
    assert_eq!(empty, CommitAnswer::AlreadyCommitted);
    let (commits, last) = world
        .store
        .view(|view| (view.commits(), view.commits_after(0).map(|commit| commit.no).max()))
        .unwrap();
    assert_eq!((commits, last), (1, Some(1)));
    assert!(now(world.store.claim(sample::start(), 9, 0)).unwrap().is_empty(), "nothing is due");
}
