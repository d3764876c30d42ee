//! Coupons: what the merchant defines, and what buyers have in their hands.

use crate::MemoryStore;
use crate::state::State;
use domain::changeset::{Audit, Guard, Refusal};
use domain::coupon::{
    CouponHoldStatus, CouponId, CouponMove, CouponTerms, Grant, GrantState, Standing, sort_for_use,
};
use domain::ports::{
    CommitAnswer, CouponAtHand, CouponBook, CouponInForce, CouponIssue, IssueAnswer, PortFuture,
    PutAnswer, StoreError,
};
use domain::{CommandId, OrderId, Timestamp, UserId};
use std::future::ready;

/// A coupon in a buyer's hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Issued {
    pub(crate) issued_at: Timestamp,
    /// The order that has it, and whether it is spent.
    pub(crate) with: Option<(OrderId, bool)>,
}

impl CouponBook for MemoryStore {
    fn coupon<'a>(
        &'a self,
        id: &'a CouponId,
    ) -> PortFuture<'a, Result<Option<CouponInForce>, StoreError>> {
        Box::pin(ready(self.state().map(|state| state.coupons.get(id).cloned())))
    }

    fn put_coupon<'a>(
        &'a self,
        terms: &'a CouponTerms,
        expected: Option<u64>,
        audit: &'a Audit,
        _now: Timestamp,
    ) -> PortFuture<'a, Result<PutAnswer<CouponInForce>, StoreError>> {
        Box::pin(async move {
            Ok(self.state()?.written(|state| state.put_coupon(terms, expected, audit)))
        })
    }

    fn issue<'a>(
        &'a self,
        issue: &'a CouponIssue,
    ) -> PortFuture<'a, Result<IssueAnswer, StoreError>> {
        Box::pin(async move { Ok(self.state()?.written(|state| state.issue(issue))) })
    }

    fn grants(
        &self,
        buyer: UserId,
        now: Timestamp,
        limit: u32,
    ) -> PortFuture<'_, Result<Vec<Grant>, StoreError>> {
        let found = self.state().map(|state| {
            let mut grants = state.grants_of(buyer);
            sort_for_use(&mut grants, now);
            // Those that can be used before those that cannot: a long past hides nothing.
            grants.sort_by_key(|grant| match grant.standing(now) {
                Standing::Usable | Standing::NotYet | Standing::Held => 0,
                Standing::Used | Standing::Expired => 1,
            });
            grants.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            grants
        });
        Box::pin(ready(found))
    }
}

impl State {
    fn put_coupon(
        &mut self,
        terms: &CouponTerms,
        expected: Option<u64>,
        audit: &Audit,
    ) -> PutAnswer<CouponInForce> {
        let known = self.coupons.get(&terms.id).map(|known| known.version);
        match (known, expected) {
            (None, None) => {}
            (Some(known), Some(expected)) if known == expected => {}
            (Some(_), _) => return PutAnswer::VersionMoved,
            (None, Some(_)) => return PutAnswer::NotFound,
        }
        let version = known.unwrap_or(0).saturating_add(1);
        let put = CouponInForce { terms: terms.clone(), version };
        self.coupons.put(terms.id.clone(), put.clone());
        self.audit.push((None, 0, audit.clone()));
        if known.is_none() { PutAnswer::Created(put) } else { PutAnswer::Changed(put) }
    }

    fn issue(&mut self, issue: &CouponIssue) -> IssueAnswer {
        let command = CommandId::of_request(&issue.replay.scope);
        let got = self.count_grants(issue.buyer, &issue.coupon_id);
        if self.effects.contains(&command) {
            return match self.replays.get(&issue.replay.scope) {
                Some(record) => IssueAnswer::Replayed(record.clone(), got),
                None => IssueAnswer::NoSuchCoupon,
            };
        }
        let Some(coupon) = self.coupons.get(&issue.coupon_id) else {
            return IssueAnswer::NoSuchCoupon;
        };
        if !self.buyers.contains(&issue.buyer) {
            return IssueAnswer::NoSuchBuyer;
        }
        let all = got.saturating_add(issue.quantity);
        if all > coupon.terms.per_user_limit {
            return IssueAnswer::LimitReached;
        }
        for no in got.saturating_add(1)..=all {
            let new = Issued { issued_at: issue.replay.recorded_at, with: None };
            self.grants.put((issue.buyer, issue.coupon_id.clone(), no), new);
        }
        self.effects.put(command, ());
        self.replays.put(issue.replay.scope.clone(), issue.replay.clone());
        self.audit.push((None, 0, issue.audit.clone()));
        IssueAnswer::Issued(all)
    }

