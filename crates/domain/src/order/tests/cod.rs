//! Cash on delivery: placed, brought, paid or refused at the door, or turned into an online payment.

use super::moment::Moment;
use super::refund_samples::play;
use super::samples::{
    TOTAL, accepted, asked, cash_on_delivery, close, collect, epoch, fact, number, placement, ship,
    start, start_payment, success,
};
use crate::changeset::ListChange;
use crate::fact::Trade;
use crate::job::{JobChange, JobId};
use crate::names::TransactionId;
use crate::order::{
    CancelCause, Circumstances, Command, CompletedBy, Decision, Event, Order, OrderStatus,
    PaymentMethod, PaymentStatus, PlacedMethod, Placement, Rejection, SettledBy, StockOutcome,
};
use crate::outgoing::OutgoingKind;
use crate::payment::{ClosingCause, PaymentState, SurplusCause, TradeType};
use crate::shipment::{LogisticsType, Package, ShipmentDraft};
use crate::stock::{HoldStatus, StockMoveKind};
use crate::{Fen, Timestamp};

fn now() -> Timestamp {
    start().plus_seconds(60)
}

fn written(order: &Order, command: &Command) -> crate::changeset::Changeset {
    Moment::at(now()).written(order, command)
}

fn refused(order: &Order, command: &Command) -> Rejection {
    Moment::at(now()).decide(order, command).unwrap_err()
}

fn refuse() -> Command {
    Command::Cancel(CancelCause::Refused)
}

fn shipped() -> Order {
    play(cash_on_delivery(), &[|_| ship("SF-1", true)])
}

fn delivered() -> Order {
    play(shipped(), &[|_| Command::Deliver])
}

/// With an online payment on offer.
fn online(order: Order) -> Order {
    play(order, &[|_| start_payment(TradeType::Jsapi), |order| accepted(order, 1)])
}

/// Without a number that could tell one package from another.
fn by_hand() -> ShipmentDraft {
    let package = Package {
        express_company: None,
        tracking_no: None,
        item_desc: "龙井".into(),
        contact: None,
    };
    let logistics_type = LogisticsType::SameCity;
    ShipmentDraft { logistics_type, packages: vec![package], is_all_delivered: true }
}

fn kinds(written: &crate::changeset::Changeset) -> Vec<StockMoveKind> {
    written.stock.iter().map(|moved| moved.kind).collect()
}

fn told(written: &crate::changeset::Changeset) -> Vec<OutgoingKind> {
    written.outgoing.iter().map(|event| event.kind).collect()
}

#[test]
fn it_is_placed_ready_and_unpaid_and_leaves_the_list_at_once() {
    let method = PlacedMethod::CashOnDelivery;
    // Whatever was asked for with it, no payment is recorded.
    let payment = Some(asked(TradeType::Jsapi));
    let placement = Placement { method, payment, ..placement(TOTAL / 3) };
    let events = placement.decide(start(), &epoch(), &|_| unreachable!("no prepay")).unwrap();
    let written = super::moment::written(None, events, start());
    let order = &written.order.as_ref().unwrap().order;
    assert_eq!((order.status, order.payment_method), (OrderStatus::Ready, PaymentMethod::Cod));
    assert_eq!((order.payment_status(), order.pay_deadline), (PaymentStatus::Unpaid, None));
    assert!(order.payments.is_empty() && order.awaits_cash() && !order.is_converting());
    assert!(order.is_unpaid_and_here(), "it counts against the buyer's unpaid orders");
    assert_eq!(kinds(&written), [StockMoveKind::Hold]);
    assert!(matches!(written.list[..], [ListChange::Capture { .. }, ListChange::Clear { .. }]));
    assert_eq!(written.jobs, [JobChange::Remove { id: JobId::expire(&order.number) }]);
}

