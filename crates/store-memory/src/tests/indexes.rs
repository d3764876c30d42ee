//! What is found by an index is what a search through all rows finds.

use super::World;
use crate::state::State;
use crate::table::Table;
use domain::case::CaseStatus;
use domain::order::{Order, OrderStatus};
use domain::payment::Payment;
use domain::ports::CommitAnswer;
use domain::refund::Refund;
use std::collections::BTreeMap;
use std::fmt::Debug;

fn same<K: Ord + Clone + Debug, V: Clone + PartialEq + Debug>(
    index: &Table<K, V>,
    searched: impl Iterator<Item = (K, V)>,
) {
    let index: BTreeMap<K, V> = index.iter().map(|(key, row)| (key.clone(), row.clone())).collect();
    assert_eq!(index, searched.collect::<BTreeMap<K, V>>());
}

fn check(state: &State) {
    let orders = || state.orders.values();
    same(&state.numbers, orders().map(|order| (order.number.clone(), order.id)));
    let payments = || orders().flat_map(|order| order.payments.iter().map(|p| (order.id, p)));
    same(&state.out_trade_nos, payments().map(|(id, p)| (p.out_trade_no().clone(), id)));
    let receipts = payments().filter_map(|(id, p)| {
        p.receipt().map(|receipt| (receipt.transaction_id.clone(), (id, p.no)))
    });
    same(&state.transactions, receipts);
    let refunds = orders().flat_map(|order| order.refunds.iter().map(|r| (order.id, r)));
    same(&state.out_refund_nos, refunds.map(|(id, r)| (r.out_refund_no.clone(), id)));
    let unpaid = |order: &&std::sync::Arc<Order>| {
        order.settlement.is_none()
            && matches!(order.status, OrderStatus::PendingPayment | OrderStatus::Cancelling)
    };
    same(&state.unpaid, orders().filter(unpaid).map(|o| ((o.buyer.unwrap(), o.id), ())));
    let live = |order: &&std::sync::Arc<Order>| {
        order.payments.iter().any(Payment::is_live)
            || order.refunds.iter().any(Refund::is_live)
            || matches!(order.status, OrderStatus::PendingPayment | OrderStatus::Delivered)
    };
    same(&state.live, orders().filter(live).map(|order| (order.id, ())));
    let open = state.cases.iter().filter(|(_, case)| case.status == CaseStatus::Open);
    same(&state.open_cases, open.map(|(no, case)| ((case.kind, case.subject.clone()), *no)));
    let due = state.jobs.iter().filter(|(_, job)| job.parked.is_none());
    same(&state.due, due.map(|(id, job)| ((job.due_at, id.clone()), ())));
    let names =
        state.openids.iter().map(|((app, open), user)| ((*user, app.clone()), open.clone()));
    same(&state.openids_of, names);
}

#[test]
fn every_index_follows_its_rows() {
    for seed in 20..26 {
        let mut world = World::seeded(seed);
        for _ in 0..200 {
            let changeset = world.next();
            assert_eq!(world.commit(changeset), CommitAnswer::Committed);
        }
        let state = world.state();
        check(&state);
        let refunds = state.orders.values().map(|order| order.refunds.len()).sum::<usize>();
        assert!(
            refunds > 5 && state.jobs.len() > 5 && state.cases.len() > 2,
            "they say too little"
        );
    }
}
