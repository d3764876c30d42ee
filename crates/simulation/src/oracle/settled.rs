//! What must hold once faults have ceased: in time, and when nothing moves any more.

mod jobs;
mod refunds;

use super::safety::refunds::is_accepted;
use super::{Seen, books, shop};
use crate::setup::Variant;
use crate::time::{SECOND, instant, micros};
use crate::world::World;
use domain::Timestamp;
use domain::case::{CaseKind, CaseStatus};
use domain::changeset::InboxStatus;
use domain::order::{HORIZON_S, Order, OrderStatus, SettledBy};
use domain::payment::{Payment, PaymentState};
use domain::refund::{Refund, RefundKind, RefundState};
use std::collections::BTreeMap;

const EVERY_SUCCESS: &str = "every success is settled or goes back, exactly one of the two";
const SUCCESS_IN_TIME: &str =
    "every success is settled or goes back within 180 s after faults have ceased";
const END_IN_TIME: &str =
    "every unpaid expired order is final within 10 min after faults and the horizon";
const OWED_IS_SHOWN: &str = "money that its order could not take has a case until it is back";
const ONE_AUDIT_ROW: &str = "each change of an order has exactly one audit row";
const BOOKS_AGREE: &str = "what was received is what was settled and what goes back";
const COMPLETES: &str = "a delivered order completes by itself after seven days";
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
            if has_its_end(world, seen, number) || is_left_to_others(world, number) {
                continue;
            }
            let lost = if is_unrecorded(world, seen, number) { bound.lost } else { 0 };
            let due = rest.since.max(micros(paid.at)).saturating_add(bound.success + lost);
            if now > due {
                let at = instant(due);
                let late = format!("{number}, paid at {}, was due at {at}", paid.at);
                let order = crate::node::transport_order_of(number);
                world.chronicle.violated_by("I43", SUCCESS_IN_TIME, Some(order), late);
            }
            why = Some(format!("{number} is paid, and neither settled nor on its way back"));
        }
        for order in seen.orders.values().filter(|order| !is_final(order)) {
            let end = end_of(order).map_or(0, |at| micros(at.plus_seconds(HORIZON_S)));
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
        why.or_else(|| refunds::unheard_refund(world, seen))
            .or_else(|| refunds::unfinished_refund(world, seen, rest, bound.refund))
    })
}

/// Successes that have no end yet and that nobody asks about.
pub(crate) fn unheard_successes(world: &World) -> Vec<String> {
    let paid: Vec<String> = world.wechat.truth(|truth| truth.paid.keys().cloned().collect());
    let mut unheard = paid;
    unheard.retain(|number| !is_left_to_others(world, number) && !is_kept(world, number));
    world.oracle.look(|seen| {
        unheard.retain(|number| {
            !has_its_end(world, seen, number) && is_unrecorded(world, seen, number)
        });
    });
    unheard
}

/// Whether news of this payment are stored to be applied: from then on it is ours to find out.
pub(crate) fn is_kept(world: &World, number: &str) -> bool {
    let kept = world.store.view(|stored| {
        stored.inbox().any(|entry| {
            entry.status == InboxStatus::Verified
                && entry.event_type == "TRANSACTION.SUCCESS"
                && entry.out_trade_no.as_ref().is_some_and(|kept| kept.as_str() == number)
        })
    });
    kept.is_ok_and(|kept| kept)
}

/// Whether nobody asks about it, so that a notification or the bill has to tell it: its record was
/// lost, or made in no life of this database, or WeChat Pay took it after it had said CLOSED.
fn is_unrecorded(world: &World, seen: &Seen, number: &str) -> bool {
    seen.losses.has_record(number)
        || world
            .wechat
            .truth(|truth| !truth.ordered.contains_key(number) || truth.unfaithful.contains(number))
}

struct Bounds {
    success: i64,
    end: i64,
    /// So much later what is found out by the bill's part: told every minute, and then waited for.
    lost: i64,
    /// So much later than WeChat Pay the end of a refund is known.
    refund: i64,
}

