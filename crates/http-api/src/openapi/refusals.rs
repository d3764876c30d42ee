//! The codes that each route can refuse with, and the responses of the document that follow.
//!
//! May not list what every route can: [`of`] adds that. May not leave a refusal to `default`: a
//! client that knows the document knows every status it can meet.

use crate::auth::Who;
use crate::problem::{Code, MEDIA_TYPE, ProblemBody};
use crate::routes::Route;
use actix_web::http::{Method, StatusCode};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{Content, Header, Object, Ref, Response, ResponseBuilder};

/// The codes that a route can refuse with, in the order in which it looks.
pub(super) fn of(route: &Route) -> Vec<Code> {
    let admitted: &[Code] = match route.who {
        Who::Anyone => &[],
        Who::Buyer => &[Code::Unauthenticated],
        Who::Key(_) => &[Code::Unauthenticated, Code::Forbidden],
    };
    let form: &[Code] = match route.method {
        Method::POST | Method::PUT | Method::PATCH => FORM,
        _ => &[],
    };
    let own = OWN.iter().find(|(path, method, _)| *path == route.path && *method == route.method);
    let own = own.map_or(&[][..], |(_, _, codes)| codes);
    [&[Code::HeadersTooLarge], admitted, form, own, &[Code::InternalError, Code::TryAgain]].concat()
}

/// Replaces `default`, which an endpoint says when it refuses with problems, by a response per status.
/// Without it the endpoint has named its refusals itself, but for what is looked at before any route.
pub(super) fn spell_out(operation: &mut Operation, codes: &[Code]) {
    let codes = match operation.responses.responses.remove("default") {
        Some(_) => codes,
        None => &[Code::HeadersTooLarge],
    };
    let mut by_status: BTreeMap<StatusCode, Vec<&str>> = BTreeMap::new();
    for code in codes {
        let names = by_status.entry(code.status()).or_default();
        if !names.contains(&code.name()) {
            names.push(code.name());
        }
    }
    for (status, names) in by_status {
        let response = refusal(status, &names);
        operation.responses.responses.insert(status.as_str().to_owned(), response.into());
    }
}

fn refusal(status: StatusCode, names: &[&str]) -> Response {
    let problem = Content::new(Some(Ref::from_schema_name(ProblemBody::name())));
    let response = ResponseBuilder::new()
        .description(format!("Refused: {}.", names.join(", ")))
        .content(MEDIA_TYPE, problem);
    // The two headers that a refusal may have on these routes.
    match status {
        StatusCode::UNAUTHORIZED => response.header("WWW-Authenticate", text("how to come in")),
        StatusCode::CONFLICT | StatusCode::SERVICE_UNAVAILABLE => {
            response.header("Retry-After", text("when to come back, in seconds"))
        }
        _other => response,
    }
    .build()
}

fn text(what: &str) -> Header {
    let mut header = Header::new(Object::with_type(utoipa::openapi::schema::Type::String));
    header.description = Some(what.to_owned());
    header
}

/// Of every body.
const FORM: &[Code] =
    &[Code::UnsupportedMediaType, Code::BodyTooLarge, Code::RequestTimeout, Code::ValidationFailed];

