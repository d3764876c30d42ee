//! Cash on delivery: placed, brought, paid or refused at the door, turned into an online payment and back.

use super::{Stores, deciding_at};
use crate::sample;
use domain::Timestamp;
use domain::buyer::NewItem;
use domain::cash::{CashReceipt, Courier};
use domain::catalogue::SkuId;
use domain::changeset::Refusal;
use domain::fact::Trade;
use domain::job::JobId;
use domain::order::{
    CancelCause, Command, CompletedBy, OPEN_ORDERS_MAX, Order, OrderStatus, PaymentMethod,
    PaymentStatus, PlacedMethod, Placement, SettledBy,
};
use domain::payment::{ClosingCause, PaymentStatus as PaymentIs, TradeType};
use domain::ports::{AddItemAnswer, CommitAnswer};

fn at(seconds: i64) -> Timestamp {
    sample::start().plus_seconds(seconds)
}

/// To be paid at the door: `quantity` of a fresh SKU of which there are 100.
async fn placement(stores: &Stores, n: u64, quantity: u32) -> Placement {
    let buyer = stores.buyer(n).await;
    let sku = stores.sku(&format!("sku-{n}"), 500, 100).await;
    let method = PlacedMethod::CashOnDelivery;
    Placement { method, payment: None, ..sample::placement(n, buyer, &[(&sku, quantity)]) }
}

async fn placed(stores: &Stores, n: u64) -> Order {
    let placement = placement(stores, n, 3).await;
    assert_eq!(stores.place(&placement, &format!("place-{n}")).await, CommitAnswer::Committed);
    stores.load(&placement).await
}

async fn shipped(stores: &Stores, n: u64) -> Order {
    let order = placed(stores, n).await;
    stores.step(&order, &Command::Ship(sample::shipment("SF-1", true)), at(10)).await
}

async fn delivered(stores: &Stores, n: u64) -> Order {
    let order = shipped(stores, n).await;
    stores.step(&order, &Command::Deliver, at(20)).await
}

fn collect(order: &Order) -> Command {
    let courier = Courier::parse("王五").unwrap();
    Command::CollectCash(CashReceipt { amount: order.amounts.total, courier })
}

fn pay_online() -> Command {
    Command::StartPayment(sample::new_payment(TradeType::Native))
}

/// Available, held and sold.
async fn stock(stores: &Stores, n: u64) -> (i64, i64, i64) {
    let id = SkuId::parse(&format!("sku-{n}")).unwrap();
    let level = stores.catalogue.sku(&id).await.unwrap().unwrap().stock;
    (level.available, level.held, level.sold)
}

/// Every step compares what is loaded with what was decided; this says what must be among it.
pub async fn cash_on_delivery_is_kept_at_every_step(stores: &Stores) {
    let mut placement = placement(stores, 1, 3).await;
    let item = NewItem { sku_id: SkuId::parse("sku-1").unwrap(), quantity: 3 };
    let added = stores.book.add_item(placement.buyer, item, 10).await.unwrap();
    let AddItemAnswer::Added(line) = added else { panic!("{added:?}") };
    placement.checkout.captured_items = vec![line.id];
    assert_eq!(stores.place(&placement, "place").await, CommitAnswer::Committed);
    let order = stores.load(&placement).await;
    assert_eq!((order.status, order.payment_method), (OrderStatus::Ready, PaymentMethod::Cod));
    assert_eq!((order.payment_status(), order.pay_deadline), (PaymentStatus::Unpaid, None));
    assert!(stores.book.items(placement.buyer).await.unwrap().is_empty(), "bought");
    assert_eq!(stock(stores, 1).await, (97, 3, 0));

    let order = stores.step(&order, &Command::Ship(sample::shipment("SF-1", false)), at(10)).await;
    assert_eq!(stock(stores, 1).await, (97, 0, 3), "sold when it leaves");
    let order = stores.step(&order, &Command::Ship(sample::shipment("SF-2", true)), at(11)).await;
    let order = stores.step(&order, &Command::Deliver, at(20)).await;
    let order = stores.step(&order, &collect(&order), at(30)).await;
    let settlement = order.settlement.as_ref().unwrap();
    let SettledBy::Cash { courier } = &settlement.by else { panic!("{settlement:?}") };
    assert_eq!((courier.as_str(), settlement.amount), ("王五", order.amounts.total));
    assert_eq!((order.payment_status(), order.paid_at), (PaymentStatus::Paid, Some(at(30))));
    assert_eq!(stock(stores, 1).await, (97, 0, 3), "and not once more");
    let done = stores.step(&order, &Command::Complete(CompletedBy::Operator), at(40)).await;
    assert_eq!(done.status, OrderStatus::Completed);
}

