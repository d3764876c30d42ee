//! What becomes of an order's coupon: held from placing on, spent by the settlement, given back by the
//! end of a cancellation and not before. Its time may be over by then: what is held stays good.

use crate::coupon::CouponHoldStatus;
use crate::order::{CouponOutcome, Event, Order};

impl Order {
    /// What follows for the coupon when `events` happen. Money is never vetoed by it: what cannot be
    /// moved stays where it is, and a person is told.
    pub(super) fn coupon_after(&self, events: &[Event], outcome: CouponOutcome) -> Option<Event> {
        let status = self.coupon.as_ref()?.status;
        let happened = |what: fn(&Event) -> bool| events.iter().any(what);
        let is_settled = happened(|event| matches!(event, Event::Settled { .. }));
        let is_cancelled = happened(|event| matches!(event, Event::Cancelled { .. }));
        let to = match status {
            CouponHoldStatus::Held if is_settled => CouponHoldStatus::Used,
            CouponHoldStatus::Held if is_cancelled => CouponHoldStatus::Released,
            CouponHoldStatus::Used if is_cancelled => CouponHoldStatus::Returned,
            CouponHoldStatus::Held
            | CouponHoldStatus::Used
            | CouponHoldStatus::Released
            | CouponHoldStatus::Returned => return None,
        };
        Some(match outcome {
            CouponOutcome::Moved => Event::CouponMoved { to },
            CouponOutcome::Refused => Event::CouponStuck { wanted: to },
        })
    }
}
