//! What could not reach its payer is sent to a card: once, by whom it may be, and told as it is.

use super::super::moment::Moment;
use super::super::refund_samples::{
    PART, application_refused, apply, apply_to, ask, ask_as, last, no, paid, play, refund_fact,
    refund_states, rejected, retry, said, said_of, send, settle_offline, shipped, statement,
    succeeded, surplus,
};
use super::super::samples::{TOTAL, start};
use crate::card::CardOwner;
use crate::case::{CaseEnd, CaseKind};
use crate::changeset::Changeset;
use crate::fact::{Evidence, RefundAtWechat, RefundFact, RefundProgress, RefundStatement};
use crate::job::{JobChange, MINUTE_S, next_refund_look};
use crate::names::{Mchid, RefundId};
use crate::order::{CancelCause, Command, Decision, HORIZON_S, Order, OrderStatus, Rejection};
use crate::outgoing::OutgoingKind;
use crate::refund::{Application, Asker, RefundState, RefundStatus};
use crate::{Fen, OutRefundNo, Pace};

/// A refund of [`PART`] that `operator:1` asked for, and that could not reach its payer.
fn abnormal() -> Order {
    play(
        shipped(),
        &[|_| ask(PART, Asker::Operator), send, |order| said(order, RefundProgress::Abnormal)],
    )
}

fn applied() -> Order {
    play(abnormal(), &[apply])
}

fn later(seconds: i64) -> Moment {
    Moment::at(start().plus_seconds(seconds)).by("operator:2")
}

/// What a notification says of the last refund.
fn told(order: &Order, progress: RefundProgress) -> Command {
    let Command::RecordRefund(said) = said(order, progress) else { panic!("not a fact") };
    let evidence = Evidence::Notification { event_id: "EV-1".to_owned() };
    let (number, refund) = (said.out_refund_no().clone(), said.refund().clone());
    Command::RecordRefund(RefundFact::attested(evidence, Mchid::new("1900000109"), number, refund))
}

fn written(order: &Order, command: &Command) -> Changeset {
    Moment::at(start()).written(order, command)
}

fn status(order: &Order) -> RefundStatus {
    last(order).state.status()
}

#[test]
fn what_is_abnormal_is_applied_for_once_and_nothing_else_is() {
    for (state, mut order) in refund_states() {
        order.refunds.truncate(1);
        let is_abnormal = status(&order) == RefundStatus::Abnormal;
        match later(0).decide(&order, &apply(&order)) {
            Ok(Decision::Record(_)) => assert!(is_abnormal, "{state}"),
            Err(Rejection::WrongState) => assert!(!is_abnormal, "{state}"),
            other => panic!("{state}: {other:?}"),
        }
    }
    let order = applied();
    assert_eq!(
        later(1).decide(&order, &apply(&order)),
        Err(Rejection::WrongState),
        "one at a time"
    );
    let unknown = apply(&abnormal());
    assert!(matches!(later(0).decide(&paid(), &unknown), Err(Rejection::RefundUnknown(_))));
}

#[test]
fn it_is_the_same_refund_and_no_more_money_goes_back_by_it() {
    let (before, after) = (abnormal(), applied());
    let (was, is) = (last(&before), last(&after));
    assert_eq!(before.refunds.len(), after.refunds.len());
    assert_eq!((&was.out_refund_no, was.amount), (&is.out_refund_no, is.amount));
    assert_eq!(was.refund_id(), is.refund_id());
    assert_eq!((before.refundable(), before.refunded()), (after.refundable(), after.refunded()));
    assert_eq!(
        is.applied,
        Some(Application { to: CardOwner::User, at: start(), is_refused: false, others: None })
    );
    assert_eq!(is.sent_at, was.sent_at);
}

#[test]
fn while_it_is_on_its_way_nobody_pays_it_back_otherwise() {
    let order = applied();
    let settle = settle_offline(&order);
    assert_eq!(later(0).decide(&order, &settle), Err(Rejection::WrongState));
    assert_eq!(later(0).decide(&order, &retry(&order)), Ok(Decision::AlreadyApplied));
    assert_eq!(later(0).decide(&order, &send(&order)), Ok(Decision::AlreadyApplied));
}

