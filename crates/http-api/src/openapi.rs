//! `GET /openapi.json`: all of it, as OpenAPI 3.1.
//!
//! May not say whom a route lets in by hand: that is read from `routes.rs`.

mod forms;
mod refusals;

use crate::answer;
use crate::auth::Who;
use crate::call::{Answer, Call};
use crate::routes::{self, Route};
use actix_web::http::Method;
use forms::Forms;
use std::sync::OnceLock;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(title = "Paydesk", description = "Orders and payments for merchants on WeChat Pay. \
        Money is in fen; times are RFC 3339; unknown fields are refused; refusals are \
        application/problem+json with a code.", license(identifier = "MIT")),
    paths(
        crate::login::log_in,
        crate::skus::list, crate::skus::show,
        crate::addresses::list, crate::addresses::add, crate::addresses::put,
        crate::addresses::delete,
        crate::purchase_list::show, crate::purchase_list::add, crate::purchase_list::change,
        crate::purchase_list::remove,
        crate::coupons::list,
        crate::checkout::quote, crate::checkout::prepay,
        crate::orders::list, crate::orders::show, crate::checkout::place::place,
        crate::checkout::pay::pay, crate::order_actions::report, crate::order_actions::cancel,
        crate::order_actions::confirm_receipt, crate::refunds::ask_as_buyer,
        crate::refunds::people::withdraw, crate::wallet::pay, crate::wallet::wallet,
        crate::wallet::wallet_entries, crate::wallet::points, crate::wallet::points_entries,
        crate::recharges::list, crate::recharges::recharge,
        crate::wechatpay_notify::notify, crate::wechatpay_notify::refund_notify,
        crate::wechatpay_notify::health,
        crate::refunds::ask_as_service, crate::refunds::show, crate::points::spend,
        crate::back_office::show_sku, crate::back_office::put_sku,
        crate::back_office::move_stock, crate::stock_moves::list,
        crate::coupons::show, crate::coupons::put, crate::coupons::issue::issue,
        crate::delivery_rules::show, crate::delivery_rules::put,
        crate::recharges::show, crate::recharges::put,
        crate::admin_orders::list, crate::admin_orders::show, crate::fulfil::ship,
        crate::fulfil::deliver, crate::fulfil::complete, crate::fulfil::cancel,
        crate::fulfil::cod::collect, crate::fulfil::cod::refuse,
        crate::refunds::ask_as_operator, crate::refunds::people::approve,
        crate::refunds::people::decline, crate::refunds::people::retry,
        crate::refunds::people::settle_offline, crate::refunds::abnormal::apply,
        crate::sync_payment::sync,
        crate::invariants::check,
        crate::cases::list, crate::cases::acting::assign, crate::cases::acting::resolve,
        crate::cases::acting::accept, crate::cases::acting::retry,
        crate::api_keys::list, crate::api_keys::make,
        crate::api_keys::revoke,
        crate::health::alive, crate::health::ready,
        show, crate::docs_page::show,
    ),
    // Named by a schema that is written by hand.
    components(schemas(crate::delivery_rules::PutRegion)),
    modifiers(&LetIn, &Forms)
)]
struct Api;

/// The document.
#[must_use]
pub fn document() -> Document {
    Api::openapi()
}

/// Shows the document.
#[utoipa::path(get, path = "/openapi.json", tag = "operations", operation_id = "openapi",
    responses((status = 200, description = "this document", body = serde_json::Value)))]
pub(crate) async fn show(_call: Call) -> Answer {
    static DOCUMENT: OnceLock<Document> = OnceLock::new();
    Ok(answer::ok(DOCUMENT.get_or_init(document)))
}

const BUYER: &str = "buyer_token";
const KEY: &str = "api_key";

/// Whom each route lets in.
struct LetIn;

impl Modify for LetIn {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        let bearer = |what: &str| {
            let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
            SecurityScheme::Http(scheme.description(Some(what)).build())
        };
        components.add_security_scheme(BUYER, bearer("the token from /api/mini/login"));
        components.add_security_scheme(KEY, bearer("an API key, pk_…"));
        for route in routes::every() {
            let Some(operation) = operation(document, route) else { continue };
            operation.security = Some(match route.who {
                Who::Anyone => Vec::new(),
                Who::Buyer => vec![SecurityRequirement::new::<_, _, &str>(BUYER, [])],
                Who::Key(roles) => {
                    let names = roles.iter().map(|role| role.name());
                    vec![SecurityRequirement::new(KEY, names)]
                }
            });
            refusals::spell_out(operation, &refusals::of(route));
        }
    }
}

fn operation<'a>(document: &'a mut Document, route: &Route) -> Option<&'a mut Operation> {
    let item = document.paths.paths.get_mut(route.path)?;
    match route.method {
        Method::GET => item.get.as_mut(),
        Method::PUT => item.put.as_mut(),
        Method::POST => item.post.as_mut(),
        Method::DELETE => item.delete.as_mut(),
        Method::PATCH => item.patch.as_mut(),
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod answers;
#[cfg(test)]
mod fuzzed;
#[cfg(test)]
mod tests;
