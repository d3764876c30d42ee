//! Moves stock as a changeset says, or says which SKU is in the way; and the ledger of what moved.

use crate::state::State;
use domain::catalogue::{SkuId, StockLevel};
use domain::changeset::{Guard, Refusal};
use domain::ports::{CommitAnswer, StockEntryList, StockEntryListing};
use domain::stock::{StockEntry, StockEntryKind, StockMove, StockMoveKind};
use domain::{OrderId, OrderNumber, Timestamp};
use std::cmp::Reverse;
use uuid::Uuid;

/// The upper half of every entry's id here; the lower half counts.
const ENTRY_IDS: u64 = 5;

/// For whom stock is moved.
pub(crate) struct Mover {
    /// For which order.
    pub(crate) order: Option<(OrderId, OrderNumber)>,
    /// Who.
    pub(crate) actor: String,
    /// When.
    pub(crate) at: Timestamp,
}

pub(crate) fn carry_out(
    state: &mut State,
    moves: Vec<StockMove>,
    guards: &[Guard],
    mover: &Mover,
) -> Result<(), CommitAnswer> {
    for change in moves {
        if change.kind == StockMoveKind::Hold {
            check_price(state, guards, &change.sku_id)?;
        }
        let mut enough = false;
        state.skus.change(&change.sku_id, |sku| enough = shift(&mut sku.stock, &change));
        if !enough {
            return Err(CommitAnswer::GuardRefused(Refusal::Stock(change.sku_id)));
        }
        if let Some((order, number)) = &mover.order {
            let entry = StockEntry {
                id: Uuid::nil(),
                kind: StockEntryKind::Order(change.kind),
                quantity: i64::from(change.quantity),
                line: Some((number.clone(), change.line_no)),
                reason: None,
                actor: mover.actor.clone(),
                at: mover.at,
            };
            state.enter(change.sku_id.clone(), entry);
            state.stock_moves.push((*order, change));
        }
    }
    Ok(())
}

impl State {
    /// Adds a row to the ledger of stock, under an id of its own.
    pub(crate) fn enter(&mut self, sku: SkuId, entry: StockEntry) {
        let no = u64::try_from(self.stock_entries.rows().len()).unwrap_or(u64::MAX);
        let id = Uuid::from_u64_pair(ENTRY_IDS, no);
        self.stock_entries.push((sku, StockEntry { id, ..entry }));
    }

    pub(crate) fn stock_page(&self, query: &StockEntryList) -> Option<StockEntryListing> {
        if !self.skus.contains(&query.sku_id) {
            return None;
        }
        let rows = self.stock_entries.rows().iter();
        let mut entries: Vec<&StockEntry> = rows
            .filter(|(sku, _)| *sku == query.sku_id)
            .map(|(_, entry)| entry)
            .filter(|entry| query.from.is_none_or(|from| entry.at >= from))
            .filter(|entry| query.to.is_none_or(|to| entry.at < to))
            .filter(|entry| query.after.is_none_or(|after| (entry.at, entry.id) < after))
            .collect();
        entries.sort_by_key(|entry| Reverse((entry.at, entry.id)));
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let more = entries.len() > limit;
        let entries = entries.into_iter().take(limit).cloned().collect();
        Some(StockEntryListing { entries, more })
    }
}

fn check_price(state: &State, guards: &[Guard], id: &SkuId) -> Result<(), CommitAnswer> {
    let now = state.skus.get(id).map(|sku| sku.price_version);
    let moved = guards.iter().any(|guard| {
        matches!(guard, Guard::PriceVersion { sku_id, price_version }
            if sku_id == id && now.is_some_and(|now| now != *price_version))
    });
    if moved {
        return Err(CommitAnswer::GuardRefused(Refusal::PriceMoved(id.clone())));
    }
    Ok(())
}

/// Whether there was enough.
fn shift(level: &mut StockLevel, change: &StockMove) -> bool {
    let quantity = i64::from(change.quantity);
    let (from, to) = match change.kind {
        StockMoveKind::Hold => (&mut level.available, &mut level.held),
        StockMoveKind::Commit => (&mut level.held, &mut level.sold),
        StockMoveKind::Release => (&mut level.held, &mut level.available),
        StockMoveKind::Return => (&mut level.sold, &mut level.available),
    };
    if *from < quantity {
        return false;
    }
    *from = from.saturating_sub(quantity);
    *to = to.saturating_add(quantity);
    true
}
