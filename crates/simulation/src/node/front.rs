//! What production's `http-api` does around the use cases, without HTTP: requests and notifications
//! come in over wires that lose, delay and repeat them; what was begun is worked on to its end.

use super::label;
use crate::actors::raw_notice;
use crate::kernel::{Home, Letter, letter};
use crate::matrix::{Fault, Flow, Step};
use crate::mistakes::Mistake;
use crate::tape::Kind;
use crate::time::{MILLI, SECOND};
use crate::world::World;
use domain::changeset::Audit;
use domain::order::{CancelCause, Command, Order, OrderStatus, PayerResult, PaymentStatus};
use domain::ports::{NoticeError, PayParams, RawNotice};
use domain::{OrderNumber, OutTradeNo};
use std::sync::Arc;
use usecases::{
    ActError, Acted, Action, Checkedout, CheckoutError, CheckoutRequest, Keyed, NoticeAnswer,
    Offer, OfferError, PayRequest, Paydesk, QuoteError, Target, TransactError,
};
use wechatpay_sim::core::notice::AttemptEnd;

/// How long a client waits for an answer.
const PATIENCE: i64 = 15 * SECOND;
/// As production: WeChat Pay waits 5 s, and is told to come again before that.
const ANSWER_WITHIN: i64 = 3_500 * MILLI;

const ON_REQUEST: [Fault; 8] = [
    Fault::CrashBefore,
    Fault::CrashAfter,
    Fault::LostAnswer,
    Fault::NeverArrives,
    Fault::Late,
    Fault::Twice,
    Fault::Reordered,
    Fault::RateLimited,
];
const ON_REPLY: [Fault; 5] =
    [Fault::CrashBefore, Fault::CrashAfter, Fault::LostAnswer, Fault::Late, Fault::Twice];
const ON_NOTICE: [Fault; 8] = [
    Fault::CrashBefore,
    Fault::CrashAfter,
    Fault::LostAnswer,
    Fault::NeverArrives,
    Fault::Late,
    Fault::Twice,
    Fault::Reordered,
    Fault::RateLimited,
];

/// What a client asks.
#[derive(Clone)]
pub enum Ask {
    /// Check out.
    CheckOut(Box<CheckoutRequest>, Keyed),
    /// Pay for an order that exists.
    Pay(PayRequest, Keyed),
    /// Cancel.
    Cancel(Action, CancelCause),
    /// Ship, deliver, complete.
    Act(Action, Command),
    /// What the payer's client says.
    Report(Target, PayerResult, Audit),
    /// Look, and have WeChat Pay asked.
    Look(Target),
}

/// What a client is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// How it went.
    pub outcome: Outcome,
    /// The order as it is.
    pub seen: Option<Seen>,
    /// The payment on offer.
    pub out_trade_no: Option<OutTradeNo>,
    /// What the payer's client is called with.
    pub pay_params: Option<PayParams>,
}

/// How a request went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It had its effect now.
    Done,
    /// It found the order of an equal request.
    Reused,
    /// Its key had its effect before.
    Replayed,
    /// The outcome at WeChat Pay is not known yet: come back with the same key.
    Unknown,
    /// No, and why.
    Refused(&'static str),
    /// Come back with the same request.
    Busy,
}

/// An order as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its number.
    pub number: OrderNumber,
    /// Its version.
    pub version: u64,
    /// Where it stands.
    pub status: OrderStatus,
    /// Whether its money came.
    pub paid: bool,
    /// Until when it can be paid.
    pub deadline: Option<domain::Timestamp>,
}

impl Seen {
    fn of(order: &Order) -> Seen {
        Seen {
            number: order.number.clone(),
            version: order.version,
            status: order.status,
            paid: order.payment_status() == PaymentStatus::Paid,
            deadline: order.pay_deadline,
        }
    }
}

impl Ask {
    /// Its name.
    fn name(&self) -> &'static str {
        match self {
            Ask::CheckOut(..) => "check out",
            Ask::Pay(..) => "pay",
            Ask::Cancel(..) => "cancel",
            Ask::Act(..) => "act",
            Ask::Report(..) => "report",
            Ask::Look(_) => "look",
        }
    }

    fn flow(&self) -> Flow {
        match self {
            Ask::CheckOut(..) => Flow::Checkout,
            Ask::Pay(..) => Flow::Pay,
            Ask::Cancel(..) => Flow::Close,
            Ask::Act(..) | Ask::Report(..) => Flow::Act,
            Ask::Look(_) => Flow::Look,
        }
    }
}

