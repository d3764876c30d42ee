//! One node of the service: a machine with a clock, and one life of the application after another.
//!
//! The application is production's own, wired to ports that can fail. What production's shells do
//! (`scheduler`, `http-api`) is done here by `worker.rs` and `front.rs`, without their runtimes.

mod download;
mod front;
mod journey;
mod looks;
mod notices;
mod store;
mod transport;
mod worker;

pub use front::{Ask, Moving, Outcome, Said, Seen, Setting, ask};
pub(crate) use front::{CARD, again};
pub(crate) use looks::Looks;
pub(crate) use notices::notify_other;
pub use notices::{Honesty, Notification, notify};
pub(crate) use store::FAILOVER;
pub(crate) use transport::{OVERTAKEN, order_of as transport_order_of};

use crate::ids::SimIds;
use crate::kernel::{Bell, Home, Kernel, Label};
use crate::matrix::Flow;
use crate::tape::Kind;
use crate::time::{Machine, NodeClock, SECOND};
use crate::wechat::Keys;
use crate::world::World;
use domain::Fen;
use domain::names::{Appid, Mchid};
use domain::ports::{Committed, EventSink, LoginError, LoginGateway, PortFuture};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::SimStore;
use transport::SimTransport;
use usecases::{Epochs, Paydesk, QueryBudget, ReportRoom};
use wechatpay::WechatPay;

/// An operator's refund above this waits for another person, in fen: one tea goes, two wait.
pub(crate) const APPROVAL_ABOVE_FEN: i64 = 10_000;
/// How long a dead node stays dead at least.
const DEAD: i64 = SECOND;

/// A node.
pub struct Node {
    /// Its machine.
    pub machine: Arc<Machine>,
    life: Mutex<Life>,
}

#[derive(Default)]
struct Life {
    /// Which life this is, from 1.
    number: u32,
    /// The application, while it serves.
    desk: Option<Arc<Paydesk>>,
    /// Its way to WeChat Pay, as long.
    client: Option<Arc<WechatPay>>,
    /// Whether it lives, serving or not.
    alive: bool,
    /// Jobs in hand.
    in_hand: u32,
}

/// What one life of a node works with.
#[derive(Clone)]
struct Serving {
    world: Arc<World>,
    node: u32,
    life: u32,
    desk: Arc<Paydesk>,
    store: Arc<SimStore>,
    client: Arc<WechatPay>,
    bell: Arc<Bell>,
}

impl Node {
    /// A node that never lived, whose clock is ahead and gains as `clock` says.
    #[must_use]
    pub fn new(kernel: &Arc<Kernel>, clock: (i64, i64)) -> Node {
        let machine = Machine::new(Arc::clone(kernel), clock.0, clock.1);
        Node { machine: Arc::new(machine), life: Mutex::default() }
    }

    /// The application, if it serves.
    #[must_use]
    pub fn desk(&self) -> Option<Arc<Paydesk>> {
        self.life().desk.clone()
    }

    /// Its way to WeChat Pay, if it serves.
    pub(crate) fn client(&self) -> Option<Arc<WechatPay>> {
        self.life().client.clone()
    }

