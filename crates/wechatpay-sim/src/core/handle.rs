//! One API request from its first byte to its answer.
//!
//! Path → method → faults → required headers → signature → the call itself → signed answer; the order is that of
//! `v3.md` §2.3. MAY NOT let an unsigned request have an effect, and MAY NOT answer anything but the truth unless a
//! fault rule asked for it.

use serde_json::Value;

use crate::core::WeChatPay;
use crate::core::answer::{Success, code_of, injected_answer};
use crate::core::authorization::{Authorization, authenticate};
use crate::core::calls::{Call, CallNumber};
use crate::core::exchange::{ApiRequest, Exchange};
use crate::core::faults::{Action, Purpose, Subject, Taken};
use crate::core::ports::Ports;
use crate::core::postponed::{PostponedCall, Postponement};
use crate::core::query::Freshness;
use crate::core::refusal::{Code, Refusal};
use crate::core::route::Route;
use crate::core::seal::SignatureFault;
use crate::core::wire_time::beijing;

/// A call that arrived, and all that is known of it.
struct Arrived<'a> {
    request: &'a ApiRequest,
    route: Result<Route, Refusal>,
    out_trade_no: Option<String>,
    log: CallNumber,
}

/// A call that was let in.
#[derive(Debug, Clone)]
pub(crate) struct LetIn {
    pub(crate) route: Route,
    /// `None` for a call that nobody signs.
    caller: Option<Authorization>,
}

/// What came of a call.
enum Effect {
    /// WeChat Pay carried it out.
    Done,
    /// WeChat Pay looked at it and refused it.
    Refused,
    /// It did not reach WeChat Pay, or not yet.
    None,
}

impl WeChatPay {
    /// Answers one request.
    pub fn handle(&mut self, request: &ApiRequest, ports: &mut Ports<'_>) -> Exchange {
        self.catch_up(ports);
        let route = Route::find(&request.method, request.path());
        let number = route.as_ref().ok().and_then(|route| self.number_of(route, &request.body));
        let subject = Subject::Call {
            path: request.path(),
            out_trade_no: number.as_deref(),
            purpose: Purpose::of(route.as_ref().ok()),
        };
        let overtaken = self.faults.overtaken_by(subject);
        let taken = self.faults.take(subject);
        let call = Call {
            kind: route.as_ref().map_or("unknown", Route::kind),
            out_trade_no: number.clone(),
            at: beijing(ports.at.business),
            status: None,
            code: None,
            fault: taken.as_ref().map(|taken| taken.action.name()),
            effective: false,
            effect_at: None,
        };
        let log = self.calls.arrived(call, self.settings.call_log_max);
        let closes = matches!(route, Ok(Route::Close(_)));
        let arrived = Arrived { request, route, out_trade_no: number.clone(), log: log.clone() };
        let (exchange, effect) = match taken {
            Some(taken) => self.answer_with_fault(arrived, taken, ports),
            None => self.answer(arrived, (Freshness::Now, SignatureFault::None), ports),
        };
        if exchange.held.is_none() {
            let answer = exchange.answer.as_ref();
            self.calls.answered(&log, answer.map(|one| one.status), answer.and_then(code_of));
        }
        if matches!(effect, Effect::Done) {
            self.calls.took_effect(&log, None);
            if closes {
                self.closed(number.as_deref(), ports);
            }
        }
        if !matches!(effect, Effect::None) {
            self.overtaken(&overtaken, ports);
        }
        exchange
    }

    fn answer(
        &mut self,
        arrived: Arrived<'_>,
        (freshness, signature): (Freshness, SignatureFault),
        ports: &mut Ports<'_>,
    ) -> (Exchange, Effect) {
        let request = arrived.request;
        let outcome = arrived.route.and_then(|route| {
            let call = self.let_in(request, route, ports)?;
            self.perform(request, call, freshness, ports)
        });
        let effect = if outcome.is_ok() { Effect::Done } else { Effect::Refused };
        (Exchange::now(self.seal(outcome, request, signature, ports)), effect)
    }

