//! Holds of stock: one per order line, `held → committed` or `held → released`, never both. What
//! was committed may come back.

use crate::OutRefundNo;
use crate::catalogue::SkuId;
use crate::{OrderNumber, Timestamp};
use uuid::Uuid;

/// Goods promised to one line of one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Which line of the order, from 1.
    pub line_no: u16,
    /// What.
    pub sku_id: SkuId,
    /// How many.
    pub quantity: u32,
    /// How many of them came back after they were sold; at most `quantity`.
    pub returned_quantity: u32,
    /// How far it got.
    pub status: HoldStatus,
}

/// How far a hold got (TCC: try, confirm, cancel).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HoldStatus {
    /// Taken out of what can be ordered.
    Held,
    /// Sold. Final.
    Committed,
    /// Given back. Final.
    Released,
}

/// What a commit does to the stock of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockMove {
    /// Which line of the order.
    pub line_no: u16,
    /// What.
    pub sku_id: SkuId,
    /// How many.
    pub quantity: u32,
    /// In which direction.
    pub kind: StockMoveKind,
    /// The refund that goods come back with; `None` when the order's end brings them back.
    pub out_refund_no: Option<OutRefundNo>,
}

/// Directions of stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StockMoveKind {
    /// available → held; refused when too little is available.
    Hold,
    /// held → sold.
    Commit,
    /// held → available.
    Release,
    /// sold → available: the money goes back, of all of a cancelled order or of these goods.
    Return,
}

/// One row of the ledger of stock, which is only ever added to: what a SKU has is what its rows say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockEntry {
    /// Its name: no two rows have the same.
    pub id: Uuid,
    /// What happened.
    pub kind: StockEntryKind,
    /// How many; negative only where stock was taken out by hand.
    pub quantity: i64,
    /// For which line of which order; not where it was moved by hand.
    pub line: Option<(OrderNumber, u16)>,
    /// Why, in the operator's words, where it was moved by hand.
    pub reason: Option<String>,
    /// Who.
    pub actor: String,
    /// When it was decided.
    pub at: Timestamp,
}

/// What a row of the ledger of stock says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StockEntryKind {
    /// For an order.
    Order(StockMoveKind),
    /// By hand: in, or out.
    ByHand,
}
