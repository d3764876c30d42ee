//! Loading orders and committing changesets.

use super::PortFuture;
use crate::changeset::{Changeset, Refusal, ReplayRecord, ReplayScope};
use crate::order::{Order, OrderStatus};
use crate::{CommandId, Epoch, OrderId, OrderNumber, OutRefundNo, OutTradeNo, Timestamp, UserId};

/// Orders, as one aggregate each.
pub trait OrderStore: Send + Sync {
    /// Everything known about one order, as one consistent snapshot, with the store's own time.
    ///
    /// # Contract
    /// One round trip. The snapshot is of one instant; `Order::version` is the one to expect.
    fn load<'a>(
        &'a self,
        key: &'a OrderKey,
    ) -> PortFuture<'a, Result<Option<Loaded<Order>>, StoreError>>;

    /// Carries out a changeset.
    ///
    /// # Contract
    /// All of it or none, in one round trip, and durable before the answer. In this order:
    /// `AlreadyCommitted` when `command_id` was committed before, `GuardRefused(Fenced)` when the
    /// fence does not hold, `Conflict` when the order's version moved or the changeset was decided
    /// in another epoch, then the guards. A
    /// settling changeset is never refused for the purchase list. `EffectTaken` when one of the
    /// effects was written by another command. A dropped future leaves either
    /// all of it or nothing, and no connection with an open transaction. Takes the changeset by
    /// value so that a store may gather concurrent commits into one transaction.
    fn commit(&self, changeset: Changeset) -> PortFuture<'_, CommitAnswer>;

    /// Was this command committed? Asked on a fresh connection after `OutcomeUnknown`.
    fn committed<'a>(
        &'a self,
        command_id: &'a CommandId,
    ) -> PortFuture<'a, Result<bool, StoreError>>;

    /// The effect that an idempotency key had.
    fn replay<'a>(
        &'a self,
        scope: &'a ReplayScope,
    ) -> PortFuture<'a, Result<Option<ReplayRecord>, StoreError>>;

    /// Which life of the database this is. Another one than before: acknowledged commits may be
    /// lost, and what was known has to be asked for again.
    fn epoch(&self) -> PortFuture<'_, Result<Epoch, StoreError>>;

    /// A page of orders, newest first, by `(created_at, id)`.
    fn list<'a>(&'a self, query: &'a OrderList)
    -> PortFuture<'a, Result<OrderListing, StoreError>>;
}

/// How an order is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderKey {
    /// By its id.
    Id(OrderId),
    /// By its number.
    Number(OrderNumber),
    /// By any of its payments' numbers.
    OutTradeNo(OutTradeNo),
    /// By any of its refunds' numbers.
    OutRefundNo(OutRefundNo),
}

impl OrderKey {
    /// Reads any reference that the API takes: an order number, an id, or any `out_trade_no`.
    #[must_use]
    pub fn parse(text: &str) -> Option<OrderKey> {
        OrderNumber::parse(text)
            .map(OrderKey::Number)
            .or_else(|| OrderId::parse(text).map(OrderKey::Id))
            .or_else(|| OutTradeNo::parse(text).map(OrderKey::OutTradeNo))
    }
}

/// Something loaded, with the store's time of that load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded<T> {
    /// What was loaded.
    pub value: T,
    /// The store's clock at that moment.
    pub store_now: Timestamp,
    /// The life of the database that it was loaded from.
    pub epoch: Epoch,
}

/// How a commit ended. A variant exists because the caller acts differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitAnswer {
    /// Durable.
    Committed,
    /// The version moved: load again.
    Conflict,
    /// A guard refused; nothing was written. An answer, not an error.
    GuardRefused(Refusal),
    /// This command was committed before: load and return.
    AlreadyCommitted,
    /// Nothing was written (serialization failure, deadlock, no connection): try again.
    RolledBack(String),
    /// It may or may not have been written: ask [`OrderStore::committed`] first.
    OutcomeUnknown(String),
}

/// Why the store did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached or is too slow just now.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// What it holds cannot be what we wrote.
    #[error("the store holds something impossible: {0}")]
    Corrupt(String),
}

/// Which orders to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderList {
    /// Whose; `None` for everybody's.
    pub buyer: Option<UserId>,
    /// In which state.
    pub status: Option<OrderStatus>,
    /// Of exactly this number: the order's own, any of its payments' or refunds' (ours or WeChat
    /// Pay's), or a merchant backend's reference.
    pub number: Option<String>,
    /// Created at or after.
    pub created_from: Option<Timestamp>,
    /// Created before.
    pub created_to: Option<Timestamp>,
    /// Only orders older than this one: the last of the page before.
    pub after: Option<(Timestamp, OrderId)>,
    /// At most this many, 1–100.
    pub limit: u32,
}

/// A page of orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderListing {
    /// The orders, newest first.
    pub orders: Vec<Order>,
    /// Whether there are older ones.
    pub more: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_an_order_number_an_id_or_a_payments_number() {
        let number = OrderNumber::compose(Timestamp::from_seconds(0), None, 1);
        assert_eq!(OrderKey::parse(number.as_str()), Some(OrderKey::Number(number.clone())));
        let id = "00000000-0000-0000-0000-000000000001";
        assert_eq!(OrderKey::parse(id), OrderId::parse(id).map(OrderKey::Id));
        assert!(OrderId::parse(id).is_some());
        let second = OutTradeNo::of_payment(&number, 2);
        assert_eq!(OrderKey::parse(second.as_str()), Some(OrderKey::OutTradeNo(second)));
        assert_eq!(OrderKey::parse("no"), None, "too short for any of them");
    }
}
