//! `GET /api/admin/orders`, `GET /api/admin/orders/{ref}`: operators look at anybody's orders.
//!
//! May not change anything; that is `fulfil.rs`. Looking asks WeChat Pay nothing either.

use crate::answer;
use crate::call::{Answer, Call};
use crate::orders::page_of;
use crate::problem::{Problem, ProblemBody};
use crate::query::read_order_cursor;
use crate::wire::list::Page;
use crate::wire::names::{WireOrderStatus, read_order_status};
use crate::wire::order::WireOrder;
use domain::ports::OrderList;

/// The most characters of a number that is looked for.
pub(crate) const NUMBER_MAX: usize = 64;

/// Lists orders, newest first.
#[utoipa::path(get, path = "/api/admin/orders", tag = "back_office",
    operation_id = "list_back_office_orders",
    params(("status" = Option<WireOrderStatus>, Query),
        ("q" = Option<String>, Query, min_length = 1, max_length = 64,
            description = "exactly this number: the order's, a payment's or a refund's (ours or \
                WeChat Pay's), or the merchant's own"),
        ("created_from" = Option<String>, Query, format = DateTime),
        ("created_to" = Option<String>, Query, format = DateTime),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, pattern = "^[0-9A-Za-z_-]{32}$",
            description = "`next_cursor` of the page before")),
    responses((status = 200, body = Page<WireOrder>),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn list(call: Call) -> Answer {
    let mut query = call.query()?;
    let list = OrderList {
        buyer: None,
        status: query.parsed("status", read_order_status, "the status of an order"),
        number: query.text("q", NUMBER_MAX),
        created_from: query.time("created_from"),
        created_to: query.time("created_to"),
        after: query.cursor(read_order_cursor),
        limit: query.limit(),
    };
    query.finish()?;
    let page = call.run(async move |paydesk| paydesk.orders.list(&list).await).await??;
    Ok(answer::ok(&page_of(&page, call.view())))
}

/// Shows an order.
#[utoipa::path(get, path = "/api/admin/orders/{ref}", tag = "back_office",
    operation_id = "show_back_office_order",
    params(("ref" = String, Path, description = "its number, its id, or any out_trade_no of it")),
    responses((status = 200, body = WireOrder),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show(call: Call) -> Answer {
    call.query()?.finish()?;
    let target = call.target()?;
    let found = call.run(async move |paydesk| paydesk.find(&target).await).await??;
    let order = found.ok_or_else(Problem::not_found)?;
    Ok(answer::ok_at(order.version, &WireOrder::of(&order, call.view())))
}
