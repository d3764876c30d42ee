//! Plays a sequence on the core and on a process at once, and compares.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wechatpay_sim::core::exchange::{Answer, ApiRequest, Collected, Exchange, HeldCall};
use wechatpay_sim::core::notice::{AttemptId, Delivery};
use wechatpay_sim::core::tamper::Tamper;
use wechatpay_sim::{Rehearsal, Settings};

use crate::control::{self, Control, Said};
use crate::core_side::Core;
use crate::equal::{difference, is_same, same_answer};
use crate::merchant::{Merchant, order, refund};
use crate::ops::{Call, Op, Platform, Twist};
use crate::process::{self, Process};
use crate::receiver::{Arrived, Receiver, Reply};
use crate::wire::Message;
use crate::{abnormal, bills, platform};

/// Longer than the process takes for anything here on a busy machine. Whoever differs is waited for so long.
const LIMIT: Duration = Duration::from_secs(10);
const TAMPERS: [Tamper; 18] = [
    Tamper::Signature,
    Tamper::Probe,
    Tamper::Body,
    Tamper::Stale,
    Tamper::Future,
    Tamper::Serial,
    Tamper::Unsigned,
    Tamper::Key,
    Tamper::Amount,
    Tamper::Currency,
    Tamper::Mchid,
    Tamper::Appid,
    Tamper::OutTradeNo,
    Tamper::TransactionId,
    Tamper::OutRefundNo,
    Tamper::RefundStatus,
    Tamper::EventType,
    Tamper::Replay,
];

type Answering = JoinHandle<Option<Message>>;

pub(crate) struct Pair {
    core: Core,
    process: Process,
    merchant: Merchant,
    receiver: Receiver,
    /// Notifications that wait for the receiver's answer.
    pending: Vec<(AttemptId, oneshot::Sender<Reply>)>,
    /// Calls that others are to overtake.
    held: Vec<(HeldCall, Answering)>,
    seen: Vec<String>,
}

impl Pair {
    pub(crate) async fn start(folder: &Path, settings: Settings, rehearsal: Rehearsal) -> Pair {
        // A receiver that holds what comes must not run out of time.
        let patient = |settings| Settings { notify_timeout_ms: 60_000, ..settings };
        let process = Process::start(folder, patient(settings), rehearsal).await;
        let core = Core::new(folder, patient(Settings::default()), rehearsal);
        let receiver = Receiver::start().await;
        let notify_url = format!("http://{}/notify", receiver.addr);
        let merchant = Merchant::new(core.credentials.clone(), notify_url);
        let (pending, held, seen) = (Vec::new(), Vec::new(), Vec::new());
        Pair { core, process, merchant, receiver, pending, held, seen }
    }

    /// Something to ask about from the first step on: one order that was paid yesterday in a mini program, one that is
    /// not paid, and a token.
    pub(crate) async fn begin(&mut self) -> Result<(), String> {
        let prepay = |number| {
            let prepay = Call::Prepay { number, product: number, amount: 0, expires: None, odd: 0 };
            Op::Call(prepay, Twist::Plain)
        };
        self.play(&prepay(0)).await?;
        self.play(&Op::Pay { number: 0, form: 0 }).await?;
        self.play(&Op::Clock(control::A_DAY)).await?;
        let token = Platform { call: platform::TOKEN_CALL, number: 0, report: 0, odd: 0 };
        self.play(&Op::Call(Call::Platform(token), Twist::Plain)).await?;
        self.play(&prepay(1)).await
    }

    /// Ends both; what was seen.
    pub(crate) async fn stop(self) -> Vec<String> {
        // What is held is let go of, so that nothing has to be waited for.
        drop(self.pending);
        for (_, task) in self.held {
            task.abort();
        }
        drop(self.process);
        self.seen
    }

