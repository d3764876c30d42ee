//! Rules of starting payments, of what the buyer is shown meanwhile, and of what comes after.

use super::moment::Moment;
use super::refund_samples::{paid, payable};
use super::samples::{
    TOTAL, after, asked, deadline, epoch, fact, number, placed, placed_directly, ship, start,
    start_payment, success,
};
use crate::changeset::Changeset;
use crate::fact::Trade;
use crate::job::{JobChange, JobId};
use crate::names::{Appid, Mchid};
use crate::order::{
    CancelCause, Circumstances, Command, CompletedBy, Decision, Event, Order, OrderStatus,
    PREPAY_MARGIN_S, PayerResult, PrepayAnswer, Purpose, Rejection, WalletPayment,
};
use crate::payment::{PAYMENTS_MAX, PaymentStatus, TradeType};
use crate::presentation::{GIVE_UP_AFTER_S, GIVE_UP_MESSAGE_ZH, Shown};
use crate::refund::RefundState;
use crate::stock::HoldStatus;
use crate::{Fen, Timestamp};

fn written(order: &Order, command: &Command, now: Timestamp) -> Changeset {
    Moment::at(now).written(order, command)
}

#[test]
fn the_first_payment_of_a_direct_order_carries_the_order_number() {
    let order = placed_directly();
    let compose = &|terms: &crate::payment::Terms| format!("body of {}", terms.out_trade_no);
    let epoch = epoch();
    let given = Circumstances { compose, ..Circumstances::ordinary(start(), &epoch) };
    let decision = order.decide_with(&start_payment(TradeType::Native), &given).unwrap();
    let Decision::Record(events) = decision else { panic!("no events") };
    let order = order.after(&events);
    let payment = order.open_payment().unwrap();
    assert_eq!(payment.out_trade_no().as_str(), order.number.as_str());
    assert_eq!(payment.prepay_body, format!("body of {}", order.number));
    assert_eq!(payment.terms.time_expire, deadline());
    assert_eq!(payment.terms.payer, None, "Native asks for nobody");
}

#[test]
fn an_open_payment_with_equal_parameters_is_reused() {
    let order = payable();
    let again = order.decide(&start_payment(TradeType::Jsapi), start());
    assert_eq!(again, Ok(Decision::AlreadyApplied));
}

#[test]
fn other_parameters_close_the_open_payment_and_take_a_new_number() {
    let order = payable();
    let changeset = written(&order, &start_payment(TradeType::Native), start());
    let order = changeset.order.unwrap().order;
    assert_eq!(order.payments[0].state.status(), PaymentStatus::Closing);
    assert_eq!(order.open_payment().unwrap().out_trade_no(), &number(&order, 2));
    // The close is sent by whoever hands the new one out; the job comes after it.
    let due = start().plus_seconds(5);
    let follow = |no| JobChange::Ensure { id: JobId::follow(&number(&order, no)), due_at: due };
    assert!(changeset.jobs.contains(&follow(1)) && changeset.jobs.contains(&follow(2)));
}

#[test]
fn a_success_of_the_superseded_payment_settles_and_closes_its_successor() {
    let order = after(payable(), &start_payment(TradeType::Native), start());
    let order = after(order.clone(), &success(&order, 1, "T-1", TOTAL), start());
    assert_eq!(order.status, OrderStatus::Ready);
    assert_eq!(order.payments[1].state.status(), PaymentStatus::Closing);
    let order = after(order.clone(), &success(&order, 2, "T-2", TOTAL), start());
    assert_eq!(order.payments[1].state.status(), PaymentStatus::Surplus);
    assert_eq!(order.refunds.len(), 1);
}

#[test]
fn what_wechat_pay_refused_is_tried_under_a_new_number() {
    let order = placed();
    let refused = PrepayAnswer::Refused { code: "NO_AUTH".to_owned() };
    let command = super::samples::prepay(&order, 1, refused);
    let order = after(order, &command, start());
    let order = after(order, &start_payment(TradeType::Jsapi), start());
    assert_eq!(order.open_payment().unwrap().no, 2);
}

