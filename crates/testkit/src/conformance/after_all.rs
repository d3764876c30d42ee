//! Refunds that were given up and are there after all: whatever is decided about them can be written.

use super::{Stores, placing};
use crate::sample;
use domain::fact::{RefundProgress, Trade};
use domain::order::{CancelCause, Command, Order, RefundAnswer};
use domain::ports::CommitAnswer;
use domain::refund::{Asker, RefundStatus};
use domain::{Fen, OutRefundNo, Timestamp};

fn at(seconds: i64) -> Timestamp {
    sample::start().plus_seconds(seconds)
}

fn last(order: &Order) -> OutRefundNo {
    order.refunds.last().expect("a refund").out_refund_no.clone()
}

fn said(order: &Order, number: &OutRefundNo, progress: RefundProgress) -> Command {
    Command::RecordRefund(sample::refund_fact(order, number, progress))
}

/// Sent, refused, and "does not exist"; 100 seconds for each.
async fn refused(stores: &Stores, order: Order, number: &OutRefundNo, begun: i64) -> Order {
    let answer = RefundAnswer::Refused { code: "NO_AUTH".to_owned() };
    let mut order = order;
    for (step, command) in [
        Command::SendRefund { out_refund_no: number.clone() },
        Command::RecordRefundCall { out_refund_no: number.clone(), answer },
        sample::no_refund(number),
    ]
    .into_iter()
    .enumerate()
    {
        let seconds = begun + 100 * i64::try_from(step).unwrap();
        order = stores.step(&order, &command, at(seconds)).await;
    }
    order
}

/// Paid after it was cancelled.
async fn late(stores: &Stores) -> Order {
    let order = stores.open_order(1).await;
    let order = stores.step(&order, &Command::Cancel(CancelCause::Buyer), at(1)).await;
    let order = stores.step(&order, &sample::says(&order, Trade::Closed), at(2)).await;
    stores.step(&order, &sample::success(&order, "T-late"), at(3)).await
}

/// Of a surplus a person said how much is owed, and then less; both are there.
pub async fn a_surplus_refund_that_is_there_beside_the_one_in_its_place_is_kept(stores: &Stores) {
    let mut order = late(stores).await;
    for (fen, begun) in [(200, 100), (150, 1_000)] {
        let number = last(&order);
        order = refused(stores, order, &number, begun).await;
        let again = Command::RetryRefund { out_refund_no: number, amount: Some(Fen::new(fen)) };
        order = stores.step(&order, &again, at(begun + 500)).await;
    }
    let send = Command::SendRefund { out_refund_no: last(&order) };
    let order = stores.step(&order, &send, at(2_000)).await;
    let second = order.refunds[1].out_refund_no.clone();
    let there = said(&order, &second, RefundProgress::Succeeded { at: at(2_001) });
    let order = stores.step(&order, &there, at(2_002)).await;
    assert_eq!(order.refund(&second).unwrap().state.status(), RefundStatus::Succeeded);
    assert_eq!(order.reserved(1), Fen::new(350));
}

/// A person said how much of a surplus is owed, that was refused, and then they said more.
pub async fn more_of_a_surplus_may_be_owed_than_a_person_had_said(stores: &Stores) {
    let mut order = late(stores).await;
    for (fen, begun) in [(150, 100), (200, 1_000)] {
        let number = last(&order);
        order = refused(stores, order, &number, begun).await;
        let again = Command::RetryRefund { out_refund_no: number, amount: Some(Fen::new(fen)) };
        order = stores.step(&order, &again, at(begun + 500)).await;
    }
    assert_eq!(order.reserved(1), Fen::new(200));
}

/// Tea for 400 and a cup for 90 with fees of 10. What had gone in the place of the tea was worth more than the tea:
/// the fees were with it, which are on their way back alone by now.
pub async fn what_goes_in_the_place_of_a_refund_that_is_closed_late_has_room(stores: &Stores) {
    let buyer = stores.buyer(1).await;
    let (tea, cup) = (stores.sku("tea", 400, 9).await, stores.sku("cup", 90, 9).await);
    let mut placement = sample::placement(1, buyer, &[(&tea, 1), (&cup, 1)]);
    placement.breakdown.amounts.delivery = Fen::new(10);
    placement.breakdown.amounts.total = Fen::new(500);
    let placed = placing(&placement, sample::intent("place"));
    assert_eq!(stores.orders.commit(placed).await, CommitAnswer::Committed);
    let order = stores.load(&placement).await;
    let order = stores.step(&order, &sample::success(&order, "T-1"), at(1)).await;
    let order = stores.step(&order, &sample::refund_lines(&[(1, 1)], Asker::Service), at(2)).await;
    let tea = last(&order);
    let order = stores.step(&order, &sample::refund_lines(&[(2, 1)], Asker::Service), at(3)).await;
    let cup = last(&order);
    let order = refused(stores, order, &tea, 100).await;
    let order =
        stores.step(&order, &Command::SendRefund { out_refund_no: cup.clone() }, at(400)).await;
    let back = said(&order, &cup, RefundProgress::Succeeded { at: at(401) });
    let order = stores.step(&order, &back, at(402)).await;
    let again = Command::RetryRefund { out_refund_no: tea.clone(), amount: None };
    let order = stores.step(&order, &again, at(410)).await;
    let order = stores.step(&order, &said(&order, &tea, RefundProgress::Processing), at(420)).await;
    let order = stores.step(&order, &said(&order, &tea, RefundProgress::Closed), at(430)).await;
    assert_eq!(order.reserved(1), Fen::new(500));
}
