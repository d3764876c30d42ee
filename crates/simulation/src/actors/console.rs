//! The merchant's console: somebody gives money back there, of whatever was paid, before, after or while
//! we do, and tells nobody but WeChat Pay.

use crate::marks::Mark;
use crate::tape::Kind;
use crate::time::SECOND;
use crate::world::World;
use domain::order::{Order, OrderStatus};
use domain::payment::Payment;
use domain::refund::RefundStatus;
use std::sync::Arc;

/// Works while buyers come, in some worlds; the tame world has no console.
pub(super) async fn refund(world: Arc<World>) {
    let zeal = world.draw(Kind::Actor, 8);
    if zeal < 6 {
        return;
    }
    let mut count = 0_u32;
    while world.is_open() && count < 90 {
        let pause = i64::from(world.draw(Kind::Actor, 40)) + 1;
        world.kernel.sleep(pause * SECOND).await;
        // Who knows why: mostly where a refund of ours is not sent yet.
        let insists = world.draw(Kind::Actor, 4) > 0;
        let paid = world.oracle.look(|seen| -> Vec<(String, i64)> {
            let orders = seen.orders.values().filter(|order| !insists || has_unsent(order));
            let payments = orders.flat_map(|order| &order.payments);
            payments.filter_map(paid).collect()
        });
        let Some(bound) = u32::try_from(paid.len()).ok().filter(|bound| *bound > 0) else {
            continue;
        };
        let which = usize::try_from(world.draw(Kind::Actor, bound)).unwrap_or(0);
        let Some((number, fen)) = paid.get(which) else { continue };
        let amount = match world.draw(Kind::Actor, 5) {
            0 => Some(1),
            1 => Some(1_000.min(*fen)),
            2 => Some(fen / 2 + 1),
            3 => Some((fen - 1).max(1)),
            _ => None,
        };
        count = count.saturating_add(1);
        let refund = format!("{number}-C{count:02}");
        if world.wechat.refund_elsewhere((number, &refund), amount, world.now()) {
            world.chronicle.sometimes(Mark::RefundedElsewhere);
            world.chronicle.say(
                || "the console".to_owned(),
                Some(crate::node::transport_order_of(number)),
                || format!("gives back {amount:?} fen as {refund}"),
            );
        }
    }
}

fn has_unsent(order: &Order) -> bool {
    let unsent =
        |status| matches!(status, RefundStatus::Requested | RefundStatus::AwaitingApproval);
    order.status == OrderStatus::Cancelling
        || order.refunds.iter().any(|refund| unsent(refund.state.status()))
}

/// The number and the amount of what came by WeChat Pay.
fn paid(payment: &Payment) -> Option<(String, i64)> {
    let receipt = payment.receipt()?;
    let is_theirs = !payment.is_from_wallet();
    is_theirs.then(|| (payment.out_trade_no().as_str().to_owned(), receipt.amount.get()))
}
