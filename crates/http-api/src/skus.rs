//! `GET /api/mini/skus`, `GET /api/mini/skus/{id}`: what is for sale.
//!
//! May not show what is off sale, nor any cost.

use crate::answer;
use crate::call::{Answer, Call};
use crate::problem::{Problem, ProblemBody};
use crate::query::read_sku_cursor;
use crate::wire::list::Page;
use crate::wire::shop::WireSku;
use domain::catalogue::{SkuId, SkuStatus};

/// Lists what is for sale, by id.
#[utoipa::path(get, path = "/api/mini/skus", tag = "buyers", operation_id = "list_skus",
    params(("limit" = Option<u32>, Query, minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, pattern = "^[0-9A-Za-z_-]{1,32}$",
            description = "`next_cursor` of the page before")),
    responses((status = 200, body = Page<WireSku>),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn list(call: Call) -> Answer {
    let mut query = call.query()?;
    let limit = query.limit();
    let after = query.cursor(read_sku_cursor);
    query.finish()?;
    // One more than asked for tells whether there are more.
    let found = call
        .run(async move |paydesk| paydesk.catalogue.on_sale(after, limit.saturating_add(1)).await);
    let found = found.await??;
    let size = usize::try_from(limit).unwrap_or(usize::MAX);
    let shown = found.get(..size).unwrap_or(&found);
    let next_cursor =
        if found.len() > size { shown.last().map(|sku| sku.id.as_str().to_owned()) } else { None };
    Ok(answer::ok(&Page { data: shown.iter().map(WireSku::of).collect(), next_cursor }))
}

/// Shows one SKU that is for sale.
#[utoipa::path(get, path = "/api/mini/skus/{id}", tag = "buyers", operation_id = "show_sku",
    params(("id" = String, Path)),
    responses((status = 200, body = WireSku),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show(call: Call) -> Answer {
    let id = SkuId::parse(call.segment("id")).ok_or_else(Problem::not_found)?;
    let found = call.run(async move |paydesk| paydesk.catalogue.sku(&id).await).await??;
    let sku = found.filter(|sku| sku.status == SkuStatus::OnSale).ok_or_else(Problem::not_found)?;
    Ok(answer::ok_at(sku.price_version, &WireSku::of(&sku)))
}
