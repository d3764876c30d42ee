//! What the merchant set, what buyers were shown of it, and stock that was moved by hand.
//!
//! Prices and coupons are guarded by the commit that charges them, so what is in force then is what counts.
//! What delivery and packages say is read a moment before, so everything that was ever in force is known here.

use super::{Oracle, Seen, losses};
use crate::marks::Mark;
use crate::world::World;
use domain::catalogue::{Sku, SkuId, StockLevel};
use domain::changeset::ReplayScope;
use domain::delivery::DeliveryRules;
use domain::order::Amounts;
use domain::ports::{StockAnswer, StockChange};
use domain::recharge::RechargePackage;
use std::collections::{BTreeMap, BTreeSet};

const BY_HAND: &str = "stock that is moved by hand moves by what was asked, once per key";
const NOT_WITHOUT_NEED: &str = "taking stock out is refused only where less is available";
const AS_MOVED: &str = "what there is of a thing is what its moves add up to";
const TOLD_TRULY: &str =
    "who is told that a price moved has ordered nothing, and it costs something else";

/// What is known of the shop.
#[derive(Debug, Default)]
pub(super) struct Shop {
    /// All that were ever in force; none at first.
    pub(super) rules: Vec<DeliveryRules>,
    /// All that were ever offered.
    pub(super) packages: Vec<RechargePackage>,
    /// What buyers said that they had been shown, by the key of what they ordered.
    pub(super) shown: BTreeMap<ReplayScope, Shown>,
    /// What was out of stock when more of it came, and is not sold yet.
    restocked: BTreeSet<SkuId>,
}

/// What a buyer was shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    /// What it would cost.
    pub(super) amounts: Amounts,
    /// How many nodes were asked, at most: one that was asked alone knows what it wrote.
    asked: u32,
}

impl Oracle {
    /// These rules are in force from now on.
    pub fn rules_are(&self, rules: &DeliveryRules) {
        let mut inside = self.inside();
        if !inside.shop.rules.contains(rules) {
            inside.shop.rules.push(rules.clone());
        }
    }

    /// This package is offered from now on.
    pub fn offers(&self, package: &RechargePackage) {
        self.inside().shop.packages.push(package.clone());
    }

    /// A buyer orders what they were shown so.
    pub fn was_shown(&self, scope: &ReplayScope, amounts: Amounts) {
        let shown = Shown { amounts, asked: 0 };
        self.inside().shop.shown.entry(scope.clone()).or_insert(shown);
    }

    /// A node is asked for it.
    pub fn is_asked(&self, scope: &ReplayScope) {
        if let Some(shown) = self.inside().shop.shown.get_mut(scope) {
            shown.asked = shown.asked.saturating_add(1);
        }
    }

    /// Whoever is told that a price moved has nothing, and it costs something else now.
    pub fn price_moved(&self, world: &World, scope: &ReplayScope, now: Amounts) {
        let Some(was) = self.look(|seen| Some(seen.shop.shown.get(scope)?.amounts)) else {
            world.chronicle.sometimes(Mark::PriceMovedMeanwhile);
            return;
        };
        self.has_ordered_nothing(world, scope);
        if was.total == now.total {
            let seen = format!("{}: shown {was:?}, told {now:?}", scope.key);
            world.chronicle.violated("I6", TOLD_TRULY, seen);
        }
        world.chronicle.sometimes(Mark::PriceMoved);
        if was.delivery != now.delivery || was.rush != now.rush {
            world.chronicle.sometimes(Mark::FeesMoved);
        }
    }

    /// Whoever is told that a package changed has nothing.
    pub fn package_moved(&self, world: &World, scope: &ReplayScope) {
        self.has_ordered_nothing(world, scope);
        world.chronicle.sometimes(Mark::PackageMoved);
    }

    /// Unless another node was asked, too, or a commit came late.
    fn has_ordered_nothing(&self, world: &World, scope: &ReplayScope) {
        let was_alone = |seen: &Seen| seen.shop.shown.get(scope).is_some_and(|s| s.asked == 1);
        if self.look(|seen| was_alone(seen) && seen.keys.contains(scope)) {
            world.chronicle.violated("I6", TOLD_TRULY, format!("{} is ordered", scope.key));
        }
    }

    /// A commit that nobody waits for any more is about to arrive: who was told that nothing happened was
    /// told what was known.
    pub fn comes_late(&self, scope: &ReplayScope) {
        self.is_asked(scope);
        self.is_asked(scope);
    }

    /// The store has said what became of stock that somebody moves by hand, as of now.
    pub fn moved_by_hand(&self, world: &World, change: &StockChange, answer: &StockAnswer) {
        let mut inside = self.inside();
        let Some(was) = inside.stock.get(&change.sku_id).copied() else { return };
        let violated = |id, promise, why: String| world.chronicle.violated(id, promise, why);
        let (sku, delta) = (&change.sku_id, change.delta);
        match answer {
            StockAnswer::Moved(is) => {
                let scope = change.replay.scope.clone();
                if inside.keys.contains(&scope) {
                    violated("I26", BY_HAND, format!("key {} moved {sku} before", scope.key));
                }
                let should = StockLevel {
                    stocked: was.stocked + delta,
                    available: was.available + delta,
                    ..was
                };
                if *is != should || should.available < 0 {
                    violated("I21", BY_HAND, format!("{sku}: {was:?} and {delta}: {is:?}"));
                }
                inside.take_in_by_hand(sku.clone(), should, scope);
                if was.available == 0 && delta > 0 {
                    inside.shop.restocked.insert(sku.clone());
                }
                if delta < 0 {
                    world.chronicle.sometimes(Mark::StockTakenOut);
                }
            }
            StockAnswer::TooLittle if was.available + delta >= 0 => {
                violated("I21", NOT_WITHOUT_NEED, format!("{sku}: {was:?} and {delta}"));
            }
            StockAnswer::TooLittle if was.available + was.held + delta >= 0 => {
                world.chronicle.sometimes(Mark::CorrectionRefused);
            }
            StockAnswer::Replayed(..) => world.chronicle.sometimes(Mark::StockMoveRepeated),
            StockAnswer::TooLittle | StockAnswer::NotFound => {}
        }
    }
}

impl Seen {
    fn take_in_by_hand(&mut self, sku: SkuId, level: StockLevel, scope: ReplayScope) {
        self.keys.insert(scope.clone());
        let was = self.stock.insert(sku.clone(), level);
        self.losses.remember_beside(|undo: &mut losses::Undo| {
            undo.keys.push(scope);
            undo.stock.splice(0..0, was.map(|was| (sku, was)));
        });
    }

    /// A buyer gets hold of something.
    pub(super) fn is_held(&mut self, world: &World, sku: &SkuId) {
        if self.shop.restocked.remove(sku) {
            world.chronicle.sometimes(Mark::RestockSold);
        }
    }
}

/// What there is of a thing is what was brought in and taken out, and what orders hold and bought.
pub(super) fn stock_as_moved(world: &World, seen: &Seen) {
    let stored = world.store.view(|stored| {
        let differs = |sku: &&Sku| seen.stock.get(&sku.id) != Some(&sku.stock);
        stored.skus().find(differs).map(|sku| (sku.id.clone(), sku.stock))
    });
    if let Ok(Some((sku, stock))) = stored {
        let differs = format!("{sku} has {stock:?}, should have {:?}", seen.stock.get(&sku));
        world.chronicle.violated("I21", AS_MOVED, differs);
    }
}
