//! What the suite cannot see: the whole state, and what is lost of it.

mod indexes;
mod losses;
mod refusals;

use crate::MemoryStore;
use crate::state::State;
use domain::changeset::Changeset;
use domain::order::Order;
use domain::ports::{Clock, CommitAnswer, IdSource as _, OrderKey, OrderStore as _, PortFuture};
use domain::{OrderId, Timestamp};
use std::future::Future as _;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use testkit::conformance::{changing, placing};
use testkit::{TestClock, TestIds, commands, sample};

/// A store with goods, whose orders have random histories.
struct World {
    store: MemoryStore,
    clock: Arc<TestClock>,
    chance: TestIds,
    orders: Vec<OrderId>,
    steps: u64,
}

/// The memory store never waits.
fn now<T>(future: PortFuture<'_, T>) -> T {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("the memory store waits"),
    }
}

impl World {
    fn seeded(seed: u64) -> World {
        let clock = Arc::new(TestClock::default());
        let store = MemoryStore::new(clock.clone());
        let world =
            World { store, clock, chance: TestIds::seeded(seed), orders: Vec::new(), steps: 0 };
        for (id, price) in [("a", 300), ("b", 200)] {
            world.put_sku(id, price);
        }
        world
    }

    fn put_sku(&self, id: &str, price: i64) {
        use domain::ports::{Catalogue as _, StockChange};
        let (draft, audit) = (sample::draft(id, price), sample::audit("put"));
        now(self.store.put_sku(&draft, None, &audit, sample::start())).unwrap();
        let replay = sample::replay(&format!("stock-{id}"), None);
        let sku_id = draft.id;
        let change =
            StockChange { sku_id, delta: 10_000, reason: "test".to_owned(), audit, replay };
        now(self.store.move_stock(&change)).unwrap();
    }

    /// Everything, as it is.
    fn state(&self) -> State {
        self.store.state().unwrap().clone()
    }

    fn draw(&self, bound: u64) -> u64 {
        self.chance.order_entropy() % bound
    }

    fn moment(&self) -> Timestamp {
        self.clock.now().plus_seconds(i64::try_from(self.draw(1_700)).unwrap())
    }

    /// The order, unless its commits are lost.
    fn order(&self, id: OrderId) -> Option<Order> {
        now(self.store.load(&OrderKey::Id(id))).unwrap().map(|found| found.value)
    }

    fn name(&mut self) -> String {
        self.steps += 1;
        format!("step-{}", self.steps)
    }

    /// A changeset that can be committed: it places an order, or goes on with one.
    fn next(&mut self) -> Changeset {
        loop {
            let name = self.name();
            if self.orders.len() < 3 || self.draw(12) == 0 {
                return self.placing(&name);
            }
            let n = self.draw(u64::try_from(self.orders.len()).unwrap());
            let Some(order) = self.order(self.orders[usize::try_from(n).unwrap()]) else {
                continue;
            };
            let command = commands::any(&order, self.draw(4), self.draw(1_000), self.draw(1_000));
            let changeset = changing(self.moment(), &order, &command, sample::intent(&name));
            if let Some(changeset) = changeset {
                return changeset;
            }
        }
    }

    fn placing(&mut self, name: &str) -> Changeset {
        use domain::ports::Access as _;
        let openid = domain::names::Openid::new(format!("o-{}", self.steps));
        let user = sample::user(self.steps);
        let appid = sample::appid();
        let buyer = now(self.store.buyer(&appid, &openid, user, sample::start())).unwrap();
        let (a, b) = (sample::sku("a", 300, 1), sample::sku("b", 200, 1));
        let placement = sample::placement(self.steps, buyer, &[(&a, 1), (&b, 2)]);
        self.orders.push(placement.id);
        placing(&placement, sample::intent(name))
    }

    fn commit(&self, changeset: Changeset) -> CommitAnswer {
        now(self.store.commit(changeset))
    }
}
