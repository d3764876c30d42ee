//! Promised work at rest: it is where something is not over, and nowhere else.

use super::{Rest, Seen, has_case};
use crate::setup::Variant;
use crate::time::{SECOND, instant, micros};
use crate::world::World;
use domain::case::CaseKind;
use domain::job::{JobId, JobKind};
use domain::order::{HORIZON_S, Order};
use domain::refund::{Refund, RefundState};
use std::collections::BTreeSet;

const HAS_A_JOB: &str = "everything that is not over has a due job, and nothing else has";
const NO_OVERDUE: &str = "no job is overdue 5 min after faults have ceased";

/// As long as a request may be under way, a fifth more so that not all look at once, and a minute for who looks.
const LAST_LOOK_S: i64 = HORIZON_S + HORIZON_S / 5 + 60;
/// Who was not heard, or could not say so, looks again by then.
const SOON_S: i64 = 300;

/// Nothing is overdue, missing or left over.
pub(super) fn are_where_work_is(world: &World, seen: &Seen, rest: Rest) {
    let Ok(look) = world.store.look() else { return };
    let now = world.kernel.now();
    let is_prompt = !matches!(world.setup.variant, Variant::NoPolling | Variant::SlowWorkers);
    let is_time = now > rest.since.saturating_add(300 * SECOND);
    for (job, due) in &look.jobs {
        let late = now.saturating_sub(micros(*due));
        let is_parked = seen.parked.contains(job);
        if is_time && late > 60 * SECOND && !is_parked && is_prompt {
            world.chronicle.violated("I47", NO_OVERDUE, format!("{job} was due at {due}"));
        }
    }
    let there: BTreeSet<&JobId> = look.jobs.iter().map(|(job, _)| job).collect();
    for order in seen.orders.values() {
        for missing in needed(order).into_iter().filter(|job| !there.contains(job)) {
            let number = Some(order.number.as_str());
            world.chronicle.violated_by("I36", HAS_A_JOB, number, format!("{missing} is missing"));
        }
    }
    // What is over ends with the next look; what is put off for long is left over.
    let soon = instant(now).plus_seconds(SOON_S);
    let put_off = look.jobs.iter().filter(|(_, due)| *due > soon).map(|(job, _)| job);
    for job in put_off.filter(|job| !may_be_there(world, seen, job)) {
        let refund = seen.refund(&job.subject);
        let refund = refund.map(|refund| (refund.state.status(), refund.sent_at));
        world.chronicle.violated("I36", HAS_A_JOB, format!("{job} is left over: {refund:?}"));
    }
}

/// What an order has to have.
fn needed(order: &Order) -> Vec<JobId> {
    let payments = order.payments.iter().filter(|payment| payment.is_live());
    let refunds = order.refunds.iter().filter(|refund| refund.is_live());
    let mut needed: Vec<JobId> =
        payments.map(|payment| JobId::follow(payment.out_trade_no())).collect();
    needed.extend(refunds.map(|refund| JobId::refund(&refund.out_refund_no)));
    needed.extend(order.payable_until().map(|_| JobId::expire(&order.number)));
    needed.extend(order.is_complete_at().map(|_| JobId::complete(&order.number)));
    needed
}

fn may_be_there(world: &World, seen: &Seen, job: &JobId) -> bool {
    let now = world.kernel.now();
    let is_looked_at = |refund: &Refund| {
        job.kind == JobKind::FollowRefund
            && refund.out_refund_no.as_str() == job.subject
            && is_looked_at(world, refund, now)
    };
    // Whose a payment is may be found out for as long as none of ours has it.
    let is_known = |order: &Order| {
        order.payments.iter().any(|payment| payment.out_trade_no().as_str() == job.subject)
    };
    let mut orders = seen.orders.values();
    match job.kind {
        JobKind::ResolveOrphan => !orders.any(is_known),
        JobKind::ReportShipment => false,
        JobKind::FollowPayment
        | JobKind::ExpireOrder
        | JobKind::CompleteOrder
        | JobKind::FollowRefund => orders
            .any(|order| needed(order).contains(job) || order.refunds.iter().any(is_looked_at)),
    }
}

/// One last look at what was given up, paid back otherwise, or gave way; and many where WeChat Pay says
/// something else than we know, until a person knows better.
fn is_looked_at(world: &World, refund: &Refund, now: i64) -> bool {
    let number = refund.out_refund_no.as_str();
    // What was asked about before it was sent, for it might have been sent in a life that is lost, as if it
    // had been sent when it was made.
    let is_unsent = refund.sent_at.is_none()
        && matches!(refund.state, RefundState::Withdrawn | RefundState::Declined);
    let last_look = refund.sent_at.unwrap_or(refund.created_at).plus_seconds(LAST_LOOK_S);
    match refund.state {
        RefundState::Rejected { .. }
        | RefundState::SettledOffline { .. }
        | RefundState::Declined
        | RefundState::Withdrawn => {
            (!is_unsent && instant(now) < last_look)
                || has_case(world, CaseKind::RefundMismatch, number)
                || world.wechat.refunds().iter().any(|truth| truth.out_refund_no == number)
        }
        RefundState::AwaitingApproval
        | RefundState::Requested
        | RefundState::Sending
        | RefundState::Unknown { .. }
        | RefundState::Processing { .. }
        | RefundState::Succeeded { .. }
        | RefundState::Abnormal { .. }
        | RefundState::Closed { .. } => false,
    }
}
