//! Refunds whose job ends, or whose fact is refused, while money is still to be looked after.

use super::tests::{after, job, lost, refunding, setting, too_much};
use crate::mocks::{MockGateway, MockJobs, desk, ready};
use crate::samples::{keyed, living, now, order, ready_order, refund_fact, store};
use crate::{Action, Target};
use domain::OutRefundNo;
use domain::case::CaseKind;
use domain::catalogue::SkuId;
use domain::changeset::{Audit, Refusal};
use domain::fact::RefundProgress;
use domain::job::{JobChange, JobId};
use domain::order::{Command, HORIZON_S, Order, RefundAnswer};
use domain::ports::{CommitAnswer, Finish, GatewayError, OrderKey};
use domain::refund::{RefundKind, RefundState};
use std::sync::{Arc, Mutex};

fn action() -> Action {
    Action {
        target: Target::anybodys(OrderKey::Id(order().id)),
        audit: Audit { actor: "operator:1".into(), cause: "retry".into(), request_id: None },
        keyed: keyed("again"),
    }
}

/// An order whose refund WeChat Pay refused and said that there is none.
fn rejected() -> (Order, OutRefundNo) {
    let (order, no) = refunding(40);
    let refused = RefundAnswer::Refused { code: "USER_ACCOUNT_ABNORMAL".to_owned() };
    let order = [
        Command::SendRefund { out_refund_no: no.clone() },
        Command::RecordRefundCall { out_refund_no: no.clone(), answer: refused },
        Command::RecordRefund(refund_fact(&order, &no, None)),
    ]
    .iter()
    .fold(order, after);
    assert!(matches!(order.refunds[0].state, RefundState::Rejected { .. }));
    (order, no)
}

#[tokio::test]
async fn a_rejected_refund_is_asked_about_once_more_at_the_horizon() {
    let (order, no) = rejected();
    // A request that was under way arrived after all: the payer gets the money.
    let arrived = refund_fact(&order, &no, Some(RefundProgress::Processing));
    let asked = Arc::new(Mutex::new(0));
    let mut gateway = MockGateway::new();
    let count = Arc::clone(&asked);
    gateway.expect_query_refund().returning(move |_| {
        *count.lock().unwrap() += 1;
        ready(Ok(arrived.clone()))
    });
    let (orders, life) = living(order);
    let desk = desk(orders, gateway, now().plus_seconds(HORIZON_S));
    // Its job is due now: this is the last look that it was promised for.
    let finish = desk.follow_refund(&no, &job(&no, 2)).await.unwrap();
    assert_eq!(*asked.lock().unwrap(), 1, "it was let be unasked: {finish:?}");
    let state = life.lock().unwrap().order.refunds[0].state.clone();
    assert!(matches!(state, RefundState::Processing { .. }));
}

#[tokio::test]
async fn a_last_look_at_which_nobody_answers_is_not_the_last() {
    let (order, no) = rejected();
    let mut gateway = MockGateway::new();
    let lost = GatewayError::OutcomeUnknown("timeout".to_owned());
    gateway.expect_query_refund().times(1).return_once(move |_| ready(Err(lost)));
    let at = now().plus_seconds(HORIZON_S);
    let (orders, _) = living(order);
    let finish = desk(orders, gateway, at).follow_refund(&no, &job(&no, 2)).await.unwrap();
    assert!(matches!(finish, Finish::Again(again) if again > at), "{finish:?}");
}

#[tokio::test]
async fn a_retry_wakes_a_refund_whose_job_was_set_aside() {
    let (order, no) = refunding(40);
    let sending = after(order, &Command::SendRefund { out_refund_no: no.clone() });
    let (mut desk, life) = setting(sending, MockGateway::new());
    let mut jobs = MockJobs::new();
    jobs.expect_hasten().returning(|_, _| ready(Ok(())));
    desk.jobs = Arc::new(jobs);
    desk.retry_refund(&action(), &no, None).await.unwrap();
    let life = life.lock().unwrap();
    let promised = life.written.iter().flat_map(|changeset| &changeset.jobs);
    let wakes = |change: &JobChange| matches!(change, JobChange::Ensure { id, .. } if *id == JobId::refund(&no));
    assert!(promised.into_iter().any(wakes), "`hasten` passes over a parked job");
}

