//! Every fen that came settles its order or goes back, and none of it twice.

use super::super::histories::{Played, histories};
use super::{cases, orders};
use crate::Fen;
use crate::fact::Trade;
use crate::order::{
    Command, Event, Order, OrderLine, OrderStatus, PaymentStatus, SettledBy, Settlement,
};
use crate::payment::{Payment, PaymentState};
use crate::refund::{Asker, REFUNDS_MAX, Refund, RefundKind, RefundState, RefundStatus};
use proptest::prelude::*;

/// Written here once more, so that the law does not lean on what it judges.
pub(super) fn keeps_its_amount(refund: &Refund) -> bool {
    match refund.state.status() {
        RefundStatus::Declined
        | RefundStatus::Withdrawn
        | RefundStatus::Closed
        | RefundStatus::Rejected => false,
        RefundStatus::AwaitingApproval
        | RefundStatus::Requested
        | RefundStatus::Sending
        | RefundStatus::Unknown
        | RefundStatus::Processing
        | RefundStatus::Succeeded
        | RefundStatus::Abnormal
        | RefundStatus::SettledOffline => true,
    }
}

fn is_back(refund: &Refund) -> bool {
    matches!(refund.state.status(), RefundStatus::Succeeded | RefundStatus::SettledOffline)
}

fn sum<'a>(refunds: impl Iterator<Item = &'a Refund>) -> i64 {
    refunds.map(|refund| refund.amount.get()).sum()
}

fn refunds_of<'a>(order: &'a Order, payment: &Payment) -> impl Iterator<Item = &'a Refund> {
    let no = payment.no;
    order.refunds.iter().filter(move |refund| refund.payment_no == no)
}

/// Whether WeChat Pay has taken on, or the payer has, the money of all goods; also where somebody got another amount for
/// them than was asked.
fn are_goods_back(order: &Order) -> bool {
    let accepted = order.refunds.iter().filter(|refund| {
        matches!(refund.state.status(), RefundStatus::Processing | RefundStatus::Abnormal)
            || is_back(refund)
    });
    let parts: Vec<_> = accepted.flat_map(|refund| refund.as_asked().lines).collect();
    let of_line = |line_no| parts.iter().filter(move |part| part.line_no == line_no);
    let is_back = |line: &OrderLine| {
        of_line(line.line_no).map(|part| part.quantity).sum::<u32>() >= line.quantity
    };
    order.lines.iter().all(is_back)
}

/// Whether the order keeps no money, or is on its way there.
fn is_over(order: &Order) -> bool {
    matches!(order.status, OrderStatus::Cancelling | OrderStatus::Cancelled)
}

/// Whether of a refund of ours WeChat Pay has more than we had.
fn is_more_than_asked(step: &Played) -> bool {
    step.events.iter().any(|event| {
        let Event::RefundRestated { out_refund_no, amount, .. } = event else { return false };
        step.before.refund(out_refund_no).is_some_and(|before| *amount > before.amount)
    })
}

/// Whether a refund that we did not make comes to nothing.
fn gives_back_from_elsewhere(step: &Played) -> bool {
    step.events.iter().any(|event| {
        let Event::RefundMoved { out_refund_no, to: RefundState::Closed { .. }, .. } = event else {
            return false;
        };
        let closed = step.after.refund(out_refund_no);
        closed.is_some_and(|refund| refund.kind == RefundKind::External)
    })
}

/// Whether what gave way goes back otherwise: all of the payment, or as much as a person said was owed; or one
/// of its chain is there, and what is left is begun when that has ended.
fn is_made_up_for(order: &Order, payment: &Payment, gave_way: &Refund) -> bool {
    let paid = payment.receipt().map_or(Fen::ZERO, |receipt| receipt.amount);
    let is_named = gave_way.actor != "paydesk";
    let owed = if is_named { gave_way.amount } else { paid };
    let is_there =
        |refund: &Refund| refund.kind != RefundKind::External && keeps_its_amount(refund);
    let is_open = |refund: &Refund| is_there(refund) && !is_back(refund);
    order.reserved(payment.no) >= owed || refunds_of(order, payment).any(is_open)
}

