//! The network to WeChat Pay: production's client over wires that lose, delay, repeat and falsify.

use super::download;
use super::journey::{Journey, definite, late, refund_ends, server_error, status};
use crate::kernel::letter;
use crate::marks::Mark;
use crate::matrix::{Fault, Step};
use crate::plan::{Site, Spot};
use crate::tape::Kind;
use crate::time::{MILLI, SECOND, offset};
use crate::wechat::{Asked, asked_of};
use crate::world::World;
use domain::Timestamp;
use domain::ports::PortFuture;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use time::format_description::well_known::Rfc2822;
use wechatpay::{Transport, TransportError, WireRequest, WireResponse};
use wechatpay_sim::core::exchange::{Answer, ApiRequest};

/// How long a node waits for WeChat Pay's answer.
pub(super) const TIMEOUT: i64 = 5 * SECOND;

/// How a refund ends of which a query says that it does not exist, and that comes to light after all.
pub(crate) const OVERTAKEN: u32 = 16;

/// What can befall a question.
const ON_QUESTION: [Fault; 16] = [
    Fault::CrashBefore,
    Fault::CrashAfter,
    Fault::LostAnswer,
    Fault::NeverArrives,
    Fault::Late,
    Fault::Twice,
    Fault::Reordered,
    Fault::ServerError,
    Fault::Definite,
    Fault::RateLimited,
    Fault::Bad,
    Fault::Stale,
    Fault::StoreDown,
    Fault::UnknownKey,
    Fault::LeaseLost,
    Fault::Second,
];

/// What can befall any other call: its answer is never an old one.
const ON_CALL: [Fault; 15] = [
    Fault::CrashBefore,
    Fault::CrashAfter,
    Fault::LostAnswer,
    Fault::NeverArrives,
    Fault::Late,
    Fault::Twice,
    Fault::Reordered,
    Fault::ServerError,
    Fault::Definite,
    Fault::RateLimited,
    Fault::Bad,
    Fault::StoreDown,
    Fault::UnknownKey,
    Fault::LeaseLost,
    Fault::Second,
];

/// One node's way to WeChat Pay.
pub(super) struct SimTransport {
    world: Arc<World>,
    node: u32,
}

impl SimTransport {
    pub(super) fn new(world: Arc<World>, node: u32) -> SimTransport {
        SimTransport { world, node }
    }

    async fn carry(&self, request: WireRequest) -> Result<WireResponse, TransportError> {
        let world = &self.world;
        let (asked, number) = asked_of(&request);
        let step = if asked.changes() { Step::Call } else { Step::Read };
        let candidates: &[Fault] = if matches!(asked, Asked::Query | Asked::QueryRefund) {
            &ON_QUESTION
        } else {
            &ON_CALL
        };
        world.meets_the_time(self.node, step);
        let spot = Spot { site: Site::Call, step, what: asked.name() };
        let fault = world.fault(Kind::Call, spot, candidates);
        let fault = fault.or_else(|| self.refused_meanwhile(asked, &number));
        world.oracle.calls(world, self.node, (asked, &number), &request);
        self.say(&number, || {
            let met = fault.map_or(String::new(), |fault| format!(" [{}]", fault.name()));
            format!("→ WeChat Pay: {}{met}", asked.name())
        });
        if fault == Some(Fault::CrashBefore) {
            world.die(self.node, "before a call").await;
        }
        if asked == Asked::DownloadBill {
            // A node that stands still follows the link when it goes on.
            world.kernel.sleep(MILLI).await;
        }
        let journey = self.journey(fault, asked, &number);
        if fault == Some(Fault::NeverArrives) {
            let is_refused = world.how(Fault::NeverArrives, Kind::Travel, 2) == 0;
            world.kernel.sleep(if is_refused { MILLI } else { TIMEOUT }).await;
            return Err(TransportError("the connection was refused".to_owned()));
        }
        let (answered, answer) = letter();
        let copies = if fault == Some(Fault::Twice) { 2 } else { 1 };
        for copy in 0..copies {
            let wire = Wire {
                world: Arc::clone(world),
                request: api_request(&request),
                number: number.clone(),
                asked,
            };
            let journey =
                if copy == 0 { journey.again() } else { self.journey(None, asked, &number) };
            let answered = answered.clone();
            world.outside(async move { wire.go(journey, &answered).await });
        }
        let answer = answer.wait(&world.kernel, TIMEOUT).await;
        if fault == Some(Fault::CrashAfter) {
            if asked == Asked::Prepay {
                world.chronicle.sometimes(Mark::CrashBetweenPrepayAndRecord);
            }
            world.die(self.node, "after a call").await;
        }
        let answer = answer.unwrap_or_else(|| Err(TransportError("the time was up".to_owned())));
        note_the_key(world, &request, answer.as_ref().ok());
        world.oracle.heard(world, self.node, (asked, &number), answer.as_ref().ok());
        self.say(&number, || match &answer {
            Ok(answer) => format!("← WeChat Pay: {} {}", answer.status, told(answer)),
            Err(error) => format!("← {error}"),
        });
        answer
    }

