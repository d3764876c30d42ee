//! Refunds: asked for by buyers, merchants' backends and operators, and shown to backends.
//!
//! May not decide how much may go back, nor who has to say yes: `domain` does. What people say to a
//! refund is in `refunds/people.rs`; `refunds/abnormal.rs` sends one to a card.

pub(crate) mod abnormal;
mod asking;
pub(crate) mod people;

use crate::answer::{self, Outcome, Telling};
use crate::call::{Answer, Asked, Call};
use crate::json_body::Presence;
use crate::problem::{Problem, ProblemBody};
use crate::wire::refund::WireRefund;
use actix_web::HttpResponse;
use asking::{AskBody, Asking, ServiceAskBody, ServiceAsking};
use domain::OutRefundNo;
use domain::order::{Order, Purpose, RefundAsk};
use domain::refund::Asker;
use usecases::Refunded;

/// Asks for money back. While the order is not shipped that is accepted at once, and all that is
/// left cancels the order; afterwards an operator has to say yes.
#[utoipa::path(post, path = "/api/mini/orders/{ref}/refunds", tag = "buyers",
    operation_id = "refund_order",
    params(("ref" = String, Path, description = "its number, its id, or any out_trade_no of it"),
        ("Idempotency-Key" = String, Header, pattern = "^[0-9A-Za-z_-]{16,64}$"),
        ("If-Match" = Option<String>, Header, pattern = "^\"(0|[1-9][0-9]{0,18})\"$",
            description = "the order's ETag")),
    request_body = AskBody,
    responses((status = 201, description = "the amount is reserved", body = WireRefund),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn ask_as_buyer(mut call: Call) -> Answer {
    let asked = call.asked::<Asking>(Presence::Required).await?;
    let refunded = ask(&call, &asked, asked.body.by(Asker::Buyer)).await?;
    created(&answer::place_of(&refunded.order), &refunded)
}

/// Sends money back. Above a limit it waits for an approver who is another person.
#[utoipa::path(post, path = "/api/admin/orders/{ref}/refunds", tag = "back_office",
    operation_id = "refund_back_office_order",
    params(("ref" = String, Path, description = "its number, its id, or any out_trade_no of it"),
        ("Idempotency-Key" = String, Header, pattern = "^[0-9A-Za-z_-]{16,64}$"),
        ("If-Match" = Option<String>, Header, pattern = "^\"(0|[1-9][0-9]{0,18})\"$",
            description = "the order's ETag")),
    request_body = AskBody,
    responses((status = 201, description = "the amount is reserved", body = WireRefund),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn ask_as_operator(mut call: Call) -> Answer {
    let asked = call.asked::<Asking>(Presence::Required).await?;
    let refunded = ask(&call, &asked, asked.body.by(Asker::Operator)).await?;
    created(&format!("/api/admin/orders/{}", refunded.order.number), &refunded)
}

/// Sends money of a payment back, at once. The same `out_refund_no` is the same refund for ever. With a
/// key that a key made it counts as an operator's: above a limit it waits for an approver who is another
/// person.
#[utoipa::path(post, path = "/api/v1/payments/{out_trade_no}/refunds", tag = "backends",
    operation_id = "refund_payment",
    params(("out_trade_no" = String, Path),
        ("Idempotency-Key" = String, Header, pattern = "^[0-9A-Za-z_-]{16,64}$"),
        ("If-Match" = Option<String>, Header, pattern = "^\"(0|[1-9][0-9]{0,18})\"$",
            description = "the order's ETag")),
    request_body = ServiceAskBody,
    responses((status = 201, description = "the amount is reserved", body = WireRefund),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn ask_as_service(mut call: Call) -> Answer {
    let asked = call.asked::<ServiceAsking>(Presence::Required).await?;
    let (target, number) = (asked.target.clone(), call.out_trade_no()?);
    let found = call.run(async move |paydesk| paydesk.find(&target).await).await??;
    let order = found.ok_or_else(Problem::not_found)?;
    // What is refunded is what settled the order, for ever; the path may name another payment of it.
    if order.settled_payment().is_none_or(|payment| *payment.out_trade_no() != number) {
        return Err(match asked.target.expected_version {
            Some(version) if version != order.version => Problem::version_conflict(),
            Some(_) | None => Problem::not_refundable(),
        });
    }
    // Whoever made the key has seen it, and is not to send with it what they may not send alone.
    let by = if call.is_of_a_person() { Asker::Operator } else { Asker::Service };
    if order.purpose == Purpose::Recharge {
        return Err(Problem::not_refundable());
    }
    let refunded = ask(&call, &asked, asked.body.ask(by)).await?;
    created(&format!("/api/v1/refunds/{}", refunded.out_refund_no), &refunded)
}

/// Shows a refund.
#[utoipa::path(get, path = "/api/v1/refunds/{out_refund_no}", tag = "backends",
    operation_id = "show_refund", params(("out_refund_no" = String, Path)),
    responses((status = 200, body = WireRefund),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show(call: Call) -> Answer {
    call.query()?.finish()?;
    let (target, number) = (call.target()?, call.out_refund_no()?);
    let found = call.run(async move |paydesk| paydesk.find(&target).await).await??;
    let order = found.ok_or_else(Problem::not_found)?;
    Ok(answer::ok_at(order.version, &shown(&order, &number)?))
}

async fn ask<T>(call: &Call, asked: &Asked<T>, ask: RefundAsk) -> Result<Refunded, Problem> {
    let action = call.action(asked, "refund");
    let done = call.run(async move |paydesk| paydesk.refund_order(&action, ask).await);
    Ok(done.await??)
}

fn created(location: &str, refunded: &Refunded) -> Answer {
    let telling = if refunded.replayed { Telling::Replayed } else { Telling::First };
    answered((Outcome::Created, location), telling, &refunded.order, &refunded.out_refund_no)
}

/// A refund of `order`, which is at the version that is answered as `ETag`.
fn answered(
    (outcome, location): (Outcome, &str),
    telling: Telling,
    order: &Order,
    number: &OutRefundNo,
) -> Answer {
    let refund = shown(order, number)?;
    let response: HttpResponse =
        answer::keyed_at(outcome, telling, (order.version, location), &refund);
    Ok(response)
}

fn shown(order: &Order, number: &OutRefundNo) -> Result<WireRefund, Problem> {
    let refund = order.refund(number).ok_or_else(Problem::not_found)?;
    Ok(WireRefund::of(refund, order))
}
