//! What people see of cases.

use super::Stores;
use crate::sample;
use domain::Timestamp;
use domain::case::{Case, CaseAction, CaseKind, CaseOpening, CaseStatus, DETAIL_MAX};
use domain::changeset::Changeset;
use domain::fact::Trade;
use domain::job::JobKind;
use domain::order::{CancelCause, Command};
use domain::ports::{CaseAnswer, CaseChange, CaseList, CommitAnswer, Finish};
use std::collections::BTreeSet;

fn at(seconds: i64) -> Timestamp {
    sample::start().plus_seconds(seconds)
}

fn all() -> CaseList {
    CaseList { limit: 100, ..CaseList::default() }
}

async fn list(stores: &Stores, query: CaseList) -> Vec<Case> {
    let page = stores.cases.cases(&query).await.unwrap();
    assert!(!page.more);
    page.cases
}

async fn open(stores: &Stores, kind: CaseKind, subject: &str, seconds: i64) {
    let name = format!("{}-{subject}-{seconds}", kind.name());
    let mut changeset = Changeset::without_order(sample::intent(&name), at(seconds));
    let detail = format!("seen after {seconds} s");
    changeset.cases = vec![CaseOpening { kind, subject: subject.to_owned(), detail }];
    assert_eq!(stores.orders.commit(changeset).await, CommitAnswer::Committed);
}

pub async fn a_page_of_cases_is_newest_first_and_goes_on_where_it_ended(stores: &Stores) {
    assert!(list(stores, all()).await.is_empty());
    // Some at the same instant: then their ids say which comes first.
    for (n, seconds) in [30, 10, 20, 20, 20, 40, 10].into_iter().enumerate() {
        open(stores, CaseKind::Stock, &format!("S-{n}"), seconds).await;
    }
    let whole = list(stores, all()).await;
    assert_eq!(whole.len(), 7);
    let keys: Vec<_> = whole.iter().map(|case| (case.opened_at, case.id)).collect();
    assert!(keys.windows(2).all(|pair| pair[0] > pair[1]), "newest first: {keys:?}");
    let (mut pages, mut query) = (Vec::new(), CaseList { limit: 2, ..all() });
    loop {
        let page = stores.cases.cases(&query).await.unwrap();
        assert!(page.cases.len() <= 2);
        query.after = page.cases.last().map(|case| (case.opened_at, case.id));
        pages.extend(page.cases);
        if !page.more {
            break;
        }
    }
    assert_eq!(pages, whole);
}

pub async fn cases_are_found_by_kind_status_subject_and_time(stores: &Stores) {
    open(stores, CaseKind::Stock, "S-1", 10).await;
    open(stores, CaseKind::Surplus, "S-1", 20).await;
    open(stores, CaseKind::Surplus, "S-2", 30).await;
    let subjects = |query| async move {
        let found = list(stores, query).await;
        found.into_iter().map(|case| (case.kind.name(), case.subject)).collect::<Vec<_>>()
    };
    let (one, two) = (("surplus", "S-1".to_owned()), ("surplus", "S-2".to_owned()));
    let stock = ("stock", "S-1".to_owned());
    let of_kind = CaseList { kind: Some(CaseKind::Surplus), ..all() };
    assert_eq!(subjects(of_kind.clone()).await, [two.clone(), one.clone()]);
    let of_subject = CaseList { subject: Some("S-1".to_owned()), ..all() };
    assert_eq!(subjects(of_subject).await, [one.clone(), stock.clone()]);
    let both = CaseList { subject: Some("S-1".to_owned()), ..of_kind };
    assert_eq!(subjects(both).await, std::slice::from_ref(&one));
    assert!(subjects(CaseList { subject: Some("S-".to_owned()), ..all() }).await.is_empty());
    assert!(subjects(CaseList { kind: Some(CaseKind::Stuck), ..all() }).await.is_empty());
    assert_eq!(subjects(CaseList { status: Some(CaseStatus::Open), ..all() }).await.len(), 3);
    for status in CaseStatus::ALL.into_iter().filter(|status| *status != CaseStatus::Open) {
        assert!(subjects(CaseList { status: Some(status), ..all() }).await.is_empty());
    }
    let since = CaseList { opened_from: Some(at(20)), ..all() };
    assert_eq!(subjects(since.clone()).await, [two, one.clone()], "at or after");
    let between = CaseList { opened_to: Some(at(30)), ..since };
    assert_eq!(subjects(between).await, [one], "before");
    let first = CaseList { opened_to: Some(at(20)), ..all() };
    assert_eq!(subjects(first).await, [stock]);
}