#[test]
fn what_goes_back_another_way_is_not_applied_for() {
    let settled = play(abnormal(), &[settle_offline]);
    assert_eq!(later(0).decide(&settled, &apply(&settled)), Err(Rejection::WrongState));
    // Proven not to be there, tried again under another number, and there after all.
    let order = rejected(play(shipped(), &[|_| ask(PART, Asker::Operator)]));
    let first = last(&order).clone();
    let order = play(order, &[|order| said(order, RefundProgress::Closed), retry]);
    let mut order = order;
    order.refunds[0].state = RefundState::Abnormal { refund_id: RefundId::new("R-1") };
    let both = Command::ApplyAbnormal {
        out_refund_no: first.out_refund_no,
        to: CardOwner::User,
        as_approver: true,
    };
    assert_eq!(later(0).decide(&order, &both), Err(Rejection::WrongState), "its heir brings it");
}

#[test]
fn much_money_is_sent_to_a_card_by_an_approver_who_did_not_ask_for_it() {
    let order = abnormal();
    let by = |actor: &str, as_approver, limit| {
        let command =
            Command::ApplyAbnormal { out_refund_no: no(&order), to: CardOwner::User, as_approver };
        Moment::at(start()).by(actor).approving_above(limit).decide(&order, &command)
    };
    for (actor, as_approver, limit, may) in [
        ("operator:1", false, PART, true),
        ("operator:1", true, PART - 1, false),
        ("operator:1/a", true, PART - 1, false),
        ("operator:2", false, PART - 1, false),
        ("operator:2", true, PART - 1, true),
    ] {
        let said = by(actor, as_approver, limit);
        let expected = if may {
            matches!(said, Ok(Decision::Record(_)))
        } else {
            said == Err(Rejection::NeedsAnother)
        };
        assert!(expected, "{actor}, {as_approver}, {limit}: {said:?}");
    }
}

/// In parts it is the same money.
#[test]
fn what_one_operator_sends_to_cards_of_one_payment_is_counted_together() {
    let first = no(&abnormal());
    let rest = Moment::at(start()).named("rest").play(&abnormal(), &ask_as("REST-1", TOTAL_REST));
    let sent = later(60).play(&rest, &send(&rest));
    let order = later(60).play(&sent, &second(&sent, RefundProgress::Abnormal));
    let to_a_card = |out_refund_no: &OutRefundNo, as_approver| Command::ApplyAbnormal {
        out_refund_no: out_refund_no.clone(),
        to: CardOwner::User,
        as_approver,
    };
    let limited = |limit| later(70).approving_above(limit);
    let both = limited(TOTAL - 1);
    let alone = both.play(&order, &to_a_card(&first, false));
    let other = no(&order);
    assert_ne!(first, other);
    assert_eq!(both.decide(&alone, &to_a_card(&other, false)), Err(Rejection::NeedsAnother));
    assert!(both.decide(&alone, &to_a_card(&other, true)).is_ok(), "an approver may");
    assert!(limited(TOTAL).decide(&alone, &to_a_card(&other, false)).is_ok(), "up to the limit");
    // What WeChat Pay refused went to nobody's card, and what is applied for again is the same money.
    let Command::RecordRefund(said) = said_of(&alone, &alone.refunds[0], RefundProgress::Abnormal)
    else {
        panic!("not a fact")
    };
    let refusal = Command::RecordApplicationRefused {
        applied_at: start().plus_seconds(70),
        code: "PARAM_ERROR".to_owned(),
        said: said.clone(),
    };
    let in_vain = both.play(&alone, &refusal);
    assert!(both.decide(&in_vain, &to_a_card(&other, false)).is_ok());
    let given_up = later(70 + HORIZON_S).play(&alone, &Command::RecordRefund(said));
    assert!(limited(PART).decide(&given_up, &to_a_card(&first, false)).is_ok(), "the same money");
    assert_eq!(both.decide(&given_up, &to_a_card(&other, false)), Err(Rejection::NeedsAnother));
}