    /// A refund of which a request is on its way already is refused half of the time: what is refused, and
    /// does not exist, may be there after all.
    fn refused_meanwhile(&self, asked: Asked, number: &str) -> Option<Fault> {
        let world = &self.world;
        let may = world.is_stormy() && world.plan().is_none() && asked == Asked::Refund;
        let is_refused = may && world.wechat.holds_back(number) && world.draw(Kind::Call, 2) == 1;
        is_refused.then(|| {
            world.met(Step::Call, Fault::Definite);
            Fault::Definite
        })
    }

    fn journey(&self, fault: Option<Fault>, asked: Asked, number: &str) -> Journey {
        let world = &self.world;
        let mut journey = Journey {
            out: world.travel(),
            back: world.travel(),
            rule: None,
            lost: false,
            garbage: false,
            spoilt: None,
        };
        let how = |fault: Fault, bound: u32| world.how(fault, Kind::Call, bound);
        match fault {
            Some(Fault::LostAnswer) => journey.lost = true,
            Some(Fault::Late) => {
                let how = how(Fault::Late, 6);
                // No refund is on its way for longer than a failover takes.
                let goes_back = matches!(asked, Asked::Refund | Asked::Apply);
                let is_short = goes_back && world.may_lose_commits();
                late(&mut journey, asked, if is_short { 0 } else { how });
                if asked == Asked::Refund {
                    world.wechat.hold_back(number);
                }
            }
            Some(Fault::Reordered) => {
                journey.out = (i64::from(how(Fault::Reordered, 16)) + 1) * 200 * MILLI;
            }
            Some(Fault::ServerError) => {
                journey.rule = Some(server_error(how(Fault::ServerError, 4)));
            }
            Some(Fault::Definite) => journey.rule = Some(definite(asked, how(Fault::Definite, 3))),
            Some(Fault::RateLimited) => {
                journey.rule = Some(status(429, "FREQUENCY_LIMITED", false));
            }
            Some(Fault::Bad) if asked == Asked::DownloadBill => {
                journey.spoilt = Some(how(Fault::Bad, download::WAYS));
            }
            Some(Fault::Bad) => match how(Fault::Bad, 3) {
                0 => journey.rule = Some(json!({"action": "corrupt_signature"})),
                1 => journey.rule = Some(json!({"action": "probe"})),
                _ => journey.garbage = true,
            },
            Some(Fault::Stale) => {
                let behind = (u64::from(how(Fault::Stale, 10)) + 1) * 1_000;
                journey.rule = Some(json!({"action": "stale_query", "value": behind}));
                world.chronicle.sometimes(Mark::StaleAnswer);
            }
            Some(_) | None => {}
        }
        if asked == Asked::Refund && journey.rule.is_none() && world.is_stormy() {
            match world.plan().map(|plan| plan.refund_end(number)) {
                // The first request is under way for longer than anybody waits; the second is refused.
                Some((OVERTAKEN, 0)) => journey.out = TIMEOUT + 200 * SECOND,
                Some((OVERTAKEN, 1)) => journey.rule = Some(definite(asked, 1)),
                Some((how, _)) => journey.rule = refund_ends(how),
                None => journey.rule = refund_ends(world.draw(Kind::Call, 16)),
            }
        }
        journey
    }

