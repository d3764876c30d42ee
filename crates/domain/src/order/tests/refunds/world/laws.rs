//! What is true in every world, whatever happens in it.

use super::acts::History;
use super::drawn::worlds;
use super::{There, World, is_over, keeps_nothing};
use crate::case::CaseKind;
use crate::order::{Decision, Order, OrderStatus};
use crate::refund::{Asker, Refund, RefundKind, RefundState, RefundStatus};
use crate::stock::HoldStatus;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;

/// How many worlds each law is tried on, unless `PROPTEST_CASES` says otherwise.
const WORLDS: u32 = 512;

/// A world is a long story, of which few steps are the reason.
const SHRINKS_MAX: u32 = 20_000;

fn cases() -> ProptestConfig {
    let asked = |variable| std::env::var(variable).ok().and_then(|count| count.parse().ok());
    ProptestConfig {
        max_shrink_iters: asked("PROPTEST_MAX_SHRINK_ITERS").unwrap_or(SHRINKS_MAX),
        ..ProptestConfig::with_cases(asked("PROPTEST_CASES").unwrap_or(WORLDS))
    }
}

/// Every place that is counted, and how many of the worlds reach it at least: about a quarter of those that do, so that
/// another way of drawing them is no failure.
const PLACES: [(&str, usize); 13] = [
    ("a chain", 59),
    ("cancelled", 77),
    ("commits were lost", 67),
    ("declined", 11),
    ("declined while it went on, and cancelled", 10),
    ("gave way", 17),
    ("made elsewhere", 43),
    ("one of ours whose record was lost", 14),
    ("otherwise there than it was asked for", 48),
    ("a person said how much is owed", 29),
    ("sent although it had been given up", 9),
    ("told to a person", 77),
    ("the rest goes back by itself", 19),
];

fn places(world: &World) -> Vec<&'static str> {
    let refunds = &world.order().refunds;
    let any = |is: fn(&Refund) -> bool| refunds.iter().any(is);
    let is_external = |refund: &Refund| refund.kind == RefundKind::External;
    let reached = [
        ("a chain", any(|refund| refund.replaces.is_some())),
        ("cancelled", world.order().status == OrderStatus::Cancelled),
        ("commits were lost", world.commits_lost > 0),
        ("declined", any(|refund| refund.state == RefundState::Declined)),
        (
            "declined while it went on, and cancelled",
            refunds.iter().any(|refund| {
                let over = world.order().cancelled_at;
                refund.state == RefundState::Declined && over > Some(refund.created_at)
            }),
        ),
        ("gave way", any(|refund| refund.state == RefundState::Withdrawn)),
        ("made elsewhere", refunds.iter().any(is_external)),
        (
            "one of ours whose record was lost",
            refunds.iter().any(|r| is_external(r) && r.out_refund_no.is_of_our_shape()),
        ),
        ("otherwise there than it was asked for", any(|refund| refund.asked.is_some())),
        ("a person said how much is owed", world.wanted.word.is_some()),
        ("sent although it had been given up", given_up_and_back(world).next().is_some()),
        ("told to a person", world.is_told_of_a_mismatch()),
        (
            "the rest goes back by itself",
            any(|r| r.asked_by == Asker::Paydesk && r.kind == RefundKind::Requested),
        ),
    ];
    reached.into_iter().filter_map(|(place, is_there)| is_there.then_some(place)).collect()
}

/// What WeChat Pay has brought although goods were sent because it had been given up.
fn given_up_and_back(world: &World) -> impl Iterator<Item = &Refund> {
    let order = world.order();
    let is_back = |refund: &&Refund| matches!(refund.state, RefundState::Succeeded { .. });
    let was_sent_before = |refund: &&Refund| {
        refund.sent_at.is_none_or(|sent| order.shipments.first().is_some_and(|s| s.at > sent))
    };
    let given_up = order.refunds.iter().filter(|r| world.given_up.contains(&r.out_refund_no));
    given_up.filter(is_back).filter(was_sent_before)
}

/// What a person has a case about, or has to say yes to, or has said no to for good, in fen.
fn left_to_people(world: &World) -> i64 {
    let order = world.order();
    let is_meant = |refund: &Refund| {
        let is_surplus = order.settled_payment().is_none();
        is_surplus || order.cancelled_at.is_some_and(|over| refund.created_at >= over)
    };
    let waits = |refund: &&Refund| match refund.state.status() {
        RefundStatus::AwaitingApproval => true,
        RefundStatus::Declined => is_meant(refund),
        RefundStatus::Rejected | RefundStatus::Closed => {
            world.is_open(CaseKind::RefundAbnormal, refund.out_refund_no.as_str())
        }
        RefundStatus::Withdrawn
        | RefundStatus::Requested
        | RefundStatus::Sending
        | RefundStatus::Unknown
        | RefundStatus::Processing
        | RefundStatus::Succeeded
        | RefundStatus::Abnormal
        | RefundStatus::SettledOffline => false,
    };
    let is_last = |refund: &&Refund| order.replacement_of(&refund.out_refund_no).is_none();
    let left = order.refunds.iter().filter(is_last).filter(waits);
    left.map(|refund| refund.amount.get()).sum()
}

