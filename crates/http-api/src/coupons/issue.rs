//! `POST /api/admin/coupons/{id}/issue`: gives a buyer coupons, all that are asked for or none.
//!
//! May not give more than one buyer may ever get; the store counts, however many ask at once.

use crate::answer::{self, Outcome, Telling};
use crate::call::{Answer, Call};
use crate::json_body::{Body, Fields};
use crate::problem::{Code, Problem, ProblemBody};
use crate::wire::coupon::WireIssued;
use domain::UserId;
use domain::changeset::ReplayRecord;
use domain::coupon::CouponId;
use domain::ports::{CouponIssue, IssueAnswer};
use utoipa::ToSchema;

/// The most that one request gives.
const QUANTITY_MAX: i64 = 100;

/// Coupons to be given to a buyer.
#[derive(ToSchema)]
#[schema(as = IssueCouponsRequest)]
#[expect(dead_code, reason = "only the OpenAPI document reads it; `Issue` is what is read")]
pub(crate) struct IssueBody {
    /// The buyer, as their login answered.
    #[schema(format = Uuid)]
    user_id: String,
    /// How many; one when nothing is said.
    #[schema(minimum = 1, maximum = 100)]
    quantity: Option<i64>,
}

/// What it says.
struct Issue {
    buyer: UserId,
    quantity: u32,
}

impl Body for Issue {
    fn read(fields: &mut Fields) -> Option<Issue> {
        let buyer = fields.parsed("user_id", UserId::parse, "a buyer's user_id");
        let quantity = fields.optional_integer("quantity", 1..=QUANTITY_MAX).unwrap_or(1);
        Some(Issue { buyer: buyer?, quantity: u32::try_from(quantity).ok()? })
    }
}

/// Gives a buyer coupons, once per key.
#[utoipa::path(post, path = "/api/admin/coupons/{id}/issue", tag = "back_office",
    operation_id = "issue_coupons",
    params(("id" = String, Path),
        ("Idempotency-Key" = String, Header, pattern = "^[0-9A-Za-z_-]{16,64}$")),
    request_body = IssueBody,
    responses((status = 200, body = WireIssued),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn issue(mut call: Call) -> Answer {
    let key = call.key()?;
    let body = call.read::<Issue>().await?;
    let coupon_id = CouponId::parse(call.segment("id")).ok_or_else(Problem::not_found)?;
    let keyed = call.keyed(key, &format!("/api/admin/coupons/{coupon_id}/issue"), &body.canonical);
    let Issue { buyer, quantity } = body.value;
    let issue = CouponIssue {
        coupon_id: coupon_id.clone(),
        buyer,
        quantity,
        audit: call.audit("issue coupons"),
        replay: ReplayRecord {
            scope: keyed.scope,
            fingerprint: keyed.fingerprint.clone(),
            order: None,
            payment: None,
            reused: false,
            recorded_at: call.state.paydesk.clock.now(),
        },
    };
    let issued = call.run(async move |paydesk| paydesk.coupons.issue(&issue).await).await??;
    let shown = |total| WireIssued::of(&coupon_id, buyer, quantity, total);
    match issued {
        IssueAnswer::Issued(total) => {
            Ok(answer::keyed(Outcome::Found, Telling::First, &shown(total)))
        }
        IssueAnswer::Replayed(record, total) if record.fingerprint == keyed.fingerprint => {
            Ok(answer::keyed(Outcome::Found, Telling::Replayed, &shown(total)))
        }
        IssueAnswer::Replayed(..) => Err(Problem::key_reused()),
        IssueAnswer::NoSuchCoupon => Err(Problem::not_found()),
        IssueAnswer::NoSuchBuyer => {
            Err(Problem::new(Code::BuyerUnknown, "user_id is nobody who has logged in here"))
        }
        IssueAnswer::LimitReached => {
            Err(Problem::new(Code::CouponLimitReached, "see per_user_limit: spent ones count"))
        }
    }
}
