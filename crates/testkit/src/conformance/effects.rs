//! What may happen once, cases that end, and the life of the database.

use super::{Stores, refunds};
use crate::sample;
use domain::buyer::Selection;
use domain::case::{CaseEnd, CaseKind, CaseOpening, CaseStatus};
use domain::changeset::{Changeset, Refusal};
use domain::job::{JobId, JobKind};
use domain::order::Command;
use domain::ports::{CaseList, CommitAnswer, Finish, OrderKey};
use domain::refund::Asker;
use domain::{CommandId, Timestamp};

const LONG_MS: u64 = 600_000;

fn at(seconds: i64) -> Timestamp {
    sample::start().plus_seconds(seconds)
}

fn naming(command: &str, effects: &[&str]) -> Changeset {
    let mut changeset = Changeset::without_order(sample::intent(command), sample::start());
    changeset.effects = effects.iter().map(|&effect| effect.to_owned()).collect();
    changeset
}

pub async fn an_effect_happens_once(stores: &Stores) {
    let first = naming("a", &["settled:1", "surplus:1"]);
    assert_eq!(stores.orders.commit(first.clone()).await, CommitAnswer::Committed);
    assert_eq!(stores.orders.commit(first).await, CommitAnswer::AlreadyCommitted, "by its name");
    let before = stores.dump().await;
    for (command, effects, taken) in [
        ("b", &["settled:1"][..], "settled:1"),
        ("c", &["surplus:2", "surplus:1", "settled:1"], "settled:1"),
        ("d", &["once:1", "once:1"], "once:1"),
    ] {
        let answer = stores.orders.commit(naming(command, effects)).await;
        let refusal = Refusal::EffectTaken(taken.to_owned());
        assert_eq!(answer, CommitAnswer::GuardRefused(refusal), "{command}");
    }
    assert_eq!(stores.dump().await, before);
    let known = stores.orders.committed(&CommandId::stored("b".to_owned())).await;
    assert_eq!(known, Ok(false), "and whoever was refused has not been there");
}

/// The state machine does not do this; a second guard stands under it.
pub async fn an_order_is_settled_once_whatever_the_state_machine_thinks(stores: &Stores) {
    let order = stores.open_order(1).await;
    let taken = naming("somebody", &[&format!("settled:{}", order.id)]);
    assert_eq!(stores.orders.commit(taken).await, CommitAnswer::Committed);
    let before = stores.dump().await;
    let paid = sample::success(&order, "T-1");
    let answer = stores.give(&order, &paid, sample::intent("pay")).await;
    let refusal = Refusal::EffectTaken(format!("settled:{}", order.id));
    assert_eq!(answer, CommitAnswer::GuardRefused(refusal));
    assert_eq!(stores.dump().await, before);
}

async fn commit(stores: &Stores, name: &str, opened: &[CaseOpening], ended: &[CaseEnd]) {
    let mut changeset = Changeset::without_order(sample::intent(name), sample::start());
    changeset.cases = opened.to_vec();
    changeset.ended_cases = ended.to_vec();
    assert_eq!(stores.orders.commit(changeset).await, CommitAnswer::Committed);
}

/// How the cases of a subject stand, in the order of their ids' instants.
async fn statuses(stores: &Stores, subject: &str) -> Vec<CaseStatus> {
    let subject = Some(subject.to_owned());
    let query = CaseList { subject, limit: 100, ..CaseList::default() };
    let page = stores.cases.cases(&query).await.unwrap();
    let mut found: Vec<CaseStatus> = page.cases.into_iter().map(|case| case.status).collect();
    found.sort();
    found
}

