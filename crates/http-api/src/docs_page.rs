//! `GET /docs`: the OpenAPI document for people. One page that needs nothing from elsewhere.
//!
//! May not hold a word about any route: the page reads `/openapi.json`.

use crate::call::{Answer, Call};
use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, ContentType};

const PAGE: &str = include_str!("docs_page/page.html");
/// Its own style and script, its own server, nothing else; and in nobody's frame.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Shows this document to people.
#[utoipa::path(get, path = "/docs", tag = "operations", operation_id = "docs",
    responses((status = 200, description = "a page", body = String, content_type = "text/html")))]
pub(crate) async fn show(_call: Call) -> Answer {
    let mut page = HttpResponse::Ok();
    page.insert_header(ContentType::html()).insert_header((CONTENT_SECURITY_POLICY, POLICY));
    Ok(page.body(PAGE))
}
