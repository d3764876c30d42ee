//! The theorem.

use model::{Bounds, Flaw, Model, Payer, explore};

fn bounds() -> Bounds {
    Bounds {
        failovers: 0,
        has_late_commits: true,
        has_lag: true,
        has_refusals: true,
        payer: Payer::HoldsCredential,
    }
}

fn run(name: &str, bounds: Bounds, flaw: Option<Flaw>) {
    let mut model = Model::new(bounds, flaw);
    let explored = explore(&mut model);
    println!("==== {name}: {explored}");
    if let Some(story) = &explored.violation {
        println!("{story}");
    }
}

#[test]
fn holds() {
    run("all", Bounds { failovers: 1, ..bounds() }, None);
}
#[test]
#[ignore]
fn other() {
    for flaw in [Flaw::CloseIsProof, Flaw::CancellingReleases, Flaw::NotExistIsProof, Flaw::VersionIgnored, Flaw::AnswersKeep] {
        run(&format!("{flaw:?}"), bounds(), Some(flaw));
    }
    run("leaks", Bounds { payer: Payer::KnowsEveryNumber, has_refusals: false, ..bounds() }, None);
    run("leaks, refusals", Bounds { payer: Payer::KnowsEveryNumber, ..bounds() }, None);
    run("no late", Bounds { has_late_commits: false, ..bounds() }, None);
    run("failover no late", Bounds { has_late_commits: false, failovers: 1, ..bounds() }, None);
}
