//! Payments of ours whose record was lost with the database: whose they are, what becomes of them.

use super::moment::{Moment, written};
use super::refund_samples::{last, no, not_exist, paid, payable, play, send};
use super::samples::{TOTAL, number, placed, receipt, start, start_payment};
use crate::case::{CaseEnd, CaseKind};
use crate::changeset::Changeset;
use crate::fact::{Evidence, PaymentFact, Receipt, Trade};
use crate::job::{JobChange, JobId};
use crate::names::Mchid;
use crate::order::{
    Command, Decision, Event, Lost, Order, OrderStatus, PaymentMethod, PaymentStatus, Purpose,
    Rejection, ours,
};
use crate::outgoing::OutgoingKind;
use crate::payment::{Channel, Payment, PaymentState, SurplusCause, Terms, TradeType};
use crate::refund::{Asker, RefundKind, RefundState};
use crate::{Fen, OrderId, OrderNumber, OutRefundNo, OutTradeNo};
use uuid::Uuid;

fn fact_of(out_trade_no: &OutTradeNo, trade: Trade, attach: Option<&str>) -> PaymentFact {
    let evidence = Evidence::Query { request_id: None };
    let mchid = Mchid::new("1900000109");
    PaymentFact::attested(evidence, mchid, out_trade_no.clone(), trade, attach.map(str::to_owned))
}

/// What WeChat Pay says of a second payment, which nobody here knows.
fn lost(order: &Order, trade: Trade) -> PaymentFact {
    let attach = format!("pd1.test.{}", order.number);
    fact_of(&number(order, 2), trade, Some(&attach))
}

fn success() -> Trade {
    Trade::Success(receipt("T-2", TOTAL))
}

fn refunded() -> Trade {
    Trade::Refunded(receipt("T-2", TOTAL))
}

fn without_money() -> [Trade; 3] {
    [Trade::NotPaid, Trade::Closed, Trade::NotExist]
}

fn adopt(order: &Order, trade: Trade) -> Command {
    Command::Adopt(lost(order, trade))
}

#[test]
fn a_payment_is_ours_by_what_was_sent_along_with_it() {
    let order = placed();
    let [first, second] = [1, 2].map(|no| number(&order, no));
    let attach = format!("pd1.test.{}", order.number);
    for out_trade_no in [&first, &second] {
        let fact = fact_of(out_trade_no, success(), Some(&attach));
        assert_eq!(ours(&fact, "test"), Some(order.number.clone()));
        assert_eq!(ours(&fact, "tes"), None, "another deployment whose name begins alike");
        assert_eq!(ours(&fact, "other"), None);
    }
    let others = OrderNumber::compose(start(), None, 43);
    for strange in [
        None,
        Some(String::new()),
        Some(order.number.to_string()),
        Some(format!("pd2.test.{}", order.number)),
        Some(format!("pd1.test{}", order.number)),
        Some(format!("pd1.test.{}x", order.number)),
        Some("pd1.test.".to_owned()),
        Some(format!("pd1.test.{others}")),
    ] {
        let fact = fact_of(&first, success(), strange.as_deref());
        assert_eq!(ours(&fact, "test"), None, "{strange:?}");
    }
}

#[test]
fn money_of_a_lost_payment_goes_back_in_full() {
    // Whatever became of the order meanwhile: what else was lost nobody knows.
    for order in [placed(), payable(), paid()] {
        let names = Moment::at(start()).names(&order, &adopt(&order, success()));
        assert_eq!(names, ["payment_adopted", "refund_requested"]);
        let after = Moment::at(start()).play(&order, &adopt(&order, success()));
        assert_eq!(after.status, order.status, "it settles nothing");
        assert_eq!(after.settlement, order.settlement);
        let payment = &after.payments[1];
        let surplus = PaymentState::Surplus {
            receipt: Some(receipt("T-2", TOTAL)),
            why: SurplusCause::RecordLost,
        };
        assert_eq!((payment.no, &payment.state), (2, &surplus));
        let refund = last(&after);
        assert_eq!(refund.out_refund_no, OutRefundNo::of_surplus(payment.out_trade_no()));
        assert_eq!((refund.amount, refund.payment_no), (Fen::new(TOTAL), 2));
        assert_eq!((refund.kind, refund.asked_by), (RefundKind::Surplus, Asker::Paydesk));
        assert_eq!((&refund.state, refund.actor.as_str()), (&RefundState::Requested, "paydesk"));
    }
}

