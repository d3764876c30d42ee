//! Said before it is called, called once, nothing of the card kept; what became of it WeChat Pay says.

use crate::follow_refund::tests::{after, done, job, lost, refunding};
use crate::mocks::{MockGateway, desk, ready};
use crate::samples::{Life, keyed, living, now, refund_fact};
use crate::{AbnormalApplication, Action, Applied, AppliedAnswer, Paydesk, Target, TransactError};
use domain::card::{BankType, Card, CardHolder, CardNumber, CardOwner, UserCard};
use domain::case::CaseKind;
use domain::changeset::Audit;
use domain::fact::RefundProgress;
use domain::job::{JobChange, JobId};
use domain::order::{Command, HORIZON_S, Order, Rejection};
use domain::ports::{GatewayError, OrderKey, WechatRefusal};
use domain::refund::{RefundState, RefundStatus};
use domain::{Fen, OutRefundNo};
use mockall::Sequence;
use std::sync::{Arc, Mutex};

const ACCOUNT: &str = "6225888888888888888";
const NAME: &str = "张三丰";

fn card() -> Card {
    Card::OfUser(UserCard {
        bank_type: BankType::parse("ICBC_DEBIT").unwrap(),
        account: CardNumber::parse(ACCOUNT).unwrap(),
        name: CardHolder::parse(NAME).unwrap(),
    })
}

/// An order with a refund of 40 fen that could not reach its payer.
fn abnormal() -> (Order, OutRefundNo) {
    let (order, no) = refunding(40);
    let sent = after(order, &Command::SendRefund { out_refund_no: no.clone() });
    let said = refund_fact(&sent, &no, Some(RefundProgress::Abnormal));
    (after(sent, &Command::RecordRefund(said)), no)
}

fn action(order: &Order, key: &str) -> Action {
    Action {
        target: Target::anybodys(OrderKey::Id(order.id)),
        audit: Audit { actor: "operator:1".into(), cause: "apply".into(), request_id: None },
        keyed: keyed(key),
    }
}

fn setting(order: &Order, gateway: MockGateway) -> (Paydesk, Arc<Mutex<Life>>) {
    let (orders, life) = living(order.clone());
    (desk(orders, gateway, now()), life)
}

async fn apply(desk: &Paydesk, order: &Order, no: &OutRefundNo, key: &str) -> Applied {
    let application =
        AbnormalApplication { out_refund_no: no.clone(), card: card(), as_approver: false };
    desk.apply_abnormal(&action(order, key), application).await.unwrap()
}

fn status(life: &Mutex<Life>) -> RefundStatus {
    life.lock().unwrap().order.refunds[0].state.status()
}

fn says(order: &Order, no: &OutRefundNo, progress: RefundProgress, gateway: &mut MockGateway) {
    let said = refund_fact(order, no, Some(progress));
    gateway.expect_query_refund().times(1).return_once(move |_| ready(Ok(said)));
}

fn refused(code: &str) -> GatewayError {
    let refusal = WechatRefusal { http_status: 400, code: code.to_owned(), ..Default::default() };
    GatewayError::Refused(refusal)
}

#[tokio::test]
async fn that_it_is_applied_for_is_durable_before_wechat_pay_is_called() {
    let (order, no) = abnormal();
    let (orders, life) = living(order.clone());
    let mut gateway = MockGateway::new();
    let seen = Arc::clone(&life);
    let said = refund_fact(&order, &no, Some(RefundProgress::Processing));
    gateway.expect_apply_abnormal().times(1).return_once(move |request| {
        let refund = seen.lock().unwrap().order.refunds[0].clone();
        assert_eq!(refund.applied.map(|applied| applied.to), Some(CardOwner::User));
        assert_eq!(refund.refund_id(), Some(&request.refund_id));
        assert_eq!((request.amount, &request.out_refund_no), (Fen::new(40), &refund.out_refund_no));
        let Card::OfUser(card) = &request.card else { panic!("somebody else's") };
        assert_eq!((card.account.reveal(), card.name.reveal()), (ACCOUNT, NAME));
        ready(Ok(said))
    });
    let applied = apply(&desk(orders, gateway, now()), &order, &no, "one").await;
    assert_eq!(applied.answer, AppliedAnswer::Taken);
    assert_eq!(status(&life), RefundStatus::Processing);
    let life = life.lock().unwrap();
    assert_eq!(life.events(), ["refund_applied", "refund_processing"]);
    let ends = life.written[0].ended_cases.iter().map(|end| (end.kind, end.subject.as_str()));
    assert!(ends.eq([(CaseKind::RefundAbnormal, no.as_str())]), "somebody has done something");
    let promised = |change: &JobChange| matches!(change, JobChange::Ensure { id, .. } if *id == JobId::refund(&no));
    assert!(life.written[0].jobs.iter().any(promised), "whatever is lost now is found");
}

