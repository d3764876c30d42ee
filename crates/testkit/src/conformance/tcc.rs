//! Try, confirm, cancel: the laws of a hold, whatever comes twice, late, at once, or without the other.
//! Random steps over a few orders that want the same few pieces; what a hold must have become is counted here
//! once more.
//!
//! One machine does it all, so that a try is a commit. Its name and its order's number are the marks that
//! stay: a try that was cancelled before it came finds one of them.

use super::concurrency::persist;
use super::{Stores, deciding, placing};
use crate::sample;
use domain::catalogue::{Sku, SkuId};
use domain::changeset::{Changeset, Intent, Refusal};
use domain::fact::Trade;
use domain::order::{CancelCause, Circumstances, Command, Lost, Order, OrderStatus, Placement};
use domain::ports::CommitAnswer;
use domain::stock::HoldStatus;
use domain::{Fen, OrderId, OutTradeNo};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::runtime::Handle;
use uuid::Uuid;

/// How many sequences, how long at most, of how many orders, for how many pieces.
const CASES: u32 = 24;
const STEPS_MAX: usize = 24;
const SLOTS: usize = 4;
const PIECES: i64 = 5;

#[derive(Clone, Copy, Debug)]
enum What {
    /// Try, under its name: the first time, or again.
    Try,
    /// Try under another name, as who has lost the first one does.
    TryRenamed,
    /// Confirm what was tried, as it stands now.
    Confirm,
    /// Cancel what was tried, as it stands now; and it ends.
    Cancel,
    /// Confirm, or cancel, from what was read when it was tried.
    ConfirmLate,
    CancelLate,
    /// Both from the same reading, at once.
    Both,
    /// Cancel a try that has not come: its name is used up.
    CancelUntried,
    /// The same, known by its number alone: an order is made that takes its money back.
    LoseUntried,
}

fn any_step() -> impl Strategy<Value = (usize, What)> {
    let what = prop_oneof![
        6 => Just(What::Try),
        1 => Just(What::TryRenamed),
        3 => Just(What::Confirm),
        3 => Just(What::Cancel),
        2 => Just(What::ConfirmLate),
        2 => Just(What::CancelLate),
        2 => Just(What::Both),
        1 => Just(What::CancelUntried),
        1 => Just(What::LoseUntried),
    ];
    (0..SLOTS, what)
}

/// What must have become of one order's hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Became {
    #[default]
    Nothing,
    /// An order of its number exists that never held anything.
    Lost,
    Held,
    Confirmed,
    Cancelled,
}

#[derive(Default)]
struct Slot {
    became: Became,
    /// Its name is used up.
    is_marked: bool,
    /// The order, as it was when it was tried.
    tried: Option<Order>,
}

struct Case<'a> {
    stores: &'a Stores,
    no: u64,
    sku: Sku,
    placements: Vec<Placement>,
    slots: [Slot; SLOTS],
    steps: u64,
}

pub async fn whatever_comes_twice_late_or_alone_a_hold_is_confirmed_once_or_cancelled_once(
    stores: &Stores,
) {
    let (runtime, no) = (Handle::current(), AtomicU64::new(0));
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        max_shrink_iters: 400,
        ..Config::default()
    };
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let steps = prop::collection::vec(any_step(), 1..STEPS_MAX);
    let ended = tokio::task::block_in_place(|| {
        TestRunner::new_with_rng(config, random).run(&steps, |steps| {
            let no = no.fetch_add(1, Ordering::Relaxed);
            runtime.block_on(async {
                let mut case = Case::new(stores, no).await;
                for (slot, what) in steps {
                    case.step(slot, what).await?;
                    case.check(slot, what).await?;
                }
                Ok(())
            })
        })
    });
    if let Err(why) = ended {
        panic!("{why}");
    }
}

