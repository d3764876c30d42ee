//! The tables.

use domain::buyer::{Address, AddressId, ItemId};
use domain::case::Case;
use domain::catalogue::{Sku, SkuId};
use domain::changeset::{Audit, InboxEntry, ReplayRecord, ReplayScope};
use domain::job::JobId;
use domain::names::{Appid, Openid};
use domain::order::Order;
use domain::outgoing::Outgoing;
use domain::ports::{ApiKeyRecord, SessionRecord};
use domain::stock::StockMove;
use domain::{CommandId, Epoch, OrderId, OrderNumber, OutRefundNo, OutTradeNo, Timestamp, UserId};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that is stored.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(crate) epoch: Epoch,
    pub(crate) orders: BTreeMap<OrderId, Order>,
    pub(crate) numbers: BTreeMap<OrderNumber, OrderId>,
    pub(crate) out_trade_nos: BTreeMap<OutTradeNo, OrderId>,
    pub(crate) out_refund_nos: BTreeMap<OutRefundNo, OrderId>,
    pub(crate) effects: BTreeSet<CommandId>,
    pub(crate) replays: BTreeMap<ReplayScope, ReplayRecord>,
    pub(crate) inbox: BTreeMap<(&'static str, String), InboxEntry>,
    pub(crate) outbox: Vec<(OrderId, u64, Outgoing)>,
    pub(crate) cases: Vec<Case>,
    pub(crate) audit: Vec<(Option<OrderId>, u64, Audit)>,
    pub(crate) jobs: BTreeMap<JobId, Job>,
    pub(crate) last_token: i64,
    pub(crate) skus: BTreeMap<SkuId, Sku>,
    pub(crate) stock_moves: Vec<(OrderId, StockMove)>,
    pub(crate) buyers: BTreeMap<UserId, Buyer>,
    pub(crate) openids: BTreeMap<(Appid, Openid), UserId>,
    pub(crate) sessions: BTreeMap<[u8; 32], SessionRecord>,
    pub(crate) api_keys: BTreeMap<[u8; 32], ApiKeyRecord>,
}

/// One job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) due_at: Timestamp,
    pub(crate) attempts: u32,
    pub(crate) lease: Option<Lease>,
    /// Somebody asked for it again while it was in hand.
    pub(crate) hastened_at: Option<Timestamp>,
    /// A client waits for it.
    pub(crate) wanted: Wanted,
    pub(crate) parked: Option<String>,
}

/// Whether a client waits for a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    No,
    /// It is claimed before others.
    First,
    /// It was put off: somebody still waits, but it takes its turn.
    InTurn,
}

/// Who has a job, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) token: i64,
    pub(crate) until: Timestamp,
}

/// What a buyer keeps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Buyer {
    pub(crate) addresses: BTreeMap<AddressId, (u64, Address)>,
    pub(crate) items: BTreeMap<ItemId, Item>,
    pub(crate) last_address: AddressId,
    pub(crate) last_item: ItemId,
}

/// A line of a purchase list.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) sku_id: SkuId,
    pub(crate) quantity: u32,
    pub(crate) captured_by: Option<OrderId>,
}