    /// One step on both sides, until both are at rest.
    pub(crate) async fn play(&mut self, op: &Op) -> Result<(), String> {
        match op {
            Op::Call(call, twist) => self.call(call, *twist).await?,
            Op::Answer { which, reply } => self.answer(*which, &Reply::of(*reply)),
            Op::Notify { refund, number, tamper, reply } => {
                let tamper = tamper.map(|which| TAMPERS[usize::from(which) % TAMPERS.len()]);
                self.notify((*refund, *number), tamper, &Reply::of(*reply)).await?;
            }
            Op::Pay { .. }
            | Op::EndRefund { .. }
            | Op::Receive { .. }
            | Op::Elsewhere { .. }
            | Op::Faults(_)
            | Op::Settings(_)
            | Op::Clock(_)
            | Op::Mode(_)
            | Op::Rotate
            | Op::Params { .. }
            | Op::Look(_)
            | Op::Reset => self.control(op).await?,
        }
        self.rest().await
    }

    async fn call(&mut self, call: &Call, twist: Twist) -> Result<(), String> {
        self.merchant.abnormal.learn(&self.core.pay);
        let (now, core) = (self.core.now(), &self.core);
        let transactions = |number| core.transaction(&order(number));
        let request = self.merchant.request(call, twist, (&transactions, now));
        if let Twist::WrongMethod(_) = twist {
            self.saw("a wrong method");
        }
        let answering = tokio::spawn(process::call(self.process.addr(), request.clone()));
        let heard = bills::with_host(request.clone(), self.process.addr());
        let exchange = self.core.visit(|pay, ports| pay.handle(&heard, ports));
        match exchange.held {
            Some(held) => {
                self.saw("held");
                self.held.push((held, answering));
                Ok(())
            }
            None => self.same_exchange(Some(&request), &exchange, answering).await,
        }
    }

    async fn control(&mut self, op: &Op) -> Result<(), String> {
        let asked = control::of(op, &self.merchant, &self.core).expect("a control step");
        // Before the core: a rotation makes a key that the core then takes over.
        let said = process::control(self.process.addr(), asked.clone()).await;
        let expected = self.core.control(&asked);
        self.same_said(&asked, &expected, &said)
    }

    fn answer(&mut self, which: u8, reply: &Reply) {
        if self.pending.is_empty() {
            return;
        }
        let at = usize::from(which) % self.pending.len();
        let (id, answer) = self.pending.remove(at);
        self.saw(&reply.name());
        drop(answer.send(reply.clone()));
        self.core.pay.record(id, reply.end());
    }

    async fn notify(
        &mut self,
        (is_refund, number): (bool, u8),
        tamper: Option<Tamper>,
        reply: &Reply,
    ) -> Result<(), String> {
        let asked = control::notify(is_refund, number, tamper);
        let said = tokio::spawn(process::control(self.process.addr(), asked.clone()));
        let delivery = self.core.visit(|pay, ports| {
            if is_refund {
                pay.notify_refund_now(&refund(number), tamper, ports)
            } else {
                pay.notify_now(&order(number), tamper, ports)
            }
        });
        let expected = match delivery {
            Ok(delivery) => {
                self.saw(if tamper.is_some() { "tampered with" } else { "sent once more" });
                let (id, answer) = self.arrivals(vec![delivery]).await?.remove(0);
                drop(answer.send(reply.clone()));
                self.core.pay.record(id, reply.end());
                (200, self.core.pay.attempt(id).expect("an attempt"))
            }
            Err(why) => (why.status, serde_json::json!({"code": why.code, "message": why.message})),
        };
        let said = within(said).await.ok_or("the control request was not answered")?;
        self.same_said(&asked, &expected, &said)
    }

    /// Until both are at rest: what is due was delivered, held calls that ended were answered, and the ledgers are equal.
    async fn rest(&mut self) -> Result<(), String> {
        for (call, answering) in std::mem::take(&mut self.held) {
            match self.core.visit(|pay, ports| pay.collect(call, ports)) {
                Collected::Waiting => self.held.push((call, answering)),
                Collected::Ended(exchange) => {
                    self.saw("a held call ended");
                    self.same_exchange(None, &exchange, answering).await?;
                }
                Collected::Forgotten => {
                    self.same_exchange(None, &Exchange::hang_up(), answering).await?;
                }
            }
        }
        let due = self.core.visit(|pay, ports| pay.due(ports));
        for arrived in self.arrivals(due).await? {
            self.saw("delivered");
            self.pending.push(arrived);
        }
        self.same_ledger().await?;
        match self.receiver.arrived.try_recv() {
            Ok(Arrived { message, .. }) => {
                Err(format!("a notification that is not due: {message:?}"))
            }
            Err(_) => Ok(()),
        }
    }

