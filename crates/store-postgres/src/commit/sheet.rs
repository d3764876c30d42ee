//! A changeset as `paydesk_commit` takes it: rows, ready to be written.

use super::audit;
use crate::rows::{HoldRow, Instant, OrderRow, PaymentRow, RefundRow, SettlementRow, order_rows};
use crate::words::Word as _;
use domain::changeset::{Changeset, Guard, InboxEntry, ListChange, OrderWrite, ReplayRecord};
use domain::coupon::CouponMove;
use domain::job::{JobChange, JobId};
use domain::ledger::{Entry, Transfer};
use domain::order::Event;
use domain::outgoing::{Outgoing, TOLD_MAX};
use domain::payment::PaymentNo;
use domain::{Epoch, UserId};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Everything that one commit writes.
#[derive(Serialize)]
pub(super) struct Sheet {
    command_id: String,
    at: Instant,
    actor: String,
    cause: String,
    order_id: Option<Uuid>,
    expected_version: Option<u64>,
    timeline: Option<String>,
    inbox: Vec<Value>,
    fence: Vec<Value>,
    orders: Vec<OrderRow>,
    payments: Vec<PaymentRow>,
    settlements: Vec<SettlementRow>,
    refunds: Vec<RefundRow>,
    holds: Vec<HoldRow>,
    jobs_ensure: Vec<Value>,
    jobs_remove: Vec<Value>,
    open_orders: Vec<Value>,
    list: Vec<Value>,
    prices: BTreeMap<String, u64>,
    transfers: Vec<Value>,
    stock: Vec<Value>,
    coupons: Vec<Value>,
    coupon_versions: BTreeMap<String, u64>,
    outbox: Vec<Value>,
    cases: Vec<Value>,
    ended_cases: Vec<Value>,
    effects: Vec<String>,
    audit: Vec<Value>,
    idempotency: Vec<Value>,
}

impl Sheet {
    pub(super) fn of(changeset: &Changeset) -> Sheet {
        let mut sheet = Sheet {
            command_id: changeset.command_id.as_str().to_owned(),
            at: Instant(changeset.decided_at),
            actor: changeset.audit.actor.clone(),
            cause: changeset.audit.cause.clone(),
            order_id: None,
            expected_version: None,
            timeline: changeset.decided_in.as_ref().map(timeline),
            inbox: changeset.inbox.iter().map(inbox).collect(),
            fence: changeset.fence.iter().map(fence).collect(),
            orders: Vec::new(),
            payments: Vec::new(),
            settlements: Vec::new(),
            refunds: Vec::new(),
            holds: Vec::new(),
            jobs_ensure: changeset.jobs.iter().filter_map(ensure).collect(),
            jobs_remove: changeset.jobs.iter().filter_map(remove).collect(),
            open_orders: changeset.guards.iter().filter_map(open_orders).collect(),
            list: changeset.list.iter().map(list).collect(),
            prices: changeset.guards.iter().filter_map(price).collect(),
            transfers: changeset.transfers.iter().map(transfer).collect(),
            stock: changeset.stock.iter().map(stock).collect(),
            coupons: changeset.coupons.iter().map(coupon).collect(),
            coupon_versions: changeset.guards.iter().filter_map(coupon_version).collect(),
            outbox: Vec::new(),
            cases: changeset.cases.iter().map(case).collect(),
            ended_cases: changeset.ended_cases.iter().map(ended_case).collect(),
            effects: changeset.effects.clone(),
            audit: Vec::new(),
            idempotency: changeset.replay.iter().map(replay).collect(),
        };
        if let Some(write) = &changeset.order {
            sheet.put_order(write, changeset);
        } else if !changeset.transfers.is_empty() {
            sheet.audit =
                changeset.transfers.iter().map(|moved| posted(moved, changeset)).collect();
        }
        sheet
    }

    /// Of the order's parts, those that changed.
    fn put_order(&mut self, write: &OrderWrite, changeset: &Changeset) {
        let order = &write.order;
        let rows = order_rows(order);
        let happened = |what: fn(&Event) -> bool| changeset.events.iter().any(what);
        let placed = write.expected_version.is_none();
        let settled = happened(|e| matches!(e, Event::Settled { .. }));
        let ended = happened(|e| {
            matches!(
                e,
                Event::Settled { .. } | Event::HoldsCommitted { .. } | Event::Cancelled { .. }
            )
        });
        self.order_id = Some(order.id.get());
        self.expected_version = write.expected_version;
        self.payments = rows
            .payments
            .into_iter()
            .zip(&order.payments)
            .filter(|(_, payment)| is_touched(write, payment.no))
            .map(|(row, _)| row)
            .collect();
        self.settlements = rows.settlement.into_iter().filter(|_| settled).collect();
        self.refunds = rows
            .refunds
            .into_iter()
            .zip(&order.refunds)
            .filter(|(_, refund)| write.refunds.contains(&refund.out_refund_no))
            .map(|(row, _)| row)
            .collect();
        let moves = placed || ended || !changeset.stock.is_empty();
        self.holds = if moves { rows.holds } else { Vec::new() };
        self.orders = vec![rows.order];
        // The numbers of one order rise with its version, and none is another version's.
        let base = order.version.saturating_mul(u64::from(TOLD_MAX));
        self.outbox = (base..)
            .zip(&changeset.outgoing)
            .map(|(seq, event)| outbox(order.number.as_str(), order.version, seq, event))
            .collect();
        self.audit = vec![json!({
            "seq": order.version,
            "subject": order.number.as_str(),
            "cause": changeset.audit.cause,
            "request_id": changeset.audit.request_id,
            "events": changeset.events.iter().map(audit::told).collect::<Vec<_>>(),
        })];
    }
}