impl<'a> Case<'a> {
    async fn new(stores: &'a Stores, no: u64) -> Case<'a> {
        let sku = stores.sku(&format!("tcc-{no}"), 100, PIECES).await;
        let mut placements = Vec::new();
        for slot in 0..SLOTS {
            let n = no * 10 + u64::try_from(slot).unwrap();
            let buyer = stores.buyer(n).await;
            let quantity = 1 + u32::try_from(slot).unwrap() % 3;
            placements.push(sample::placement(n, buyer, &[(&sku, quantity)]));
        }
        Case { stores, no, sku, placements, slots: Default::default(), steps: 0 }
    }

    fn name_of(&self, slot: usize) -> Intent {
        sample::intent(&format!("tcc-{}-try-{slot}", self.no))
    }

    fn fresh_name(&self) -> Intent {
        sample::intent(&format!("tcc-{}-step-{}", self.no, self.steps))
    }

    fn quantity(&self, slot: usize) -> i64 {
        self.placements[slot].breakdown.lines.iter().map(|line| i64::from(line.quantity)).sum()
    }

    fn left(&self) -> i64 {
        let taken = (0..SLOTS)
            .filter(|slot| matches!(self.slots[*slot].became, Became::Held | Became::Confirmed));
        PIECES - taken.map(|slot| self.quantity(slot)).sum::<i64>()
    }

    async fn commit(&self, changeset: Changeset) -> CommitAnswer {
        persist(self.stores, changeset).await
    }

    async fn step(&mut self, slot: usize, what: What) -> Result<(), TestCaseError> {
        self.steps += 1;
        match what {
            What::Try => self.attempt(slot, self.name_of(slot)).await,
            What::TryRenamed => self.attempt(slot, self.fresh_name()).await,
            What::Confirm => self.confirm(slot).await,
            What::Cancel => self.cancel(slot).await,
            What::ConfirmLate | What::CancelLate => self.late(slot, what).await,
            What::Both => self.both(slot).await,
            What::CancelUntried => self.cancel_untried(slot).await,
            What::LoseUntried => self.lose_untried(slot).await,
        }
    }

    async fn attempt(&mut self, slot: usize, intent: Intent) -> Result<(), TestCaseError> {
        let named = intent.command_id == self.name_of(slot).command_id;
        let answer = self.commit(placing(&self.placements[slot], intent)).await;
        let expected = if named && self.slots[slot].is_marked {
            CommitAnswer::AlreadyCommitted
        } else if self.slots[slot].became != Became::Nothing {
            CommitAnswer::GuardRefused(Refusal::NumberTaken)
        } else if self.left() < self.quantity(slot) {
            CommitAnswer::GuardRefused(Refusal::Stock(self.sku.id.clone()))
        } else {
            CommitAnswer::Committed
        };
        prop_assert_eq!(&answer, &expected);
        if answer == CommitAnswer::Committed {
            let tried = Some(self.stores.load(&self.placements[slot]).await);
            let is_marked = named || self.slots[slot].is_marked;
            self.slots[slot] = Slot { became: Became::Held, is_marked, tried };
        }
        Ok(())
    }

    /// The order now, if it was tried.
    async fn now(&self, slot: usize) -> Option<Order> {
        let tried = self.slots[slot].tried.as_ref()?;
        Some(self.stores.again(tried).await)
    }

    fn success(&self, order: &Order) -> Command {
        sample::success(order, &format!("T-{}", order.number))
    }

    async fn confirm(&mut self, slot: usize) -> Result<(), TestCaseError> {
        let Some(order) = self.now(slot).await else { return Ok(()) };
        let paid = deciding(&order, &self.success(&order), self.fresh_name());
        prop_assert_eq!(self.commit(paid).await, CommitAnswer::Committed);
        if self.slots[slot].became == Became::Held {
            self.slots[slot].became = Became::Confirmed;
        }
        Ok(())
    }

    async fn cancel(&mut self, slot: usize) -> Result<(), TestCaseError> {
        if self.slots[slot].became != Became::Held {
            return Ok(());
        }
        let Some(order) = self.now(slot).await else { return Ok(()) };
        let gives_up = deciding(&order, &Command::Cancel(CancelCause::Buyer), self.fresh_name());
        prop_assert_eq!(self.commit(gives_up).await, CommitAnswer::Committed);
        self.end(slot).await
    }

    /// WeChat Pay says that nothing can be paid any more.
    async fn end(&mut self, slot: usize) -> Result<(), TestCaseError> {
        self.steps += 1000;
        let order = self.now(slot).await.expect("it was tried");
        prop_assert_eq!(order.status, OrderStatus::Cancelling);
        let closed = deciding(&order, &sample::says(&order, Trade::Closed), self.fresh_name());
        prop_assert_eq!(self.commit(closed).await, CommitAnswer::Committed);
        self.slots[slot].became = Became::Cancelled;
        Ok(())
    }

    /// What was decided when it was only tried counts while nothing else has happened.
    async fn late(&mut self, slot: usize, what: What) -> Result<(), TestCaseError> {
        let Some(tried) = self.slots[slot].tried.clone() else { return Ok(()) };
        let cancels = matches!(what, What::CancelLate);
        let command =
            if cancels { Command::Cancel(CancelCause::Buyer) } else { self.success(&tried) };
        let answer = self.commit(deciding(&tried, &command, self.fresh_name())).await;
        if self.slots[slot].became != Became::Held {
            prop_assert_eq!(answer, CommitAnswer::Conflict);
            return Ok(());
        }
        prop_assert_eq!(answer, CommitAnswer::Committed);
        if cancels {
            return self.end(slot).await;
        }
        self.slots[slot].became = Became::Confirmed;
        Ok(())
    }

    async fn both(&mut self, slot: usize) -> Result<(), TestCaseError> {
        if self.slots[slot].became != Became::Held {
            return Ok(());
        }
        let Some(order) = self.now(slot).await else { return Ok(()) };
        let paid = deciding(&order, &self.success(&order), self.fresh_name());
        self.steps += 1000;
        let gives_up = deciding(&order, &Command::Cancel(CancelCause::Buyer), self.fresh_name());
        let (paid, gives_up) =
            futures_util::future::join(self.commit(paid), self.commit(gives_up)).await;
        match (paid, gives_up) {
            (CommitAnswer::Committed, CommitAnswer::Conflict) => {
                self.slots[slot].became = Became::Confirmed;
                Ok(())
            }
            (CommitAnswer::Conflict, CommitAnswer::Committed) => self.end(slot).await,
            other => Err(TestCaseError::fail(format!("one of both: {other:?}"))),
        }
    }

    async fn cancel_untried(&mut self, slot: usize) -> Result<(), TestCaseError> {
        let mark = Changeset::without_order(self.name_of(slot), sample::start());
        let expected = if self.slots[slot].is_marked {
            CommitAnswer::AlreadyCommitted
        } else {
            CommitAnswer::Committed
        };
        prop_assert_eq!(self.commit(mark).await, expected);
        self.slots[slot].is_marked = true;
        Ok(())
    }

    async fn lose_untried(&mut self, slot: usize) -> Result<(), TestCaseError> {
        if self.slots[slot].became != Became::Nothing {
            return Ok(());
        }
        let number = self.placements[slot].number.clone();
        let out_trade_no = OutTradeNo::of_payment(&number, 1);
        let receipt = sample::receipt(&format!("T-{number}"), Fen::new(100));
        let fact = sample::fact_of(&out_trade_no, Trade::Success(receipt));
        let id = OrderId::new(Uuid::from_u64_pair(3, self.no * 100 + u64::try_from(slot).unwrap()));
        let epoch = sample::epoch();
        let given = Circumstances::ordinary(sample::start(), &epoch);
        let events = Lost { id, number }.decide(&fact, &given).unwrap();
        let intent = self.fresh_name();
        let made = Changeset::of(None, events, Vec::new(), intent, sample::start()).unwrap();
        prop_assert_eq!(self.commit(made).await, CommitAnswer::Committed);
        self.slots[slot].became = Became::Lost;
        Ok(())
    }

    /// Nothing is held, sold or free but what was counted.
    async fn check(&self, slot: usize, what: What) -> Result<(), TestCaseError> {
        let level = level(self.stores, &self.sku.id).await;
        let sum = |wanted: Became| -> i64 {
            let slots = (0..SLOTS).filter(|slot| self.slots[*slot].became == wanted);
            slots.map(|slot| self.quantity(slot)).sum()
        };
        let expected = (PIECES, self.left(), sum(Became::Held), sum(Became::Confirmed));
        prop_assert_eq!(level, expected, "after {:?} of {}", what, slot);
        let wanted = match self.slots[slot].became {
            Became::Nothing | Became::Lost => return Ok(()),
            Became::Held => HoldStatus::Held,
            Became::Confirmed => HoldStatus::Committed,
            Became::Cancelled => HoldStatus::Released,
        };
        let order = self.now(slot).await.expect("it was tried");
        prop_assert!(order.holds.iter().all(|hold| hold.status == wanted), "{:?}", order.holds);
        Ok(())
    }
}

/// Stocked, available, held, sold.
async fn level(stores: &Stores, id: &SkuId) -> (i64, i64, i64, i64) {
    let level = stores.catalogue.sku(id).await.unwrap().unwrap().stock;
    (level.stocked, level.available, level.held, level.sold)
}