pub async fn a_case_ends_with_what_it_was_about(stores: &Stores) {
    let opening = |kind, subject: &str| CaseOpening {
        kind,
        subject: subject.to_owned(),
        detail: "seen".to_owned(),
    };
    let end = |kind, subject: &str| CaseEnd { kind, subject: subject.to_owned() };
    let surplus = opening(CaseKind::Surplus, "T-1");
    let others = [opening(CaseKind::Surplus, "T-2"), opening(CaseKind::Stock, "T-1")];
    commit(stores, "open", &[&[surplus.clone()][..], &others].concat(), &[]).await;
    commit(stores, "end", &[], &[end(CaseKind::Surplus, "T-1"), end(CaseKind::Stuck, "T-9")]).await;
    assert_eq!(statuses(stores, "T-1").await, [CaseStatus::Open, CaseStatus::Resolved]);
    assert_eq!(statuses(stores, "T-2").await, [CaseStatus::Open], "another's goes on");
    assert!(statuses(stores, "T-9").await.is_empty(), "none is made");
    // The same again is another case; the one that is over stays as it is.
    commit(stores, "again", std::slice::from_ref(&surplus), &[]).await;
    let three = [CaseStatus::Open, CaseStatus::Open, CaseStatus::Resolved];
    assert_eq!(statuses(stores, "T-1").await, three);
    // What is found in the commit that ends what was found before is looked at by somebody.
    commit(stores, "both", &[surplus], &[end(CaseKind::Surplus, "T-1")]).await;
    let four = [CaseStatus::Open, CaseStatus::Open, CaseStatus::Resolved, CaseStatus::Resolved];
    assert_eq!(statuses(stores, "T-1").await, four);
}

pub async fn whatever_decides_is_read_with_the_epoch(stores: &Stores) {
    let order = stores.open_order(1).await;
    let epoch = stores.orders.epoch().await.unwrap();
    assert_eq!(stores.orders.epoch().await.unwrap(), epoch, "it lives on");
    let loaded = stores.orders.load(&OrderKey::Id(order.id)).await.unwrap().unwrap();
    assert_eq!(loaded.epoch, epoch);
    let buyer = order.buyer.unwrap();
    let basis = stores.book.checkout_basis(buyer, &Selection::Everything, 1, None).await.unwrap();
    assert_eq!(basis.epoch, epoch);
    assert_eq!(loaded.value.epoch, sample::epoch(), "as it was recorded");
}

pub async fn what_was_decided_in_another_life_of_the_database_is_a_conflict(stores: &Stores) {
    let order = stores.open_order(1).await;
    let before = stores.dump().await;
    let cancel = Command::Cancel(domain::order::CancelCause::Buyer);
    let deciding = || super::deciding(&order, &cancel, sample::intent("cancel"));
    let elsewhere = deciding().decided_in(&domain::Epoch::new("0000002A.0"));
    assert_eq!(stores.orders.commit(elsewhere).await, CommitAnswer::Conflict);
    assert_eq!(stores.dump().await, before);
    let epoch = stores.orders.epoch().await.unwrap();
    let here = deciding().decided_in(&epoch);
    assert_eq!(stores.orders.commit(here).await, CommitAnswer::Committed);
}

pub async fn a_lost_life_has_everything_about_money_looked_at_again(stores: &Stores) {
    let order = refunds::paid_order(stores, 1).await;
    let ask = sample::refund_ask(Some(100), Asker::Service);
    let order = stores.step(&order, &ask, at(20)).await;
    let number = order.refunds[0].out_refund_no.clone();
    let send = Command::SendRefund { out_refund_no: number.clone() };
    stores.step(&order, &send, at(20)).await;
    let (refund, other) = (JobId::refund(&number), stores.open_order(2).await);
    let payment = JobId::follow(&sample::out_trade_no(&other));
    let mut set_aside = stores.jobs.claim(at(9_999), 9, LONG_MS).await.unwrap();
    set_aside.retain(|job| job.fence.job != JobId::expire(&other.number));
    for job in &set_aside {
        assert!(stores.jobs.finish(&job.fence, Finish::Again(at(900))).await.unwrap());
    }
    let names = |jobs: Vec<domain::ports::LeasedJob>| {
        let mut names: Vec<JobId> = jobs.into_iter().map(|job| job.fence.job).collect();
        names.sort();
        names
    };
    let both = [payment.clone(), refund.clone()];
    assert!(stores.jobs.claim(at(100), 9, LONG_MS).await.unwrap().is_empty());
    assert_eq!(stores.jobs.rouse(at(100)).await.unwrap(), 2, "but not what is not about money");
    assert_eq!(stores.jobs.rouse(at(100)).await.unwrap(), 0, "they are due already");
    assert_eq!(stores.jobs.rouse(at(200)).await.unwrap(), 0, "never later");
    let held = stores.jobs.claim(at(100), 9, LONG_MS).await.unwrap();
    assert_eq!(names(held.clone()), both);
    assert!(held.iter().all(|job| !job.wanted), "no client waits for them");
    // Those in hand were begun before it was known.
    assert_eq!(stores.jobs.rouse(at(300)).await.unwrap(), 2);
    assert_eq!(stores.jobs.rouse(at(400)).await.unwrap(), 0);
    for job in &held {
        assert!(stores.jobs.finish(&job.fence, Finish::Again(at(900))).await.unwrap());
    }
    let held = stores.jobs.claim(at(300), 9, LONG_MS).await.unwrap();
    assert_eq!(names(held.clone()), both);
    for job in &held {
        let finish = if job.fence.job.kind == JobKind::FollowRefund {
            Finish::Park("it fails and fails".to_owned())
        } else {
            Finish::Done
        };
        assert!(stores.jobs.finish(&job.fence, finish).await.unwrap());
    }
    assert_eq!(stores.jobs.rouse(at(400)).await.unwrap(), 0, "what waits for a person goes on so");
}

