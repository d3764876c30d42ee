//! The back office: changes what things cost, what bringing them costs and what can be paid ahead while
//! buyers check out, brings in what is scarce, and takes out what was counted wrongly.

use super::{at_once, dawdle, offers, scope};
use crate::node::{Ask, Moving, Outcome, Setting, ask};
use crate::tape::Kind;
use crate::time::SECOND;
use crate::world::World;
use domain::Fen;
use domain::catalogue::{SkuDraft, SkuId};
use domain::changeset::Audit;
use domain::ports::{Catalogue as _, Packages as _, ShopRules as _};
use domain::recharge::{PackageId, RechargePackage};
use std::sync::Arc;
use usecases::Keyed;

/// What things cost by turns, in fen.
const PRICES: [(&str, [i64; 2]); 2] = [("tea", [9_900, 9_350]), ("cup", [2_550, 2_600])];
/// What is counted, and brought in.
const SCARCE: &str = "cup";
/// More than this nobody does in a world.
const ACTS_MAX: u32 = 10;

/// Works while buyers come, in some worlds; the tame world has no back office.
pub(super) async fn work(world: Arc<World>) {
    let busy = world.setup.office;
    let mut count = 0_u32;
    while busy > 0 && world.is_open() && count < ACTS_MAX {
        let pause = i64::from(world.draw(Kind::Shop, 60 / busy)) + 1;
        world.kernel.sleep(pause * SECOND).await;
        count = count.saturating_add(1);
        let Some(asked) = act(&world, count) else { continue };
        // A colleague does the same, or the same click comes twice.
        if world.draw(Kind::Shop, 4) == 3 {
            let (colleague, same) = (Arc::clone(&world), asked.clone());
            world.outside(async move {
                dawdle(&colleague, 1).await;
                let _answer = ask(&colleague, same).await;
            });
        }
        insist(&world, asked).await;
    }
}

/// Under the same key, or at the same version, until there is an answer that counts.
pub(super) async fn insist(world: &Arc<World>, asked: Ask) {
    for _ in 0..4 {
        match ask(world, asked.clone()).await.map(|said| said.outcome) {
            Some(Outcome::Busy | Outcome::Unknown) | None => {}
            Some(Outcome::Done | Outcome::Reused | Outcome::Replayed | Outcome::Refused(_)) => {
                return;
            }
        }
        if !world.is_open() {
            return;
        }
        world.kernel.sleep(2 * SECOND).await;
    }
}

fn act(world: &World, count: u32) -> Option<Ask> {
    match world.draw(Kind::Shop, 9) {
        0..=2 => {
            let (id, [one, other]) = PRICES[usize::from(world.draw(Kind::Shop, 3) == 2)];
            let id = SkuId::parse(id)?;
            let sku = at_once(world.store.sku(&id))?.ok()??;
            reprice(world, &id, if sku.price.get() == one { other } else { one })
        }
        3 => rules(world),
        4 => package(world),
        5 | 6 => {
            let pieces = i64::from(world.draw(Kind::Shop, 3)) + 1;
            stock(pieces, count)
        }
        // Nearly all of it, which takes nothing from who holds some, or a little more than that.
        7 => {
            let level = at_once(world.store.sku(&SkuId::parse(SCARCE)?))?.ok()??.stock;
            let more = i64::from(world.draw(Kind::Shop, 2));
            stock(-(level.available + more).max(1), count)
        }
        _ => stock(-1, count),
    }
}

/// What gives a thing another price.
pub(crate) fn reprice(world: &World, id: &SkuId, fen: i64) -> Option<Ask> {
    let sku = at_once(world.store.sku(id))?.ok()??;
    let draft = SkuDraft {
        id: sku.id,
        title: sku.title,
        price: Fen::new(fen),
        cost_price: sku.cost_price,
        status: sku.status,
    };
    Some(Ask::Set(Box::new(Setting::Sku(draft, Some(sku.price_version))), audit("put sku")))
}

fn rules(world: &World) -> Option<Ask> {
    let known = at_once(world.store.delivery_rules())?.ok()?;
    let next = offers::rules_after(&known.rules);
    let seen = (known.version > 0).then_some(known.version);
    Some(Ask::Set(Box::new(Setting::Rules(next, seen)), audit("put rules")))
}

/// A little more or less of a bonus, for a little more or less money.
fn package(world: &World) -> Option<Ask> {
    let id = if world.draw(Kind::Shop, 3) == 2 { "points" } else { "fen" };
    let known = at_once(world.store.package(&PackageId::parse(id)?))?.ok()??;
    let by = if known.version.is_multiple_of(2) { -100 } else { 100 };
    let seen = Some(known.version);
    let price = Fen::new(known.price.get() + by);
    let mut promise = known.promise;
    promise.bonus += by / 10;
    let package = RechargePackage { price, promise, ..known };
    Some(Ask::Set(Box::new(Setting::Package(package, seen)), audit("put package")))
}

/// Now and then a new wish comes under the key of the one before.
fn stock(delta: i64, count: u32) -> Option<Ask> {
    let key = if count % 6 == 5 { count - 1 } else { count };
    moving(SCARCE, delta, &format!("stock-{key}"))
}

/// What moves the stock of a thing by hand, under this key.
pub(crate) fn moving(sku: &str, delta: i64, key: &str) -> Option<Ask> {
    let moving = Moving { sku_id: SkuId::parse(sku)?, delta, audit: audit("move stock") };
    let keyed = Keyed {
        scope: scope("operator:1", &format!("stock of {sku}"), key),
        fingerprint: format!("{delta} of {sku}"),
        request_id: key.to_owned(),
    };
    Some(Ask::Stock(Box::new(moving), keyed))
}

pub(crate) fn audit(what: &str) -> Audit {
    Audit { actor: "operator:1".to_owned(), cause: what.to_owned(), request_id: None }
}
