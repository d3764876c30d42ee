//! Goods are sold once or given back once, and what was sold comes back at most once.

use super::super::histories::histories;
use super::cases;
use crate::case::CaseKind;
use crate::order::{Event, Order, OrderStatus, StockOutcome};
use crate::refund::RefundStatus;
use crate::stock::{HoldStatus, StockMoveKind};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// How many of a line the payer has the money of.
fn paid_back_of(order: &Order, line_no: u16) -> u32 {
    let back = order.refunds.iter().filter(|refund| {
        matches!(refund.state.status(), RefundStatus::Succeeded | RefundStatus::SettledOffline)
    });
    let parts = back.flat_map(|refund| &refund.lines).filter(|part| part.line_no == line_no);
    parts.map(|part| part.quantity).sum()
}

proptest! {
    #![proptest_config(cases())]

    /// I22. A settlement or a cancellation whose stock was refused leaves its holds as they are.
    #[test]
    fn a_hold_ends_once_and_with_its_order(history in histories()) {
        let mut is_kept = false;
        for step in history.play() {
            let order = &step.after;
            let is_refused = step.events.iter().any(|event| {
                matches!(event, Event::Cancelled { stock: StockOutcome::Refused, .. })
            });
            if is_refused {
                let told = step.written.cases.iter().any(|case| case.kind == CaseKind::Stock);
                prop_assert!(told, "nobody looks into its goods");
                prop_assert_eq!(&order.holds, &step.before.holds);
                prop_assert!(step.written.stock.is_empty());
            }
            is_kept |= is_refused;
            // What is paid at the door is sold when it leaves.
            let settled = order.settlement.is_some() || !order.shipments.is_empty();
            for hold in &order.holds {
                let may_be = match order.status {
                    OrderStatus::Cancelled if is_kept && !settled => vec![HoldStatus::Held],
                    OrderStatus::Cancelled if is_kept => vec![HoldStatus::Committed, HoldStatus::Held],
                    OrderStatus::Cancelled if !settled => vec![HoldStatus::Released],
                    OrderStatus::Cancelled => vec![HoldStatus::Released, HoldStatus::Committed],
                    OrderStatus::PendingPayment => vec![HoldStatus::Held],
                    OrderStatus::Cancelling if !settled => vec![HoldStatus::Held],
                    OrderStatus::Cancelling
                    | OrderStatus::Ready
                    | OrderStatus::Shipped
                    | OrderStatus::Delivered
                    | OrderStatus::Completed => vec![HoldStatus::Committed, HoldStatus::Held],
                };
                prop_assert!(may_be.contains(&hold.status), "{:?} of {:?}", hold, order.status);
                if is_kept || hold.status != HoldStatus::Committed {
                    prop_assert_eq!(hold.returned_quantity, 0);
                    continue;
                }
                let is_over = order.status == OrderStatus::Cancelled;
                let with_its_end = if is_over { hold.quantity } else { 0 };
                let back = with_its_end.max(paid_back_of(order, hold.line_no)).min(hold.quantity);
                prop_assert_eq!(hold.returned_quantity, back);
            }
        }
    }

    /// I21, I22: the moves of a line tell the story of its hold.
    #[test]
    fn the_moves_of_a_line_agree_with_its_hold(history in histories()) {
        let begin = history.begin();
        let mut moves: BTreeMap<u16, Vec<StockMoveKind>> = BTreeMap::new();
        let mut returned: BTreeMap<u16, u32> = BTreeMap::new();
        let mut end = begin.clone();
        for step in history.play() {
            for moved in &step.written.stock {
                let hold = step.after.holds.iter().find(|hold| hold.line_no == moved.line_no).unwrap();
                prop_assert_eq!(&moved.sku_id, &hold.sku_id);
                if moved.kind == StockMoveKind::Return {
                    *returned.entry(moved.line_no).or_default() += moved.quantity;
                    continue;
                }
                prop_assert_eq!(moved.quantity, hold.quantity);
                moves.entry(moved.line_no).or_default().push(moved.kind);
            }
            end = step.after;
        }
        for (first, hold) in begin.holds.iter().zip(&end.holds) {
            let made = moves.remove(&hold.line_no).unwrap_or_default();
            let (commit, release) = (StockMoveKind::Commit, StockMoveKind::Release);
            let expected = match (first.status, hold.status) {
                (HoldStatus::Held, HoldStatus::Committed) => vec![commit],
                (HoldStatus::Held, HoldStatus::Released) => vec![release],
                (before, after) => {
                    prop_assert_eq!(before, after);
                    vec![]
                }
            };
            prop_assert_eq!(made, expected);
            let back = returned.remove(&hold.line_no).unwrap_or_default();
            prop_assert_eq!(back, hold.returned_quantity - first.returned_quantity);
        }
    }
}
