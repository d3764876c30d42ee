//! What is promised, told and opened when a refund gets somewhere.

use super::super::moment::Moment;
use super::super::refund_samples::{
    PART, ask, call_refused, call_unknown, closed, console, decline, no, not_exist, paid, payable,
    play, refund_fact, refund_seen_first, rejected, retry, said, send, settle_offline, shipped,
    statement, succeeded, surplus, withdraw,
};
use super::super::samples::{TOTAL, start, success};
use crate::case::{CaseEnd, CaseKind};
use crate::changeset::Changeset;
use crate::fact::{RefundAtWechat, RefundProgress, RefundStatement};
use crate::job::{JobChange, JobId};
use crate::names::{Appid, Mchid};
use crate::order::{CancelCause, Command, HORIZON_S, Order, WalletPayment};
use crate::outgoing::OutgoingKind;
use crate::refund::Asker;
use crate::{OutRefundNo, OutTradeNo};

fn written(order: &Order, command: &Command) -> Changeset {
    Moment::at(start()).written(order, command)
}

fn told(order: &Order, command: &Command) -> Vec<OutgoingKind> {
    written(order, command).outgoing.iter().map(|outgoing| outgoing.kind).collect()
}

fn opened(order: &Order, command: &Command) -> Vec<(CaseKind, String)> {
    let cases = written(order, command).cases;
    cases.into_iter().map(|case| (case.kind, case.subject)).collect()
}

fn sending() -> Order {
    play(shipped(), &[|_| ask(PART, Asker::Operator), send])
}

fn refused() -> Order {
    play(sending(), &[call_refused])
}

fn end(kind: CaseKind, subject: &str) -> CaseEnd {
    CaseEnd { kind, subject: subject.to_owned() }
}

/// Every case that may be open about a refund's own number.
fn ends_about(number: &OutRefundNo) -> Vec<CaseEnd> {
    let job = format!("follow_refund:{number}");
    let about = [CaseKind::RefundAbnormal, CaseKind::RefundMismatch, CaseKind::Stuck];
    let about = about.map(|kind| end(kind, number.as_str()));
    about.into_iter().chain([end(CaseKind::Stuck, &job)]).collect()
}

#[test]
fn the_outside_hears_what_becomes_of_a_refund() {
    let asked = told(&shipped(), &ask(PART, Asker::Operator));
    assert_eq!(asked, [OutgoingKind::RefundRequested]);
    let order = sending();
    assert_eq!(told(&order, &call_unknown(&order)), []);
    for (progress, kinds) in [
        (RefundProgress::Processing, &[][..]),
        (succeeded(), &[OutgoingKind::RefundSucceeded]),
        (RefundProgress::Abnormal, &[OutgoingKind::RefundAbnormal, OutgoingKind::CaseOpened]),
        (RefundProgress::Closed, &[OutgoingKind::RefundClosed, OutgoingKind::RefundRequested]),
    ] {
        assert_eq!(told(&order, &said(&order, progress)), kinds, "{progress:?}");
    }
    let rejected = told(&refused(), &not_exist(&refused()));
    assert_eq!(rejected, [OutgoingKind::CaseOpened]);
    let abnormal = play(sending(), &[|order| said(order, RefundProgress::Abnormal)]);
    assert_eq!(told(&abnormal, &settle_offline(&abnormal)), [OutgoingKind::RefundSucceeded]);
}

#[test]
fn what_is_told_names_the_refund() {
    let order = sending();
    let written = written(&order, &said(&order, succeeded()));
    assert_eq!(written.outgoing[0].subject.as_deref(), Some(no(&order).as_str()));
}

#[test]
fn one_made_elsewhere_is_shown_to_a_person_and_the_outside_hears_the_end() {
    let (mismatch, trouble) = (CaseKind::RefundMismatch, CaseKind::RefundAbnormal);
    let (stock, opens) = (CaseKind::Stock, OutgoingKind::CaseOpened);
    for (progress, kinds, about) in [
        (RefundProgress::Processing, &[opens, opens][..], &[mismatch, stock][..]),
        (succeeded(), &[OutgoingKind::RefundSucceeded, opens, opens], &[mismatch, stock]),
        (
            RefundProgress::Abnormal,
            &[OutgoingKind::RefundAbnormal, opens, opens, opens],
            &[mismatch, trouble, stock],
        ),
        // It takes nothing, and changes nothing.
        (RefundProgress::Closed, &[OutgoingKind::RefundClosed, opens], &[trouble]),
    ] {
        let fact = console(&shipped(), PART, progress);
        assert_eq!(told(&shipped(), &fact), kinds, "{progress:?}");
        let about: Vec<_> = about.iter().map(|kind| (*kind, "console-1".to_owned())).collect();
        assert_eq!(opened(&shipped(), &fact), about, "{progress:?}");
    }
}