/// Sends a request to some node, and waits for the answer; `None` when there is none.
pub async fn ask(world: &Arc<World>, what: Ask) -> Option<Said> {
    let before = world.kernel.label();
    world.turn_to(what.flow());
    if let Some(plan) = world.plan() {
        plan.asks(before.whose, &what);
    }
    let fault = world.fault(Kind::Client, (Step::Recv, what.name()), &ON_REQUEST);
    if fault == Some(Fault::RateLimited) {
        world.kernel.relabel(before);
        return Some(Said::plain(Outcome::Busy));
    }
    let (answered, answer) = letter();
    let copies = if fault == Some(Fault::Twice) { 2 } else { 1 };
    for _ in 0..copies {
        let request = Request {
            world: Arc::clone(world),
            ask: what.clone(),
            fault,
            answered: answered.clone(),
        };
        world.outside(async move { request.go().await });
    }
    let patience = if fault == Some(Fault::NeverArrives) { SECOND } else { PATIENCE };
    let answer = answer.wait(&world.kernel, patience).await;
    world.kernel.relabel(before);
    answer
}

/// The same request comes to another node than `here` at this instant; nobody waits for the answer.
pub(crate) fn again(world: &Arc<World>, ask: Ask, here: u32) {
    let Some((node, (home, desk))) = world.other_door(here) else { return };
    let handling = Handling { world: Arc::clone(world), node, desk, dies: false, mute: true };
    let (nobody, label) = (letter().0, world.kernel.label());
    world.kernel.spawn(home, label, async move { handling.handle(ask, &nobody).await });
}

/// One request under way.
struct Request {
    world: Arc<World>,
    ask: Ask,
    fault: Option<Fault>,
    answered: Letter<Said>,
}

impl Request {
    async fn go(self) {
        let world = &self.world;
        let mut travel = world.travel();
        match self.fault {
            Some(Fault::NeverArrives) => return,
            Some(Fault::Late) => {
                travel += (i64::from(world.how(Fault::Late, Kind::Travel, 30)) + 1) * SECOND;
            }
            Some(Fault::Reordered) => {
                travel += (i64::from(world.how(Fault::Reordered, Kind::Travel, 16)) + 1) * 100 * MILLI;
            }
            Some(_) | None => {}
        }
        world.kernel.sleep(travel).await;
        // A load balancer sends it to a node that serves.
        let Some(node) = world.serving_node() else { return };
        if self.fault == Some(Fault::CrashBefore) {
            world.crash(node, "as a request comes in");
            return;
        }
        let Some((home, desk)) = world.door(node) else { return };
        let label = world.kernel.label();
        let handling = Handling {
            world: Arc::clone(world),
            node,
            desk,
            dies: self.fault == Some(Fault::CrashAfter),
            mute: self.fault == Some(Fault::LostAnswer),
        };
        let (ask, answered) = (self.ask, self.answered);
        world.kernel.spawn(home, label, async move { handling.handle(ask, &answered).await });
    }
}

/// One request at a node.
struct Handling {
    world: Arc<World>,
    node: u32,
    desk: Arc<Paydesk>,
    /// The node dies soon after it began.
    dies: bool,
    /// The connection is gone already.
    mute: bool,
}

impl Handling {
    async fn handle(self, ask: Ask, answered: &Letter<Said>) {
        let world = &self.world;
        if self.dies {
            let (world, node) = (Arc::clone(world), self.node);
            let wait = i64::from(world.how(Fault::CrashAfter, Kind::Client, 40)) * MILLI / 2;
            self.world.outside(async move {
                world.kernel.sleep(wait).await;
                world.crash(node, "soon after a request came in");
            });
        }
        let said = self.perform(ask).await;
        let fault = world.fault(Kind::Client, (Step::Reply, "answer"), &ON_REPLY);
        if fault == Some(Fault::CrashBefore) {
            world.die(self.node, "before an answer").await;
        }
        world.oracle.answers(world, &said);
        if self.mute || fault == Some(Fault::LostAnswer) {
            return;
        }
        let extra = match fault {
            Some(Fault::Late) => i64::from(world.how(Fault::Late, Kind::Travel, 12)) * SECOND,
            Some(_) | None => 0,
        };
        let (wire, answered, travel) = (Arc::clone(world), answered.clone(), world.travel());
        world.outside(async move {
            wire.kernel.sleep(travel + extra).await;
            answered.send(said);
        });
        if fault == Some(Fault::CrashAfter) {
            world.die(self.node, "after an answer").await;
        }
    }

