//! What must hold after every commit. Looks only at what the commit changed.

mod chains;
mod coupons;
mod door;
pub(super) mod fees;
mod goods;
mod money;
pub(super) mod prices;
pub(super) mod refunds;

pub(super) use coupons::moved as coupon_moved;

use super::{Commit, Seen, books, debts, moves};
use crate::time::{MILLI, TRIP_MAX};
use crate::wechat::Standing;
use crate::world::World;
use domain::changeset::Changeset;
use domain::order::{Event, HORIZON_S, OrderStatus, PaymentMethod, Purpose};
use domain::outgoing::OutgoingKind;
use domain::payment::{Payment, PaymentState};
use domain::ports::Clock as _;

/// A node knows the store's time as well as half of the longest trip that it measures it by.
const CLOCK_ERROR_MS: i64 = TRIP_MAX / 2 / MILLI;

/// A promise: its number, and what should hold.
pub(super) type Promise = (&'static str, &'static str);
/// How a promise is checked.
type Check = fn(&Watched<'_>) -> Result<(), String>;

/// What a check may look at.
pub(super) struct Watched<'a> {
    commit: Commit<'a>,
    seen: &'a Seen,
    world: &'a World,
}

/// Every promise about a commit that changes an order.
const OF_ORDERS: &[(Promise, Check)] = &[
    (
        ("I2", "an order has at most one settlement, and a payment settles one order"),
        one_settlement,
    ),
    (("I3", "an order is paid if and only if it has a settlement"), paid_means_settled),
    (("I4", "what is recorded of money is what WeChat Pay took"), money::recorded_truly),
    (("I5", "what settles equals what was asked"), money::settled_as_asked),
    (("I6", "the total is the sum of its parts"), money::sums),
    (("I6", "who says what they were shown is charged that"), prices::as_shown),
    (("I6", "what is charged is what the merchant set"), prices::as_set),
    (("I7", "only listed transitions, and the version rises by one"), listed_transitions),
    (("I7", "what is frozen stays as it is"), frozen),
    (("I8", "a recorded success is never taken back"), success_stays),
    (
        ("I9", "an order is cancelled only when nothing of it can be paid any more"),
        cancelled_for_good,
    ),
    (("I7", "only listed transitions of refunds"), refunds::listed_transitions),
    (("I10", "no more goes back than was paid"), refunds::within_paid),
    (("I10", "of a line no more goes back than was bought and paid"), refunds::within_lines),
    (("I10", "fees go back only with what ends an order before it is shipped"), fees::with_the_end),
    (("I10", "what is all asked back is not shipped"), fees::not_shipped),
    (("I10", "no operator alone gives back more than the limit"), fees::few_by_one_person),
    (("I10", "who asked for a refund does not approve it"), fees::by_another_person),
    (
        ("I14", "a refused refund frees its money only once a question has proven it"),
        refunds::proven,
    ),
    (
        ("I14", "a refund that was sent to a card is abnormal again only once it cannot arrive"),
        refunds::applications_end,
    ),
    (("P5", "of a card that somebody typed in nothing is written"), refunds::no_card_is_kept),
    (("I11", "of what goes in its place at most one refund is kept"), chains::one_is_kept),
    (("I11", "what was replaced already is not replaced again"), chains::none_beside_its_twin),
    (("I12", "what an order keeps goes back only where somebody asked"), chains::asked_by_somebody),
    (("I15", "a payment has at most fifty refunds"), refunds::few_enough),
    (
        ("I7", "a refund that was made elsewhere undoes no cancellation"),
        refunds::elsewhere_undoes_nothing,
    ),
    (("I12", "money that its order can take is not sent back"), money::no_needless_refund),
    (
        ("I13", "surplus money has exactly one full refund, from the same commit"),
        refunds::of_surplus,
    ),
    (
        ("I3", "cash is taken only while nothing of its order is or can be paid online"),
        door::cash_alone,
    ),
    (("I3", "only what is refused at the door comes back unpaid"), door::back_from_the_door),
    (("I7", "how an order is paid changes with its money alone"), door::method_stays),
    (("I22", "what leaves is sold"), door::what_leaves_is_sold),
    (("I22", "a hold is consumed or released, once"), goods::holds_end_once),
    (("I22", "goods come back with their money"), goods::back_with_their_money),
    (("I22", "what was held is there to be sold or given back"), goods::holds_are_there),
    (("I23", "a coupon is with one order at a time"), coupons::one_order_at_a_time),
    (
        ("I23", "a coupon is held, spent and given back with the money of its order"),
        coupons::with_the_money,
    ),
    (("I23", "which coupon an order has stays"), coupons::stays_the_same),
    (("I23", "what was held of a coupon is there to be spent or given back"), coupons::is_there),
    (("I24", "captured lines are cleared once"), goods::lines_cleared_once),
    (("I25", "every effect of a paid order happens once"), effects_once),
    (("I17", books::LEDGER_AGREES), ledger_agrees),
    (("I17", "a buyer owes what was missing, and pays it out of what is given again"), owed),
    (("I17", "who comes to owe something is shown to a person"), owed_is_shown),
    (("P3", "at most one payment of an order is open"), one_open_payment),
];

