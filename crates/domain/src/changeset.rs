//! A transaction as a value: everything that is written in one go.
//!
//! Derived from events by [`Changeset::of`]: jobs, outgoing events, stock moves and cases follow
//! from what happened, never from the caller's memory. The store carries it out; it decides
//! nothing.

mod cases;
mod derive;
mod transfers;

use crate::buyer::ItemId;
use crate::case::{CaseEnd, CaseKind, CaseOpening};
use crate::catalogue::SkuId;
use crate::coupon::{CouponId, CouponMove};
use crate::job::{JobChange, JobId};
use crate::ledger::{Balances, BuyerAccount, Transfer};
use crate::order::{Event, Order};
use crate::outgoing::{Outgoing, OutgoingKind, TOLD_MAX};
use crate::payment::PaymentNo;
use crate::stock::StockMove;
use crate::{CommandId, Epoch, OrderId, OutRefundNo, OutTradeNo, Pace, Timestamp, UserId};
use std::collections::BTreeSet;

/// Everything that one command writes. All of it or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changeset {
    /// The name of the intention, stored with its effect.
    pub command_id: CommandId,
    /// When it was decided, business time.
    pub decided_at: Timestamp,
    /// In which life of the database it was decided, if that is known: in another one it meets
    /// another order, though its version be the same.
    pub decided_in: Option<Epoch>,
    /// The order after the events; `None` when no order changes.
    pub order: Option<OrderWrite>,
    /// What happened.
    pub events: Vec<Event>,
    /// What must still be true of shared rows.
    pub guards: Vec<Guard>,
    /// The notification that said so.
    pub inbox: Option<InboxEntry>,
    /// The job that this is a step of: the commit is refused when its lease is lost.
    pub fence: Option<Fence>,
    /// Who did it and why.
    pub audit: Audit,
    /// Promised work.
    pub jobs: Vec<JobChange>,
    /// Events for the outside, in order.
    pub outgoing: Vec<Outgoing>,
    /// Cases to be opened.
    pub cases: Vec<CaseOpening>,
    /// Cases that are over; those that are not open stay as they are.
    pub ended_cases: Vec<CaseEnd>,
    /// What may happen once and never again, by name, beside the intention's own: a second guard
    /// under the state machine.
    pub effects: Vec<String>,
    /// What moves in the ledger, in order.
    pub transfers: Vec<Transfer>,
    /// Moves of stock.
    pub stock: Vec<StockMove>,
    /// Moves of the buyer's coupon, in order.
    pub coupons: Vec<CouponMove>,
    /// What happens to captured purchase-list lines, in order.
    pub list: Vec<ListChange>,
    /// The record that lets the same request be answered the same again.
    pub replay: Option<ReplayRecord>,
}

/// The order's part of a changeset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderWrite {
    /// The order after the events.
    pub order: Order,
    /// The version that was loaded; `None` for a new order.
    pub expected_version: Option<u64>,
    /// The payments that changed.
    pub payments: BTreeSet<PaymentNo>,
    /// The refunds that are new or changed.
    pub refunds: BTreeSet<OutRefundNo>,
}

/// What must still be true of a shared row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Guard {
    /// The SKU's price, cost, title and status are as pricing read them.
    PriceVersion {
        /// Which.
        sku_id: SkuId,
        /// What was read.
        price_version: u64,
    },
    /// The coupon's terms are as pricing read them.
    CouponVersion {
        /// Which.
        coupon_id: CouponId,
        /// What was read.
        version: u64,
    },
    /// The buyer has fewer than this many unpaid orders.
    OpenOrdersBelow {
        /// Whose.
        buyer: UserId,
        /// The most allowed, this one included.
        max: u32,
    },
}

/// Which guard refused a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Too little stock of this SKU is available (or held, when committing).
    Stock(SkuId),
    /// The SKU's price version moved: price again.
    PriceMoved(SkuId),
    /// The coupon's terms moved: price again.
    CouponMoved(CouponId),
    /// The buyer's coupon is not where it should be: another order has it, or it is spent.
    Coupon(CouponId),
    /// The buyer has too many unpaid orders.
    TooManyOpenOrders,
    /// A purchase-list line is captured by another order, changed, or gone.
    ListTaken,
    /// The order number or a payment number exists already: draw another.
    NumberTaken,
    /// The lease on the job is lost: stop.
    Fenced,
    /// WeChat Pay's transaction is recorded with another payment.
    TransactionTaken,
    /// The refund's number is taken by another order's refund.
    RefundNumberTaken,
    /// What may happen once has happened: the trace of a bug.
    EffectTaken(String),
    /// A buyer's account of this kind holds too little for what is taken from it, or too much for what
    /// is added.
    Balance(BuyerAccount),
    /// A transfer of this name moved already.
    TransferTaken(String),
}

