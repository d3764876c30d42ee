//! A small part of the sweep: what every change has to pass. The whole of it is `cargo xtask sweep`.

use simulation::marks::Mark;
use simulation::matrix::Flow;
use simulation::mistakes::Mistake;
use simulation::plan::{Act, Place, Site};
use simulation::sweep::cases::{Case, counts, once};
use simulation::sweep::crew::{Gathered, play_all};
use simulation::sweep::scripts::{self, Script};
use std::collections::BTreeSet;

/// Every case of one fault whose place is `wanted`.
fn struck(
    script: &'static Script,
    mistake: Option<Mistake>,
    wanted: impl Fn(&Place) -> bool,
) -> Gathered {
    let calm = Case::calm(script).play(mistake, false);
    let mut all = Gathered::default();
    if calm.violation.is_none() {
        let mut cases = once(script, &calm);
        cases.retain(|case| case.strikes.iter().all(|(place, _)| wanted(place)));
        all = play_all(&cases, &calm, mistake, 2, &|_| {});
    } else {
        let case = Case::calm(script);
        let played = case.play(mistake, false);
        all.take(0, &case, &calm, played);
    }
    all
}

fn broken(gathered: &Gathered) -> Vec<&'static str> {
    gathered.violations.iter().map(|(_, _, violation)| violation.id).collect()
}

#[test]
fn a_payment_that_is_struck_anywhere_by_anything_is_settled_all_the_same() {
    let all = struck(scripts::named("paid").unwrap(), None, |_| true);
    let told: Vec<String> =
        all.violations.iter().map(|(_, case, v)| format!("{}: {v:?}", case.command())).collect();
    assert_eq!(told, Vec::<String>::new());
    assert!(all.runs > 200, "{} runs", all.runs);
    // The second is that of a failover that lost the order itself: its money went back.
    let endings = ["cancelled, jsapi surplus, all is back", "ready, paid by jsapi"];
    assert_eq!(all.endings.keys().collect::<Vec<_>>(), endings);
}

#[test]
fn bills_whose_fetching_is_struck_anywhere_by_anything_are_had_and_are_wechat_pays_own() {
    let all = struck(scripts::named("bills").unwrap(), None, |_| true);
    let told: Vec<String> =
        all.violations.iter().map(|(_, case, v)| format!("{}: {v:?}", case.command())).collect();
    assert_eq!(told, Vec::<String>::new());
    assert!(all.runs > 150, "{} runs", all.runs);
    let marks = [Mark::BillTaken, Mark::BillDamaged, Mark::BillLinkEnded, Mark::BillNotYet];
    let missed: Vec<&Mark> = marks.iter().filter(|mark| !all.marks.contains_key(mark)).collect();
    assert_eq!(missed, Vec::<&Mark>::new());
    let place = |place: &Place| (place.flow, place.what);
    let calm = Case::calm(scripts::named("bills").unwrap()).play(None, false);
    let places = calm.places.iter().map(place).filter(|(flow, _)| *flow == Flow::Bill);
    let places: Vec<&str> = places.map(|(_, what)| what).collect();
    let two = ["trade bill", "download bill", "fund flow bill", "download bill"];
    assert_eq!(places.last_chunk(), Some(&two));
}

#[test]
fn every_script_ends_as_it_says_when_nothing_strikes_and_is_the_same_run_again() {
    for script in scripts::all() {
        let played = Case::calm(script).play(None, false);
        assert_eq!(played.violation, None, "{}", script.name);
        assert_eq!(Some(&played.ending.words.as_str()), script.endings.first(), "{}", script.name);
        assert!(played.places.iter().any(counts), "{}", script.name);
        assert_eq!(Case::calm(script).play(None, false).hash, played.hash, "{}", script.name);
    }
}

#[test]
fn a_script_meets_what_it_is_about_when_nothing_strikes() {
    for (name, marks) in [
        ("price-moved", vec![Mark::PriceMoved, Mark::ChargedAsShown]),
        ("fees-moved", vec![Mark::PriceMoved, Mark::FeesMoved, Mark::ChargedAsShown]),
        ("package-moved", vec![Mark::PackageMoved, Mark::ChargedAsShown]),
        ("restocked", vec![Mark::RestockSold]),
        (
            "stock-corrected",
            vec![Mark::CorrectionRefused, Mark::StockMoveRepeated, Mark::StockTakenOut],
        ),
        ("recharge-owed", vec![Mark::BuyerOwes]),
        ("debt-set-off", vec![Mark::BuyerOwes, Mark::DebtSetOff]),
        ("refund-there-after-all", vec![Mark::RefundRejected, Mark::RefundThereAfterAll]),
        (
            "refund-there-after-all-paid-back",
            vec![Mark::RefundRejected, Mark::RefundSettledOffline],
        ),
    ] {
        let met = Case::calm(scripts::named(name).unwrap()).play(None, false).marks;
        let missed: Vec<&Mark> = marks.iter().filter(|mark| !met.contains_key(mark)).collect();
        assert_eq!(missed, Vec::<&Mark>::new(), "{name}");
    }
}