#[test]
fn what_costs_nothing_is_still_brought_and_collected_for_nothing() {
    let method = PlacedMethod::CashOnDelivery;
    let placement = Placement { method, payment: None, ..placement(0) };
    let events = placement.decide(start(), &epoch(), &|_| unreachable!("no prepay")).unwrap();
    let order = super::moment::written(None, events, start()).order.unwrap().order;
    assert_eq!(
        (order.payment_method, order.payment_status()),
        (PaymentMethod::Cod, PaymentStatus::Unpaid)
    );
    assert_eq!(refused(&order, &start_payment(TradeType::Native)), Rejection::NotPayable);
    let order =
        play(order, &[|_| ship("SF-1", true), |_| Command::Deliver, |_| collect(0, "王五")]);
    assert_eq!(order.payment_status(), PaymentStatus::Paid);
}

#[test]
fn it_is_cancelled_at_once_while_nothing_is_open_online() {
    let written = written(&cash_on_delivery(), &Command::Cancel(CancelCause::Operator));
    let order = &written.order.as_ref().unwrap().order;
    assert_eq!(order.status, OrderStatus::Cancelled);
    assert_eq!(kinds(&written), [StockMoveKind::Release]);
    assert_eq!(refused(&cash_on_delivery(), &Command::GiveWay), Rejection::NotCancellable);
    assert_eq!(
        refused(&shipped(), &Command::Cancel(CancelCause::Buyer)),
        Rejection::NotCancellable
    );
}

#[test]
fn cancelling_it_waits_for_its_open_payment() {
    let order = online(cash_on_delivery());
    let order = play(order, &[|_| Command::Cancel(CancelCause::Buyer)]);
    assert_eq!(order.status, OrderStatus::Cancelling);
    assert!(order.holds.iter().all(|hold| hold.status == HoldStatus::Held));
    let closed = play(order.clone(), &[|order| fact(order, 1, Trade::Closed)]);
    assert_eq!(closed.status, OrderStatus::Cancelled);
    let paid = play(order, &[|order| success(order, 1, "T-1", TOTAL)]);
    assert_eq!((paid.status, paid.payment_method), (OrderStatus::Ready, PaymentMethod::Wechat));
}

#[test]
fn shipping_it_sells_what_it_holds_once() {
    let first = written(&cash_on_delivery(), &ship("SF-1", false));
    assert_eq!(kinds(&first), [StockMoveKind::Commit]);
    let order = first.order.unwrap().order;
    assert!(order.holds.iter().all(|hold| hold.status == HoldStatus::Committed));
    assert_eq!(kinds(&written(&order, &ship("SF-2", true))), []);
    assert!(!order.is_unpaid_and_here());
}

#[test]
fn what_left_although_its_stock_was_refused_has_a_case() {
    let (order, life) = (cash_on_delivery(), epoch());
    let stock = StockOutcome::Refused;
    let given = Circumstances { stock, ..Circumstances::ordinary(now(), &life) };
    let Ok(Decision::Record(events)) = order.decide_with(&ship("SF-1", true), &given) else {
        panic!("it left")
    };
    let written = super::moment::written(Some(&order), events, now());
    assert_eq!((kinds(&written), written.cases.len()), (vec![], 1));
    assert_eq!(told(&written), [OutgoingKind::CaseOpened, OutgoingKind::OrderShipped]);
    let order = written.order.unwrap().order;
    assert!(order.holds.iter().all(|hold| hold.status == HoldStatus::Held));
}

