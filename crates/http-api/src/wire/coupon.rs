//! Coupons, as the merchant defines them and as buyers have them.

use domain::coupon::{CouponId, CouponTerms, Cut, Grant, Standing};
use domain::ports::CouponInForce;
use domain::{Fen, Timestamp, UserId};
use serde::Serialize;
use utoipa::ToSchema;

/// What a coupon takes off.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = CouponKind)]
#[serde(rename_all = "snake_case")]
enum WireCouponKind {
    Amount,
    Percent,
}

/// A coupon, as the merchant defines it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Coupon)]
pub(crate) struct WireCoupon {
    #[serde(flatten)]
    terms: WireTerms,
    per_user_limit: u32,
    /// Rises with each change; also the `ETag`.
    version: u64,
}

/// What a coupon promises.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CouponTerms)]
struct WireTerms {
    /// What `coupon_id` of a checkout takes.
    id: String,
    title: String,
    kind: WireCouponKind,
    /// Null for hundredths.
    #[schema(required = true)]
    amount_fen: Option<i64>,
    /// Null for an amount.
    #[schema(required = true)]
    percent: Option<u8>,
    #[schema(required = true)]
    cap_fen: Option<i64>,
    threshold_fen: i64,
    #[schema(format = DateTime)]
    valid_from: String,
    #[schema(format = DateTime)]
    valid_to: String,
}

/// A coupon in a buyer's hand.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BuyersCoupon)]
pub(crate) struct WireGrant {
    #[serde(flatten)]
    terms: WireTerms,
    status: WireStanding,
    /// The order that holds it or that it was spent on.
    #[schema(required = true)]
    order_number: Option<String>,
    #[schema(format = DateTime)]
    issued_at: String,
}

/// What a buyer can do with a coupon.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = BuyersCouponStatus)]
#[serde(rename_all = "snake_case")]
enum WireStanding {
    Usable,
    NotYet,
    Held,
    Used,
    Expired,
}

/// Coupons that were given to a buyer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IssuedCoupons)]
pub(crate) struct WireIssued {
    coupon_id: String,
    user_id: String,
    /// By this request.
    quantity: u32,
    /// How many of it the buyer has got by now, spent ones included.
    total: u32,
}

impl WireTerms {
    fn of(terms: &CouponTerms) -> WireTerms {
        let (kind, amount, percent, cap) = match terms.cut {
            Cut::Amount(amount) => (WireCouponKind::Amount, Some(amount), None, None),
            Cut::Percent { percent, cap } => (WireCouponKind::Percent, None, Some(percent), cap),
        };
        WireTerms {
            id: terms.id.as_str().to_owned(),
            title: terms.title.clone(),
            kind,
            amount_fen: amount.map(Fen::get),
            percent,
            cap_fen: cap.map(Fen::get),
            threshold_fen: terms.threshold.get(),
            valid_from: terms.valid_from.to_rfc3339(),
            valid_to: terms.valid_to.to_rfc3339(),
        }
    }
}

impl WireCoupon {
    /// The twin.
    pub(crate) fn of(coupon: &CouponInForce) -> WireCoupon {
        WireCoupon {
            terms: WireTerms::of(&coupon.terms),
            per_user_limit: coupon.terms.per_user_limit,
            version: coupon.version,
        }
    }
}

impl WireGrant {
    /// The twin, as it is at `now`.
    pub(crate) fn of(grant: &Grant, now: Timestamp) -> WireGrant {
        WireGrant {
            terms: WireTerms::of(&grant.terms),
            status: match grant.standing(now) {
                Standing::Usable => WireStanding::Usable,
                Standing::NotYet => WireStanding::NotYet,
                Standing::Held => WireStanding::Held,
                Standing::Used => WireStanding::Used,
                Standing::Expired => WireStanding::Expired,
            },
            order_number: grant.order().map(|number| number.as_str().to_owned()),
            issued_at: grant.issued_at.to_rfc3339(),
        }
    }
}

impl WireIssued {
    /// The twin.
    pub(crate) fn of(coupon: &CouponId, buyer: UserId, quantity: u32, total: u32) -> WireIssued {
        WireIssued {
            coupon_id: coupon.as_str().to_owned(),
            user_id: buyer.to_string(),
            quantity,
            total,
        }
    }
}
