//! Who uses the service: buyers with their whims, operators, forgers. They act through the use
//! cases as HTTP clients would, and know only what they were answered.

mod bill;
mod buyer;
pub(crate) mod cashier;
pub(crate) mod clerk;
mod console;
mod courier;
mod debts;
mod forger;
pub(crate) mod offers;
pub(crate) mod office;
mod operator;
mod others;
mod post;

pub use bill::tell_what_was_lost;
pub(crate) use buyer::SPENT;
pub use buyer::{LATER_WHIMS, Whim};
pub use post::deliver_for_ever;
pub(crate) use post::raw_notice;

use crate::kernel::{Home, Label};
use crate::setup::Setup;
use crate::tape::Kind;
use crate::time::SECOND;
use crate::world::World;
use domain::buyer::Address;
use domain::catalogue::{SkuDraft, SkuId, SkuStatus, StockLevel};
use domain::changeset::{Audit, Changeset, Intent, ReplayRecord, ReplayScope};
use domain::names::{Appid, Openid};
use domain::ports::{
    Access as _, BuyerBook as _, Catalogue as _, CommitAnswer, OrderStore as _, Packages as _,
    PutAnswer, StockChange,
};
use domain::recharge::{Credit, PackageId, Promise, RechargePackage};
use domain::{Fen, Timestamp, UserId};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use usecases::Epochs;
use uuid::Uuid;

/// What is sold: its id, its price in fen, and how many there are for each buyer.
const GOODS: [(&str, i64, i64); 3] = [("tea", 9_900, 40), ("cup", 2_550, 0), ("gift", 0, 40)];

/// One who buys.
#[derive(Clone, Debug)]
pub struct Buyer {
    /// The number of the actor, from 1.
    pub actor: u32,
    /// Their id.
    pub id: UserId,
    /// Their openid.
    pub openid: String,
}

/// Fills the shop, and lets everybody in.
pub fn open_shop(world: &Arc<World>) -> Vec<Buyer> {
    stock_shelves(world, &world.setup);
    offers::open(world);
    let buyers: Vec<Buyer> = (1..=world.setup.buyers).map(|actor| register(world, actor)).collect();
    for buyer in &buyers {
        offers::give(world, buyer.id);
        let (world, buyer) = (Arc::clone(world), buyer.clone());
        let label = Label { whose: buyer.actor, errand: 0 };
        let kernel = Arc::clone(&world.kernel);
        world.comes(1);
        kernel.spawn(Home::Outside, label, async move { buyer::shop(world, buyer).await });
    }
    let next = world.setup.buyers.saturating_add(1);
    let operators = Arc::clone(world);
    let whose = |number: u32| Label { whose: next.saturating_add(number), errand: 0 };
    world.kernel.spawn(Home::Outside, whose(0), async move { operator::work(operators).await });
    let others = Arc::clone(world);
    world.kernel.spawn(Home::Outside, whose(2), async move { others::sell(others).await });
    let office = Arc::clone(world);
    world.kernel.spawn(Home::Outside, whose(3), async move { console::refund(office).await });
    let merchant = Arc::clone(world);
    world.kernel.spawn(Home::Outside, whose(5), async move { office::work(merchant).await });
    let back = Arc::clone(world);
    world.kernel.spawn(Home::Outside, whose(6), async move { debts::call_back(back).await });
    let forgers = Arc::clone(world);
    world.kernel.spawn(Home::Outside, whose(1), async move { forger::forge(forgers).await });
    buyers
}