fn bounds(world: &World) -> Bounds {
    let (success, end, lost) = (180 * SECOND, 600 * SECOND, 600 * SECOND);
    // Two minutes, and the longest that a refund is left alone.
    let refund = (120 + 1_800) * SECOND;
    match world.setup.variant {
        // Only notifications are left: WeChat Pay's own ladder, up to its fifth step.
        Variant::NoPolling => {
            Bounds { success: 3_600 * SECOND, end: i64::MAX, lost, refund: i64::MAX }
        }
        Variant::SlowWorkers => {
            Bounds { success: success * 10, end: end * 10, lost: lost * 10, refund: refund * 2 }
        }
        Variant::Whole
        | Variant::NoNotifications
        | Variant::KeptOnce
        | Variant::OneNode
        | Variant::FourNodes
        | Variant::ShortLeases => Bounds { success, end, lost, refund },
    }
}

/// Whether a person was told, and the case is still theirs.
pub(super) fn has_case(world: &World, kind: CaseKind, subject: &str) -> bool {
    let is_over = |status| matches!(status, CaseStatus::Resolved | CaseStatus::Accepted);
    let told = world.store.view(|stored| {
        let mut cases = stored.cases();
        cases.any(|case| case.kind == kind && case.subject == subject && !is_over(case.status))
    });
    told.is_ok_and(|told| told)
}

/// Whether a person was told, also where that is over.
pub(super) fn was_told(world: &World, kind: CaseKind, subject: &str) -> bool {
    let told = world
        .store
        .view(|stored| stored.cases().any(|case| case.kind == kind && case.subject == subject));
    told.is_ok_and(|told| told)
}

/// Whether another system ordered it, and a person was told.
fn is_left_to_others(world: &World, number: &str) -> bool {
    world.wechat.truth(|truth| truth.foreign.contains(number))
        && has_case(world, CaseKind::Foreign, number)
}

/// Whether a success is settled, or on its way back for good, or shown to a person.
fn has_its_end(world: &World, seen: &Seen, number: &str) -> bool {
    let Some(payment) = seen.payment(number) else { return false };
    let order = seen.order(crate::node::transport_order_of(number));
    match &payment.state {
        PaymentState::Paid { .. } => true,
        PaymentState::Surplus { .. } => order.is_some_and(|order| goes_back(world, order, payment)),
        PaymentState::Created
        | PaymentState::Payable { .. }
        | PaymentState::Unknown
        | PaymentState::Closing { .. }
        | PaymentState::Closed { .. }
        | PaymentState::Rejected { .. } => false,
    }
}

/// Whether all of it is on its way back, or a person was told that it cannot be.
fn goes_back(world: &World, order: &Order, payment: &Payment) -> bool {
    let refunds = || order.refunds.iter().filter(|refund| refund.payment_no == payment.no);
    let accepted = refunds().filter(|refund| is_accepted(refund)).map(|refund| refund.amount.get());
    let owed = payment.receipt().map_or(i64::MAX, |receipt| receipt.amount.get());
    accepted.sum::<i64>() >= owed || refunds().any(|refund| is_shown_to_a_person(world, refund))
}

/// WeChat Pay refused it for good, or gave it up, and there is a case.
fn is_shown_to_a_person(world: &World, refund: &Refund) -> bool {
    matches!(refund.state, RefundState::Rejected { .. } | RefundState::Closed { .. })
        && has_case(world, CaseKind::RefundAbnormal, refund.out_refund_no.as_str())
}

/// Whether nothing of it is on its way to WeChat Pay.
fn is_sent(refund: &Refund) -> bool {
    !matches!(
        refund.state,
        RefundState::Requested | RefundState::Sending | RefundState::Unknown { .. }
    )
}

/// No payment of it is live, and it does not wait for one.
fn is_final(order: &Order) -> bool {
    // A cancellation of a paid order may wait for a person, or for WeChat Pay, for days.
    let waits = match order.status {
        OrderStatus::PendingPayment => true,
        OrderStatus::Cancelling => order.settlement.is_none(),
        OrderStatus::Cancelled
        | OrderStatus::Ready
        | OrderStatus::Shipped
        | OrderStatus::Delivered
        | OrderStatus::Completed => false,
    };
    let sent = order.refunds.iter().all(is_sent);
    !waits && sent && !order.payments.iter().any(Payment::is_live)
}

/// Until when it can be paid; of what is paid at the door, the last of its online payments.
fn end_of(order: &Order) -> Option<Timestamp> {
    let live = order.payments.iter().filter(|payment| payment.is_live());
    order.pay_deadline.or_else(|| live.map(|payment| payment.terms.time_expire).max())
}