    async fn perform(&self, ask: Ask) -> Said {
        let desk = &self.desk;
        match ask {
            Ask::CheckOut(request, keyed) => checked_out(desk.check_out(&request, &keyed).await),
            Ask::Pay(request, keyed) => checked_out(desk.pay_order(&request, &keyed).await),
            Ask::Cancel(action, cause) => acted(desk.cancel_order(&action, cause).await),
            Ask::Act(action, command) => acted(desk.act(&action, &command).await),
            Ask::Report(target, result, audit) => {
                match desk.note_payer_result(&target, result, audit).await {
                    Ok(order) => Said::of(Outcome::Done, &order),
                    Err(error) => Said::plain(of_transact(&error)),
                }
            }
            Ask::Look(target) => match desk.find(&target).await {
                Ok(Some(order)) => {
                    let _a_hint = desk.ask_soon(&order).await;
                    Said::of(Outcome::Done, &order)
                }
                Ok(None) => Said::plain(Outcome::Refused("not_found")),
                Err(_unavailable) => Said::plain(Outcome::Busy),
            },
        }
    }
}

impl Said {
    /// An answer without an order.
    #[must_use]
    pub fn plain(outcome: Outcome) -> Said {
        Said { outcome, seen: None, out_trade_no: None, pay_params: None }
    }

    fn of(outcome: Outcome, order: &Order) -> Said {
        Said { seen: Some(Seen::of(order)), ..Said::plain(outcome) }
    }

    fn offer(outcome: Outcome, offer: Offer) -> Said {
        let outcome = if offer.is_unknown() { Outcome::Unknown } else { outcome };
        Said {
            seen: Some(Seen::of(&offer.order)),
            outcome,
            out_trade_no: offer.out_trade_no,
            pay_params: offer.pay_params,
        }
    }
}

fn checked_out(result: Result<Checkedout, CheckoutError>) -> Said {
    match result {
        Ok(Checkedout::Placed(offer)) => Said::offer(Outcome::Done, offer),
        Ok(Checkedout::Replayed { offer, .. }) => Said::offer(Outcome::Replayed, offer),
        Ok(Checkedout::Reused(offer)) => Said::offer(Outcome::Reused, offer),
        Err(error) => Said::plain(of_checkout(&error)),
    }
}

fn acted(result: Result<Acted, ActError>) -> Said {
    match result {
        Ok(Acted::Done(order)) => Said::of(Outcome::Done, &order),
        Ok(Acted::Replayed(order)) => Said::of(Outcome::Replayed, &order),
        Err(ActError::KeyReused) => Said::plain(Outcome::Refused("idempotency_key_reused")),
        Err(ActError::InProgress) => Said::plain(Outcome::Busy),
        Err(ActError::Transact(error)) => Said::plain(of_transact(&error)),
    }
}

fn of_checkout(error: &CheckoutError) -> Outcome {
    match error {
        CheckoutError::KeyReused => Outcome::Refused("idempotency_key_reused"),
        CheckoutError::Quote(QuoteError::Store(_)) => Outcome::Busy,
        CheckoutError::Quote(_) => Outcome::Refused("quote"),
        CheckoutError::PriceChanged(_) => Outcome::Refused("price_changed"),
        CheckoutError::OutOfStock(_) => Outcome::Refused("out_of_stock"),
        CheckoutError::CheckoutOpen(_) => Outcome::Refused("checkout_open"),
        CheckoutError::InProgress | CheckoutError::StillOpen(_) => Outcome::Busy,
        CheckoutError::TooManyOpenOrders => Outcome::Refused("too_many_open_orders"),
        CheckoutError::OpenidRequired => Outcome::Refused("openid_required"),
        CheckoutError::TooManyLines => Outcome::Refused("too_many_lines"),
        CheckoutError::Offer(OfferError::NotPayable) => Outcome::Refused("order_not_payable"),
        CheckoutError::Offer(OfferError::Replaced) => Outcome::Refused("payment_replaced"),
        CheckoutError::Offer(OfferError::WechatRefused(_)) => Outcome::Refused("wechat_refused"),
        CheckoutError::Offer(OfferError::Transact(error)) => of_transact(error),
    }
}

