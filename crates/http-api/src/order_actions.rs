//! What a buyer does with an order: says what became of the payment, cancels, confirms the receipt.
//!
//! May not believe the buyer's client about money: its word is a hint that makes us ask.

use crate::answer::{self, Outcome, Telling};
use crate::call::{Answer, Call};
use crate::json_body::{Body, Fields, Presence};
use crate::problem::ProblemBody;
use crate::wire::order::{View, WireOrder};
use actix_web::HttpResponse;
use domain::order::{CancelCause, Command, CompletedBy, PayerResult};
use usecases::Acted;
use utoipa::ToSchema;

/// What the payer's client says became of the payment.
#[derive(ToSchema)]
#[schema(as = PaymentResultRequest)]
#[expect(dead_code, reason = "only the OpenAPI document reads it; `Reported` is what is read")]
pub(crate) struct ReportBody {
    result: ReportedResult,
}

/// As `wx.requestPayment` ended.
#[derive(ToSchema)]
#[schema(as = ReportedResult, rename_all = "snake_case")]
#[expect(dead_code, reason = "only the OpenAPI document reads it")]
enum ReportedResult {
    Ok,
    Cancel,
    Fail,
}

struct Reported {
    result: PayerResult,
}

impl Body for Reported {
    fn read(fields: &mut Fields) -> Option<Reported> {
        let result = fields.parsed("result", read_result, "ok, cancel or fail");
        Some(Reported { result: result? })
    }
}

fn read_result(text: &str) -> Option<PayerResult> {
    match text {
        "ok" => Some(PayerResult::Ok),
        "cancel" => Some(PayerResult::Cancel),
        "fail" => Some(PayerResult::Fail),
        _other => None,
    }
}

/// Nothing to say: `{}`, or no body.
#[derive(ToSchema)]
#[schema(as = EmptyRequest)]
pub(crate) struct Nothing {}

impl Body for Nothing {
    fn read(_fields: &mut Fields) -> Option<Nothing> {
        Some(Nothing {})
    }
}

/// Says what became of the payment. Never trusted: WeChat Pay is asked, and the buyer shown that.
#[utoipa::path(post, path = "/api/mini/orders/{ref}/payment-result", tag = "buyers",
    operation_id = "report_payment",
    params(("ref" = String, Path, description = "its number, its id, or any out_trade_no of it"),
        ("If-Match" = Option<String>, Header, pattern = "^\"(0|[1-9][0-9]{0,18})\"$",
            description = "the order's ETag")),
    request_body = ReportBody,
    responses((status = 202, description = "noted; look at the order again", body = WireOrder),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn report(mut call: Call) -> Answer {
    let result = call.read::<Reported>().await?.value.result;
    let (target, audit) = (call.target()?, call.audit("payment result"));
    let noted =
        call.run(async move |paydesk| paydesk.note_payer_result(&target, result, audit).await);
    let order = noted.await??;
    Ok(answer::noted_at(order.version, &WireOrder::of(&order, call.view())))
}

/// Cancels an order: a negotiation with WeChat Pay, which may end otherwise. What was paid for an
/// order that is not shipped goes back first.
#[utoipa::path(post, path = "/api/mini/orders/{ref}/cancel", tag = "buyers",
    operation_id = "cancel_order",
    params(("ref" = String, Path, description = "its number, its id, or any out_trade_no of it"),
        ("Idempotency-Key" = String, Header, pattern = "^[0-9A-Za-z_-]{16,64}$"),
        ("If-Match" = Option<String>, Header, pattern = "^\"(0|[1-9][0-9]{0,18})\"$",
            description = "the order's ETag")),
    request_body = Option<Nothing>,
    responses((status = 200, description = "cancelled, still cancelling, or paid after all",
            body = WireOrder),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn cancel(mut call: Call) -> Answer {
    let asked = call.asked::<Nothing>(Presence::Optional).await?;
    let action = call.action(&asked, "cancel");
    let acted =
        call.run(async move |paydesk| paydesk.cancel_order(&action, CancelCause::Buyer).await);
    Ok(acted_on(&acted.await??, call.view()))
}

/// Confirms that everything arrived: the order is complete.
#[utoipa::path(post, path = "/api/mini/orders/{ref}/confirm-receipt", tag = "buyers",
    operation_id = "confirm_receipt",
    params(("ref" = String, Path, description = "its number, its id, or any out_trade_no of it"),
        ("Idempotency-Key" = String, Header, pattern = "^[0-9A-Za-z_-]{16,64}$"),
        ("If-Match" = Option<String>, Header, pattern = "^\"(0|[1-9][0-9]{0,18})\"$",
            description = "the order's ETag")),
    request_body = Option<Nothing>,
    responses((status = 200, description = "completed", body = WireOrder),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn confirm_receipt(mut call: Call) -> Answer {
    let asked = call.asked::<Nothing>(Presence::Optional).await?;
    let action = call.action(&asked, "confirm receipt");
    let command = Command::Complete(CompletedBy::Buyer);
    let acted = call.run(async move |paydesk| paydesk.act(&action, &command).await);
    Ok(acted_on(&acted.await??, call.view()))
}

/// The order as it is now, and whether this key had its effect before.
pub(crate) fn acted_on(acted: &Acted, view: View) -> HttpResponse {
    let telling = match acted {
        Acted::Done(_) => Telling::First,
        Acted::Replayed(_) => Telling::Replayed,
    };
    let order = acted.order();
    answer::keyed_at(Outcome::Found, telling, (order.version, ""), &WireOrder::of(order, view))
}