#[tokio::test]
async fn what_became_of_the_money_is_recorded_also_when_its_stock_does_not_come_back() {
    // Settled although its stock could not be taken: its hold stays as it is.
    let mut settled = ready_order();
    for hold in &mut settled.holds {
        hold.status = domain::stock::HoldStatus::Held;
    }
    let cancel = Command::Cancel(domain::order::CancelCause::Buyer);
    let order = after(settled, &cancel);
    let no = order.refunds[0].out_refund_no.clone();
    let sending = after(order, &Command::SendRefund { out_refund_no: no.clone() });
    let accepted = refund_fact(&sending, &no, Some(RefundProgress::Processing));
    let mut gateway = MockGateway::new();
    gateway.expect_query_refund().times(1).return_once(move |_| ready(Ok(accepted)));
    let short = CommitAnswer::GuardRefused(Refusal::Stock(SkuId::parse("tea").unwrap()));
    let answers = vec![short, CommitAnswer::Committed, CommitAnswer::Committed];
    let (orders, written) = store(vec![sending], answers);
    let done = desk(orders, gateway, now()).follow_refund(&no, &job(&no, 2)).await;
    assert!(done.is_ok(), "{:?}", done.err().map(|error| error.to_string()));
    assert!(written.lock().unwrap().len() > 1, "it is recorded without the stock, with a case");
}

#[tokio::test]
async fn a_retry_hastens_the_refund_that_it_answers() {
    let (mut order, first) = refunding(40);
    let mut number = first.clone();
    for _ in 0..2 {
        let closed = refund_fact(&order, &number, Some(RefundProgress::Closed));
        order = after(order, &Command::RecordRefund(closed));
        number = order.refunds.last().unwrap().out_refund_no.clone();
    }
    assert_eq!(order.refunds.len(), 3);
    let (mut desk, _) = setting(order, MockGateway::new());
    let hastened = Arc::new(Mutex::new(Vec::new()));
    let (mut jobs, seen) = (MockJobs::new(), Arc::clone(&hastened));
    jobs.expect_hasten().returning(move |id, _| {
        seen.lock().unwrap().push(id.clone());
        ready(Ok(()))
    });
    desk.jobs = Arc::new(jobs);
    desk.retry_refund(&action(), &first, None).await.unwrap();
    assert_eq!(*hastened.lock().unwrap(), [JobId::refund(&number)]);
}

#[tokio::test]
async fn a_fact_that_differs_is_not_acknowledged_by_the_job_as_done() {
    let (order, no) = refunding(40);
    let sending = after(order, &Command::SendRefund { out_refund_no: no.clone() });
    let fact = too_much(&sending, &no, RefundProgress::Processing);
    let mut gateway = MockGateway::new();
    gateway.expect_query_refund().times(1).return_once(move |_| ready(Ok(fact)));
    let (desk, _) = setting(sending, gateway);
    let finish = desk.follow_refund(&no, &job(&no, 2)).await.unwrap();
    assert!(matches!(finish, Finish::Again(at) if at > now()));
}

/// A person ends it, or has it tried again: nothing is asked for ever.
#[tokio::test]
async fn what_differs_for_a_day_is_set_aside_for_a_person() {
    let (order, no) = refunding(40);
    let sending = after(order, &Command::SendRefund { out_refund_no: no.clone() });
    for (seconds, is_over) in [(86_399, false), (86_400, true)] {
        let fact = too_much(&sending, &no, RefundProgress::Processing);
        let mut gateway = MockGateway::new();
        gateway.expect_query_refund().times(1).return_once(move |_| ready(Ok(fact)));
        let (orders, _) = living(sending.clone());
        let desk = desk(orders, gateway, now().plus_seconds(seconds));
        let finish = desk.follow_refund(&no, &job(&no, 2)).await.unwrap();
        assert_eq!(matches!(finish, Finish::Park(_)), is_over, "{seconds}: {finish:?}");
    }
}

/// Once: it differs at every look, also after a person has ended the case.
#[tokio::test]
async fn what_differs_is_shown_once_for_each_way_in_which_it_does() {
    let (order, no) = refunding(40);
    let sending = after(order, &Command::SendRefund { out_refund_no: no.clone() });
    let mut names = Vec::new();
    for token in [4, 5] {
        let fact = too_much(&sending, &no, RefundProgress::Processing);
        let mut gateway = MockGateway::new();
        gateway.expect_query_refund().times(1).return_once(move |_| ready(Ok(fact)));
        let (desk, life) = setting(sending.clone(), gateway);
        let mut job = job(&no, 2);
        job.fence.token = token;
        desk.follow_refund(&no, &job).await.unwrap();
        names.push(life.lock().unwrap().written[0].command_id.clone());
    }
    assert_eq!(names[0], names[1]);
}