#[test]
fn cash_is_collected_where_it_was_delivered_and_to_the_fen() {
    assert_eq!(refused(&shipped(), &collect(TOTAL, "王五")), Rejection::WrongState);
    for other in [TOTAL - 1, TOTAL + 1, 0] {
        assert_eq!(refused(&delivered(), &collect(other, "王五")), Rejection::CashDiffers);
        assert_eq!(refused(&shipped(), &collect(other, "王五")), Rejection::CashDiffers);
    }
    let written = written(&delivered(), &collect(TOTAL, "王五"));
    assert_eq!(told(&written), [OutgoingKind::OrderPaid, OutgoingKind::OrderCodCollected]);
    assert_eq!(kinds(&written), [], "it was sold when it was shipped");
    let order = written.order.unwrap().order;
    assert_eq!((order.status, order.payment_method), (OrderStatus::Delivered, PaymentMethod::Cod));
    assert_eq!((order.paid(), order.paid_at), (Fen::new(TOTAL), Some(now())));
    let by = &order.settlement.as_ref().unwrap().by;
    assert!(matches!(by, SettledBy::Cash { courier } if courier.as_str() == "王五"));
    assert_eq!(by.name(), "cod");
    assert_eq!(refused(&order, &collect(TOTAL, "赵六")), Rejection::WrongState);
    assert_eq!(refused(&order, &collect(1, "王五")), Rejection::WrongState);
    let again = Moment::at(now()).decide(&order, &collect(TOTAL, "王五"));
    assert_eq!(again, Ok(Decision::AlreadyApplied));
}

#[test]
fn only_what_is_paid_at_the_door_is_collected_or_refused_there() {
    let paid = super::refund_samples::paid();
    assert_eq!(refused(&paid, &collect(TOTAL, "王五")), Rejection::WrongState);
    let shipped = super::refund_samples::shipped();
    assert_eq!(refused(&shipped, &refuse()), Rejection::WrongState);
    assert_eq!(refused(&cash_on_delivery(), &refuse()), Rejection::WrongState);
    assert_eq!(refused(&delivered(), &refuse()), Rejection::WrongState);
}

#[test]
fn it_is_complete_seven_days_after_it_was_delivered_and_not_before_its_cash_is_there() {
    let order = delivered();
    assert_eq!(order.is_complete_at(), None);
    for by in [CompletedBy::Buyer, CompletedBy::Operator, CompletedBy::Elapsed] {
        assert_eq!(refused(&order, &Command::Complete(by)), Rejection::WrongState);
    }
    let written = written(&order, &collect(TOTAL, "王五"));
    let collected = &written.order.as_ref().unwrap().order;
    let due_at = order.delivered_at.unwrap().plus_seconds(crate::order::COMPLETE_AFTER_S);
    let id = JobId::complete(&order.number);
    assert!(written.jobs.contains(&JobChange::Ensure { id, due_at }));
    assert_eq!(collected.is_complete_at(), Some(due_at));
}

#[test]
fn what_is_refused_at_the_door_comes_back() {
    let written = written(&shipped(), &refuse());
    assert_eq!(kinds(&written), [StockMoveKind::Return]);
    let order = written.order.unwrap().order;
    assert_eq!(
        (order.status, order.cancel_cause),
        (OrderStatus::Cancelled, Some(CancelCause::Refused))
    );
    assert!(order.holds.iter().all(|hold| hold.returned_quantity == hold.quantity));
    let part = play(cash_on_delivery(), &[|_| ship("SF-1", false), |_| refuse()]);
    assert_eq!(part.status, OrderStatus::Cancelled);
}

