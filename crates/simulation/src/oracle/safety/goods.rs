//! Promises about goods: stock, holds, and the lines of purchase lists.

use super::Watched;
use crate::oracle::moves;
use domain::changeset::ListChange;
use domain::order::{Event, PaymentMethod, StockOutcome};
use domain::stock::{HoldStatus, StockMoveKind};
use std::collections::BTreeMap;

pub(super) fn holds_end_once(w: &Watched<'_>) -> Result<(), String> {
    let after = w.commit.after;
    for old in w.commit.before.map_or(&[][..], |before| &before.holds) {
        let new = after.holds.iter().find(|new| new.line_no == old.line_no);
        if !new.is_some_and(|new| moves::hold(old.status, new.status)) {
            return Err(format!("line {}: {:?} → {new:?}", old.line_no, old.status));
        }
    }
    let ending = w.commit.changeset.stock.iter().filter(|m| m.kind != StockMoveKind::Hold);
    for change in ending {
        // What costs nothing is held and sold in one commit.
        let placed = w.commit.before.is_none()
            && w.commit
                .changeset
                .stock
                .iter()
                .any(|held| held.kind == StockMoveKind::Hold && held.line_no == change.line_no);
        if placed {
            continue;
        }
        let old =
            w.commit.before.and_then(|b| b.holds.iter().find(|h| h.line_no == change.line_no));
        let fits = old.is_some_and(|old| match change.kind {
            StockMoveKind::Hold => false,
            StockMoveKind::Commit | StockMoveKind::Release => old.status == HoldStatus::Held,
            // What was sold comes back once.
            StockMoveKind::Return => {
                let back = old.returned_quantity + change.quantity;
                old.status == HoldStatus::Committed && back <= old.quantity
            }
        });
        if !fits {
            return Err(format!("line {} moves {:?} and was {old:?}", change.line_no, change.kind));
        }
    }
    Ok(())
}

/// What comes back with a refund is what it is for, in the commit that says that its payer has the money.
pub(super) fn back_with_their_money(w: &Watched<'_>) -> Result<(), String> {
    for change in &w.commit.changeset.stock {
        let Some(number) = &change.out_refund_no else { continue };
        let (before, after) = (w.commit.before.and_then(|b| b.refund(number)), w.commit.after);
        let was_back = before.is_some_and(domain::refund::Refund::is_paid_back);
        let refund = after.refund(number).filter(|refund| refund.is_paid_back() && !was_back);
        let part = refund.and_then(|r| r.lines.iter().find(|p| p.line_no == change.line_no));
        if part.is_none_or(|part| change.quantity > part.quantity) {
            return Err(format!("{change:?} comes back with {refund:?}"));
        }
    }
    Ok(())
}

/// Nobody takes goods off the shelf here but buyers, so that the second way, without stock and with a
/// case, is never needed.
pub(super) fn holds_are_there(w: &Watched<'_>) -> Result<(), String> {
    let refused = w.commit.changeset.events.iter().find(|event| {
        matches!(
            event,
            Event::Settled { stock: StockOutcome::Refused, .. }
                | Event::HoldsCommitted { stock: StockOutcome::Refused }
                | Event::Cancelled { stock: StockOutcome::Refused, .. }
                | Event::GoodsReturned { stock: StockOutcome::Refused, .. }
        )
    });
    refused.map_or(Ok(()), |event| Err(format!("{} without its stock", event.name())))
}

pub(super) fn lines_cleared_once(w: &Watched<'_>) -> Result<(), String> {
    let clears =
        w.commit.changeset.list.iter().filter(|c| matches!(c, ListChange::Clear { .. })).count();
    let before = usize::from(w.seen.cleared.contains(&w.commit.after.id));
    if clears + before > 1 {
        return Err(format!("cleared {} times", clears + before));
    }
    let settles = w.commit.changeset.events.iter().any(|e| matches!(e, Event::Settled { .. }));
    // What is paid at the door is bought when it is placed.
    let is_bought =
        w.commit.before.is_none() && w.commit.after.payment_method == PaymentMethod::Cod;
    if clears > 0 && !settles && !is_bought {
        return Err("cleared without a settlement".to_owned());
    }
    Ok(())
}

pub(super) fn stock_adds_up(w: &Watched<'_>) -> Result<(), String> {
    let mut levels = BTreeMap::new();
    for change in &w.commit.changeset.stock {
        let Some(level) = w.seen.stock.get(&change.sku_id) else { continue };
        let level = levels.entry(&change.sku_id).or_insert(*level);
        *level = moves::stock(*level, change);
    }
    for (sku, level) in levels {
        let fine = level.available >= 0
            && level.held >= 0
            && level.stocked == level.available + level.held + level.sold;
        if !fine {
            return Err(format!("{sku} would be {level:?}"));
        }
    }
    Ok(())
}