pub(crate) fn stock_shelves(world: &World, setup: &Setup) {
    let now = world.now();
    let wanted = i64::from(setup.buyers) * i64::from(setup.purchases);
    for (id, price, plenty) in GOODS {
        let Some(sku_id) = SkuId::parse(id) else { continue };
        let draft = SkuDraft {
            id: sku_id.clone(),
            title: id.to_owned(),
            price: Fen::new(price),
            cost_price: Fen::ZERO,
            status: SkuStatus::OnSale,
        };
        let audit =
            Audit { actor: "operator".to_owned(), cause: "opening".to_owned(), request_id: None };
        // What is scarce is there for half of those who may want it.
        let delta = if plenty == 0 { wanted / 2 + 1 } else { wanted * plenty };
        let replay = ReplayRecord {
            scope: scope("operator", "stock", id),
            fingerprint: String::new(),
            order: None,
            payment: None,
            reused: false,
            recorded_at: now,
        };
        let change = StockChange {
            sku_id: sku_id.clone(),
            delta,
            reason: "opening".to_owned(),
            audit: audit.clone(),
            replay,
        };
        drop(at_once(world.store.put_sku(&draft, None, &audit, now)));
        drop(at_once(world.store.move_stock(&change)));
        let level = StockLevel { stocked: delta, available: delta, held: 0, sold: 0 };
        world.oracle.stocked(sku_id, level);
    }
    offer_recharges(world, now);
    open_long_ago(world, now);
}

/// What can be bought ahead: id, price, what it credits, how much, and what comes with it.
const PACKAGES: [(&str, i64, Credit, i64, i64); 2] =
    [("fen", 30_000, Credit::Wallet, 30_000, 3_001), ("points", 1_000, Credit::Points, 999, 77)];

fn offer_recharges(world: &World, now: Timestamp) {
    for (id, price, credit, principal, bonus) in PACKAGES {
        let Some(id) = PackageId::parse(id) else { continue };
        let package = RechargePackage {
            title: id.as_str().to_owned(),
            id,
            price: Fen::new(price),
            promise: Promise { credit, principal, bonus },
            version: 0,
            set_at: now,
        };
        let audit =
            Audit { actor: "operator".to_owned(), cause: "opening".to_owned(), request_id: None };
        let put = at_once(world.store.put_package(&package, None, &audit)).and_then(Result::ok);
        if let Some(PutAnswer::Created(package)) = put {
            world.oracle.offers(&package);
        }
    }
}

/// The shop did not open this minute: its database's life is known, and its goods are on the standby.
fn open_long_ago(world: &World, now: Timestamp) {
    let opened = at_once(world.store.epoch()).and_then(Result::ok).and_then(|life| {
        let audit =
            Audit { actor: "scheduler".to_owned(), cause: "opened".to_owned(), request_id: None };
        let command_id = Epochs::seen(&life);
        let intent = Intent { command_id, audit, inbox: None, fence: None, replay: None };
        at_once(world.store.commit(Changeset::without_order(intent, now)))
    });
    debug_assert_eq!(opened, Some(CommitAnswer::Committed), "the shop is open");
    drop(world.store.replicate());
}

pub(crate) fn register(world: &World, actor: u32) -> Buyer {
    let id = UserId::new(Uuid::from_u64_pair(2, u64::from(actor)));
    let openid = format!("openid-of-buyer-{actor}");
    let known = at_once(world.store.buyer(
        &Appid::new(crate::wechat::Keys::APPID),
        &Openid::new(openid.clone()),
        id,
        world.now(),
    ));
    drop(known);
    let address = Address {
        name: "张三".to_owned(),
        phone: "13800000000".to_owned(),
        region: region(actor).to_owned(),
        detail: "世纪大道 1 号".to_owned(),
    };
    drop(at_once(world.store.add_address(id, address, 5)));
    world.oracle.knows(id, actor);
    Buyer { actor, id, openid }
}

/// Where an actor lives: where no region says otherwise, or where one does.
fn region(actor: u32) -> &'static str {
    match actor % 3 {
        0 => "浙江省杭州市",
        1 => "上海市",
        _ => "新疆维吾尔自治区",
    }
}

/// The memory store answers at once.
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

pub(crate) fn scope(principal: &str, route: &str, key: &str) -> ReplayScope {
    ReplayScope { principal: principal.to_owned(), route: route.to_owned(), key: key.to_owned() }
}

/// Waits up to `steps` quarters of a second, drawn; the tame one does not wait.
async fn dawdle(world: &World, steps: u32) {
    let drawn = i64::from(world.draw(Kind::Actor, steps.saturating_add(1)));
    world.kernel.sleep(drawn * SECOND / 4).await;
}
