//! Idempotency keys: their syntax, their scope, and the fingerprint of the request they came with.
//!
//! May not store anything: the key is committed with its effect, by the use case.

use crate::problem::{Code, FieldError, Problem};
use actix_web::HttpRequest;
use actix_web::http::Method;
use domain::changeset::ReplayScope;
use ring::digest::{SHA256, digest};

/// The header.
pub(crate) const HEADER: &str = "idempotency-key";
/// On an answer that was given before.
pub(crate) const REPLAYED: &str = "idempotent-replayed";
/// The fewest characters of a key.
const KEY_MIN: usize = 16;
/// The most characters of a key.
const KEY_MAX: usize = 64;

/// The key of a request.
pub(crate) fn key(req: &HttpRequest) -> Result<String, Problem> {
    let mut values = req.headers().get_all(HEADER);
    let Some(first) = values.next() else {
        let detail = "send 16 to 64 of [0-9A-Za-z_-] as Idempotency-Key, new for each intention";
        return Err(Problem::new(Code::IdempotencyKeyMissing, detail));
    };
    let key = first.to_str().ok().filter(|text| is_key(text));
    match (key, values.next()) {
        (Some(key), None) => Ok(key.to_owned()),
        (Some(_) | None, _) => Err(Problem::invalid([FieldError::new(
            "Idempotency-Key",
            "invalid",
            format!("must be {KEY_MIN} to {KEY_MAX} of [0-9A-Za-z_-], once"),
        )])),
    }
}

fn is_key(text: &str) -> bool {
    (KEY_MIN..=KEY_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// Whose key, where: another principal's key, or the same key elsewhere, is another key.
pub(crate) fn scope(principal: &str, method: &Method, path: &str, key: String) -> ReplayScope {
    ReplayScope { principal: principal.to_owned(), route: format!("{method} {path}"), key }
}

/// SHA-256 (hex) over method, concrete path and canonical body.
pub(crate) fn fingerprint(method: &Method, path: &str, canonical: &str) -> String {
    // A path holds no line feed, so the three cannot be taken for three others.
    let text = format!("{method}\n{path}\n{canonical}");
    hex::encode(digest(&SHA256, text.as_bytes()))
}

/// SHA-256 (hex) of a scope: a name for what was made under this key.
pub(crate) fn hash_of_scope(scope: &ReplayScope) -> String {
    let ReplayScope { principal, route, key } = scope;
    // No part holds a line feed, so the three cannot be taken for three others.
    hex::encode(digest(&SHA256, format!("{principal}\n{route}\n{key}").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json_body::Json;
    use actix_web::test::TestRequest;
    use proptest::prelude::*;

    #[test]
    fn a_key_has_sixteen_to_sixty_four_plain_characters() {
        let read =
            |text: &str| key(&TestRequest::post().insert_header((HEADER, text)).to_http_request());
        assert!(read(&"a".repeat(KEY_MIN)).is_ok());
        assert!(read(&"Z".repeat(KEY_MAX)).is_ok());
        for bad in ["", &"a".repeat(KEY_MIN - 1), &"a".repeat(KEY_MAX + 1), "aaaaaaaaaaaaaaa b"] {
            assert!(read(bad).unwrap_err().to_string().starts_with("validation_failed"), "{bad}");
        }
        let twice = TestRequest::post()
            .append_header((HEADER, "a".repeat(16)))
            .append_header((HEADER, "b".repeat(16)));
        assert!(key(&twice.to_http_request()).is_err());
        let none = key(&TestRequest::post().to_http_request()).unwrap_err();
        assert!(none.to_string().starts_with("idempotency_key_missing"));
    }

    fn print(path: &str, body: &str) -> String {
        fingerprint(&Method::POST, path, &Json::parse(body.as_bytes()).unwrap().canonical())
    }

    #[test]
    fn a_fingerprint_sees_method_path_and_every_value() {
        let one = print("/a", r#"{"x":1,"y":[1,2]}"#);
        assert_eq!(one, print("/a", "{ \"y\" : [1, 2],\n \"x\" : 1 }"));
        assert_eq!(one, print("/a", r#"{"\u0079":[1,2],"x":1}"#));
        assert_ne!(one, print("/b", r#"{"x":1,"y":[1,2]}"#));
        assert_ne!(one, print("/a", r#"{"x":1,"y":[2,1]}"#));
        assert_ne!(one, print("/a", r#"{"x":"1","y":[1,2]}"#));
        assert_ne!(one, fingerprint(&Method::PUT, "/a", r#"{"x":1,"y":[1,2]}"#));
    }

    proptest! {
        #[test]
        fn order_of_names_does_not_matter(
            members in prop::collection::btree_map("[a-z]{1,5}", any::<i64>(), 0..8),
        ) {
            let text = |pairs: Vec<(&String, &i64)>| {
                let parts: Vec<String> =
                    pairs.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
                format!("{{{}}}", parts.join(" ,"))
            };
            let forwards = text(members.iter().collect());
            let backwards = text(members.iter().rev().collect());
            prop_assert_eq!(print("/a", &forwards), print("/a", &backwards));
        }
    }
}
