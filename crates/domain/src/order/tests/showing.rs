//! What a buyer is shown, state by state.

use super::moment::Moment;
use super::refund_samples::{paid, payable, play, refund_states, rejected, shipped};
use super::samples::{epoch, fact, placement, start};
use super::states::states;
use crate::fact::Trade;
use crate::order::{
    CancelCause, Command, Event, Order, OrderStatus, PayerResult, PaymentStatus as PaidStatus,
};
use crate::payment::{ClosingCause, PaymentState, PaymentStatus};
use crate::presentation::{GIVE_UP_MESSAGE_ZH, POLL_AFTER_MS, Shown};
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn every_state_is_shown_in_a_word_a_sentence_and_when_to_ask_again() {
    let pay = (Shown::AwaitingPayment, "等待付款", true);
    let refunding = (Shown::Refunding, "收到的付款与订单不符，正在核实并退回", false);
    let closing = (Shown::Cancelling, "订单取消中，正在与微信支付核对", true);
    let on_its_way_back = (Shown::Refunding, "订单取消中，付款将原路退回", false);
    let cancelled_and_back = (Shown::Refunding, "订单已取消，付款将原路退回", false);
    let expected: BTreeMap<&str, (Shown, &str, bool)> = [
        ("pending_payment, no payment yet", pay),
        ("pending_payment, created", pay),
        ("pending_payment, payable", pay),
        ("pending_payment, payable without credential", pay),
        ("pending_payment, unknown", pay),
        ("pending_payment, rejected", pay),
        ("pending_payment, rejected and proven", pay),
        ("pending_payment, closing", pay),
        ("pending_payment, closed", pay),
        ("pending_payment, surplus (mismatch)", refunding),
        ("pending_payment, surplus (refund seen first)", refunding),
        ("pending_payment, superseded by a second payment", pay),
        ("cancelling, closing", closing),
        ("cancelling, rejected", closing),
        ("cancelled, closed", (Shown::Closed, "订单已取消", false)),
        ("cancelled, surplus (late)", cancelled_and_back),
        ("ready, paid", (Shown::Ready, "付款成功，等待发货", false)),
        ("shipped in part, paid", (Shown::Ready, "已发货", false)),
        ("shipped, paid", (Shown::Ready, "已发货", false)),
        ("delivered, paid", (Shown::Ready, "已送达", false)),
        ("completed, paid", (Shown::Ready, "订单已完成", false)),
        ("ready, partially refunded", (Shown::Ready, "付款成功，等待发货", false)),
        ("cancelling, refund requested", on_its_way_back),
        ("cancelling, refund processing", on_its_way_back),
        ("cancelled, refunded", (Shown::Refunded, "订单已取消，付款已退回", false)),
        ("cancelled, adopted", cancelled_and_back),
        ("shipped, refunded", (Shown::Refunded, "付款已全部退回", false)),
        ("ready, cash on delivery", (Shown::Ready, "货到付款，等待发货", false)),
        ("shipped in part, cash on delivery", (Shown::Ready, "已发货，货到付款", false)),
        ("shipped, cash on delivery", (Shown::Ready, "已发货，货到付款", false)),
        ("delivered, cash on delivery", (Shown::Ready, "已送达，等待收款", false)),
        ("ready, converting", pay),
        ("shipped, converting", pay),
        ("delivered, converting", pay),
        ("delivered, converting, closing", (Shown::Confirming, "正在与微信支付核对付款结果", true)),
        ("delivered, just converted back", (Shown::Ready, "已送达，等待收款", false)),
        ("cancelling, cash on delivery", closing),
        ("cancelling, refused at the door", closing),
        (
            "ready, refused at the door and paid after all",
            (Shown::Ready, "付款成功，等待发货", false),
        ),
        ("shipped, converted", (Shown::Ready, "已发货", false)),
        ("delivered, cash collected", (Shown::Ready, "已送达", false)),
        ("delivered, cash collected and paid online", (Shown::Ready, "已送达", false)),
        ("completed, cash collected", (Shown::Ready, "订单已完成", false)),
        ("cancelled, cash on delivery", (Shown::Closed, "订单已取消", false)),
        ("cancelled, refused at the door", (Shown::Closed, "买家拒收，订单已取消", false)),
    ]
    .into();
    let shown: BTreeMap<&str, (Shown, &str, bool)> = states()
        .into_iter()
        .map(|(state, order)| {
            let shown = order.present(start());
            let polls = shown.poll_after_ms == Some(POLL_AFTER_MS);
            assert!(polls || shown.poll_after_ms.is_none());
            (state, (shown.status, shown.message_zh, polls))
        })
        .collect();
    assert_eq!(shown, expected);
}

#[test]
fn an_order_that_nobody_paid_in_time_is_shown_so() {
    let order = placement(500).decide(start(), &epoch(), &|_| String::new()).unwrap();
    let Event::Placed(order) = &order[0] else { unreachable!() };
    let mut order = (**order).clone();
    order.payments.clear();
    let moment = Moment::at(order.pay_deadline.unwrap());
    let order = moment.play(&order, &Command::Cancel(CancelCause::Deadline));
    let shown = order.present(start());
    assert_eq!((shown.status, shown.message_zh), (Shown::Closed, "订单超时未付款，已关闭"));
}

