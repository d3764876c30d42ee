//! The row of what an order has of a coupon.

use super::corrupt;
use crate::words::Word as _;
use domain::coupon::{CouponHold, CouponHoldStatus, CouponId, GrantId};
use domain::ports::StoreError;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One row of `coupon_uses`, without its buyer, who is the order's.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct CouponUseRow {
    order_id: Uuid,
    coupon_id: String,
    grant_no: u32,
    status: String,
}

impl CouponUseRow {
    pub(super) fn of(order_id: Uuid, hold: &CouponHold) -> CouponUseRow {
        CouponUseRow {
            order_id,
            coupon_id: hold.grant.coupon_id.as_str().to_owned(),
            grant_no: hold.grant.no,
            status: hold.status.word().to_owned(),
        }
    }

    pub(super) fn into_hold(self) -> Result<CouponHold, StoreError> {
        let coupon_id = CouponId::parse(&self.coupon_id)
            .ok_or_else(|| corrupt("coupon_uses.coupon_id is impossible"))?;
        Ok(CouponHold {
            grant: GrantId { coupon_id, no: self.grant_no },
            status: CouponHoldStatus::read(&self.status)?,
        })
    }
}