    fn answer_with_fault(
        &mut self,
        arrived: Arrived<'_>,
        taken: Taken,
        ports: &mut Ports<'_>,
    ) -> (Exchange, Effect) {
        let mut manner = (Freshness::Now, SignatureFault::None);
        match &taken.action {
            Action::Drop => return (Exchange::hang_up(), Effect::None),
            Action::Status(injected) if !injected.after_effect => {
                return (Exchange::now(injected_answer(injected, ports)), Effect::None);
            }
            Action::Late(late) => {
                return self.postpone(arrived, Postponement::Late(*late), ports);
            }
            Action::Reorder(order) => {
                let held = Postponement::Overtaken { rule: taken.rule, order: *order };
                return self.postpone(arrived, held, ports);
            }
            Action::StaleQuery(behind) => manner.0 = *behind,
            Action::CorruptSignature => manner.1 = SignatureFault::Corrupt,
            Action::Probe => manner.1 = SignatureFault::Probe,
            Action::DelayMs(_) | Action::Duplicate(_) | Action::Status(_) | Action::AnswerLost => {}
        }
        let (exchange, effect) = self.answer(arrived, manner, ports);
        let exchange = match taken.action {
            Action::AnswerLost => Exchange::hang_up(),
            Action::Status(injected) => Exchange::now(injected_answer(&injected, ports)),
            Action::DelayMs(delay_ms) => Exchange { delay_ms, ..exchange },
            Action::Drop
            | Action::Duplicate(_)
            | Action::Reorder(_)
            | Action::CorruptSignature
            | Action::Probe
            | Action::StaleQuery(_)
            | Action::Late(_) => exchange,
        };
        (exchange, effect)
    }

    /// Puts off what a call does, unless it is refused at the gate.
    fn postpone(
        &mut self,
        arrived: Arrived<'_>,
        postponement: Postponement,
        ports: &mut Ports<'_>,
    ) -> (Exchange, Effect) {
        let request = arrived.request;
        let call = match arrived.route.and_then(|route| self.let_in(request, route, ports)) {
            Ok(call) => call,
            Err(refusal) => {
                if let Postponement::Overtaken { rule, .. } = postponement {
                    self.faults.let_go(rule);
                }
                return (Exchange::now(self.refuse(&refusal, ports)), Effect::Refused);
            }
        };
        let caller_waits = matches!(postponement, Postponement::Overtaken { .. });
        let call = PostponedCall {
            request: request.clone(),
            call,
            out_trade_no: arrived.out_trade_no,
            log: arrived.log,
            postponement,
        };
        let held = self.postponed.add(call, ports.at.business);
        let exchange = if caller_waits { Exchange::held(held) } else { Exchange::hang_up() };
        (exchange, Effect::None)
    }

    /// The checks of the gateway.
    fn let_in(
        &self,
        request: &ApiRequest,
        route: Route,
        ports: &mut Ports<'_>,
    ) -> Result<LetIn, Refusal> {
        if route == Route::Login {
            return Ok(LetIn { route, caller: None });
        }
        required_headers(request, &route)?;
        let caller = authenticate(request, &route, &self.account, ports.keyring, ports.at.real)?;
        self.known_serial(request)?;
        if request.method == "POST" {
            json_content(request)?;
        }
        Ok(LetIn { route, caller: Some(caller) })
    }

    /// What a call does, once it was let in.
    pub(crate) fn perform(
        &mut self,
        request: &ApiRequest,
        call: LetIn,
        freshness: Freshness,
        ports: &mut Ports<'_>,
    ) -> Result<Success, Refusal> {
        let at = ports.at;
        let Some(caller) = &call.caller else {
            return Ok(Success::Platform(self.login(request.query(), ports)));
        };
        let answer = match call.route {
            Route::Prepay(trade_type) => self.prepay(trade_type, &request.body, caller, ports)?,
            Route::QueryByOutTradeNo(number) => {
                self.query_by_number(&number, request.query(), caller, (freshness, at))?
            }
            Route::QueryById(id) => self.query_by_id(&id, request.query(), caller, at)?,
            Route::Close(number) => {
                self.close(&number, &request.body, caller, at)?;
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