    fn say(&self, number: &str, what: impl FnOnce() -> String) {
        let node = self.node;
        self.world.chronicle.say(|| format!("node {node}"), Some(order_of(number)), what);
    }
}

/// Which key of ours signed, where that is worth a mark.
fn note_the_key(world: &World, request: &WireRequest, answer: Option<&WireResponse>) {
    let Some(answer) = answer.filter(|_| world.has_other_keys()) else { return };
    let signed = request.headers.get("Authorization").map_or("", String::as_str);
    let serial = signed.split_once("serial_no=\"").and_then(|(_, rest)| rest.split('"').next());
    let Some(serial) = serial else { return };
    if answer.status == 401 && world.wechat.has_revoked(serial) {
        world.chronicle.sometimes(Mark::OurKeyRefused);
    } else if answer.status < 300 && !world.wechat.keys().is_our_first(serial) {
        world.chronicle.sometimes(Mark::OtherKeySigned);
    }
}

impl Transport for SimTransport {
    fn send(&self, request: WireRequest) -> PortFuture<'_, Result<WireResponse, TransportError>> {
        Box::pin(self.carry(request))
    }
}

/// One request under way. It goes on when its sender dies.
struct Wire {
    world: Arc<World>,
    request: ApiRequest,
    number: String,
    asked: Asked,
}

impl Wire {
    async fn go(
        self,
        journey: Journey,
        answered: &crate::kernel::Letter<Result<WireResponse, TransportError>>,
    ) {
        let world = &self.world;
        world.kernel.sleep(journey.out).await;
        let exchange = world.wechat.handle(&self.request, journey.rule.as_ref(), world.now());
        world.oracle.arrived(world, (self.asked, &self.number), &exchange);
        let is_file = self.asked == Asked::DownloadBill && journey.rule.is_none();
        world.kernel.sleep(journey.back).await;
        if journey.lost {
            return;
        }
        answered.send(match exchange.answer {
            Some(_) if journey.garbage => Ok(garbage()),
            Some(answer) if is_file => Ok(file(world, journey.spoilt, answer)),
            Some(answer) => Ok(wire_response(answer, world.now())),
            None => Err(TransportError("the connection was closed".to_owned())),
        });
    }
}

/// What a cache on the way says.
pub(super) const GARBAGE: &[u8] = b"<html>it works</html>";

fn garbage() -> WireResponse {
    WireResponse { status: 200, headers: BTreeMap::new(), body: GARBAGE.to_vec() }
}

/// The file of a bill as it arrives, or that its link has ended.
fn file(world: &World, spoilt: Option<u32>, answer: Answer) -> WireResponse {
    let mut response = wire_response(answer, world.now());
    if response.status != 200 {
        world.chronicle.sometimes(Mark::BillLinkEnded);
        return response;
    }
    world.morning.hands_out(&response.body);
    if let Some(how) = spoilt {
        response.body = download::spoilt(world, response.body, how);
    }
    response
}

fn api_request(request: &WireRequest) -> ApiRequest {
    let headers = request.headers.iter();
    ApiRequest {
        method: request.method.as_str().to_owned(),
        target: request.target.clone(),
        headers: headers.map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        body: request.body.clone().into_bytes(),
    }
}

/// The answer with the `Date` that every server adds.
fn wire_response(answer: Answer, now: Timestamp) -> WireResponse {
    let headers = answer.headers.into_iter();
    let mut headers: BTreeMap<String, String> =
        headers.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    headers.extend(offset(now).format(&Rfc2822).ok().map(|date| ("date".to_owned(), date)));
    WireResponse { status: answer.status, headers, body: answer.body }
}

/// The order's number within a payment's.
pub(crate) fn order_of(number: &str) -> &str {
    number.split('-').next().unwrap_or(number)
}

/// What an answer says, for the timeline.
fn told(answer: &WireResponse) -> String {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let member = |name: &str| body[name].as_str().map(str::to_owned);
    member("trade_state").or_else(|| member("code")).unwrap_or_default()
}
