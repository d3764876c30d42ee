//! Plays one script with what strikes it, until everything is over and at rest, and judges.

use super::client::Client;
use super::ending::{Ending, is_told};
use super::scripts::Script;
use crate::actors::{deliver_for_ever, register, stock_shelves, tell_what_was_lost};
use crate::chronicle::{Inside, Line, Violation};
use crate::kernel::{Home, Kernel, Label, letter};
use crate::marks::Mark;
use crate::matrix::{Counts, Fault};
use crate::oracle::{Rest, judge, restless};
use crate::plan::{Blow, Place, Plan};
use crate::setup::Setup;
use crate::tape::{Choices, Tape};
use crate::time::SECOND;
use crate::world::World;
use domain::case::CaseKind;
use domain::ledger::{BuyerAccount, Unit};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Makes ids and numbers; chance plays no part.
const SEED: u64 = 4;
/// How often it is looked whether everything is over, in microseconds.
const LOOK: i64 = 5 * SECOND;
/// After as many looks what failovers made us forget is told again.
const LOOKS_A_BILL: u32 = 12;
/// Nothing goes on for longer than this, in microseconds.
const LONGEST: i64 = 3 * 3_600 * SECOND;
/// So much longer does what lasts until the next morning.
const A_NIGHT: i64 = 26 * 3_600 * SECOND;
/// More events than this between two looks are a loop.
const EVENTS_A_LOOK: u64 = 60_000;
/// Before its people come, nodes start.
const BEFORE: i64 = SECOND;

const AT_REST: &str = "a world comes to rest";
const BOUNDED: &str = "events per virtual minute are bounded";
const NO_PANIC: &str = "nothing panics";
const ENDS_AS_EXPECTED: &str = "a script ends as its flow must end, whatever strikes it once";
const TOLD_THE_TRUTH: &str = "at the end an owner is shown what is so";
const STRUCK: &str = "the same run meets the same places";

