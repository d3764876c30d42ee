//! `/api/admin/skus`: the merchant's catalogue and stock.
//!
//! May not be reached without an API key of the right role (`routes.rs` says which).

use crate::answer::{self, Outcome, Telling};
use crate::call::{Answer, Call};
use crate::etag::IfMatch;
use crate::json_body::{Body, Fields, TextRule};
use crate::problem::{Code, FieldError, Problem, ProblemBody};
use crate::purchase_list::SKU_ID;
use crate::wire::shop::{WireBackOfficeSku, WireSkuStatus, WireSkuStock};
use domain::Fen;
use domain::catalogue::{SkuDraft, SkuId, SkuStatus};
use domain::changeset::ReplayRecord;
use domain::ports::{StockAnswer, StockChange};
use utoipa::ToSchema;
use utoipa::openapi::schema::{OneOf, Type};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};

/// WeChat Pay shows 127 characters of a payment's description.
const TITLE: TextRule = TextRule { min: 1, max: 127 };
const REASON: TextRule = TextRule { min: 1, max: 200 };
/// The most that one move brings in or takes out.
const DELTA_MAX: i64 = 1_000_000_000;

/// What a SKU is to be.
#[derive(ToSchema)]
#[schema(as = PutSkuRequest)]
pub(crate) struct PutSku {
    #[schema(min_length = 1, max_length = 127)]
    title: String,
    #[schema(value_type = i64, minimum = 0, maximum = 1_000_000_000)]
    price_fen: Fen,
    /// It is never sold below.
    #[schema(value_type = i64, minimum = 0, maximum = 1_000_000_000)]
    cost_price_fen: Fen,
    /// `on_sale` when nothing is said.
    #[schema(value_type = Option<WireSkuStatus>)]
    status: SkuStatus,
}

impl Body for PutSku {
    fn read(fields: &mut Fields) -> Option<PutSku> {
        let title = fields.text("title", TITLE);
        let price = fields.integer("price_fen", 0..=Fen::LIMIT.get());
        let cost_price = fields.integer("cost_price_fen", 0..=Fen::LIMIT.get());
        let status = fields.optional_parsed("status", read_status, "on_sale or off_sale");
        Some(PutSku {
            title: title?,
            price_fen: Fen::new(price?),
            cost_price_fen: Fen::new(cost_price?),
            status: status.unwrap_or(SkuStatus::OnSale),
        })
    }
}

fn read_status(text: &str) -> Option<SkuStatus> {
    match text {
        "on_sale" => Some(SkuStatus::OnSale),
        "off_sale" => Some(SkuStatus::OffSale),
        _other => None,
    }
}

/// Stock brought in (positive) or taken out (negative).
#[derive(ToSchema)]
#[schema(as = MoveStockRequest)]
pub(crate) struct MoveStock {
    #[schema(schema_with = delta)]
    delta: i64,
    /// For the audit.
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
}

/// Not zero: either of two ranges.
fn delta() -> RefOr<Schema> {
    let range = |min: i64, max: i64| {
        let integer = ObjectBuilder::new().schema_type(Type::Integer);
        integer.minimum(Some(min)).maximum(Some(max))
    };
    let ranges = OneOf::builder().item(range(-DELTA_MAX, -1)).item(range(1, DELTA_MAX));
    ranges.description(Some("not zero")).into()
}

impl Body for MoveStock {
    fn read(fields: &mut Fields) -> Option<MoveStock> {
        let delta = fields.integer("delta", -DELTA_MAX..=DELTA_MAX);
        if delta == Some(0) {
            fields.refuse("delta", "out_of_range", "must not be zero");
        }
        let reason = fields.text("reason", REASON);
        Some(MoveStock { delta: delta?, reason: reason? })
    }
}

