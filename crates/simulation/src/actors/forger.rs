//! Sends what WeChat Pay never said, replays what it said long ago, and has it say what is not so.

use super::post::raw_notice;
use crate::node::{Honesty, Notification, notify};
use crate::tape::Kind;
use crate::time::SECOND;
use crate::world::World;
use std::sync::Arc;
use wechatpay_sim::core::notice::AttemptEnd;
use wechatpay_sim::core::tamper::Tamper;

const FORGERIES: [(Tamper, Honesty); 14] = [
    (Tamper::Signature, Honesty::Forged),
    (Tamper::Probe, Honesty::Forged),
    (Tamper::Body, Honesty::Forged),
    (Tamper::Stale, Honesty::True),
    (Tamper::Future, Honesty::True),
    (Tamper::Serial, Honesty::Forged),
    (Tamper::Unsigned, Honesty::Forged),
    (Tamper::Key, Honesty::Forged),
    (Tamper::Mchid, Honesty::Forged),
    (Tamper::Amount, Honesty::Lie),
    (Tamper::Currency, Honesty::Lie),
    (Tamper::Appid, Honesty::Lie),
    (Tamper::OutTradeNo, Honesty::Lie),
    (Tamper::Replay, Honesty::True),
];

/// The sandbox's number that nobody ordered.
const NOBODYS: &str = "NOBODY-ORDERED-THIS";

/// Forges while buyers come; the tame forger does nothing.
pub(super) async fn forge(world: Arc<World>) {
    let tries = world.draw(Kind::Actor, 8);
    for _ in 0..tries {
        let pause = i64::from(world.draw(Kind::Actor, 60)) + 1;
        world.kernel.sleep(pause * SECOND).await;
        if !world.is_open() {
            return;
        }
        let numbers: Vec<String> = world.wechat.truth(|truth| truth.paid.keys().cloned().collect());
        let Some(count) = u32::try_from(numbers.len()).ok().filter(|count| *count > 0) else {
            continue;
        };
        let which = usize::try_from(world.draw(Kind::Actor, count)).unwrap_or(0);
        let forgeries = u32::try_from(FORGERIES.len()).unwrap_or(1);
        let how = usize::try_from(world.draw(Kind::Actor, forgeries)).unwrap_or(0);
        let (Some(number), Some((tamper, honesty))) = (numbers.get(which), FORGERIES.get(how))
        else {
            continue;
        };
        let Ok(delivery) = world.wechat.notify(number, Some(*tamper), world.now()) else {
            continue;
        };
        world.chronicle.say(
            || "forger".to_owned(),
            Some(crate::node::transport_order_of(number)),
            || format!("sends a notification with {tamper:?}"),
        );
        let raw = raw_notice(&delivery);
        let is_nobodys = *tamper == Tamper::OutTradeNo;
        let number = if is_nobodys { NOBODYS.to_owned() } else { number.clone() };
        let forged = Notification { number, refund: None, honesty: *honesty, raw };
        let _status = notify(&world, forged).await;
        let why = "it was forged".to_owned();
        world.wechat.record(delivery.id, AttemptEnd::Failed { why });
    }
}
