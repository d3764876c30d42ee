//! Random histories, committed step by step, read back exactly.

use super::Stores;
use crate::TestIds;
use crate::sample;
use domain::changeset::Changeset;
use domain::fact::{RefundProgress, Trade};
use domain::order::{
    CancelCause, Circumstances, Command, CompletedBy, Decision, Order, OrderStatus, PayerResult,
    PrepayAnswer, RefundAnswer, SettledBy,
};
use domain::payment::{ClosingCause, Credential, TradeType};
use domain::ports::{CommitAnswer, IdSource as _};
use domain::refund::{Asker, RefundStatus};
use domain::stock::HoldStatus;
use domain::{OutTradeNo, Timestamp};
use std::collections::BTreeSet;

const ORDERS: u64 = 60;
const STEPS: u64 = 24;
const WEEK_S: u64 = 7 * 24 * 3_600;

/// What happens to an unpaid order, or late to a paid one.
fn of_payments(order: &Order, choice: u64, no: u8) -> Command {
    let out_trade_no = OutTradeNo::of_payment(&order.number, no);
    let prepay = |answer| Command::RecordPrepay { out_trade_no: out_trade_no.clone(), answer };
    let says = |trade| sample::says_of(&out_trade_no, trade);
    let transaction = format!("T-{out_trade_no}");
    match choice % 17 {
        0 => prepay(PrepayAnswer::Accepted(Credential::PrepayId("wx-1".to_owned()))),
        1 => prepay(PrepayAnswer::Accepted(Credential::CodeUrl("weixin://1".to_owned()))),
        2 => prepay(PrepayAnswer::Refused { code: "NO_AUTH".to_owned() }),
        3 => prepay(PrepayAnswer::Unknown),
        4 => says(Trade::NotPaid),
        5 => says(Trade::Closed),
        6 => says(Trade::NotExist),
        7 => says(Trade::Refunded(sample::receipt(&transaction, order.amounts.total))),
        8 => says(Trade::Success(sample::receipt(&transaction, order.amounts.total))),
        9 => says(Trade::Success(sample::receipt(&transaction, domain::Fen::new(1)))),
        10 => Command::Cancel(CancelCause::Buyer),
        11 => Command::Cancel(CancelCause::Deadline),
        12 => Command::ClosePayment { out_trade_no, why: ClosingCause::Expired },
        13 => Command::StartPayment(sample::new_payment(TradeType::Native)),
        14 => Command::StartPayment(sample::new_payment(TradeType::Jsapi)),
        15 => Command::NoteReport(PayerResult::Ok),
        _ => Command::NoteReport(PayerResult::Cancel),
    }
}

/// What happens to a refund of the order, or begins one.
fn of_refunds(order: &Order, choice: u64, which: u64) -> Command {
    let asker =
        [Asker::Buyer, Asker::Operator, Asker::Service][usize::try_from(which % 3).unwrap()];
    let count = u64::try_from(order.refunds.len()).unwrap();
    if count == 0 || choice.is_multiple_of(6) {
        let amount = [None, Some(1), Some(40), Some(700)][usize::try_from(which % 4).unwrap()];
        return sample::refund_ask(amount, asker);
    }
    let refund = &order.refunds[usize::try_from(which % count).unwrap()];
    let out_refund_no = refund.out_refund_no.clone();
    let number = out_refund_no.clone();
    let says = |progress| Command::RecordRefund(sample::refund_fact(order, &number, progress));
    let called = |answer| Command::RecordRefundCall { out_refund_no: number.clone(), answer };
    match choice % 15 {
        0..4 => Command::SendRefund { out_refund_no },
        4 => says(RefundProgress::Processing),
        5 => says(RefundProgress::Abnormal),
        6 => says(RefundProgress::Closed),
        7 => says(RefundProgress::Succeeded { at: sample::start().plus_seconds(900) }),
        8 => called(RefundAnswer::Unknown),
        9 => called(RefundAnswer::Refused { code: "NO_AUTH".to_owned() }),
        10 => sample::no_refund(&out_refund_no),
        11 => Command::ApproveRefund { out_refund_no, as_approver: true },
        12 => Command::DeclineRefund { out_refund_no },
        13 => Command::RetryRefund { out_refund_no },
        _ => Command::SettleRefundOffline { out_refund_no, note: "by hand".to_owned() },
    }
}

/// What happens to an order that is paid.
fn of_goods(choice: u64) -> Command {
    match choice % 6 {
        0 => Command::Ship(sample::shipment("SF-1", false)),
        1 => Command::Ship(sample::shipment("SF-2", true)),
        2 => Command::Deliver,
        3 => Command::Complete(CompletedBy::Buyer),
        4 => Command::Complete(CompletedBy::Operator),
        _ => Command::Complete(CompletedBy::Elapsed),
    }
}