/// Nobody but a person knows whether it was meant.
#[test]
fn that_one_was_made_elsewhere_stays_a_case_when_the_money_arrives() {
    let number = OutRefundNo::stated("console-1").unwrap();
    let case = end(CaseKind::RefundMismatch, number.as_str());
    for amount in [PART, TOTAL] {
        let order = Moment::at(start())
            .play(&shipped(), &console(&shipped(), amount, RefundProgress::Processing));
        let ended = written(&order, &said(&order, succeeded())).ended_cases;
        assert!(!ended.contains(&case), "{ended:?}");
        assert!(ended.contains(&end(CaseKind::RefundAbnormal, number.as_str())));
    }
}

#[test]
fn the_case_says_what_became_of_ours() {
    let detail = |order: &Order, amount| {
        let fact = console(order, amount, succeeded());
        written(order, &fact).cases[0].detail.clone()
    };
    let order = play(shipped(), &[|_| ask(PART, Asker::Operator)]);
    let beside = detail(&order, TOTAL - PART);
    assert!(!beside.contains("gave way"), "{beside}");
    let instead = detail(&order, TOTAL - 1);
    assert!(instead.contains("gave way"), "{instead}");
    assert!(instead.contains(&format!("{PART} fen")), "{instead}");
    assert!(instead.contains("1 fen of it are asked for again"), "{instead}");
}

/// The one automatic refund is ours, whoever tells us of it.
#[test]
fn an_automatic_refund_whose_record_was_lost_is_no_mismatch() {
    let mut order = surplus();
    let fact = said(&order, RefundProgress::Processing);
    order.refunds.clear();
    assert_eq!(opened(&order, &fact), []);
    assert_eq!(told(&order, &fact), []);
}

#[test]
fn a_person_is_told_when_a_refund_cannot_go_on_by_itself() {
    let order = sending();
    let case = (CaseKind::RefundAbnormal, no(&order).as_str().to_owned());
    let abnormal = said(&order, RefundProgress::Abnormal);
    let the_case = std::slice::from_ref(&case);
    assert_eq!(opened(&order, &abnormal), the_case);
    assert_eq!(opened(&refused(), &not_exist(&refused())), the_case);
    let given_up = rejected(play(shipped(), &[|_| ask(PART, Asker::Operator)]));
    let closed_for_good = said(&given_up, RefundProgress::Closed);
    assert_eq!(opened(&given_up, &closed_for_good), the_case);
    let replaced = said(&order, RefundProgress::Closed);
    assert_eq!(opened(&order, &replaced), [], "it goes on under another number");
    assert_eq!(opened(&order, &said(&order, RefundProgress::Processing)), []);
}

#[test]
fn what_is_wrong_is_said_in_words() {
    let detail = |order: &Order, command: &Command| written(order, command).cases[0].detail.clone();
    let order = sending();
    let abnormal = detail(&order, &said(&order, RefundProgress::Abnormal));
    assert!(abnormal.contains("could not bring the money"), "{abnormal}");
    let rejected_detail = detail(&refused(), &not_exist(&refused()));
    assert!(rejected_detail.contains("USER_ACCOUNT_ABNORMAL"), "{rejected_detail}");
    let given_up = rejected(play(shipped(), &[|_| ask(PART, Asker::Operator)]));
    let closed = detail(&given_up, &said(&given_up, RefundProgress::Closed));
    assert!(closed.contains("closed the refund"), "{closed}");
}

