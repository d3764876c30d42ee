//! Carries WeChat Pay's notifications to the service, and what came of them back.

use crate::kernel::{Home, Label};
use crate::matrix::Flow;
use crate::node::{Honesty, Notification, notify};
use crate::oracle::is_kept;
use crate::setup::Variant;
use crate::time::{SECOND, micros};
use crate::wechat::About;
use crate::world::World;
use domain::ports::RawNotice;
use std::sync::Arc;
use wechatpay_sim::core::notice::{AttemptEnd, Delivery};

/// Looks at least so often, in microseconds, but while days are to pass.
const AT_LEAST: i64 = 600 * SECOND;

/// Sends what is due, whenever something is.
pub async fn deliver_for_ever(world: Arc<World>) {
    loop {
        for (about, delivery) in world.wechat.due(world.now()) {
            send(&world, about, delivery);
        }
        let at_least = AT_LEAST.max(world.idle());
        let due = world.wechat.next_due().map_or(at_least, |due| {
            micros(due).saturating_sub(world.kernel.now()).clamp(1, at_least)
        });
        let _rang = world.wechat.bell().wait(&world.kernel, due).await;
    }
}

fn send(world: &Arc<World>, about: About, delivery: Delivery) {
    let is_sent_no_more = match world.setup.variant {
        Variant::NoNotifications => true,
        Variant::KeptOnce => about.refund.is_none() && is_kept(world, &about.number),
        Variant::Whole
        | Variant::NoPolling
        | Variant::OneNode
        | Variant::FourNodes
        | Variant::ShortLeases
        | Variant::SlowWorkers => false,
    };
    if is_sent_no_more {
        world.wechat.record(delivery.id, AttemptEnd::Failed { why: "lost".to_owned() });
        return;
    }
    let label = Label { whose: world.oracle.whose(&about.number), errand: Flow::Notice.number() };
    let at = Arc::clone(world);
    world.kernel.spawn(Home::Outside, label, async move {
        let raw = raw_notice(&delivery);
        let About { number, refund } = about;
        let honest = Notification { number, refund, honesty: Honesty::True, raw };
        let end = match notify(&at, honest).await {
            Some(status) => AttemptEnd::Answered { status, body: String::new() },
            None => AttemptEnd::Failed { why: "no answer".to_owned() },
        };
        at.wechat.record(delivery.id, end);
        at.wechat.bell().ring();
    });
}

/// The bytes and headers of a delivery.
pub(crate) fn raw_notice(delivery: &Delivery) -> RawNotice {
    let header = |name: &str| {
        let mut headers = delivery.headers.iter();
        headers.find(|(known, _)| known == name).map(|(_, value)| value.clone())
    };
    RawNotice {
        timestamp: header("Wechatpay-Timestamp"),
        nonce: header("Wechatpay-Nonce"),
        signature: header("Wechatpay-Signature"),
        serial: header("Wechatpay-Serial"),
        body: delivery.body.clone(),
    }
}
