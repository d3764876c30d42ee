//! What the merchant charges and gives away: delivery fees, and coupons in every buyer's hand.
//!
//! Some coupons end while orders hold them, and some worlds have a merchant who changes what one takes off
//! while buyers check out.

use super::{at_once, scope};
use crate::kernel::{Home, Label};
use crate::tape::Kind;
use crate::time::{SECOND, instant};
use crate::world::World;
use domain::changeset::{Audit, ReplayRecord};
use domain::coupon::{CouponId, CouponTerms, Cut};
use domain::delivery::{DeliveryRules, RegionFee};
use domain::ports::{CouponBook as _, CouponIssue, IssueAnswer, ShopRules as _};
use domain::{Fen, OrderNumber, UserId};
use std::sync::Arc;

/// So much off, for some time.
pub(crate) const OFF: &str = "ten-off";
/// All of the goods for nothing, for as long as the world lasts.
pub(crate) const ALL_OFF: &str = "all-off";
/// Half of the goods for nothing up to a cap, for as long as the world lasts.
pub(crate) const HALF_OFF: &str = "half-off";
/// So much at most.
pub(crate) const HALF_OFF_MOST: Fen = Fen::new(5_000);
/// What the first takes off, and what it takes off when the merchant has changed their mind.
const CUTS: [i64; 2] = [1_000, 1_200];
/// The goods have to cost so much, in fen.
const THRESHOLD: i64 = 2_000;
/// For so long it can be used, in seconds: orders hold it for longer.
const OFF_LASTS_S: i64 = 150;
const LONG_S: i64 = 30 * 86_400;

/// Sets fees, in every other world, and defines the coupons.
pub(super) fn open(world: &Arc<World>) {
    let audit = audit();
    if world.kernel.draw(Kind::Wish, 0, 2) == 1 {
        let rules = rules_after(DeliveryRules::NONE);
        world.oracle.rules_are(&rules);
        drop(at_once(world.store.put_delivery_rules(&rules, None, &audit, world.now())));
    } else {
        world.oracle.rules_are(DeliveryRules::NONE);
    }
    define(world);
    if world.kernel.draw(Kind::Wish, 0, 2) == 1 {
        let merchant = Arc::clone(world);
        let label = Label { whose: world.setup.buyers.saturating_add(4), errand: 0 };
        world.kernel.spawn(Home::Outside, label, async move { change_ones_mind(merchant).await });
    }
}

/// What the merchant charges after having charged `known`: two sets of rules by turns.
pub(crate) fn rules_after(known: &DeliveryRules) -> DeliveryRules {
    let at = |region: &str, fee, free_above: Option<i64>| RegionFee {
        region: region.to_owned(),
        fee: Fen::new(fee),
        free_above: free_above.map(Fen::new),
    };
    if known.base == Fen::new(800) {
        return DeliveryRules {
            base: Fen::new(900),
            free_above: Some(Fen::new(19_000)),
            regions: vec![
                at("浙江省", 600, Some(9_000)),
                at("浙江省杭州市", 300, None),
                at("新疆", 2_000, Some(28_000)),
            ],
            rush: Fen::new(700),
        };
    }
    DeliveryRules {
        base: Fen::new(800),
        free_above: Some(Fen::new(29_000)),
        regions: vec![at("新疆", 2_500, None), at("浙江省", 500, Some(15_000))],
        rush: Fen::new(500),
    }
}

/// Defines the coupons; tells the oracle when the first ends.
pub(crate) fn define(world: &World) {
    for terms in [off(0), part_off(ALL_OFF, 100, None), part_off(HALF_OFF, 50, Some(HALF_OFF_MOST))]
        .into_iter()
        .flatten()
    {
        world.oracle.coupon_ends(terms.id.clone(), terms.valid_to);
        drop(at_once(world.store.put_coupon(&terms, None, &audit(), world.now())));
    }
}

fn off(cut: usize) -> Option<CouponTerms> {
    let now = instant(0);
    Some(CouponTerms {
        id: CouponId::parse(OFF)?,
        title: "满 20 减 10".to_owned(),
        cut: Cut::Amount(Fen::new(*CUTS.get(cut)?)),
        threshold: Fen::new(THRESHOLD),
        valid_from: now.plus_seconds(-LONG_S),
        valid_to: now.plus_seconds(OFF_LASTS_S),
        per_user_limit: 2,
    })
}

fn part_off(id: &str, percent: u8, cap: Option<Fen>) -> Option<CouponTerms> {
    let now = instant(0);
    Some(CouponTerms {
        id: CouponId::parse(id)?,
        title: id.to_owned(),
        cut: Cut::Percent { percent, cap },
        threshold: Fen::ZERO,
        valid_from: now.plus_seconds(-LONG_S),
        valid_to: now.plus_seconds(LONG_S),
        per_user_limit: 1,
    })
}

/// Gives a buyer two of the first and one of each other.
pub(crate) fn give(world: &World, buyer: UserId) {
    for (id, quantity) in [(OFF, 2), (ALL_OFF, 1), (HALF_OFF, 1)] {
        let Some(coupon_id) = CouponId::parse(id) else { continue };
        let replay = ReplayRecord {
            scope: scope("operator", "issue", &format!("{id}-{buyer}")),
            fingerprint: String::new(),
            order: None,
            payment: None,
            reused: false,
            recorded_at: world.now(),
        };
        let issue = CouponIssue { coupon_id, buyer, quantity, audit: audit(), replay };
        let given = at_once(world.store.issue(&issue)).and_then(Result::ok);
        debug_assert_eq!(given, Some(IssueAnswer::Issued(quantity)), "{id}");
    }
    drop(world.store.replicate());
}

/// Changes what the first takes off, again and again.
async fn change_ones_mind(world: Arc<World>) {
    let mut cut = 0;
    while world.is_open() {
        world.kernel.sleep(5 * SECOND).await;
        if world.draw(Kind::Wish, 2) == 1 {
            cut = 1 - cut;
            let known = CouponId::parse(OFF).and_then(|id| at_once(world.store.coupon(&id)));
            let version = known.and_then(Result::ok).flatten().map(|known| known.version);
            if let Some(terms) = off(cut) {
                drop(at_once(world.store.put_coupon(&terms, version, &audit(), world.now())));
            }
        }
    }
}

fn audit() -> Audit {
    Audit { actor: "operator".to_owned(), cause: "coupons".to_owned(), request_id: None }
}

/// One of the lines of an order: the first, or now and then the last.
pub(super) fn some_line(world: &World, number: &OrderNumber) -> u16 {
    let lines =
        world.oracle.look(|seen| seen.order(number.as_str()).map(|order| order.lines.len()));
    match u16::try_from(lines.unwrap_or(1)) {
        Ok(several @ 2..) if world.draw(Kind::Wish, 2) == 1 => several,
        Ok(_) | Err(_) => 1,
    }
}