/// Refused and proven, then paid back by bank; and its first request was still under way.
#[tokio::test]
async fn what_was_paid_back_otherwise_and_is_under_way_at_wechat_pay_is_asked_about_until_it_ends()
{
    let (order, no) = refunding(40);
    let order = after(order, &Command::SendRefund { out_refund_no: no.clone() });
    let abnormal = refund_fact(&order, &no, Some(RefundProgress::Abnormal));
    let order = after(order, &Command::RecordRefund(abnormal));
    let by_bank =
        Command::SettleRefundOffline { out_refund_no: no.clone(), note: "by bank".to_owned() };
    let settled = after(order, &by_bank);
    for (progress, is_over) in [
        (RefundProgress::Processing, false),
        (RefundProgress::Abnormal, true),
        (RefundProgress::Closed, true),
    ] {
        let fact = refund_fact(&settled, &no, Some(progress));
        let mut gateway = MockGateway::new();
        gateway.expect_query_refund().times(1).return_once(move |_| ready(Ok(fact)));
        let (orders, _) = living(settled.clone());
        let desk = desk(orders, gateway, now().plus_seconds(7_200));
        let finish = desk.follow_refund(&no, &job(&no, 2)).await.unwrap();
        assert_eq!(finish == Finish::Done, is_over, "{progress:?}: {finish:?}");
    }
}

#[tokio::test]
async fn what_is_under_way_and_was_paid_back_no_other_way_is_asked_about_soon() {
    let (order, no) = refunding(40);
    let sending = after(order, &Command::SendRefund { out_refund_no: no.clone() });
    let fact = refund_fact(&sending, &no, Some(RefundProgress::Processing));
    let mut gateway = MockGateway::new();
    gateway.expect_query_refund().times(1).return_once(move |_| ready(Ok(fact)));
    let (desk, _) = setting(sending, gateway);
    let finish = desk.follow_refund(&no, &job(&no, 2)).await.unwrap();
    assert!(matches!(finish, Finish::Again(at) if at < now().plus_seconds(600)), "{finish:?}");
}

/// The notification of a refund made in the console came while the database was away, and no re-send
/// ever arrived.
#[tokio::test]
async fn a_refund_that_we_were_told_of_and_do_not_know_is_recorded_with_its_payment() {
    for progress in [RefundProgress::Processing, RefundProgress::Succeeded { at: now() }] {
        let no = OutRefundNo::parse("console-1").unwrap();
        let fact = refund_fact(&ready_order(), &no, Some(progress));
        let mut gateway = MockGateway::new();
        gateway.expect_query_refund().times(1).return_once(move |_| ready(Ok(fact)));
        let (desk, life) = setting(ready_order(), gateway);
        let finish = desk.follow_refund(&no, &job(&no, 2)).await.unwrap();
        let is_over = progress != RefundProgress::Processing;
        assert_eq!(finish == Finish::Done, is_over, "{finish:?}");
        let life = life.lock().unwrap();
        let known = life.order.refund(&no).unwrap();
        assert_eq!((known.kind, known.is_paid_back()), (RefundKind::External, is_over));
        assert_eq!(life.written[0].fence, Some(job(&no, 2).fence));
    }
}

#[tokio::test]
async fn a_refund_that_we_do_not_know_and_cannot_be_ours_is_shown_to_a_person() {
    let no = OutRefundNo::parse("console-1").unwrap();
    // Its payment is not known to be paid.
    let fact = refund_fact(&order(), &no, Some(RefundProgress::Processing));
    let mut gateway = MockGateway::new();
    gateway.expect_query_refund().times(1).return_once(move |_| ready(Ok(fact)));
    let (desk, life) = setting(order(), gateway);
    assert_eq!(desk.follow_refund(&no, &job(&no, 2)).await.unwrap(), Finish::Done);
    let written = &life.lock().unwrap().written;
    assert_eq!(written[0].cases[0].kind, CaseKind::RefundMismatch);
}

#[tokio::test]
async fn a_refund_that_nobody_knows_is_asked_about_again() {
    for (answer, is_counted) in [(Ok(None), true), (Err(()), false)] {
        let no = OutRefundNo::parse("console-1").unwrap();
        let fact = refund_fact(&ready_order(), &no, None);
        let heard = answer.map(|_: Option<()>| fact).map_err(|()| lost());
        let mut gateway = MockGateway::new();
        gateway.expect_query_refund().times(1).return_once(move |_| ready(heard));
        let (desk, life) = setting(ready_order(), gateway);
        let finish = desk.follow_refund(&no, &job(&no, 2)).await.unwrap();
        let at = now().plus_seconds(60);
        assert_eq!(finish, if is_counted { Finish::Retry(at) } else { Finish::Again(at) });
        assert!(life.lock().unwrap().written.is_empty());
    }
}