#[test]
fn nothing_is_started_in_the_last_minute_while_cancelling_or_once_settled() {
    let last_minute = deadline().plus_seconds(-PREPAY_MARGIN_S);
    let native = start_payment(TradeType::Native);
    let refused = Err(Rejection::NotPayable);
    assert_eq!(payable().decide(&native, last_minute), refused);
    assert!(payable().decide(&native, last_minute.plus_millis(-1)).is_ok());
    let cancelling = after(payable(), &Command::Cancel(CancelCause::Buyer), start());
    assert_eq!(cancelling.decide(&native, start()), refused);
    assert_eq!(paid().decide(&native, start()), refused);
}

#[test]
fn jsapi_needs_its_payer() {
    let mut new = asked(TradeType::Jsapi);
    new.payer = None;
    let decided = placed_directly().decide(&Command::StartPayment(new), start());
    assert_eq!(decided, Err(Rejection::PayerUnknown));
}

#[test]
fn h5_needs_to_know_where_its_payer_is() {
    let mut new = asked(TradeType::H5);
    new.client_ip = None;
    let decided = placed_directly().decide(&Command::StartPayment(new), start());
    assert_eq!(decided, Err(Rejection::WayNotOffered));
}

#[test]
fn numbers_end_with_the_ninety_ninth_payment() {
    let mut order = payable();
    for turn in 0..u32::from(PAYMENTS_MAX) - 1 {
        let other = if turn % 2 == 0 { TradeType::Native } else { TradeType::Jsapi };
        order = after(order, &start_payment(other), start());
    }
    assert_eq!(order.payments.len(), usize::from(PAYMENTS_MAX));
    let last = order.open_payment().unwrap();
    assert!(last.out_trade_no().as_str().len() <= 32, "WeChat Pay's limit");
    let other = if last.terms.trade_type() == Some(TradeType::Jsapi) {
        TradeType::Native
    } else {
        TradeType::Jsapi
    };
    assert_eq!(order.decide(&start_payment(other), start()), Err(Rejection::TooManyPayments));
}

#[test]
fn a_client_that_says_ok_is_shown_confirming_and_changes_nothing_else() {
    let order = after(payable(), &Command::NoteReport(PayerResult::Ok), start());
    assert_eq!(order.status, OrderStatus::PendingPayment);
    assert!(order.settlement.is_none());
    let shown = order.present(start());
    assert_eq!((shown.status, shown.message_zh), (Shown::Confirming, "支付成功，订单生成中"));
    assert!(shown.poll_after_ms.is_some());
    let later = order.present(start().plus_seconds(i64::from(GIVE_UP_AFTER_S)));
    assert_eq!((later.message_zh, later.poll_after_ms), (GIVE_UP_MESSAGE_ZH, None));
    let cancelled = Command::NoteReport(PayerResult::Cancel);
    assert_eq!(order.decide(&cancelled, start()), Ok(Decision::AlreadyApplied), "too soon");
    let back = after(order, &cancelled, start().plus_seconds(2));
    assert_eq!(back.present(start()).status, Shown::AwaitingPayment);
}

#[test]
fn a_repeated_hint_is_not_written_again_at_once() {
    let hint = Command::NoteReport(PayerResult::Ok);
    let order = after(payable(), &hint, start());
    assert_eq!(order.decide(&hint, start().plus_seconds(29)), Ok(Decision::AlreadyApplied));
    assert!(matches!(order.decide(&hint, start().plus_seconds(30)), Ok(Decision::Record(_))));
    assert_eq!(paid().decide(&hint, start()), Ok(Decision::AlreadyApplied));
}

