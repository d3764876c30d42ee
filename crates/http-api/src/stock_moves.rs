//! `GET /api/admin/skus/{id}/stock/moves`: everything that ever moved the stock of a SKU.
//!
//! May not move any: that is `back_office.rs` and the orders.

use crate::answer;
use crate::call::{Answer, Call};
use crate::problem::{Problem, ProblemBody};
use crate::query::{read_stock_cursor, stock_cursor};
use crate::wire::list::Page;
use crate::wire::stock_move::WireStockMove;
use domain::catalogue::SkuId;
use domain::ports::StockEntryList;

/// Lists what moved the stock of a SKU, newest first. Nothing is ever taken out of this list: what a
/// SKU has is what it says.
#[utoipa::path(get, path = "/api/admin/skus/{id}/stock/moves", tag = "back_office",
    operation_id = "list_stock_moves",
    params(("id" = String, Path),
        ("created_from" = Option<String>, Query, format = DateTime,
            description = "moved at or after"),
        ("created_to" = Option<String>, Query, format = DateTime, description = "moved before"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, pattern = "^[0-9A-Za-z_-]{32}$",
            description = "`next_cursor` of the page before")),
    responses((status = 200, body = Page<WireStockMove>),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn list(call: Call) -> Answer {
    let mut query = call.query()?;
    let (from, to) = (query.time("created_from"), query.time("created_to"));
    let (after, limit) = (query.cursor(read_stock_cursor), query.limit());
    query.finish()?;
    let sku_id = SkuId::parse(call.segment("id")).ok_or_else(Problem::not_found)?;
    let list = StockEntryList { sku_id, from, to, after, limit };
    let found = call.run(async move |paydesk| paydesk.catalogue.stock_entries(&list).await);
    let page = found.await??.ok_or_else(Problem::not_found)?;
    let last = page.entries.last().filter(|_| page.more);
    let next_cursor = last.map(|entry| stock_cursor(entry.at, entry.id));
    let data = page.entries.iter().map(WireStockMove::of).collect();
    Ok(answer::ok(&Page { data, next_cursor }))
}