/// What the ledger must hold after a commit, compared with the oracle's own books.
fn ledger_agrees(w: &Watched<'_>) -> Result<(), String> {
    let Some(buyer) = w.commit.after.buyer else { return Ok(()) };
    books::compare(w.seen, w.world, buyer, Some(w.commit.after))
}

fn owed(w: &Watched<'_>) -> Result<(), String> {
    debts::are_what_was_missing(w.seen, w.commit.changeset)
}

fn owed_is_shown(w: &Watched<'_>) -> Result<(), String> {
    debts::are_shown(w.commit.changeset, w.commit.after)
}

/// Every promise about any commit.
const OF_COMMITS: &[(Promise, Check)] = &[
    (("I21", "stock is never negative, and nothing of it is lost"), goods::stock_adds_up),
    (("I26", "a key has one effect"), keys_once),
    (("I35", "a write under a lost lease changes nothing"), fenced),
];

/// Checks a commit; answers what was violated.
pub(super) fn after_commit(
    seen: &Seen,
    world: &World,
    changeset: &Changeset,
) -> Vec<(Promise, Option<String>, String)> {
    let mut violated = Vec::new();
    let Some(write) = &changeset.order else {
        // Checks of the first table need an order; those of the second do not look at it.
        for (promise, check) in OF_COMMITS {
            if let Err(why) = check_alone(*check, seen, world, changeset) {
                violated.push((*promise, None, why));
            }
        }
        return violated;
    };
    let before = seen.orders.get(&write.order.id);
    let commit = Commit { before, after: &write.order, changeset };
    let watched = Watched { commit, seen, world };
    for (promise, check) in OF_ORDERS.iter().chain(OF_COMMITS) {
        if let Err(why) = check(&watched) {
            violated.push((*promise, Some(write.order.number.as_str().to_owned()), why));
        }
    }
    violated
}

fn check_alone(
    check: Check,
    seen: &Seen,
    world: &World,
    changeset: &Changeset,
) -> Result<(), String> {
    // Any order will do: checks of commits look at the changeset alone.
    let Some(any) = seen.orders.values().next() else { return Ok(()) };
    check(&Watched { commit: Commit { before: None, after: any, changeset }, seen, world })
}

fn one_settlement(w: &Watched<'_>) -> Result<(), String> {
    let (before, after) = (w.commit.before.and_then(|b| b.settlement.as_ref()), w.commit.after);
    if before.is_some() && before != after.settlement.as_ref() {
        return Err(format!("was {before:?}, is {:?}", after.settlement));
    }
    let paid = after.payments.iter().filter(|p| matches!(p.state, PaymentState::Paid { .. }));
    let paid = paid.count();
    let by_payment = after.settled_payment().is_some();
    if paid != usize::from(by_payment) {
        return Err(format!("{paid} payments paid, settled by {:?}", after.settlement));
    }
    for payment in &after.payments {
        let Some(receipt) = payment.receipt() else { continue };
        let holder = w.seen.transactions.get(receipt.transaction_id.as_str());
        if holder.is_some_and(|holder| holder != payment.out_trade_no()) {
            return Err(format!(
                "{} is recorded with {holder:?} already",
                receipt.transaction_id.as_str()
            ));
        }
    }
    Ok(())
}

