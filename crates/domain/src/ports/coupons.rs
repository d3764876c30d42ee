//! Coupons: what the merchant defines, and what buyers have in their hands.
//!
//! Only an order's commit moves one that is in a buyer's hand.

use super::PortFuture;
use super::order_store::StoreError;
use super::shop::PutAnswer;
use crate::changeset::{Audit, ReplayRecord};
use crate::coupon::{CouponId, CouponTerms, Grant};
use crate::{OrderNumber, Timestamp, UserId};

/// The merchant's coupons.
pub trait CouponBook: Send + Sync {
    /// One coupon, with its version.
    fn coupon<'a>(
        &'a self,
        id: &'a CouponId,
    ) -> PortFuture<'a, Result<Option<CouponInForce>, StoreError>>;

    /// Creates a coupon or changes it, also for those who have it in their hands; writes an audit
    /// row. Orders that are placed keep what they were priced with.
    ///
    /// # Contract
    /// With `expected` the version must equal it; without, the coupon must not exist.
    fn put_coupon<'a>(
        &'a self,
        terms: &'a CouponTerms,
        expected: Option<u64>,
        audit: &'a Audit,
        now: Timestamp,
    ) -> PortFuture<'a, Result<PutAnswer<CouponInForce>, StoreError>>;

    /// Gives a buyer coupons, all that are asked for or none; writes an audit row and the
    /// idempotency key in one commit.
    ///
    /// # Contract
    /// A buyer never gets more of one coupon than its `per_user_limit`, however many ask at once:
    /// spent and expired ones count. The same replay scope again changes nothing and answers
    /// `Replayed` with what it recorded.
    fn issue<'a>(
        &'a self,
        issue: &'a CouponIssue,
    ) -> PortFuture<'a, Result<IssueAnswer, StoreError>>;

    /// What a buyer has, in no particular order: at most `limit`, those that can still be used
    /// before those that cannot.
    fn grants(
        &self,
        buyer: UserId,
        now: Timestamp,
        limit: u32,
    ) -> PortFuture<'_, Result<Vec<Grant>, StoreError>>;
}

/// A coupon with its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CouponInForce {
    /// What it promises.
    pub terms: CouponTerms,
    /// From 1; rises with each change.
    pub version: u64,
}

/// Coupons to be given to a buyer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CouponIssue {
    /// Which.
    pub coupon_id: CouponId,
    /// To whom.
    pub buyer: UserId,
    /// How many, at least 1.
    pub quantity: u32,
    /// Who.
    pub audit: Audit,
    /// Under which key.
    pub replay: ReplayRecord,
}

/// How giving coupons ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IssueAnswer {
    /// The buyer has them: so many of this coupon in all, ever.
    Issued(u32),
    /// The same key was used before; this is what it recorded, and how many the buyer has got by now.
    Replayed(ReplayRecord, u32),
    /// There is no such coupon.
    NoSuchCoupon,
    /// There is no such buyer.
    NoSuchBuyer,
    /// The buyer would have got more than one buyer may.
    LimitReached,
}

/// A coupon, as a checkout reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CouponAtHand {
    /// What it promises, and at which version.
    pub coupon: CouponInForce,
    /// The first of the buyer's that no order has.
    pub free: Option<u32>,
    /// Those that unsettled orders hold, with the order.
    pub held: Vec<(u32, OrderNumber)>,
}
