//! What must hold once faults have ceased: in time, and when nothing moves any more.

use super::Seen;
use crate::setup::Variant;
use crate::time::{SECOND, instant, micros};
use crate::world::World;
use domain::order::{HORIZON_S, Order, OrderStatus, SettledBy};
use domain::payment::{Payment, PaymentState};
use std::collections::BTreeMap;

const EVERY_SUCCESS: &str = "every success is settled or goes back, exactly one of the two";
const SUCCESS_IN_TIME: &str =
    "every success is settled or goes back within 180 s after faults have ceased";
const END_IN_TIME: &str =
    "every unpaid expired order is final within 10 min after faults and the horizon";
const HAS_A_JOB: &str = "everything that is not over has a due job, and nothing else has";
const NO_OVERDUE: &str = "no job is overdue 5 min after faults have ceased";
const ONE_AUDIT_ROW: &str = "each change of an order has exactly one audit row";
const BOOKS_AGREE: &str = "what was received is what was settled and what goes back";
const STORED_AS_COMMITTED: &str = "what is stored is what was committed";

/// A world at rest, or on its way there.
#[derive(Clone, Copy, Debug)]
pub struct Rest {
    /// When faults ceased, in microseconds since the world began.
    pub since: i64,
}

/// Why the world is not at rest yet; checks that it is not late.
#[must_use]
pub fn restless(world: &World, rest: Rest) -> Option<String> {
    let now = world.kernel.now();
    let bound = bounds(world);
    world.oracle.look(|seen| {
        let paid = world.wechat.truth(|truth| truth.paid.clone());
        let mut why = None;
        for (number, paid) in &paid {
            if seen.payment(number).is_some_and(|payment| payment.receipt().is_some()) {
                continue;
            }
            let due = rest.since.max(micros(paid.at)).saturating_add(bound.success);
            if now > due {
                let at = instant(due);
                let late = format!("{number}, paid at {}, was due at {at}", paid.at);
                let order = crate::node::transport_order_of(number);
                world.chronicle.violated_by("I43", SUCCESS_IN_TIME, Some(order), late);
            }
            why = Some(format!("{number} is paid and not recorded"));
        }
        for order in seen.orders.values().filter(|order| !is_final(order)) {
            let end = order.pay_deadline.map_or(0, |at| micros(at.plus_seconds(HORIZON_S)));
            let due = rest.since.max(end).saturating_add(bound.end);
            if now > due && bound.end < i64::MAX {
                let number = order.number.as_str();
                let late = format!("{number} is {:?}, was due at {}", order.status, instant(due));
                world.chronicle.violated_by("I44", END_IN_TIME, Some(number), late);
            }
            if bound.end < i64::MAX {
                why = Some(format!("{} is not over", order.number));
            }
        }
        why
    })
}

struct Bounds {
    success: i64,
    end: i64,
}

fn bounds(world: &World) -> Bounds {
    let (success, end) = (180 * SECOND, 600 * SECOND);
    match world.setup.variant {
        // Only notifications are left: WeChat Pay's own ladder, up to its fifth step.
        Variant::NoPolling => Bounds { success: 3_600 * SECOND, end: i64::MAX },
        Variant::SlowWorkers => Bounds { success: success * 10, end: end * 10 },
        Variant::Whole
        | Variant::NoNotifications
        | Variant::OneNode
        | Variant::FourNodes
        | Variant::ShortLeases => Bounds { success, end },
    }
}

/// No payment of it is live, and it does not wait for one.
fn is_final(order: &Order) -> bool {
    let waits = matches!(order.status, OrderStatus::PendingPayment | OrderStatus::Cancelling);
    !waits && !order.payments.iter().any(Payment::is_live)
}

/// Everything that must hold of a world at rest.
pub fn judge(world: &World, rest: Rest) {
    world.oracle.look(|seen| {
        every_success_has_one_end(world, seen);
        books_agree(world, seen);
        jobs_are_where_work_is(world, seen, rest);
        stored_as_committed(world, seen);
    });
}

