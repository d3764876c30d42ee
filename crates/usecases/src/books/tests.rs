//! What is found in the books, and what becomes of a part that cannot be read.

use super::Findings;
use crate::mocks::{MockDrawer, MockGateway, MockRules, desk, ready};
use crate::overheard::Overheard;
use crate::samples::{now, store};
use domain::CaseId;
use domain::case::{Case, CaseKind, CaseStatus};
use domain::changeset::Changeset;
use domain::ports::{CaseListing, CommitAnswer, InvariantReport, Part, StoreError};
use std::sync::{Arc, Mutex};
use tracing::Level;

const EVERY_MS: u64 = 600_000;

type Found = Result<Vec<InvariantReport>, StoreError>;

fn report(id: &'static str, sample: &[&str]) -> InvariantReport {
    InvariantReport {
        id,
        says: "what was stocked is somewhere",
        violations: u64::try_from(sample.len()).unwrap(),
        sample: sample.iter().map(|name| (*name).to_owned()).collect(),
    }
}

/// There are two cases, both about the same rule: a person left one as it is, and resolved the other.
fn drawer() -> MockDrawer {
    let mut drawer = MockDrawer::new();
    drawer.expect_cases().returning(|query| {
        assert_eq!(query.limit, 1, "the newest alone");
        let subject = query.subject.clone().unwrap();
        let status = match subject.as_str() {
            "I30:accepted" | "I31:accepted" | "I31:others" => Some(CaseStatus::Accepted),
            "I30:resolved" => Some(CaseStatus::Resolved),
            _ => None,
        };
        let cases = status.into_iter().map(|status| Case {
            id: CaseId::parse("018f0000-0000-7000-8000-000000000001").unwrap(),
            kind: query.kind.unwrap(),
            subject: subject.clone(),
            status,
            detail: "the books differ".to_owned(),
            assignee: None,
            note: Some("known since the move".to_owned()),
            order: None,
            opened_at: now(),
        });
        ready(Ok(CaseListing { cases: cases.collect(), more: false }))
    });
    drawer
}

/// What one look finds when each part answers so, and what it wrote.
async fn look(
    answers: Vec<CommitAnswer>,
    of: fn(Part) -> Found,
) -> (Option<Findings>, Vec<Changeset>) {
    let (orders, written) = store(Vec::new(), answers);
    let mut rules = MockRules::new();
    rules.expect_check_part().returning(move |part, _pace| ready(of(part)));
    let mut desk = desk(orders, MockGateway::new(), now());
    desk.invariants = Arc::new(rules);
    desk.cases = Arc::new(drawer());
    let findings = desk.check_books(EVERY_MS).await.unwrap();
    let written: Arc<Mutex<Vec<Changeset>>> = written;
    let written = written.lock().unwrap().clone();
    (findings, written)
}

#[tokio::test]
async fn that_the_books_agree_is_said_only_where_they_do() {
    for (sample, said) in [(&[][..], 1), (&["P2"][..], 0)] {
        let overheard = Overheard::listen();
        let (orders, _) = store(Vec::new(), vec![CommitAnswer::Committed; 5]);
        let mut rules = MockRules::new();
        rules
            .expect_check_part()
            .returning(move |_, _pace| ready(Ok(vec![report("I20a", sample)])));
        let mut desk = desk(orders, MockGateway::new(), now());
        desk.invariants = Arc::new(rules);
        desk.cases = Arc::new(drawer());
        desk.check_books(EVERY_MS).await.unwrap();
        assert_eq!(overheard.count(Level::INFO, "books.agree"), said);
    }
}

#[tokio::test]
async fn books_that_agree_open_no_case() {
    let all_true = |_| Ok(vec![report("I2a", &[])]);
    let (findings, written) = look(vec![CommitAnswer::Committed], all_true).await;
    assert_eq!(findings, Some(Findings::default()));
    assert_eq!(written.len(), 1, "that somebody looked");
    assert!(written[0].cases.is_empty() && written[0].order.is_none());
}