/// Of one route.
pub(super) const OWN: &[(&str, Method, &[Code])] = &[
    ("/api/mini/login", Method::POST, &[Code::LoginRefused, Code::WechatUnavailable]),
    ("/api/mini/skus", Method::GET, &[Code::ValidationFailed]),
    ("/api/mini/skus/{id}", Method::GET, &[Code::NotFound]),
    ("/api/mini/addresses", Method::POST, &[Code::TooManyAddresses]),
    (
        "/api/mini/addresses/{id}",
        Method::PUT,
        &[Code::NotFound, Code::PreconditionRequired, Code::VersionConflict],
    ),
    ("/api/mini/addresses/{id}", Method::DELETE, &[Code::NotFound]),
    ("/api/mini/purchase-list/items", Method::POST, &[Code::ItemNotFound, Code::PurchaseListFull]),
    ("/api/mini/purchase-list/items/{id}", Method::PATCH, &[Code::NotFound, Code::CheckoutOpen]),
    ("/api/mini/purchase-list/items/{id}", Method::DELETE, &[Code::NotFound]),
    ("/api/mini/checkout/quote", Method::POST, QUOTE),
    ("/api/mini/wechat-pay/prepay-from-checkout", Method::POST, PREPAY),
    ("/api/mini/orders", Method::GET, &[Code::ValidationFailed]),
    ("/api/mini/orders", Method::POST, PLACE),
    ("/api/mini/orders/{ref}", Method::GET, &[Code::ValidationFailed, Code::NotFound]),
    ("/api/mini/orders/{ref}/wechat-pay/prepay", Method::POST, PAY),
    (
        "/api/mini/orders/{ref}/payment-result",
        Method::POST,
        &[Code::NotFound, Code::VersionConflict],
    ),
    ("/api/mini/orders/{ref}/cancel", Method::POST, CANCEL),
    ("/api/mini/orders/{ref}/confirm-receipt", Method::POST, ACT),
    ("/api/mini/orders/{ref}/refunds", Method::POST, REFUND),
    ("/api/mini/orders/{ref}/refunds/{out_refund_no}/withdraw", Method::POST, ACT),
    ("/api/mini/orders/{ref}/wallet-pay", Method::POST, WALLET_PAY),
    ("/api/mini/wallet", Method::GET, &[Code::ValidationFailed]),
    ("/api/mini/wallet/entries", Method::GET, &[Code::ValidationFailed]),
    ("/api/mini/points", Method::GET, &[Code::ValidationFailed]),
    ("/api/mini/points/entries", Method::GET, &[Code::ValidationFailed]),
    ("/api/mini/recharge-packages", Method::GET, &[Code::ValidationFailed]),
    ("/api/mini/recharges", Method::POST, RECHARGE),
    ("/api/v1/users/{id}/points/spend", Method::POST, SPEND),
    ("/api/admin/recharge-packages/{id}", Method::GET, &[Code::NotFound]),
    (
        "/api/admin/recharge-packages/{id}",
        Method::PUT,
        &[Code::PreconditionRequired, Code::VersionConflict],
    ),
    ("/api/v1/payments/{out_trade_no}/refunds", Method::POST, REFUND),
    ("/api/v1/refunds/{out_refund_no}", Method::GET, &[Code::ValidationFailed, Code::NotFound]),
    ("/api/admin/skus/{id}", Method::GET, &[Code::NotFound]),
    ("/api/admin/skus/{id}", Method::PUT, &[Code::PreconditionRequired, Code::VersionConflict]),
    ("/api/admin/skus/{id}/stock/moves", Method::GET, &[Code::ValidationFailed, Code::NotFound]),
    (
        "/api/admin/delivery-rules",
        Method::PUT,
        &[Code::PreconditionRequired, Code::VersionConflict],
    ),
    ("/api/admin/coupons/{id}", Method::GET, &[Code::NotFound]),
    ("/api/admin/coupons/{id}", Method::PUT, &[Code::PreconditionRequired, Code::VersionConflict]),
    (
        "/api/admin/coupons/{id}/issue",
        Method::POST,
        &[
            Code::IdempotencyKeyMissing,
            Code::NotFound,
            Code::IdempotencyKeyReused,
            Code::BuyerUnknown,
            Code::CouponLimitReached,
        ],
    ),
    ("/api/admin/orders", Method::GET, &[Code::ValidationFailed]),
    ("/api/admin/orders/{ref}", Method::GET, &[Code::ValidationFailed, Code::NotFound]),
    ("/api/admin/orders/{ref}/ship", Method::POST, ACT),
    ("/api/admin/orders/{ref}/deliver", Method::POST, ACT),
    ("/api/admin/orders/{ref}/complete", Method::POST, ACT),
    ("/api/admin/orders/{ref}/cancel", Method::POST, CANCEL),
    ("/api/admin/orders/{ref}/cod/collect", Method::POST, COLLECT),
    ("/api/admin/orders/{ref}/cod/refuse", Method::POST, ACT),
    ("/api/admin/orders/{ref}/refunds", Method::POST, REFUND),
    ("/api/admin/refunds/{out_refund_no}/approve", Method::POST, ACT),
    ("/api/admin/refunds/{out_refund_no}/decline", Method::POST, ACT),
    ("/api/admin/refunds/{out_refund_no}/retry", Method::POST, REFUND_AGAIN),
    ("/api/admin/refunds/{out_refund_no}/settle-offline", Method::POST, REFUND_AGAIN),
    ("/api/admin/refunds/{out_refund_no}/apply-abnormal", Method::POST, APPLY),
    (
        "/api/admin/payments/{out_trade_no}/sync",
        Method::POST,
        &[Code::NotFound, Code::OrderStateConflict, Code::WechatUnavailable],
    ),
    ("/api/admin/invariants", Method::GET, &[Code::ValidationFailed]),
    ("/api/admin/cases", Method::GET, &[Code::ValidationFailed]),
    ("/api/admin/cases/{id}/assign", Method::POST, OF_CASE),
    ("/api/admin/cases/{id}/resolve", Method::POST, OF_CASE),
    ("/api/admin/cases/{id}/accept", Method::POST, OF_CASE),
    ("/api/admin/cases/{id}/retry", Method::POST, OF_CASE),
    ("/api/admin/api-keys", Method::GET, &[Code::ValidationFailed]),
    (
        "/api/admin/api-keys",
        Method::POST,
        &[Code::IdempotencyKeyMissing, Code::IdempotencyKeyReused],
    ),
    ("/api/admin/api-keys/{id}", Method::DELETE, &[Code::NotFound]),
    (
        "/api/admin/skus/{id}/stock",
        Method::POST,
        &[
            Code::IdempotencyKeyMissing,
            Code::NotFound,
            Code::IdempotencyKeyReused,
            Code::OutOfStock,
        ],
    ),
];

/// Of what is done with a case.
const OF_CASE: &[Code] = &[
    Code::IdempotencyKeyMissing,
    Code::IdempotencyKeyReused,
    Code::NotFound,
    Code::CaseStateConflict,
];

