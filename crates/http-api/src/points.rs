//! `POST /api/v1/users/{id}/points/spend`: a merchant's backend spends a buyer's points.

use crate::answer::{self, Outcome, Telling};
use crate::call::{Answer, Call};
use crate::json_body::{Body, Fields, TextRule};
use crate::problem::{Problem, ProblemBody};
use crate::wire::ledger::WireEntry;
use domain::UserId;
use domain::ledger::BALANCE_MAX;
use usecases::Spending;
use utoipa::ToSchema;

const REASON: TextRule = TextRule { min: 1, max: 200 };

/// Points to be spent.
#[derive(ToSchema)]
#[schema(as = SpendPointsRequest)]
pub(crate) struct Spend {
    #[schema(minimum = 1, maximum = 1_000_000_000_000_i64)]
    points: i64,
    /// For the audit.
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
}

impl Body for Spend {
    fn read(fields: &mut Fields) -> Option<Spend> {
        let points = fields.integer("points", 1..=BALANCE_MAX);
        let reason = fields.text("reason", REASON);
        Some(Spend { points: points?, reason: reason? })
    }
}

/// Spends points of a buyer, once per key; too few has no effect.
#[utoipa::path(post, path = "/api/v1/users/{id}/points/spend", tag = "backends",
    operation_id = "spend_points",
    params(("id" = String, Path, description = "the buyer's user_id"),
        ("Idempotency-Key" = String, Header, pattern = "^[0-9A-Za-z_-]{16,64}$")),
    request_body = Spend,
    responses((status = 201, description = "spent", body = WireEntry),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn spend(mut call: Call) -> Answer {
    let key = call.key()?;
    let body = call.read::<Spend>().await?;
    let buyer = UserId::parse(call.segment("id")).ok_or_else(Problem::not_found)?;
    let path = format!("/api/v1/users/{buyer}/points/spend");
    let keyed = call.keyed(key, &path, &body.canonical);
    let Spend { points, reason } = body.value;
    let audit = call.audit(&format!("spend points: {reason}"));
    let spending = Spending { buyer, points, audit };
    let done = call.run(async move |paydesk| paydesk.spend_points(&spending, &keyed).await);
    let spent = done.await??;
    let telling = if spent.replayed { Telling::Replayed } else { Telling::First };
    Ok(answer::keyed(Outcome::Created, telling, &WireEntry::of(&spent.entry)))
}