pub async fn what_is_refused_at_the_door_comes_back(stores: &Stores) {
    let order = shipped(stores, 1).await;
    let refused = stores.step(&order, &Command::Cancel(CancelCause::Refused), at(20)).await;
    assert_eq!(refused.status, OrderStatus::Cancelled);
    assert_eq!(refused.shipments.len(), 1, "still on record");
    assert_eq!(stock(stores, 1).await, (100, 0, 0));

    let order = placed(stores, 2).await;
    let cancelled = stores.step(&order, &Command::Cancel(CancelCause::Buyer), at(20)).await;
    assert_eq!(cancelled.status, OrderStatus::Cancelled);
    assert_eq!(stock(stores, 2).await, (100, 0, 0));
}

pub async fn what_is_refused_and_paid_meanwhile_is_sent_again_or_cancelled(stores: &Stores) {
    let order = shipped(stores, 1).await;
    let order = stores.step(&order, &pay_online(), at(20)).await;
    let order = stores.step(&order, &Command::Cancel(CancelCause::Refused), at(30)).await;
    assert_eq!(order.status, OrderStatus::Cancelling);
    assert_eq!(stock(stores, 1).await, (97, 0, 3), "nothing comes back yet");
    let order = stores.step(&order, &sample::success(&order, "T-1"), at(40)).await;
    assert_eq!((order.status, order.payment_method), (OrderStatus::Ready, PaymentMethod::Wechat));
    assert_eq!(order.shipments.len(), 1);
    let again = Command::Ship(sample::shipment("SF-2", true));
    let order = stores.step(&order, &again, at(50)).await;
    assert_eq!((order.shipments.len(), stock(stores, 1).await), (2, (97, 0, 3)));
}

pub async fn cash_on_delivery_becomes_an_online_payment_and_cash_again(stores: &Stores) {
    let order = delivered(stores, 1).await;
    let order = stores.step(&order, &pay_online(), at(30)).await;
    assert!(order.is_converting());
    let close = Command::ClosePayment {
        out_trade_no: order.payments[0].out_trade_no().clone(),
        why: ClosingCause::Cash,
    };
    let order = stores.step(&order, &close, at(40)).await;
    let order = stores.step(&order, &sample::says(&order, Trade::Closed), at(50)).await;
    assert!(!order.is_converting());
    let order = stores.step(&order, &collect(&order), at(60)).await;
    let late = stores.step(&order, &sample::success(&order, "T-1"), at(70)).await;
    assert_eq!(late.payments[0].state.status(), PaymentIs::Surplus);
    assert_eq!((late.refunds.len(), late.payment_status()), (1, PaymentStatus::Paid));
    assert_eq!(late.payment_method, PaymentMethod::Cod);

    let order = delivered(stores, 2).await;
    let order = stores.step(&order, &pay_online(), at(30)).await;
    let paid = stores.step(&order, &sample::success(&order, "T-2"), at(40)).await;
    assert_eq!((paid.status, paid.payment_method), (OrderStatus::Delivered, PaymentMethod::Wechat));
    assert_eq!(stock(stores, 2).await, (97, 0, 3));
}

/// The state machine does not do this; a second guard stands under it.
pub async fn no_cash_is_written_while_an_online_payment_is_not_over(stores: &Stores) {
    let order = delivered(stores, 1).await;
    let order = stores.step(&order, &pay_online(), at(30)).await;
    let mut alone = order.clone();
    alone.payments.clear();
    let mut forged = deciding_at(at(40), &alone, &collect(&order), sample::intent("forged"));
    if let Some(write) = &mut forged.order {
        write.order.payments = order.payments.clone();
    }
    let before = stores.dump().await;
    let answer = stores.orders.commit(forged).await;
    assert!(matches!(answer, CommitAnswer::RolledBack(_)), "{answer:?}");
    assert_eq!(stores.dump().await, before);
}

