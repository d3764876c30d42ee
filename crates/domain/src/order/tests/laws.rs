//! Laws that hold for every history, generated: repeats, replay, final states, and what is sent.
//!
//! Money is in `laws/money.rs`, chains of refunds in `laws/chains.rs`, refunds in `laws/refunds.rs`, what was agreed to
//! in `laws/agreed.rs`, stock in `laws/stock.rs`, goods and their money in `laws/goods.rs`, promised work in
//! `laws/work.rs`, lives of the database in `laws/epochs.rs`, what can be written in `laws/schema.rs`, how everything
//! ends in `laws/drain.rs`. Where the histories come is counted in `laws/reach.rs`.

mod agreed;
mod chains;
mod drain;
mod epochs;
mod facts;
mod goods;
mod money;
mod reach;
mod refunds;
mod restated;
mod schema;
mod stock;
mod work;

use super::histories::{History, Played, histories};
use super::samples::{TOTAL, accepted, after, fact, number, placed, prepay, start, success};
use crate::fact::Trade;
use crate::order::{
    Command, Decision, Event, Order, OrderStatus, PaymentMethod, PrepayAnswer, Rejection,
};
use crate::payment::{PaymentState, PaymentStatus};
use crate::refund::RefundStatus;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::collections::BTreeSet;

/// How many histories each law is tried on, unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 512;

fn cases() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig::with_cases(asked.unwrap_or(CASES))
}

/// Every order of a history, with the steps that led to it.
fn orders(history: &History, played: &[Played]) -> Vec<Order> {
    std::iter::once(history.begin()).chain(played.iter().map(|step| step.after.clone())).collect()
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn deciding_the_same_again_is_already_applied(history in histories()) {
        for step in history.play() {
            prop_assert!(!step.events.is_empty());
            let again = step.moment.decide(&step.after, &step.command);
            // Of a card nothing is kept to tell the same from another: one application at a time.
            let is_one_at_a_time = matches!(step.command, Command::ApplyAbnormal { .. });
            let expected = if is_one_at_a_time {
                Err(Rejection::WrongState)
            } else {
                Ok(Decision::AlreadyApplied)
            };
            prop_assert_eq!(again, expected, "{:?}", step.command);
        }
    }

    #[test]
    fn folding_the_events_rebuilds_the_order(history in histories()) {
        let played = history.play();
        let rebuilt = played.iter().fold(history.begin(), |order, step| order.after(&step.events));
        prop_assert_eq!(Some(rebuilt), orders(&history, &played).pop());
    }

    #[test]
    fn every_commit_raises_the_version_by_one(history in histories()) {
        for step in history.play() {
            prop_assert_eq!(step.after.version, step.before.version + 1);
            let write = step.written.order.unwrap();
            prop_assert_eq!(write.expected_version, Some(step.before.version));
            prop_assert_eq!(write.order, step.after);
        }
    }

    #[test]
    fn final_states_stay(history in histories()) {
        for step in history.play() {
            let (before, after) = (&step.before, &step.after);
            if let OrderStatus::Cancelled | OrderStatus::Completed = before.status {
                prop_assert_eq!(after.status, before.status);
            }
            if before.settlement.is_some() {
                prop_assert_eq!(&after.settlement, &before.settlement);
            }
            for payment in &before.payments {
                if matches!(payment.state, PaymentState::Paid { .. } | PaymentState::Surplus { .. }) {
                    let same = after.payment(payment.out_trade_no()).unwrap();
                    prop_assert_eq!(&same.state, &payment.state);
                }
            }
            for refund in &before.refunds {
                let same = after.refund(&refund.out_refund_no).unwrap();
                let is_final = match refund.state.status() {
                    RefundStatus::Succeeded | RefundStatus::SettledOffline | RefundStatus::Closed => true,
                    // What a person ended stays, unless WeChat Pay says that it was sent after all.
                    RefundStatus::Declined | RefundStatus::Withdrawn => {
                        !matches!(
                            step.command,
                            Command::RecordRefund(_) | Command::RecordApplicationRefused { .. }
                        )
                    }
                    RefundStatus::AwaitingApproval
                    | RefundStatus::Requested
                    | RefundStatus::Sending
                    | RefundStatus::Unknown
                    | RefundStatus::Processing
                    | RefundStatus::Abnormal
                    | RefundStatus::Rejected => false,
                };
                prop_assert!(!is_final || same == refund, "{:?} → {:?}", refund, same);
            }
        }
    }

    /// What is frozen of payments and refunds never changes; a retry sends the same.
    #[test]
    fn terms_stay_as_they_were_recorded(history in histories()) {
        for step in history.play() {
            for payment in &step.before.payments {
                let same = step.after.payment(payment.out_trade_no()).unwrap();
                prop_assert_eq!(
                    (&same.terms, &same.prepay_body, same.no, same.created_at),
                    (&payment.terms, &payment.prepay_body, payment.no, payment.created_at)
                );
            }
            for refund in &step.before.refunds {
                let same = step.after.refund(&refund.out_refund_no).unwrap().clone();
                // How much it is, and of what, WeChat Pay says when it is first heard of there.
                let is_heard_of = refund.refund_id().is_none() && same.refund_id().is_some();
                let same = if is_heard_of { same.as_asked() } else { same };
                let was = crate::refund::Refund {
                    state: same.state.clone(),
                    sent_at: same.sent_at,
                    applied: same.applied,
                    ..refund.clone()
                };
                prop_assert_eq!(&same, &was);
            }
        }
    }

    /// Later, a refused number may turn out to exist after all: it is watched and closed again.
    #[test]
    fn an_order_is_cancelled_only_when_no_payment_is_live(history in histories()) {
        for step in history.play() {
            if step.before.status != step.after.status && step.after.status == OrderStatus::Cancelled {
                prop_assert!(!step.after.payments.iter().any(crate::payment::Payment::is_live));
            }
        }
    }

    #[test]
    fn at_most_one_payment_is_open_and_numbers_are_never_used_again(history in histories()) {
        for order in orders(&history, &history.play()) {
            // The samples begin with a second payment that nobody asked for.
            let open = order.payments.iter().filter(|p| p.is_open() && p.created_at != start());
            prop_assert!(open.count() <= 1);
            let numbers: BTreeSet<_> = order.payments.iter().map(|p| p.out_trade_no()).collect();
            prop_assert_eq!(numbers.len(), order.payments.len());
            for payment in order.payments.iter().filter(|payment| !payment.is_from_wallet()) {
                prop_assert_eq!(payment.out_trade_no(), &number(&order, payment.no));
            }
            prop_assert!(order.payments.is_sorted_by_key(|payment| payment.no));
        }
    }

    #[test]
    fn nothing_is_shipped_without_its_money_unless_it_is_paid_at_the_door(history in histories()) {
        for order in orders(&history, &history.play()) {
            let is_on_its_way = !order.shipments.is_empty() || order.delivered_at.is_some();
            let is_cod = order.payment_method == PaymentMethod::Cod;
            prop_assert!(!is_on_its_way || is_cod || order.settlement.is_some());
            prop_assert!(order.completed_at.is_none() || order.settlement.is_some());
        }
    }

    /// Facts may come in any order and any number; what WeChat Pay knows in the end is what we
    /// hold in the end. (With one payment: with two, which of them settles is decided by arrival.)
    #[test]
    fn true_facts_in_any_order_end_in_the_same_payment_state(
        mut order_of in Just(vec![0, 1, 2, 3, 4, 5]).prop_shuffle(),
        repeats in prop::collection::vec(0usize..6, 0..6),
    ) {
        for index in repeats {
            let again = order_of[index];
            order_of.push(again);
        }
        let mut order = placed();
        for what in order_of {
            let command = match what {
                0 => success(&order, 1, "T-1", TOTAL),
                1 => fact(&order, 1, Trade::NotPaid),
                2 => accepted(&order, 1),
                3 => prepay(&order, 1, PrepayAnswer::Unknown),
                4 => fact(&order, 1, Trade::NotPaid),
                _ => success(&order, 1, "T-1", TOTAL),
            };
            order = after(order, &command, start());
        }
        prop_assert!(matches!(order.payments[0].state, PaymentState::Paid { .. }), "{:?}", order.payments[0].state);
        prop_assert_eq!(order.status, OrderStatus::Ready);
    }
}

