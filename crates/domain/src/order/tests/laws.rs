//! Laws that hold for every history, generated: repeats, order, replay, final states, money.

use super::samples::{
    TOTAL, accepted, close, deadline, fact, number, placed, placed_directly, prepay, receipt, ship,
    start, start_payment, success, with_second_payment,
};
use crate::fact::Trade;
use crate::order::{
    CancelCause, Command, CompletedBy, Decision, Event, Order, OrderStatus, PayerResult,
    PrepayAnswer,
};
use crate::payment::{Payment, PaymentState, TradeType};
use crate::stock::HoldStatus;
use crate::{Fen, Timestamp};
use proptest::prelude::*;

/// What may come, about either payment, at any time.
fn command(order: &Order, (kind, no): (u8, u8)) -> Command {
    let refused = PrepayAnswer::Refused { code: "NO_AUTH".to_owned() };
    let transaction = format!("T-{no}");
    match kind {
        0 => accepted(order, no),
        1 => prepay(order, no, refused),
        2 => prepay(order, no, PrepayAnswer::Unknown),
        3 => success(order, no, &transaction, TOTAL),
        4 => success(order, no, &transaction, TOTAL - 1),
        5 => fact(order, no, Trade::NotPaid),
        6 => fact(order, no, Trade::Closed),
        7 => fact(order, no, Trade::NotExist),
        8 => fact(order, no, Trade::Refunded(receipt("T-1", TOTAL))),
        9 => Command::Cancel(CancelCause::Buyer),
        10 => Command::Cancel(CancelCause::Deadline),
        11 => close(order, no),
        12 => start_payment(TradeType::Jsapi),
        13 => start_payment(TradeType::Native),
        14 => Command::NoteReport(PayerResult::Ok),
        15 => ship("SF-1", no == 1),
        16 => Command::Deliver,
        17 => Command::Complete(CompletedBy::Buyer),
        _ => Command::Complete(CompletedBy::Elapsed),
    }
}

fn histories() -> impl Strategy<Value = Vec<((u8, u8), i64)>> {
    prop::collection::vec(((0u8..19, 1u8..=3), 0i64..4_000), 0..25)
}

fn two_payments() -> Order {
    with_second_payment(placed(), PaymentState::Created)
}

fn at(seconds: i64) -> Timestamp {
    start().plus_seconds(seconds)
}

/// Plays a history; returns every order on the way with the events that led to it.
fn play(history: &[((u8, u8), i64)]) -> Vec<(Order, Vec<Event>)> {
    play_from(two_payments(), history)
}

fn play_from(order: Order, history: &[((u8, u8), i64)]) -> Vec<(Order, Vec<Event>)> {
    let mut steps = vec![(order, Vec::new())];
    for (choice, seconds) in history {
        let order = steps.last().unwrap().0.clone();
        if let Ok(Decision::Record(events)) = order.decide(&command(&order, *choice), at(*seconds))
        {
            steps.push((order.after(&events), events));
        }
    }
    steps
}