#[test]
fn parcels_go_out_until_all_are_sent_and_then_arrive() {
    let order = paid();
    assert_eq!(order.decide(&Command::Deliver, start()), Err(Rejection::WrongState));
    let order = after(order, &ship("SF-1", false), start());
    assert_eq!(order.status, OrderStatus::Shipped);
    assert_eq!(order.decide(&Command::Deliver, start()), Err(Rejection::WrongState));
    let order = after(order, &ship("SF-2", true), start());
    assert_eq!(order.shipments.len(), 2);
    assert_eq!(order.decide(&ship("SF-3", true), start()), Err(Rejection::WrongState));
    let order = after(order, &Command::Deliver, start());
    assert_eq!(order.status, OrderStatus::Delivered);
}

#[test]
fn the_same_shipment_again_is_already_applied() {
    let order = after(paid(), &ship("SF-1", true), start());
    assert_eq!(order.decide(&ship("SF-1", true), start()), Ok(Decision::AlreadyApplied));
}

#[test]
fn a_parcel_is_recorded_once_however_often_somebody_clicks() {
    let order = after(paid(), &ship("SF-1", false), start());
    assert_eq!(order.decide(&ship("SF-1", true), start()), Err(Rejection::PackageKnown));
}

/// A shipment of so many packages, numbered from `first`.
fn packages(first: u32, count: u32) -> Command {
    let Command::Ship(mut draft) = ship("SF", false) else { unreachable!() };
    let package = draft.packages.remove(0);
    draft.packages.extend((first..first + count).map(|no| {
        let tracking_no = Some(format!("SF-{no}"));
        crate::shipment::Package { tracking_no, ..package.clone() }
    }));
    Command::Ship(draft)
}

#[test]
fn an_order_is_sent_in_at_most_fifteen_packages() {
    for (sent, more, fits) in
        [(14, 1, true), (14, 2, false), (14, 3, false), (1, 14, true), (15, 1, false)]
    {
        let order = after(paid(), &packages(1, sent), start());
        assert_eq!(order.shipments.len(), 1);
        let answer = order.decide(&packages(sent + 1, more), start());
        if fits {
            assert!(matches!(answer, Ok(Decision::Record(_))), "{sent} and {more}");
        } else {
            assert_eq!(answer, Err(Rejection::TooManyPackages), "{sent} and {more}");
        }
    }
    assert_eq!(paid().decide(&packages(1, 16), start()), Err(Rejection::TooManyPackages));
}

#[test]
fn an_unpaid_order_is_not_shipped() {
    assert_eq!(payable().decide(&ship("SF-1", true), start()), Err(Rejection::WrongState));
}

#[test]
fn a_delivered_order_is_complete_after_seven_days() {
    let order = after(paid(), &ship("SF-1", true), start());
    let changeset = written(&order, &Command::Deliver, start());
    let week = start().plus_seconds(7 * 86_400);
    let job = JobChange::Ensure { id: JobId::complete(&order.number), due_at: week };
    assert!(changeset.jobs.contains(&job));
    let order = changeset.order.unwrap().order;
    let elapsed = Command::Complete(CompletedBy::Elapsed);
    assert_eq!(order.decide(&elapsed, week.plus_millis(-1)), Err(Rejection::NotDue));
    assert_eq!(after(order, &elapsed, week).status, OrderStatus::Completed);
}

#[test]
fn a_buyer_who_confirms_the_receipt_says_delivered_too() {
    let order = after(paid(), &ship("SF-1", true), start());
    let confirm = Command::Complete(CompletedBy::Buyer);
    let changeset = written(&order, &confirm, start());
    let names: Vec<&str> = changeset.events.iter().map(Event::name).collect();
    assert_eq!(names, ["delivered", "completed"]);
    assert!(changeset.jobs.contains(&JobChange::Remove { id: JobId::complete(&order.number) }));
    assert_eq!(paid().decide(&confirm, start()), Err(Rejection::WrongState), "not sent yet");
    let operator = Command::Complete(CompletedBy::Operator);
    assert_eq!(order.decide(&operator, start()), Err(Rejection::WrongState), "not delivered yet");
}