#[tokio::test]
async fn what_differs_is_a_case_for_each_thing_by_its_name_and_a_part_that_fails_stops_no_other() {
    let found = |part| match part {
        Part::Payments => Err(StoreError::Unavailable("too slow".to_owned())),
        Part::Goods => Ok(vec![report("I21b", &["tea", "cup"]), report("I22a", &[])]),
        Part::Settlements => Ok(vec![report("I20a", &["P2"])]),
        Part::Work => Ok(vec![report("I36a", &["P1"])]),
    };
    let (findings, written) = look(vec![CommitAnswer::Committed; 4], found).await;
    let expected =
        Findings { broken: vec!["I21b", "I20a", "I36a"], unchecked: vec![Part::Payments] };
    assert_eq!(findings, Some(expected));
    let cases: Vec<(CaseKind, &str)> = written
        .iter()
        .flat_map(|changeset| &changeset.cases)
        .map(|case| (case.kind, case.subject.as_str()))
        .collect();
    assert_eq!(
        cases,
        [
            (CaseKind::Stock, "I21b:tea"),
            (CaseKind::Stock, "I21b:cup"),
            (CaseKind::Ledger, "I20a:P2"),
            (CaseKind::Stuck, "I36a:P1"),
        ]
    );
    assert!(written.iter().all(|changeset| changeset.order.is_none()), "nothing is repaired");
}

#[tokio::test]
async fn of_several_processes_one_looks_in_each_stretch_of_time() {
    let nobody_asks = |_| -> Found { panic!("asked") };
    let (findings, written) = look(vec![CommitAnswer::AlreadyCommitted], nobody_asks).await;
    assert_eq!(findings, None);
    let again = look(vec![CommitAnswer::AlreadyCommitted], nobody_asks).await.1;
    assert_eq!(written[0].command_id, again[0].command_id, "the same name at the same time");
}

#[tokio::test]
async fn what_a_person_accepted_is_not_asked_about_again_and_hides_nothing() {
    let subjects = |written: &[Changeset]| -> Vec<String> {
        written.iter().flat_map(|told| &told.cases).map(|case| case.subject.clone()).collect()
    };
    let found = |part| match part {
        Part::Goods => Ok(vec![report("I30", &["accepted", "resolved", "new"])]),
        Part::Payments | Part::Settlements | Part::Work => Ok(Vec::new()),
    };
    let (findings, written) = look(vec![CommitAnswer::Committed; 2], found).await;
    assert_eq!(findings.unwrap().broken, ["I30"], "it is still so");
    assert_eq!(subjects(&written), ["I30:resolved", "I30:new"]);

    let only_that = |part| match part {
        Part::Goods => Ok(vec![report("I30", &["accepted"])]),
        Part::Payments | Part::Settlements | Part::Work => Ok(Vec::new()),
    };
    let (_, written) = look(vec![CommitAnswer::Committed], only_that).await;
    assert_eq!(subjects(&written), [""; 0]);

    let more_than_named = |part| match part {
        Part::Goods => Ok(vec![InvariantReport { violations: 2, ..report("I30", &["accepted"]) }]),
        Part::Payments | Part::Settlements | Part::Work => Ok(Vec::new()),
    };
    let (_, written) = look(vec![CommitAnswer::Committed; 2], more_than_named).await;
    assert_eq!(subjects(&written), ["I30:others"]);

    let those_may_stay_too = |part| match part {
        Part::Goods => Ok(vec![InvariantReport { violations: 2, ..report("I31", &["accepted"]) }]),
        Part::Payments | Part::Settlements | Part::Work => Ok(Vec::new()),
    };
    let (findings, written) = look(vec![CommitAnswer::Committed], those_may_stay_too).await;
    assert_eq!(findings.unwrap().broken, ["I31"]);
    assert_eq!(subjects(&written), [""; 0]);
}