fn of_transact(error: &TransactError) -> Outcome {
    match error {
        TransactError::NotFound => Outcome::Refused("not_found"),
        TransactError::VersionMoved => Outcome::Refused("version_moved"),
        TransactError::Rejected(_) => Outcome::Refused("rejected"),
        TransactError::Refused(_) => Outcome::Refused("refused"),
        TransactError::Busy(_) | TransactError::Store(_) => Outcome::Busy,
    }
}

/// Whether WeChat Pay says the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Honesty {
    /// It does.
    True,
    /// It is not WeChat Pay who says it, or not now.
    Forged,
    /// It is WeChat Pay, and it says what is not so.
    Lie,
}

/// A notification on its way.
#[derive(Clone)]
pub struct Notification {
    /// Which payment it is about.
    pub number: String,
    /// Whether it is true.
    pub honesty: Honesty,
    /// What is sent.
    pub raw: RawNotice,
}

impl Notification {
    /// Something on the way changes it.
    fn spoil(&mut self, how: u32) {
        self.honesty = Honesty::Forged;
        match how {
            0 => self.raw.body.push(b' '),
            1 => self.raw.signature = Some("AAAA".to_owned()),
            _ => self.raw.signature = None,
        }
    }

    /// WeChat Pay says the same under a key that we have not seen yet.
    fn sign_anew(&mut self, world: &World) {
        let _rotated = world.wechat.rotate();
        if let Ok(delivery) = world.wechat.notify(&self.number, None, world.now()) {
            self.raw = raw_notice(&delivery);
            let why = "another copy of it".to_owned();
            world.wechat.record(delivery.id, AttemptEnd::Failed { why });
        }
    }
}

/// Delivers a notification to some node; the status that it is answered with, `None` without one.
pub async fn notify(world: &Arc<World>, mut notification: Notification) -> Option<u16> {
    world.turn_to(Flow::Notice);
    if let Some(plan) = world.plan() {
        plan.notifies(world.kernel.label().whose, &notification);
    }
    let fault = world.fault(Kind::Notice, (Step::Notif, "notification"), &ON_NOTICE);
    let mut travel = world.travel();
    match fault {
        Some(Fault::NeverArrives) => return None,
        Some(Fault::RateLimited) => return Some(503),
        Some(Fault::Bad) => notification.spoil(world.how(Fault::Bad, Kind::Notice, 3)),
        Some(Fault::UnknownKey) => notification.sign_anew(world),
        Some(Fault::Late) => {
            let steps = i64::from(world.how(Fault::Late, Kind::Travel, 30)) + 1;
            travel += steps * steps * SECOND;
        }
        Some(Fault::Reordered) => {
            travel += (i64::from(world.how(Fault::Reordered, Kind::Travel, 16)) + 1) * 200 * MILLI;
        }
        Some(_) | None => {}
    }
    let (answered, answer) = letter();
    let copies = if fault == Some(Fault::Twice) { 2 } else { 1 };
    for _ in 0..copies {
        let answered = answered.clone();
        let carried =
            Carried { world: Arc::clone(world), notification: notification.clone(), fault };
        world.outside(async move {
            carried.world.kernel.sleep(travel).await;
            carried.deliver(&answered).await;
        });
    }
    let answer = answer.wait(&world.kernel, travel.saturating_add(5 * SECOND)).await?;
    (fault != Some(Fault::LostAnswer)).then_some(answer)
}

/// The same notification comes to another node than `here` at this instant; nobody waits for the
/// answer.
pub(crate) fn notify_other(world: &Arc<World>, notification: Notification, here: u32) {
    let Some((node, (home, desk))) = world.other_door(here) else { return };
    let carried = Carried { world: Arc::clone(world), notification, fault: None };
    world.outside(async move {
        let answer = carried.ingest(node, home, desk).await;
        carried.reply(node, &answer, &letter().0).await;
    });
}