#[test]
fn its_case_ends_and_it_is_asked_about_within_a_minute() {
    let order = abnormal();
    let write = written(&order, &apply(&order));
    let ends = write.ended_cases.iter().map(|end| (end.kind, end.subject.as_str()));
    assert!(ends.eq([(CaseKind::RefundAbnormal, no(&order).as_str())]));
    assert_eq!((write.cases, write.outgoing), (vec![], vec![]));
    let look = start().plus_seconds(MINUTE_S);
    let due =
        |change: &JobChange| matches!(change, JobChange::Ensure { due_at, .. } if *due_at == look);
    assert!(write.jobs.iter().any(due), "{:?}", write.jobs);
    // Also when it was sent long ago.
    let mut old = applied();
    old.refunds[0].sent_at = Some(start().plus_seconds(-100_000));
    assert_eq!(next_refund_look(last(&old), start(), Pace::DESIGNED), Some(look));
}

#[test]
fn that_it_is_abnormal_is_old_news_until_nothing_can_arrive_any_more() {
    let order = applied();
    let abnormal = said(&order, RefundProgress::Abnormal);
    for seconds in [0, 1, HORIZON_S - 1] {
        let said = later(seconds).decide(&order, &abnormal);
        assert_eq!(said, Ok(Decision::AlreadyApplied), "{seconds}");
    }
    let again = later(HORIZON_S).play(&order, &abnormal);
    assert_eq!(status(&again), RefundStatus::Abnormal);
    assert!(later(HORIZON_S).decide(&again, &apply(&again)).is_ok(), "a person may apply again");
    let write = later(HORIZON_S).written(&order, &abnormal);
    assert_eq!(write.cases[0].kind, CaseKind::RefundAbnormal);
    assert!(write.cases[0].detail.contains("abnormal as before"), "{}", write.cases[0].detail);
}

/// News of the time before are re-sent for a day.
#[test]
fn a_notification_that_it_is_abnormal_changes_nothing_once_it_was_applied_for() {
    let order = applied();
    for seconds in [1, HORIZON_S, 80_000] {
        let said = later(seconds).decide(&order, &told(&order, RefundProgress::Abnormal));
        assert_eq!(said, Ok(Decision::AlreadyApplied), "{seconds}");
    }
    let arrived = later(1).play(&order, &told(&order, succeeded()));
    assert_eq!(status(&arrived), RefundStatus::Succeeded);
}

#[test]
fn a_refused_application_leaves_the_refund_abnormal_with_the_reason() {
    let order = applied();
    let refused = application_refused(&order, RefundProgress::Abnormal);
    let names = later(0).names(&order, &refused);
    assert_eq!(names, ["refund_application_refused", "refund_abnormal"]);
    let write = written(&order, &refused);
    let [case] = &write.cases[..] else { panic!("{:?}", write.cases) };
    assert_eq!((case.kind, case.subject.as_str()), (CaseKind::RefundAbnormal, no(&order).as_str()));
    assert!(case.detail.contains("PARAM_ERROR"), "{}", case.detail);
    let after = later(0).play(&order, &refused);
    assert_eq!(later(0).decide(&after, &refused), Ok(Decision::AlreadyApplied));
    assert!(later(0).decide(&after, &apply(&after)).is_ok());
}

/// It would be refused when it comes a second time, too.
#[test]
fn a_refusal_with_an_answer_that_cannot_be_is_refused() {
    let order = applied();
    let mut other = order.clone();
    other.refunds[0].amount = Fen::new(1);
    let refused = application_refused(&other, RefundProgress::Abnormal);
    let why = later(0).decide(&order, &refused).unwrap_err();
    assert!(matches!(why, Rejection::RefundDiffers { .. }), "{why:?}");
}

#[test]
fn a_refusal_of_an_earlier_application_says_nothing_of_a_later_one() {
    let order = applied();
    let refused = application_refused(&order, RefundProgress::Abnormal);
    let again = later(HORIZON_S).play(&order, &said(&order, RefundProgress::Abnormal));
    let anew = later(HORIZON_S + 1).play(&again, &apply(&again));
    assert_eq!(later(HORIZON_S + 2).decide(&anew, &refused), Ok(Decision::AlreadyApplied));
}

