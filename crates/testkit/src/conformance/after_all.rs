//! Refunds that were given up and are there after all, or otherwise there than we have them: whatever is decided about them can be written.

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

/// Three pieces for 400, the last of which is worth 134 when it is asked for last and 133 when it is asked for first.
pub async fn how_much_a_refund_is_wechat_pay_says_when_it_is_first_heard_of_there(stores: &Stores) {
    let buyer = stores.buyer(1).await;
    let tea = stores.sku("tea", 150, 9).await;
    let mut placement = sample::placement(1, buyer, &[(&tea, 3)]);
    placement.breakdown.lines[0].discount = Fen::new(50);
    placement.breakdown.amounts.discount = Fen::new(50);
    placement.breakdown.amounts.total = Fen::new(400);
    let placed = placing(&placement, sample::intent("place"));
    assert_eq!(stores.orders.commit(placed).await, CommitAnswer::Committed);
    let order = stores.load(&placement).await;
    let order = stores.step(&order, &sample::success(&order, "T-1"), at(1)).await;
    let order = stores.step(&order, &sample::refund_lines(&[(1, 1)], Asker::Service), at(2)).await;
    let first = last(&order);
    let send = Command::SendRefund { out_refund_no: first.clone() };
    let order = stores.step(&order, &send, at(3)).await;
    assert_eq!(order.reserved(1), Fen::new(133));
    let stated =
        |order: &Order, progress| sample::refund_stated(order, &first, Fen::new(134), progress);
    let there = Command::RecordRefund(stated(&order, RefundProgress::Processing));
    let order = stores.step(&order, &there, at(4)).await;
    let back = Command::RecordRefund(stated(&order, RefundProgress::Succeeded { at: at(5) }));
    let order = stores.step(&order, &back, at(6)).await;
    assert_eq!((order.reserved(1), order.refunded()), (Fen::new(134), Fen::new(134)));
    assert_eq!(order.refunds[0].lines[0].amount, Fen::new(134));
    let order = stores.step(&order, &sample::refund_lines(&[(1, 2)], Asker::Service), at(7)).await;
    assert_eq!(order.reserved(1), Fen::new(400));
}

/// Refused, and asked for anew, and sent: the goods stay with that one, and the money of both is back.
pub async fn money_that_went_back_is_kept_though_another_refund_has_its_goods(stores: &Stores) {
    let buyer = stores.buyer(1).await;
    let (tea, cup) = (stores.sku("tea", 400, 9).await, stores.sku("cup", 90, 9).await);
    let placement = sample::placement(1, buyer, &[(&tea, 1), (&cup, 1)]);
    let placed = placing(&placement, sample::intent("place"));
    assert_eq!(stores.orders.commit(placed).await, CommitAnswer::Committed);
    let order = stores.load(&placement).await;
    let order = stores.step(&order, &sample::success(&order, "T-1"), at(1)).await;
    let cup_again = sample::refund_lines(&[(2, 1)], Asker::Service);
    let order = stores.step(&order, &cup_again, at(2)).await;
    let first = last(&order);
    let order = refused(stores, order, &first, 100).await;
    let order = stores.step(&order, &cup_again, at(400)).await;
    let send = Command::SendRefund { out_refund_no: last(&order) };
    let order = stores.step(&order, &send, at(410)).await;
    let there = said(&order, &first, RefundProgress::Succeeded { at: at(420) });
    let order = stores.step(&order, &there, at(430)).await;
    assert_eq!(order.reserved(1), Fen::new(180));
    assert_eq!(order.refunds.iter().map(|refund| refund.lines.len()).collect::<Vec<_>>(), [0, 1]);
}
