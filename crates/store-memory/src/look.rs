//! A copy of what is stored, past the ports: for tests. Without a copy: `view.rs`.

use crate::MemoryStore;
use domain::case::Case;
use domain::catalogue::Sku;
use domain::changeset::{Audit, InboxEntry};
use domain::job::JobId;
use domain::order::Order;
use domain::outgoing::Outgoing;
use domain::ports::StoreError;
use domain::stock::StockMove;
use domain::{CommandId, OrderId, Timestamp};

/// Everything that was written, in a fixed order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Every order, by id.
    pub orders: Vec<Order>,
    /// Every effect.
    pub effects: Vec<CommandId>,
    /// Every notification.
    pub inbox: Vec<InboxEntry>,
    /// Every event for the outside, with its order's version.
    pub outbox: Vec<(OrderId, u64, Outgoing)>,
    /// Every case, in the order in which they were opened.
    pub cases: Vec<Case>,
    /// Every audit row, with its order's version.
    pub audit: Vec<(Option<OrderId>, u64, Audit)>,
    /// Every job and when it is due.
    pub jobs: Vec<(JobId, Timestamp)>,
    /// Every move of stock.
    pub stock_moves: Vec<(OrderId, StockMove)>,
    /// Every SKU, by id.
    pub skus: Vec<Sku>,
}

impl MemoryStore {
    /// Everything that is stored now.
    ///
    /// # Errors
    /// When a use of the store panicked.
    pub fn look(&self) -> Result<Look, StoreError> {
        let state = self.state()?;
        Ok(Look {
            orders: state.orders.values().map(|order| Order::clone(order)).collect(),
            effects: state.effects.iter().map(|(name, ())| name.clone()).collect(),
            inbox: state.inbox.values().cloned().collect(),
            outbox: state.outbox.rows().to_vec(),
            cases: state.cases.values().cloned().collect(),
            audit: state.audit.rows().to_vec(),
            jobs: state.jobs.iter().map(|(id, job)| (id.clone(), job.due_at)).collect(),
            stock_moves: state.stock_moves.rows().to_vec(),
            skus: state.skus.values().cloned().collect(),
        })
    }

    /// Every row of every table, as text: equal texts, equal contents.
    ///
    /// # Errors
    /// When a use of the store panicked.
    pub fn dump(&self) -> Result<String, StoreError> {
        Ok(format!("{:?}", *self.state()?))
    }
}
