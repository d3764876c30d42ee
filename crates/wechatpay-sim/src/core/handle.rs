//! One API request from its first byte to its answer.
//!
//! Path → method → faults → required headers → signature → the call itself → signed answer; the order is that of
//! `v3.md` §2.3. MAY NOT let an unsigned request have an effect, and MAY NOT answer anything but the truth unless a
//! fault rule asked for it.

use serde_json::{Value, json};

use crate::core::WeChatPay;
use crate::core::authorization::authenticate;
use crate::core::calls::Call;
use crate::core::exchange::{Answer, ApiRequest, Exchange, Headers};
use crate::core::faults::{Action, InjectedStatus, Subject};
use crate::core::ports::Ports;
use crate::core::query::Freshness;
use crate::core::refusal::{Code, Refusal};
use crate::core::route::Route;
use crate::core::seal::{self, SignatureFault};
use crate::core::wire_time::beijing;

/// What a call came to, before it is signed.
enum Success {
    /// 200 with JSON, signed.
    Json(Value),
    /// 204, signed over an empty body.
    NoContent,
    /// 200 with JSON of the WeChat platform, never signed.
    Platform(Value),
}

impl WeChatPay {
    /// Answers one request.
    pub fn handle(&mut self, request: &ApiRequest, ports: &mut Ports<'_>) -> Exchange {
        let at = ports.at;
        let route = Route::find(&request.method, request.path());
        let number = route.as_ref().ok().and_then(|route| self.number_of(route, &request.body));
        let fault = self.faults.take(Subject::Call {
            path: request.path(),
            out_trade_no: number.as_deref(),
            is_query: matches!(route, Ok(Route::QueryByOutTradeNo(_))),
        });
        let kind = route.as_ref().map_or("unknown", Route::kind);
        let (exchange, effective) = self.answer_with_fault(request, route, fault.as_ref(), ports);
        let call = Call {
            kind,
            out_trade_no: number,
            at: beijing(at.business),
            status: exchange.answer.as_ref().map(|answer| answer.status),
            code: exchange.answer.as_ref().and_then(code_of),
            fault: fault.as_ref().map(Action::name),
            effective,
        };
        self.calls.record(call, self.settings.call_log_max);
        exchange
    }

    /// The exchange, and whether the call was carried out.
    fn answer_with_fault(
        &mut self,
        request: &ApiRequest,
        route: Result<Route, Refusal>,
        fault: Option<&Action>,
        ports: &mut Ports<'_>,
    ) -> (Exchange, bool) {
        let mut freshness = Freshness::Now;
        let mut signature = SignatureFault::None;
        match fault {
            Some(Action::Drop) => return (Exchange::hang_up(), false),
            Some(Action::Status(injected)) if !injected.after_effect => {
                return (Exchange::now(injected_answer(injected, ports)), false);
            }
            Some(Action::StaleQuery(behind)) => freshness = *behind,
            Some(Action::CorruptSignature) => signature = SignatureFault::Corrupt,
            Some(Action::Probe) => signature = SignatureFault::Probe,
            Some(
                Action::DelayMs(_) | Action::Duplicate(_) | Action::Status(_) | Action::AnswerLost,
            )
            | None => {}
        }
        let outcome = route.and_then(|route| self.carry_out(request, route, freshness, ports));
        let effective = outcome.is_ok();
        let answer = match fault {
            Some(Action::AnswerLost) => return (Exchange::hang_up(), effective),
            Some(Action::Status(injected)) => injected_answer(injected, ports),
            _ => self.seal(outcome, request, signature, ports),
        };
        let delay_ms = match fault {
            Some(Action::DelayMs(ms)) => *ms,
            _ => 0,
        };
        (Exchange { answer: Some(answer), delay_ms }, effective)
    }

    fn carry_out(
        &mut self,
        request: &ApiRequest,
        route: Route,
        freshness: Freshness,
        ports: &mut Ports<'_>,
    ) -> Result<Success, Refusal> {
        let at = ports.at;
        if route == Route::Login {
            return Ok(Success::Platform(self.login(request.query(), ports)));
        }
        required_headers(request, &route)?;
        let caller = authenticate(request, &route, &self.account, ports.keyring, at.real)?;
        self.known_serial(request)?;
        if request.method == "POST" {
            json_content(request)?;
        }
        let answer = match route {
            Route::Prepay(trade_type) => self.prepay(trade_type, &request.body, &caller, ports)?,
            Route::QueryByOutTradeNo(number) => {
                self.query_by_number(&number, request.query(), &caller, (freshness, at))?
            }
            Route::QueryById(id) => self.query_by_id(&id, request.query(), &caller, at)?,
            Route::Close(number) => {
                self.close(&number, &request.body, &caller, at)?;
                return Ok(Success::NoContent);
            }
            Route::Certificates => self.certificates(request.query(), ports)?,
            Route::Login => return Err(Refusal::gateway(404)),
        };
        Ok(Success::Json(answer))
    }

