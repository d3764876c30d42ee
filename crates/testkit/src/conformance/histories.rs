//! Random histories, committed step by step, read back exactly.

use super::{Stores, changing};
use crate::{TestIds, commands, sample};
use domain::Timestamp;
use domain::order::{Command, Order, OrderStatus, SettledBy};
use domain::ports::{CommitAnswer, IdSource as _};
use domain::refund::RefundStatus;
use domain::stock::HoldStatus;
use std::collections::BTreeSet;

const ORDERS: u64 = 60;
const STEPS: u64 = 24;
const WEEK_S: u64 = 7 * 24 * 3_600;

fn command(order: &Order, chance: &TestIds) -> Command {
    let (path, choice) = (chance.order_entropy(), chance.order_entropy());
    commands::any(order, path, choice, chance.order_entropy())
}

/// Mostly before the deadline; sometimes long after everything.
fn moment(chance: &TestIds) -> Timestamp {
    let late = chance.order_entropy().is_multiple_of(8);
    let seconds = chance.order_entropy() % 1_700 + if late { 2 * WEEK_S } else { 0 };
    sample::start().plus_seconds(i64::try_from(seconds).unwrap())
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
            let Some(changeset) =
                changing(moment(&chance), &order, &command, sample::intent(&name))
            else {
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
    assert_eq!((&settlement.by, settlement.amount.get()), (&SettledBy::Free, 0));
    assert_eq!(order.holds[0].status, HoldStatus::Committed);
    let level = stores.catalogue.sku(&sku.id).await.unwrap().unwrap().stock;
    assert_eq!((level.available, level.held, level.sold), (7, 0, 2));
}
