//! `POST /api/admin/payments/{out_trade_no}/sync`: an operator has WeChat Pay asked now.
//!
//! May not be believed more than any other question: its answer goes the way of all facts.

use crate::answer;
use crate::call::{Answer, Call};
use crate::json_body::Presence;
use crate::order_actions::Nothing;
use crate::problem::ProblemBody;
use crate::wire::order::WireOrder;

/// Asks WeChat Pay what became of a payment, and records what it says.
#[utoipa::path(post, path = "/api/admin/payments/{out_trade_no}/sync", tag = "back_office",
    operation_id = "sync_payment", params(("out_trade_no" = String, Path)),
    request_body = Option<Nothing>,
    responses((status = 200, description = "the order as it is then", body = WireOrder),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn sync(mut call: Call) -> Answer {
    call.read_if::<Nothing>(Presence::Optional).await?;
    let (number, audit) = (call.out_trade_no()?, call.audit("sync payment"));
    let synced = call.run(async move |paydesk| paydesk.sync_payment(&number, audit).await);
    let order = synced.await??;
    Ok(answer::ok_at(order.version, &WireOrder::of(&order, call.view())))
}