fn money_received(order: &Order) -> Fen {
    let receipts = order.payments.iter().filter_map(|p| p.receipt());
    Fen::sum(receipts.map(|r| r.amount)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn deciding_the_same_again_is_already_applied(history in histories(), last in (0u8..19, 1u8..=3), seconds in 0i64..4_000) {
        let (order, _) = play(&history).pop().unwrap();
        let command = command(&order, last);
        if let Ok(Decision::Record(events)) = order.decide(&command, at(seconds)) {
            prop_assert!(!events.is_empty());
            let after = order.after(&events);
            prop_assert_eq!(after.decide(&command, at(seconds)), Ok(Decision::AlreadyApplied));
        }
    }

    #[test]
    fn folding_the_events_rebuilds_the_order(history in histories()) {
        let steps = play(&history);
        let rebuilt = steps.iter().skip(1).fold(two_payments(), |o, (_, events)| o.after(events));
        prop_assert_eq!(&rebuilt, &steps.last().unwrap().0);
    }

    #[test]
    fn every_commit_raises_the_version_by_one(history in histories()) {
        for pair in play(&history).windows(2) {
            prop_assert_eq!(pair[1].0.version, pair[0].0.version + 1);
        }
    }

    #[test]
    fn final_states_stay(history in histories()) {
        for pair in play(&history).windows(2) {
            let (before, after) = (&pair[0].0, &pair[1].0);
            if let OrderStatus::Cancelled | OrderStatus::Completed = before.status {
                prop_assert_eq!(after.status, before.status);
            }
            if before.settlement.is_some() {
                prop_assert_eq!(&after.settlement, &before.settlement);
            }
            for (b, a) in before.payments.iter().zip(&after.payments) {
                if matches!(b.state, PaymentState::Paid { .. } | PaymentState::Surplus { .. }) {
                    prop_assert_eq!(&a.state, &b.state);
                }
            }
        }
    }

    #[test]
    fn every_fen_received_is_settled_or_goes_back(history in histories()) {
        for (order, _) in play(&history) {
            let refunds = Fen::sum(order.refunds.iter().map(|r| r.amount)).unwrap();
            prop_assert_eq!(order.paid().plus(refunds).unwrap(), money_received(&order));
            let settled = order.payments.iter().filter(|p| matches!(p.state, PaymentState::Paid { .. })).count();
            prop_assert_eq!(settled, usize::from(order.settlement.is_some()));
        }
    }

    #[test]
    fn a_hold_ends_once_and_with_its_order(history in histories()) {
        for (order, _) in play(&history) {
            let expected = match order.status {
                OrderStatus::Cancelled => HoldStatus::Released,
                OrderStatus::Ready
                | OrderStatus::Shipped
                | OrderStatus::Delivered
                | OrderStatus::Completed => HoldStatus::Committed,
                OrderStatus::PendingPayment | OrderStatus::Cancelling => HoldStatus::Held,
            };
            prop_assert!(order.holds.iter().all(|h| h.status == expected));
        }
    }

    /// Later, a refused number may turn out to exist after all: it is watched and closed again.
    #[test]
    fn an_order_is_cancelled_only_when_no_payment_is_live(history in histories()) {
        for pair in play(&history).windows(2) {
            let (before, after) = (&pair[0].0, &pair[1].0);
            if before.status != after.status && after.status == OrderStatus::Cancelled {
                prop_assert!(!after.payments.iter().any(Payment::is_live));
            }
        }
    }

    /// Facts may come in any order and any number; what WeChat Pay knows in the end is what we
    /// hold in the end. (With one payment: with two, which of them settles is decided by arrival.)
    #[test]
    fn true_facts_in_any_order_end_in_the_same_payment_state(
        mut order_of in Just(vec![3u8, 5, 0, 2, 5, 3]).prop_shuffle(),
        repeats in prop::collection::vec(0usize..6, 0..6),
    ) {
        for index in repeats {
            let again = order_of[index];
            order_of.push(again);
        }
        let mut order = placed();
        for kind in order_of {
            if let Ok(Decision::Record(events)) = order.decide(&command(&order, (kind, 1)), start()) {
                order = order.after(&events);
            }
        }
        prop_assert!(matches!(order.payments[0].state, PaymentState::Paid { .. }), "{:?}", order.payments[0].state);
        prop_assert_eq!(order.status, OrderStatus::Ready);
    }

    #[test]
    fn at_most_one_payment_is_open_and_numbers_are_never_used_again(history in histories()) {
        for start in [placed(), placed_directly()] {
            for (order, _) in play_from(start, &history) {
                prop_assert!(order.payments.iter().filter(|p| p.is_open()).count() <= 1);
                for (index, payment) in order.payments.iter().enumerate() {
                    prop_assert_eq!(usize::from(payment.no), index + 1);
                    prop_assert_eq!(payment.out_trade_no(), &number(&order, payment.no));
                }
            }
        }
    }

    #[test]
    fn nothing_is_shipped_without_its_money(history in histories()) {
        for (order, _) in play(&history) {
            let is_on_its_way = !order.shipments.is_empty() || order.delivered_at.is_some();
            prop_assert!(!is_on_its_way || order.settlement.is_some());
        }
    }

    #[test]
    fn every_live_payment_is_looked_at_again_and_no_other(history in histories(), seconds in 0i64..4_000) {
        let (order, _) = play(&history).pop().unwrap();
        for payment in &order.payments {
            let next = crate::job::next_look(payment, at(seconds));
            prop_assert_eq!(next.is_some(), payment.is_live());
            if let Some(next) = next {
                prop_assert!(next > at(seconds), "a look in the past would spin");
                prop_assert!(next <= at(seconds).plus_seconds(120).max(deadline()));
            }
        }
    }
}