#[test]
fn what_was_refunded_already_is_asked_about_and_never_sent() {
    let order = placed();
    let order = Moment::at(start()).play(&order, &adopt(&order, refunded()));
    let refused = Some("REFUND_SEEN_FIRST".to_owned());
    assert_eq!(last(&order).state, RefundState::Unknown { refused });
    let sent = Moment::at(start()).decide(&order, &send(&order));
    assert_eq!(sent, Ok(Decision::AlreadyApplied), "nothing is about to be sent");
    let rejected = play(order, &[not_exist]);
    assert!(matches!(last(&rejected).state, RefundState::Rejected { .. }), "a person helps");
}

#[test]
fn only_money_is_adopted() {
    for trade in without_money() {
        let order = placed();
        let answer = Moment::at(start()).decide(&order, &adopt(&order, trade));
        assert_eq!(answer, Err(Rejection::WrongState));
    }
}

#[test]
fn another_orders_payment_is_not_adopted() {
    let order = placed();
    let others = OutTradeNo::of_payment(&OrderNumber::compose(start(), None, 43), 2);
    let fact = Command::Adopt(fact_of(&others, success(), None));
    let answer = Moment::at(start()).decide(&order, &fact);
    assert_eq!(answer, Err(Rejection::PaymentUnknown(others)));
}

#[test]
fn adopting_again_is_already_applied() {
    for trade in [success(), refunded()] {
        let order = placed();
        let order = Moment::at(start()).play(&order, &adopt(&order, trade.clone()));
        let again = Moment::at(start()).decide(&order, &adopt(&order, trade));
        assert_eq!(again, Ok(Decision::AlreadyApplied));
    }
}

#[test]
fn a_payment_that_is_known_after_all_is_recorded_like_any_other() {
    let order = payable();
    let attach = format!("pd1.test.{}", order.number);
    let trade = Trade::Success(receipt("T-1", TOTAL));
    let fact = Command::Adopt(fact_of(&number(&order, 1), trade, Some(&attach)));
    let order = Moment::at(start()).play(&order, &fact);
    assert_eq!(order.status, OrderStatus::Ready);
}

#[test]
fn what_can_still_be_known_of_it_is_kept() {
    let order = placed();
    let fact = lost(&order, success()).paid_by(Some(TradeType::Jsapi));
    let after = Moment::at(start()).play(&order, &Command::Adopt(fact.clone()));
    let Receipt { appid, payer, .. } = receipt("T-2", TOTAL);
    let expected = Payment {
        no: 2,
        terms: Terms {
            out_trade_no: number(&order, 2),
            channel: Channel::Wechat(TradeType::Jsapi),
            mchid: Mchid::new("1900000109"),
            appid,
            payer: payer.clone(),
            client_ip: None,
            amount: Fen::new(TOTAL),
            description: String::new(),
            attach: format!("pd1.test.{}", order.number),
            time_expire: start(),
        },
        prepay_body: String::new(),
        state: after.payments[1].state.clone(),
        created_at: start(),
    };
    assert_eq!(after.payments[1], expected);
    assert!(payer.is_some());
    let native = Moment::at(start()).play(&order, &Command::Adopt(fact.paid_by(None)));
    let terms = &native.payments[1].terms;
    assert_eq!((terms.trade_type(), &terms.payer), (Some(TradeType::Native), &None));
}

#[test]
fn an_adopted_payment_keeps_its_number_and_later_ones_go_on_behind_it() {
    let order = placed();
    let fact = fact_of(&number(&order, 7), success(), None);
    let order = Moment::at(start()).play(&order, &Command::Adopt(fact));
    let fact = fact_of(&number(&order, 4), Trade::Success(receipt("T-4", TOTAL)), None);
    let order = Moment::at(start()).play(&order, &Command::Adopt(fact));
    let order = Moment::at(start()).play(&order, &start_payment(TradeType::Native));
    assert_eq!(order.payments.iter().map(|payment| payment.no).collect::<Vec<_>>(), [1, 4, 7, 8]);
}

