//! Bills on the wire: asked for, fetched from the address that was given, unpacked and hashed.

use std::io::Read;

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use wechatpay_sim::Settings;

use crate::merchant::{Answered, Merchant};
use crate::start;

const URL: &str = "https://pay.example.com/notify";
const DAY_S: i64 = 86_400;

/// Something is paid; answers the day. The sandbox stands in the evening of the next one.
async fn a_day_of(merchant: &Merchant) -> String {
    merchant.native("T00001", URL).await;
    let paid_at = merchant.user_pays("T00001").await["success_at"].as_str().unwrap().to_owned();
    let paid_at = OffsetDateTime::parse(&paid_at, &Rfc3339).unwrap();
    let next = paid_at.date().next_day().unwrap();
    let evening = json!({"now": format!("{next}T18:00:00+08:00")});
    assert_eq!(merchant.control("PUT", "clock", evening).await.0, 200);
    paid_at.date().to_string()
}

async fn asked(merchant: &Merchant, query: &str) -> Answered {
    merchant.call("GET", &format!("/v3/bill/{query}"), "").await.unwrap()
}

/// The bill of an answer, fetched from the very address in it.
async fn fetched(merchant: &Merchant, answer: &Answered) -> Answered {
    let url = answer.json()["download_url"].as_str().unwrap().to_owned();
    let target = url.strip_prefix(&merchant.base_url).expect("the sandbox's own host");
    merchant.call("GET", target, "").await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bill_is_signed_for_fetched_unsigned_and_hashed_unpacked() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    let day = a_day_of(&merchant).await;
    let answer = asked(&merchant, &format!("tradebill?bill_date={day}&tar_type=GZIP")).await;
    assert_eq!(answer.code(), "200 -");
    assert!(answer.signed_by.is_some(), "{answer:?}");
    let file = fetched(&merchant, &answer).await;
    assert!(file.status == 200 && file.signed_by.is_none());
    assert_eq!(file.headers.get("content-encoding"), None, "it is a file");
    assert!(!file.headers.keys().any(|name| name.starts_with("wechatpay-")), "{file:?}");
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(file.body.as_slice()).read_to_end(&mut plain).unwrap();
    let hash = hex::encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &plain));
    assert_eq!(answer.json()["hash_value"], hash);
    let text = String::from_utf8(plain).unwrap();
    assert!(text.contains(",`T00001,") && text.contains(",`测试商品🍌,"), "{text}");
    let same = asked(&merchant, &format!("tradebill?bill_date={day}")).await;
    assert_eq!(fetched(&merchant, &same).await.body, text.as_bytes());
    let flow = asked(&merchant, &format!("fundflowbill?bill_date={day}&account_type=BASIC")).await;
    let flow = String::from_utf8(fetched(&merchant, &flow).await.body).unwrap();
    assert!(flow.ends_with("`2,`1,`1.00,`1,`0.01\r\n"), "{flow}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bill_needs_a_signature_and_five_minutes_at_most() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    let day = a_day_of(&merchant).await;
    let query = format!("tradebill?bill_date={day}");
    let answer = asked(&merchant, &query).await;
    let url = answer.json()["download_url"].as_str().unwrap().to_owned();
    let bare = merchant.client.get(url).header("User-Agent", "a browser");
    let bare = merchant.finish(bare.header("Accept", "*/*")).await.unwrap();
    assert_eq!(bare.code(), "401 SIGN_ERROR");
    merchant.advance(300).await;
    assert_eq!(fetched(&merchant, &answer).await.code(), "400 INVALID_REQUEST");
    assert_eq!(fetched(&merchant, &asked(&merchant, &query).await).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bill_that_there_is_not_is_refused_by_its_code() {
    let (_sandbox, merchant) = start(Settings::default()).await;
    let day = a_day_of(&merchant).await;
    let refunds = format!("tradebill?bill_date={day}&bill_type=REFUND");
    assert_eq!(asked(&merchant, &refunds).await.code(), "400 NO_STATEMENT_EXIST");
    let change = json!({"bill_empty": "not_found", "bill_ready_s": 2 * DAY_S});
    assert_eq!(merchant.control("PUT", "settings", change).await.0, 200);
    assert_eq!(asked(&merchant, &refunds).await.code(), "400 STATEMENT_CREATING");
    merchant.advance(DAY_S * 2).await;
    assert_eq!(asked(&merchant, &refunds).await.code(), "404 NO_STATEMENT_EXIST");
    assert_eq!(asked(&merchant, "tradebill?bill_date=today").await.code(), "400 PARAM_ERROR");
}
