//! WeChat Pay's own paths: translates between HTTP and the core.
//!
//! MAY NOT decode, normalise or judge: path, query and body go to the core as they stood on the wire.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};

use crate::core::exchange::{Answer, ApiRequest};
use crate::http::hang_up::hang_up;
use crate::http::shared::Shared;

/// Every path that is not `_sandbox`'s.
pub(super) async fn answer(
    request: HttpRequest,
    body: Bytes,
    shared: Data<Shared>,
) -> HttpResponse {
    let api_request = translate(&request, &body);
    let exchange = shared.visit(|pay, ports| pay.handle_unsigned(&api_request, ports));
    let exchange = shared.signed(exchange);
    let exchange = match exchange.held {
        Some(held) => shared.end_of(held).await,
        None => exchange,
    };
    if exchange.delay_ms > 0 {
        wait(exchange.delay_ms).await;
    }
    match exchange.answer {
        None => hang_up(&request),
        Some(answer) => respond(answer),
    }
}

#[expect(clippy::disallowed_methods, reason = "a shell may wait, and a delay fault asks for it")]
async fn wait(delay_ms: u64) {
    tokio::time::sleep(Duration::from_millis(delay_ms)).await;
}

fn translate(request: &HttpRequest, body: &Bytes) -> ApiRequest {
    let uri = request.uri();
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    ApiRequest {
        method: request.method().as_str().to_owned(),
        target: uri.path_and_query().map_or("/", |target| target.as_str()).to_owned(),
        headers: request
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes())))
            .collect(),
        body: body.to_vec(),
    }
}

fn respond(answer: Answer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    for pair in answer.headers {
        response.insert_header(pair);
    }
    let mut response = response.body(answer.body);
    // `Wechatpay-Nonce`, as on the live service: some SDKs look their headers up letter by letter.
    response.head_mut().set_camel_case_headers(true);
    response
}
