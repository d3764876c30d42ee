//! The coupons' side of [`Fake`]: a count per buyer, all of them free.

use super::fake::{Fake, ready};
use domain::changeset::Audit;
use domain::coupon::{CouponId, CouponTerms, Grant, GrantState};
use domain::ports::*;
use domain::{Timestamp, UserId};

impl CouponBook for Fake {
    fn coupon<'a>(
        &'a self,
        id: &'a CouponId,
    ) -> PortFuture<'a, Result<Option<CouponInForce>, StoreError>> {
        ready(self.up().map(|inner| inner.coupons.get(id).cloned()))
    }

    fn put_coupon<'a>(
        &'a self,
        terms: &'a CouponTerms,
        expected: Option<u64>,
        _audit: &'a Audit,
        _now: Timestamp,
    ) -> PortFuture<'a, Result<PutAnswer<CouponInForce>, StoreError>> {
        ready(self.up().map(|mut inner| {
            let known = inner.coupons.get(&terms.id).map(|coupon| coupon.version);
            if known != expected {
                return if known.is_some() { PutAnswer::VersionMoved } else { PutAnswer::NotFound };
            }
            let put = CouponInForce { terms: terms.clone(), version: known.unwrap_or(0) + 1 };
            inner.coupons.insert(terms.id.clone(), put.clone());
            if known.is_some() { PutAnswer::Changed(put) } else { PutAnswer::Created(put) }
        }))
    }

    fn issue<'a>(
        &'a self,
        issue: &'a CouponIssue,
    ) -> PortFuture<'a, Result<IssueAnswer, StoreError>> {
        ready(self.up().map(|mut inner| {
            let key = (issue.buyer, issue.coupon_id.clone());
            let got = inner.grants.get(&key).copied().unwrap_or(0);
            let Some(coupon) = inner.coupons.get(&issue.coupon_id).cloned() else {
                return IssueAnswer::NoSuchCoupon;
            };
            if let Some(record) = inner.replays.get(&issue.replay.scope).cloned() {
                return IssueAnswer::Replayed(record, got);
            }
            if !inner.sessions.values().any(|session| session.buyer == issue.buyer) {
                return IssueAnswer::NoSuchBuyer;
            }
            let all = got + issue.quantity;
            if all > coupon.terms.per_user_limit {
                return IssueAnswer::LimitReached;
            }
            inner.grants.insert(key, all);
            inner.replays.insert(issue.replay.scope.clone(), issue.replay.clone());
            IssueAnswer::Issued(all)
        }))
    }

    fn grants(
        &self,
        buyer: UserId,
        _now: Timestamp,
        _limit: u32,
    ) -> PortFuture<'_, Result<Vec<Grant>, StoreError>> {
        ready(self.up().map(|inner| {
            let mine = inner.grants.iter().filter(|((owner, _), _)| *owner == buyer);
            let all =
                mine.flat_map(|((_, coupon), count)| (1..=*count).map(move |no| (coupon, no)));
            all.map(|(coupon, no)| Grant {
                terms: inner.coupons[coupon].terms.clone(),
                no,
                state: GrantState::Issued,
                issued_at: Timestamp::from_seconds(0),
            })
            .collect()
        }))
    }
}

impl Fake {
    pub(super) fn at_hand(&self, buyer: UserId, id: &CouponId) -> Option<CouponAtHand> {
        let inner = self.lock();
        let coupon = inner.coupons.get(id)?.clone();
        let has_one = inner.grants.get(&(buyer, id.clone())).is_some_and(|count| *count > 0);
        Some(CouponAtHand { coupon, free: has_one.then_some(1), held: Vec::new() })
    }
}