fn every_success_has_one_end(world: &World, seen: &Seen) {
    let paid = world.wechat.truth(|truth| truth.paid.clone());
    for (number, paid) in &paid {
        let order = Some(crate::node::transport_order_of(number));
        let violated = |seen: String| {
            world.chronicle.violated_by("I1", EVERY_SUCCESS, order, seen);
        };
        let Some(payment) = seen.payment(number) else {
            violated(format!("{number} is not known"));
            continue;
        };
        let order = order.and_then(|order| seen.order(order));
        let settled = order.and_then(|order| order.settlement.as_ref());
        let settles = settled.is_some_and(|s| s.by == SettledBy::Wechat { payment_no: payment.no });
        let refunds = order.map_or(0, |order| {
            order.refunds.iter().filter(|refund| refund.payment_no == payment.no).count()
        });
        let ended = match &payment.state {
            PaymentState::Paid { receipt } => {
                settles && refunds == 0 && receipt.transaction_id.as_str() == paid.transaction_id
            }
            PaymentState::Surplus { .. } => !settles && refunds == 1,
            PaymentState::Created
            | PaymentState::Payable { .. }
            | PaymentState::Unknown
            | PaymentState::Closing { .. }
            | PaymentState::Closed { .. }
            | PaymentState::Rejected { .. } => false,
        };
        if !ended {
            violated(format!("{number} is {:?}, {refunds} refunds", payment.state.status()));
        }
    }
}

fn books_agree(world: &World, seen: &Seen) {
    let received: i64 = world.wechat.truth(|truth| truth.paid.values().map(|p| p.total_fen).sum());
    let mut recorded = 0;
    for order in seen.orders.values() {
        let by_wechat =
            order.settlement.iter().filter(|s| matches!(s.by, SettledBy::Wechat { .. }));
        recorded += by_wechat.map(|settlement| settlement.amount.get()).sum::<i64>();
        recorded += order.refunds.iter().map(|refund| refund.amount.get()).sum::<i64>();
    }
    if received != recorded {
        let seen = format!("received {received} fen, settled and owed {recorded} fen");
        world.chronicle.violated("I20", BOOKS_AGREE, seen);
    }
}

fn jobs_are_where_work_is(world: &World, seen: &Seen, rest: Rest) {
    let Ok(look) = world.store.look() else { return };
    let now = world.kernel.now();
    for (job, due) in &look.jobs {
        let late = now.saturating_sub(micros(*due));
        let is_parked = seen.parked.contains(job);
        if now > rest.since.saturating_add(300 * SECOND)
            && late > 60 * SECOND
            && !is_parked
            && world.setup.variant != Variant::NoPolling
        {
            world.chronicle.violated("I47", NO_OVERDUE, format!("{job} was due at {due}"));
        }
    }
    let has = |id: domain::job::JobId| look.jobs.iter().any(|(job, _)| *job == id);
    for order in seen.orders.values() {
        for payment in order.payments.iter().filter(|payment| payment.is_live()) {
            if !has(domain::job::JobId::follow(payment.out_trade_no())) {
                let missing = format!("nobody follows {}", payment.out_trade_no());
                let number = Some(order.number.as_str());
                world.chronicle.violated_by("I36", HAS_A_JOB, number, missing);
            }
        }
    }
}

fn stored_as_committed(world: &World, seen: &Seen) {
    let Ok(look) = world.store.look() else { return };
    for order in &look.orders {
        let number = Some(order.number.as_str());
        if seen.orders.get(&order.id) != Some(order) {
            let differs = format!("{} is not what was committed", order.number);
            world.chronicle.violated_by("S1", STORED_AS_COMMITTED, number, differs);
        }
        let mut rows: BTreeMap<u64, usize> = BTreeMap::new();
        for (_, version, _) in look.audit.iter().filter(|(id, _, _)| *id == Some(order.id)) {
            *rows.entry(*version).or_default() += 1;
        }
        let complete = (1..=order.version).all(|version| rows.get(&version) == Some(&1));
        if !complete || rows.len() != usize::try_from(order.version).unwrap_or(0) {
            let differs = format!("{} rows for {} versions", rows.len(), order.version);
            world.chronicle.violated_by("I38", ONE_AUDIT_ROW, number, differs);
        }
    }
}
