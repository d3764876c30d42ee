//! `Authorization`.
//!
//! Input: a header, for the sandbox's reader; and as a number in a path, for the client's writer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::names::TransactionId;
use wechatpay::WireRequest;
use wechatpay_sim::core::authorization::{Authorization, SCHEME};
use wechatpay_sim::core::route::Route;

use crate::fuzz::target::Verdict;
use crate::wechat::{MCHID, NONCE, NOW, Wire, believing, key, now, seal};

/// Reads the header, and has the client ask for a payment of that name.
///
/// # Panics
/// When what was read cannot be written again; when the request is not read by the sandbox as the client meant it.
pub(in crate::fuzz) fn run(input: &[u8]) -> Verdict {
    let text = String::from_utf8_lossy(input);
    ask_for(&text);
    match Authorization::parse(&text, &Route::Certificates) {
        Ok(read) => {
            let again = Authorization::parse(&written(&read), &Route::Certificates);
            assert_eq!(again.as_ref(), Ok(&read), "what was read is written, and read again");
            let is_ours = read.mchid == MCHID;
            Verdict::taken(if is_ours { "our header" } else { "a header" })
        }
        Err(refusal) => {
            let message = refusal.body.map_or_else(String::new, |body| body.message);
            Verdict::refused(message)
        }
    }
}

fn written(read: &Authorization) -> String {
    let Authorization { mchid, nonce_str, signature, timestamp, serial_no } = read;
    format!(
        "{SCHEME} serial_no=\"{serial_no}\",mchid=\"{mchid}\",timestamp=\"{timestamp}\",\
         nonce_str=\"{nonce_str}\",signature=\"{signature}\""
    )
}

/// Whatever a number is, it is a part of the path and nothing else, and signed as it is sent.
fn ask_for(number: &str) {
    let client = believing();
    Wire::begin(Vec::new());
    let answered = now(client.query_by_transaction_id(&TransactionId::new(number)));
    assert!(answered.is_err(), "nobody has answered");
    let sent = Wire::sent();
    let request = sent.first();
    assert!(request.is_some(), "nothing was sent: {answered:?}");
    request.into_iter().for_each(|request| is_meant(request, number));
}

fn is_meant(request: &WireRequest, number: &str) {
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    assert_eq!(query, format!("mchid={MCHID}"));
    let found = Route::find("GET", path);
    if number.is_empty() {
        assert!(found.is_err(), "{found:?}");
        return;
    }
    assert_eq!(found, Ok(Route::QueryById(number.to_owned())));
    let header =
        request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let header = header.map_or("", |(_, value)| value.as_str());
    let message = format!("GET\n{}\n{NOW}\n{NONCE}\n\n", request.target);
    let expected = Authorization {
        mchid: MCHID.to_owned(),
        nonce_str: NONCE.to_owned(),
        signature: STANDARD.encode(seal(message.as_bytes())),
        timestamp: NOW.to_string(),
        serial_no: key("merchant", "serial_no"),
    };
    assert_eq!(Authorization::parse(header, &Route::Certificates), Ok(expected), "{header}");
}