fn paid_means_settled(w: &Watched<'_>) -> Result<(), String> {
    let order = w.commit.after;
    let fits = match order.status {
        OrderStatus::PendingPayment => order.settlement.is_none(),
        OrderStatus::Ready | OrderStatus::Shipped | OrderStatus::Delivered => {
            order.settlement.is_some() || order.payment_method == PaymentMethod::Cod
        }
        OrderStatus::Completed => order.settlement.is_some(),
        // Paid ones leave through their refund alone: I9.
        OrderStatus::Cancelling | OrderStatus::Cancelled => true,
    };
    if fits {
        return Ok(());
    }
    Err(format!("{:?} with settlement {:?}", order.status, order.settlement))
}

fn listed_transitions(w: &Watched<'_>) -> Result<(), String> {
    let after = w.commit.after;
    let Some(before) = w.commit.before else {
        // One that was made again, to carry its lost payment, begins at its end.
        let begins = match after.purpose {
            Purpose::External => after.status == OrderStatus::Cancelled,
            Purpose::Goods | Purpose::Recharge => {
                matches!(after.status, OrderStatus::PendingPayment | OrderStatus::Ready)
            }
        };
        let first = begins && after.version == 1;
        return if first { Ok(()) } else { Err(format!("began as {:?}", after.status)) };
    };
    if after.version != before.version + 1 {
        return Err(format!("version {} after {}", after.version, before.version));
    }
    if !moves::order(before.status, after.status) {
        return Err(format!("{:?} → {:?}", before.status, after.status));
    }
    for old in &before.payments {
        let Some(new) = after.payments.iter().find(|new| new.no == old.no) else {
            return Err(format!("payment {} is gone", old.no));
        };
        let (from, to) = (old.state.status(), new.state.status());
        if !moves::payment(from, to) {
            return Err(format!("payment {}: {from:?} → {to:?}", old.no));
        }
    }
    Ok(())
}

fn frozen(w: &Watched<'_>) -> Result<(), String> {
    let (Some(before), after) = (w.commit.before, w.commit.after) else { return Ok(()) };
    let same = before.number == after.number
        && before.buyer == after.buyer
        && before.lines == after.lines
        && before.amounts == after.amounts
        && before.pay_deadline == after.pay_deadline
        && before.created_at == after.created_at;
    if !same {
        return Err("the order's own terms changed".to_owned());
    }
    let changed = before.payments.iter().find(|old| {
        !after.payments.iter().any(|new| {
            new.no == old.no && new.terms == old.terms && new.prepay_body == old.prepay_body
        })
    });
    changed.map_or(Ok(()), |old| Err(format!("payment {} changed its terms", old.no)))
}

fn success_stays(w: &Watched<'_>) -> Result<(), String> {
    let Some(before) = w.commit.before else { return Ok(()) };
    for old in &before.payments {
        let Some(receipt) = old.receipt() else { continue };
        let new = w.commit.after.payments.iter().find(|new| new.no == old.no);
        if new.and_then(Payment::receipt) != Some(receipt) {
            return Err(format!(
                "payment {} was paid and is {:?}",
                old.no,
                new.map(|n| n.state.status())
            ));
        }
    }
    Ok(())
}

fn cancelled_for_good(w: &Watched<'_>) -> Result<(), String> {
    let order = w.commit.after;
    let ends = w.commit.changeset.events.iter().any(|e| matches!(e, Event::Cancelled { .. }));
    if !ends {
        return Ok(());
    }
    for payment in &order.payments {
        let number = payment.out_trade_no().as_str();
        // Closed is closed: only who breaks WeChat Pay's own rules pays it afterwards.
        let paid = w
            .world
            .wechat
            .truth(|truth| truth.paid.contains_key(number) && !truth.unfaithful.contains(number));
        let fine = match &payment.state {
            PaymentState::Closed { .. } => !paid && is_closed_for_good(w, payment),
            PaymentState::Rejected { proven: true, .. } => !paid,
            PaymentState::Surplus { .. } => true,
            PaymentState::Created
            | PaymentState::Payable { .. }
            | PaymentState::Unknown
            | PaymentState::Closing { .. }
            | PaymentState::Rejected { proven: false, .. } => false,
            PaymentState::Paid { receipt } => {
                let accepted = order.refunds.iter().filter(|refund| {
                    refund.payment_no == payment.no && refunds::is_accepted(refund)
                });
                let back: i64 = accepted.map(|refund| refund.amount.get()).sum();
                back == receipt.amount.get()
            }
        };
        if !fine {
            let paid = if paid { "paid" } else { "not paid" };
            return Err(format!("{number} is {:?}, in truth {paid}", payment.state.status()));
        }
    }
    Ok(())
}