/// Every word that an order, a payment or a refund can have is one that something leads to: none is written
/// down and never met.
#[test]
fn every_status_is_reached_also_expired_cancelled_and_refunded() {
    let orders: Vec<Order> =
        states().into_iter().chain(refund_states()).map(|(_, order)| order).collect();
    let met: BTreeSet<OrderStatus> = orders.iter().map(|order| order.status).collect();
    let wanted = [
        OrderStatus::PendingPayment,
        OrderStatus::Cancelling,
        OrderStatus::Cancelled,
        OrderStatus::Ready,
        OrderStatus::Shipped,
        OrderStatus::Delivered,
        OrderStatus::Completed,
    ];
    assert_eq!(met, BTreeSet::from(wanted));
    let met: BTreeSet<PaidStatus> = orders.iter().map(Order::payment_status).collect();
    let wanted =
        [PaidStatus::Unpaid, PaidStatus::Paid, PaidStatus::PartiallyRefunded, PaidStatus::Refunded];
    assert_eq!(met, BTreeSet::from(wanted));
    let payments = orders.iter().flat_map(|order| &order.payments);
    let met: BTreeSet<PaymentStatus> = payments.map(|payment| payment.state.status()).collect();
    let wanted = [
        PaymentStatus::Created,
        PaymentStatus::Payable,
        PaymentStatus::Unknown,
        PaymentStatus::Closing,
        PaymentStatus::Closed,
        PaymentStatus::Rejected,
        PaymentStatus::Paid,
        PaymentStatus::Surplus,
    ];
    assert_eq!(met, BTreeSet::from(wanted));
    // Older systems call a closed payment cancelled or expired, by who ended it.
    let ended_by = |cause: CancelCause| {
        let order = play(payable(), &[]);
        let moment = Moment::at(order.pay_deadline.unwrap());
        let cancelling = moment.play(&order, &Command::Cancel(cause));
        let closed = moment.play(&cancelling, &fact(&cancelling, 1, Trade::Closed));
        let PaymentState::Closed { why, .. } = &closed.payments[0].state else {
            panic!("{:?}", closed.payments[0])
        };
        (closed.status, *why)
    };
    assert_eq!(ended_by(CancelCause::Buyer), (OrderStatus::Cancelled, ClosingCause::Cancelled));
    assert_eq!(ended_by(CancelCause::Deadline), (OrderStatus::Cancelled, ClosingCause::Expired));
}

#[test]
fn a_client_that_gives_up_says_so_while_something_is_expected() {
    let waiting = payable().present(start());
    assert_eq!(waiting.give_up_message_zh(), Some(GIVE_UP_MESSAGE_ZH));
    let cancelling = play(payable(), &[|_| Command::Cancel(CancelCause::Buyer)]).present(start());
    let gives_up = Some("取消处理较慢，请稍后从订单列表查看");
    assert_eq!(cancelling.give_up_message_zh(), gives_up);
    assert_eq!(paid().present(start()).give_up_message_zh(), None, "nothing is expected");
}

#[test]
fn what_a_client_says_is_a_hint_that_grows_old() {
    let report = |result| Moment::at(start()).play(&payable(), &Command::NoteReport(result));
    let shown = |order: &Order, seconds| {
        let shown = order.present(start().plus_seconds(seconds));
        (shown.status, shown.poll_after_ms)
    };
    let ok = report(PayerResult::Ok);
    assert_eq!(shown(&ok, 0), (Shown::Confirming, Some(POLL_AFTER_MS)));
    assert_eq!(shown(&ok, 29), (Shown::Confirming, Some(POLL_AFTER_MS)));
    assert_eq!(shown(&ok, 30), (Shown::Confirming, None));
    for result in [PayerResult::Cancel, PayerResult::Fail] {
        assert_eq!(shown(&report(result), 0), (Shown::AwaitingPayment, Some(POLL_AFTER_MS)));
    }
}

#[test]
fn a_hint_is_written_again_after_a_while_and_another_one_soon() {
    let noted = Moment::at(start()).play(&payable(), &Command::NoteReport(PayerResult::Ok));
    let writes = |seconds, result| {
        let moment = Moment::at(start().plus_seconds(seconds));
        let answer = moment.decide(&noted, &Command::NoteReport(result)).unwrap();
        matches!(answer, crate::order::Decision::Record(_))
    };
    assert!(!writes(29, PayerResult::Ok) && writes(30, PayerResult::Ok));
    assert!(!writes(1, PayerResult::Fail) && writes(2, PayerResult::Fail));
    assert!(writes(-1, PayerResult::Ok), "a clock that went back keeps nothing from being noted");
}

/// Money that came to nothing is not shown as paid back.
#[test]
fn what_is_not_back_is_not_shown_as_back() {
    let surplus = super::refund_samples::surplus();
    assert_eq!(surplus.present(start()).status, Shown::Refunding);
    let rejected = rejected(surplus);
    assert_eq!(rejected.present(start()).status, Shown::Refunding, "a person helps");
    let part = play(shipped(), &[|_| super::refund_samples::ask(1, crate::refund::Asker::Buyer)]);
    assert_eq!((part.status, part.present(start()).status), (OrderStatus::Shipped, Shown::Ready));
}

/// What is being cancelled may still be settled by a success, and nobody is sent to pay it.
#[test]
fn an_order_that_is_being_cancelled_is_payable_and_takes_no_payments() {
    let order = payable();
    assert!(order.is_payable() && order.takes_payments());
    let cancelling = play(order, &[|_| Command::Cancel(CancelCause::Buyer)]);
    assert!(cancelling.is_payable() && !cancelling.takes_payments());
    assert!(!paid().is_payable() && !paid().takes_payments());
}