pub async fn one_case_is_open_per_kind_and_subject(stores: &Stores) {
    open(stores, CaseKind::Stock, "S-1", 10).await;
    open(stores, CaseKind::Stock, "S-1", 20).await;
    let found = list(stores, all()).await;
    let [case] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(case.opened_at, at(10), "the first");
    assert_eq!((case.status, &case.order), (CaseStatus::Open, &None));
    open(stores, CaseKind::Stuck, "S-1", 30).await;
    open(stores, CaseKind::Stock, "S-2", 40).await;
    assert_eq!(list(stores, all()).await.len(), 3, "another kind or subject is another case");
}

pub async fn a_case_names_its_order_when_there_is_one(stores: &Stores) {
    let order = stores.open_order(1).await;
    let cancelling = stores.step(&order, &Command::Cancel(CancelCause::Buyer), at(10)).await;
    let cancelled = stores.step(&cancelling, &sample::says(&order, Trade::Closed), at(20)).await;
    stores.step(&cancelled, &sample::success(&order, "T-1"), at(30)).await;
    let of_kind = |kind| CaseList { kind: Some(kind), ..all() };
    let found = list(stores, of_kind(CaseKind::Surplus)).await;
    let [case] = found.as_slice() else { panic!("{found:?}") };
    let number = Some(order.number.clone());
    assert_eq!((&case.order, case.opened_at), (&number, at(30)));
    assert_eq!(case.subject, sample::out_trade_no(&order).as_str());

    // So does the case of a job that is set aside; each kind of number leads there.
    let other = stores.open_order(2).await;
    let jobs = stores.jobs.claim(at(9_999), 9, 600_000).await.unwrap();
    for job in &jobs {
        let why = "it fails and fails".to_owned();
        assert!(stores.jobs.finish(&job.fence, Finish::Park(why)).await.unwrap());
    }
    let found = list(stores, of_kind(CaseKind::Stuck)).await;
    assert_eq!(found.len(), 3, "follow and expire, and the first one's refund: {found:?}");
    for case in &found {
        let of_refund = case.subject.starts_with("follow_refund:");
        let owner = if of_refund { &order } else { &other };
        assert_eq!(case.order, Some(owner.number.clone()));
        assert_eq!((&*case.detail, case.status), ("it fails and fails", CaseStatus::Open));
    }
    let subjects: BTreeSet<_> = found.into_iter().map(|case| case.subject).collect();
    let parked: BTreeSet<_> = jobs.into_iter().map(|job| job.fence.job.to_string()).collect();
    assert_eq!(subjects, parked);
}

/// What somebody does with a case as it was read.
fn change(case: &Case, action: &CaseAction, key: &str) -> CaseChange {
    let Ok(moved) = case.decide(action) else { panic!("{} refuses", case.subject) };
    let replay = sample::replay(key, None);
    CaseChange { id: case.id, expected: case.status, moved, audit: sample::audit(key), replay }
}