/// Shows a SKU, whatever its status.
#[utoipa::path(get, path = "/api/admin/skus/{id}", tag = "back_office",
    operation_id = "show_back_office_sku", params(("id" = String, Path)),
    responses((status = 200, body = WireBackOfficeSku),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show_sku(call: Call) -> Answer {
    let id = SkuId::parse(call.segment("id")).ok_or_else(Problem::not_found)?;
    let found = call.run(async move |paydesk| paydesk.catalogue.sku(&id).await).await??;
    let sku = found.ok_or_else(Problem::not_found)?;
    Ok(answer::ok_at(sku.price_version, &WireBackOfficeSku::of(&sku)))
}

/// Creates a SKU (without If-Match), or changes the one at the version of If-Match.
#[utoipa::path(put, path = "/api/admin/skus/{id}", tag = "back_office", operation_id = "put_sku",
    params(("id" = String, Path, pattern = "^[0-9A-Za-z_-]{1,32}$"),
        ("If-Match" = Option<String>, Header, pattern = "^\"(0|[1-9][0-9]{0,18})\"$",
            description = "the SKU's ETag; none creates")),
    request_body = PutSku,
    responses((status = 200, description = "changed", body = WireBackOfficeSku),
        (status = 201, description = "created", body = WireBackOfficeSku),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn put_sku(mut call: Call) -> Answer {
    let body: PutSku = call.read().await?.value;
    let id = SkuId::parse(call.segment("id")).ok_or_else(|| {
        Problem::invalid([FieldError::new("id", "invalid", format!("must be {SKU_ID}"))])
    })?;
    let expected = IfMatch::of(&call.req).optional()?;
    let location = format!("/api/admin/skus/{id}");
    let PutSku { title, price_fen, cost_price_fen, status } = body;
    let draft = SkuDraft { id, title, price: price_fen, cost_price: cost_price_fen, status };
    let audit = call.audit("put sku");
    let put = call.run(async move |paydesk| paydesk.put_sku(&draft, expected, &audit).await);
    let (sku, is_new) = put.await??;
    let shown = WireBackOfficeSku::of(&sku);
    Ok(if is_new {
        answer::created_at(&location, sku.price_version, &shown)
    } else {
        answer::ok_at(sku.price_version, &shown)
    })
}

/// Brings stock in or takes it out.
#[utoipa::path(post, path = "/api/admin/skus/{id}/stock", tag = "back_office",
    operation_id = "move_stock",
    params(("id" = String, Path),
        ("Idempotency-Key" = String, Header, pattern = "^[0-9A-Za-z_-]{16,64}$")),
    request_body = MoveStock,
    responses((status = 200, body = WireSkuStock),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn move_stock(mut call: Call) -> Answer {
    let key = call.key()?;
    let body = call.read::<MoveStock>().await?;
    let sku_id = SkuId::parse(call.segment("id")).ok_or_else(Problem::not_found)?;
    let keyed = call.keyed(key, &format!("/api/admin/skus/{sku_id}/stock"), &body.canonical);
    let change = StockChange {
        sku_id: sku_id.clone(),
        delta: body.value.delta,
        reason: body.value.reason,
        audit: call.audit("move stock"),
        replay: ReplayRecord {
            scope: keyed.scope,
            fingerprint: keyed.fingerprint.clone(),
            order: None,
            payment: None,
            reused: false,
            recorded_at: call.state.paydesk.clock.now(),
        },
    };
    let moved = call.run(async move |paydesk| paydesk.catalogue.move_stock(&change).await);
    match moved.await?? {
        StockAnswer::Moved(level) => {
            let shown = WireSkuStock::of(&sku_id, &level);
            Ok(answer::keyed(Outcome::Found, Telling::First, &shown))
        }
        StockAnswer::Replayed(record, level) if record.fingerprint == keyed.fingerprint => {
            let shown = WireSkuStock::of(&sku_id, &level);
            Ok(answer::keyed(Outcome::Found, Telling::Replayed, &shown))
        }
        StockAnswer::Replayed(..) => Err(Problem::key_reused()),
        StockAnswer::NotFound => Err(Problem::not_found()),
        StockAnswer::TooLittle => {
            Err(Problem::new(Code::OutOfStock, "less is available than is to be taken out"))
        }
    }
}
