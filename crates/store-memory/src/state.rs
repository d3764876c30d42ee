//! The tables, and what follows from their rows: indexes are tables as well, so that they go back together.

use crate::coupons::Issued;
use crate::journal::Journal;
use crate::ledger;
use crate::table::{Log, Remembers as _, Table};
use domain::buyer::{Address, AddressId, ItemId};
use domain::case::{Case, CaseKind};
use domain::catalogue::{Sku, SkuId};
use domain::changeset::{Audit, InboxEntry, ReplayRecord, ReplayScope};
use domain::coupon::CouponId;
use domain::job::JobId;
use domain::ledger::BuyerAccount;
use domain::names::{Appid, Openid, TransactionId};
use domain::order::Order;
use domain::outgoing::Outgoing;
use domain::payment::PaymentNo;
use domain::ports::{ApiKeyRecord, CouponInForce, RulesInForce, SessionRecord};
use domain::recharge::{PackageId, RechargePackage};
use domain::stock::{StockEntry, StockMove};
use domain::{CommandId, Epoch, OrderId, OrderNumber, OutRefundNo, OutTradeNo, Timestamp, UserId};
use std::sync::Arc;

/// One list of all tables, so that none can be left behind when changes are taken back.
macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident: $table:ty,)+) => {
        /// Everything that is stored.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub(crate) struct State {
            $($(#[$doc])* pub(crate) $name: $table,)+
            /// Which life of the database this is. Not a row: it outlives what is taken back.
            pub(crate) epoch: Epoch,
            pub(crate) journal: Journal,
        }

        /// A moment, in every table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) struct Moment {
            $($name: u64,)+
        }

        impl State {
            pub(crate) fn moment(&self) -> Moment {
                Moment { $($name: self.$name.mark(),)+ }
            }

            pub(crate) fn back_to(&mut self, moment: &Moment) {
                $(self.$name.back_to(moment.$name);)+
            }

            pub(crate) fn forget_before(&mut self, moment: &Moment) {
                $(self.$name.forget_before(moment.$name);)+
            }
        }
    };
}

tables! {
    orders: Table<OrderId, Arc<Order>>,
    /// Index: by number.
    numbers: Table<OrderNumber, OrderId>,
    /// Index: by the numbers of payments.
    out_trade_nos: Table<OutTradeNo, OrderId>,
    /// Index: by the numbers of refunds.
    out_refund_nos: Table<OutRefundNo, OrderId>,
    /// Index: by WeChat Pay's numbers of payments.
    transactions: Table<TransactionId, (OrderId, PaymentNo)>,
    /// Index: a buyer's orders that wait for money.
    unpaid: Table<(UserId, OrderId), ()>,
    /// Index: orders that somebody has to look after.
    live: Table<OrderId, ()>,
    /// Names of intentions, and of what may happen once.
    effects: Table<CommandId, ()>,
    replays: Table<ReplayScope, ReplayRecord>,
    inbox: Table<(&'static str, String), InboxEntry>,
    outbox: Log<(OrderId, u64, Outgoing)>,
    /// By the order in which they were opened.
    cases: Table<u64, Case>,
    /// Index: the one that is open about something.
    open_cases: Table<(CaseKind, String), u64>,
    audit: Log<(Option<OrderId>, u64, Audit)>,
    jobs: Table<JobId, Job>,
    /// Index: those that are not set aside, by when they are due.
    due: Table<(Timestamp, JobId), ()>,
    /// The last lease's token.
    tokens: Table<(), i64>,
    delivery_rules: Table<(), RulesInForce>,
    packages: Table<PackageId, RechargePackage>,
    coupons: Table<CouponId, CouponInForce>,
    /// Coupons in buyers' hands, numbered per buyer and coupon.
    grants: Table<(UserId, CouponId, u32), Issued>,
    skus: Table<SkuId, Sku>,
    /// What buyers' accounts hold.
    accounts: Table<ledger::Key, ledger::Held>,
    /// By the numbers of their entries.
    entries: Table<(UserId, BuyerAccount, u64), ledger::Posted>,
    transfers: Table<String, ledger::Moved>,
    stock_moves: Log<(OrderId, StockMove)>,
    /// What [`State::stock_moves`] says, and what was moved by hand, as people read it.
    stock_entries: Log<(SkuId, StockEntry)>,
    buyers: Table<UserId, Numbering>,
    addresses: Table<(UserId, AddressId), (u64, Address)>,
    items: Table<(UserId, ItemId), Item>,
    openids: Table<(Appid, Openid), UserId>,
    /// Index: a buyer's name under an appid.
    openids_of: Table<(UserId, Appid), Openid>,
    sessions: Table<[u8; 32], SessionRecord>,
    api_keys: Table<[u8; 32], ApiKeyRecord>,
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

/// The last numbers that a buyer's things were given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Numbering {
    pub(crate) last_address: AddressId,
    pub(crate) last_item: ItemId,
}

/// A line of a purchase list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) sku_id: SkuId,
    pub(crate) quantity: u32,
    pub(crate) captured_by: Option<OrderId>,
}
