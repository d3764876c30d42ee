//! Random histories, committed step by step, read back exactly.

use super::Stores;
use crate::TestIds;
use crate::sample;
use domain::fact::Trade;
use domain::order::{CancelCause, Command, Decision, Event, Order, PrepayAnswer, SettledBy};
use domain::payment::{Credential, Payment, PaymentState, TradeType};
use domain::ports::{CommitAnswer, IdSource as _};
use domain::stock::HoldStatus;
use domain::{OutTradeNo, Timestamp, changeset::Changeset};
use std::collections::BTreeSet;

fn command(order: &Order, choice: u64, no: u8) -> Command {
    let out_trade_no = OutTradeNo::of_payment(&order.number, no);
    let prepay = |answer| Command::RecordPrepay { out_trade_no: out_trade_no.clone(), answer };
    let says = |trade| sample::says_of(&out_trade_no, trade);
    let transaction = format!("T-{out_trade_no}");
    match choice % 13 {
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
        _ => Command::ClosePayment { out_trade_no },
    }
}

/// Placed with two payments, as if the second had been asked for at once.
async fn order_with_two_payments(stores: &Stores, n: u64) -> Order {
    let buyer = stores.buyer(n).await;
    let sku = stores.sku(&format!("sku-{n}"), 500, 100).await;
    let placement = sample::placement(n, buyer, &[(&sku, 1), (&sku, 2)]);
    let events = placement.decide(sample::start(), &|_| "{}".to_owned()).unwrap();
    let [Event::Placed(order)] = events.as_slice() else { panic!("{events:?}") };
    let mut order = (**order).clone();
    let mut second: Payment = order.payments[0].clone();
    second.no = 2;
    second.terms.out_trade_no = OutTradeNo::of_payment(&order.number, 2);
    second.terms.trade_type = TradeType::Native;
    second.terms.payer = None;
    second.state = PaymentState::Created;
    order.payments.push(second);
    let events = vec![Event::Placed(Box::new(order))];
    let intent = sample::intent(&format!("place-{n}"));
    let guards = placement.guards();
    let changeset = Changeset::of(None, events, guards, intent, sample::start()).unwrap();
    let expected = changeset.order.as_ref().unwrap().order.clone();
    assert_eq!(stores.orders.commit(changeset).await, CommitAnswer::Committed);
    let order = stores.load(&placement).await;
    assert_eq!(order, expected);
    order
}

pub async fn what_is_loaded_is_what_was_committed(stores: &Stores) {
    let chance = TestIds::seeded(7);
    let (mut steps, mut seen) = (0, BTreeSet::new());
    for n in 1..=60 {
        let mut order = order_with_two_payments(stores, n).await;
        for step in 0..12 {
            let no = if chance.jitter(1) == 0 { 1 } else { 2 };
            let command = command(&order, chance.order_entropy(), no);
            let now = at(chance.jitter(4_000));
            let Ok(Decision::Record(events)) = order.decide(&command, now) else { continue };
            let expected = order.clone().after(&events);
            let intent = sample::intent(&format!("{n}-{step}"));
            let changeset = Changeset::of(Some(&order), events, Vec::new(), intent, now).unwrap();
            assert_eq!(stores.orders.commit(changeset).await, CommitAnswer::Committed);
            order = stores.again(&order).await;
            assert_eq!(order, expected, "after {command:?}");
            seen.extend(order.payments.iter().map(|p| p.state.status()));
            steps += 1;
        }
        let level = stores.catalogue.sku(&order.lines[0].sku_id).await.unwrap().unwrap().stock;
        assert_eq!(level.stocked, level.available + level.held + level.sold);
        let held = order.holds.iter().all(|hold| hold.status == HoldStatus::Held);
        assert_eq!(level.held, if held { 3 } else { 0 });
    }
    assert!(steps > 120, "only {steps} steps: the histories say too little");
    assert_eq!(seen.len(), 8, "every state of a payment was met: {seen:?}");
}

fn at(seconds: u64) -> Timestamp {
    sample::start().plus_seconds(i64::try_from(seconds).unwrap())
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