/// A notification, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxEntry {
    /// Which door it came through, such as `wechat_pay_v3`.
    pub source: &'static str,
    /// Its id there.
    pub event_id: String,
    /// `event_type`.
    pub event_type: String,
    /// A hash of what it says; a re-send has the same.
    pub fact_hash: String,
    /// What became of it.
    pub status: InboxStatus,
    /// The number it is about.
    pub out_trade_no: Option<OutTradeNo>,
}

/// What became of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum InboxStatus {
    /// Verified and stored, to be applied by its job.
    Verified,
    /// Its fact is in the order.
    Applied,
    /// It said nothing new.
    Duplicate,
    /// No order of ours has its number.
    Orphan,
    /// It contradicts what is recorded.
    Mismatch,
}

/// The lease under which a job's step is committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The job.
    pub job: JobId,
    /// The lease's token, from a sequence that only rises.
    pub token: i64,
}

/// Who did it and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// Such as `buyer:<id>`, `wechat_pay`, `scheduler`, `operator:<key id>`.
    pub actor: String,
    /// Such as `checkout`, `notification EV-…`, `query`.
    pub cause: String,
    /// The id of the request or job that it belongs to.
    pub request_id: Option<String>,
}

/// What happens to captured purchase-list lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListChange {
    /// They belong to the order now; refused when one is captured already.
    Capture {
        /// Whose list.
        buyer: UserId,
        /// By which order.
        order: OrderId,
        /// Which lines, and how many of each were priced.
        items: Vec<(ItemId, u32)>,
    },
    /// The order is paid: they leave the list.
    Clear {
        /// Whose list.
        buyer: UserId,
        /// Captured by which order.
        order: OrderId,
    },
    /// The order is cancelled: they are free again.
    Free {
        /// Whose list.
        buyer: UserId,
        /// Captured by which order.
        order: OrderId,
    },
}

/// The scope of an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReplayScope {
    /// Who asks.
    pub principal: String,
    /// Method and concrete path.
    pub route: String,
    /// Their key.
    pub key: String,
}

/// An idempotency key with the effect it had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayRecord {
    /// Whose key, where.
    pub scope: ReplayScope,
    /// Hash of method, path and canonical body.
    pub fingerprint: String,
    /// The order that it led to; `None` for effects on other things.
    pub order: Option<OrderId>,
    /// The payment of that order that it offered; `None` when it was about no payment.
    pub payment: Option<PaymentNo>,
    /// Whether that order was there already, placed under another key.
    pub reused: bool,
    /// When it was first recorded. Set by the caller, in business time.
    pub recorded_at: Timestamp,
}

/// What a changeset is made of, besides the order and its events.
#[derive(Clone, Debug)]
pub struct Intent {
    /// The name of the intention.
    pub command_id: CommandId,
    /// Who and why.
    pub audit: Audit,
    /// The notification behind it.
    pub inbox: Option<InboxEntry>,
    /// The job it is a step of.
    pub fence: Option<Fence>,
    /// The idempotency key it came under.
    pub replay: Option<ReplayRecord>,
}

impl Changeset {
    /// The changeset of `events` that happen to `order` (`None` when they place it) at `now`.
    /// `None` when that cannot be: the first event of a new order does not place it, or its money moves in
    /// a way that no ledger can hold. Then nothing of it may be recorded.
    #[must_use]
    pub fn of(
        order: Option<&Order>,
        events: Vec<Event>,
        guards: Vec<Guard>,
        intent: Intent,
        now: Timestamp,
    ) -> Option<Changeset> {
        let after = match (order, events.first()) {
            (Some(before), _) => before.clone().after(&events),
            (None, Some(Event::Placed(placed))) => (**placed).clone().after(&events),
            (None, _) => return None,
        };
        let touched = derive::touched_payments(order.is_none(), &after, &events);
        let refunds = events.iter().filter_map(|e| e.out_refund_no().cloned()).collect();
        let mut changeset = Changeset::without_order(intent, now);
        changeset.guards = guards;
        changeset.jobs = derive::jobs(&after, (&touched, &refunds), &events, now, Pace::DESIGNED);
        changeset.outgoing =
            events.iter().flat_map(|e| derive::outgoing(order, &after, &events, e)).collect();
        changeset.cases = cases::cases(order, &after, &events);
        changeset.ended_cases = events.iter().flat_map(|e| cases::ended_cases(&after, e)).collect();
        changeset.effects = events.iter().filter_map(|e| derive::effect(&after, e)).collect();
        changeset.transfers = transfers::transfers(order, &after, &events).ok()?;
        changeset.tell_of_the_ledger();
        changeset.stock =
            events.iter().flat_map(|e| derive::stock_moves(order, &after, e)).collect();
        changeset.coupons = events.iter().filter_map(|e| derive::coupon_move(&after, e)).collect();
        changeset.list = derive::list_changes(order.is_none(), &after, &events);
        changeset.order = Some(OrderWrite {
            order: after,
            expected_version: order.map(|o| o.version),
            payments: touched,
            refunds,
        });
        changeset.events = events;
        Some(changeset)
    }

