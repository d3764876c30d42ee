//! What people say to a refund: yes, no, never mind, again, and that it was paid back otherwise.
//!
//! May not decide who may say yes to which: `routes.rs` says whom a route lets in, `domain` whose
//! yes counts.

use super::answered;
use crate::answer::{Outcome, Telling};
use crate::call::{Answer, Call};
use crate::fulfil::{REASON, Why, cause};
use crate::json_body::{Body, Fields, Presence, TextRule};
use crate::order_actions::Nothing;
use crate::problem::ProblemBody;
use crate::wire::refund::WireRefund;
use domain::order::{Command, Order};
use domain::ports::Role;
use domain::{Fen, OutRefundNo};
use usecases::Acted;
use utoipa::ToSchema;

const NOTE: TextRule = TextRule { min: 1, max: 200 };

/// How the money went back.
#[derive(ToSchema)]
#[schema(as = SettleRefundOfflineRequest)]
pub(crate) struct Note {
    /// Such as the number of a bank transfer; for whoever checks it later.
    #[schema(min_length = 1, max_length = 200)]
    note: String,
}

impl Body for Note {
    fn read(fields: &mut Fields) -> Option<Note> {
        Some(Note { note: fields.text("note", NOTE)? })
    }
}

/// How a refund goes on.
#[derive(ToSchema)]
#[schema(as = RetryRefundRequest)]
pub(crate) struct Again {
    /// For the audit.
    #[schema(min_length = 1, max_length = 200)]
    reason: Option<String>,
    /// Of money that an order could not take, and some of which somebody has sent back without our
    /// knowing how: what is still owed, in fen. Goes back under another number.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000_000)]
    amount_fen: Option<Fen>,
}

impl Body for Again {
    fn read(fields: &mut Fields) -> Option<Again> {
        let reason = fields.optional_text("reason", REASON);
        let amount = fields.optional_integer("amount_fen", 1..=Fen::LIMIT.get());
        Some(Again { reason, amount_fen: amount.map(Fen::new) })
    }
}

