//! A refund of which nobody knows for an hour whether it was made is shown to a person, once.

use super::tests::{after, done, job, lost, refunding, setting};
use crate::mocks::{MockGateway, ready};
use crate::samples::{now, refund_fact};
use domain::case::CaseKind;
use domain::fact::RefundFact;
use domain::order::{Command, Order};
use domain::ports::Finish;
use domain::{OutRefundNo, Timestamp};

/// A refund of which nothing was heard since it was sent, so many seconds ago.
fn unheard_for(seconds: i64) -> (Order, OutRefundNo) {
    let (order, no) = refunding(40);
    let mut sending = after(order, &Command::SendRefund { out_refund_no: no.clone() });
    let begun: Timestamp = now().plus_seconds(-seconds);
    sending.refunds[0].created_at = begun;
    sending.refunds[0].sent_at = Some(begun);
    (sending, no)
}

/// Asks about it under each of these leases; the cases that it comes to. `None` is silence.
async fn cases(
    (order, no): (Order, OutRefundNo),
    answer: Option<RefundFact>,
    tokens: &[i64],
) -> Vec<CaseKind> {
    let mut gateway = MockGateway::new();
    gateway
        .expect_query_refund()
        .times(tokens.len())
        .returning(move |_| ready(answer.clone().ok_or_else(lost)));
    let (desk, life) = setting(order, gateway);
    for token in tokens {
        let finish = desk.follow_refund(&no, &job(&no, *token)).await.unwrap();
        assert!(matches!(finish, Finish::Again(_) | Finish::Done), "{finish:?}");
    }
    let life = life.lock().unwrap();
    life.written.iter().flat_map(|c| c.cases.iter().map(|case| case.kind)).collect()
}

#[tokio::test]
async fn what_nobody_knows_for_an_hour_is_shown_to_a_person_once() {
    for seconds in [3_600, 7_200] {
        assert_eq!(cases(unheard_for(seconds), None, &[2, 3, 4]).await, [CaseKind::Stuck]);
    }
}

/// It may have waited for a person's yes since, and be sent a moment ago: nobody is told that it was sent then.
#[tokio::test]
async fn what_a_person_reads_is_since_when_it_is_wanted() {
    let (mut order, no) = unheard_for(7_200);
    order.refunds[0].sent_at = Some(now().plus_seconds(-5));
    let mut gateway = MockGateway::new();
    gateway.expect_query_refund().returning(|_| ready(Err(lost())));
    let (desk, life) = setting(order, gateway);
    desk.follow_refund(&no, &job(&no, 2)).await.unwrap();
    let life = life.lock().unwrap();
    let [case] = &life.written[0].cases[..] else { panic!("{:?}", life.written[0].cases) };
    assert!(case.detail.starts_with("asked for more than an hour ago"), "{}", case.detail);
}

#[tokio::test]
async fn what_was_sent_within_the_hour_is_nobodys_business_yet() {
    for seconds in [0, 60, 3_599] {
        assert_eq!(cases(unheard_for(seconds), None, &[2]).await, []);
    }
}

/// Silence about a refund that WeChat Pay has taken on is no doubt about it.
#[tokio::test]
async fn what_wechat_pay_has_accepted_is_not_shown_however_long_it_takes() {
    let (order, no) = unheard_for(7_200);
    let accepted = refund_fact(&order, &no, Some(domain::fact::RefundProgress::Processing));
    let order = after(order, &Command::RecordRefund(accepted));
    assert_eq!(cases((order, no), None, &[2]).await, []);
}

#[tokio::test]
async fn what_is_heard_of_at_last_is_not_shown() {
    let (order, no) = unheard_for(7_200);
    let fact = refund_fact(&order, &no, Some(done()));
    assert_eq!(cases((order, no), Some(fact), &[2]).await, []);
}
