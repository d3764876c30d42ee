//! Bills: asked for by day, and fetched from where they wait.

use std::net::SocketAddr;

use serde_json::Value;
use time::{Duration, OffsetDateTime};
use wechatpay_sim::core::exchange::{Answer, ApiRequest};
use wechatpay_sim::core::wire_time::beijing_day;

use crate::REAL;
use crate::ops::Bill;

/// The target that asks for a bill; `now` is the sandbox clock.
pub(crate) fn asked(bill: Bill, now: OffsetDateTime) -> String {
    let today = beijing_day(now);
    let before = |days| today.checked_sub(Duration::days(days)).map(|day| day.to_string());
    let day = match bill.day {
        // On which something is paid from the beginning.
        0 => Some(beijing_day(REAL).to_string()),
        1 => before(1),
        2 => before(0),
        3 => before(9),
        4 => before(100),
        _ => Some("yesterday".to_owned()),
    };
    let (path, kind) = match bill.kind {
        0 => ("tradebill", ""),
        1 => ("tradebill", "&bill_type=SUCCESS"),
        2 => ("tradebill", "&bill_type=REFUND"),
        3 => ("tradebill", "&bill_type=SUC_SPECIAL"),
        4 => ("fundflowbill", ""),
        5 => ("fundflowbill", "&account_type=FEES"),
        6 => ("fundflowbill", "&account_type=OPERATION"),
        _ => ("tradebill", "&bill_type=NONE"),
    };
    let packing = if bill.gzip { "&tar_type=GZIP" } else { "" };
    format!("/v3/bill/{path}?bill_date={}{kind}{packing}", day.unwrap())
}

/// The target of a bill that waits: of the newest, or one before it.
pub(crate) fn fetched(downloads: &[String], which: u8) -> String {
    let newest = downloads.iter().rev().nth(usize::from(which));
    newest.cloned().unwrap_or_else(|| "/v3/billdownload/file?token=nobody's".to_owned())
}

/// The request as it comes over the wire to `host`.
pub(crate) fn with_host(mut request: ApiRequest, host: SocketAddr) -> ApiRequest {
    request.headers.push(("host".to_owned(), host.to_string()));
    request
}

/// What an answer has to do with bills: what to count, and where one waits now.
pub(crate) fn seen(
    request: Option<&ApiRequest>,
    answer: &Answer,
) -> (Option<&'static str>, Option<String>) {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    if let Some(url) = body["download_url"].as_str() {
        let (_, target) = url.split_once("/v3/").expect("a path of the API");
        return (Some("a bill"), Some(format!("/v3/{target}")));
    }
    let is_fetched = answer.status == 200
        && request.is_some_and(|request| {
            ["/v3/billdownload/file", "/v3/bill/downloadurl"].contains(&request.path())
        });
    match body["code"].as_str() {
        Some("NO_STATEMENT_EXIST") => (Some("NO_STATEMENT_EXIST"), None),
        _ if is_fetched => (Some("fetched"), None),
        _ => (None, None),
    }
}