#[test]
fn a_refusal_with_another_answer_is_that_answer() {
    let order = applied();
    let processing = application_refused(&order, RefundProgress::Processing);
    assert_eq!(later(0).decide(&order, &processing), Ok(Decision::AlreadyApplied));
    let arrived = later(0).play(&order, &application_refused(&order, succeeded()));
    assert_eq!(status(&arrived), RefundStatus::Succeeded);
}

/// An application that was given up was taken after all: nobody is to pay it back by bank now.
#[test]
fn what_is_under_way_after_all_is_processing_again() {
    let refused = |order: &Order| application_refused(order, RefundProgress::Abnormal);
    let order = play(applied(), &[refused]);
    let processing = said(&order, RefundProgress::Processing);
    for (seconds, is_news) in [(1, false), (MINUTE_S - 1, false), (MINUTE_S, true)] {
        let said = later(seconds).decide(&order, &processing);
        assert_eq!(said != Ok(Decision::AlreadyApplied), is_news, "{seconds}: {said:?}");
    }
    assert_eq!(status(&later(MINUTE_S).play(&order, &processing)), RefundStatus::Processing);
    let before = abnormal();
    let old = later(MINUTE_S).decide(&before, &said(&before, RefundProgress::Processing));
    assert_eq!(old, Ok(Decision::AlreadyApplied), "what nobody applied for");
}

#[test]
fn what_goes_to_the_merchants_account_is_still_owed_by_a_person() {
    let to_merchant = |order: &Order| apply_to(order, CardOwner::Merchant);
    let order = play(abnormal(), &[to_merchant]);
    let arrived = said(&order, succeeded());
    let write = written(&order, &arrived);
    let [case] = &write.cases[..] else { panic!("{:?}", write.cases) };
    assert_eq!((case.kind, case.subject.as_str()), (CaseKind::RefundAbnormal, no(&order).as_str()));
    assert!(case.detail.contains("the merchant's own account"), "{}", case.detail);
    let ends = |write: &Changeset| {
        write.ended_cases.iter().any(|end| end.kind == CaseKind::RefundAbnormal)
    };
    assert!(!ends(&write), "it is not over with that");
    let kinds: Vec<OutgoingKind> = write.outgoing.iter().map(|told| told.kind).collect();
    assert_eq!(kinds, [OutgoingKind::RefundSucceeded, OutgoingKind::CaseOpened]);
    // Nor with the rest of the payment, when that goes back.
    let after = play(order, &[|order| said(order, succeeded())]);
    let rest = Moment::at(start()).named("rest").play(&after, &ask_as("REST-1", TOTAL_REST));
    let sent = later(60).play(&rest, &send(&rest));
    let number = no(&abnormal());
    let whole = later(60).written(&sent, &second_arrived(&sent));
    let is_about =
        |end: &CaseEnd| end.kind == CaseKind::RefundAbnormal && end.subject == number.as_str();
    assert!(!whole.ended_cases.iter().any(is_about), "{:?}", whole.ended_cases);
}

const TOTAL_REST: i64 = TOTAL - PART;

fn second_arrived(order: &Order) -> Command {
    second(order, succeeded())
}

/// What WeChat Pay says of the rest.
fn second(order: &Order, progress: RefundProgress) -> Command {
    let said = RefundStatement {
        refund_id: RefundId::new("R-2"),
        ..statement(order, TOTAL_REST, progress)
    };
    refund_fact(&no(order), RefundAtWechat::Known(said))
}

fn to_merchant(order: &Order) -> Command {
    apply_to(order, CardOwner::Merchant)
}

fn refused(order: &Order) -> Command {
    application_refused(order, RefundProgress::Abnormal)
}

/// WeChat Pay says that it is abnormal as before: nothing was heard of the application.
fn lost(order: &Order) -> Command {
    said(order, RefundProgress::Abnormal)
}

fn under_way(order: &Order) -> Command {
    said(order, RefundProgress::Processing)
}