/// Late by then, or at its end already: that it is abnormal says nothing of an application (see its domain's rule).
#[tokio::test]
async fn an_answer_that_it_is_abnormal_does_not_say_that_it_was_taken() {
    let (order, no) = abnormal();
    let mut gateway = MockGateway::new();
    let said = refund_fact(&order, &no, Some(RefundProgress::Abnormal));
    gateway.expect_apply_abnormal().times(1).return_once(move |_| ready(Ok(said)));
    let (desk, life) = setting(&order, gateway);
    let applied = apply(&desk, &order, &no, "one").await;
    assert_eq!(applied.answer, AppliedAnswer::Unheard);
    assert_eq!(status(&life), RefundStatus::Processing, "its job finds out");
    let promised = |change: &JobChange| matches!(change, JobChange::Ensure { id, .. } if *id == JobId::refund(&no));
    assert!(life.lock().unwrap().written[0].jobs.iter().any(promised));
}

#[tokio::test]
async fn nothing_of_the_card_is_in_anything_that_is_written_or_answered() {
    let (order, no) = abnormal();
    let mut gateway = MockGateway::new();
    gateway.expect_apply_abnormal().times(1).return_once(|_| ready(Err(refused("PARAM_ERROR"))));
    says(&order, &no, RefundProgress::Abnormal, &mut gateway);
    let (desk, life) = setting(&order, gateway);
    let applied = apply(&desk, &order, &no, "one").await;
    let shown = format!("{applied:?} {:?}", life.lock().unwrap().written);
    assert!(shown.contains("RefundApplied") && shown.contains("PARAM_ERROR"), "{shown}");
    for personal in [ACCOUNT, NAME, "ICBC"] {
        assert!(!shown.contains(personal), "{shown}");
    }
}

#[tokio::test]
async fn a_second_click_calls_nobody() {
    let (order, no) = abnormal();
    let mut gateway = MockGateway::new();
    let said = refund_fact(&order, &no, Some(RefundProgress::Processing));
    gateway.expect_apply_abnormal().times(1).return_once(move |_| ready(Ok(said)));
    let (desk, life) = setting(&order, gateway);
    apply(&desk, &order, &no, "one").await;
    let again = apply(&desk, &order, &no, "one").await;
    assert_eq!(again.answer, AppliedAnswer::Before);
    // Under another key it is another application, and one is on its way.
    let application =
        AbnormalApplication { out_refund_no: no.clone(), card: card(), as_approver: true };
    let other = desk.apply_abnormal(&action(&order, "two"), application).await.unwrap_err();
    assert_eq!(other.to_string(), TransactError::from(Rejection::WrongState).to_string());
    assert_eq!(status(&life), RefundStatus::Processing);
    assert_eq!(life.lock().unwrap().order.refunds.len(), 1);
}

#[tokio::test]
async fn a_lost_answer_is_asked_about_and_the_call_not_made_again() {
    let (order, no) = abnormal();
    let (mut gateway, mut in_order) = (MockGateway::new(), Sequence::new());
    let call = gateway.expect_apply_abnormal().times(1).in_sequence(&mut in_order);
    call.return_once(|_| ready(Err(lost())));
    // As it was before, as far as the query knows: it lags, or the call is still under way.
    let said = refund_fact(&order, &no, Some(RefundProgress::Abnormal));
    let query = gateway.expect_query_refund().times(1).in_sequence(&mut in_order);
    query.return_once(move |_| ready(Ok(said)));
    let (desk, life) = setting(&order, gateway);
    let applied = apply(&desk, &order, &no, "one").await;
    assert_eq!(applied.answer, AppliedAnswer::Unheard);
    assert_eq!(status(&life), RefundStatus::Processing, "nobody pays it back otherwise meanwhile");
}

#[tokio::test]
async fn what_is_abnormal_when_nothing_can_arrive_any_more_is_abnormal_again_with_a_case() {
    let (order, no) = abnormal();
    let applying = Command::ApplyAbnormal {
        out_refund_no: no.clone(),
        to: CardOwner::User,
        as_approver: false,
    };
    let applied = after(order, &applying);
    for (seconds, expected) in
        [(HORIZON_S - 1, RefundStatus::Processing), (HORIZON_S, RefundStatus::Abnormal)]
    {
        let mut gateway = MockGateway::new();
        says(&applied, &no, RefundProgress::Abnormal, &mut gateway);
        let (orders, life) = living(applied.clone());
        let desk = desk(orders, gateway, now().plus_seconds(seconds));
        desk.follow_refund(&no, &job(&no, 7)).await.unwrap();
        assert_eq!(status(&life), expected, "{seconds}");
        let life = life.lock().unwrap();
        let cases = life.written.iter().flat_map(|changeset| &changeset.cases);
        let cases: Vec<CaseKind> = cases.map(|case| case.kind).collect();
        let is_open = expected == RefundStatus::Abnormal;
        assert_eq!(cases == [CaseKind::RefundAbnormal], is_open, "{cases:?}");
    }
}

