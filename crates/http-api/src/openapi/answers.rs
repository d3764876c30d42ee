//! What the document says of answers, for the tests: whatever any of them is answered has to be there.
//!
//! May not be needed for anything but tests.

use super::document;
use actix_web::http::{Method, StatusCode};
use serde_json::Value;
use std::sync::OnceLock;

/// How the description of a response begins that names its codes.
const REFUSED: &str = "Refused: ";

/// Why this answer of a route is not in the document; `None` when it is. A path or a method that the
/// document does not have is refused like any of them, and is in no operation.
pub(crate) fn unnamed(
    method: &Method,
    path: &str,
    status: StatusCode,
    code: Option<&str>,
) -> Option<String> {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    let document = DOCUMENT.get_or_init(|| serde_json::to_value(document()).unwrap());
    // Who asks for the head alone is answered like who asks for all of it.
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let operation = &document["paths"][path][method.as_str().to_lowercase()];
    if operation.is_null() {
        return None;
    }
    let response = &operation["responses"][status.as_str()];
    let said = response["description"].as_str();
    let is_named = match (said.and_then(|said| said.strip_prefix(REFUSED)), code) {
        (Some(codes), Some(code)) => {
            codes.trim_end_matches('.').split(", ").any(|name| name == code)
        }
        (None, _) | (_, None) => !response.is_null(),
    };
    let what = code.unwrap_or("a success");
    (!is_named).then(|| format!("the document of {method} {path} names no {status} with {what}"))
}

#[test]
fn an_answer_that_the_document_does_not_name_is_told() {
    let told = |status, code| unnamed(&Method::GET, "/api/admin/orders/{ref}", status, code);
    assert_eq!(told(StatusCode::OK, None), None);
    assert_eq!(told(StatusCode::NOT_FOUND, Some("not_found")), None);
    assert!(told(StatusCode::NOT_FOUND, Some("found")).is_some(), "another code");
    assert!(told(StatusCode::CONFLICT, Some("checkout_open")).is_some(), "another status");
    assert!(told(StatusCode::CREATED, None).is_some(), "another success");
    assert_eq!(unnamed(&Method::GET, "", StatusCode::NOT_FOUND, Some("not_found")), None);
}