#[test]
fn a_paid_order_is_cancelled_by_paying_it_back() {
    let order = after(paid(), &Command::Cancel(CancelCause::Buyer), start());
    assert_eq!(order.status, OrderStatus::Cancelling, "not before its money is on its way back");
    assert_eq!(order.refunds.len(), 1);
    assert_eq!(order.refunds[0].amount, Fen::new(TOTAL));
    assert_eq!(order.refunds[0].state, RefundState::Requested);
    assert!(order.holds.iter().all(|hold| hold.status == HoldStatus::Committed));
}

#[test]
fn what_was_shipped_is_not_cancelled_and_no_deadline_cancels_what_was_paid() {
    let shipped = after(paid(), &ship("SF-1", true), start());
    let delivered = after(shipped.clone(), &Command::Deliver, start());
    let completed = after(delivered.clone(), &Command::Complete(CompletedBy::Buyer), start());
    let in_part = after(paid(), &ship("SF-1", false), start());
    for order in [in_part, shipped, delivered, completed] {
        for cause in [CancelCause::Buyer, CancelCause::Operator, CancelCause::Deadline] {
            let decided = order.decide(&Command::Cancel(cause), deadline());
            assert_eq!(decided, Err(Rejection::NotCancellable));
        }
    }
    let expired = paid().decide(&Command::Cancel(CancelCause::Deadline), deadline());
    assert_eq!(expired, Err(Rejection::NotCancellable));
}

#[test]
fn an_order_whose_payment_ended_can_be_paid_anew() {
    let order = payable();
    let order = after(order.clone(), &fact(&order, 1, Trade::Closed), start());
    let order = after(order, &start_payment(TradeType::Jsapi), start());
    assert_eq!(order.open_payment().unwrap().no, 2);
}

#[test]
fn cancelling_has_every_live_payment_asked_about_at_once() {
    let order = placed();
    let refused = PrepayAnswer::Refused { code: "NO_AUTH".to_owned() };
    let command = super::samples::prepay(&order, 1, refused);
    let order = after(order, &command, start());
    let changeset = written(&order, &Command::Cancel(CancelCause::Buyer), start());
    let follow = JobChange::Ensure { id: JobId::follow(&number(&order, 1)), due_at: start() };
    assert!(changeset.jobs.contains(&follow), "refused, and not proven yet: {:?}", changeset.jobs);
}

/// No command leads here; whoever reads such an order from somewhere takes no money for it again and
/// completes nothing that was not paid.
#[test]
fn what_is_settled_is_not_paid_for_again_and_what_is_not_is_not_completed() {
    let again = Order { status: OrderStatus::PendingPayment, ..paid() };
    assert_eq!(
        again.decide(&start_payment(TradeType::Native), start()),
        Err(Rejection::NotPayable)
    );
    for status in [OrderStatus::Shipped, OrderStatus::Delivered] {
        let order = after(paid(), &ship("SF-1", true), start());
        let unpaid = Order { status, settlement: None, ..order };
        for by in [CompletedBy::Buyer, CompletedBy::Operator] {
            let answer = unpaid.decide(&Command::Complete(by), start());
            assert_eq!(answer, Err(Rejection::WrongState), "{status:?}");
        }
    }
}

#[test]
fn from_the_wallet_goods_are_paid_that_wait_for_their_money() {
    let names = WalletPayment { mchid: Mchid::new("m"), appid: Appid::new("a") };
    let pay = Command::PayFromWallet(names);
    let (open, now) = (payable(), Moment::at(start()));
    assert!(now.decide(&open, &pay).is_ok());
    let settled = Order { status: OrderStatus::PendingPayment, ..paid() };
    let unpaid = Order { status: OrderStatus::Cancelled, ..open.clone() };
    let recharge = Order { purpose: Purpose::Recharge, ..open.clone() };
    let nobodys = Order { buyer: None, ..open.clone() };
    for order in [settled, unpaid, recharge, nobodys] {
        assert_eq!(now.decide(&order, &pay), Err(Rejection::NotPayable), "{:?}", order.status);
    }
    let too_late = Moment::at(open.pay_deadline.unwrap());
    assert_eq!(too_late.decide(&open, &pay), Err(Rejection::NotPayable));
}