/// Nor does it take less, or more, or call back what is paid.
pub async fn no_other_amount_is_written_and_nothing_paid_is_called_back(stores: &Stores) {
    let order = delivered(stores, 1).await;
    let mut cheaper = order.clone();
    cheaper.amounts.total = domain::Fen::new(1);
    let mut forged = deciding_at(at(40), &cheaper, &collect(&cheaper), sample::intent("less"));
    if let Some(write) = &mut forged.order {
        write.order.amounts = order.amounts;
    }
    let answer = stores.orders.commit(forged).await;
    assert!(matches!(answer, CommitAnswer::RolledBack(_)), "{answer:?}");

    let order = shipped(stores, 2).await;
    let order = stores.step(&order, &pay_online(), at(20)).await;
    let order = stores.step(&order, &sample::success(&order, "T-2"), at(30)).await;
    let mut unpaid = order.clone();
    unpaid.payment_method = PaymentMethod::Cod;
    unpaid.settlement = None;
    unpaid.payments.clear();
    let refuse = Command::Cancel(CancelCause::Refused);
    let mut forged = deciding_at(at(40), &unpaid, &refuse, sample::intent("back"));
    if let Some(write) = &mut forged.order {
        write.order.payment_method = order.payment_method;
        write.order.settlement.clone_from(&order.settlement);
        write.order.payments.clone_from(&order.payments);
        write.order.paid_at = order.paid_at;
    }
    let answer = stores.orders.commit(forged).await;
    assert!(matches!(answer, CommitAnswer::RolledBack(_)), "{answer:?}");
}

pub async fn the_sweep_gives_an_offer_at_the_door_its_deadline_once(stores: &Stores) {
    let order = delivered(stores, 1).await;
    assert!(
        stores.jobs.sweep(at(25), 100).await.unwrap().is_empty(),
        "no last day before its cash"
    );
    let order = stores.step(&order, &pay_online(), at(30)).await;
    assert!(stores.jobs.sweep(at(31), 100).await.unwrap().is_empty(), "all work is promised");
    let expire = JobId::expire(&order.number);
    stores.lose_job(&expire).await;
    assert_eq!(stores.jobs.sweep(at(32), 100).await.unwrap(), [expire]);
    let order = stores.step(&order, &sample::says(&order, Trade::Closed), at(50)).await;
    let order = stores.step(&order, &collect(&order), at(60)).await;
    let complete = JobId::complete(&order.number);
    stores.lose_job(&complete).await;
    assert_eq!(stores.jobs.sweep(at(61), 100).await.unwrap(), [complete]);
    assert!(stores.jobs.sweep(at(62), 100).await.unwrap().is_empty());
}

pub async fn what_is_to_be_paid_at_the_door_counts_as_unpaid_until_it_leaves(stores: &Stores) {
    let buyer = stores.buyer(1).await;
    let sku = stores.sku("tea", 100, 99).await;
    let at_the_door = |n| Placement {
        method: PlacedMethod::CashOnDelivery,
        payment: None,
        ..sample::placement(n, buyer, &[(&sku, 1)])
    };
    for n in 1..=u64::from(OPEN_ORDERS_MAX) {
        let placement =
            if n == 1 { sample::placement(n, buyer, &[(&sku, 1)]) } else { at_the_door(n) };
        let answer = stores.place(&placement, &format!("place-{n}")).await;
        assert_eq!(answer, CommitAnswer::Committed);
    }
    let sixth = at_the_door(6);
    let refused = CommitAnswer::GuardRefused(Refusal::TooManyOpenOrders);
    assert_eq!(stores.place(&sixth, "sixth").await, refused);
    let order = stores.load(&at_the_door(2)).await;
    stores.step(&order, &Command::Ship(sample::shipment("SF-1", true)), at(10)).await;
    assert_eq!(stores.place(&sixth, "again").await, CommitAnswer::Committed);
}