    /// Whether it serves.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.life().desk.is_some()
    }

    /// Where its tasks live, in this life.
    #[must_use]
    pub fn home(&self, node: u32) -> Home {
        Home::Node { node, life: self.life().number }
    }

    /// Lets go of the application.
    pub fn forget(&self) {
        let (desk, client) = {
            let mut life = self.life();
            (life.desk.take(), life.client.take())
        };
        drop((desk, client));
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl World {
    /// Starts a node's next life.
    pub fn boot(self: &Arc<World>, node: u32) {
        let Some(at) = self.node(node) else { return };
        let number = {
            let mut life = at.life();
            if life.alive {
                return;
            }
            life.alive = true;
            life.in_hand = 0;
            life.number = life.number.saturating_add(1);
            life.number
        };
        self.chronicle.say(|| format!("node {node}"), None, || format!("starts, life {number}"));
        let world = Arc::clone(self);
        let home = Home::Node { node, life: number };
        self.kernel.spawn(home, Label::default(), async move {
            let serving = world.wire(node, number);
            // As production: the store's clock is measured before anything is served.
            while !serving.store.ping().await {
                world.kernel.sleep(SECOND).await;
            }
            if let Some(at) = world.node(node) {
                let mut life = at.life();
                life.desk = Some(Arc::clone(&serving.desk));
                life.client = Some(Arc::clone(&serving.client));
            }
            // They may have changed while it waited for the store.
            world.read_keys(node);
            worker::start(&serving);
        });
    }

    /// A node dies at this very instant, and starts again after a while.
    pub fn crash(self: &Arc<World>, node: u32, why: &str) {
        let Some(at) = self.node(node) else { return };
        let (number, desk) = {
            let mut life = at.life();
            if !life.alive {
                return;
            }
            life.alive = false;
            if life.in_hand > 0 {
                self.chronicle.sometimes(crate::marks::Mark::CrashWithLeasedJob);
            }
            (life.number, (life.desk.take(), life.client.take()))
        };
        self.chronicle.say(|| format!("node {node}"), None, || format!("dies: {why}"));
        self.kernel.kill(Home::Node { node, life: number });
        drop(desk);
        if self.nodes.iter().all(|node| !node.is_up()) {
            self.chronicle.sometimes(crate::marks::Mark::AllNodesDown);
        }
        let steps = i64::from(self.kernel.draw(Kind::Node, node, 8));
        let world = Arc::clone(self);
        self.kernel.spawn(Home::Outside, Label::default(), async move {
            world.kernel.sleep(DEAD.saturating_add(steps * steps * SECOND)).await;
            world.boot(node);
        });
    }

    /// The node of this number.
    #[must_use]
    pub fn node(&self, node: u32) -> Option<&Node> {
        self.nodes.get(usize::try_from(node).ok()?)
    }

    /// Dies here and goes no further.
    pub(crate) async fn die(self: &Arc<World>, node: u32, why: &str) {
        self.crash(node, why);
        std::future::pending::<()>().await;
    }

    fn wire(self: &Arc<World>, node: u32, life: u32) -> Serving {
        let machine = self.node(node).map(|node| Arc::clone(&node.machine));
        let machine = machine.unwrap_or_else(|| Arc::new(Machine::new(self.kernel.clone(), 0, 0)));
        let clock = Arc::new(NodeClock::new(machine));
        let ids =
            SimIds::new(self.kernel.clone(), self.setup.seed, (node, life), self.setup.numbers);
        let ids = Arc::new(ids);
        let store = Arc::new(SimStore::new(Arc::clone(self), node, Arc::clone(&clock)));
        let transport = Arc::new(SimTransport::new(Arc::clone(self), node));
        let wechat_pay = Arc::new(self.client(clock.clone(), transport, ids.clone()));
        let bell = Arc::new(Bell::default());
        let desk = Paydesk {
            orders: store.clone(),
            jobs: store.clone(),
            catalogue: store.clone(),
            rules: store.clone(),
            packages: store.clone(),
            ledger: store.clone(),
            coupons: store.clone(),
            book: store.clone(),
            access: store.clone(),
            cases: store.clone(),
            invariants: store.clone(),
            gateway: crate::mistakes::gateway(self, wechat_pay.clone()),
            notices: wechat_pay.clone(),
            login: Arc::new(NobodyLogsIn),
            shipping: None,
            clock,
            ids,
            events: Arc::new(Rings(Arc::clone(&bell))),
            query_budget: QueryBudget::new(self.setup.queries_per_s),
            report_room: ReportRoom::default(),
            epochs: Epochs::default(),
            settings: settings(self.setup.deadline_s),
        };
        let (world, desk, client) = (Arc::clone(self), Arc::new(desk), wechat_pay);
        Serving { world, node, life, desk, store, client, bell }
    }

    fn client(
        &self,
        clock: Arc<NodeClock>,
        transport: Arc<SimTransport>,
        ids: Arc<SimIds>,
    ) -> WechatPay {
        let settings = self.wechat.keys().client(self.configured_keys());
        let scheme = self.wechat.keys().scheme();
        let ports = wechatpay::Ports { clock, transport, nonces: ids, scheme };
        match WechatPay::over(&settings, ports) {
            Ok(client) => client,
            #[expect(clippy::panic, reason = "the settings are constants of this crate")]
            Err(why) => panic!("the client's settings are wrong: {why}"),
        }
    }
}

/// What the merchant of every world has set.
fn settings(deadline_s: i64) -> usecases::Settings {
    usecases::Settings {
        deployment_id: "sim".to_owned(),
        mchid: Mchid::new(Keys::MCHID),
        appid: Appid::new(Keys::APPID),
        mobile_appid: Some(Appid::new(Keys::MOBILE_APPID)),
        checkout_deadline_s: deadline_s,
        direct_deadline_s: deadline_s,
        session_s: 3_600,
        longest_call_s: transport::TIMEOUT / SECOND,
        pace: domain::Pace::DESIGNED,
        refund_approval_above: Fen::new(APPROVAL_ABOVE_FEN),
    }
}

struct Rings(Arc<Bell>);

impl EventSink for Rings {
    fn committed(&self, committed: &Committed) {
        if committed.next_due.is_some() {
            self.0.ring();
        }
    }
}

/// Buyers of a world are known already.
struct NobodyLogsIn;

impl LoginGateway for NobodyLogsIn {
    fn openid<'a>(
        &'a self,
        _code: &'a str,
    ) -> PortFuture<'a, Result<(Appid, domain::names::Openid), LoginError>> {
        Box::pin(std::future::ready(Err(LoginError::Refused(40_029))))
    }
}

/// What a task on a node is about.
fn label(whose: u32, flow: Flow) -> Label {
    Label { whose, errand: flow.number() }
}
