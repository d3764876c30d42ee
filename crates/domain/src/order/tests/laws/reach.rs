//! Where the histories come: the laws say nothing about what they never reach.

use super::super::histories::{Asked, History, histories};
use super::money::keeps_its_amount;
use crate::fact::RefundProgress;
use crate::order::{Command, Decision, Event, Order, OrderStatus, RefundOf, Rejection};
use crate::refund::{NUMBER_TAKEN, REFUNDS_MAX, Refund, RefundKind, RefundState, RefundStatus};
use crate::{Fen, OutRefundNo};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use std::collections::{BTreeMap, BTreeSet};

/// So many histories are drawn, always the same.
const HISTORIES: u32 = 2 * super::CASES;

/// Every place that is counted, and how many of the histories reach it at least: about a quarter of those that do,
/// so that another way of drawing them is no failure.
const PLACES: [(&str, usize); 33] = [
    ("a chain of two refunds", 79),
    ("a chain of three", 33),
    ("two chains, of two payments", 4),
    ("one that was replaced is there, and so is what replaced it", 3),
    ("one that was given up is there, and what replaced it gives way", 9),
    ("closed after it was there after all", 8),
    ("refused twice, and asked for again", 1),
    ("its number is another's", 15),
    ("by lines, and then by amount all that is left", 2),
    ("by amount, and then by lines all that is left", 4),
    ("fees follow the last goods", 1),
    ("goods come back with a refund", 8),
    ("goods of a refund that is cut anew", 1),
    ("two surplus payments", 20),
    ("a surplus of which a person says how much is owed", 19),
    ("so much of it is named twice", 5),
    ("the limit of refunds", 7),
    ("declined, and asked for again", 6),
    ("tried again, and waits for another person", 4),
    ("approved by another person", 6),
    ("paid back otherwise, and then it succeeded", 6),
    ("commits were lost under a refund", 29),
    ("all of it back of what was shipped", 4),
    ("all of it back before it was shipped", 13),
    ("shipped, and its money is there after all", 3),
    ("a refund to the wallet", 9),
    ("a coupon comes back", 1),
    ("made elsewhere, and ours gives way", 31),
    ("a replacement whose record was lost", 12),
    ("more of it at WeChat Pay than was asked for", 1),
    ("less of it at WeChat Pay, and the rest goes back, too", 1),
    ("it is there, and its goods are in another that was sent", 1),
    ("it is there, and what was asked for the same goods gives way", 1),
];

fn status(refund: &Refund) -> RefundStatus {
    refund.state.status()
}

fn length(order: &Order, refund: &Refund) -> usize {
    let before = |refund: &Refund| order.refund(refund.replaces.as_ref()?);
    std::iter::successors(before(refund), |refund| before(refund)).count() + 1
}

/// What an order shows.
fn of_order(order: &Order) -> Vec<&'static str> {
    let mut places = Vec::new();
    let mut reached = |place, is_there: bool| places.extend(is_there.then_some(place));
    let longest = order.refunds.iter().map(|refund| length(order, refund)).max().unwrap_or(0);
    reached("a chain of two refunds", longest >= 2);
    reached("a chain of three", longest >= 3);
    let replaced = order.refunds.iter().filter(|refund| refund.replaces.is_some());
    let payments: BTreeSet<_> = replaced.map(|refund| refund.payment_no).collect();
    reached("two chains, of two payments", payments.len() >= 2);
    let of_surplus = order.refunds.iter().filter(|refund| refund.kind == RefundKind::Surplus);
    let payments: BTreeSet<_> = of_surplus.map(|refund| refund.payment_no).collect();
    reached("two surplus payments", payments.len() >= 2);
    let is_taken = |refund: &Refund| matches!(&refund.state, RefundState::Rejected { code } if code == NUMBER_TAKEN);
    reached("its number is another's", order.refunds.iter().any(is_taken));
    let is_back = order.refunded() == order.paid() && order.settled_payment().is_some();
    let is_shipped = matches!(order.status, OrderStatus::Shipped | OrderStatus::Delivered);
    reached("all of it back of what was shipped", is_back && is_shipped);
    reached("all of it back before it was shipped", is_back && order.shipments.is_empty());
    let to_wallet = order.payments.iter().find(|payment| payment.is_from_wallet());
    reached("a refund to the wallet", to_wallet.is_some_and(|p| order.reserved(p.no).get() > 0));
    places
}

/// A step that changed something.
struct Step<'a> {
    asked: &'a Asked,
    events: &'a [Event],
    after: &'a Order,
}

