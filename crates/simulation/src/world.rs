//! One world: the machine, WeChat Pay, the store, the nodes, and who watches them.
//!
//! Everything that lives in it holds it; [`World::end`] lets go of all of that.

use crate::beside::Beside;
use crate::chronicle::Chronicle;
use crate::kernel::{Home, Kernel, Label};
use crate::matrix::{Fault, Flow, Step};
use crate::mistakes::Mistake;
use crate::morning::Morning;
use crate::node::{Looks, Node};
use crate::oracle::{Oracle, Seen};
use crate::our_keys::OurKeys;
use crate::plan::{Plan, Spot};
use crate::setup::{Setup, Variant};
use crate::tape::{Kind, below};
use crate::time::{MILLI, StoreTime, instant};
use crate::wechat::{Keys, WeChat};
use domain::{Epoch, Timestamp};
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use store_memory::MemoryStore;

/// What happens more often because it is done seldom happens no more often than this, in
/// ten-thousandths.
const OFTEN_MAX: u32 = 400;

/// A world.
pub struct World {
    /// The machine under it.
    pub kernel: Arc<Kernel>,
    /// How it was set up.
    pub setup: Setup,
    /// What happens in it.
    pub chronicle: Chronicle,
    /// The other side.
    pub wechat: WeChat,
    /// What all nodes share.
    pub store: Arc<MemoryStore>,
    /// The store's clock.
    pub store_time: Arc<StoreTime>,
    /// Who watches.
    pub oracle: Oracle,
    /// Who serves.
    pub nodes: Vec<Node>,
    /// What was asked last, so that somebody else can ask the same.
    pub(crate) beside: Beside,
    /// Where our own keys are replaced.
    pub(crate) our_keys: OurKeys,
    /// The morning after, and what is fetched then.
    pub(crate) morning: Morning,
    /// Which faults happen, where they are given instead of drawn.
    plan: OnceLock<Plan>,
    /// What production is made to do wrong, if anything.
    mistake: OnceLock<Mistake>,
    /// Whether faults happen.
    stormy: AtomicBool,
    /// Whether buyers still come.
    open: AtomicBool,
    /// How many buyers still buy.
    shoppers: AtomicI64,
    /// Until when the store is down, in microseconds.
    down_until: AtomicI64,
    /// How many failovers lost commits.
    failovers: AtomicU32,
    /// When workers look again.
    pub(crate) looks: Looks,
    /// How long who has nothing to do waits, in microseconds.
    patience: AtomicI64,
}

impl World {
    /// A world as `setup` says, at its first instant.
    #[must_use]
    pub fn new(kernel: Arc<Kernel>, setup: Setup, verbose: bool) -> Arc<World> {
        let store_time = Arc::new(StoreTime::new(Arc::clone(&kernel), setup.store_ahead));
        let store = Arc::new(MemoryStore::new(store_time.clone()));
        let keys = if setup.rsa { Keys::rsa() } else { Keys::tags(setup.verification) };
        let nodes = setup.clocks.iter().map(|clock| Node::new(&kernel, *clock)).collect();
        Arc::new(World {
            chronicle: Chronicle::new(Arc::clone(&kernel), verbose),
            wechat: WeChat::new(&setup, keys),
            oracle: Oracle::default(),
            kernel,
            setup,
            store,
            store_time,
            nodes,
            beside: Beside::default(),
            our_keys: OurKeys::default(),
            morning: Morning::default(),
            plan: OnceLock::new(),
            mistake: OnceLock::new(),
            stormy: AtomicBool::new(true),
            open: AtomicBool::new(true),
            shoppers: AtomicI64::new(0),
            down_until: AtomicI64::new(0),
            failovers: AtomicU32::new(0),
            looks: Looks::default(),
            patience: AtomicI64::new(0),
        })
    }

