//! The page that shows the document to people.

use super::front::Front;
use actix_web::test::TestRequest;

#[actix_web::test]
async fn the_page_needs_nothing_from_elsewhere() {
    let front = Front::open().await;
    let said = front.ask(TestRequest::get().uri("/docs")).await;
    assert_eq!((said.status, said.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = said.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    // Whatever it loads, it loads from us.
    for loading in ["src=", "http://", "https://", "@import", "url(", "innerHTML"] {
        assert!(!said.text.contains(loading), "{loading}");
    }
    let page = said.text;
    for wanted in page.split("fetch(\"").skip(1) {
        let path = wanted.split('"').next().unwrap();
        let found = front.ask(TestRequest::get().uri(path)).await;
        assert_eq!(found.status, 200, "{path}");
        assert!(found.body["paths"]["/docs"].is_object());
    }
    assert_eq!(page.matches("fetch(\"").count(), 1);
}
