//! Random histories, committed step by step, read back exactly.

use super::Stores;
use crate::TestIds;
use crate::sample;
use domain::changeset::Changeset;
use domain::fact::Trade;
use domain::order::{
    CancelCause, Circumstances, Command, CompletedBy, Decision, Order, OrderStatus, PayerResult,
    PrepayAnswer, SettledBy, StockOutcome,
};
use domain::payment::{ClosingCause, Credential, TradeType};
use domain::ports::{CommitAnswer, IdSource as _};
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
        7 => says(Trade::Refunded),
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
    if order.settlement.is_some() && chance.order_entropy().is_multiple_of(2) {
        return of_goods(choice);
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
    let given =
        Circumstances { now, stock: StockOutcome::Committed, compose: &|_| "{}".to_owned() };
    let Ok(Decision::Record(events)) = order.decide_with(command, &given) else { return None };
    Changeset::of(Some(order), events, Vec::new(), sample::intent(name), now)
}

pub async fn what_is_loaded_is_what_was_committed(stores: &Stores) {
    let chance = TestIds::seeded(7);
    let (mut steps, mut most_payments) = (0, 0);
    let (mut payments_seen, mut orders_seen) = (BTreeSet::new(), BTreeSet::<OrderStatus>::new());
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
