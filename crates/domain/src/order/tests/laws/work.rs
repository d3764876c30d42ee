//! What has to be done is promised in the commit that makes it necessary; what may happen once is
//! named once; what people are told agrees with what is written.

use super::super::histories::{History, histories};
use super::super::samples::deadline;
use super::cases;
use crate::job::{JobChange, JobId, next_look, next_refund_look};
use crate::order::{Decision, HORIZON_S, Order, OrderStatus, Rejection};
use crate::outgoing::OutgoingKind;
use crate::payment::Payment;
use crate::refund::{Refund, RefundState, RefundStatus};
use crate::{Pace, Timestamp, changeset::Changeset};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// The jobs of a store after a commit.
fn promise(jobs: &mut BTreeMap<JobId, Timestamp>, written: &Changeset) {
    for change in &written.jobs {
        match change {
            JobChange::Ensure { id, due_at } => {
                let due = jobs.entry(id.clone()).or_insert(*due_at);
                *due = (*due).min(*due_at);
            }
            JobChange::Remove { id } => {
                jobs.remove(id);
            }
        }
    }
}

/// The jobs that the first commit of a history would have promised.
fn at_the_beginning(order: &Order) -> BTreeMap<JobId, Timestamp> {
    let now = order.created_at;
    let payments = order.payments.iter().filter(|payment| payment.is_live());
    let payments = payments.map(|payment| (JobId::follow(payment.out_trade_no()), now));
    let refunds = order.refunds.iter().filter(|refund| refund.is_live());
    let refunds = refunds.map(|refund| (JobId::refund(&refund.out_refund_no), now));
    let mut jobs: BTreeMap<_, _> = payments.chain(refunds).collect();
    if order.status == OrderStatus::PendingPayment {
        jobs.insert(JobId::expire(&order.number), deadline());
    }
    if let Some(offered) = order.open_payment().filter(|_| order.awaits_cash()) {
        jobs.insert(JobId::expire(&order.number), offered.terms.time_expire);
    }
    jobs
}

/// Every order of a history with the jobs that are promised then, and the time.
fn promised(history: &History) -> Vec<(Order, BTreeMap<JobId, Timestamp>, Timestamp)> {
    let mut jobs = at_the_beginning(&history.begin());
    let mut all = Vec::new();
    for step in history.play() {
        promise(&mut jobs, &step.written);
        all.push((step.after, jobs.clone(), step.moment.now));
    }
    all
}

/// Written here once more, so that the law does not lean on what it judges.
fn has_work(refund: &Refund) -> Option<bool> {
    match refund.state.status() {
        RefundStatus::Requested
        | RefundStatus::Sending
        | RefundStatus::Unknown
        | RefundStatus::Processing
        | RefundStatus::Abnormal => Some(true),
        // For a while: what was under way when it was refused may still arrive.
        RefundStatus::Rejected | RefundStatus::SettledOffline => None,
        RefundStatus::Withdrawn if refund.sent_at.is_some() => None,
        RefundStatus::AwaitingApproval
        | RefundStatus::Declined
        | RefundStatus::Withdrawn
        | RefundStatus::Succeeded
        | RefundStatus::Closed => Some(false),
    }
}

/// Nobody remembers that it was sent, which may have been in a life that is lost.
fn is_asked_about_once(order: &Order, refund: &Refund) -> bool {
    let ended = matches!(refund.state.status(), RefundStatus::Declined | RefundStatus::Withdrawn);
    let payment = order.payments.iter().find(|payment| payment.no == refund.payment_no).unwrap();
    ended && refund.sent_at.is_none() && !payment.is_from_wallet()
}