/// One notification under way.
struct Carried {
    world: Arc<World>,
    notification: Notification,
    fault: Option<Fault>,
}

impl Carried {
    async fn deliver(self, answered: &Letter<u16>) {
        let world = &self.world;
        let Some(node) = world.serving_node() else { return };
        if self.fault == Some(Fault::CrashBefore) {
            world.crash(node, "as a notification comes in");
            return;
        }
        let Some((home, desk)) = world.door(node) else { return };
        let answer = self.ingest(node, home, desk).await;
        if self.fault == Some(Fault::CrashAfter) {
            world.crash(node, "before the answer to a notification");
        }
        if world.door(node).is_some_and(|(now, _)| now == home) {
            self.reply(node, &answer, answered).await;
        }
    }

    /// It is worked on to its end, also when the answer is due before.
    async fn ingest(&self, node: u32, home: Home, desk: Arc<Paydesk>) -> NoticeAnswer {
        let (working, result) = letter();
        let about = label(self.world.kernel.label().whose, Flow::Notice);
        let (world, notification) = (Arc::clone(&self.world), self.notification.clone());
        self.world.kernel.spawn(home, about, async move {
            let Notification { number, raw, .. } = &notification;
            world.oracle.notice_begins(&world, number);
            let answer = desk.ingest_payment_notice(raw, "sim").await;
            world.oracle.notice_ends(&world, node, &notification, &answer);
            working.send(answer);
        });
        if self.world.mistake() == Some(Mistake::AcknowledgesFirst) {
            return NoticeAnswer::Acknowledged;
        }
        let answer = result.wait(&self.world.kernel, ANSWER_WITHIN).await;
        answer.unwrap_or(NoticeAnswer::TryAgain)
    }

    async fn reply(&self, node: u32, answer: &NoticeAnswer, answered: &Letter<u16>) {
        let world = &self.world;
        let fault = world.fault(Kind::Notice, (Step::Reply, "answer"), &ON_REPLY);
        match fault {
            Some(Fault::CrashBefore) => {
                world.crash(node, "before the answer to a notification");
                return;
            }
            Some(Fault::LostAnswer) => return,
            Some(Fault::Late) => world.kernel.sleep(10 * SECOND).await,
            Some(_) | None => {}
        }
        let status = status_of(answer);
        world.oracle.acknowledges(world, &self.notification, status);
        world.chronicle.say(
            || format!("node {node}"),
            Some(super::transport::order_of(&self.notification.number)),
            || format!("answers a notification with {status} ({answer:?})"),
        );
        world.kernel.sleep(world.travel()).await;
        answered.send(status);
        if fault == Some(Fault::CrashAfter) {
            world.crash(node, "after the answer to a notification");
        }
    }
}

/// As production's `http-api/problem.rs`.
fn status_of(answer: &NoticeAnswer) -> u16 {
    match answer {
        NoticeAnswer::Acknowledged => 204,
        NoticeAnswer::Refused(NoticeError::Untrusted(_) | NoticeError::Probe) => 401,
        NoticeAnswer::Refused(NoticeError::Malformed(_)) => 400,
        NoticeAnswer::Refused(NoticeError::KeysUnavailable)
        | NoticeAnswer::Orphan
        | NoticeAnswer::TryAgain => 503,
    }
}

impl World {
    /// A node that serves, drawn among all.
    fn serving_node(&self) -> Option<u32> {
        let up: Vec<u32> =
            (0..).zip(&self.nodes).filter(|(_, at)| at.is_up()).map(|(n, _)| n).collect();
        let bound = u32::try_from(up.len()).ok().filter(|count| *count > 0)?;
        let picked = usize::try_from(self.draw(Kind::Travel, bound)).ok()?;
        up.get(picked).copied()
    }

    /// The first node that serves and is not `here`.
    fn other_door(&self, here: u32) -> Option<(u32, (Home, Arc<Paydesk>))> {
        let others = (0..).zip(&self.nodes).map(|(node, _)| node).filter(|node| *node != here);
        others.into_iter().find_map(|node| Some((node, self.door(node)?)))
    }

    fn door(&self, node: u32) -> Option<(Home, Arc<Paydesk>)> {
        let at = self.node(node)?;
        Some((at.home(node), at.desk()?))
    }
}