#[test]
fn the_case_of_a_refund_ends_when_the_payer_has_the_money() {
    let order = rejected(play(shipped(), &[|_| ask(PART, Asker::Operator)]));
    let ends = ends_about(&no(&order));
    assert_eq!(written(&order, &settle_offline(&order)).ended_cases, ends);
    let late = said(&order, succeeded());
    assert_eq!(written(&order, &late).ended_cases, ends);
    let on_its_way = said(&order, RefundProgress::Processing);
    assert_eq!(written(&order, &on_its_way).ended_cases, []);
}

/// But for what WeChat Pay says of an earlier one and we do not: the payer may have that as well.
#[test]
fn what_a_replacement_pays_back_ends_the_cases_of_the_whole_chain() {
    let order = rejected(play(shipped(), &[|_| ask(PART, Asker::Operator)]));
    let first = no(&order);
    let order = play(order, &[|order| said(order, RefundProgress::Closed), retry]);
    let order = Moment::at(start().plus_seconds(60)).play(&order, &send(&order));
    let mut ends = [no(&order), first.clone()].map(|number| ends_about(&number)).concat();
    ends.retain(|end| (end.kind, &*end.subject) != (CaseKind::RefundMismatch, first.as_str()));
    assert_eq!(written(&order, &said(&order, succeeded())).ended_cases, ends);
}

#[test]
fn the_cases_of_a_surplus_end_when_all_of_it_is_back() {
    let order = play(surplus(), &[send]);
    let number = order.number.as_str();
    let fact = said(&order, succeeded());
    let about = ends_about(&no(&order));
    let surplus = [end(CaseKind::Surplus, number), end(CaseKind::AmountMismatch, number)];
    let ends = [about, surplus.to_vec()].concat();
    assert_eq!(written(&order, &fact).ended_cases, ends);
    let kinds = [OutgoingKind::RefundSucceeded, OutgoingKind::CaseResolved];
    assert_eq!(told(&order, &fact), kinds);
}

/// Rejected, begun again, and then somebody was quicker: nothing is left to be done about it.
#[test]
fn the_case_of_a_refund_that_gave_way_to_another_ends() {
    let order = play(rejected(play(shipped(), &[|_| ask(PART, Asker::Operator)])), &[retry]);
    let written = written(&order, &console(&order, TOTAL, succeeded()));
    for about in ends_about(&no(&order)) {
        assert!(written.ended_cases.contains(&about), "{about:?} stays open");
    }
}

#[test]
fn that_a_number_is_anothers_is_said_in_words() {
    let order = sending();
    let theirs = RefundStatement {
        out_trade_no: OutTradeNo::parse("another-system-1").unwrap(),
        ..statement(&order, PART, succeeded())
    };
    let fact = refund_fact(&no(&order), RefundAtWechat::Known(theirs));
    let case = &written(&order, &fact).cases[0];
    assert_eq!((case.kind, case.subject.as_str()), (CaseKind::RefundAbnormal, no(&order).as_str()));
    assert!(case.detail.contains("another refund's"), "{}", case.detail);
}

/// What WeChat Pay showed as refunded was not our refund: an operator made it in the console.
#[test]
fn a_surplus_that_somebody_paid_back_elsewhere_is_over_too() {
    let order = refund_seen_first();
    let order = play(order, &[not_exist]);
    let part = console(&order, PART, succeeded());
    let surplus_case = end(CaseKind::RefundMismatch, order.number.as_str());
    assert!(!written(&order, &part).ended_cases.contains(&surplus_case), "only a part");
    let order = Moment::at(start()).play(&order, &part);
    let rest = RefundAtWechat::Known(statement(&order, TOTAL - PART, succeeded()));
    let number = OutRefundNo::stated("console-2").unwrap();
    let rest = refund_fact(&number, rest);
    assert!(written(&order, &rest).ended_cases.contains(&surplus_case));
    assert!(told(&order, &rest).contains(&OutgoingKind::CaseResolved));
}

#[test]
fn that_the_payer_has_the_money_is_an_effect_of_its_own() {
    let order = sending();
    let name = [format!("refunded:{}", no(&order))];
    assert_eq!(written(&order, &said(&order, succeeded())).effects, name);
    assert!(written(&order, &said(&order, RefundProgress::Processing)).effects.is_empty());
    let abnormal = play(order, &[|order| said(order, RefundProgress::Abnormal)]);
    assert_eq!(written(&abnormal, &settle_offline(&abnormal)).effects, name);
    let elsewhere = console(&shipped(), PART, succeeded());
    assert_eq!(written(&shipped(), &elsewhere).effects, ["refunded:console-1"]);
    let elsewhere = console(&shipped(), PART, RefundProgress::Processing);
    assert!(written(&shipped(), &elsewhere).effects.is_empty());
}