proptest! {
    #![proptest_config(cases())]

    /// I36.
    #[test]
    fn whatever_is_live_has_its_job_and_nothing_else_has(history in histories()) {
        for (order, jobs, _) in promised(&history) {
            for payment in &order.payments {
                let job = jobs.contains_key(&JobId::follow(payment.out_trade_no()));
                prop_assert_eq!(job, payment.is_live(), "{:?}", payment.state);
            }
            for refund in &order.refunds {
                let job = jobs.contains_key(&JobId::refund(&refund.out_refund_no));
                let expected = match has_work(refund) {
                    Some(works) => works || is_asked_about_once(&order, refund),
                    None => job,
                };
                prop_assert_eq!(job, expected, "{:?}", refund);
            }
            let expires = jobs.get(&JobId::expire(&order.number)).copied();
            if order.pay_deadline.is_some() {
                let waits = order.status == OrderStatus::PendingPayment;
                prop_assert_eq!(expires, waits.then_some(deadline()));
            } else {
                // Of cash on delivery, what is on offer expires; the job of an earlier offer looks at
                // its own time, and then waits for the later one.
                let offered = order.open_payment().filter(|_| order.awaits_cash());
                prop_assert_eq!(expires.is_some(), offered.is_some());
                let end = offered.map(|payment| payment.terms.time_expire);
                prop_assert!(expires.zip(end).is_none_or(|(due, end)| due <= end));
            }
            let completes = jobs.get(&JobId::complete(&order.number)).copied();
            prop_assert_eq!(completes, order.is_complete_at());
        }
    }

    #[test]
    fn every_live_payment_is_looked_at_again_and_no_other(history in histories()) {
        for (order, _, now) in promised(&history) {
            for payment in &order.payments {
                let next = next_look(payment, now, Pace::DESIGNED);
                prop_assert_eq!(next.is_some(), payment.is_live());
                if let Some(next) = next {
                    prop_assert!(next > now, "a look in the past would spin");
                    prop_assert!(next <= now.plus_seconds(120).max(deadline()));
                }
            }
        }
    }

    /// I45: at most one step of the ladder away.
    #[test]
    fn every_live_refund_is_looked_at_again(history in histories()) {
        for (order, _, now) in promised(&history) {
            for refund in &order.refunds {
                let next = next_refund_look(refund, now, Pace::DESIGNED);
                prop_assert_eq!(next.is_some(), has_work(refund).unwrap_or(next.is_some()));
                if let Some(next) = next {
                    let to_be_sent = refund.state == RefundState::Requested;
                    prop_assert!(next > now || to_be_sent, "a look in the past would spin");
                    let sent = refund.sent_at.unwrap_or(refund.created_at);
                    let since = refund.applied.map_or(sent, |applied| applied.at.max(sent));
                    let latest = match has_work(refund) {
                        Some(_) => now.plus_seconds(1_800),
                        None => since.plus_seconds(HORIZON_S),
                    };
                    prop_assert!(next <= latest, "{:?} until {:?}", refund, next);
                }
            }
        }
    }

    /// WeChat Pay has it, and its amount was another's: before anything is sent for money that is back.
    #[test]
    fn what_had_no_room_is_asked_about_as_soon_as_there_is_some(history in histories()) {
        let mut without_room = Vec::new();
        let mut steps = history.play().into_iter();
        for asked in history.asked() {
            if let Err(Rejection::RefundDiffers { out_refund_no, .. }) = &asked.answer {
                without_room.push((out_refund_no.clone(), asked.command));
                continue;
            }
            let Ok(Decision::Record(_)) = asked.answer else { continue };
            let Some(step) = steps.next() else { continue };
            for (number, fact) in &without_room {
                let would_be = |order| step.moment.decide(order, fact).is_ok();
                let may_be_there = |refund: &Refund| {
                    let status = refund.state.status();
                    let is_given_up =
                        matches!(status, RefundStatus::Rejected | RefundStatus::Withdrawn);
                    is_given_up && refund.sent_at.is_some()
                };
                let refund = step.after.refund(number).filter(|refund| may_be_there(refund));
                if refund.is_none() || would_be(&step.before) || !would_be(&step.after) {
                    continue;
                }
                let now = JobChange::Ensure { id: JobId::refund(number), due_at: step.moment.now };
                prop_assert!(step.written.jobs.contains(&now), "{:?}", step.written.jobs);
            }
        }
    }

    /// What is done at once is due at once.
    #[test]
    fn what_changed_is_in_the_changeset_with_its_next_look(history in histories()) {
        for step in history.play() {
            let write = step.written.order.as_ref().unwrap();
            for payment in &step.after.payments {
                let changed = step.before.payment(payment.out_trade_no()) != Some(payment);
                prop_assert!(!changed || write.payments.contains(&payment.no));
            }
            for refund in &step.after.refunds {
                let changed = step.before.refund(&refund.out_refund_no) != Some(refund);
                prop_assert_eq!(changed, write.refunds.contains(&refund.out_refund_no));
                let id = JobId::refund(&refund.out_refund_no);
                let expected = match next_refund_look(refund, step.moment.now, Pace::DESIGNED) {
                    Some(due_at) => JobChange::Ensure { id, due_at },
                    None if is_asked_about_once(&step.after, refund) => {
                        JobChange::Ensure { id, due_at: step.moment.now }
                    }
                    None => JobChange::Remove { id },
                };
                prop_assert_eq!(changed, step.written.jobs.contains(&expected));
            }
        }
    }

    /// I25: a second guard under the state machine.
    #[test]
    fn effects_are_named_once_in_the_life_of_an_order(history in histories()) {
        let mut seen = BTreeSet::new();
        for step in history.play() {
            for effect in &step.written.effects {
                prop_assert!(seen.insert(effect.clone()), "{} twice", effect);
            }
            let settled = step.before.settlement != step.after.settlement;
            let name = format!("settled:{}", step.after.id);
            prop_assert_eq!(settled, step.written.effects.contains(&name));
        }
    }

    /// What is told of cases is what happens to them.
    #[test]
    fn a_case_is_told_when_it_is_opened(history in histories()) {
        for step in history.play() {
            let told = |kind| step.written.outgoing.iter().filter(|o| o.kind == kind).count();
            prop_assert_eq!(told(OutgoingKind::CaseOpened), step.written.cases.len(), "{:?}", step.events);
            let ends = !step.written.ended_cases.is_empty();
            prop_assert!(told(OutgoingKind::CaseResolved) == 0 || ends);
        }
    }

    #[test]
    fn cancelling_has_every_live_payment_asked_about_now(history in histories()) {
        for step in history.play() {
            if step.before.status == step.after.status || step.after.status != OrderStatus::Cancelling {
                continue;
            }
            for payment in step.after.payments.iter().filter(|payment| Payment::is_live(payment)) {
                let id = JobId::follow(payment.out_trade_no());
                let now = JobChange::Ensure { id, due_at: step.moment.now };
                prop_assert!(step.written.jobs.contains(&now), "{:?}", step.written.jobs);
            }
        }
    }
}