/// Of what cannot be priced.
const QUOTE: &[Code] = &[
    Code::AddressInvalid,
    Code::PurchaseListEmpty,
    Code::ItemNotFound,
    Code::PriceBelowCost,
    Code::AmountTooLarge,
    Code::CouponNotUsable,
];

/// Of what cannot be checked out.
const PREPAY: &[Code] = &[
    Code::IdempotencyKeyMissing,
    Code::IdempotencyKeyReused,
    Code::RequestInProgress,
    Code::AddressInvalid,
    Code::PurchaseListEmpty,
    Code::ItemNotFound,
    Code::PriceBelowCost,
    Code::AmountTooLarge,
    Code::TooManyLines,
    Code::CouponNotUsable,
    Code::PriceChanged,
    Code::OutOfStock,
    Code::CheckoutOpen,
    Code::TooManyOpenOrders,
    Code::OpenidRequired,
    Code::OrderNotPayable,
    Code::OrderStateConflict,
    Code::WechatRefused,
];

/// Of placing an order whose payment is asked for later: of a checkout, but for the payment.
const PLACE: &[Code] = &[
    Code::IdempotencyKeyMissing,
    Code::IdempotencyKeyReused,
    Code::RequestInProgress,
    Code::AddressInvalid,
    Code::PurchaseListEmpty,
    Code::ItemNotFound,
    Code::PriceBelowCost,
    Code::AmountTooLarge,
    Code::TooManyLines,
    Code::CouponNotUsable,
    Code::PriceChanged,
    Code::OutOfStock,
    Code::CheckoutOpen,
    Code::TooManyOpenOrders,
    Code::InsufficientBalance,
];

/// Of paying from the wallet.
const WALLET_PAY: &[Code] = &[
    Code::IdempotencyKeyMissing,
    Code::IdempotencyKeyReused,
    Code::RequestInProgress,
    Code::NotFound,
    Code::VersionConflict,
    Code::OrderNotPayable,
    Code::InsufficientBalance,
];

/// Of buying a recharge.
const RECHARGE: &[Code] = &[
    Code::IdempotencyKeyMissing,
    Code::IdempotencyKeyReused,
    Code::RequestInProgress,
    Code::NotFound,
    Code::PriceChanged,
    Code::TooManyOpenOrders,
    Code::OpenidRequired,
    Code::OrderNotPayable,
    Code::OrderStateConflict,
    Code::WechatRefused,
];

/// Of spending points.
const SPEND: &[Code] = &[
    Code::IdempotencyKeyMissing,
    Code::IdempotencyKeyReused,
    Code::NotFound,
    Code::InsufficientBalance,
];

/// Of what asks for a payment of an order that exists.
const PAY: &[Code] = &[
    Code::IdempotencyKeyMissing,
    Code::IdempotencyKeyReused,
    Code::RequestInProgress,
    Code::NotFound,
    Code::VersionConflict,
    Code::OpenidRequired,
    Code::OrderNotPayable,
    Code::OrderStateConflict,
    Code::WechatRefused,
];

/// Of what acts on an order.
const ACT: &[Code] = &[
    Code::IdempotencyKeyMissing,
    Code::IdempotencyKeyReused,
    Code::RequestInProgress,
    Code::NotFound,
    Code::VersionConflict,
    Code::OrderStateConflict,
];

/// Of what sends a refund to a card.
const APPLY: &[Code] = &[
    Code::IdempotencyKeyMissing,
    Code::IdempotencyKeyReused,
    Code::RequestInProgress,
    Code::NotFound,
    Code::VersionConflict,
    Code::OrderStateConflict,
    Code::WechatRefused,
];

/// Of taking cash.
const COLLECT: &[Code] = &[
    Code::IdempotencyKeyMissing,
    Code::IdempotencyKeyReused,
    Code::RequestInProgress,
    Code::NotFound,
    Code::VersionConflict,
    Code::CodAmountDiffers,
    Code::PaymentInProgress,
    Code::OrderStateConflict,
];

/// Of asking for money back.
const REFUND: &[Code] = &[
    Code::IdempotencyKeyMissing,
    Code::IdempotencyKeyReused,
    Code::RequestInProgress,
    Code::NotFound,
    Code::VersionConflict,
    Code::ItemNotFound,
    Code::OrderNotRefundable,
    Code::RefundExceedsPaid,
    Code::RefundLimitReached,
    Code::InsufficientBalance,
    Code::OrderStateConflict,
];

/// Of what has the amount of a refund reserved again.
const REFUND_AGAIN: &[Code] = &[
    Code::IdempotencyKeyMissing,
    Code::IdempotencyKeyReused,
    Code::RequestInProgress,
    Code::NotFound,
    Code::VersionConflict,
    Code::RefundExceedsPaid,
    Code::RefundLimitReached,
    Code::InsufficientBalance,
    Code::OrderStateConflict,
];

/// Of cancelling one.
const CANCEL: &[Code] = &[
    Code::IdempotencyKeyMissing,
    Code::IdempotencyKeyReused,
    Code::RequestInProgress,
    Code::NotFound,
    Code::VersionConflict,
    Code::OrderNotCancellable,
];
