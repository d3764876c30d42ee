//! What operators do with an order: ship, deliver, complete, cancel.
//!
//! May not be reached without an operator's key (`routes.rs`). Each is once per idempotency key,
//! and its reason goes into the audit.

mod shipment;

use crate::call::{Answer, Call};
use crate::json_body::{Body, Fields, Presence, TextRule};
use crate::order_actions::acted_on;
use crate::problem::ProblemBody;
use crate::wire::order::WireOrder;
use domain::order::{CancelCause, Command, CompletedBy};
use shipment::{Ship, ShipBody};
use utoipa::ToSchema;

pub(crate) const REASON: TextRule = TextRule { min: 1, max: 200 };

/// Why it is done.
#[derive(ToSchema)]
#[schema(as = ActionRequest)]
pub(crate) struct Why {
    /// For the audit.
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) reason: Option<String>,
}

impl Body for Why {
    fn read(fields: &mut Fields) -> Option<Why> {
        Some(Why { reason: fields.optional_text("reason", REASON) })
    }
}

/// The cause in the audit: what was done, and why if that was said.
pub(crate) fn cause(what: &str, reason: Option<&str>) -> String {
    reason.map_or_else(|| what.to_owned(), |reason| format!("{what}: {reason}"))
}

/// Records that goods went out; repeatable until everything is on its way.
#[utoipa::path(post, path = "/api/admin/orders/{ref}/ship", tag = "back_office",
    operation_id = "ship_order",
    params(("ref" = String, Path, description = "its number, its id, or any out_trade_no of it"),
        ("Idempotency-Key" = String, Header, pattern = "^[0-9A-Za-z_-]{16,64}$"),
        ("If-Match" = Option<String>, Header, pattern = "^\"(0|[1-9][0-9]{0,18})\"$",
            description = "the order's ETag")),
    request_body = ShipBody,
    responses((status = 200, description = "shipped", body = WireOrder),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn ship(mut call: Call) -> Answer {
    let asked = call.asked::<Ship>(Presence::Required).await?;
    let action = call.action(&asked, &cause("ship", asked.body.reason.as_deref()));
    let command = Command::Ship(asked.body.draft);
    let acted = call.run(async move |paydesk| paydesk.act(&action, &command).await);
    Ok(acted_on(&acted.await??, call.view()))
}

/// Records that everything arrived.
#[utoipa::path(post, path = "/api/admin/orders/{ref}/deliver", tag = "back_office",
    operation_id = "deliver_order",
    params(("ref" = String, Path, description = "its number, its id, or any out_trade_no of it"),
        ("Idempotency-Key" = String, Header, pattern = "^[0-9A-Za-z_-]{16,64}$"),
        ("If-Match" = Option<String>, Header, pattern = "^\"(0|[1-9][0-9]{0,18})\"$",
            description = "the order's ETag")),
    request_body = Option<Why>,
    responses((status = 200, description = "delivered", body = WireOrder),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn deliver(call: Call) -> Answer {
    act(call, "deliver", Command::Deliver).await
}

/// Records that nothing is left to do.
#[utoipa::path(post, path = "/api/admin/orders/{ref}/complete", tag = "back_office",
    operation_id = "complete_order",
    params(("ref" = String, Path, description = "its number, its id, or any out_trade_no of it"),
        ("Idempotency-Key" = String, Header, pattern = "^[0-9A-Za-z_-]{16,64}$"),
        ("If-Match" = Option<String>, Header, pattern = "^\"(0|[1-9][0-9]{0,18})\"$",
            description = "the order's ETag")),
    request_body = Option<Why>,
    responses((status = 200, description = "completed", body = WireOrder),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn complete(call: Call) -> Answer {
    act(call, "complete", Command::Complete(CompletedBy::Operator)).await
}

/// Cancels an order: a negotiation with WeChat Pay, which may end otherwise. What was paid for an
/// order that is not shipped goes back first.
#[utoipa::path(post, path = "/api/admin/orders/{ref}/cancel", tag = "back_office",
    operation_id = "cancel_back_office_order",
    params(("ref" = String, Path, description = "its number, its id, or any out_trade_no of it"),
        ("Idempotency-Key" = String, Header, pattern = "^[0-9A-Za-z_-]{16,64}$"),
        ("If-Match" = Option<String>, Header, pattern = "^\"(0|[1-9][0-9]{0,18})\"$",
            description = "the order's ETag")),
    request_body = Option<Why>,
    responses((status = 200, description = "cancelled, still cancelling, or paid after all",
            body = WireOrder),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn cancel(mut call: Call) -> Answer {
    let asked = call.asked::<Why>(Presence::Optional).await?;
    let action = call.action(&asked, &cause("cancel", asked.body.reason.as_deref()));
    let acted =
        call.run(async move |paydesk| paydesk.cancel_order(&action, CancelCause::Operator).await);
    Ok(acted_on(&acted.await??, call.view()))
}

async fn act(mut call: Call, what: &str, command: Command) -> Answer {
    let asked = call.asked::<Why>(Presence::Optional).await?;
    let action = call.action(&asked, &cause(what, asked.body.reason.as_deref()));
    let acted = call.run(async move |paydesk| paydesk.act(&action, &command).await);
    Ok(acted_on(&acted.await??, call.view()))
}