/// Closed there, or never heard of there and too late to be.
fn is_closed_for_good(w: &Watched<'_>, payment: &Payment) -> bool {
    match w.world.wechat.standing(payment.out_trade_no().as_str(), w.world.now()) {
        Standing::Ended => true,
        Standing::Open => false,
        Standing::Unknown => {
            // The store's clock may have been put back since this was decided by it.
            let back_ms = w.world.store_time.began_ahead().max(0) / MILLI;
            let now = w.world.now().plus_millis(back_ms.saturating_add(CLOCK_ERROR_MS));
            now >= payment.terms.time_expire.plus_seconds(HORIZON_S)
        }
    }
}

/// Each event for the outside is written with what it tells, and never without.
fn effects_once(w: &Watched<'_>) -> Result<(), String> {
    let told =
        |kind: OutgoingKind| w.commit.changeset.outgoing.iter().filter(|o| o.kind == kind).count();
    let happened =
        |is: fn(&Event) -> bool| w.commit.changeset.events.iter().filter(|e| is(e)).count();
    let pairs = [
        (OutgoingKind::OrderCreated, happened(|e| matches!(e, Event::Placed(_)))),
        (OutgoingKind::OrderPaid, happened(|e| matches!(e, Event::Settled { .. }))),
        (OutgoingKind::OrderCodConverted, happened(|e| matches!(e, Event::Converted))),
        (OutgoingKind::OrderCodCollected, happened(door::is_cash)),
        (OutgoingKind::OrderCancelled, happened(|e| matches!(e, Event::Cancelled { .. }))),
        (
            OutgoingKind::PaymentSurplus,
            happened(|e| matches!(e, Event::PaymentSurplus { .. } | Event::PaymentAdopted(_))),
        ),
        (OutgoingKind::RefundRequested, happened(|e| matches!(e, Event::RefundRequested(_)))),
        (OutgoingKind::OrderShipped, happened(|e| matches!(e, Event::Shipped(_)))),
        (OutgoingKind::OrderDelivered, happened(|e| matches!(e, Event::Delivered { .. }))),
        (OutgoingKind::OrderCompleted, happened(|e| matches!(e, Event::Completed { .. }))),
    ];
    for (kind, times) in pairs {
        if told(kind) != times {
            return Err(format!("{} is told {} times, happened {times}", kind.name(), told(kind)));
        }
    }
    books::told_with_its_transfers(w.commit.changeset)
}

fn one_open_payment(w: &Watched<'_>) -> Result<(), String> {
    let open = w.commit.after.payments.iter().filter(|payment| payment.is_open()).count();
    if open <= 1 { Ok(()) } else { Err(format!("{open} are open")) }
}

fn keys_once(w: &Watched<'_>) -> Result<(), String> {
    let Some(replay) = &w.commit.changeset.replay else { return Ok(()) };
    if w.seen.keys.contains(&replay.scope) {
        return Err(format!("key {} had its effect before", replay.scope.key));
    }
    Ok(())
}

fn fenced(w: &Watched<'_>) -> Result<(), String> {
    let Some(fence) = &w.commit.changeset.fence else { return Ok(()) };
    let now = w.world.store_time.real();
    match w.seen.leases.get(&fence.job) {
        Some(lease) if lease.token == fence.token && lease.until > now => Ok(()),
        // The store goes back to leases of before a failover; the store judges them.
        None if w.seen.losses.leases() => Ok(()),
        other => Err(format!("token {} of {}, lease {other:?} at {now}", fence.token, fence.job)),
    }
}
