//! Every refusal of the API: its code, its HTTP status, its words. Only here is the status of a
//! refusal chosen.
//!
//! May not show anything of another layer: no stack, SQL or path. What an error *means* is in
//! `problem/of_errors.rs`, one exhaustive match per error type.

mod codes;
mod of_buying;
mod of_errors;

pub(crate) use codes::Code;
pub(crate) use of_errors::notice_status;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use core::fmt;
use domain::OrderNumber;
use domain::catalogue::SkuId;
use domain::order::{Amounts, Order};
use domain::ports::WechatRefusal;
use serde::Serialize;
use utoipa::ToSchema;

use crate::wire::amounts::WireAmounts;
use crate::wire::order::{View, WireOrder};

/// The media type of RFC 9457.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// Where: a path into the body, a query parameter or a header. Empty for the whole body.
    pub field: String,
    /// What, for programs.
    pub code: &'static str,
    /// What, for developers.
    pub message: String,
}

impl FieldError {
    pub(crate) fn new(
        field: impl Into<String>,
        code: &'static str,
        message: impl Into<String>,
    ) -> FieldError {
        FieldError { field: field.into(), code, message: message.into() }
    }
}

/// A refusal.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    code: Code,
    detail: String,
    more: Box<More>,
}

/// What most refusals do not have.
#[derive(Clone, Debug, Default)]
struct More {
    errors: Vec<FieldError>,
    members: Members,
    wechat: Option<WechatRefusal>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// What a code says beside its words.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
struct Members {
    /// `price_changed`: what it costs now.
    #[serde(skip_serializing_if = "Option::is_none")]
    amounts: Option<WireAmounts>,
    /// `checkout_open`: the order that holds the lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    order_number: Option<String>,
    /// `out_of_stock`, `price_below_cost`: which SKU.
    #[serde(skip_serializing_if = "Option::is_none")]
    sku_id: Option<String>,
    /// `order_state_conflict` of cash that is not owed any more: the order, paid online.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<WireOrder>)]
    order: Option<serde_json::Value>,
    /// `not_ready`: what was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    checks: Option<Vec<crate::wire::health::Check>>,
}

/// What WeChat Pay said; for merchants' backends and operators only.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Wechat {
    /// Its error code.
    code: String,
    /// Its words.
    message: String,
    /// For its support.
    request_id: Option<String>,
}

/// `application/problem+json` (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// A URI that names the code.
    #[serde(rename = "type")]
    kind: String,
    /// The code in words; the same for every occurrence.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// This occurrence in words, for developers.
    detail: String,
    /// The code, for programs.
    #[schema(value_type = Code)]
    code: &'static str,
    /// The id of the request, as in `X-Request-Id`.
    request_id: String,
    /// What is wrong with the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    /// One sentence for people.
    message_zh: &'static str,
    #[serde(flatten)]
    members: Members,
    #[serde(skip_serializing_if = "Option::is_none")]
    wechat: Option<Wechat>,
}

/// Who reads a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Anybody, buyers among them: nothing of WeChat Pay's words.
    Public,
    /// A merchant's backend or an operator.
    Merchant,
}

impl Problem {
    /// A refusal with this code.
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Problem {
        Problem { code, detail: detail.into(), more: Box::default() }
    }

    /// The form of the request is wrong.
    pub(crate) fn invalid(errors: impl IntoIterator<Item = FieldError>) -> Problem {
        let mut problem = Problem::new(Code::ValidationFailed, "the request is not well formed");
        problem.more.errors = errors.into_iter().collect();
        problem
    }

    /// No credential, or none that is known.
    pub(crate) fn unauthenticated(detail: &'static str) -> Problem {
        let challenge = HeaderValue::from_static("Bearer");
        Problem::new(Code::Unauthenticated, detail).with(header::WWW_AUTHENTICATE, challenge)
    }

    /// There is no such thing, or it is somebody else's: one body for both.
    pub(crate) fn not_found() -> Problem {
        Problem::new(Code::NotFound, "there is nothing here that you may see")
    }

    /// The route exists, for other methods.
    pub(crate) fn method_not_allowed(allowed: &str) -> Problem {
        let problem = Problem::new(Code::MethodNotAllowed, "see the Allow header");
        match HeaderValue::from_str(allowed) {
            Ok(value) => problem.with(header::ALLOW, value),
            Err(_not_a_header) => problem,
        }
    }