#[test]
fn what_is_refused_at_the_door_and_paid_meanwhile_is_sent_again_or_cancelled() {
    let order = play(online(shipped()), &[|_| refuse()]);
    assert_eq!(order.status, OrderStatus::Cancelling);
    let paid = written(&order, &success(&order, 1, "T-1", TOTAL));
    assert_eq!(kinds(&paid), [], "its holds stay committed");
    let paid = paid.order.unwrap().order;
    assert_eq!((paid.status, paid.payment_status()), (OrderStatus::Ready, PaymentStatus::Paid));
    assert!(paid.holds.iter().all(|hold| hold.status == HoldStatus::Committed));
    // What was sent then came back: a package of that number is not sent twice, the goods are.
    assert_eq!(refused(&paid, &ship("SF-1", true)), Rejection::PackageKnown);
    let sent = play(paid.clone(), &[|_| ship("SF-2", true)]);
    assert_eq!((sent.status, sent.shipments.len()), (OrderStatus::Shipped, 2));
    let mut unnumbered = online(cash_on_delivery());
    let draft = |order: &Order| order.shipments[0].draft.clone();
    unnumbered = play(unnumbered, &[|_| Command::Ship(by_hand()), |_| refuse()]);
    unnumbered = play(unnumbered, &[|order| success(order, 1, "T-1", TOTAL)]);
    let again = Command::Ship(draft(&unnumbered));
    assert_eq!(Moment::at(now()).play(&unnumbered, &again).status, OrderStatus::Shipped);
    let cancelled = play(paid, &[|_| Command::Cancel(CancelCause::Buyer)]);
    assert_eq!(cancelled.status, OrderStatus::Cancelling, "until its money is accepted back");
}

#[test]
fn an_online_payment_of_it_can_be_paid_for_fifteen_minutes_after_it_was_asked_for() {
    for order in [cash_on_delivery(), shipped(), delivered()] {
        let written = written(&order, &start_payment(TradeType::Native));
        let after = &written.order.as_ref().unwrap().order;
        let end = now().plus_seconds(900);
        assert_eq!(after.payments[0].terms.time_expire, end);
        assert!(after.is_converting() && after.takes_payments());
        assert_eq!((after.status, after.payable_until()), (order.status, Some(end)));
        let expire = JobChange::Ensure { id: JobId::expire(&order.number), due_at: end };
        assert!(written.jobs.contains(&expire));
    }
}

#[test]
fn its_open_payment_is_offered_again_until_it_is_nearly_over() {
    let order = online(delivered());
    let asked_at = |seconds| {
        let moment = Moment::at(start().plus_seconds(seconds));
        moment.decide(&order, &start_payment(TradeType::Jsapi)).unwrap()
    };
    assert_eq!(asked_at(900 - 121), Decision::AlreadyApplied);
    let Decision::Record(events) = asked_at(900 - 120) else { panic!("it would soon be closed") };
    let names: Vec<_> = events.iter().map(Event::name).collect();
    assert_eq!(names, ["payment_closing", "payment_started"]);
}

#[test]
fn the_deadline_of_its_online_payment_ends_that_payment_alone() {
    let order = online(delivered());
    let deadline = Command::Cancel(CancelCause::Deadline);
    let at = |seconds| Moment::at(start().plus_seconds(seconds));
    assert_eq!(at(899).decide(&order, &deadline), Err(Rejection::NotDue));
    let order = at(900).play(&order, &deadline);
    let why = ClosingCause::Expired;
    assert_eq!(order.payments[0].state, PaymentState::Closing { why });
    assert_eq!((order.status, order.payable_until()), (OrderStatus::Delivered, None));
    assert_eq!(at(900).decide(&order, &deadline), Ok(Decision::AlreadyApplied));
    assert_eq!(refused(&order, &collect(TOTAL, "王五")), Rejection::PaymentInProgress);
    let order = play(order, &[|order| fact(order, 1, Trade::Closed)]);
    assert!(!order.is_converting());
    let order = play(order, &[|_| collect(TOTAL, "王五")]);
    assert_eq!(order.payment_status(), PaymentStatus::Paid);
}

#[test]
fn no_cash_is_taken_before_every_online_payment_is_proven_closed() {
    let order = online(delivered());
    assert_eq!(refused(&order, &collect(TOTAL, "王五")), Rejection::PaymentInProgress);
    let another = play(order, &[|_| start_payment(TradeType::Native), |order| accepted(order, 2)]);
    let first_closed =
        play(another, &[|order| fact(order, 1, Trade::Closed), |order| close(order, 2)]);
    assert_eq!(refused(&first_closed, &collect(TOTAL, "王五")), Rejection::PaymentInProgress);
    let unlocked = play(first_closed, &[|order| fact(order, 2, Trade::Closed)]);
    assert!(Moment::at(now()).decide(&unlocked, &collect(TOTAL, "王五")).is_ok());
}

