//! One API request from its first byte to its answer.
//!
//! Path → method → faults → required headers → signature → the call itself → signed answer; the order is that of
//! `v3.md` §2.3. MAY NOT let an unsigned request have an effect, and MAY NOT answer anything but the truth unless a
//! fault rule asked for it.

use serde_json::{Map, Value};

use crate::core::WeChatPay;
use crate::core::answer::{Success, code_of, injected_answer, injected_errcode};
use crate::core::bill::BillAsked;
use crate::core::calls::{CallNumber, CallOf};
use crate::core::exchange::{ApiRequest, Exchange};
use crate::core::faults::{Action, Numbers, Purpose, Subject, Taken};
use crate::core::fields::parse_body;
use crate::core::gate::{LetIn, Members};
use crate::core::ports::Ports;
use crate::core::postponed::{PostponedCall, Postponement};
use crate::core::query::Freshness;
use crate::core::refund::RefundEnding;
use crate::core::refusal::Refusal;
use crate::core::route::Route;
use crate::core::seal::SignatureFault;

/// A call that arrived, and all that is known of it.
struct Arrived<'a> {
    request: &'a ApiRequest,
    route: Result<Route, Refusal>,
    members: Members,
    out_trade_no: Option<String>,
    log: CallNumber,
}

/// How a call departs from the honest one.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Manner {
    freshness: Freshness,
    signature: SignatureFault,
    /// How the refund that it asks for ends.
    ending: Option<RefundEnding>,
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
        self.handle_unsigned(request, ports).signed(ports.keyring)
    }

    /// The same, but for the signature of the answer: [`Exchange::signed`] makes it, at any time and beside other calls.
    pub fn handle_unsigned(&mut self, request: &ApiRequest, ports: &mut Ports<'_>) -> Exchange {
        self.catch_up(ports);
        let route = Route::find(&request.method, request.path());
        let members = members_of(&route, &request.body);
        let of = self.subject_of(&route, members.as_ref().ok());
        let out_trade_no = of.out_trade_no.clone();
        let numbers = Numbers {
            out_trade_no: of.out_trade_no.as_deref(),
            out_refund_no: of.out_refund_no.as_deref(),
        };
        let purpose = Purpose::of(route.as_ref().ok());
        let subject = Subject::Call { path: request.path(), numbers, purpose };
        let overtaken = self.faults.overtaken_by(subject);
        let taken = self.faults.take(subject);
        let fault = taken.as_ref().map(|taken| taken.action.name());
        let log = self.calls.arrived(of, ports.at.business, fault, self.settings.call_log_max);
        let closing = matches!(route, Ok(Route::Close(_))).then(|| out_trade_no.clone());
        let arrived = Arrived { request, route, members, out_trade_no, log };
        let (exchange, effect) = match taken {
            Some(taken) => self.answer_with_fault(arrived, taken, ports),
            None => self.answer(arrived, Manner::default(), ports),
        };
        if exchange.held.is_none() {
            let answer = exchange.answer.as_ref();
            self.calls.answered(log, answer.map(|one| one.status), answer.and_then(code_of));
        }
        if matches!(effect, Effect::Done) {
            self.calls.took_effect(log, None);
            if let Some(number) = closing {
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
        manner: Manner,
        ports: &mut Ports<'_>,
    ) -> (Exchange, Effect) {
        let request = arrived.request;
        let outcome = arrived.route.and_then(|route| {
            let call = self.let_in(request, route, arrived.members, ports)?;
            self.perform(request, call, manner, ports)
        });
        let effect = match &outcome {
            Ok(success) if !success.is_refusal() => Effect::Done,
            Ok(_) | Err(_) => Effect::Refused,
        };
        (Exchange::now(self.seal(outcome, request, manner.signature, ports)), effect)
    }

    fn answer_with_fault(
        &mut self,
        arrived: Arrived<'_>,
        taken: Taken,
        ports: &mut Ports<'_>,
    ) -> (Exchange, Effect) {
        let mut manner = Manner::default();
        match &taken.action {
            Action::Drop => return (Exchange::hang_up(), Effect::None),
            Action::Status(injected) if !injected.after_effect => {
                return (Exchange::now(injected_answer(injected, ports)), Effect::None);
            }
            Action::Errcode(injected) if !injected.after_effect => {
                return (Exchange::now(injected_errcode(injected)), Effect::None);
            }
            Action::Late(late) => {
                return self.postpone(arrived, Postponement::Late(*late), ports);
            }
            Action::Reorder(order) => {
                let held = Postponement::Overtaken { rule: taken.rule, order: *order };
                return self.postpone(arrived, held, ports);
            }
            Action::StaleQuery(behind) => manner.freshness = *behind,
            Action::RefundEnds(ending) => manner.ending = Some(*ending),
            Action::CorruptSignature => manner.signature = SignatureFault::Corrupt,
            Action::Probe => manner.signature = SignatureFault::Probe,
            Action::DelayMs(_)
            | Action::Duplicate(_)
            | Action::Status(_)
            | Action::Errcode(_)
            | Action::AnswerLost
            | Action::Truncate => {}
        }
        let (exchange, effect) = self.answer(arrived, manner, ports);
        let exchange = match taken.action {
            Action::AnswerLost => Exchange::hang_up(),
            Action::Status(injected) => Exchange::now(injected_answer(&injected, ports)),
            Action::Errcode(injected) => Exchange::now(injected_errcode(&injected)),
            Action::DelayMs(delay_ms) => Exchange { delay_ms, ..exchange },
            Action::Truncate => exchange.halved(),
            Action::Drop
            | Action::Duplicate(_)
            | Action::Reorder(_)
            | Action::CorruptSignature
            | Action::Probe
            | Action::StaleQuery(_)
            | Action::RefundEnds(_)
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
        let let_in =
            arrived.route.and_then(|route| self.let_in(request, route, arrived.members, ports));
        let call = match let_in {
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

    /// What a call does, once it was let in.
    pub(crate) fn perform(
        &mut self,
        request: &ApiRequest,
        call: LetIn,
        manner: Manner,
        ports: &mut Ports<'_>,
    ) -> Result<Success, Refusal> {
        let at = ports.at;
        let Some(caller) = &call.caller else {
            let query = request.query();
            return Ok(Success::Platform(if let Route::Platform(asked) = call.route {
                let members = call.members.unwrap_or_default();
                self.platform(asked, (&request.method, query), &members, ports)
            } else {
                self.login(query, ports)
            }));
        };
        let answer = match call.route {
            Route::Prepay(trade_type) => self.prepay(trade_type, call.members?, caller, ports)?,
            Route::QueryByOutTradeNo(number) => {
                self.query_by_number(&number, request.query(), caller, (manner.freshness, at))?
            }
            Route::QueryById(id) => self.query_by_id(&id, request.query(), caller, at)?,
            Route::Close(number) => {
                self.close(&number, &call.members?, caller, at)?;
                return Ok(Success::NoContent);
            }
            Route::Refund => self.refund(call.members?, manner.ending, ports)?,
            Route::QueryRefund(number) => self.query_refund(&number, manner.freshness, at)?,
            Route::AbnormalRefund(id) => {
                self.refund_abnormally(&id, &call.members?, request, ports)?
            }
            Route::TradeBill => {
                self.bill(BillAsked::trade_bill(request.query())?, request, ports)?
            }
            Route::FundFlowBill => {
                self.bill(BillAsked::fund_flow_bill(request.query())?, request, ports)?
            }
            Route::DownloadBill => return self.download_bill(request.query(), at.business),
            Route::Certificates => self.certificates(request.query(), ports)?,
            Route::Login | Route::Platform(_) => return Err(Refusal::gateway(404)),
        };
        Ok(Success::Json(answer))
    }

    /// What a request is about, as far as can be told without judging it.
    fn subject_of(
        &self,
        route: &Result<Route, Refusal>,
        members: Option<&Map<String, Value>>,
    ) -> CallOf {
        let text = |name: &str| members.and_then(|members| members.get(name)?.as_str());
        let (out_trade_no, out_refund_no) = match route {
            Ok(Route::Prepay(_)) => (text("out_trade_no"), None),
            Ok(Route::QueryByOutTradeNo(number) | Route::Close(number)) => {
                (Some(number.as_str()), None)
            }
            Ok(Route::QueryById(id)) => (self.number_of_transaction(id), None),
            Ok(Route::Refund) => {
                let by_id = || text("transaction_id").and_then(|id| self.number_of_transaction(id));
                (text("out_trade_no").or_else(by_id), text("out_refund_no"))
            }
            Ok(Route::QueryRefund(number)) => {
                let of = self.refunds.get(number).map(|refund| refund.out_trade_no.as_str());
                (of, Some(number.as_str()))
            }
            Ok(Route::AbnormalRefund(id)) => {
                let refund = self.refunds.by_id(id);
                let of = refund.map(|refund| refund.out_trade_no.as_str());
                (of, refund.map(|refund| refund.form.out_refund_no.as_str()))
            }
            Ok(Route::Platform(_)) => (members.and_then(|asked| self.told_about(asked)), None),
            Ok(
                Route::TradeBill
                | Route::FundFlowBill
                | Route::DownloadBill
                | Route::Certificates
                | Route::Login,
            )
            | Err(_) => (None, None),
        };
        CallOf {
            kind: route.as_ref().map_or("unknown", Route::kind),
            out_trade_no: out_trade_no.map(str::to_owned),
            out_refund_no: out_refund_no.map(str::to_owned),
        }
    }

    fn number_of_transaction(&self, transaction_id: &str) -> Option<&str> {
        self.by_transaction_id.get(transaction_id).map(String::as_str)
    }
}

/// The JSON of a body, read once.
fn members_of(route: &Result<Route, Refusal>, body: &[u8]) -> Members {
    match route {
        Ok(
            Route::Prepay(_)
            | Route::Close(_)
            | Route::Refund
            | Route::AbnormalRefund(_)
            | Route::Platform(_),
        ) => parse_body(body),
        Ok(
            Route::QueryByOutTradeNo(_)
            | Route::QueryById(_)
            | Route::QueryRefund(_)
            | Route::TradeBill
            | Route::FundFlowBill
            | Route::DownloadBill
            | Route::Certificates
            | Route::Login,
        )
        | Err(_) => Ok(Map::new()),
    }
}
