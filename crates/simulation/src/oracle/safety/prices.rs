//! What is charged, read a second time: apart from the code that prices, from what the merchant set.

use super::Watched;
use crate::actors::at_once;
use crate::oracle::Seen;
use domain::Fen;
use domain::coupon::{CouponId, Cut};
use domain::delivery::DeliveryRules;
use domain::order::{Event, Order, Purpose};
use domain::ports::{Catalogue as _, CouponBook as _};
use domain::recharge::RechargePackage;

/// The order that a commit places.
fn placed<'a>(w: &Watched<'a>) -> Option<&'a Order> {
    let mut events = w.commit.changeset.events.iter();
    events.any(|event| matches!(event, Event::Placed(_))).then_some(w.commit.after)
}

/// Who said what they were shown is charged that.
pub(super) fn as_shown(w: &Watched<'_>) -> Result<(), String> {
    let Some(order) = placed(w) else { return Ok(()) };
    let scope = w.commit.changeset.replay.as_ref().map(|replay| &replay.scope);
    let Some(shown) = scope.and_then(|scope| w.seen.shop.shown.get(scope)) else { return Ok(()) };
    if shown.amounts.total == order.amounts.total {
        return Ok(());
    }
    Err(format!("shown {:?}, charged {:?}", shown.amounts, order.amounts))
}

/// Goods cost what they cost at the moment of their order; delivery what some rules of the merchant say.
pub(super) fn as_set(w: &Watched<'_>) -> Result<(), String> {
    let Some(order) = placed(w) else { return Ok(()) };
    match order.purpose {
        Purpose::Goods => {
            goods(w, order)?;
            discount(w, order)?;
            fees(w.seen, order)
        }
        Purpose::Recharge => recharge(w.seen, order),
        Purpose::External => Ok(()),
    }
}

fn goods(w: &Watched<'_>, order: &Order) -> Result<(), String> {
    for line in &order.lines {
        let known = at_once(w.world.store.sku(&line.sku_id)).and_then(Result::ok).flatten();
        let Some(sku) = known else { return Err(format!("{} is not sold here", line.sku_id)) };
        let amount = sku.price.get() * i64::from(line.quantity);
        if line.unit_price != sku.price || line.amount.get() != amount {
            let (asked, each) = (line.amount, line.unit_price);
            return Err(format!("{} costs {}, asked {asked}, {each} each", sku.id, sku.price));
        }
    }
    Ok(())
}

fn discount(w: &Watched<'_>, order: &Order) -> Result<(), String> {
    let items = order.amounts.items;
    let should = match &order.coupon {
        Some(coupon) => {
            let id: &CouponId = &coupon.grant.coupon_id;
            let known = at_once(w.world.store.coupon(id)).and_then(Result::ok).flatten();
            let Some(terms) = known.map(|known| known.terms) else { return Ok(()) };
            match terms.cut {
                _ if items < terms.threshold => return Err(format!("{items} is too little")),
                Cut::Amount(amount) => amount.min(items),
                Cut::Percent { percent, cap } => {
                    let part = Fen::new(items.get() * i64::from(percent) / 100);
                    cap.map_or(part, |cap| part.min(cap))
                }
            }
        }
        None => Fen::ZERO,
    };
    let is = order.amounts.discount;
    if is == should { Ok(()) } else { Err(format!("{is} off {items}, should be {should}")) }
}

fn fees(seen: &Seen, order: &Order) -> Result<(), String> {
    let Some(address) = &order.checkout.address else { return Ok(()) };
    let amounts = order.amounts;
    let fits = |rules: &DeliveryRules| {
        let rush = if order.checkout.rush { rules.rush } else { Fen::ZERO };
        amounts.delivery == delivery(rules, &address.region, amounts.items).0
            && amounts.rush == rush
    };
    let none = seen.shop.rules.is_empty() && fits(DeliveryRules::NONE);
    if none || seen.shop.rules.iter().any(fits) {
        return Ok(());
    }
    Err(format!("{amounts:?} to {}", address.region))
}

/// What delivery costs, whether a region says so, and whether it is waived.
pub(in crate::oracle) fn delivery(
    rules: &DeliveryRules,
    place: &str,
    items: Fen,
) -> (Fen, bool, bool) {
    let mut says_most: Option<&domain::delivery::RegionFee> = None;
    for rule in &rules.regions {
        let is_longer = says_most.is_none_or(|most| rule.region.len() > most.region.len());
        if place.starts_with(&rule.region) && is_longer {
            says_most = Some(rule);
        }
    }
    let (fee, free_above) = match says_most {
        Some(rule) => (rule.fee, rule.free_above),
        None => (rules.base, rules.free_above),
    };
    let is_waived = free_above.is_some_and(|enough| items >= enough);
    (if is_waived { Fen::ZERO } else { fee }, says_most.is_some(), is_waived)
}

/// A recharge costs and promises what one package says.
fn recharge(seen: &Seen, order: &Order) -> Result<(), String> {
    let Some(line) = order.lines.first() else { return Err("it has no line".to_owned()) };
    let fits = |package: &RechargePackage| {
        *package.id.as_line() == line.sku_id
            && package.price == order.amounts.total
            && Some(package.promise) == order.recharge
    };
    if seen.shop.packages.iter().any(fits) {
        return Ok(());
    }
    Err(format!("{:?} for {} is no package", order.recharge, order.amounts.total))
}