    /// The same, decided from what was loaded in `epoch`.
    #[must_use]
    pub fn decided_in(self, epoch: &Epoch) -> Changeset {
        Changeset { decided_in: Some(epoch.clone()), ..self }
    }

    /// The same, with what the ledger refuses left out and a person told. For what WeChat Pay says
    /// alone: nothing on a shared row vetoes that (product ruling 5).
    #[must_use]
    pub fn without_transfers(mut self, refused: &Refusal) -> Changeset {
        let subject = self.order.as_ref().map(|write| write.order.number.as_str().to_owned());
        let names: Vec<&str> = self.transfers.iter().map(Transfer::name).collect();
        let detail = format!("the ledger lacks {}: refused by {refused:?}", names.join(", "));
        self.transfers = Vec::new();
        self.tell_of_the_ledger();
        self.open_ledger_case(subject, detail)
    }

    /// The same, with what `buyer` does not have any more owed instead, and a person told.
    #[must_use]
    pub fn covered(mut self, buyer: UserId, balances: &Balances) -> Changeset {
        let (transfers, missing) = balances.cover(buyer, std::mem::take(&mut self.transfers));
        self.transfers = transfers;
        self.tell_of_the_ledger();
        if missing.is_empty() {
            return self;
        }
        let subject = self.order.as_ref().map(|write| write.order.number.as_str().to_owned());
        let owed: Vec<String> =
            missing.iter().map(|short| format!("{} {}", short.amount, short.unit.name())).collect();
        let detail = format!("money went back that was spent: the buyer owes {}", owed.join(", "));
        self.open_ledger_case(subject, detail)
    }

    /// Whether its buyer is given again what had been taken for a refund: who owes something pays that
    /// first, see [`Changeset::set_off`].
    #[must_use]
    pub fn gives_again(&self) -> bool {
        self.transfers.iter().any(transfers::gives_again)
    }

    /// The same, with what `buyer` is given again set off against what the buyer owes.
    #[must_use]
    pub fn set_off(mut self, buyer: UserId, balances: &Balances) -> Changeset {
        let (again, others): (Vec<Transfer>, Vec<Transfer>) =
            std::mem::take(&mut self.transfers).into_iter().partition(transfers::gives_again);
        // Others first: a refund is over before what was taken for it comes again.
        self.transfers = others;
        self.transfers.extend(balances.set_off(buyer, again));
        self.tell_of_the_ledger();
        self
    }

    /// The outside hears of a buyer's account what moves in it, and nothing else.
    fn tell_of_the_ledger(&mut self) {
        self.outgoing.retain(|told| !told.kind.is_of_the_ledger());
        self.outgoing.extend(self.transfers.iter().flat_map(transfers::told));
    }

    /// Whether it tells the outside more than its version of the order has numbers for: the trace of a bug,
    /// which no store records, because the next version could not tell anything any more.
    #[must_use]
    pub fn tells_too_much(&self) -> bool {
        self.outgoing.len() > usize::from(TOLD_MAX)
    }

    fn open_ledger_case(mut self, subject: Option<String>, detail: String) -> Changeset {
        if let Some(subject) = subject {
            self.cases.push(CaseOpening { kind: CaseKind::Ledger, subject, detail });
            self.outgoing.push(Outgoing { kind: OutgoingKind::CaseOpened, subject: None });
        }
        self
    }

    /// The same with its jobs due at another pace.
    #[must_use]
    pub fn paced(mut self, pace: Pace) -> Changeset {
        if let Some(OrderWrite { order, payments, refunds, .. }) = &self.order {
            let touched = (payments, refunds);
            self.jobs = derive::jobs(order, touched, &self.events, self.decided_at, pace);
        }
        self
    }

    /// A changeset that records a notification or a key alone.
    #[must_use]
    pub fn without_order(intent: Intent, now: Timestamp) -> Changeset {
        Changeset {
            command_id: intent.command_id,
            decided_at: now,
            decided_in: None,
            order: None,
            events: Vec::new(),
            guards: Vec::new(),
            inbox: intent.inbox,
            fence: intent.fence,
            audit: intent.audit,
            jobs: Vec::new(),
            outgoing: Vec::new(),
            cases: Vec::new(),
            ended_cases: Vec::new(),
            effects: Vec::new(),
            transfers: Vec::new(),
            stock: Vec::new(),
            coupons: Vec::new(),
            list: Vec::new(),
            replay: intent.replay,
        }
    }
}
