//! Coupons: defined and given away by operators (`coupons/issue.rs`), shown to those who have them.
//!
//! May not move one that is in a buyer's hand: only orders do.

pub(crate) mod issue;
mod terms;

use crate::answer;
use crate::call::{Answer, Call};
use crate::etag::IfMatch;
use crate::problem::{FieldError, Problem, ProblemBody};
use crate::wire::coupon::{WireCoupon, WireGrant};
use crate::wire::list::Page;
use domain::coupon::{CouponId, sort_for_use};
use terms::{PutCouponBody, PutTerms};

/// The most that a buyer is shown: those that can be used come first.
const GRANTS_MAX: u32 = 200;

/// Shows the buyer's coupons: the usable ones first, and of those the one that ends first.
#[utoipa::path(get, path = "/api/mini/coupons", tag = "buyers", operation_id = "list_coupons",
    responses((status = 200, body = Page<WireGrant>),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn list(call: Call) -> Answer {
    let (buyer, now) = (call.buyer()?, call.view().now);
    let found = call.run(async move |paydesk| paydesk.coupons.grants(buyer, now, GRANTS_MAX).await);
    let mut grants = found.await??;
    sort_for_use(&mut grants, now);
    let data = grants.iter().map(|grant| WireGrant::of(grant, now)).collect();
    Ok(answer::ok(&Page { data, next_cursor: None }))
}

/// Shows a coupon.
#[utoipa::path(get, path = "/api/admin/coupons/{id}", tag = "back_office",
    operation_id = "show_coupon", params(("id" = String, Path)),
    responses((status = 200, body = WireCoupon),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show(call: Call) -> Answer {
    let id = CouponId::parse(call.segment("id")).ok_or_else(Problem::not_found)?;
    let found = call.run(async move |paydesk| paydesk.coupons.coupon(&id).await).await??;
    let coupon = found.ok_or_else(Problem::not_found)?;
    Ok(answer::ok_at(coupon.version, &WireCoupon::of(&coupon)))
}

/// Creates a coupon (without If-Match), or changes the one at the version of If-Match, also for those
/// who have it. Orders that are placed keep what they were priced with.
#[utoipa::path(put, path = "/api/admin/coupons/{id}", tag = "back_office",
    operation_id = "put_coupon",
    params(("id" = String, Path, pattern = "^[0-9A-Za-z_-]{1,32}$"),
        ("If-Match" = Option<String>, Header, pattern = "^\"(0|[1-9][0-9]{0,18})\"$",
            description = "the coupon's ETag; none creates")),
    request_body = PutCouponBody,
    responses((status = 200, description = "changed", body = WireCoupon),
        (status = 201, description = "created", body = WireCoupon),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn put(mut call: Call) -> Answer {
    let body: PutTerms = call.read().await?.value;
    let id = CouponId::parse(call.segment("id")).ok_or_else(|| {
        Problem::invalid([FieldError::new("id", "invalid", "must be 1 to 32 of [0-9A-Za-z_-]")])
    })?;
    let expected = IfMatch::of(&call.req).optional()?;
    let location = format!("/api/admin/coupons/{id}");
    let terms = body.named(id);
    let audit = call.audit("put coupon");
    let put = call.run(async move |paydesk| paydesk.put_coupon(&terms, expected, &audit).await);
    let (coupon, is_new) = put.await??;
    let shown = WireCoupon::of(&coupon);
    Ok(if is_new {
        answer::created_at(&location, coupon.version, &shown)
    } else {
        answer::ok_at(coupon.version, &shown)
    })
}
