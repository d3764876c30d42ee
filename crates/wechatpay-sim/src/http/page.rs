//! The page for people, `GET /_sandbox/`: one answer with its styles and its script in it, and the QR codes that it shows.
//!
//! What it shows and does it asks for at the control routes, as anybody could. MAY NOT load anything from elsewhere, nor
//! have a script that is not this one: the policy that is sent along names both by their hashes, and forbids the script to
//! make elements from text. Whatever a merchant writes into a description is text.

mod qr;

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};

pub(super) use qr::svg;

const HTML: &str = include_str!("page/page.html");
const CSS: &str = include_str!("page/page.css");
/// One script, in the order in which its parts need each other.
const SCRIPT: &str = concat!(
    include_str!("page/words.js"),
    include_str!("page/nodes.js"),
    include_str!("page/values.js"),
    include_str!("page/sandbox.js"),
    include_str!("page/trade.js"),
    include_str!("page/tools.js"),
    include_str!("page/page.js"),
);
const PLACE_OF_CSS: &str = "/* page.css */";
const PLACE_OF_SCRIPT: &str = "/* page.js */";

/// What is sent; made once. (`data:` is for its icon, without which a browser would ask WeChat Pay for one.)
struct Page {
    html: String,
    policy: String,
}

static PAGE: LazyLock<Page> = LazyLock::new(|| Page {
    html: HTML.replacen(PLACE_OF_CSS, CSS, 1).replacen(PLACE_OF_SCRIPT, SCRIPT, 1),
    policy: format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; img-src 'self' data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        hash_of(SCRIPT),
        hash_of(CSS),
    ),
});

/// As a policy names what stands between two tags.
fn hash_of(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(digest(&SHA256, text.as_bytes())))
}

/// The page.
pub(super) async fn show() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, PAGE.policy.as_str()))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(PAGE.html.as_str())
}

/// An image of a code. It is another one after the next prepay, so it is not kept.
pub(super) fn image(svg: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("image/svg+xml")
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_names_exactly_what_stands_in_the_page() {
        let page = &*PAGE;
        for (tag, text) in [("style", CSS), ("script", SCRIPT)] {
            let (before, rest) = page.html.split_once(&format!("<{tag}>")).unwrap();
            let (between, after) = rest.split_once(&format!("</{tag}>")).unwrap();
            assert_eq!(between, text, "{tag}");
            assert!(!before.contains(&format!("<{tag}")) && !after.contains(&format!("<{tag}")));
        }
    }

    #[test]
    fn nothing_stands_in_it_that_the_policy_would_stop() {
        let markup = HTML.to_lowercase();
        for word in ["style=", "onclick", "onload", "onerror", "javascript:", "src=", "https:"] {
            assert!(!markup.contains(word), "{word} in page.html");
        }
        for word in
            ["innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "https:"]
        {
            assert!(!SCRIPT.contains(word), "{word} in the script");
        }
        assert!(!CSS.contains("url(") && !CSS.contains("@import"), "styles load nothing");
    }
}