/// Takes back one's own request that still waits for somebody's yes.
#[utoipa::path(post, path = "/api/mini/orders/{ref}/refunds/{out_refund_no}/withdraw",
    tag = "buyers", operation_id = "withdraw_refund",
    params(("ref" = String, Path, description = "its number, its id, or any out_trade_no of it"),
        ("out_refund_no" = String, Path),
        ("Idempotency-Key" = String, Header, pattern = "^[0-9A-Za-z_-]{16,64}$"),
        ("If-Match" = Option<String>, Header, pattern = "^\"(0|[1-9][0-9]{0,18})\"$",
            description = "the order's ETag")),
    request_body = Option<Nothing>,
    responses((status = 200, description = "withdrawn", body = WireRefund),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn withdraw(mut call: Call) -> Answer {
    let asked = call.asked::<Nothing>(Presence::Optional).await?;
    let (action, number) = (call.action(&asked, "withdraw refund"), call.out_refund_no()?);
    let command = Command::WithdrawRefund { out_refund_no: number.clone() };
    let acted = call.run(async move |paydesk| paydesk.act(&action, &command).await);
    told(&acted.await??, &number)
}

/// Says yes to a refund that waits: an operator to a buyer's, an approver to one that another
/// operator asked for.
#[utoipa::path(post, path = "/api/admin/refunds/{out_refund_no}/approve", tag = "back_office",
    operation_id = "approve_refund",
    params(("out_refund_no" = String, Path),
        ("Idempotency-Key" = String, Header, pattern = "^[0-9A-Za-z_-]{16,64}$"),
        ("If-Match" = Option<String>, Header, pattern = "^\"(0|[1-9][0-9]{0,18})\"$",
            description = "the order's ETag")),
    request_body = Option<Why>,
    responses((status = 200, description = "approved", body = WireRefund),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn approve(call: Call) -> Answer {
    let as_approver = call.has(Role::Approver);
    let command = |out_refund_no| Command::ApproveRefund { out_refund_no, as_approver };
    act(call, "approve refund", command).await
}

/// Says no to a refund that waits.
#[utoipa::path(post, path = "/api/admin/refunds/{out_refund_no}/decline", tag = "back_office",
    operation_id = "decline_refund",
    params(("out_refund_no" = String, Path),
        ("Idempotency-Key" = String, Header, pattern = "^[0-9A-Za-z_-]{16,64}$"),
        ("If-Match" = Option<String>, Header, pattern = "^\"(0|[1-9][0-9]{0,18})\"$",
            description = "the order's ETag")),
    request_body = Option<Why>,
    responses((status = 200, description = "declined", body = WireRefund),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn decline(call: Call) -> Answer {
    act(call, "decline refund", |out_refund_no| Command::DeclineRefund { out_refund_no }).await
}

/// Goes on with a refund now, under the same number; one that WeChat Pay has closed goes on under
/// another, which is answered.
#[utoipa::path(post, path = "/api/admin/refunds/{out_refund_no}/retry", tag = "back_office",
    operation_id = "retry_refund",
    params(("out_refund_no" = String, Path),
        ("Idempotency-Key" = String, Header, pattern = "^[0-9A-Za-z_-]{16,64}$"),
        ("If-Match" = Option<String>, Header, pattern = "^\"(0|[1-9][0-9]{0,18})\"$",
            description = "the order's ETag")),
    request_body = Option<Again>,
    responses((status = 200, description = "the refund that goes on", body = WireRefund),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn retry(mut call: Call) -> Answer {
    let asked = call.asked::<Again>(Presence::Optional).await?;
    let action = call.action(&asked, &cause("retry refund", asked.body.reason.as_deref()));
    let (number, amount) = (call.out_refund_no()?, asked.body.amount_fen);
    let over = number.clone();
    let acted = call.run(async move |paydesk| paydesk.retry_refund(&action, &over, amount).await);
    let acted = acted.await??;
    told(&acted, &going_on(acted.order(), number))
}

/// Records that the money of a refund that WeChat Pay could not bring went back another way.
#[utoipa::path(post, path = "/api/admin/refunds/{out_refund_no}/settle-offline",
    tag = "back_office", operation_id = "settle_refund_offline",
    params(("out_refund_no" = String, Path),
        ("Idempotency-Key" = String, Header, pattern = "^[0-9A-Za-z_-]{16,64}$"),
        ("If-Match" = Option<String>, Header, pattern = "^\"(0|[1-9][0-9]{0,18})\"$",
            description = "the order's ETag")),
    request_body = Note,
    responses((status = 200, description = "settled", body = WireRefund),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn settle_offline(mut call: Call) -> Answer {
    let asked = call.asked::<Note>(Presence::Required).await?;
    let (action, number) = (call.action(&asked, "settle refund offline"), call.out_refund_no()?);
    let note = asked.body.note;
    let command = Command::SettleRefundOffline { out_refund_no: number.clone(), note };
    let acted = call.run(async move |paydesk| paydesk.act(&action, &command).await);
    told(&acted.await??, &number)
}

async fn act(mut call: Call, what: &str, command: impl FnOnce(OutRefundNo) -> Command) -> Answer {
    let asked = call.asked::<Why>(Presence::Optional).await?;
    let action = call.action(&asked, &cause(what, asked.body.reason.as_deref()));
    let number = call.out_refund_no()?;
    let command = command(number.clone());
    let acted = call.run(async move |paydesk| paydesk.act(&action, &command).await);
    told(&acted.await??, &number)
}

/// The refund as it is now, and whether this key had its effect before.
fn told(acted: &Acted, number: &OutRefundNo) -> Answer {
    let telling = match acted {
        Acted::Done(_) => Telling::First,
        Acted::Replayed(_) => Telling::Replayed,
    };
    answered((Outcome::Found, ""), telling, acted.order(), number)
}

/// The last refund of the chain that `number` belongs to.
fn going_on(order: &Order, mut number: OutRefundNo) -> OutRefundNo {
    // Each is replaced once, and by a later one: the chain ends.
    while let Some(another) = order.replacement_of(&number) {
        number = another.out_refund_no.clone();
    }
    number
}