/// In commits that are lost somebody may have said how they go on.
pub async fn a_lost_life_has_refunds_that_wait_for_a_person_asked_about(stores: &Stores) {
    let order = refunds::paid_order(stores, 1).await;
    let ask = sample::refund_ask(Some(100), Asker::Service);
    let order = stores.step(&order, &ask, at(20)).await;
    let number = order.refunds[0].out_refund_no.clone();
    let refused = domain::order::RefundAnswer::Refused { code: "TRADE_OVERDUE".to_owned() };
    let send = Command::SendRefund { out_refund_no: number.clone() };
    let order = stores.step(&order, &send, at(20)).await;
    let call = Command::RecordRefundCall { out_refund_no: number.clone(), answer: refused };
    let order = stores.step(&order, &call, at(20)).await;
    let nothing = sample::no_refund(&number);
    stores.step(&order, &nothing, at(9_000)).await;
    let names = || async {
        let claimed = stores.jobs.claim(at(99_999), 9, LONG_MS).await.unwrap();
        claimed.into_iter().map(|job| job.fence.job).collect::<Vec<_>>()
    };
    assert!(!names().await.contains(&JobId::refund(&number)), "it waits for a person");
    assert_eq!(stores.jobs.rouse(at(9_100)).await.unwrap(), 1);
    assert_eq!(stores.jobs.rouse(at(9_100)).await.unwrap(), 0, "once");
    assert_eq!(names().await, [JobId::refund(&number)]);
}

/// Also after somebody said no: the yes, and that the payer has the money, may be among what is lost.
pub async fn a_no_leaves_a_refund_that_a_lost_life_may_have_sent_to_be_asked_about(
    stores: &Stores,
) {
    let order = refunds::paid_order(stores, 1).await;
    let order = stores.step(&order, &Command::Ship(sample::shipment("SF-1", true)), at(10)).await;
    let ask = sample::refund_ask(Some(100), Asker::Buyer);
    let order = stores.step(&order, &ask, at(20)).await;
    let number = order.refunds[0].out_refund_no.clone();
    assert!(order.refunds[0].waits_for_a_person());
    let ours = |jobs: Vec<domain::ports::LeasedJob>| {
        jobs.into_iter().find(|job| job.fence.job == JobId::refund(&number))
    };
    assert!(ours(stores.jobs.claim(at(29), 9, LONG_MS).await.unwrap()).is_none());
    assert_eq!(stores.jobs.rouse(at(30)).await.unwrap(), 1);
    let decline = Command::DeclineRefund { out_refund_no: number.clone() };
    stores.step(&order, &decline, at(40)).await;
    let asked = ours(stores.jobs.claim(at(40), 9, LONG_MS).await.unwrap()).expect("its job");
    assert!(stores.jobs.finish(&asked.fence, Finish::Done).await.unwrap());
    assert!(ours(stores.jobs.claim(at(99_999), 9, LONG_MS).await.unwrap()).is_none(), "once");
}