pub async fn a_case_is_decided_about_once_and_as_it_was_read(stores: &Stores) {
    open(stores, CaseKind::Stock, "S-1", 1).await;
    let read = list(stores, all()).await.remove(0);
    assert_eq!((read.assignee.as_deref(), read.note.as_deref()), (None, None));
    let assign = change(&read, &CaseAction::Assign { to: "王五".to_owned() }, "assign");
    assert_eq!(stores.cases.change_case(&assign).await.unwrap(), CaseAnswer::Changed);
    let taken = stores.cases.case(read.id).await.unwrap().expect("a case");
    let expected =
        Case {
            status: CaseStatus::NeedsHuman, assignee: Some("王五".to_owned()), ..read.clone()
        };
    assert!(taken == expected, "{taken:?}");
    let before = stores.dump().await;
    assert_eq!(stores.cases.change_case(&assign).await.unwrap(), CaseAnswer::Replayed);
    let note = || "counted again".to_owned();
    let late = change(&read, &CaseAction::Accept { note: note() }, "late");
    assert_eq!(stores.cases.change_case(&late).await.unwrap(), CaseAnswer::Moved);
    assert_eq!(stores.dump().await, before, "nothing was written");
    let scope = sample::scope("assign");
    let record = stores.orders.replay(&scope).await.unwrap().expect("a key");
    assert_eq!((record.fingerprint, record.order), (assign.replay.fingerprint.clone(), None));

    let resolve = change(&taken, &CaseAction::Resolve { note: note() }, "resolve");
    assert_eq!(stores.cases.change_case(&resolve).await.unwrap(), CaseAnswer::Changed);
    let closed = stores.cases.case(read.id).await.unwrap().expect("a case");
    let expected = Case { status: CaseStatus::Resolved, note: Some(note()), ..taken };
    assert!(closed == expected, "{closed:?}");
    // The same trouble again is another case.
    open(stores, CaseKind::Stock, "S-1", 2).await;
    let statuses = list(stores, all()).await.into_iter().map(|case| case.status);
    assert_eq!(statuses.collect::<Vec<_>>(), [CaseStatus::Open, CaseStatus::Resolved]);
    let nobodys = domain::CaseId::new(uuid::Uuid::from_u128(77));
    assert!(stores.cases.case(nobodys).await.unwrap().is_none());
    let nobodys = CaseChange { id: nobodys, replay: sample::replay("none", None), ..assign };
    assert_eq!(stores.cases.change_case(&nobodys).await.unwrap(), CaseAnswer::Moved);
}

/// Requirement S0.8, and jobs that were set aside.
pub async fn the_work_of_a_case_is_due_again_when_somebody_says_so(stores: &Stores) {
    open(stores, CaseKind::UnknownOrder, "NUMBER-1", 1).await;
    let case = list(stores, all()).await.remove(0);
    assert!(stores.jobs.claim(at(60), 10, 60_000).await.unwrap().is_empty());
    let retry = change(&case, &CaseAction::Retry, "retry");
    assert_eq!(stores.cases.change_case(&retry).await.unwrap(), CaseAnswer::Changed);
    let claimed = stores.jobs.claim(at(60), 10, 60_000).await.unwrap();
    let [job] = claimed.as_slice() else { panic!("{claimed:?}") };
    let about = &job.fence.job;
    assert_eq!((about.kind, about.subject.as_str()), (JobKind::ResolveOrphan, "NUMBER-1"));
    let parked = Finish::Park("it fails and fails".to_owned());
    assert!(stores.jobs.finish(&job.fence, parked).await.unwrap());
    assert!(stores.jobs.claim(at(9_999), 10, 60_000).await.unwrap().is_empty(), "set aside");
    let stuck = CaseList { kind: Some(CaseKind::Stuck), ..all() };
    let stuck = list(stores, stuck).await.remove(0);
    let retry = change(&stuck, &CaseAction::Retry, "again");
    assert_eq!(stores.cases.change_case(&retry).await.unwrap(), CaseAnswer::Changed);
    let claimed = stores.jobs.claim(at(60), 10, 60_000).await.unwrap();
    assert_eq!(claimed.len(), 1, "it goes on");
    let healing = stores.cases.case(stuck.id).await.unwrap().expect("a case");
    assert_eq!(healing.status, CaseStatus::Healing);
}