    fn count_grants(&self, buyer: UserId, coupon: &CouponId) -> u32 {
        let of_it = (buyer, coupon.clone(), 0)..=(buyer, coupon.clone(), u32::MAX);
        u32::try_from(self.grants.range(of_it).count()).unwrap_or(u32::MAX)
    }

    fn grants_of(&self, buyer: UserId) -> Vec<Grant> {
        let mine = self.grants.iter().filter(|((owner, ..), _)| *owner == buyer);
        let seen = mine.filter_map(|((_, coupon, no), issued)| {
            let state = match issued.with {
                None => GrantState::Issued,
                Some((order, spent)) => {
                    let number = self.orders.get(&order)?.number.clone();
                    if spent { GrantState::Used(number) } else { GrantState::Held(number) }
                }
            };
            let terms = self.coupons.get(coupon)?.terms.clone();
            Some(Grant { terms, no: *no, state, issued_at: issued.issued_at })
        });
        seen.collect()
    }

    /// A coupon, as a checkout of this buyer reads it.
    pub(crate) fn coupon_at_hand(&self, buyer: UserId, id: &CouponId) -> Option<CouponAtHand> {
        let coupon = self.coupons.get(id)?.clone();
        let of_it = (buyer, id.clone(), 0)..=(buyer, id.clone(), u32::MAX);
        let (mut free, mut held) = (None, Vec::new());
        for ((_, _, no), issued) in self.grants.range(of_it) {
            match issued.with {
                None => free = free.or(Some(*no)),
                Some((order, false)) => {
                    held.extend(self.orders.get(&order).map(|order| (*no, order.number.clone())));
                }
                Some((_, true)) => {}
            }
        }
        Some(CouponAtHand { coupon, free, held })
    }

    /// Moves coupons as a changeset says, or says which one is in the way.
    pub(crate) fn move_coupons(
        &mut self,
        moves: Vec<CouponMove>,
        guards: &[Guard],
        order: Option<OrderId>,
    ) -> Result<(), CommitAnswer> {
        let Some(order) = order else { return Ok(()) };
        for CouponMove { buyer, grant, to } in moves {
            let (before, after) = match to {
                CouponHoldStatus::Held => (None, Some((order, false))),
                CouponHoldStatus::Used => (Some((order, false)), Some((order, true))),
                CouponHoldStatus::Released => (Some((order, false)), None),
                CouponHoldStatus::Returned => (Some((order, true)), None),
            };
            if to == CouponHoldStatus::Held {
                self.check_coupon_version(guards, &grant.coupon_id)?;
            }
            let key = (buyer, grant.coupon_id.clone(), grant.no);
            if self.grants.get(&key).is_none_or(|issued| issued.with != before) {
                return Err(CommitAnswer::GuardRefused(Refusal::Coupon(grant.coupon_id)));
            }
            self.grants.change(&key, |issued| issued.with = after);
        }
        Ok(())
    }

    fn check_coupon_version(&self, guards: &[Guard], id: &CouponId) -> Result<(), CommitAnswer> {
        let now = self.coupons.get(id).map(|coupon| coupon.version);
        let moved = guards.iter().any(|guard| {
            matches!(guard, Guard::CouponVersion { coupon_id, version }
                if coupon_id == id && now != Some(*version))
        });
        if moved {
            return Err(CommitAnswer::GuardRefused(Refusal::CouponMoved(id.clone())));
        }
        Ok(())
    }
}
