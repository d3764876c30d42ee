//! `/api/admin/cases/{id}/…`: somebody takes a case on, says that it is settled, leaves it as it is, or has the
//! work that it is about tried again.
//!
//! May not move money or change an order: that is done where it always is.

use crate::answer::{self, Outcome, Telling};
use crate::call::{Answer, Call};
use crate::json_body::{Body, Fields, Presence, TextRule};
use crate::order_actions::Nothing;
use crate::problem::{Problem, ProblemBody};
use crate::wire::case::WireCase;
use domain::CaseId;
use domain::case::CaseAction;
use utoipa::ToSchema;

const WHO: TextRule = TextRule { min: 1, max: 64 };
const NOTE: TextRule = TextRule { min: 1, max: 500 };

/// Who looks into a case.
#[derive(ToSchema)]
#[schema(as = AssignCaseRequest)]
pub(crate) struct Assign {
    /// As the merchant calls them.
    #[schema(min_length = 1, max_length = 64)]
    assignee: String,
}

impl Body for Assign {
    fn read(fields: &mut Fields) -> Option<Assign> {
        Some(Assign { assignee: fields.text("assignee", WHO)? })
    }
}

/// Why a case is over.
#[derive(ToSchema)]
#[schema(as = CloseCaseRequest)]
pub(crate) struct Close {
    /// How it was settled, or why it is left as it is. Kept with the case.
    #[schema(min_length = 1, max_length = 500)]
    note: String,
}

impl Body for Close {
    fn read(fields: &mut Fields) -> Option<Close> {
        Some(Close { note: fields.text("note", NOTE)? })
    }
}

/// Somebody looks into a case.
#[utoipa::path(post, path = "/api/admin/cases/{id}/assign", tag = "back_office",
    operation_id = "assign_case",
    params(("id" = String, Path, format = Uuid),
        ("Idempotency-Key" = String, Header, pattern = "^[0-9A-Za-z_-]{16,64}$")),
    request_body = Assign,
    responses((status = 200, body = WireCase),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn assign(mut call: Call) -> Answer {
    let key = call.key()?;
    let body = call.read::<Assign>().await?;
    let action = CaseAction::Assign { to: body.value.assignee };
    act(&call, key, &body.canonical, "assign", action).await
}

/// A case is settled, and how.
#[utoipa::path(post, path = "/api/admin/cases/{id}/resolve", tag = "back_office",
    operation_id = "resolve_case",
    params(("id" = String, Path, format = Uuid),
        ("Idempotency-Key" = String, Header, pattern = "^[0-9A-Za-z_-]{16,64}$")),
    request_body = Close,
    responses((status = 200, body = WireCase),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn resolve(mut call: Call) -> Answer {
    let key = call.key()?;
    let body = call.read::<Close>().await?;
    let action = CaseAction::Resolve { note: body.value.note };
    act(&call, key, &body.canonical, "resolve", action).await
}

/// A case is left as it is, and why.
#[utoipa::path(post, path = "/api/admin/cases/{id}/accept", tag = "back_office",
    operation_id = "accept_case",
    params(("id" = String, Path, format = Uuid),
        ("Idempotency-Key" = String, Header, pattern = "^[0-9A-Za-z_-]{16,64}$")),
    request_body = Close,
    responses((status = 200, body = WireCase),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn accept(mut call: Call) -> Answer {
    let key = call.key()?;
    let body = call.read::<Close>().await?;
    let action = CaseAction::Accept { note: body.value.note };
    act(&call, key, &body.canonical, "accept", action).await
}

/// The work that a case is about is done again, now: an unknown payment is asked about, and if it is ours,
/// an order is made that carries it and pays it back; a job that was set aside goes on.
#[utoipa::path(post, path = "/api/admin/cases/{id}/retry", tag = "back_office",
    operation_id = "retry_case",
    params(("id" = String, Path, format = Uuid),
        ("Idempotency-Key" = String, Header, pattern = "^[0-9A-Za-z_-]{16,64}$")),
    request_body = Option<Nothing>,
    responses((status = 200, body = WireCase),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn retry(mut call: Call) -> Answer {
    let key = call.key()?;
    let body = call.read_if::<Nothing>(Presence::Optional).await?;
    act(&call, key, &body.canonical, "retry", CaseAction::Retry).await
}

async fn act(call: &Call, key: String, canonical: &str, what: &str, action: CaseAction) -> Answer {
    let id = CaseId::parse(call.segment("id")).ok_or_else(Problem::not_found)?;
    let keyed = call.keyed(key, &format!("/api/admin/cases/{id}/{what}"), canonical);
    let audit = call.audit(action.name());
    let done =
        call.run(async move |paydesk| paydesk.decide_case(id, &action, &audit, &keyed).await);
    let decided = done.await??;
    let telling = if decided.replayed { Telling::Replayed } else { Telling::First };
    Ok(answer::keyed(Outcome::Found, telling, &WireCase::of(&decided.case)))
}
