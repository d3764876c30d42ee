//! What the model notices: flaws that are planted around the real decisions, and assumptions that
//! are taken away. Each must be found, by the name of the invariant.
#![cfg(test)]

use model::{Bounds, Flaw, Model, Payer, explore};

/// The invariant that is broken, in the fewest steps that it takes.
fn broken(bounds: Bounds, flaw: Option<Flaw>) -> &'static str {
    let story = explore(&mut Model::new(bounds, flaw)).violation.expect("a violation");
    eprintln!("{story}");
    story.broken.invariant
}

fn planted(bounds: Bounds, flaw: Flaw) -> &'static str {
    broken(bounds, Some(flaw))
}

#[test]
fn a_204_taken_for_the_proof_of_a_close_is_found() {
    let faults = Bounds { has_lag: true, ..Bounds::calm() };
    assert_eq!(planted(faults, Flaw::CloseIsProof), "I9");
}

#[test]
fn stock_that_is_released_when_cancelling_begins_is_found() {
    assert_eq!(planted(Bounds::calm(), Flaw::CancellingReleases), "I22");
}

#[test]
fn does_not_exist_taken_for_the_end_before_the_horizon_is_found() {
    let faults = Bounds { has_lag: true, ..Bounds::calm() };
    assert_eq!(planted(faults, Flaw::NotExistIsProof), "I9");
}

#[test]
fn an_answer_that_counts_for_when_it_is_recorded_is_found() {
    let faults = Bounds { has_lag: true, ..Bounds::calm() };
    assert_eq!(planted(faults, Flaw::AnswersKeep), "I1");
}

#[test]
fn a_commit_without_its_version_is_found() {
    let faults = Bounds { has_late_commits: true, ..Bounds::calm() };
    assert_eq!(planted(faults, Flaw::VersionIgnored), "I8");
}

/// After a failover the same version may be another order.
#[test]
fn a_commit_from_before_a_failover_at_the_same_version_is_found() {
    let faults = Bounds { failovers: 1, has_late_commits: true, ..Bounds::calm() };
    assert_eq!(planted(faults, Flaw::EpochIgnored), "I8");
}

/// Rule 14.
#[test]
fn without_asking_again_after_a_failover_a_payment_that_was_refunded_is_settled() {
    let faults = Bounds { failovers: 1, ..Bounds::calm() };
    assert_eq!(planted(faults, Flaw::NotAskedAgain), "I12");
}

/// Why an error of WeChat Pay, proven by one query, may end a payment before the horizon: nobody
/// holds what is needed to pay it. If somebody did, an earlier request could still arrive.
#[test]
fn a_refusal_is_believed_early_only_because_credentials_do_not_leak() {
    let payer = Payer::KnowsEveryNumber;
    let faults = Bounds { has_refusals: true, payer, ..Bounds::calm() };
    assert_eq!(broken(faults, None), "I9");
}

/// A request for a refund that is decided before a failover and arrives after it returns money that
/// settles the order by then. A known limit: time alone protects against it (`docs/model.md`, 3).
#[test]
fn a_refund_request_that_outlives_a_failover_is_found() {
    let faults = Bounds { failovers: 1, has_refunds_across_failovers: true, ..Bounds::calm() };
    assert_eq!(broken(faults, None), "I12");
}

/// A known limit: a refund that a buyer asked for, and that a failover lost, is learned of from its
/// notification or the bill alone; until then the order is shown as paid (`docs/model.md`, 5).
#[test]
fn a_refund_on_request_that_a_failover_lost_is_found() {
    let faults = Bounds { failovers: 1, has_cancels_of_paid: true, ..Bounds::calm() };
    assert_eq!(broken(faults, None), "I12");
}