/// The case of an arrival after all of this, each after what may still arrive of the one before: what it says, if
/// there is one.
fn case_of_arrival(commands: &[fn(&Order) -> Command]) -> Option<String> {
    let mut at = 0;
    let next = |order: Order, make: &fn(&Order) -> Command| {
        at += HORIZON_S;
        later(at).play(&order, &make(&order))
    };
    let order = commands.iter().fold(abnormal(), next);
    let write = written(&order, &said(&order, succeeded()));
    let is_over = write.ended_cases.iter().any(|end| end.kind == CaseKind::RefundAbnormal);
    assert_eq!(is_over, write.cases.is_empty(), "either it is over or a person is told");
    write.cases.into_iter().next().map(|case| case.detail)
}

const IS_THERE: &str = "where its money is now";
const MAY_BE_THERE: &str = "may be on the merchant's own account";

#[test]
fn what_was_refused_for_the_merchants_account_is_not_there() {
    assert_eq!(case_of_arrival(&[to_merchant, refused, apply]), None);
    assert_eq!(case_of_arrival(&[to_merchant, refused, apply, refused, apply]), None);
    assert_eq!(case_of_arrival(&[apply, refused, to_merchant, refused, apply]), None);
    let only = case_of_arrival(&[apply, refused, to_merchant]).expect("a case");
    assert!(only.contains(IS_THERE), "{only}");
}

/// What is done one after the other.
type Steps = &'static [fn(&Order) -> Command];

/// An application that nobody heard an answer to may have been taken, whatever another one became.
#[test]
fn where_nobody_can_tell_whose_card_it_was_a_person_looks_before_they_pay() {
    let both: [Steps; 6] = [
        &[to_merchant, lost, apply],
        &[apply, lost, to_merchant],
        &[to_merchant, lost, apply, lost, apply],
        &[to_merchant, lost, to_merchant, refused, apply],
        // Refused, and under way after all, or there all the same.
        &[to_merchant, refused, under_way, lost, apply],
        &[to_merchant, refused],
    ];
    for commands in both {
        let detail = case_of_arrival(commands).expect("a case");
        assert!(detail.contains(MAY_BE_THERE) && !detail.contains(IS_THERE), "{detail}");
        assert!(detail.contains("look at WeChat Pay's merchant platform"), "{detail}");
    }
    let merchants = case_of_arrival(&[to_merchant, lost, to_merchant]).expect("a case");
    assert!(merchants.contains(IS_THERE), "{merchants}");
    assert_eq!(case_of_arrival(&[apply, lost, apply]), None);
    assert_eq!(case_of_arrival(&[apply, lost, to_merchant, refused]), None, "the payer's it was");
}

#[test]
fn a_cancelled_orders_money_is_applied_for_too_and_the_order_stays_cancelled() {
    let whole = play(
        paid(),
        &[
            |_| Command::Cancel(CancelCause::Buyer),
            send,
            |order| said(order, RefundProgress::Abnormal),
        ],
    );
    assert_eq!(whole.status, OrderStatus::Cancelled);
    let surplus = play(surplus(), &[send, |order| said(order, RefundProgress::Abnormal)]);
    for order in [whole, surplus] {
        let applied = later(0).play(&order, &apply(&order));
        assert_eq!((applied.status, status(&applied)), (order.status, RefundStatus::Processing));
        let arrived = later(0).play(&applied, &said_of(&applied, last(&applied), succeeded()));
        assert_eq!((arrived.status, status(&arrived)), (order.status, RefundStatus::Succeeded));
    }
}

#[test]
fn the_last_look_at_what_was_paid_back_otherwise_counts_from_the_application() {
    let order = applied();
    let again = later(HORIZON_S).play(&order, &said(&order, RefundProgress::Abnormal));
    let anew = later(HORIZON_S + 1).play(&again, &apply(&again));
    let at = start().plus_seconds(HORIZON_S + 1);
    let refused = application_refused(&anew, RefundProgress::Abnormal);
    let refused = later(HORIZON_S + 2).play(&anew, &refused);
    let settled = later(HORIZON_S + 3).play(&refused, &settle_offline(&refused));
    let look = next_refund_look(last(&settled), at.plus_seconds(2), Pace::DESIGNED);
    assert_eq!(look, Some(at.plus_seconds(HORIZON_S)));
}
