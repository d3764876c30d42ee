//! Moves stock as a changeset says, or says which SKU is in the way.

use crate::state::State;
use domain::OrderId;
use domain::catalogue::{SkuId, StockLevel};
use domain::changeset::{Guard, Refusal};
use domain::ports::CommitAnswer;
use domain::stock::{StockMove, StockMoveKind};

pub(crate) fn carry_out(
    state: &mut State,
    moves: Vec<StockMove>,
    guards: &[Guard],
    order: Option<OrderId>,
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
        if let Some(order) = order {
            state.stock_moves.push((order, change));
        }
    }
    Ok(())
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
