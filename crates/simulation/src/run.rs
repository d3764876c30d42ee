//! Plays one world: faults and buyers first, then calm, until nothing moves or it is late.

use crate::actors::{deliver_for_ever, open_shop};
use crate::beside::PAUSE_MAX;
use crate::chronicle::{Inside, Line, Violation};
use crate::kernel::{Home, Kernel, Label};
use crate::marks::Mark;
use crate::matrix::Counts;
use crate::mistakes::Mistake;
use crate::oracle::{Rest, Seen, judge, judge_after_days, restless};
use crate::our_keys::First;
use crate::setup::{Setup, Variant};
use crate::tape::{Choices, Kind, Tape};
use crate::time::{MILLI, SECOND};
use crate::world::World;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// What to play.
#[derive(Clone, Debug, Default)]
pub struct Play {
    /// Makes ids, and the choices where no tape is given.
    pub seed: u64,
    /// Given choices.
    pub tape: Option<Choices>,
    /// Which world; drawn where it is not said.
    pub variant: Option<Variant>,
    /// Whether a timeline is written.
    pub verbose: bool,
    /// Whether choices are remembered.
    pub remember: bool,
    /// Whether one seed in a hundred is made to fail.
    pub canary: bool,
    /// The mistake that production makes on purpose.
    pub mistake: Option<Mistake>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The first promise that was broken.
    pub violation: Option<Violation>,
    /// A number that two plays share only if they were the same.
    pub hash: u64,
    /// How many orders lived their life.
    pub lifetimes: u64,
    /// How many times a task was polled.
    pub events: u64,
    /// Virtual microseconds.
    pub micros: i64,
    /// How often each mark was met.
    pub marks: BTreeMap<Mark, u64>,
    /// How often each cell was met.
    pub cells: Counts,
    /// The timeline, if it was written.
    pub lines: Vec<Line>,
    /// The choices that were not 0, if they were remembered.
    pub drawn: Choices,
    /// What kind of world it was.
    pub setup: Option<Setup>,
}

/// The longest that faults last, in seconds.
const STORM_S: i64 = 1_200;
/// How often it is looked whether a world is at rest, in microseconds.
const LOOK: i64 = 10 * SECOND;
/// Long enough for a delivered order to complete by itself, in microseconds.
const DAYS: i64 = 8 * 24 * HOUR;
const HOUR: i64 = 3_600 * SECOND;
/// As often as this what was lost is told again.
const LOOKS_A_BILL: u32 = 6;
/// No world goes on for longer than this after faults have ceased, in seconds.
const REST_MAX_S: i64 = 3 * 3_600;
/// More events than this between two looks are a loop.
const EVENTS_A_LOOK: u64 = 6_000;