/// A person's second trouble with the same number is not swallowed by the first.
pub async fn what_else_is_found_while_a_case_is_open_is_told_there(stores: &Stores) {
    for seconds in [10, 20] {
        open(stores, CaseKind::RefundMismatch, "R-1", seconds).await;
    }
    let opening = |detail: String| CaseOpening {
        kind: CaseKind::RefundMismatch,
        subject: "R-1".to_owned(),
        detail,
    };
    let open_again = async |name: &str, details: [String; 2]| {
        let mut changeset = Changeset::without_order(sample::intent(name), at(30));
        changeset.cases = details.map(opening).into();
        assert_eq!(stores.orders.commit(changeset).await, CommitAnswer::Committed);
        let found = list(stores, all()).await;
        let [case] = found.as_slice() else { panic!("{found:?}") };
        case.detail.clone()
    };
    let both = "seen after 10 s; seen after 20 s";
    let same = ["seen after 10 s", "seen after 20 s"].map(str::to_owned);
    assert_eq!(open_again("same", same).await, both, "each once");
    let noise = ["错".repeat(DETAIL_MAX), "too late".to_owned()];
    let detail = open_again("noise", noise).await;
    assert_eq!(detail.chars().count(), DETAIL_MAX, "it has an end");
    assert!(detail.starts_with(both));
}

/// Who had it tried again is not left with a case that seems to heal.
pub async fn what_trying_again_did_not_help_is_shown_as_before(stores: &Stores) {
    for (subject, assignee, expected) in
        [("NUMBER-1", None, CaseStatus::Open), ("NUMBER-2", Some("王五"), CaseStatus::NeedsHuman)]
    {
        open(stores, CaseKind::Foreign, subject, 1).await;
        let of_subject = || CaseList { subject: Some(subject.to_owned()), ..all() };
        let mut case = list(stores, of_subject()).await.remove(0);
        if let Some(to) = assignee {
            let assign = change(&case, &CaseAction::Assign { to: to.to_owned() }, subject);
            assert_eq!(stores.cases.change_case(&assign).await.unwrap(), CaseAnswer::Changed);
            case = list(stores, of_subject()).await.remove(0);
        }
        let retry = change(&case, &CaseAction::Retry, &format!("retry-{subject}"));
        assert_eq!(stores.cases.change_case(&retry).await.unwrap(), CaseAnswer::Changed);
        // Its job finds what it found before.
        let same = Changeset {
            cases: vec![CaseOpening {
                kind: CaseKind::Foreign,
                subject: subject.to_owned(),
                detail: case.detail.clone(),
            }],
            ..Changeset::without_order(sample::intent(&format!("again-{subject}")), at(2))
        };
        assert_eq!(stores.orders.commit(same).await, CommitAnswer::Committed);
        let again = list(stores, of_subject()).await.remove(0);
        assert_eq!((again.id, again.status, &again.detail), (case.id, expected, &case.detail));
    }
}

/// So is work that was set aside, tried again, and is set aside again.
pub async fn work_that_is_set_aside_again_is_shown_as_before(stores: &Stores) {
    stores.open_order(1).await;
    let park = async |why: &str| {
        let jobs = stores.jobs.claim(at(9_999), 1, 600_000).await.unwrap();
        let [job] = jobs.as_slice() else { panic!("{jobs:?}") };
        assert!(stores.jobs.finish(&job.fence, Finish::Park(why.to_owned())).await.unwrap());
        list(stores, CaseList { kind: Some(CaseKind::Stuck), ..all() }).await.remove(0)
    };
    let stuck = park("it fails").await;
    let retry = change(&stuck, &CaseAction::Retry, "again");
    assert_eq!(stores.cases.change_case(&retry).await.unwrap(), CaseAnswer::Changed);
    let again = park("it fails in another way").await;
    assert_eq!((again.id, again.status), (stuck.id, CaseStatus::Open));
    assert_eq!(again.detail, "it fails; it fails in another way");
    assert_eq!(again.order, stuck.order);
}