/// The laws say nothing about what the histories never reach.
#[test]
fn the_histories_reach_every_state_and_every_event() {
    let mut runner = TestRunner::deterministic();
    let (mut orders, mut payments) = (BTreeSet::new(), BTreeSet::new());
    let (mut refunds, mut events) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..2 * CASES {
        for step in histories().new_tree(&mut runner).unwrap().current().play() {
            orders.insert(step.after.status);
            payments.extend(step.after.payments.iter().map(|payment| payment.state.status()));
            refunds.extend(step.after.refunds.iter().map(|refund| refund.state.status()));
            events.extend(step.events.iter().map(Event::name));
        }
    }
    let all = "cancel_requested cancel_withdrawn cancelled completed converted coupon_returned \
               delivered goods_returned holds_committed payer_reported \
               payment_adopted payment_closed payment_closing payment_paid payment_payable \
               payment_rejected payment_rejection_proven payment_started payment_surplus \
               payment_unknown refund_abnormal refund_application_refused refund_applied \
               refund_approved refund_closed refund_declined refund_imported \
               refund_processing refund_rejected refund_requested \
               refund_restated refund_sending \
               refund_settled_offline refund_succeeded refund_unknown refund_withdrawn settled \
               shipped";
    assert_eq!(events.into_iter().collect::<Vec<_>>(), all.split(' ').collect::<Vec<_>>());
    assert_eq!((orders.len(), payments.len(), refunds.len()), (7, 8, 12), "{refunds:?}");
    let names: Vec<PaymentStatus> = payments.into_iter().collect();
    assert!(names.contains(&PaymentStatus::Surplus));
}