#[test]
fn adopting_ends_the_case_of_the_unknown_number_and_opens_that_of_the_surplus() {
    let order = placed();
    let changeset = Moment::at(start()).written(&order, &adopt(&order, success()));
    let subject = number(&order, 2).as_str().to_owned();
    let cases: Vec<_> = changeset.cases.iter().map(|case| (case.kind, &case.subject)).collect();
    assert_eq!(cases, [(CaseKind::Surplus, &subject)]);
    let ended = CaseEnd { kind: CaseKind::UnknownOrder, subject: subject.clone() };
    assert_eq!(changeset.ended_cases, [ended]);
    assert_eq!(changeset.effects, [format!("surplus:{subject}")]);
    let kinds: Vec<_> = changeset.outgoing.iter().map(|outgoing| outgoing.kind).collect();
    let expected = [
        OutgoingKind::PaymentSurplus,
        OutgoingKind::CaseOpened,
        OutgoingKind::CaseResolved,
        OutgoingKind::RefundRequested,
    ];
    assert_eq!(kinds, expected);
    assert_eq!(changeset.outgoing[0].subject, Some(subject));
}

fn made_again(trade: Trade) -> Result<Vec<Event>, Rejection> {
    let order = placed();
    let lost_order = Lost { id: OrderId::new(Uuid::from_u128(9)), number: order.number.clone() };
    lost_order.decide(&lost(&order, trade), &Moment::at(start()).circumstances())
}

fn changeset_of(events: Vec<Event>) -> Changeset {
    written(None, events, start())
}

#[test]
fn a_lost_order_is_made_again_to_carry_its_payment() {
    let events = made_again(success()).unwrap();
    let names: Vec<_> = events.iter().map(Event::name).collect();
    assert_eq!(names, ["placed", "payment_adopted", "refund_requested"]);
    let changeset = changeset_of(events);
    let write = changeset.order.unwrap();
    assert_eq!(write.expected_version, None, "it is new");
    let order = write.order;
    assert_eq!((order.number.clone(), order.status), (placed().number, OrderStatus::Cancelled));
    assert_eq!((order.purpose, order.buyer), (Purpose::External, None));
    assert_eq!(order.payment_method, PaymentMethod::Wechat);
    assert_eq!((order.amounts.items, order.amounts.total), (Fen::new(TOTAL), Fen::new(TOTAL)));
    assert_eq!((order.created_at, order.cancelled_at), (start(), Some(start())));
    assert_eq!(order.payment_status(), PaymentStatus::Unpaid, "it settles nothing");
    assert_eq!(order.payments.len(), 1);
    assert_eq!(order.payments[0].no, 2);
    assert_eq!(order.refunds.len(), 1);
    assert!(changeset.stock.is_empty() && changeset.list.is_empty());
    let refund = JobChange::Ensure { id: JobId::refund(&no(&order)), due_at: start() };
    assert!(changeset.jobs.contains(&refund));
}

#[test]
fn a_lost_order_whose_money_went_back_is_made_again_too() {
    let order = changeset_of(made_again(refunded()).unwrap()).order.unwrap().order;
    assert!(matches!(order.refunds[0].state, RefundState::Unknown { refused: Some(_) }));
}

#[test]
fn no_order_is_made_again_without_money_or_for_another_orders_payment() {
    for trade in without_money() {
        assert_eq!(made_again(trade), Err(Rejection::WrongState));
    }
    let order = placed();
    let others = OrderNumber::compose(start(), None, 43);
    let lost_order = Lost { id: OrderId::new(Uuid::from_u128(9)), number: others };
    let answer = lost_order.decide(&lost(&order, success()), &Moment::at(start()).circumstances());
    assert_eq!(answer, Err(Rejection::PaymentUnknown(number(&order, 2))));
}