    /// `Wechatpay-Serial`, if sent, must name a key that exists; the list of certificates may be asked for with any,
    /// because that is how a client finds out.
    fn known_serial(&self, request: &ApiRequest) -> Result<(), Refusal> {
        let Some(serial) = request.header("Wechatpay-Serial") else { return Ok(()) };
        let listed = &self.account.platform_certificates;
        let known = serial == self.account.public_key_id
            || listed.iter().any(|certificate| certificate.serial == serial)
            || request.path() == "/v3/certificates";
        if known {
            return Ok(());
        }
        let message = "平台证书序列号Wechatpay-Serial错误";
        Err(Refusal::new(400, Code::ParamError, message, 268_435_461))
    }

    fn seal(
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
                return Answer { status: 200, headers: content_type(), body };
            }
            Ok(Success::Json(json)) => (200, json.to_string().into_bytes()),
            Ok(Success::NoContent) => (204, Vec::new()),
        };
        let serial = self.answer_serial(request.header("Wechatpay-Serial"));
        let Ok(mut headers) = seal::headers(&serial, &body, at.real, signature, ports) else {
            return self.refuse(&Refusal::system_error(), ports);
        };
        if !body.is_empty() {
            headers.extend(content_type());
        }
        headers.push(request_id(0, ports));
        Answer { status, headers, body }
    }

    fn refuse(&self, refusal: &Refusal, ports: &mut Ports<'_>) -> Answer {
        let body = refusal.to_bytes(self.settings.spelling);
        let mut headers = if body.is_empty() { Vec::new() } else { content_type() };
        headers.push(request_id(refusal.internal, ports));
        Answer { status: refusal.status, headers, body }
    }

    /// The merchant's number that a request is about, as far as can be told without judging it.
    fn number_of(&self, route: &Route, body: &[u8]) -> Option<String> {
        match route {
            Route::Prepay(_) => {
                let body: Value = serde_json::from_slice(body).ok()?;
                body.get("out_trade_no").and_then(Value::as_str).map(str::to_owned)
            }
            Route::QueryByOutTradeNo(number) | Route::Close(number) => Some(number.clone()),
            Route::QueryById(id) => self.by_transaction_id.get(id).cloned(),
            Route::Certificates | Route::Login => None,
        }
    }
}

/// Observed live: some gateways look for these two before they look at the signature, the payment one does not.
fn required_headers(request: &ApiRequest, route: &Route) -> Result<(), Refusal> {
    let has = |name: &str| request.header(name).is_some_and(|value| !value.is_empty());
    if route.is_transaction() || (has("User-Agent") && has("Accept")) {
        return Ok(());
    }
    Err(Refusal::new(400, Code::InvalidRequest, "Http头缺少Accept或User-Agent", 0))
}

/// `Content-Type: application/json` is required with a body (`v3.md` §1); the words of this refusal are our own.
fn json_content(request: &ApiRequest) -> Result<(), Refusal> {
    let is_json = |value: &str| {
        let media = value.split(';').next().unwrap_or("").trim();
        media.eq_ignore_ascii_case("application/json")
    };
    if request.header("Content-Type").is_some_and(is_json) {
        return Ok(());
    }
    Err(Refusal::new(400, Code::InvalidRequest, "Http头Content-Type必须为application/json", 0))
}

fn injected_answer(injected: &InjectedStatus, ports: &mut Ports<'_>) -> Answer {
    let mut headers = vec![request_id(0, ports)];
    let Some(code) = &injected.code else {
        return Answer { status: injected.status, headers, body: Vec::new() };
    };
    let message = injected.message.as_deref().unwrap_or("沙箱注入的错误");
    headers.extend(content_type());
    let body = json!({"code": code, "message": message}).to_string().into_bytes();
    Answer { status: injected.status, headers, body }
}

fn content_type() -> Headers {
    vec![("Content-Type".to_owned(), "application/json; charset=utf-8".to_owned())]
}

/// The tail after the last `-` is an internal number (`v3.md` §8.4).
fn request_id(internal: u32, ports: &mut Ports<'_>) -> (String, String) {
    ("Request-ID".to_owned(), format!("{}-{internal}", ports.hex(20)))
}

fn code_of(answer: &Answer) -> Option<String> {
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    body.get("code").and_then(Value::as_str).map(str::to_owned)
}
