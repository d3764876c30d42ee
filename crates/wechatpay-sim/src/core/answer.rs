//! Answers: what a call came to, signed, refused, or replaced by a fault.
//!
//! MAY NOT decide what a call comes to.

use serde_json::{Value, json};

use crate::core::WeChatPay;
use crate::core::exchange::{Answer, ApiRequest, Headers};
use crate::core::faults::{InjectedErrcode, InjectedStatus};
use crate::core::ports::Ports;
use crate::core::refusal::{Refusal, TOO_FREQUENT};
use crate::core::seal::{self, SignatureFault};

/// What a call came to, before it is signed.
pub(crate) enum Success {
    /// 200 with JSON, signed.
    Json(String),
    /// 200 with a file, unsigned.
    File {
        /// What kind of file.
        content_type: &'static str,
        /// Its bytes.
        content: Vec<u8>,
    },
    /// 204, signed over an empty body.
    NoContent,
    /// 200 with JSON of the WeChat platform, never signed.
    Platform(Value),
}

impl Success {
    /// Whether it is the WeChat platform's way to refuse.
    pub(crate) fn is_refusal(&self) -> bool {
        match self {
            Self::Platform(json) => json.get("errcode").and_then(Value::as_i64).unwrap_or(0) != 0,
            Self::Json(_) | Self::File { .. } | Self::NoContent => false,
        }
    }
}

impl WeChatPay {
    /// The answer, with everything but its signature.
    pub(crate) fn seal(
        &self,
        outcome: Result<Success, Refusal>,
        request: &ApiRequest,
        signature: SignatureFault,
        ports: &mut Ports<'_>,
    ) -> Answer {
        let at = ports.at;
        let (status, body) = match outcome {
            Err(refusal) => return self.refuse(&refusal, ports),
            Ok(Success::Platform(json)) => {
                let body = json.to_string().into_bytes();
                return Answer { status: 200, headers: content_type(), body, unsigned: None };
            }
            Ok(Success::File { content_type, content }) => {
                let headers = vec![
                    ("Content-Type".to_owned(), content_type.to_owned()),
                    request_id(0, ports),
                ];
                return Answer { status: 200, headers, body: content, unsigned: None };
            }
            Ok(Success::Json(json)) => (200, json.into_bytes()),
            Ok(Success::NoContent) => (204, Vec::new()),
        };
        let serial = self.answer_serial(request.header("Wechatpay-Serial"));
        let (mut headers, unsigned) =
            seal::unsigned_headers(&serial, &body, at.real, signature, ports);
        if !body.is_empty() {
            headers.extend(content_type());
        }
        headers.push(request_id(0, ports));
        Answer { status, headers, body, unsigned: Some(unsigned) }
    }

    pub(crate) fn refuse(&self, refusal: &Refusal, ports: &mut Ports<'_>) -> Answer {
        let body = refusal.to_bytes(self.settings.spelling);
        let mut headers = if body.is_empty() { Vec::new() } else { content_type() };
        headers.push(request_id(refusal.internal, ports));
        Answer { status: refusal.status, headers, body, unsigned: None }
    }
}

/// The answer of a `status` fault: never signed, as live errors are not.
pub(crate) fn injected_answer(injected: &InjectedStatus, ports: &mut Ports<'_>) -> Answer {
    let internal = if injected.status == 429 { TOO_FREQUENT } else { 0 };
    let mut headers = vec![request_id(internal, ports)];
    let Some(code) = &injected.code else {
        return Answer { status: injected.status, headers, body: Vec::new(), unsigned: None };
    };
    let message = injected.message.as_deref().unwrap_or("沙箱注入的错误");
    headers.extend(content_type());
    let body = json!({"code": code, "message": message}).to_string().into_bytes();
    Answer { status: injected.status, headers, body, unsigned: None }
}

/// The answer of an `errcode` fault.
pub(crate) fn injected_errcode(injected: &InjectedErrcode) -> Answer {
    let errmsg = injected.errmsg.as_deref().unwrap_or("沙箱注入的错误");
    let body = json!({"errcode": injected.errcode, "errmsg": errmsg}).to_string().into_bytes();
    Answer { status: 200, headers: content_type(), body, unsigned: None }
}

fn content_type() -> Headers {
    vec![("Content-Type".to_owned(), "application/json; charset=utf-8".to_owned())]
}

/// The tail after the last `-` is an internal number (`v3.md` §8.4).
fn request_id(internal: u32, ports: &mut Ports<'_>) -> (String, String) {
    ("Request-ID".to_owned(), format!("{}-{internal}", ports.hex(20)))
}

/// The error code of an answer; a success has none, and is not read for it.
pub(crate) fn code_of(answer: &Answer) -> Option<String> {
    if answer.status < 400 {
        return None;
    }
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    body.get("code").and_then(Value::as_str).map(str::to_owned)
}
