//! Coupons in buyers' hands, and what orders do with them.
//!
//! ```text
//! issued ─▶ held ─▶ used ─▶ issued      (returned with its order's money)
//!   ▲        │
//!   └────────┘                          (its order was cancelled)
//! ```
//!
//! `expired` is what an issued one is called once its coupon's time is over: nobody writes it down,
//! and nobody has to be in time. One that is held past its end stays good for the order that holds it.

use crate::coupon::{CouponId, CouponTerms};
use crate::{OrderNumber, Timestamp, UserId};

/// One coupon in a buyer's hand.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GrantId {
    /// Of which coupon.
    pub coupon_id: CouponId,
    /// Which of those that this buyer got, from 1.
    pub no: u32,
}

/// What an order has of a coupon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CouponHold {
    /// Which one.
    pub grant: GrantId,
    /// How far it got.
    pub status: CouponHoldStatus,
}

/// How far an order's coupon got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CouponHoldStatus {
    /// Kept for this order.
    Held,
    /// Spent: the order is settled.
    Used,
    /// Given back unused: the order was cancelled. Final.
    Released,
    /// Given back after it was spent: all the money went back before anything was sent. Final.
    Returned,
}

/// What a commit does to a coupon in a buyer's hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CouponMove {
    /// Whose.
    pub buyer: UserId,
    /// Which.
    pub grant: GrantId,
    /// Where the order has it from now on.
    pub to: CouponHoldStatus,
}

/// A coupon in a buyer's hand, as its buyer sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// What it promises now.
    pub terms: CouponTerms,
    /// Which of those of this coupon.
    pub no: u32,
    /// Where it is.
    pub state: GrantState,
    /// Since when the buyer has it.
    pub issued_at: Timestamp,
}

/// Where a coupon in a buyer's hand is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrantState {
    /// In the hand.
    Issued,
    /// With an order that is not settled.
    Held(OrderNumber),
    /// Spent on an order.
    Used(OrderNumber),
}

/// What a buyer can do with a coupon now; the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Use it.
    Usable,
    /// Wait for its first moment.
    NotYet,
    /// Pay or cancel the order that holds it.
    Held,
    /// Nothing: it is spent.
    Used,
    /// Nothing: its time is over.
    Expired,
}

impl Grant {
    /// What its buyer can do with it at `now`.
    #[must_use]
    pub fn standing(&self, now: Timestamp) -> Standing {
        match &self.state {
            GrantState::Held(_) => Standing::Held,
            GrantState::Used(_) => Standing::Used,
            GrantState::Issued if now < self.terms.valid_from => Standing::NotYet,
            GrantState::Issued if now < self.terms.valid_to => Standing::Usable,
            GrantState::Issued => Standing::Expired,
        }
    }

    /// The order that has it.
    #[must_use]
    pub fn order(&self) -> Option<&OrderNumber> {
        match &self.state {
            GrantState::Issued => None,
            GrantState::Held(order) | GrantState::Used(order) => Some(order),
        }
    }
}

/// The usable ones first, and of those the one that ends first; then by coupon and number.
pub fn sort_for_use(grants: &mut [Grant], now: Timestamp) {
    grants.sort_by(|a, b| {
        let key = |grant: &Grant| (grant.standing(now), grant.terms.valid_to);
        key(a).cmp(&key(b)).then_with(|| (&a.terms.id, a.no).cmp(&(&b.terms.id, b.no)))
    });
}

impl CouponHoldStatus {
    /// Every status.
    pub const ALL: [CouponHoldStatus; 4] = [
        CouponHoldStatus::Held,
        CouponHoldStatus::Used,
        CouponHoldStatus::Released,
        CouponHoldStatus::Returned,
    ];

    /// Whether the order still has it, so that nobody else can.
    #[must_use]
    pub fn is_live(self) -> bool {
        match self {
            CouponHoldStatus::Held | CouponHoldStatus::Used => true,
            CouponHoldStatus::Released | CouponHoldStatus::Returned => false,
        }
    }

    /// Whether `to` may come next.
    #[must_use]
    pub fn may_become(self, to: CouponHoldStatus) -> bool {
        match (self, to) {
            (CouponHoldStatus::Held, CouponHoldStatus::Used | CouponHoldStatus::Released)
            | (CouponHoldStatus::Used, CouponHoldStatus::Returned) => true,
            (
                CouponHoldStatus::Held
                | CouponHoldStatus::Used
                | CouponHoldStatus::Released
                | CouponHoldStatus::Returned,
                _,
            ) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fen;
    use crate::coupon::Cut;

    fn grant(id: &str, no: u32, ends_s: i64, state: GrantState) -> Grant {
        Grant {
            terms: CouponTerms {
                id: CouponId::parse(id).unwrap(),
                title: id.to_owned(),
                cut: Cut::Amount(Fen::new(1)),
                threshold: Fen::ZERO,
                valid_from: Timestamp::from_seconds(1_000),
                valid_to: Timestamp::from_seconds(ends_s),
                per_user_limit: 9,
            },
            no,
            state,
            issued_at: Timestamp::from_seconds(0),
        }
    }

    fn number() -> OrderNumber {
        OrderNumber::compose(Timestamp::from_seconds(0), None, 1)
    }

    #[test]
    fn one_in_the_hand_is_usable_from_its_first_moment_to_just_before_its_last() {
        let mine = grant("a", 1, 2_000, GrantState::Issued);
        let at = |s| mine.standing(Timestamp::from_seconds(s));
        assert_eq!([at(999), at(1_000)], [Standing::NotYet, Standing::Usable]);
        assert_eq!([at(1_999), at(2_000)], [Standing::Usable, Standing::Expired]);
    }

    #[test]
    fn one_that_an_order_has_does_not_expire() {
        let late = Timestamp::from_seconds(9_999);
        let held = grant("a", 1, 2_000, GrantState::Held(number()));
        let used = grant("a", 1, 2_000, GrantState::Used(number()));
        assert_eq!([held.standing(late), used.standing(late)], [Standing::Held, Standing::Used]);
        assert_eq!(held.order(), Some(&number()));
    }

    #[test]
    fn the_usable_ones_come_first_and_of_those_the_one_that_ends_first() {
        let now = Timestamp::from_seconds(1_500);
        let mut all = vec![
            grant("spent", 1, 9_000, GrantState::Used(number())),
            grant("over", 1, 1_200, GrantState::Issued),
            grant("long", 1, 9_000, GrantState::Issued),
            grant("held", 1, 1_600, GrantState::Held(number())),
            grant("short", 2, 1_600, GrantState::Issued),
            grant("short", 1, 1_600, GrantState::Issued),
        ];
        sort_for_use(&mut all, now);
        let names: Vec<String> =
            all.iter().map(|grant| format!("{}{}", grant.terms.id, grant.no)).collect();
        assert_eq!(names.join(" "), "short1 short2 long1 held1 spent1 over1");
    }

    #[test]
    fn what_was_given_back_stays_back() {
        use CouponHoldStatus::{Held, Released, Returned, Used};
        for from in CouponHoldStatus::ALL {
            for to in CouponHoldStatus::ALL {
                let may = matches!((from, to), (Held, Used | Released) | (Used, Returned));
                assert_eq!(from.may_become(to), may, "{from:?} to {to:?}");
            }
            assert_eq!(from.is_live(), matches!(from, Held | Used));
        }
    }
}
