//! How WeChat Pay's notifications come in: over wires that lose, delay and repeat them, worked on to
//! their end also when the answer is due before.

use super::{front::ON_REPLY, label};
use crate::actors::raw_notice;
use crate::kernel::{Home, Letter, letter};
use crate::matrix::{Fault, Flow, Step};
use crate::mistakes::Mistake;
use crate::plan::{Site, Spot};
use crate::tape::Kind;
use crate::time::{MILLI, SECOND};
use crate::world::World;
use domain::ports::{NoticeError, RawNotice};
use std::sync::Arc;
use usecases::{NoticeAnswer, Paydesk};
use wechatpay_sim::core::notice::AttemptEnd;

/// As production: WeChat Pay waits 5 s, and is told to come again before that.
const ANSWER_WITHIN: i64 = 3_500 * MILLI;

const ON_NOTICE: [Fault; 12] = [
    Fault::CrashBefore,
    Fault::CrashAfter,
    Fault::LostAnswer,
    Fault::NeverArrives,
    Fault::Late,
    Fault::Twice,
    Fault::Reordered,
    Fault::RateLimited,
    Fault::StoreDown,
    Fault::Bad,
    Fault::UnknownKey,
    Fault::Second,
];

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
    /// Which refund it is about, where it is about one.
    pub refund: Option<String>,
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
        // What others say, it does not sign.
        if self.honesty != Honesty::True {
            return;
        }
        let copy = match &self.refund {
            Some(refund) => world.wechat.notify_refund(refund, world.now()),
            None => world.wechat.notify(&self.number, None, world.now()),
        };
        if let Ok(delivery) = copy {
            self.raw = raw_notice(&delivery);
            let why = "another copy of it".to_owned();
            world.wechat.record(delivery.id, AttemptEnd::Failed { why });
        }
    }
}

/// Delivers a notification to some node; the status that it is answered with, `None` without one.
pub async fn notify(world: &Arc<World>, mut notification: Notification) -> Option<u16> {
    world.turn_to(Flow::Notice);
    world.beside.notifies(world.kernel.label().whose, &notification);
    let spot = Spot { site: Site::Notice, step: Step::Notif, what: "notification" };
    let fault = world.fault(Kind::Notice, spot, &ON_NOTICE);
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
/// answer. Whether there is another.
pub(crate) fn notify_other(world: &Arc<World>, notification: Notification, here: u32) -> bool {
    let Some((node, (home, desk))) = world.other_door(here) else { return false };
    let carried = Carried { world: Arc::clone(world), notification, fault: None };
    world.outside(async move {
        let failovers = carried.world.failovers();
        let answer = carried.ingest(node, home, desk).await;
        carried.reply(node, (&answer, failovers), &letter().0).await;
    });
    true
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
        world.meets_the_time(node, Step::Notif);
        let failovers = world.failovers();
        let answer = self.ingest(node, home, desk).await;
        if self.fault == Some(Fault::CrashAfter) {
            world.crash(node, "before the answer to a notification");
        }
        if world.door(node).is_some_and(|(now, _)| now == home) {
            self.reply(node, (&answer, failovers), answered).await;
        }
    }

    /// It is worked on to its end, also when the answer is due before.
    async fn ingest(&self, node: u32, home: Home, desk: Arc<Paydesk>) -> NoticeAnswer {
        let (working, result) = letter();
        let about = label(self.world.kernel.label().whose, Flow::Notice);
        let (world, notification) = (Arc::clone(&self.world), self.notification.clone());
        self.world.kernel.spawn(home, about, async move {
            let Notification { number, raw, .. } = &notification;
            let begun = world.kernel.now();
            world.oracle.notice_begins(&world, number);
            let answer = Box::pin(desk.ingest_notice(raw, "sim")).await;
            world.oracle.notice_ends(&world, (node, begun), &notification, &answer);
            working.send(answer);
        });
        if self.world.mistake() == Some(Mistake::AcknowledgesFirst) {
            return NoticeAnswer::Acknowledged;
        }
        let answer = result.wait(&self.world.kernel, ANSWER_WITHIN).await;
        answer.unwrap_or(NoticeAnswer::TryAgain)
    }

    async fn reply(
        &self,
        node: u32,
        (answer, failovers): (&NoticeAnswer, u32),
        answered: &Letter<u16>,
    ) {
        let world = &self.world;
        let spot = Spot { site: Site::NoticeReply, step: Step::Reply, what: "answer" };
        let fault = world.fault(Kind::Notice, spot, &ON_REPLY);
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
        world.oracle.acknowledges(world, &self.notification, (status, failovers));
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
