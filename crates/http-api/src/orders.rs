//! `GET /api/mini/orders`, `GET /api/mini/orders/{ref}?wait=`: a buyer looks at their orders.
//!
//! May not tell another buyer's order from one that does not exist.

use crate::answer;
use crate::call::{Answer, Call};
use crate::problem::{Problem, ProblemBody};
use crate::query::{order_cursor, read_order_cursor};
use crate::wire::list::Page;
use crate::wire::names::{WireOrderStatus, read_order_status};
use crate::wire::order::{View, WireOrder};
use domain::order::Order;
use domain::ports::{OrderKey, OrderList, OrderListing};
use tokio::time::{Duration, Instant, timeout_at};
use usecases::{Paydesk, Target};

/// The longest that an answer can wait for a change, in seconds.
const WAIT_MAX_S: u32 = 10;
/// While waiting, an order is looked at this often even if no bell rings.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Lists the buyer's orders, newest first.
#[utoipa::path(get, path = "/api/mini/orders", tag = "buyers", operation_id = "list_orders",
    params(("status" = Option<WireOrderStatus>, Query),
        ("created_from" = Option<String>, Query, format = DateTime),
        ("created_to" = Option<String>, Query, format = DateTime),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, pattern = "^[0-9A-Za-z_-]{32}$",
            description = "`next_cursor` of the page before")),
    responses((status = 200, body = Page<WireOrder>),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn list(call: Call) -> Answer {
    let buyer = call.buyer()?;
    let mut query = call.query()?;
    let list = OrderList {
        buyer: Some(buyer),
        status: query.parsed("status", read_order_status, "the status of an order"),
        number: None,
        created_from: query.time("created_from"),
        created_to: query.time("created_to"),
        after: query.cursor(read_order_cursor),
        limit: query.limit(),
    };
    query.finish()?;
    let page = call.run(async move |paydesk| paydesk.orders.list(&list).await).await??;
    Ok(answer::ok(&page_of(&page, call.view())))
}

/// A page of orders, as `view` sees them.
pub(crate) fn page_of(page: &OrderListing, view: View) -> Page<WireOrder> {
    let last = page.orders.last().filter(|_| page.more);
    let next_cursor = last.map(|order| order_cursor(order.created_at, order.id));
    let data = page.orders.iter().map(|order| WireOrder::of(order, view)).collect();
    Page { data, next_cursor }
}

/// Shows an order; with `wait`, as soon as it changes. Who polls an unpaid order makes us ask
/// WeChat Pay.
#[utoipa::path(get, path = "/api/mini/orders/{ref}", tag = "buyers", operation_id = "show_order",
    params(("ref" = String, Path, description = "its number, its id, or any out_trade_no of it"),
        ("wait" = Option<u32>, Query, minimum = 0, maximum = 10,
            description = "how many seconds to wait for a change")),
    responses((status = 200, body = WireOrder),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show(call: Call) -> Answer {
    let mut query = call.query()?;
    let wait_s = query.integer("wait", 0..=WAIT_MAX_S).unwrap_or(0);
    query.finish()?;
    let mut target = call.target()?;
    // Looking changes nothing, so it is about no version.
    target.expected_version = None;
    let first = look(&call, target.clone()).await?;
    let order = if wait_s > 0 && first.is_payable() {
        wait(&call, target, first, Duration::from_secs(u64::from(wait_s))).await?
    } else {
        first
    };
    Ok(answer::ok_at(order.version, &WireOrder::of(&order, call.view())))
}

/// Waits until the order is not what it was, cannot be paid any more, or the time is over.
async fn wait(
    call: &Call,
    mut target: Target,
    first: Order,
    at_most: Duration,
) -> Result<Order, Problem> {
    target.key = OrderKey::Id(first.id);
    let deadline = Instant::now() + at_most;
    let listener = call.state.bell.listen(first.id);
    loop {
        // Listens before it looks, so that no commit falls between the two.
        let ring = listener.next();
        let order = look(call, target.clone()).await?;
        if order.version != first.version || !order.is_payable() || Instant::now() >= deadline {
            return Ok(order);
        }
        let until = deadline.min(Instant::now() + LOOK_EVERY);
        if timeout_at(until, ring).await.is_err() {
            tracing::trace!("looking without a ring");
        }
    }
}

/// Loads the order, and has WeChat Pay asked about it soon.
async fn look(call: &Call, target: Target) -> Result<Order, Problem> {
    let found = call.run(async move |paydesk: std::sync::Arc<Paydesk>| {
        let Some(order) = paydesk.find(&target).await? else { return Ok(None) };
        if let Err(error) = paydesk.ask_soon(&order).await {
            // Its follower asks anyway, only later; the order can be shown.
            tracing::warn!(order.id = %order.id, error = %error, "could not hasten its follower");
        }
        Ok::<_, domain::ports::StoreError>(Some(order))
    });
    found.await??.ok_or_else(Problem::not_found)
}