fn command(order: &Order, chance: &TestIds) -> Command {
    let choice = chance.order_entropy();
    let path = chance.order_entropy() % 4;
    if order.settlement.is_some() && path == 0 {
        return of_goods(choice);
    }
    if order.settlement.is_some() && path < 3 || !order.refunds.is_empty() && path == 3 {
        return of_refunds(order, choice, chance.order_entropy());
    }
    let count = u64::try_from(order.payments.len()).unwrap();
    let no = u8::try_from(1 + chance.order_entropy() % count).unwrap();
    of_payments(order, choice, no)
}

/// Mostly before the deadline; sometimes long after everything.
fn moment(chance: &TestIds) -> Timestamp {
    let late = chance.order_entropy().is_multiple_of(8);
    let seconds = chance.order_entropy() % 1_700 + if late { 2 * WEEK_S } else { 0 };
    sample::start().plus_seconds(i64::try_from(seconds).unwrap())
}

/// The changeset of `command`, if it changes anything.
fn changing(order: &Order, command: &Command, now: Timestamp, name: &str) -> Option<Changeset> {
    let epoch = sample::epoch();
    let given = Circumstances { name, actor: "test", ..Circumstances::ordinary(now, &epoch) };
    let Ok(Decision::Record(events)) = order.decide_with(command, &given) else { return None };
    Changeset::of(Some(order), events, Vec::new(), sample::intent(name), now)
}

pub async fn what_is_loaded_is_what_was_committed(stores: &Stores) {
    let chance = TestIds::seeded(7);
    let (mut steps, mut most_payments) = (0, 0);
    let (mut payments_seen, mut orders_seen) = (BTreeSet::new(), BTreeSet::<OrderStatus>::new());
    let mut refunds_seen = BTreeSet::<RefundStatus>::new();
    for n in 1..=ORDERS {
        let buyer = stores.buyer(n).await;
        let sku = stores.sku(&format!("sku-{n}"), 500, 100).await;
        let placement = sample::placement(n, buyer, &[(&sku, 1), (&sku, 2)]);
        let placed = stores.place(&placement, &format!("place-{n}")).await;
        assert_eq!(placed, CommitAnswer::Committed);
        let mut order = stores.load(&placement).await;
        for step in 0..STEPS {
            let command = command(&order, &chance);
            let name = format!("{n}-{step}");
            let Some(changeset) = changing(&order, &command, moment(&chance), &name) else {
                continue;
            };
            let expected = changeset.order.as_ref().unwrap().order.clone();
            let answer = stores.orders.commit(changeset).await;
            assert_eq!(answer, CommitAnswer::Committed, "{command:?}");
            order = stores.again(&order).await;
            assert_eq!(order, expected, "after {command:?}");
            payments_seen.extend(order.payments.iter().map(|p| p.state.status()));
            orders_seen.insert(order.status);
            refunds_seen.extend(order.refunds.iter().map(|refund| refund.state.status()));
            most_payments = most_payments.max(order.payments.len());
            steps += 1;
        }
        let level = stores.catalogue.sku(&order.lines[0].sku_id).await.unwrap().unwrap().stock;
        assert_eq!(level.stocked, level.available + level.held + level.sold);
        let held = order.holds.iter().all(|hold| hold.status == HoldStatus::Held);
        assert_eq!(level.held, if held { 3 } else { 0 });
    }
    assert!(steps > 300, "only {steps} steps: the histories say too little");
    assert_eq!(payments_seen.len(), 8, "every state of a payment was met: {payments_seen:?}");
    assert_eq!(orders_seen.len(), 7, "every state of an order was met: {orders_seen:?}");
    assert!(refunds_seen.len() >= 9, "most states of a refund were met: {refunds_seen:?}");
    assert!(most_payments > 2, "one payment took another's place again and again");
}

pub async fn a_free_order_is_settled_in_the_commit_that_places_it(stores: &Stores) {
    let buyer = stores.buyer(1).await;
    let sku = stores.sku("gift", 0, 9).await;
    let placement = sample::placement(1, buyer, &[(&sku, 2)]);
    assert_eq!(stores.place(&placement, "place").await, CommitAnswer::Committed);
    let order = stores.load(&placement).await;
    let settlement = order.settlement.expect("a settlement");
    assert_eq!((settlement.by, settlement.amount.get()), (SettledBy::Free, 0));
    assert_eq!(order.holds[0].status, HoldStatus::Committed);
    let level = stores.catalogue.sku(&sku.id).await.unwrap().unwrap().stock;
    assert_eq!((level.available, level.held, level.sold), (7, 0, 2));
}