#[test]
fn a_refund_that_is_under_way_for_longer_than_a_failover_meets_none() {
    let script = scripts::named("refund-there-after-all").unwrap();
    let calm = Case::calm(script).play(None, false);
    let loses = |case: &Case| case.strikes.iter().any(|(_, named)| named.loses() > 0);
    assert!(!once(script, &calm).iter().any(loses));
}

#[test]
fn a_case_can_be_named_by_its_places_and_faults_and_is_the_same_run_again() {
    let script = scripts::named("paid").unwrap();
    let faults = ["Ca".to_owned(), "LE".to_owned()];
    let calm = Case::calm(script).play(None, false);
    let first = calm.places.iter().find(|place| place.what == "placed").unwrap().number;
    let struck = Case::parse(script, &[first], &faults[..1]).unwrap().play(None, false);
    let mut later = struck.places.iter().filter(|place| place.number > first && counts(place));
    let second = later.find(|place| place.site == Site::Commit).unwrap().number;
    let pair = Case::parse(script, &[first, second], &faults).unwrap();
    let points = format!("--point {first} --fault Ca --point {second} --fault LE");
    assert!(pair.command().ends_with(&points), "{}", pair.command());
    let played = pair.play(None, false);
    assert_eq!(played.violation, None);
    assert_eq!(played.hash, pair.play(None, true).hash);
    assert_ne!(played.hash, struck.hash);
    assert!(Case::parse(script, &[first], &["STALE".to_owned()]).is_err());
    assert!(Case::parse(script, &[99_999], &["Ca".to_owned()]).is_err());
}

#[test]
fn commits_that_a_failover_loses_leave_no_payment_without_its_end() {
    let script = scripts::named("switched-both-paid").unwrap();
    let calm = Case::calm(script).play(None, false);
    let mut cases = once(script, &calm);
    cases.retain(|case| case.strikes.iter().any(|(_, named)| named.loses() > 0));
    assert!(cases.len() > 50, "{} cases", cases.len());
    let all = play_all(&cases, &calm, None, 2, &|_| {});
    assert_eq!(broken(&all), Vec::<&str>::new());
    assert!(all.marks.contains_key(&Mark::SettlementLost), "{:?}", all.marks.keys());
}

#[test]
fn a_failover_and_a_node_that_stands_still_for_longer_do_not_meet() {
    let script = scripts::named("paid").unwrap();
    let calm = Case::calm(script).play(None, false);
    let lost = once(script, &calm).into_iter().find(|case| {
        case.strikes.iter().any(|(place, named)| place.site == Site::Commit && named.loses() == 1)
    });
    let lost = lost.unwrap();
    let pairs = lost.deeper(&lost.play(None, false));
    assert!(!pairs.is_empty());
    let races = |case: &Case| case.strikes.iter().any(|(_, named)| named.blow.act == Act::Races);
    assert!(!pairs.iter().any(races));
    let alone = once(script, &calm);
    assert!(alone.iter().any(races));
}

#[test]
fn whoever_acknowledges_a_notification_before_its_commit_is_found() {
    let all = struck(scripts::named("paid").unwrap(), Some(Mistake::AcknowledgesFirst), |_| true);
    assert_eq!(broken(&all), ["I28"]);
}

#[test]
fn whoever_takes_an_accepted_close_for_a_closed_payment_is_found() {
    let calls = |place: &Place| place.what == "prepay";
    let all = struck(
        scripts::named("cancelled-at-once").unwrap(),
        Some(Mistake::CloseMeansClosed),
        calls,
    );
    assert!(broken(&all).contains(&"I9"), "{:?}", broken(&all));
    assert_eq!(
        broken(&struck(scripts::named("cancelled-at-once").unwrap(), None, calls)),
        Vec::<&str>::new()
    );
}

#[test]
fn whoever_takes_silence_for_a_refusal_is_found() {
    let calls = |place: &Place| place.what == "prepay";
    let all = struck(scripts::named("paid").unwrap(), Some(Mistake::SilenceMeansRefused), calls);
    assert!(broken(&all).contains(&"U"), "{:?}", broken(&all));
}

#[test]
fn whoever_asks_after_a_failover_only_where_there_is_a_job_is_found() {
    let script = scripts::named("refund-approved-unsaid").unwrap();
    let calm = Case::calm(script).play(None, false);
    let mut cases = once(script, &calm);
    cases.retain(|case| case.strikes.iter().any(|(_, named)| named.loses() > 0));
    let broken_with = |mistake| {
        let all = play_all(&cases, &calm, mistake, 2, &|_| {});
        broken(&all).into_iter().collect::<BTreeSet<_>>()
    };
    assert_eq!(broken_with(Some(Mistake::RouseMovesJobsAlone)), BTreeSet::from(["I44"]));
    assert_eq!(broken_with(None), BTreeSet::new());
}