/// Everything that must hold of a world at rest.
pub fn judge(world: &World, rest: Rest) {
    world.oracle.look(|seen| {
        every_success_has_one_end(world, seen);
        what_is_owed_has_a_case(world, seen);
        books_agree(world, seen);
        books::judge(world, seen);
        refunds::refunds_agree(world, seen);
        refunds::what_the_merchant_has_is_shown(world, seen);
        refunds::what_comes_back_is_whole(world, seen);
        jobs::are_where_work_is(world, seen, rest);
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
        if world.wechat.truth(|truth| truth.foreign.contains(number)) {
            if seen.payment(number).is_some() {
                violated(format!("{number} is not ours, and recorded"));
            }
            continue;
        }
        let Some(payment) = seen.payment(number) else {
            violated(format!("{number} is not known"));
            continue;
        };
        let order = order.and_then(|order| seen.order(order));
        let settled = order.and_then(|order| order.settlement.as_ref());
        let settles = settled.is_some_and(|s| s.by == SettledBy::Wechat { payment_no: payment.no });
        let automatic = order.is_some_and(|order| {
            let mut refunds = order.refunds.iter().filter(|refund| refund.payment_no == payment.no);
            refunds.any(|refund| refund.kind == RefundKind::Surplus)
        });
        let ended = match &payment.state {
            PaymentState::Paid { receipt } => {
                settles && !automatic && receipt.transaction_id.as_str() == paid.transaction_id
            }
            PaymentState::Surplus { .. } => {
                !settles && order.is_some_and(|order| goes_back(world, order, payment))
            }
            PaymentState::Created
            | PaymentState::Payable { .. }
            | PaymentState::Unknown
            | PaymentState::Closing { .. }
            | PaymentState::Closed { .. }
            | PaymentState::Rejected { .. } => false,
        };
        if !ended {
            let refund = if automatic { "an" } else { "no" };
            violated(format!(
                "{number} is {:?}, {refund} automatic refund",
                payment.state.status()
            ));
        }
    }
}

/// Money that its order could not take is shown to a person until it is back.
fn what_is_owed_has_a_case(world: &World, seen: &Seen) {
    let kinds = [CaseKind::Surplus, CaseKind::AmountMismatch, CaseKind::RefundMismatch];
    for order in seen.orders.values() {
        for payment in &order.payments {
            let (PaymentState::Surplus { .. }, Some(receipt)) = (&payment.state, payment.receipt())
            else {
                continue;
            };
            let number = payment.out_trade_no().as_str();
            let is_back = order.paid_back(payment.no) >= receipt.amount;
            if !is_back && !kinds.into_iter().any(|kind| has_case(world, kind, number)) {
                let nobody = format!("{number} is owed, and nobody was told");
                world.chronicle.violated_by(
                    "I13",
                    OWED_IS_SHOWN,
                    Some(order.number.as_str()),
                    nobody,
                );
            }
        }
    }
}

fn books_agree(world: &World, seen: &Seen) {
    let received: i64 = world.wechat.truth(|truth| {
        let ours = truth.paid.values().filter(|p| !truth.foreign.contains(&p.out_trade_no));
        ours.map(|p| p.total_fen).sum()
    });
    let mut recorded = 0;
    for order in seen.orders.values() {
        let by_wechat =
            order.settlement.iter().filter(|s| matches!(s.by, SettledBy::Wechat { .. }));
        recorded += by_wechat.map(|settlement| settlement.amount.get()).sum::<i64>();
        let surplus =
            order.payments.iter().filter(|p| matches!(p.state, PaymentState::Surplus { .. }));
        let surplus = surplus.filter_map(Payment::receipt);
        recorded += surplus.map(|receipt| receipt.amount.get()).sum::<i64>();
    }
    if received != recorded {
        let seen = format!("received {received} fen, settled and owed {recorded} fen");
        world.chronicle.violated("I20", BOOKS_AGREE, seen);
    }
}

fn stored_as_committed(world: &World, seen: &Seen) {
    shop::stock_as_moved(world, seen);
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

/// What must have happened by itself when days have passed.
pub fn judge_after_days(world: &World) {
    world.oracle.look(|seen| {
        let unfinished =
            |order: &&Order| order.status == OrderStatus::Delivered && order.settlement.is_some();
        for order in seen.orders.values().filter(unfinished) {
            let number = order.number.as_str();
            let still = format!("{number} is still {:?}", order.status);
            world.chronicle.violated_by("I36", COMPLETES, Some(number), still);
        }
        stored_as_committed(world, seen);
    });
}
