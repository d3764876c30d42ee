//! `/api/mini/purchase-list`: what a buyer is about to buy (采购单).
//!
//! May not price anything: prices shown are those of now, and no promise.

use crate::answer;
use crate::call::{Answer, Call};
use crate::json_body::{Body, Fields};
use crate::problem::{Code, Problem, ProblemBody};
use crate::wire::shop::{WireItem, WireList, WirePutItem};
use domain::buyer::NewItem;
use domain::catalogue::SkuId;
use domain::ports::{AddItemAnswer, ChangeItemAnswer};
use utoipa::ToSchema;

/// The most lines of one list.
pub(crate) const LINES_MAX: u32 = 200;
/// The most of one SKU in one line.
pub(crate) const QUANTITY_MAX: i64 = 9_999;
/// What a SKU id looks like.
pub(crate) const SKU_ID: &str = "1 to 32 of [0-9A-Za-z_-]";

/// A line to be added.
#[derive(ToSchema)]
#[schema(as = AddItemRequest)]
pub(crate) struct AddItem {
    #[schema(value_type = String, pattern = "^[0-9A-Za-z_-]{1,32}$")]
    sku_id: SkuId,
    #[schema(minimum = 1, maximum = 9_999)]
    quantity: u32,
}

impl Body for AddItem {
    fn read(fields: &mut Fields) -> Option<AddItem> {
        let sku_id = fields.parsed("sku_id", SkuId::parse, SKU_ID);
        let quantity = quantity(fields);
        Some(AddItem { sku_id: sku_id?, quantity: quantity? })
    }
}

/// A line's new quantity.
#[derive(ToSchema)]
#[schema(as = ChangeItemRequest)]
pub(crate) struct ChangeItem {
    #[schema(minimum = 1, maximum = 9_999)]
    quantity: u32,
}

impl Body for ChangeItem {
    fn read(fields: &mut Fields) -> Option<ChangeItem> {
        quantity(fields).map(|quantity| ChangeItem { quantity })
    }
}

fn quantity(fields: &mut Fields) -> Option<u32> {
    fields.integer("quantity", 1..=QUANTITY_MAX).and_then(|number| u32::try_from(number).ok())
}

/// Shows the list.
#[utoipa::path(get, path = "/api/mini/purchase-list", tag = "buyers",
    operation_id = "show_purchase_list",
    responses((status = 200, body = WireList),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show(call: Call) -> Answer {
    let buyer = call.buyer()?;
    let items = call.run(async move |paydesk| paydesk.book.items(buyer).await).await??;
    Ok(answer::ok(&WireList { items: items.iter().map(WireItem::of).collect() }))
}

/// Adds a line; one of the same SKU that no order holds grows instead.
#[utoipa::path(post, path = "/api/mini/purchase-list/items", tag = "buyers",
    operation_id = "add_item", request_body = AddItem,
    responses((status = 201, body = WirePutItem),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn add(mut call: Call) -> Answer {
    let buyer = call.buyer()?;
    let AddItem { sku_id, quantity } = call.read().await?.value;
    let item = NewItem { sku_id, quantity };
    let added = call.run(async move |paydesk| paydesk.book.add_item(buyer, item, LINES_MAX).await);
    match added.await?? {
        AddItemAnswer::Added(item) => {
            let location = format!("/api/mini/purchase-list/items/{}", item.id);
            Ok(answer::created(&location, &WirePutItem::of(&item)))
        }
        AddItemAnswer::NoSuchSku => Err(Problem::new(Code::ItemNotFound, "no such SKU is on sale")),
        AddItemAnswer::Full => Err(Problem::new(
            Code::PurchaseListFull,
            format!("at most {LINES_MAX} lines, and {QUANTITY_MAX} of one SKU"),
        )),
    }
}

/// Changes the quantity of a line that is in no open order.
#[utoipa::path(patch, path = "/api/mini/purchase-list/items/{id}", tag = "buyers",
    operation_id = "change_item", params(("id" = i64, Path, minimum = 1)),
    request_body = ChangeItem,
    responses((status = 200, body = WirePutItem),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn change(mut call: Call) -> Answer {
    let buyer = call.buyer()?;
    let ChangeItem { quantity } = call.read().await?.value;
    let id = call.number()?;
    let changed =
        call.run(async move |paydesk| paydesk.book.change_item(buyer, id, quantity).await);
    match changed.await?? {
        ChangeItemAnswer::Changed(item) => Ok(answer::ok(&WirePutItem::of(&item))),
        ChangeItemAnswer::NotFound => Err(Problem::not_found()),
        ChangeItemAnswer::Captured(order) => {
            Err(Problem::checkout_open(&order, "an open order has captured the line"))
        }
    }
}

/// Removes a line; an order that holds it goes on.
#[utoipa::path(delete, path = "/api/mini/purchase-list/items/{id}", tag = "buyers",
    operation_id = "remove_item", params(("id" = i64, Path, minimum = 1)),
    responses((status = 204),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn remove(call: Call) -> Answer {
    let (buyer, id) = (call.buyer()?, call.number()?);
    let removed = call.run(async move |paydesk| paydesk.book.remove_item(buyer, id).await);
    if removed.await?? { Ok(answer::done()) } else { Err(Problem::not_found()) }
}
