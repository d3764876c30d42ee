//! Says of every call to WeChat Pay that it was made: `wechat.called`, once, with WeChat Pay's own
//! `Request-ID`, inside the span of the request or job that it was made for.
//!
//! May not log a query, a body, a header of ours or WeChat Pay's words: numbers and codes alone.
//! Reads the request as it is sent, so that no endpoint can be forgotten.

use std::borrow::Cow;

use serde::Deserialize;
use tracing::Level;

use crate::errors::{self, Decline};
use crate::exchange::Draft;
use crate::target;
use crate::transport::{Method, TransportError, WireResponse};

const TRANSACTIONS: &str = "/v3/pay/transactions/";

/// What a call is about.
#[derive(Debug, Default, PartialEq, Eq)]
struct Subject<'a> {
    kind: &'static str,
    numbers: Numbers<'a>,
}

/// Our numbers in a body.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
struct Numbers<'a> {
    #[serde(borrow)]
    out_trade_no: Option<Cow<'a, str>>,
    #[serde(borrow)]
    out_refund_no: Option<Cow<'a, str>>,
}

impl<'a> Numbers<'a> {
    fn of_payment(number: &'a str) -> Numbers<'a> {
        Numbers { out_trade_no: Some(Cow::Borrowed(number)), out_refund_no: None }
    }

    fn of_refund(number: &'a str) -> Numbers<'a> {
        Numbers { out_trade_no: None, out_refund_no: Some(Cow::Borrowed(number)) }
    }

    fn in_body(body: &'a str) -> Numbers<'a> {
        serde_json::from_str(body).unwrap_or_default()
    }
}

/// What came of it.
struct Outcome {
    level: Level,
    status: Option<u16>,
    code: Option<String>,
    request_id: Option<String>,
    error: Option<String>,
}

/// Where nobody listens, bodies are not read for it.
fn is_heard() -> bool {
    tracing::enabled!(Level::ERROR)
}

/// Logs one call.
pub(crate) fn log(draft: &Draft, answer: &Result<WireResponse, TransportError>, duration_ms: i64) {
    if !is_heard() {
        return;
    }
    let Subject { kind, numbers } = subject(draft);
    let Outcome { level, status, code, request_id, error } = outcome(draft.method, answer);
    // A macro, because each level is a place of its own to `tracing`.
    macro_rules! say {
        ($level:expr) => {
            tracing::event!(
                $level,
                wechat.kind = kind,
                payment.out_trade_no = numbers.out_trade_no.as_deref(),
                refund.out_refund_no = numbers.out_refund_no.as_deref(),
                wechat.status = status,
                wechat.code = code,
                wechat.request_id = request_id,
                error,
                duration_ms,
                "wechat.called"
            )
        };
    }
    match level {
        Level::ERROR => say!(Level::ERROR),
        Level::WARN => say!(Level::WARN),
        _ => say!(Level::INFO),
    }
}

/// How loud an answer is: a refused signature wakes somebody, an expected "there is none" nobody.
/// Of a refund that is asked for it is not expected: its payment was paid.
fn outcome(method: Method, answer: &Result<WireResponse, TransportError>) -> Outcome {
    let response = match answer {
        Ok(response) => response,
        Err(error) => {
            let error = Some(error.to_string());
            return Outcome {
                level: Level::WARN,
                status: None,
                code: None,
                request_id: None,
                error,
            };
        }
    };
    let status = response.status;
    let decline = (!response.is_success()).then(|| Decline::read(response));
    let level = match &decline {
        None => Level::INFO,
        Some(_) if status == 401 => Level::ERROR,
        Some(said) if said.is("ORDER_NOT_EXIST") => Level::INFO,
        Some(said) if said.is("RESOURCE_NOT_EXISTS") && method == Method::Get => Level::INFO,
        // Of a bill: an empty day, and one that is not written yet.
        Some(said) if said.is("NO_STATEMENT_EXIST") || said.is("STATEMENT_CREATING") => Level::INFO,
        Some(_) => Level::WARN,
    };
    Outcome {
        level,
        status: Some(status),
        code: decline.map(|said| said.code().to_owned()),
        request_id: errors::request_id(response),
        error: None,
    }
}

fn subject(draft: &Draft) -> Subject<'_> {
    let path = draft.target.split('?').next().unwrap_or_default();
    if let Some(rest) = path.strip_prefix(TRANSACTIONS) {
        return of_transaction(draft, rest);
    }
    if let Some(rest) = path.strip_prefix(target::REFUNDS) {
        let number = rest.trim_start_matches('/');
        return match draft.method {
            Method::Post if number.ends_with(target::APPLY_ABNORMAL) => {
                Subject { kind: "abnormal_refund", numbers: Numbers::in_body(&draft.body) }
            }
            Method::Post => Subject { kind: "refund", numbers: Numbers::in_body(&draft.body) },
            Method::Get => Subject { kind: "query_refund", numbers: Numbers::of_refund(number) },
        };
    }
    let kind = match path {
        target::CERTIFICATES => "certificates",
        // The question (`/v3/bill/…`) and the file (`/v3/billdownload/…`).
        _ if path.starts_with("/v3/bill") => "bill",
        _ => "other",
    };
    Subject { kind, numbers: Numbers::default() }
}

fn of_transaction<'a>(draft: &'a Draft, rest: &'a str) -> Subject<'a> {
    let Some(number) = rest.strip_prefix("out-trade-no/") else {
        return match draft.method {
            Method::Post => Subject { kind: "prepay", numbers: Numbers::in_body(&draft.body) },
            Method::Get => Subject { kind: "query", numbers: Numbers::default() },
        };
    };
    match (number.strip_suffix("/close"), draft.method) {
        (Some(number), Method::Post) => {
            Subject { kind: "close", numbers: Numbers::of_payment(number) }
        }
        _ => Subject { kind: "query", numbers: Numbers::of_payment(number) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, code: &str) -> Outcome {
        answered_to(Method::Get, status, code)
    }

    fn answered_to(method: Method, status: u16, code: &str) -> Outcome {
        let body = format!("{{\"code\":\"{code}\"}}").into_bytes();
        outcome(method, &Ok(WireResponse { status, body, ..WireResponse::default() }))
    }

    #[test]
    fn only_what_somebody_should_look_at_is_loud() {
        assert_eq!(answered(204, "").level, Level::INFO);
        assert_eq!(answered(404, "ORDER_NOT_EXIST").level, Level::INFO);
        assert_eq!(answered(404, "ORDERNOTEXIST").level, Level::INFO);
        assert_eq!(answered(401, "SIGN_ERROR").level, Level::ERROR);
        assert_eq!(answered(400, "PARAM_ERROR").level, Level::WARN);
        assert_eq!(answered(500, "SYSTEM_ERROR").level, Level::WARN);
        assert_eq!(answered(404, "RESOURCE_NOT_EXISTS").level, Level::INFO);
        assert_eq!(answered_to(Method::Post, 404, "RESOURCE_NOT_EXISTS").level, Level::WARN);
        assert_eq!(answered(400, "NO_STATEMENT_EXIST").level, Level::INFO);
        assert_eq!(answered(400, "STATEMENT_CREATING").level, Level::INFO);
        let lost = outcome(Method::Get, &Err(TransportError("the time was up".to_owned())));
        assert_eq!((lost.level, lost.status), (Level::WARN, None));
        assert!(lost.error.is_some_and(|error| error.contains("the time was up")));
    }

    fn kind_and_numbers(method: Method, target: &str, body: &str) -> String {
        let draft =
            Draft { method, target: target.to_owned(), body: body.to_owned(), sealed_for: None };
        let Subject { kind, numbers } = subject(&draft);
        let (trade, refund) = (numbers.out_trade_no, numbers.out_refund_no);
        format!("{kind} {} {}", trade.unwrap_or_default(), refund.unwrap_or_default())
    }

    #[test]
    fn a_call_is_named_by_what_is_sent() {
        let prepay = r#"{"out_trade_no":"P1","payer":{"openid":"o1"}}"#;
        let refund = r#"{"out_trade_no":"P1","out_refund_no":"R1"}"#;
        let by_id = r#"{"transaction_id":"42","out_refund_no":"R1"}"#;
        let payment = "/v3/pay/transactions/out-trade-no/P1";
        let refunds = "/v3/refund/domestic/refunds";
        let abnormal = format!("{refunds}/50001/apply-abnormal-refund");
        let to_a_card = r#"{"out_refund_no":"R1","type":"MERCHANT_BANK_CARD"}"#;
        for (method, target, body, said) in [
            (Method::Post, "/v3/pay/transactions/jsapi", prepay, "prepay P1 "),
            (Method::Post, "/v3/pay/transactions/native", prepay, "prepay P1 "),
            (Method::Get, &format!("{payment}?mchid=1"), "", "query P1 "),
            (Method::Post, &format!("{payment}/close"), r#"{"mchid":"1"}"#, "close P1 "),
            (Method::Post, refunds, refund, "refund P1 R1"),
            (Method::Post, refunds, by_id, "refund  R1"),
            (Method::Post, &abnormal, to_a_card, "abnormal_refund  R1"),
            (Method::Get, &format!("{refunds}/R1"), "", "query_refund  R1"),
            (Method::Get, "/v3/certificates", "", "certificates  "),
            (Method::Get, "/v3/bill/tradebill?bill_date=2026-11-21", "", "bill  "),
            (Method::Get, "/v3/billdownload/file?token=t0ken", "", "bill  "),
            (Method::Get, "/v3/pay/transactions/id/42?mchid=1", "", "query  "),
            (Method::Get, "/v3/something/new", "", "other  "),
        ] {
            assert_eq!(kind_and_numbers(method, target, body), said, "{target}");
        }
    }
}
