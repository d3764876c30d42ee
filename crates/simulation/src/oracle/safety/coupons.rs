//! Promises about coupons: each with one order at a time, spent and given back with the money, once.

use super::Watched;
use crate::oracle::Keeping;
use domain::coupon::{CouponHoldStatus, CouponMove};
use domain::order::{Event, OrderStatus};
use domain::{OrderId, UserId};
use std::collections::BTreeMap;

/// Who has a coupon, and whether it is spent, after a move; an error when it was elsewhere.
pub(in crate::oracle) fn moved(
    was: Option<Keeping>,
    change: &CouponMove,
    order: OrderId,
) -> Result<Option<Keeping>, String> {
    let (from, to) = match change.to {
        CouponHoldStatus::Held => (None, Some((order, false))),
        CouponHoldStatus::Used => (Some((order, false)), Some((order, true))),
        CouponHoldStatus::Released => (Some((order, false)), None),
        CouponHoldStatus::Returned => (Some((order, true)), None),
    };
    if was == from {
        return Ok(to);
    }
    Err(format!(
        "{} {} is {:?}, and was with {was:?}",
        change.grant.coupon_id, change.grant.no, change.to
    ))
}

pub(super) fn one_order_at_a_time(w: &Watched<'_>) -> Result<(), String> {
    let mut now: BTreeMap<(UserId, domain::coupon::GrantId), Option<Keeping>> = BTreeMap::new();
    for change in &w.commit.changeset.coupons {
        let key = (change.buyer, change.grant.clone());
        let was = now.get(&key).copied().unwrap_or_else(|| w.seen.coupons.get(&key).copied());
        now.insert(key, moved(was, change, w.commit.after.id)?);
    }
    Ok(())
}

/// Held until the money is there, spent then, back when the order is cancelled for good.
pub(super) fn with_the_money(w: &Watched<'_>) -> Result<(), String> {
    let order = w.commit.after;
    let Some(coupon) = &order.coupon else {
        let discounted = order.amounts.discount.get() > 0 || order.checkout.coupon_id.is_some();
        return if discounted { Err("a discount without a coupon".to_owned()) } else { Ok(()) };
    };
    if order.checkout.coupon_id.as_ref() != Some(&coupon.grant.coupon_id) {
        return Err("another coupon than was asked for".to_owned());
    }
    let is_cancelled = order.status == OrderStatus::Cancelled;
    let expected = match (is_cancelled, order.settlement.is_some()) {
        (false, false) => CouponHoldStatus::Held,
        (false, true) => CouponHoldStatus::Used,
        (true, false) => CouponHoldStatus::Released,
        (true, true) => CouponHoldStatus::Returned,
    };
    if coupon.status == expected {
        return Ok(());
    }
    Err(format!(
        "{:?}, {:?}, and its coupon is {:?}",
        order.status, order.settlement, coupon.status
    ))
}

pub(super) fn stays_the_same(w: &Watched<'_>) -> Result<(), String> {
    let Some(before) = w.commit.before else { return Ok(()) };
    let grant = |order: &domain::order::Order| order.coupon.as_ref().map(|c| c.grant.clone());
    if grant(before) == grant(w.commit.after) {
        return Ok(());
    }
    Err(format!("was {:?}, is {:?}", before.coupon, w.commit.after.coupon))
}

/// Nobody else takes coupons here, so that the second way, without one and with a case, is never needed.
pub(super) fn is_there(w: &Watched<'_>) -> Result<(), String> {
    let stuck = w.commit.changeset.events.iter().find(|e| matches!(e, Event::CouponStuck { .. }));
    stuck.map_or(Ok(()), |event| Err(format!("{event:?}")))
}
