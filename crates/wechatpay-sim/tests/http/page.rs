//! The page, its codes, and who may not use them. What the page does in a browser is shown by `cargo xtask page`.

use serde_json::{Value, json};
use wechatpay_sim::Settings;

use crate::merchant::{Answered, Merchant};
use crate::start;

const URL: &str = "https://pay.example.com/notify";

async fn get(merchant: &Merchant, path: &str, headers: &[(&str, &str)]) -> Answered {
    let mut request = merchant.client.get(format!("{}{path}", merchant.base_url));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    merchant.finish(request).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_is_there_and_may_load_nothing_from_elsewhere() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    for path in ["/_sandbox/", "/_sandbox"] {
        let page = get(&merchant, path, &[]).await;
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
        let policy = &page.headers["content-security-policy"];
        assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        let html = String::from_utf8(page.body).unwrap();
        assert!(html.starts_with("<!doctype html>") && html.ends_with("</html>\n"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_code_of_a_native_order_is_drawn() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    merchant.native("A|B*C_1-2", URL).await;
    let code = get(&merchant, "/_sandbox/trades/A%7CB*C_1-2/qr.svg?anew=1", &[]).await;
    assert_eq!(
        (code.status.as_u16(), code.headers["content-type"].as_str()),
        (200, "image/svg+xml")
    );
    assert_eq!(code.headers["cache-control"], "no-store");
    assert!(code.body.starts_with(b"<svg "));
    let same = get(&merchant, "/_sandbox/trades/A%7CB*C_1-2/qr.svg", &[]).await;
    assert_eq!(code.body, same.body);
    merchant.native("A|B*C_1-2", URL).await;
    let other = get(&merchant, "/_sandbox/trades/A%7CB*C_1-2/qr.svg", &[]).await;
    assert!(code.body != other.body, "another code_url");
    let app =
        json!({"out_trade_no": "T00002", "total_fen": 1, "notify_url": URL, "product": "app"});
    assert_eq!(merchant.control("POST", "trades", app).await.0, 200);
    let none = get(&merchant, "/_sandbox/trades/T00002/qr.svg", &[]).await;
    assert_eq!(none.code(), "409 not_native");
    let unknown = get(&merchant, "/_sandbox/trades/T00003/qr.svg", &[]).await;
    assert_eq!(unknown.code(), "404 not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_orders_are_listed() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    for number in ["T00001", "T00002"] {
        merchant.native(number, URL).await;
        merchant.advance(1).await;
    }
    let (status, listed) = merchant.control("GET", "trades?newest=1", Value::Null).await;
    assert_eq!((status, &listed["found"]), (200, &json!(2)));
    assert_eq!(listed["trades"].as_array().unwrap().len(), 1);
    assert_eq!(listed["trades"][0]["out_trade_no"], "T00002");
    let (_, found) = merchant.control("GET", "trades?find=T00001", Value::Null).await;
    assert_eq!((&found["found"], &found["count"]), (&json!(1), &json!(2)));
    for wrong in ["trades?newest=x", "trades?newest=501", "trades?spelt=wrong"] {
        let (status, why) = merchant.control("GET", wrong, Value::Null).await;
        assert_eq!((status, &why["code"]), (400, &json!("bad_request")), "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_sites_are_kept_out_and_programs_are_not() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    merchant.native("T00001", URL).await;
    let asked_by = async |headers: &[(&str, &str)]| {
        let mut request =
            merchant.client.post(format!("{}/_sandbox/pay/T00001", merchant.base_url)).body("{}");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        merchant.finish(request).await.unwrap().code()
    };
    let elsewhere = ("Origin", "https://evil.example");
    assert_eq!(asked_by(&[elsewhere]).await, "403 foreign_origin");
    assert_eq!(asked_by(&[("Origin", "null")]).await, "403 foreign_origin");
    let rebound = [("Host", "evil.example"), ("Origin", "http://evil.example")];
    assert_eq!(asked_by(&rebound).await, "403 foreign_host");
    let keys = get(&merchant, "/_sandbox/credentials", &[("Host", "evil.example")]).await;
    assert_eq!(keys.code(), "403 foreign_host");
    assert_eq!(merchant.query("T00001").await.json()["trade_state"], "NOTPAY", "nothing was done");
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    assert_eq!(asked_by(&[form]).await, "200 -", "as curl -d sends it");
    assert_eq!(asked_by(&[("Origin", &merchant.base_url)]).await, "409 order_paid", "the page");
}
