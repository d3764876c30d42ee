//! Around every request: its id, its span, its time, and the last word on its answer.
//!
//! May not log a body, a query, a header or anything personal. Every answer leaves with
//! `X-Request-Id`; every refusal leaves as `application/problem+json`.

use crate::problem::{Audience, Code, MEDIA_TYPE, Problem};
use crate::state::ApiState;
use crate::watch::{Answered, method_name};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, ResponseError, web};
use core::fmt;
use std::time::Duration;
use tokio::time::Instant;
use tracing::{Instrument, Span};

/// The header.
const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// The most characters of an id that a client chooses.
const ID_MAX: usize = 64;
/// The most bytes of all headers together.
pub(crate) const HEADERS_MAX: usize = 16 * 1024;

/// The id of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestId(String);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// On an answer whose body is not ours to write, whatever its status.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnBody;

/// The middleware.
pub(crate) async fn observe(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(state) = req.app_data::<web::Data<ApiState>>().cloned() else {
        return Ok(req.into_response(Problem::internal().error_response()));
    };
    let began = Instant::now();
    let fresh = || state.paydesk.ids.order_id(state.paydesk.clock.now()).to_string();
    let id = taken(req.headers()).unwrap_or_else(|| RequestId(fresh()));
    req.extensions_mut().insert(id.clone());
    let method = method_name(req.method());
    // At the level of errors, so that whatever is logged at all says for which request.
    let span = tracing::error_span!("request", request_id = %id, method,
        route = tracing::field::Empty, wechat.request_id = tracing::field::Empty);
    let response = if header_bytes(req.headers()) > HEADERS_MAX {
        let detail = format!("at most {HEADERS_MAX} bytes");
        let problem = Problem::new(Code::HeadersTooLarge, detail);
        req.into_response(problem.error_response())
    } else {
        next.call(req).instrument(span.clone()).await?.map_into_boxed_body()
    };
    let response = worded(response, &id);
    let route = response.request().match_pattern();
    let (route, status) = (route.as_deref().unwrap_or("none"), response.status().as_u16());
    let answered = Answered { route, method, status, took: began.elapsed() };
    state.watch.answered(&answered);
    log(&span, &answered);
    Ok(response)
}

/// The id that the client chose, if it may.
fn taken(headers: &HeaderMap) -> Option<RequestId> {
    plain(headers, &HEADER).map(|text| RequestId(text.to_owned()))
}

/// The id that a header names, when it is fit to be written anywhere.
pub(crate) fn plain<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let text = headers.get(name)?.to_str().ok()?;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    ((1..=ID_MAX).contains(&text.len()) && text.bytes().all(allowed)).then_some(text)
}

fn header_bytes(headers: &HeaderMap) -> usize {
    let lengths = headers.iter().map(|(name, value)| {
        name.as_str().len().saturating_add(value.len()).saturating_add(": \r\n".len())
    });
    lengths.fold(0, usize::saturating_add)
}

/// Puts the words of a refusal, and what every answer carries.
fn worded(mut response: ServiceResponse<BoxBody>, id: &RequestId) -> ServiceResponse<BoxBody> {
    let audience = response.request().extensions().get::<Audience>().copied();
    let status = response.status();
    let extensions = response.response_mut().extensions_mut();
    let own = extensions.get::<OwnBody>().is_some();
    let problem = extensions.get::<Problem>().cloned();
    drop(extensions);
    let is_error = status.is_client_error() || status.is_server_error();
    let problem = problem.or_else(|| (is_error && !own).then(|| Problem::of_framework(status)));
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        headers.insert(HEADER, value);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let Some(problem) = problem else { return response };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    let body = problem.body(&id.0, audience.unwrap_or(Audience::Public));
    *response.response_mut().status_mut() = problem.status();
    response.map_body(|_, _| BoxBody::new(body))
}

/// What nobody wants to read every few seconds when it goes well.
const PROBES: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

fn log(span: &Span, answered: &Answered<'_>) {
    let Answered { route, status, took, .. } = *answered;
    span.record("route", route);
    let _entered = span.enter();
    let duration_ms = whole_ms(took);
    if status >= 500 {
        tracing::warn!(status, duration_ms, "http.answered");
    } else if PROBES.contains(&route) {
        tracing::debug!(status, duration_ms, "http.answered");
    } else {
        tracing::info!(status, duration_ms, "http.answered");
    }
}

fn whole_ms(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn only_a_plain_id_is_taken() {
        let read = |text: &str| {
            taken(TestRequest::get().insert_header((HEADER, text)).to_http_request().headers())
        };
        assert!(read("abc.DEF_1-2").is_some());
        assert!(read(&"a".repeat(ID_MAX)).is_some());
        for bad in ["", "a b", "a/b", "<script>", &"a".repeat(ID_MAX + 1)] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