    /// The true time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        instant(self.kernel.now())
    }

    /// Whether faults still happen.
    #[must_use]
    pub fn is_stormy(&self) -> bool {
        self.stormy.load(Ordering::Relaxed)
    }

    /// Whether buyers still come.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    /// How many buyers still buy.
    #[must_use]
    pub fn shoppers(&self) -> i64 {
        self.shoppers.load(Ordering::Relaxed)
    }

    /// A buyer comes (1) or goes (-1).
    pub fn comes(&self, by: i64) {
        self.shoppers.fetch_add(by, Ordering::Relaxed);
    }

    /// No more faults and no more buyers.
    pub fn calm(&self) {
        self.stormy.store(false, Ordering::Relaxed);
        self.open.store(false, Ordering::Relaxed);
        self.down_until.store(0, Ordering::Relaxed);
        self.settle_our_keys();
    }

    /// From now on no fault is drawn: those of `plan` happen. The first plan stays.
    pub fn follow(&self, plan: Plan) {
        drop(self.plan.set(plan));
    }

    /// The plan, where faults are given.
    #[must_use]
    pub fn plan(&self) -> Option<&Plan> {
        self.plan.get()
    }

    /// From now on production makes this mistake. The first one stays.
    pub fn make(&self, mistake: Mistake) {
        self.mistake.get_or_init(|| mistake);
    }

    /// What production is made to do wrong.
    #[must_use]
    pub fn mistake(&self) -> Option<Mistake> {
        self.mistake.get().copied()
    }

    /// The fault that happens at this step, of those that can; it is counted. `kind` names the
    /// stream it is drawn from.
    pub fn fault(self: &Arc<World>, kind: Kind, spot: Spot, candidates: &[Fault]) -> Option<Fault> {
        // The morning after, faults meet those who fetch bills, and nobody else.
        let strikes = self.is_stormy() || (self.morning.is_windy() && self.flow() == Flow::Bill);
        if !strikes {
            return None;
        }
        match self.plan() {
            Some(plan) => plan.meet(self, spot),
            None => {
                let fault = self.drawn_fault(kind, spot.step, candidates)?;
                self.has_happen(kind, spot, fault)
            }
        }
    }

    fn drawn_fault(&self, kind: Kind, step: Step, candidates: &[Fault]) -> Option<Fault> {
        let bound = u32::try_from(candidates.len()).unwrap_or(0).saturating_add(1);
        let whose = self.kernel.label().whose;
        // A job that loses its lease, or its only node, thirty times in a row is set aside, and should be.
        let is_set_aside = self.setup.variant == Variant::ShortLeases || self.setup.nodes == 1;
        let times = if is_set_aside { 1 } else { often(self.flow(), step) };
        let pick = |chance| self.pick(candidates, times, chance);
        let picked = self.kernel.choose(kind, whose, bound, pick);
        let index = usize::try_from(picked.checked_sub(1)?).ok()?;
        candidates.get(index).copied()
    }

    /// How a fault comes about that has more than one way: a choice below `bound`.
    pub fn how(&self, fault: Fault, kind: Kind, bound: u32) -> u32 {
        let given = self.plan().and_then(|plan| plan.how(fault));
        match given {
            Some(how) => how.min(bound.saturating_sub(1)),
            None => self.draw(kind, bound),
        }
    }

    fn pick(&self, candidates: &[Fault], times: u32, chance: u64) -> u32 {
        let mut level = below(chance, 10_000);
        for (number, fault) in (1..).zip(candidates) {
            let drawn = self.setup.rates.get(fault.index()).copied().unwrap_or(0);
            let rate = drawn.max(OFTEN_MAX.min(drawn.saturating_mul(times)));
            if level < rate {
                return number;
            }
            level = level.saturating_sub(rate);
        }
        0
    }

    /// A choice below `bound` of whoever acts now.
    pub fn draw(&self, kind: Kind, bound: u32) -> u32 {
        self.kernel.draw(kind, self.kernel.label().whose, bound)
    }

    /// The fault met this step of the running flow.
    pub fn met(&self, step: Step, fault: Fault) {
        let flow = self.flow();
        if flow != Flow::None {
            self.chronicle.met((flow, step, fault));
        }
    }

    /// What the running task does.
    #[must_use]
    pub fn flow(&self) -> Flow {
        Flow::of(self.kernel.label().errand)
    }

    /// From now on the running task does something else.
    pub fn turn_to(&self, flow: Flow) {
        let label = self.kernel.label();
        self.kernel.relabel(Label { errand: flow.number(), ..label });
    }

    /// Notes something of the node that the running task lives on.
    pub(crate) fn say_of_home(&self, what: &str) {
        if let Home::Node { node, .. } = self.kernel.home() {
            self.chronicle.say(|| format!("node {node}"), None, || what.to_owned());
        }
    }

    /// Starts a task outside of every node, on behalf of whoever runs now.
    pub fn outside(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.kernel.spawn(Home::Outside, self.kernel.label(), work);
    }

    /// How long a message travels: mostly a millisecond or two, sometimes tens of them.
    pub fn travel(&self) -> i64 {
        let steps = i64::from(self.draw(Kind::Travel, 16));
        MILLI / 2 + steps.saturating_mul(steps).saturating_mul(200)
    }

    /// How long one way to the store takes.
    pub fn store_trip(&self) -> i64 {
        let steps = i64::from(self.draw(Kind::StoreTime, 12));
        100 + steps.saturating_mul(steps).saturating_mul(60)
    }

    /// Until when the store is down.
    #[must_use]
    pub fn down_until(&self) -> i64 {
        self.down_until.load(Ordering::Relaxed)
    }

    /// The store is down for so long from now.
    pub fn take_store_down(&self, micros: i64) {
        let until = self.kernel.now().saturating_add(micros);
        self.down_until.fetch_max(until, Ordering::Relaxed);
        self.chronicle.say(
            || "store".to_owned(),
            None,
            || format!("is down for {} ms", micros / MILLI),
        );
    }

    /// How many failovers lost commits so far.
    #[must_use]
    pub fn failovers(&self) -> u32 {
        self.failovers.load(Ordering::Relaxed)
    }

    /// Whether acknowledged commits may be lost in this world.
    #[must_use]
    pub fn may_lose_commits(&self) -> bool {
        self.setup.may_lose_commits()
    }

    /// Another server serves, which has not heard of the last `commits`. That takes `micros`.
    pub fn fail_over(&self, commits: usize, micros: i64) {
        if !self.is_stormy() {
            return;
        }
        let life = self.failovers.fetch_add(1, Ordering::Relaxed).saturating_add(2);
        let commits = commits.min(self.oracle.look(Seen::remembers));
        let epoch = Epoch::new(format!("{life}.0"));
        let Ok(lost) = self.store.forget_last(commits, epoch) else { return };
        self.take_store_down(micros);
        self.tell_of_work();
        let say = || format!("fails over and loses {} commits", lost.len());
        self.chronicle.say(|| "store".to_owned(), None, say);
        self.oracle.lost(self, lost.len());
    }

    /// How long a worker waits at most before it looks for work; longer once days are to pass.
    #[must_use]
    pub fn idle(&self) -> i64 {
        self.setup.idle.max(self.patience.load(Ordering::Relaxed))
    }

    /// Days are to pass: nobody looks more often than so.
    pub fn wait_for_days(&self, patience: i64) {
        self.patience.store(patience, Ordering::Relaxed);
    }

    /// For how long nobody looks, in microseconds, while days are to pass; else 0.
    #[must_use]
    pub fn patience(&self) -> i64 {
        self.patience.load(Ordering::Relaxed)
    }

    /// Lets go of everything that lives in it.
    pub fn end(&self) {
        self.kernel.clear();
        for node in &self.nodes {
            node.forget();
        }
    }
}

/// How many times as often as the world has it a fault happens here: what is done seldom would else
/// meet hardly any.
fn often(flow: Flow, step: Step) -> u32 {
    match (flow, step) {
        (Flow::Orphan, _) => 6,
        (Flow::Bill, _) => 12,
        (Flow::Follow, Step::TxPlus) => 3,
        (Flow::Refund, Step::Call) => 2,
        _ => 1,
    }
}