#[test]
fn a_surplus_and_its_refund_are_promised_together() {
    let order = payable();
    let wrong = success(&order, 1, "T-1", 1);
    let changeset = written(&order, &wrong);
    let refund = JobId::refund(&OutRefundNo::of_surplus(order.payments[0].out_trade_no()));
    assert!(changeset.jobs.contains(&JobChange::Ensure { id: refund, due_at: start() }));
    assert_eq!(changeset.effects, [format!("surplus:{}", order.number)]);
    let kinds = [CaseKind::AmountMismatch];
    assert_eq!(changeset.cases.iter().map(|case| case.kind).collect::<Vec<_>>(), kinds);
}

#[test]
fn what_was_rejected_is_asked_about_once_more_and_then_let_be() {
    let order = refused();
    let job = JobId::refund(&no(&order));
    let last_look = JobChange::Ensure { id: job.clone(), due_at: start().plus_seconds(HORIZON_S) };
    assert!(written(&order, &not_exist(&order)).jobs.contains(&last_look));
    let late = Moment::at(start().plus_seconds(HORIZON_S)).written(&order, &not_exist(&order));
    assert!(late.jobs.contains(&JobChange::Remove { id: job }));
}

#[test]
fn a_ready_order_that_is_refunded_whole_is_no_longer_expected_to_be_paid() {
    let order = play(paid(), &[|_| ask(PART, Asker::Operator)]);
    let rest = Moment::at(start()).named("rest").written(&order, &ask(TOTAL - PART, Asker::Buyer));
    let expire = JobChange::Remove { id: JobId::expire(&order.number) };
    assert!(rest.jobs.contains(&expire));
    let refund = JobId::refund(&no(&rest.order.unwrap().order));
    assert!(rest.jobs.contains(&JobChange::Ensure { id: refund, due_at: start() }));
}

#[test]
fn the_replacement_is_promised_with_the_end_of_what_it_replaces() {
    let order = sending();
    let changeset = written(&order, &said(&order, RefundProgress::Closed));
    let first = order.refunds[0].clone();
    let after = closed(play(shipped(), &[|_| ask(PART, Asker::Operator)]));
    let ends = JobChange::Remove { id: JobId::refund(&first.out_refund_no) };
    let begins = JobChange::Ensure { id: JobId::refund(&no(&after)), due_at: start() };
    assert!(changeset.jobs.contains(&ends) && changeset.jobs.contains(&begins));
    assert_eq!(changeset.order.unwrap().refunds.len(), 2);
}

/// The yes, and that the payer has the money, may be among commits that a failover has lost.
#[test]
fn what_is_declined_withdrawn_or_gives_way_unsent_is_asked_about_once() {
    let waits = play(shipped(), &[|_| ask(PART, Asker::Buyer)]);
    let ready = Moment::at(start()).approving_above(0).play(&paid(), &ask(PART, Asker::Operator));
    let ways = [
        (&waits, decline(&waits)),
        (&waits, withdraw(&waits)),
        (&ready, Command::Cancel(CancelCause::Buyer)),
    ];
    for (order, end) in ways {
        let (number, asks) = (order.refunds[0].out_refund_no.clone(), start().plus_seconds(60));
        let written = Moment::at(asks).written(order, &end);
        let job = JobChange::Ensure { id: JobId::refund(&number), due_at: asks };
        assert!(written.jobs.contains(&job), "{:?}", written.jobs);
    }
    // What is not sent to WeChat Pay is in our own ledger.
    let names = WalletPayment { mchid: Mchid::new("1"), appid: Appid::new("wx1") };
    let order = Moment::at(start()).play(&payable(), &Command::PayFromWallet(names));
    let order = Moment::at(start()).approving_above(0).play(&order, &ask(PART, Asker::Operator));
    let job = JobChange::Remove { id: JobId::refund(&no(&order)) };
    assert!(written(&order, &decline(&order)).jobs.contains(&job));
}