#[test]
fn paid_online_wherever_it_is_it_stays_there_and_is_not_cash_on_delivery_any_more() {
    for (order, sold) in [
        (online(cash_on_delivery()), vec![StockMoveKind::Commit]),
        (online(shipped()), vec![]),
        (online(delivered()), vec![]),
    ] {
        let written = written(&order, &success(&order, 1, "T-1", TOTAL));
        assert_eq!(kinds(&written), sold);
        assert_eq!(told(&written), [OutgoingKind::OrderPaid, OutgoingKind::OrderCodConverted]);
        let after = written.order.unwrap().order;
        assert_eq!((after.status, after.payment_method), (order.status, PaymentMethod::Wechat));
        assert!(!after.is_converting() && !after.awaits_cash());
        assert_eq!(refused(&after, &collect(TOTAL, "王五")), Rejection::WrongState);
    }
}

#[test]
fn a_success_that_comes_just_after_its_end_was_proven_is_still_taken() {
    let order = play(online(shipped()), &[|order| fact(order, 1, Trade::Closed)]);
    assert!(!order.is_converting());
    let order = play(order, &[|order| success(order, 1, "T-1", TOTAL)]);
    assert_eq!((order.status, order.payment_method), (OrderStatus::Shipped, PaymentMethod::Wechat));
}

#[test]
fn what_is_paid_online_after_the_cash_was_taken_goes_back_in_full_once() {
    let order = play(
        online(delivered()),
        &[|order| fact(order, 1, Trade::Closed), |_| collect(TOTAL, "王五")],
    );
    let late = success(&order, 1, "T-1", TOTAL);
    let order = Moment::at(now()).play(&order, &late);
    let PaymentState::Surplus { receipt, why: SurplusCause::Second } = &order.payments[0].state
    else {
        panic!("{:?}", order.payments[0].state)
    };
    let transaction = receipt.as_ref().map(|receipt| receipt.transaction_id.clone());
    assert_eq!(transaction, Some(TransactionId::new("T-1")));
    assert_eq!((order.refunds.len(), order.refunds[0].amount), (1, Fen::new(TOTAL)));
    assert_eq!(Moment::at(now()).decide(&order, &late), Ok(Decision::AlreadyApplied));
    assert_eq!(
        (order.status, order.payment_status()),
        (OrderStatus::Delivered, PaymentStatus::Paid)
    );
    assert!(matches!(order.settlement.as_ref().unwrap().by, SettledBy::Cash { .. }));
}

#[test]
fn another_amount_goes_back_and_the_cash_is_still_owed() {
    let order = online(delivered());
    let order = play(order, &[|order| success(order, 1, "T-1", TOTAL - 1)]);
    assert!(order.awaits_cash() && !order.is_converting());
    let order = play(order, &[|_| collect(TOTAL, "王五")]);
    assert_eq!((order.refunds.len(), order.payment_status()), (1, PaymentStatus::Paid));
}

#[test]
fn cash_is_not_refunded_by_wechat_pay() {
    let order = play(delivered(), &[|_| collect(TOTAL, "王五")]);
    let ask = super::refund_samples::ask_rest(crate::refund::Asker::Operator);
    assert_eq!(refused(&order, &ask), Rejection::NotRefundable);
    assert_eq!(order.refundable(), Fen::ZERO);
}

#[test]
fn a_payment_of_it_is_numbered_and_described_like_any_other() {
    let order = online(cash_on_delivery());
    let terms = &order.payments[0].terms;
    assert_eq!((&terms.out_trade_no, terms.amount), (&number(&order, 1), Fen::new(TOTAL)));
}