/// The order after both, one after the other; `None` where one of them is no news.
fn told_both(world: &World, facts: [&There; 2]) -> Option<Order> {
    let moment = world.moment();
    facts.into_iter().try_fold(world.order().clone(), |order, fact| {
        let Ok(Decision::Record(events)) = moment.decide(&order, &fact.said(&order)) else {
            return None;
        };
        Some(order.after(&events))
    })
}

/// What was wrong at once, in the words of the world.
fn nothing_of(history: &History, what: fn(&World) -> &Vec<String>) -> Result<(), TestCaseError> {
    let world = World::at_its_end(history);
    prop_assert!(what(&world).is_empty(), "{:?} {}", what(&world), world.shown());
    Ok(())
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn what_is_paid_back_is_what_the_books_say_or_a_person_reads_of_it(history in worlds()) {
        let world = World::at_its_end(&history);
        let really = world.paid_back();
        let booked = world.order().paid_back(1).get();
        prop_assert!(really == booked || world.is_told_of_a_mismatch(), "{} and {}: {}", really, booked, world.shown());
    }

    #[test]
    fn no_more_is_paid_back_than_was_wanted_or_a_person_reads_of_it(history in worlds()) {
        let world = World::at_its_end(&history);
        let really = world.paid_back();
        let wanted = world.wanted_at_most(world.order());
        prop_assert!(really <= wanted || world.is_told_of_a_mismatch(), "{} of {}: {}", really, wanted, world.shown());
    }

    #[test]
    fn news_begin_no_more_than_is_wanted(history in worlds()) {
        nothing_of(&history, |world| &world.begun_too_much)?;
    }

    /// Nor stays it here: the next law.
    #[test]
    fn news_send_no_rest_of_a_cancelled_order_against_a_no(history in worlds()) {
        nothing_of(&history, |world| &world.begun_against_a_no)?;
    }

    #[test]
    fn all_of_which_the_order_keeps_nothing_is_back_or_with_a_person(history in worlds()) {
        let world = World::at_its_end(&history);
        if keeps_nothing(world.order()) {
            let owed = world.wanted.word.map_or(world.paid(), |word| word.min(world.paid()));
            let really = world.paid_back();
            let left = left_to_people(&world);
            prop_assert!(really + left >= owed, "{} and {} of {}: {}", really, left, owed, world.shown());
        }
    }

    #[test]
    fn who_has_goods_and_their_money_is_known_to_a_person(history in worlds()) {
        let world = World::at_its_end(&history);
        let is_told = world.is_open(CaseKind::RefundMismatch, world.order().number.as_str());
        let both = given_up_and_back(&world).next();
        prop_assert!(both.is_none() || is_told, "{:?}: {}", both, world.shown());
    }

    #[test]
    fn every_refund_comes_to_its_end_or_to_a_person(history in worlds()) {
        let world = World::at_its_end(&history);
        prop_assert!(world.is_at_rest, "{}", world.shown());
        for refund in world.order().refunds.iter().filter(|refund| refund.is_live()) {
            let number = refund.out_refund_no.as_str();
            let is_told = world.last().open_cases.iter().any(|(_, subject)| subject == number);
            prop_assert!(is_told, "{:?}: {}", refund, world.shown());
        }
        for hold in &world.order().holds {
            let is_back = hold.status != HoldStatus::Committed || hold.returned_quantity == hold.quantity;
            let is_cancelled = world.order().status == OrderStatus::Cancelled;
            prop_assert!(is_back || !is_cancelled, "{:?}: {}", hold, world.shown());
        }
    }

    #[test]
    fn what_is_decided_twice_is_already_applied(history in worlds()) {
        nothing_of(&history, |world| &world.decided_twice)?;
    }

    /// What is under way brings it, or it is begun again: only of ends the same follows at once.
    #[test]
    fn ends_of_two_refunds_of_a_cancelled_order_come_to_the_same_in_either_order(history in worlds()) {
        let world = World::after(&history);
        if world.order().status == OrderStatus::Cancelled {
            let ends = || world.wechat.refunds.iter().filter(|there| is_over(there.progress));
            for (one, other) in ends().flat_map(|one| ends().map(move |other| (one, other))) {
                let both = (told_both(&world, [one, other]), told_both(&world, [other, one]));
                let (Some(first), Some(last)) = both else { continue };
                prop_assert_eq!(
                    (first.reserved(1), first.status),
                    (last.reserved(1), last.status),
                    "{:?} and {:?}: {}", one, other, world.shown()
                );
            }
        }
    }
}

/// The laws say nothing about what they never reach.
#[test]
fn the_worlds_reach_every_place() {
    let mut runner = TestRunner::deterministic();
    let mut reached: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..WORLDS {
        let history = worlds().new_tree(&mut runner).unwrap().current();
        for place in places(&World::at_its_end(&history)) {
            *reached.entry(place).or_default() += 1;
        }
    }
    for (place, least) in PLACES {
        let often = reached.get(place).copied().unwrap_or(0);
        assert!(often >= least, "{place}: {often} of {least}; {reached:?}");
    }
}
