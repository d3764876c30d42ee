//! The part of the bill, until there is one: tells again what WeChat Pay has and nobody asks about.
//!
//! WeChat Pay does not send what was acknowledged, and nobody asks about a number that nobody knows.
//! In production the bill names it the next morning; here it is said again as a notification.

use super::post::raw_notice;
use crate::kernel::{Home, Label};
use crate::matrix::Flow;
use crate::node::{Honesty, Notification, notify};
use crate::world::World;
use domain::refund::Refund;
use std::sync::Arc;
use wechatpay_sim::core::notice::{AttemptEnd, Delivery};

/// Every success and every refund of which there is no record (any more), those of the merchant's console
/// among them, every refund that somebody has called off since, and every success after WeChat Pay had said CLOSED. One that waits for a
/// person is not told: production asks about it by itself once commits were lost.
pub fn tell_what_was_lost(world: &Arc<World>) {
    let now = world.now();
    for number in crate::oracle::unheard_successes(world) {
        if let Ok(delivery) = world.wechat.notify(&number, None, now) {
            tell(world, &number, None, &delivery);
        }
    }
    for refund in world.wechat.refunds() {
        if world.failovers() == 0 && !refund.is_elsewhere {
            continue;
        }
        let number = refund.out_refund_no;
        let is_heard_of = world.oracle.look(|seen| {
            let waits = seen.refund(&number).is_some_and(Refund::waits_for_a_person);
            waits || seen.asks_about(&number)
        });
        if !is_heard_of && let Ok(delivery) = world.wechat.notify_refund(&number, now) {
            tell(world, &refund.out_trade_no, Some(number), &delivery);
        }
    }
}

fn tell(world: &Arc<World>, number: &str, refund: Option<String>, delivery: &Delivery) {
    let label = Label { whose: world.oracle.whose(number), errand: Flow::Notice.number() };
    let (raw, id) = (raw_notice(delivery), delivery.id);
    let told = Notification { number: number.to_owned(), refund, honesty: Honesty::True, raw };
    let at = Arc::clone(world);
    world.kernel.spawn(Home::Outside, label, async move {
        let end = match notify(&at, told).await {
            Some(status) => AttemptEnd::Answered { status, body: String::new() },
            None => AttemptEnd::Failed { why: "no answer".to_owned() },
        };
        at.wechat.record(id, end);
    });
}