    /// More bytes than `max`.
    pub(crate) fn body_too_large(max: usize) -> Problem {
        Problem::new(Code::BodyTooLarge, format!("at most {max} bytes"))
    }

    /// The client is too slow.
    pub(crate) fn request_timeout() -> Problem {
        Problem::new(Code::RequestTimeout, "the body did not arrive in time")
    }

    /// A body that is not JSON.
    pub(crate) fn unsupported_media_type(detail: &'static str) -> Problem {
        Problem::new(Code::UnsupportedMediaType, detail)
    }

    /// Something failed that should not; the log knows more.
    pub(crate) fn internal() -> Problem {
        Problem::new(Code::InternalError, "the request id leads to the log")
    }

    /// What the readiness checks found.
    pub(crate) fn not_ready(checks: Vec<crate::wire::health::Check>) -> Problem {
        let mut problem = Problem::new(Code::NotReady, "see checks");
        problem.more.members.checks = Some(checks);
        problem
    }

    /// It is not what the buyer was shown; this is what it costs.
    fn price_changed(amounts: Amounts, detail: &'static str) -> Problem {
        let mut problem = Problem::new(Code::PriceChanged, detail);
        problem.more.members.amounts = Some(WireAmounts::of(&amounts));
        problem
    }

    /// Lines of it are in another order, which is not over.
    pub(crate) fn checkout_open(number: &OrderNumber, detail: &'static str) -> Problem {
        let mut problem = Problem::new(Code::CheckoutOpen, detail);
        problem.more.members.order_number = Some(number.as_str().to_owned());
        problem
    }

    /// No cash is owed: this is the order, paid online.
    fn paid_online(order: &Order, view: View) -> Problem {
        let mut problem = Problem::new(Code::OrderStateConflict, "it was paid online: see order");
        problem.more.members.order = serde_json::to_value(WireOrder::of(order, view)).ok();
        problem
    }

    fn of_sku(code: Code, sku: &SkuId, detail: &'static str) -> Problem {
        let mut problem = Problem::new(code, detail);
        problem.more.members.sku_id = Some(sku.as_str().to_owned());
        problem
    }

    /// When the client may come back, in seconds.
    pub(crate) fn retry_after(self, seconds: u32) -> Problem {
        self.with(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    pub(crate) fn with_errors(mut self, errors: Vec<FieldError>) -> Problem {
        self.more.errors = errors;
        self
    }

    fn with(mut self, name: HeaderName, value: HeaderValue) -> Problem {
        self.more.headers.push((name, value));
        self
    }

    /// What actix-web answered by itself, in our words.
    pub(crate) fn of_framework(status: StatusCode) -> Problem {
        match status {
            StatusCode::NOT_FOUND => Problem::not_found(),
            StatusCode::PAYLOAD_TOO_LARGE => Problem::body_too_large(crate::json_body::BODY_MAX),
            StatusCode::REQUEST_TIMEOUT => Problem::request_timeout(),
            client if client.is_client_error() => Problem::invalid([]),
            _server => Problem::internal(),
        }
    }

    /// The status that its code has.
    pub(crate) fn status(&self) -> StatusCode {
        self.code.status()
    }

    /// Its body, as JSON.
    pub(crate) fn body(&self, request_id: &str, audience: Audience) -> String {
        let wechat = self.more.wechat.as_ref().filter(|_| audience == Audience::Merchant);
        let body = ProblemBody {
            kind: format!("urn:paydesk:problem:{}", self.code.name()),
            title: self.code.title(),
            status: self.status().as_u16(),
            detail: self.detail.clone(),
            code: self.code.name(),
            request_id: request_id.to_owned(),
            errors: self.more.errors.clone(),
            message_zh: self.code.message_zh(),
            members: self.more.members.clone(),
            wechat: wechat.map(|said| Wechat {
                code: said.code.clone(),
                message: said.message.clone(),
                request_id: said.request_id.clone(),
            }),
        };
        serde_json::to_string(&body).unwrap_or_default()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.name(), self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    /// Without a body: `request_id.rs` writes it, because it knows the request's id.
    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = HttpResponse::build(self.status());
        for (name, value) in &self.more.headers {
            response.insert_header((name.clone(), value.clone()));
        }
        let mut response = response.finish();
        response.extensions_mut().insert(self.clone());
        response
    }
}

#[cfg(test)]
mod tests;
