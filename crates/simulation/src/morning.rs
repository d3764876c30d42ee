//! The morning after: the day is over and everything is at rest, and the bills of the day are fetched
//! (`actors/clerk.rs`), first under faults that meet the fetching alone, then in calm.

use crate::actors::clerk::{Wanted, fetch_all};
use crate::kernel::{Home, Label};
use crate::our_keys::First;
use crate::run::run_until;
use crate::setup::Bills;
use crate::tape::Kind;
use crate::time::{SECOND, micros};
use crate::world::World;
use domain::bill::{BillDay, FundAccount, TradeBillKind};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const MINUTE: i64 = 60 * SECOND;
/// From then on there are bills of the day before, in microseconds after midnight.
const PUBLISHED: i64 = 600 * MINUTE;
/// Who is early asks so much before that.
const EARLY: i64 = 90 * MINUTE;
/// Faults go on for so long after that at most.
const STORM: i64 = 40 * MINUTE;
/// Nobody stands still for longer.
const STILL: i64 = 6 * MINUTE;
/// Once faults have ceased the bills are had within so long.
const BOUND: i64 = 60 * MINUTE;
/// Who has nothing to do that morning looks so often.
const PATIENCE: i64 = 60 * MINUTE;
/// Who fetches bills comes after everybody who acts by day.
const CLERK: u32 = 8;
/// Of these every day on which anybody paid has one.
const ALWAYS: [Wanted; 2] = [Wanted::Trades(TradeBillKind::All), Wanted::Funds(FundAccount::Basic)];
/// So many files are remembered.
const FILES_MAX: usize = 8;

const HAD_IN_TIME: &str =
    "the bills of a day are had within an hour of their publication, once faults have ceased";

/// The morning of a world.
#[derive(Debug, Default)]
pub(crate) struct Morning {
    windy: AtomicBool,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    /// What is asked for now, on behalf of the clerk.
    asking: Option<(BillDay, Wanted)>,
    /// Files that were downloaded.
    files: BTreeSet<Vec<u8>>,
    /// What is had.
    had: Vec<Wanted>,
}

impl Morning {
    /// Whether faults meet who fetches bills.
    pub(crate) fn is_windy(&self) -> bool {
        self.windy.load(Ordering::Relaxed)
    }

    /// The clerk asks for it.
    pub(crate) fn asks(&self, day: BillDay, wanted: Wanted) {
        self.inside().asking = Some((day, wanted));
    }

    /// What the clerk asks for, once: who asks beside the clerk has nobody ask beside that. All the time where
    /// faults are given.
    pub(crate) fn asked(&self, stays: bool) -> Option<(BillDay, Wanted)> {
        let mut inside = self.inside();
        if stays { inside.asking } else { inside.asking.take() }
    }

    /// The clerk has it.
    pub(crate) fn has(&self, wanted: Wanted) {
        self.inside().had.push(wanted);
    }

    /// What the clerk has.
    pub(crate) fn had(&self) -> Vec<Wanted> {
        self.inside().had.clone()
    }

    /// A file is handed out.
    pub(crate) fn hands_out(&self, file: &[u8]) {
        let mut inside = self.inside();
        if inside.files.len() < FILES_MAX {
            inside.files.insert(file.to_vec());
        }
    }

    /// A file that was handed out and is not this one.
    pub(crate) fn other_file(&self, file: &[u8]) -> Option<Vec<u8>> {
        self.inside().files.iter().find(|other| other.as_slice() != file).cloned()
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The night passes, and then the bills of the day before are fetched.
pub(crate) fn fetch_bills(world: &Arc<World>, bills: Bills) {
    let day = BillDay::of(world.now());
    let published = micros(day.ends_at()).saturating_add(PUBLISHED);
    let begins = if bills.early { published.saturating_sub(EARLY) } else { published };
    sleep_until(world, begins);
    world.morning.windy.store(true, Ordering::Relaxed);
    world.chronicle.say(|| "world".to_owned(), None, || format!("the bills of {day} are fetched"));
    if world.kernel.draw(Kind::Weather, 0, 4) == 3 {
        change_our_keys(world);
    }
    let wanted = wanted(bills);
    let clerk = Arc::clone(world);
    let asked = wanted.clone();
    let whose = world.setup.buyers.saturating_add(CLERK);
    world.kernel.spawn(Home::Outside, Label { whose, errand: 0 }, async move {
        fetch_all(&clerk, day, &asked).await;
    });
    let done = || world.morning.had().len() == wanted.len();
    run_until(world, published.saturating_add(STORM), done);
    world.morning.windy.store(false, Ordering::Relaxed);
    if done() {
        // Who stood still over a link goes on by itself.
        let until = world.kernel.now().saturating_add(STILL);
        run_until(world, until, || false);
    }
    world.settle_our_keys();
    world.kernel.release();
    let late = world.kernel.now().max(published).saturating_add(BOUND);
    run_until(world, late, done);
    if !done() && !world.chronicle.is_violated() {
        let had = world.morning.had();
        let missing = wanted.iter().filter(|one| !had.contains(one));
        let missing: Vec<String> = missing.map(|one| one.words()).collect();
        let seen = format!("of {day} there is no {}", missing.join(", no "));
        world.chronicle.violated("I48b", HAD_IN_TIME, seen);
    }
}

/// The night passes, and then the two bills that every day has are fetched, in the middle of whatever
/// is planned.
pub(crate) async fn fetch_both(world: &Arc<World>) {
    let day = BillDay::of(world.now());
    let published = micros(day.ends_at()).saturating_add(PUBLISHED);
    let night = published.saturating_sub(world.kernel.now()).saturating_sub(MINUTE);
    world.wait_for_days(night);
    world.kernel.sleep(night).await;
    world.wait_for_days(0);
    world.kernel.sleep(MINUTE).await;
    fetch_all(world, day, &ALWAYS).await;
}

/// Always the bill of all trades and the flow of the basic account, and mostly another.
fn wanted(bills: Bills) -> Vec<Wanted> {
    let mut wanted = ALWAYS.to_vec();
    wanted.extend(match bills.other {
        1 => Some(Wanted::Trades(TradeBillKind::Success)),
        2 => Some(Wanted::Trades(TradeBillKind::Refund)),
        3 => Some(Wanted::Funds(FundAccount::Fees)),
        _ => None,
    });
    wanted
}

/// Nothing is left to do until then, so that nobody looks before it is almost time.
fn sleep_until(world: &Arc<World>, at: i64) {
    let night = at.saturating_sub(world.kernel.now()).saturating_sub(MINUTE);
    world.wait_for_days(night.max(PATIENCE));
    run_until(world, at, || false);
    world.wait_for_days(PATIENCE);
}

fn change_our_keys(world: &Arc<World>) {
    let draw = |bound: u32| world.kernel.draw(Kind::Weather, 0, bound);
    let first = if draw(2) == 0 { First::Configuration } else { First::WeChatPay };
    let gaps = [0, 0].map(|_: i32| i64::from(draw(8)).pow(2) * SECOND);
    let _replaces = world.replace_our_keys(first, gaps);
}