#[tokio::test]
async fn a_refusal_of_an_application_counts_only_with_a_query_that_says_the_same() {
    for (progress, expected, is_refused) in [
        (RefundProgress::Abnormal, RefundStatus::Abnormal, true),
        (RefundProgress::Processing, RefundStatus::Processing, false),
        (done(), RefundStatus::Succeeded, false),
    ] {
        let (order, no) = abnormal();
        let mut gateway = MockGateway::new();
        gateway
            .expect_apply_abnormal()
            .times(1)
            .return_once(|_| ready(Err(refused("PARAM_ERROR"))));
        says(&order, &no, progress, &mut gateway);
        let (desk, life) = setting(&order, gateway);
        let applied = apply(&desk, &order, &no, "one").await;
        let refusal = matches!(applied.answer, AppliedAnswer::Refused(_));
        assert_eq!((status(&life), refusal), (expected, is_refused), "{progress:?}");
        let life = life.lock().unwrap();
        let cases = life.written.iter().flat_map(|changeset| &changeset.cases);
        let why: Vec<&str> = cases.map(|case| case.detail.as_str()).collect();
        assert_eq!(why.iter().any(|why| why.contains("PARAM_ERROR")), is_refused, "{why:?}");
    }
}

#[tokio::test]
async fn a_refusal_that_nobody_confirms_is_unknown() {
    let (order, no) = abnormal();
    let mut gateway = MockGateway::new();
    gateway.expect_apply_abnormal().times(1).return_once(|_| ready(Err(refused("PARAM_ERROR"))));
    gateway.expect_query_refund().times(1).return_once(|_| ready(Err(lost())));
    let (desk, life) = setting(&order, gateway);
    let applied = apply(&desk, &order, &no, "one").await;
    assert_eq!(applied.answer, AppliedAnswer::Unheard);
    assert_eq!(status(&life), RefundStatus::Processing);
}

/// Somebody brought the money to the payer meanwhile, or the refund arrived after all.
#[tokio::test]
async fn what_went_another_way_is_not_applied_for() {
    let (order, no) = abnormal();
    let by_bank =
        Command::SettleRefundOffline { out_refund_no: no.clone(), note: "by bank".to_owned() };
    let arrived = Command::RecordRefund(refund_fact(&order, &no, Some(done())));
    for otherwise in [by_bank, arrived] {
        let ended = after(order.clone(), &otherwise);
        // Nobody is called: the gateway expects nothing.
        let (desk, life) = setting(&ended, MockGateway::new());
        let application =
            AbnormalApplication { out_refund_no: no.clone(), card: card(), as_approver: true };
        let refused = desk.apply_abnormal(&action(&ended, "one"), application).await.unwrap_err();
        assert_eq!(refused.to_string(), TransactError::from(Rejection::WrongState).to_string());
        assert_eq!(life.lock().unwrap().order.refunds, ended.refunds);
    }
}

/// The call was held up for longer than anybody waits, and a person paid by bank meanwhile.
#[tokio::test]
async fn what_succeeds_although_it_was_paid_back_otherwise_is_shown_to_a_person() {
    let (order, no) = abnormal();
    let applied = after(
        order,
        &Command::ApplyAbnormal {
            out_refund_no: no.clone(),
            to: CardOwner::User,
            as_approver: false,
        },
    );
    let late = now().plus_seconds(HORIZON_S);
    let decide = |order: &Order, command: &Command| match order.decide(command, late).unwrap() {
        domain::order::Decision::Record(events) => order.clone().after(&events),
        domain::order::Decision::AlreadyApplied => panic!("{command:?}"),
    };
    let said = refund_fact(&applied, &no, Some(RefundProgress::Abnormal));
    let again = decide(&applied, &Command::RecordRefund(said));
    let note = "by bank".to_owned();
    let settled = decide(&again, &Command::SettleRefundOffline { out_refund_no: no.clone(), note });
    assert!(matches!(settled.refunds[0].state, RefundState::SettledOffline { .. }));
    let mut gateway = MockGateway::new();
    says(&settled, &no, done(), &mut gateway);
    let (orders, life) = living(settled);
    desk(orders, gateway, late).follow_refund(&no, &job(&no, 7)).await.unwrap();
    let written = &life.lock().unwrap().written;
    assert_eq!(written[0].cases[0].kind, CaseKind::RefundMismatch);
}