    /// Waits for these notifications, in whatever order they come.
    async fn arrivals(
        &mut self,
        mut due: Vec<Delivery>,
    ) -> Result<Vec<(AttemptId, oneshot::Sender<Reply>)>, String> {
        let mut found = Vec::new();
        while !due.is_empty() {
            let arrived = tokio::time::timeout(LIMIT, self.receiver.arrived.recv()).await;
            let Ok(Some(Arrived { message, reply })) = arrived else {
                return Err(format!("these notifications did not come: {due:?}"));
            };
            let Some(at) = due.iter().position(|delivery| is_same(delivery, &message)) else {
                return Err(format!("due were {due:#?}, there came {message:#?}"));
            };
            found.push((due.remove(at).id, reply));
        }
        found.sort_by_key(|(id, _)| *id);
        Ok(found)
    }

    async fn same_exchange(
        &mut self,
        request: Option<&ApiRequest>,
        exchange: &Exchange,
        answering: Answering,
    ) -> Result<(), String> {
        let answered = within(answering).await.ok_or("the process does not answer")?;
        match (&exchange.answer, answered) {
            (None, None) => {
                self.saw("lost");
                Ok(())
            }
            (Some(expected), Some(message)) => {
                same_answer(expected, &message)?;
                self.seen.extend(abnormal::seen(request, expected).map(str::to_owned));
                let (seen, download) = bills::seen(request, expected);
                self.seen.extend(seen.map(str::to_owned));
                self.merchant.downloads.extend(download);
                if let Some(request) = request {
                    self.seen.extend(platform::seen(request, expected));
                    self.merchant.token =
                        platform::token(request, expected).or(self.merchant.token.take());
                    self.saw(&format!("{} {}", request.method, expected.status));
                }
                self.saw_signature(expected);
                Ok(())
            }
            (expected, answered) => {
                Err(format!("the core: {expected:#?}\nthe process: {answered:#?}"))
            }
        }
    }

    fn saw_signature(&mut self, answer: &Answer) {
        let header = |name: &str| {
            answer.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
        };
        let Some(serial) = header("Wechatpay-Serial") else { return };
        let part = |name| header(name).unwrap_or_default();
        let mut message = format!("{}\n{}\n", part("Wechatpay-Timestamp"), part("Wechatpay-Nonce"));
        message.push_str(&String::from_utf8_lossy(&answer.body));
        message.push('\n');
        let is_right = self.core.is_signed(serial, message.as_bytes(), part("Wechatpay-Signature"));
        self.saw(if is_right { "signed" } else { "signed wrongly" });
    }

    fn same_said(
        &mut self,
        asked: &Control,
        expected: &Said,
        (status, said): &Said,
    ) -> Result<(), String> {
        let mut said = said.clone();
        if expected.1.get("message") == Some(&Value::Null) && said["message"].is_string() {
            said["message"] = Value::Null;
        }
        let said = (*status, said);
        if *expected != said {
            return Err(format!("{asked:?}\nthe core: {expected:#?}\nthe process: {said:#?}"));
        }
        let first = asked.path.split('/').next().unwrap_or_default();
        let name = match first {
            "pay" | "refund" | "notify" | "shipping" => first,
            _ => asked.path.as_str(),
        };
        self.seen.push(format!("{name} {status}"));
        Ok(())
    }

    /// The process needs a moment to take note of what came of a notification.
    async fn same_ledger(&mut self) -> Result<(), String> {
        let expected = self.core.ledger();
        let asked = Control { method: "GET", path: "ledger".to_owned(), body: Value::Null };
        let begun = tokio::time::Instant::now();
        loop {
            let (_, ledger) = process::control(self.process.addr(), asked.clone()).await;
            if ledger == expected {
                return Ok(());
            }
            if begun.elapsed() > LIMIT {
                let differs = difference("ledger", &expected, &ledger);
                return Err(differs.unwrap_or_else(|| "the ledgers differ".to_owned()));
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn saw(&mut self, what: &str) {
        self.seen.push(what.to_owned());
    }
}

async fn within<T>(task: JoinHandle<T>) -> Option<T> {
    tokio::time::timeout(LIMIT, task).await.ok().map(|ended| ended.expect("a task that ends"))
}