/// What is played.
#[derive(Clone, Debug, Default)]
pub struct Staging {
    /// What strikes, by the number of its place.
    pub strikes: Vec<(u32, Blow)>,
    /// How far clocks are off: node 0's, node 1's, the store's, in microseconds.
    pub clocks: [i64; 3],
    /// What the nodes' clocks gain in a second, in microseconds.
    pub drift: i64,
    /// Whether a timeline is written.
    pub verbose: bool,
    /// What production is made to do wrong, to see that it is found.
    pub mistake: Option<crate::mistakes::Mistake>,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Played {
    /// The first promise that was broken.
    pub violation: Option<Violation>,
    /// Every place that was met.
    pub places: Vec<Place>,
    /// How it ended.
    pub ending: Ending,
    /// A number that two plays share only if they were the same.
    pub hash: u64,
    /// Virtual microseconds.
    pub micros: i64,
    /// How often each mark was met.
    pub marks: BTreeMap<Mark, u64>,
    /// How often each cell was met.
    pub cells: Counts,
    /// The timeline, if it was written.
    pub lines: Vec<Line>,
}

/// Plays `script`.
#[must_use]
pub fn play(script: &'static Script, staging: &Staging) -> Played {
    let kernel = Kernel::new(Tape::given(SEED, Choices::new()));
    let tame = Setup::draw(&Kernel::new(Tape::given(SEED, Choices::new())), SEED, None);
    let mut setup = script.setup(&tame);
    setup.clocks = vec![(staging.clocks[0], staging.drift), (staging.clocks[1], staging.drift)];
    setup.store_ahead = staging.clocks[2];
    let world = World::new(Arc::clone(&kernel), setup, staging.verbose);
    world.follow(Plan::new(&staging.strikes).with_refund_end(script.refunds_end()));
    if let Some(mistake) = staging.mistake {
        world.make(mistake);
    }
    let played = catch_unwind(AssertUnwindSafe(|| act(&world, script)));
    if let Err(why) = played {
        let words = why.downcast_ref::<String>().cloned();
        let words = words.or_else(|| why.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        world.chronicle.violated("P0", NO_PANIC, words.unwrap_or_default());
    }
    let ending = ending(&world);
    let places = world.plan().map(Plan::places).unwrap_or_default();
    let Inside { lines, marks, cells, violation } = world.chronicle.close();
    world.end();
    let (hash, micros) = (kernel.hash(), kernel.now());
    Played { violation, places, ending, hash, micros, marks, cells, lines }
}

fn act(world: &Arc<World>, script: &'static Script) {
    for node in 0..world.setup.nodes {
        world.boot(node);
    }
    stock_shelves(world, &world.setup);
    let people: Vec<Client> =
        (1..=script.people()).map(|actor| Client::new(world, register(world, actor))).collect();
    let post = Arc::clone(world);
    world.kernel.spawn(
        Home::Outside,
        Label::default(),
        async move { deliver_for_ever(post).await },
    );
    let done = Arc::new(AtomicBool::new(false));
    let (playing, end) = (Arc::clone(world), Arc::clone(&done));
    world.kernel.spawn(Home::Outside, Label { whose: 1, errand: 0 }, async move {
        playing.kernel.sleep(BEFORE).await;
        script.play(people).await;
        end.store(true, Ordering::Relaxed);
    });
    let longest = if script.lasts_until_morning() { LONGEST + A_NIGHT } else { LONGEST };
    let Some(rest) = until_rest(world, &done, longest) else { return };
    world.calm();
    let shown = show(world);
    judge(world, rest);
    if !world.chronicle.is_violated() && !shown {
        let late = "nobody answered the last look".to_owned();
        world.chronicle.violated("I42", TOLD_THE_TRUTH, late);
    }
    expect(world, script);
}

/// Goes on until the script is over, everything has struck and nothing moves; `None` after a
/// violation.
fn until_rest(world: &Arc<World>, done: &AtomicBool, longest: i64) -> Option<Rest> {
    let plan = world.plan()?;
    let mut right_since = 0;
    let mut looks = 0_u32;
    loop {
        let events = world.kernel.events();
        let until = world.kernel.now().saturating_add(LOOK.max(world.patience()));
        world.kernel.run(until, || world.chronicle.is_violated());
        if world.chronicle.is_violated() {
            return None;
        }
        let spent = world.kernel.events().saturating_sub(events);
        if spent > EVENTS_A_LOOK {
            let seen = format!("{spent} events in five seconds");
            world.chronicle.violated("I47", BOUNDED, seen);
            return None;
        }
        let (now, pending) = (world.kernel.now(), plan.pending());
        if pending > 0 && now > longest {
            let seen = format!("{pending} of the places to be struck were never met");
            world.chronicle.violated("S2", STRUCK, seen);
            return None;
        }
        looks = looks.saturating_add(1);
        if world.failovers() > 0 && now >= plan.over() && looks.is_multiple_of(LOOKS_A_BILL) {
            tell_what_was_lost(world);
        }
        // The store's clock is put right once the script is over; a node's never is.
        if done.load(Ordering::Relaxed) && world.store_time.ahead() != 0 {
            // What was promised by a clock that was ahead is due so much later by the right one.
            right_since = now.saturating_add(world.store_time.ahead().max(0));
            world.store_time.correct();
        }
        // What is done above does not depend on what is still to strike: up to its place the run is
        // the one that numbered it.
        if pending > 0 {
            continue;
        }
        let rest = Rest { since: plan.over().max(right_since) };
        let restless = restless(world, rest).or_else(|| unfinished(world));
        if world.chronicle.is_violated() {
            return None;
        }
        match restless {
            None if done.load(Ordering::Relaxed) && now >= rest.since => return Some(rest),
            why if now > longest => {
                let why = why.unwrap_or_else(|| "its people are not done".to_owned());
                world.chronicle.violated("I44", AT_REST, why);
                return None;
            }
            None | Some(_) => {}
        }
    }
}

/// Whether nothing moves any more: the day is over.
pub(super) fn is_quiet(world: &World) -> bool {
    let rest = Rest { since: world.kernel.now() };
    restless(world, rest).or_else(|| unfinished(world)).is_none()
}

/// A refund of which the last word is not said, or money of others that nobody was shown.
fn unfinished(world: &World) -> Option<String> {
    let foreign = world.wechat.truth(|truth| truth.foreign.clone());
    let shown = foreign_cases(world);
    if let Some(number) = foreign.iter().find(|number| !shown.contains(number)) {
        return Some(format!("nobody was shown {number}"));
    }
    let under_way = world.wechat.refunds().into_iter().find(|refund| refund.status == "PROCESSING");
    if let Some(refund) = under_way {
        return Some(format!("{} is on its way", refund.out_refund_no));
    }
    world.oracle.look(|seen| {
        let mut refunds = seen.orders.values().flat_map(|order| &order.refunds);
        let open = refunds.find(|refund| !super::ending::is_over(refund))?;
        Some(format!("{} is {:?}", open.out_refund_no, open.state.status()))
    })
}

/// The numbers of others that a case is about.
fn foreign_cases(world: &World) -> Vec<String> {
    let cases = world.store.look().map(|look| look.cases).unwrap_or_default();
    let foreign = cases.into_iter().filter(|case| case.kind == CaseKind::Foreign);
    foreign.map(|case| case.subject).collect()
}

fn ending(world: &World) -> Ending {
    let foreign = foreign_cases(world).len();
    let owed = world.store.view(|stored| {
        let owed = |(_, kind, held, _): (_, BuyerAccount, i64, _)| match kind {
            BuyerAccount::Receivable(Unit::Fen) => -held,
            BuyerAccount::Wallet | BuyerAccount::Points | BuyerAccount::Receivable(_) => 0,
        };
        stored.accounts().map(owed).sum::<i64>()
    });
    let sums = (world.oracle.points_spent(), owed.unwrap_or(0));
    world.oracle.look(|seen| Ending::of(seen.orders.values(), foreign, sums))
}

/// Every owner looks once more; whether all of them were answered.
fn show(world: &Arc<World>) -> bool {
    let orders: Vec<domain::order::Order> =
        world.oracle.look(|seen| seen.orders.values().cloned().collect());
    let mut all = true;
    for order in orders {
        let Some(buyer) = order.buyer else { continue };
        let (done, answer) = letter();
        let looking = Arc::clone(world);
        let number = order.number.clone();
        world.kernel.spawn(Home::Outside, Label::default(), async move {
            done.send(super::client::look(&looking, buyer, &number).await);
        });
        let (got, waiting) = (Arc::new(AtomicBool::new(false)), Arc::clone(world));
        let set = Arc::clone(&got);
        world.kernel.spawn(Home::Outside, Label::default(), async move {
            let seen = answer.wait(&waiting.kernel, LOOK).await.flatten();
            if let Some(seen) = seen {
                set.store(true, Ordering::Relaxed);
                if !is_told(&order, &seen) {
                    let number = Some(order.number.as_str());
                    let seen = format!("{:?}, paid: {}", seen.status, seen.paid);
                    waiting.chronicle.violated_by("I41", TOLD_THE_TRUTH, number, seen);
                }
            }
        });
        let until = world.kernel.now().saturating_add(LOOK);
        world.kernel.run(until, || false);
        all &= got.load(Ordering::Relaxed);
    }
    all
}

/// Whether a refund met a definite refusal.
fn is_a_refund_refused(world: &World) -> bool {
    world.plan().is_some_and(|plan| plan.has_struck("refund", Fault::Definite))
}

/// The script's own expectation.
fn expect(world: &World, script: &Script) {
    let ending = ending(world);
    let is_known = |words: &str| {
        script.endings.contains(&words) || (world.failovers() > 0 && script.may_heal_to(words))
    };
    // A refund that WeChat Pay refuses stays where it is, instead of ending in its own way.
    let refused = ["is back", "abnormal", "settled offline"]
        .iter()
        .any(|end| is_known(&ending.words.replace("rejected", end)));
    let is_expected = is_known(&ending.words) || (is_a_refund_refused(world) && refused);
    if !is_expected {
        let seen = format!("it ended as “{}”", ending.words);
        world.chronicle.violated("E1", ENDS_AS_EXPECTED, seen);
    }
}
