//! Moves of stock, as operators see them.

use domain::stock::{StockEntry, StockEntryKind, StockMoveKind};
use serde::Serialize;
use utoipa::ToSchema;

/// What moved stock.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = StockMoveKind)]
pub(crate) enum WireStockMoveKind {
    /// Promised to an order.
    Hold,
    /// Sold: the order is paid.
    Commit,
    /// Given back: the order was not paid.
    Release,
    /// Came back after it was sold.
    Return,
    /// Brought in or taken out by hand.
    Restock,
}

/// One move of stock.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StockMove)]
pub(crate) struct WireStockMove {
    #[schema(format = Uuid)]
    id: String,
    kind: WireStockMoveKind,
    /// How many; negative only where stock was taken out by hand.
    quantity: i64,
    /// The order that it was moved for.
    #[schema(required = true)]
    order_number: Option<String>,
    /// Which line of it.
    #[schema(required = true)]
    line_no: Option<u16>,
    /// Why, where it was moved by hand.
    #[schema(required = true)]
    reason: Option<String>,
    actor: String,
    #[schema(format = DateTime)]
    created_at: String,
}

impl WireStockMove {
    /// The twin.
    pub(crate) fn of(entry: &StockEntry) -> WireStockMove {
        let line = entry.line.as_ref();
        WireStockMove {
            id: entry.id.to_string(),
            kind: WireStockMoveKind::of(entry.kind),
            quantity: entry.quantity,
            order_number: line.map(|(order, _)| order.as_str().to_owned()),
            line_no: line.map(|(_, line_no)| *line_no),
            reason: entry.reason.clone(),
            actor: entry.actor.clone(),
            created_at: entry.at.to_rfc3339(),
        }
    }
}

impl WireStockMoveKind {
    fn of(kind: StockEntryKind) -> WireStockMoveKind {
        match kind {
            StockEntryKind::Order(StockMoveKind::Hold) => WireStockMoveKind::Hold,
            StockEntryKind::Order(StockMoveKind::Commit) => WireStockMoveKind::Commit,
            StockEntryKind::Order(StockMoveKind::Release) => WireStockMoveKind::Release,
            StockEntryKind::Order(StockMoveKind::Return) => WireStockMoveKind::Return,
            StockEntryKind::ByHand => WireStockMoveKind::Restock,
        }
    }
}