/// Whether nobody asked for it: it is the rest of what one of the chain did not bring.
fn is_by_itself(refund: &Refund) -> bool {
    refund.kind == RefundKind::Requested && refund.asked_by == Asker::Paydesk
}

fn requested(step: &Played) -> impl Iterator<Item = &Refund> {
    step.events.iter().filter_map(|event| {
        if let Event::RefundRequested(refund) = event { Some(refund) } else { None }
    })
}

proptest! {
    #![proptest_config(cases())]

    /// I2, I3: one settlement, by one payment, of what that payment took.
    #[test]
    fn every_fen_received_is_settled_or_goes_back(history in histories()) {
        for order in orders(&history, &history.play()) {
            let paid = order.payments.iter().filter(|p| matches!(p.state, PaymentState::Paid { .. }));
            prop_assert_eq!(paid.count(), usize::from(order.settled_payment().is_some()));
            for payment in &order.payments {
                let Some(receipt) = payment.receipt() else { continue };
                if let PaymentState::Paid { .. } = payment.state {
                    prop_assert_eq!(order.paid(), receipt.amount);
                    prop_assert_eq!(order.settled_payment(), Some(payment));
                    continue;
                }
                let begun = refunds_of(&order, payment).find(|r| r.kind == RefundKind::Surplus);
                prop_assert_eq!(begun.map(|refund| refund.as_asked().amount), Some(receipt.amount));
            }
        }
    }

    /// Cash is taken while nothing can be paid online any more; and never both are kept.
    #[test]
    fn cash_is_taken_only_when_every_online_payment_is_proven_closed(history in histories()) {
        for step in history.play() {
            let Some(Settlement { by: SettledBy::Cash { .. }, amount, .. }) = &step.after.settlement
            else { continue };
            prop_assert_eq!(*amount, step.after.amounts.total);
            let kept = |p: &Payment| matches!(p.state, PaymentState::Paid { .. });
            prop_assert!(!step.after.payments.iter().any(kept));
            if step.before.settlement.is_none() {
                prop_assert!(!step.before.payments.iter().any(Payment::is_live));
                prop_assert!(matches!(step.command, Command::CollectCash(_)));
            }
        }
    }

    /// I10.
    #[test]
    fn never_more_is_on_its_way_back_than_was_paid(history in histories()) {
        for order in orders(&history, &history.play()) {
            for payment in &order.payments {
                let paid = payment.receipt().map_or(0, |receipt| receipt.amount.get());
                let kept = sum(refunds_of(&order, payment).filter(|refund| keeps_its_amount(refund)));
                prop_assert!(kept <= paid, "{} of {}", kept, paid);
                prop_assert_eq!(order.reserved(payment.no), Fen::new(kept));
            }
            prop_assert!(order.refunds.iter().all(|refund| refund.amount >= Fen::new(1)));
        }
    }

    /// I12: nothing but a person, a merchant's backend or WeChat Pay touches what settled an order.
    #[test]
    fn the_settlement_of_an_order_is_never_refunded_by_itself(history in histories()) {
        for step in history.play() {
            let Some(settled) = step.after.settled_payment() else { continue };
            for refund in requested(&step).filter(|refund| refund.payment_no == settled.no) {
                prop_assert_eq!(refund.kind, RefundKind::Requested);
                // Whatever is left is owed when the order keeps no money.
                if refund.asked_by == Asker::Paydesk && refund.replaces.is_none() {
                    prop_assert!(is_over(&step.before), "{:?} of an order that goes on", refund);
                    let is_news = matches!(
                        step.command,
                        Command::RecordRefund(_)
                            | Command::RecordApplicationRefused { .. }
                            | Command::SettleRefundOffline { .. }
                    );
                    prop_assert!(is_news, "{:?} by {:?}", refund, step.command);
                    continue;
                }
                // Fees follow the last goods that are accepted back.
                let follows = !are_goods_back(&step.before) && are_goods_back(&step.after);
                let waits = is_over(&step.before) && refund.state == RefundState::AwaitingApproval;
                let is_asked =
                    follows || waits || matches!(step.command, Command::Refund(_) | Command::Cancel(_));
                let goes_on =
                    matches!(
                        step.command,
                        Command::RetryRefund { .. }
                            | Command::RecordRefund(_)
                            | Command::RecordApplicationRefused { .. }
                    );
                let by = if refund.replaces.is_none() { is_asked } else { goes_on };
                prop_assert!(by, "{:?} by {:?}", refund, step.command);
            }
        }
    }

    /// Whoever was told that an order is being cancelled was told the truth, whatever is done elsewhere.
    #[test]
    fn what_is_done_elsewhere_undoes_no_cancellation(history in histories()) {
        for step in history.play() {
            let is_elsewhere = gives_back_from_elsewhere(&step)
                || step.events.iter().any(|event| matches!(event, Event::RefundImported(_)));
            // Beyond the limit nothing can be asked for again.
            let is_full = step.after.refunds.len() >= REFUNDS_MAX;
            if is_elsewhere && is_over(&step.before) && !is_full {
                prop_assert!(is_over(&step.after), "{:?} by {:?}", step.after.status, step.command);
            }
        }
    }

    /// I13: in the same decision, in full, once.
    #[test]
    fn money_that_cannot_be_taken_goes_back_in_the_decision_that_says_so(history in histories()) {
        for step in history.play() {
            let says_so = |event: &&Event| {
                matches!(event, Event::PaymentSurplus { .. } | Event::PaymentAdopted(_))
            };
            let surplus: Vec<u8> =
                step.events.iter().filter(says_so).filter_map(Event::payment_no).collect();
            let begun: Vec<&Refund> = requested(&step)
                .filter(|refund| refund.kind == RefundKind::Surplus && refund.replaces.is_none())
                .collect();
            prop_assert_eq!(begun.iter().map(|refund| refund.payment_no).collect::<Vec<_>>(), surplus);
            for refund in begun {
                // A refund that WeChat Pay has already is asked about, not sent.
                let (Command::RecordFact(fact) | Command::Adopt(fact)) = &step.command else {
                    panic!("{:?} makes a surplus", step.command)
                };
                let seen = matches!(fact.trade(), Trade::Refunded(_));
                let expected = if seen { RefundStatus::Unknown } else { RefundStatus::Requested };
                prop_assert_eq!(refund.state.status(), expected);
                prop_assert_eq!(refund.asked_by, Asker::Paydesk);
            }
        }
    }

    /// I13, for ever: one chain, of which one is alive: the end, or one that is there after all. Where both are, a
    /// person was told.
    /// Where it came to nothing, all of the money goes back elsewhere, or a person was told.
    #[test]
    fn what_goes_back_by_itself_is_one_chain(history in histories()) {
        let played = history.play();
        for order in orders(&history, &played) {
            for payment in order.payments.iter().filter(|p| matches!(p.state, PaymentState::Surplus { .. })) {
                let chain: Vec<&Refund> =
                    refunds_of(&order, payment).filter(|r| r.kind == RefundKind::Surplus).collect();
                for (index, refund) in chain.iter().enumerate() {
                    let before = index.checked_sub(1).map(|i| chain[i].out_refund_no.clone());
                    prop_assert_eq!(&refund.replaces, &before);
                }
                let told = |refund: &Refund| {
                    let number = refund.out_refund_no.as_str();
                    let mut cases = played.iter().flat_map(|step| &step.written.cases);
                    cases.any(|case| case.subject == number)
                };
                let alive: Vec<&Refund> =
                    chain.iter().copied().filter(|refund| keeps_its_amount(refund)).collect();
                prop_assert!(alive.len() <= 1 || alive.iter().any(|r| told(r)), "{:?}", chain);
                let end = chain.last().unwrap();
                // What began by itself for the rest of it may have come to nothing as well.
                let later = order.refunds.iter().rev().take_while(|refund| *refund != *end);
                let later = later
                    .filter(|refund| refund.payment_no == payment.no && is_by_itself(refund))
                    .any(|refund| !keeps_its_amount(refund) && told(refund));
                let is_fine = later || is_made_up_for(&order, payment, end);
                if end.state.status() == RefundStatus::Withdrawn {
                    // Of what is otherwise there than it was asked for a person has a case until they say so.
                    let is_shown = chain.iter().any(|refund| refund.asked.is_some());
                    prop_assert!(is_fine || is_shown, "{:?} gave way", end);
                } else if alive.is_empty() {
                    let told = chain.iter().any(|refund| told(refund));
                    prop_assert!(is_fine || told, "{:?} ended and nobody was told", end);
                }
            }
        }
    }

    /// I14: only what the payer has counts as refunded.
    #[test]
    fn refunded_is_what_the_payer_has(history in histories()) {
        for order in orders(&history, &history.play()) {
            let settled = order.settled_payment();
            let back = settled.map_or(0, |payment| sum(refunds_of(&order, payment).filter(|r| is_back(r))));
            prop_assert_eq!(order.refunded(), Fen::new(back));
            let expected = match (order.settlement.is_some(), back) {
                (false, _) => PaymentStatus::Unpaid,
                (true, 0) => PaymentStatus::Paid,
                (true, back) if back < order.paid().get() => PaymentStatus::PartiallyRefunded,
                (true, _) => PaymentStatus::Refunded,
            };
            prop_assert_eq!(order.payment_status(), expected);
            let kept = settled.map_or(0, |payment| order.reserved(payment.no).get());
            let paid = settled.map_or(0, |_| order.paid().get());
            prop_assert_eq!(order.refundable(), Fen::new(paid - kept));
        }
    }

    /// I14: what is reserved is freed by these four, and by nothing that does not say so.
    #[test]
    fn a_reserved_amount_is_freed_by_declined_withdrawn_closed_and_rejected_alone(history in histories()) {
        for step in history.play() {
            for refund in step.before.refunds.iter().filter(|refund| keeps_its_amount(refund)) {
                let after = step.after.refund(&refund.out_refund_no).unwrap();
                if keeps_its_amount(after) {
                    continue;
                }
                let moved = step.events.iter().any(|event| matches!(
                    event,
                    Event::RefundMoved { out_refund_no, to, .. }
                        if *out_refund_no == refund.out_refund_no && to.status() == after.state.status()
                ));
                prop_assert!(moved);
                // The refusal of an application brings what a query said with it.
                let fact = matches!(
                    step.command,
                    Command::RecordRefund(_) | Command::RecordApplicationRefused { .. }
                );
                let unsent = matches!(
                    refund.state.status(),
                    RefundStatus::AwaitingApproval | RefundStatus::Requested
                );
                let imported = |event: &Event| matches!(
                    event,
                    Event::RefundImported(made) if made.payment_no == refund.payment_no && keeps_its_amount(made)
                );
                let back = |old: &Refund| {
                    let new = step.after.refund(&old.out_refund_no).unwrap();
                    old.payment_no == refund.payment_no && !keeps_its_amount(old) && keeps_its_amount(new)
                };
                let comes_to_light = step.events.iter().any(imported)
                    || step.before.refunds.iter().any(back)
                    || is_more_than_asked(&step);
                // What was made elsewhere, or given up, is there: what nobody has sent gives way.
                let gives_way = fact && unsent && comes_to_light;
                let by = match (after.state.status(), &step.command) {
                    (RefundStatus::Declined, command) => {
                        matches!(command, Command::DeclineRefund { .. })
                    }
                    (RefundStatus::Withdrawn, command) => {
                        gives_way
                            || matches!(command, Command::WithdrawRefund { .. } | Command::Cancel(_))
                    }
                    (status, _) => {
                        fact && matches!(status, RefundStatus::Closed | RefundStatus::Rejected)
                    }
                };
                prop_assert!(by, "{:?} by {:?}", after, step.command);
            }
        }
    }
}