impl Step<'_> {
    fn before(&self, refund: &Refund) -> Option<&Refund> {
        self.asked.order.refund(&refund.out_refund_no)
    }

    fn begun(&self) -> Vec<&Refund> {
        let events = self.events.iter();
        let begun = events.filter_map(|event| {
            if let Event::RefundRequested(refund) = event { Some(refund) } else { None }
        });
        begun.collect()
    }

    fn happened(&self, name: &str) -> bool {
        self.events.iter().any(|event| event.name() == name)
    }

    /// Those that were given up, and are there.
    fn late(&self) -> impl Iterator<Item = &Refund> {
        let was_given_up = move |refund: &Refund| {
            self.before(refund).is_some_and(|before| !keeps_its_amount(before))
        };
        self.after.refunds.iter().filter(move |r| was_given_up(r) && keeps_its_amount(r))
    }

    fn of_what_is_late(&self) -> [(&'static str, bool); 3] {
        let heir = |refund: &Refund| self.after.replacement_of(&refund.out_refund_no);
        let is_there = |refund: &Refund| heir(refund).is_some_and(keeps_its_amount);
        let gives_way =
            |refund: &Refund| heir(refund).is_some_and(|r| status(r) == RefundStatus::Withdrawn);
        let was_sent =
            |refund: &Refund| self.after.shipments.iter().any(|sent| sent.at > refund.created_at);
        [
            (
                "one that was replaced is there, and so is what replaced it",
                self.late().any(is_there),
            ),
            (
                "one that was given up is there, and what replaced it gives way",
                self.late().any(gives_way),
            ),
            ("shipped, and its money is there after all", self.late().any(was_sent)),
        ]
    }

    fn of_what_is_otherwise(&self) -> [(&'static str, bool); 4] {
        let pieces = |refund: &Refund| refund.lines.iter().map(|part| part.quantity).sum::<u32>();
        let of_event = |event: &Event| {
            let Event::RefundRestated { out_refund_no, .. } = event else { return None };
            self.asked.order.refund(out_refund_no).zip(self.after.refund(out_refund_no))
        };
        let was: Vec<_> = self.events.iter().filter_map(of_event).collect();
        let is =
            |what: fn(Fen, Fen) -> bool| was.iter().any(|(old, new)| what(new.amount, old.amount));
        let has_fewer =
            was.iter().any(|(old, new)| old.amount == new.amount && pieces(new) < pieces(old));
        let same_goods = |other: &Refund| {
            let gives_way = status(other) == RefundStatus::Withdrawn
                && self.before(other).is_some_and(keeps_its_amount)
                && other.replaces.is_none();
            let late = || self.late().flat_map(|refund| &refund.lines);
            gives_way && other.lines.iter().any(|part| late().any(|of| of.line_no == part.line_no))
        };
        [
            ("more of it at WeChat Pay than was asked for", is(|new, old| new > old)),
            (
                "less of it at WeChat Pay, and the rest goes back, too",
                is(|new, old| new < old) && !self.begun().is_empty(),
            ),
            ("it is there, and its goods are in another that was sent", has_fewer),
            (
                "it is there, and what was asked for the same goods gives way",
                self.after.refunds.iter().any(same_goods),
            ),
        ]
    }

    fn of_what_is_begun(&self) -> [(&'static str, bool); 4] {
        let (command, begun) = (&self.asked.command, self.begun());
        let by_person = matches!(command, Command::RetryRefund { .. } | Command::Refund(_));
        let waits = |refund: &&Refund| {
            refund.replaces.is_some() && status(refund) == RefundStatus::AwaitingApproval
        };
        let is_cut = |refund: &&Refund| {
            let original = refund.replaces.as_ref().and_then(|no| self.after.refund(no));
            original.is_some_and(|o| !o.lines.is_empty() && o.amount != refund.amount)
        };
        let is_fact = matches!(command, Command::RecordRefund(_));
        let names = matches!(command, Command::RetryRefund { amount: Some(_), .. });
        let ends = is_fact && self.happened("cancel_requested") && !begun.is_empty();
        [
            ("tried again, and waits for another person", by_person && begun.iter().any(waits)),
            ("fees follow the last goods", ends),
            ("goods of a refund that is cut anew", begun.iter().any(is_cut)),
            ("a surplus of which a person says how much is owed", names && !begun.is_empty()),
        ]
    }

    fn of_what_happened(&self) -> [(&'static str, bool); 5] {
        let ours_gives_way = self.happened("refund_imported") && self.happened("refund_withdrawn");
        let is_ours = |refund: &Refund| {
            refund.kind == RefundKind::External && refund.out_refund_no.is_of_our_shape()
        };
        let is_imported =
            |event: &Event| matches!(event, Event::RefundImported(refund) if is_ours(refund));
        let approves = matches!(self.asked.command, Command::ApproveRefund { .. });
        [
            ("goods come back with a refund", self.happened("goods_returned")),
            ("a coupon comes back", self.happened("coupon_returned")),
            ("made elsewhere, and ours gives way", ours_gives_way),
            ("a replacement whose record was lost", self.events.iter().any(is_imported)),
            ("approved by another person", approves),
        ]
    }

    fn of_what_is_left(&self) -> [(&'static str, bool); 2] {
        let Command::Refund(ask) = &self.asked.command else { return [("", false); 2] };
        let kept = |refund: &&Refund| keeps_its_amount(refund) && self.before(refund).is_some();
        let had = |with_lines: bool| {
            let mut kept = self.after.refunds.iter().filter(kept);
            kept.any(|refund| refund.lines.is_empty() != with_lines)
        };
        let is_all = self.after.refundable() == Fen::ZERO;
        let by_lines = matches!(ask.what, RefundOf::Lines(_));
        [
            ("by lines, and then by amount all that is left", is_all && !by_lines && had(true)),
            ("by amount, and then by lines all that is left", is_all && by_lines && had(false)),
        ]
    }

    fn places(&self) -> impl Iterator<Item = &'static str> {
        let late = self.of_what_is_late().into_iter().chain(self.of_what_is_begun());
        let late = late.chain(self.of_what_is_otherwise());
        let all = late.chain(self.of_what_happened()).chain(self.of_what_is_left());
        all.filter_map(|(place, is_there)| is_there.then_some(place))
    }
}

/// What a history reaches, by what came before.
#[derive(Default)]
struct Journey {
    places: BTreeSet<&'static str>,
    refused: BTreeMap<OutRefundNo, usize>,
    late: BTreeSet<OutRefundNo>,
    was_declined: bool,
    was_lost: bool,
}

impl Journey {
    fn of(history: &History) -> BTreeSet<&'static str> {
        let mut journey = Journey::default();
        for asked in history.asked() {
            let is_under_way = asked.order.refunds.iter().any(Refund::is_in_flight);
            journey.was_lost |= asked.moment.epoch != asked.order.epoch && is_under_way;
            match &asked.answer {
                Ok(Decision::Record(events)) => {
                    let after = asked.order.clone().after(events);
                    journey.note(&Step { asked: &asked, events, after: &after });
                }
                Ok(Decision::AlreadyApplied) => {
                    let names =
                        matches!(asked.command, Command::RetryRefund { amount: Some(_), .. });
                    journey.reach("so much of it is named twice", names);
                }
                Err(why) => journey.note_refusal(&asked, why),
            }
        }
        journey.places
    }

    fn reach(&mut self, place: &'static str, is_there: bool) {
        self.places.extend(is_there.then_some(place));
    }

    fn note(&mut self, step: &Step<'_>) {
        self.places.extend(of_order(step.after));
        self.places.extend(step.places());
        let is_fact = matches!(step.asked.command, Command::RecordRefund(_));
        self.reach("commits were lost under a refund", self.was_lost && is_fact);
        for event in step.events {
            let Event::RefundMoved { out_refund_no, to, .. } = event else { continue };
            self.note_move(step, out_refund_no, to.status());
        }
        let asks = matches!(step.asked.command, Command::Refund(_) | Command::RetryRefund { .. });
        self.reach("declined, and asked for again", self.was_declined && asks);
    }

    fn note_move(&mut self, step: &Step<'_>, number: &OutRefundNo, to: RefundStatus) {
        let is_fact = matches!(step.asked.command, Command::RecordRefund(_));
        let before = step.asked.order.refund(number).map(status);
        if to == RefundStatus::Rejected {
            *self.refused.entry(number.clone()).or_default() += 1;
        }
        let is_again = to == RefundStatus::Requested && self.refused.get(number) >= Some(&2);
        self.reach("refused twice, and asked for again", is_again);
        self.was_declined |= to == RefundStatus::Declined;
        if before == Some(RefundStatus::Rejected) && is_fact {
            self.late.insert(number.clone());
        }
        let is_closed = to == RefundStatus::Closed && before != Some(RefundStatus::Rejected);
        let was_late = self.late.contains(number);
        self.reach("closed after it was there after all", is_closed && was_late);
    }

    fn note_refusal(&mut self, asked: &Asked, why: &Rejection) {
        let is_limit = matches!(why, Rejection::TooManyRefunds | Rejection::NotCancellable);
        let is_full = asked.order.refunds.len() >= REFUNDS_MAX;
        self.reach("the limit of refunds", is_limit && is_full);
        let (Rejection::RefundDiffers { out_refund_no, .. }, Command::RecordRefund(fact)) =
            (why, &asked.command)
        else {
            return;
        };
        let succeeded = fact
            .statement()
            .is_some_and(|said| matches!(said.progress, RefundProgress::Succeeded { .. }));
        let by_bank = asked.order.refund(out_refund_no).map(status);
        let is_twice = succeeded && by_bank == Some(RefundStatus::SettledOffline);
        self.reach("paid back otherwise, and then it succeeded", is_twice);
    }
}

/// How many of so many histories reach each place.
fn counted(
    histories: &impl Strategy<Value = History>,
    histories_count: u32,
) -> BTreeMap<&'static str, usize> {
    let mut runner = TestRunner::deterministic();
    let mut counts: BTreeMap<&'static str, usize> = PLACES.iter().map(|(at, _)| (*at, 0)).collect();
    for _ in 0..histories_count {
        let history = histories.new_tree(&mut runner).unwrap().current();
        for place in Journey::of(&history) {
            *counts.get_mut(place).unwrap() += 1;
        }
    }
    counts
}

#[test]
fn the_histories_reach_every_place_where_money_was_lost_once() {
    let counts = counted(&histories(), HISTORIES);
    let rare: Vec<_> = PLACES.iter().filter(|(place, least)| counts[place] < *least).collect();
    assert!(rare.is_empty(), "{rare:?} of {counts:#?}");
}
