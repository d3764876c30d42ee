//! Notifications about refunds: what moves money is confirmed before.

use super::super::NoticeAnswer;
use super::{ingest, opening};
use crate::mocks::{MockGateway, ready};
use crate::samples::{Life, living, now, ready_order, refund_fact, store};
use domain::Fen;
use domain::case::CaseKind;
use domain::changeset::{InboxStatus, Refusal};
use domain::fact::{Evidence, RefundFact, RefundProgress};
use domain::job::{JobChange, JobId};
use domain::names::Mchid;
use domain::order::{Command, Decision, Order, RefundAsk, RefundOf};
use domain::ports::{CommitAnswer, GatewayError, Notice, NoticeBody};
use domain::refund::{Asker, RefundStatus};
use std::sync::{Arc, Mutex};

fn after(order: Order, command: &Command) -> Order {
    let Ok(Decision::Record(events)) = order.decide(command, now()) else {
        panic!("not recorded: {command:?}")
    };
    order.after(&events)
}

/// A part of a paid order is on its way back.
fn on_its_way() -> Order {
    let ask = RefundAsk {
        what: RefundOf::Amount(Fen::new(40)),
        reason: "坏了".to_owned(),
        by: Asker::Buyer,
        out_refund_no: None,
    };
    let order = after(ready_order(), &Command::Refund(ask));
    let out_refund_no = order.refunds[0].out_refund_no.clone();
    let order = after(order, &Command::SendRefund { out_refund_no });
    let accepted = heard(&order, Some(RefundProgress::Processing));
    after(order, &Command::RecordRefund(accepted))
}

/// What a query says of its refund.
fn heard(order: &Order, progress: Option<RefundProgress>) -> RefundFact {
    refund_fact(order, &order.refunds[0].out_refund_no, progress)
}

/// A notification says so.
fn told(order: &Order, progress: RefundProgress) -> Notice {
    let said = heard(order, Some(progress));
    let evidence = Evidence::Notification { event_id: "EV-R".to_owned() };
    let (mchid, refund) = (Mchid::new("1900000109"), said.refund().clone());
    let fact = RefundFact::attested(evidence, mchid, said.out_refund_no().clone(), refund);
    Notice {
        event_id: "EV-R".to_owned(),
        event_type: "REFUND.CLOSED".to_owned(),
        fact_hash: "hash".to_owned(),
        body: NoticeBody::Refund(Box::new(fact)),
    }
}

/// It is told that the refund is closed, and a query answers so.
async fn closed_it_is_said(
    answer: Result<Option<RefundProgress>, GatewayError>,
) -> (NoticeAnswer, Arc<Mutex<Life>>) {
    let order = on_its_way();
    let answer = answer.map(|progress| heard(&order, progress));
    let mut gateway = MockGateway::new();
    gateway.expect_query_refund().times(1).return_once(move |_| ready(answer));
    let notice = told(&order, RefundProgress::Closed);
    let (orders, life) = living(order);
    let mut desk = opening(orders, Ok(notice));
    desk.gateway = Arc::new(gateway);
    (ingest(&desk).await, life)
}

fn statuses(life: &Life) -> Vec<RefundStatus> {
    life.order.refunds.iter().map(|refund| refund.state.status()).collect()
}

#[tokio::test]
async fn a_closed_refund_goes_on_under_another_number_once_a_query_confirms_it() {
    let (answer, life) = closed_it_is_said(Ok(Some(RefundProgress::Closed))).await;
    assert_eq!(answer, NoticeAnswer::Acknowledged);
    let life = life.lock().unwrap();
    assert_eq!(life.events(), ["refund_closed", "refund_requested"]);
    let inbox = life.written.last().unwrap().inbox.clone();
    assert_eq!(inbox.unwrap().status, InboxStatus::Applied);
}

/// Else a part of the money would go back twice.
#[tokio::test]
async fn a_refund_that_is_said_to_be_closed_and_has_arrived_does_not_go_back_again() {
    let arrived = RefundProgress::Succeeded { at: now() };
    let (answer, life) = closed_it_is_said(Ok(Some(arrived))).await;
    assert_eq!(answer, NoticeAnswer::TryAgain);
    let life = life.lock().unwrap();
    assert_eq!(statuses(&life), [RefundStatus::Succeeded]);
    let last = life.written.last().unwrap();
    assert_eq!(last.cases[0].kind, CaseKind::RefundMismatch);
    assert_eq!(last.inbox.as_ref().unwrap().status, InboxStatus::Mismatch);
}

#[tokio::test]
async fn a_closed_refund_that_nobody_confirms_is_asked_about_by_its_job() {
    let lost = GatewayError::OutcomeUnknown("timeout".to_owned());
    let older = Some(RefundProgress::Processing);
    for answer in [Err(lost), Ok(None), Ok(older)] {
        let (answer, life) = closed_it_is_said(answer).await;
        assert_eq!(answer, NoticeAnswer::TryAgain);
        let life = life.lock().unwrap();
        assert_eq!(statuses(&life), [RefundStatus::Processing]);
        let kept = life.written.last().unwrap();
        assert_eq!(kept.inbox.as_ref().unwrap().status, InboxStatus::Verified);
        let id = JobId::refund(&life.order.refunds[0].out_refund_no);
        assert!(kept.jobs.contains(&JobChange::Ensure { id, due_at: now() }));
    }
}

#[tokio::test]
async fn what_moves_no_money_is_believed_unasked() {
    let order = on_its_way();
    let notice = told(&order, RefundProgress::Succeeded { at: now() });
    let (orders, life) = living(order);
    let answer = ingest(&opening(orders, Ok(notice))).await;
    assert_eq!(answer, NoticeAnswer::Acknowledged);
    assert_eq!(statuses(&life.lock().unwrap()), [RefundStatus::Succeeded]);
}

/// The number was given to us for one order, and used elsewhere for another one.
#[tokio::test]
async fn a_refund_under_the_number_of_another_orders_is_shown_as_a_case() {
    let unknown = told(&on_its_way(), RefundProgress::Processing);
    let taken = CommitAnswer::GuardRefused(Refusal::RefundNumberTaken);
    let (orders, written) = store(vec![ready_order()], vec![taken, CommitAnswer::Committed]);
    let answer = ingest(&opening(orders, Ok(unknown))).await;
    assert_eq!(answer, NoticeAnswer::TryAgain);
    let filed = written.lock().unwrap().pop().unwrap();
    assert_eq!(filed.cases[0].kind, CaseKind::RefundMismatch);
    assert_eq!(filed.inbox.unwrap().status, InboxStatus::Mismatch);
}
