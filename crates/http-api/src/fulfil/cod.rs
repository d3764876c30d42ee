//! What happens at the door: the courier takes the cash, or the buyer does not take the goods.
//!
//! May not decide whether cash may be taken: while an online payment of the order is not over, the order
//! refuses, and its end is begun.

use super::{REASON, Why, cause};
use crate::call::{Answer, Call};
use crate::json_body::{Body, Fields, Presence};
use crate::order_actions::acted_on;
use crate::problem::{Problem, ProblemBody};
use crate::wire::order::WireOrder;
use domain::Fen;
use domain::cash::{COURIER_MAX, CashReceipt, Courier};
use domain::order::CancelCause;
use utoipa::ToSchema;

/// Cash that was taken.
#[derive(ToSchema)]
#[schema(as = CollectCashRequest, example = json!({"amount_fen": 1250, "courier": "王五"}))]
#[expect(dead_code, reason = "only the OpenAPI document reads it; `Collected` is what is read")]
pub(crate) struct CollectBody {
    /// What was taken; it has to be the order's total.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    amount_fen: i64,
    /// Who took it.
    #[schema(min_length = 1, max_length = 64)]
    courier: String,
    /// For the audit.
    #[schema(min_length = 1, max_length = 200)]
    reason: Option<String>,
}

/// What it says.
struct Collected {
    receipt: CashReceipt,
    reason: Option<String>,
}

impl Body for Collected {
    fn read(fields: &mut Fields) -> Option<Collected> {
        let amount = fields.integer("amount_fen", 0..=Fen::LIMIT.get());
        let expected = format!("1 to {COURIER_MAX} characters");
        let courier = fields.parsed("courier", Courier::parse, &expected);
        let reason = fields.optional_text("reason", REASON);
        let receipt = CashReceipt { amount: Fen::new(amount?), courier: courier? };
        Some(Collected { receipt, reason })
    }
}

/// Records that a courier took the cash. While an online payment of the order is open it is closed first:
/// `payment_in_progress`, come back; what was paid online meanwhile is answered with the paid order.
#[utoipa::path(post, path = "/api/admin/orders/{ref}/cod/collect", tag = "back_office",
    operation_id = "collect_cash",
    params(("ref" = String, Path, description = "its number, its id, or any out_trade_no of it"),
        ("Idempotency-Key" = String, Header, pattern = "^[0-9A-Za-z_-]{16,64}$"),
        ("If-Match" = Option<String>, Header, pattern = "^\"(0|[1-9][0-9]{0,18})\"$",
            description = "the order's ETag")),
    request_body = CollectBody,
    responses((status = 200, description = "paid in cash", body = WireOrder),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn collect(mut call: Call) -> Answer {
    let asked = call.asked::<Collected>(Presence::Required).await?;
    let action = call.action(&asked, &cause("collect cash", asked.body.reason.as_deref()));
    let receipt = asked.body.receipt;
    let acted = call.run(async move |paydesk| paydesk.collect_cash(&action, receipt).await).await?;
    let acted = acted.map_err(|error| Problem::of_collecting(error, call.view()))?;
    Ok(acted_on(&acted, call.view()))
}

/// Records that the buyer did not take the goods: the order is cancelled, once no online payment of it can
/// be paid any more.
#[utoipa::path(post, path = "/api/admin/orders/{ref}/cod/refuse", tag = "back_office",
    operation_id = "refuse_at_the_door",
    params(("ref" = String, Path, description = "its number, its id, or any out_trade_no of it"),
        ("Idempotency-Key" = String, Header, pattern = "^[0-9A-Za-z_-]{16,64}$"),
        ("If-Match" = Option<String>, Header, pattern = "^\"(0|[1-9][0-9]{0,18})\"$",
            description = "the order's ETag")),
    request_body = Option<Why>,
    responses((status = 200, description = "cancelled, still cancelling, or paid after all",
            body = WireOrder),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn refuse(mut call: Call) -> Answer {
    let asked = call.asked::<Why>(Presence::Optional).await?;
    let action = call.action(&asked, &cause("refused at the door", asked.body.reason.as_deref()));
    let acted =
        call.run(async move |paydesk| paydesk.cancel_order(&action, CancelCause::Refused).await);
    Ok(acted_on(&acted.await??, call.view()))
}