/// Plays a world from beginning to end.
#[must_use]
pub fn play(play: &Play) -> Outcome {
    let tape = match &play.tape {
        Some(choices) => Tape::given(play.seed, choices.clone()),
        None => Tape::of_seed(play.seed),
    };
    let kernel = Kernel::new(if play.remember { tape.remembering() } else { tape });
    let setup = Setup::draw(&kernel, play.seed, play.variant);
    let world = World::new(Arc::clone(&kernel), setup, play.verbose);
    if let Some(mistake) = play.mistake {
        world.make(mistake);
    }
    let played = catch_unwind(AssertUnwindSafe(|| storm_and_calm(&world, play)));
    if let Err(why) = played {
        let words = why.downcast_ref::<String>().cloned();
        let words = words.or_else(|| why.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        let sentence = "nothing panics";
        world.chronicle.violated("P0", sentence, words.unwrap_or_default());
    }
    let lifetimes = world.oracle.look(|seen| seen.lifetimes);
    let Inside { lines, marks, cells, violation } = world.chronicle.close();
    let setup = Some(world.setup.clone());
    world.end();
    Outcome {
        violation,
        hash: kernel.hash(),
        lifetimes,
        events: kernel.events(),
        micros: kernel.now(),
        marks,
        cells,
        lines,
        drawn: kernel.drawn(),
        setup,
    }
}

fn storm_and_calm(world: &Arc<World>, play: &Play) {
    for node in 0..world.setup.nodes {
        world.boot(node);
    }
    let _buyers = open_shop(world);
    let post = Arc::clone(world);
    world.kernel.spawn(
        Home::Outside,
        Label::default(),
        async move { deliver_for_ever(post).await },
    );
    let weather = Arc::clone(world);
    world.kernel.spawn(Home::Outside, Label::default(), async move { bad_weather(weather).await });
    // Half of the worlds go on under faults until everything is over, the others grow calm as soon
    // as nobody comes any more.
    let is_long = world.kernel.draw(Kind::Swarm, 0, 2) == 1;
    run_until(world, STORM_S * SECOND, || {
        world.shoppers() == 0 && (!is_long || world.oracle.look(Seen::is_all_over))
    });
    if play.canary && play.seed.is_multiple_of(100) {
        crate::canary::sing(world);
    }
    calm(world);
}

/// Faults off, clocks right, everybody lives.
fn calm(world: &Arc<World>) {
    world.calm();
    // What was promised by a clock that was ahead is due so much later by the right one.
    let ahead = world.store_time.ahead().max(0);
    world.store_time.correct();
    world.tell_of_work();
    world.kernel.release();
    world.chronicle.say(|| "world".to_owned(), None, || "faults cease".to_owned());
    let rest = Rest { since: world.kernel.now().saturating_add(ahead) };
    let end = rest.since.saturating_add(REST_MAX_S * SECOND);
    let mut looks = 0_u32;
    loop {
        if looks.is_multiple_of(LOOKS_A_BILL) {
            crate::actors::tell_what_was_lost(world);
        }
        looks = looks.saturating_add(1);
        let until = world.kernel.now().saturating_add(LOOK);
        run_until(world, until, || false);
        let moves = restless(world, rest);
        if world.chronicle.is_violated() {
            return;
        }
        match moves {
            None => break,
            Some(why) if until >= end => {
                world.chronicle.violated("I44", "a world comes to rest", why);
                return;
            }
            Some(_) => {}
        }
    }
    judge(world, rest);
    if let Some(bills) = world.setup.bills.filter(|_| !world.chronicle.is_violated()) {
        crate::morning::fetch_bills(world, bills);
    }
    if world.setup.lasts && !world.chronicle.is_violated() {
        let until = world.kernel.now().saturating_add(DAYS);
        world.wait_for_days(HOUR);
        run_until(world, until, || false);
        judge_after_days(world);
    }
}

/// Runs, and watches that nothing spins.
pub(crate) fn run_until(world: &World, until: i64, done: impl Fn() -> bool) {
    while world.kernel.now() < until {
        let events = world.kernel.events();
        let next = world.kernel.now().saturating_add(LOOK).min(until);
        world.kernel.run(next, || world.chronicle.is_violated());
        if world.chronicle.is_violated() || done() {
            return;
        }
        let spent = world.kernel.events().saturating_sub(events);
        if spent > EVENTS_A_LOOK {
            let seen = format!("{spent} events in ten seconds");
            world.chronicle.violated("I47", "events per virtual minute are bounded", seen);
            return;
        }
    }
}

/// Nodes die, stand still, and have their clocks put wrong, by themselves.
async fn bad_weather(world: Arc<World>) {
    let rate = world.setup.weather;
    if rate == 0 {
        return;
    }
    while world.is_stormy() {
        world.kernel.sleep(15 * SECOND).await;
        for node in 0..world.setup.nodes {
            let strikes = |chance: u64| u32::from(crate::tape::below(chance, 40_000) < rate);
            if world.kernel.choose(Kind::Weather, node, 2, strikes) == 0 || !world.is_stormy() {
                continue;
            }
            match world.kernel.draw(Kind::Weather, node, 4) {
                2 => change_keys(&world, node),
                0 => world.crash(node, "by itself"),
                1 => {
                    let steps = i64::from(world.kernel.draw(Kind::Weather, node, 32)) + 1;
                    // Who calls WeChat Pay after a failover because it was decided before it,
                    // stood still for longer than a failover takes: that is taken not to happen.
                    let pause = steps * steps * 500 * MILLI;
                    let is_short = world.may_lose_commits();
                    hold(&world, node, if is_short { pause.min(PAUSE_MAX) } else { pause });
                }
                _ => {
                    let seconds = i64::from(world.kernel.draw(Kind::Weather, node, 20)) + 1;
                    world.take_store_down(seconds * SECOND);
                }
            }
        }
    }
}

/// WeChat Pay's, or ours.
fn change_keys(world: &Arc<World>, node: u32) {
    let draw = |bound: u32| world.kernel.draw(Kind::Weather, node, bound);
    if draw(2) == 0 {
        if world.wechat.rotate() {
            let what = || "signs with a new certificate".to_owned();
            world.chronicle.say(|| "WeChat Pay".to_owned(), None, what);
        }
        return;
    }
    let first = if draw(2) == 0 { First::Configuration } else { First::WeChatPay };
    let gaps = [0, 0].map(|_: i32| i64::from(draw(8)).pow(2) * SECOND);
    let _replaces = world.replace_our_keys(first, gaps);
}

fn hold(world: &World, node: u32, micros: i64) {
    let Some(at) = world.node(node) else { return };
    let until = world.kernel.now().saturating_add(micros);
    world.chronicle.sometimes(Mark::NodeHeldWhileWorking);
    world.chronicle.say(
        || format!("node {node}"),
        None,
        || format!("stands still for {} ms", micros / MILLI),
    );
    world.kernel.hold(at.home(node), until);
}