/// What the audit says of a transfer that belongs to no order: whose account moved, by how much.
fn posted(moved: &Transfer, changeset: &Changeset) -> Value {
    json!({
        "subject": moved.name(),
        "cause": changeset.audit.cause,
        "request_id": changeset.audit.request_id,
        "events": [{
            "event": "transfer_posted",
            "kind": moved.kind().name(),
            "entries": moved.entries().iter().map(entry).collect::<Vec<_>>(),
        }],
    })
}

/// Whether a payment changed, or what is kept of it for its refunds.
fn is_touched(write: &OrderWrite, no: PaymentNo) -> bool {
    let refunds = write.order.refunds.iter().filter(|refund| refund.payment_no == no);
    let mut changed = refunds.filter(|refund| write.refunds.contains(&refund.out_refund_no));
    write.payments.contains(&no) || changed.next().is_some()
}

/// The part of an epoch that Postgres can move while a program runs.
fn timeline(epoch: &Epoch) -> String {
    let name = epoch.as_str();
    name.split_once('.').map_or(name, |(timeline, _)| timeline).to_owned()
}

fn inbox(entry: &InboxEntry) -> Value {
    json!({
        "source": entry.source,
        "event_id": entry.event_id,
        "event_type": entry.event_type,
        "fact_hash": entry.fact_hash,
        "status": entry.status.word(),
        "out_trade_no": entry.out_trade_no.as_ref().map(|n| n.as_str()),
    })
}

fn fence(fence: &domain::changeset::Fence) -> Value {
    json!({"kind": fence.job.kind.name(), "subject": fence.job.subject, "token": fence.token})
}

fn ensure(change: &JobChange) -> Option<Value> {
    match change {
        JobChange::Ensure { id, due_at } => {
            let mut job = job(id);
            job["due_at"] = json!(Instant(*due_at));
            Some(job)
        }
        JobChange::Remove { .. } => None,
    }
}

fn remove(change: &JobChange) -> Option<Value> {
    match change {
        JobChange::Remove { id } => Some(job(id)),
        JobChange::Ensure { .. } => None,
    }
}

fn job(id: &JobId) -> Value {
    json!({"kind": id.kind.name(), "subject": id.subject})
}

fn open_orders(guard: &Guard) -> Option<Value> {
    match guard {
        Guard::OpenOrdersBelow { buyer, max } => Some(json!({"buyer": buyer.get(), "max": max})),
        Guard::PriceVersion { .. } | Guard::CouponVersion { .. } => None,
    }
}

fn price(guard: &Guard) -> Option<(String, u64)> {
    match guard {
        Guard::PriceVersion { sku_id, price_version } => {
            Some((sku_id.as_str().to_owned(), *price_version))
        }
        Guard::OpenOrdersBelow { .. } | Guard::CouponVersion { .. } => None,
    }
}

fn coupon_version(guard: &Guard) -> Option<(String, u64)> {
    match guard {
        Guard::CouponVersion { coupon_id, version } => {
            Some((coupon_id.as_str().to_owned(), *version))
        }
        Guard::PriceVersion { .. } | Guard::OpenOrdersBelow { .. } => None,
    }
}

fn list(change: &ListChange) -> Value {
    match change {
        ListChange::Capture { buyer, order, items } => {
            let items: Vec<Value> = items
                .iter()
                .map(|(id, quantity)| json!({"id": id, "quantity": quantity}))
                .collect();
            json!({"kind": "capture", "buyer": buyer.get(), "order": order.get(), "items": items})
        }
        ListChange::Clear { buyer, order } => {
            json!({"kind": "clear", "buyer": buyer.get(), "order": order.get()})
        }
        ListChange::Free { buyer, order } => {
            json!({"kind": "free", "buyer": buyer.get(), "order": order.get()})
        }
    }
}

fn transfer(transfer: &Transfer) -> Value {
    let entries: Vec<Value> = transfer.entries().iter().map(entry).collect();
    json!({"name": transfer.name(), "kind": transfer.kind().name(), "entries": entries})
}

fn entry(entry: &Entry) -> Value {
    json!({
        "account": entry.account.name(),
        "unit": entry.account.unit().name(),
        "buyer_id": entry.account.buyer().map(UserId::get),
        "amount": entry.amount,
    })
}

fn stock(change: &domain::stock::StockMove) -> Value {
    json!({
        "line_no": change.line_no,
        "sku_id": change.sku_id.as_str(),
        "quantity": change.quantity,
        "kind": change.kind.word(),
        "out_refund_no": change.out_refund_no.as_ref().map(|number| number.as_str()),
    })
}

fn coupon(change: &CouponMove) -> Value {
    json!({
        "buyer": change.buyer.get(),
        "coupon_id": change.grant.coupon_id.as_str(),
        "no": change.grant.no,
        "to": change.to.word(),
    })
}

fn case(opening: &domain::case::CaseOpening) -> Value {
    json!({"kind": opening.kind.name(), "subject": opening.subject, "detail": opening.detail})
}

fn ended_case(end: &domain::case::CaseEnd) -> Value {
    json!({"kind": end.kind.name(), "subject": end.subject})
}

fn outbox(number: &str, version: u64, seq: u64, event: &Outgoing) -> Value {
    json!({
        "event_id": format!("evt_{number}_{seq}"),
        "seq": seq,
        "type": event.kind.name(),
        "subject": event.subject,
        "version": version,
    })
}

fn replay(record: &ReplayRecord) -> Value {
    json!({
        "principal": record.scope.principal,
        "route": record.scope.route,
        "key": record.scope.key,
        "fingerprint": record.fingerprint,
        "order_id": record.order.map(|id| id.get()),
        "payment_no": record.payment,
        "reused": record.reused,
        "recorded_at": Instant(record.recorded_at),
    })
}
