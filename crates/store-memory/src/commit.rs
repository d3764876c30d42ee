//! Loads orders and commits changesets: on a copy first, so that all of it happens or none.

use crate::state::State;
use crate::{MemoryStore, jobs, stock};
use domain::CommandId;
use domain::case::{CaseKind, CaseOpening};
use domain::changeset::{
    Changeset, Guard, InboxEntry, InboxStatus, ListChange, OrderWrite, Refusal, ReplayRecord,
    ReplayScope,
};
use domain::order::{Order, OrderStatus};
use domain::payment::Payment;
use domain::ports::{
    CommitAnswer, Loaded, OrderKey, OrderList, OrderListing, OrderStore, PortFuture, StoreError,
};
use domain::refund::Refund;
use domain::{Epoch, Timestamp, UserId};
use std::future::ready;

impl OrderStore for MemoryStore {
    fn load<'a>(
        &'a self,
        key: &'a OrderKey,
    ) -> PortFuture<'a, Result<Option<Loaded<Order>>, StoreError>> {
        let store_now = self.clock.real();
        let found = self.state().map(|state| {
            let value = state.find(key)?.clone();
            Some(Loaded { value, store_now, epoch: state.epoch.clone() })
        });
        Box::pin(ready(found))
    }

    fn commit(&self, changeset: Changeset) -> PortFuture<'_, CommitAnswer> {
        // Nothing happens until the future is polled, and then everything does.
        Box::pin(async move {
            let mut state = match self.state() {
                Ok(state) => state,
                Err(error) => return CommitAnswer::RolledBack(error.to_string()),
            };
            let mut draft = state.clone();
            match draft.carry_out(&changeset, self.clock.real()) {
                Ok(()) => {
                    *state = draft;
                    CommitAnswer::Committed
                }
                Err(answer) => answer,
            }
        })
    }

    fn committed<'a>(
        &'a self,
        command_id: &'a CommandId,
    ) -> PortFuture<'a, Result<bool, StoreError>> {
        Box::pin(ready(self.state().map(|state| state.effects.contains(command_id))))
    }

    fn replay<'a>(
        &'a self,
        scope: &'a ReplayScope,
    ) -> PortFuture<'a, Result<Option<ReplayRecord>, StoreError>> {
        Box::pin(ready(self.state().map(|state| state.replays.get(scope).cloned())))
    }

    fn epoch(&self) -> PortFuture<'_, Result<Epoch, StoreError>> {
        Box::pin(ready(self.state().map(|state| state.epoch.clone())))
    }

    fn list<'a>(
        &'a self,
        query: &'a OrderList,
    ) -> PortFuture<'a, Result<OrderListing, StoreError>> {
        Box::pin(ready(self.state().map(|state| state.page(query))))
    }
}

impl State {
    fn find(&self, key: &OrderKey) -> Option<&Order> {
        let id = match key {
            OrderKey::Id(id) => id,
            OrderKey::Number(number) => self.numbers.get(number)?,
            OrderKey::OutTradeNo(out_trade_no) => self.out_trade_nos.get(out_trade_no)?,
            OrderKey::OutRefundNo(out_refund_no) => self.out_refund_nos.get(out_refund_no)?,
        };
        self.orders.get(id)
    }

    fn page(&self, query: &OrderList) -> OrderListing {
        let mut orders: Vec<&Order> = self
            .orders
            .values()
            .filter(|o| query.buyer.is_none_or(|buyer| o.buyer == Some(buyer)))
            .filter(|o| query.status.is_none_or(|status| o.status == status))
            .filter(|o| query.number.as_ref().is_none_or(|number| has_number(o, number)))
            .filter(|o| query.created_from.is_none_or(|from| o.created_at >= from))
            .filter(|o| query.created_to.is_none_or(|to| o.created_at < to))
            .filter(|o| query.after.is_none_or(|after| (o.created_at, o.id) < after))
            .collect();
        orders.sort_by_key(|o| std::cmp::Reverse((o.created_at, o.id)));
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let more = orders.len() > limit;
        OrderListing { orders: orders.into_iter().take(limit).cloned().collect(), more }
    }

    /// In the order of the contract; the first thing that is in the way is the answer.
    fn carry_out(&mut self, changeset: &Changeset, now: Timestamp) -> Result<(), CommitAnswer> {
        if !self.effects.insert(changeset.command_id.clone()) {
            return Err(CommitAnswer::AlreadyCommitted);
        }
        // The same key under another name: what it led to is there already.
        let replays = &self.replays;
        if changeset.replay.as_ref().is_some_and(|r| replays.contains_key(&r.scope)) {
            return Err(CommitAnswer::AlreadyCommitted);
        }
        if let Some(entry) = &changeset.inbox {
            self.write_inbox(entry, changeset.decided_at);
        }
        if let Some(fence) = &changeset.fence
            && !self.holds_lease(fence, now)
        {
            return Err(CommitAnswer::GuardRefused(Refusal::Fenced));
        }
        let order = changeset.order.as_ref().map(|write| write.order.id);
        if let Some(write) = &changeset.order {
            self.write_order(write)?;
        }
        let mut effects: Vec<&String> = changeset.effects.iter().collect();
        effects.sort();
        for effect in effects {
            if !self.effects.insert(CommandId::stored(effect.clone())) {
                let refusal = Refusal::EffectTaken(effect.clone());
                return Err(CommitAnswer::GuardRefused(refusal));
            }
        }
        for change in &changeset.jobs {
            jobs::change(&mut self.jobs, change);
        }
        self.check_open_orders(&changeset.guards, order)?;
        for change in &changeset.list {
            self.change_list(change)?;
        }
        stock::carry_out(self, changeset, order)?;
        if let Some(write) = &changeset.order {
            let version = write.order.version;
            let told = changeset.outgoing.iter().cloned();
            self.outbox.extend(told.map(|event| (write.order.id, version, event)));
            self.audit.push((order, version, changeset.audit.clone()));
        }
        for end in &changeset.ended_cases {
            self.end_case(end);
        }
        for case in &changeset.cases {
            let number = changeset.order.as_ref().map(|write| write.order.number.clone());
            self.open_case(case, number, changeset.decided_at);
        }
        if let Some(record) = &changeset.replay {
            self.replays.insert(record.scope.clone(), record.clone());
        }
        Ok(())
    }

    /// A later verdict replaces "verified" and "orphan" only. One id with two different facts is
    /// nobody's re-send: the first is kept, and a case is opened.
    fn write_inbox(&mut self, entry: &InboxEntry, at: Timestamp) {
        let key = (entry.source, entry.event_id.clone());
        let known = self.inbox.entry(key).or_insert_with(|| entry.clone());
        let same = known.fact_hash == entry.fact_hash;
        if same && matches!(known.status, InboxStatus::Verified | InboxStatus::Orphan) {
            known.status = entry.status;
        }
        if !same {
            let case = CaseOpening {
                kind: CaseKind::AmountMismatch,
                subject: entry.event_id.clone(),
                detail: "one notification id came with two different facts".to_owned(),
            };
            self.open_case(&case, None, at);
        }
    }

    fn write_order(&mut self, write: &OrderWrite) -> Result<(), CommitAnswer> {
        let order = &write.order;
        let taken = || CommitAnswer::GuardRefused(Refusal::NumberTaken);
        match (self.orders.get(&order.id), write.expected_version) {
            (None, None) if self.numbers.contains_key(&order.number) => return Err(taken()),
            (Some(_), None) => return Err(taken()),
            (Some(known), Some(expected)) if known.version == expected => {}
            (Some(_) | None, Some(_)) => return Err(CommitAnswer::Conflict),
            (None, None) => {}
        }
        if order.payments.iter().filter(|payment| payment.is_open()).count() > 1 {
            return Err(CommitAnswer::RolledBack("two payments of one order are open".to_owned()));
        }
        for payment in &order.payments {
            let owner = self.out_trade_nos.get(payment.out_trade_no());
            if owner.is_some_and(|owner| *owner != order.id) {
                return Err(taken());
            }
            if let Some(receipt) = payment.receipt()
                && self.is_elsewhere(order, payment.no, receipt)
            {
                return Err(CommitAnswer::GuardRefused(Refusal::TransactionTaken));
            }
        }
        for refund in &order.refunds {
            let owner = self.out_refund_nos.get(&refund.out_refund_no);
            if owner.is_some_and(|owner| *owner != order.id) {
                return Err(CommitAnswer::GuardRefused(Refusal::RefundNumberTaken));
            }
        }
        self.numbers.insert(order.number.clone(), order.id);
        for refund in &order.refunds {
            self.out_refund_nos.insert(refund.out_refund_no.clone(), order.id);
        }
        for payment in &order.payments {
            self.out_trade_nos.insert(payment.out_trade_no().clone(), order.id);
        }
        self.orders.insert(order.id, order.clone());
        Ok(())
    }

    /// Whether the transaction is recorded with another payment.
    fn is_elsewhere(&self, order: &Order, no: u8, receipt: &domain::fact::Receipt) -> bool {
        self.orders.values().any(|known| {
            known.payments.iter().any(|payment| {
                (known.id != order.id || payment.no != no)
                    && payment
                        .receipt()
                        .is_some_and(|other| other.transaction_id == receipt.transaction_id)
            })
        })
    }

    fn check_open_orders(
        &self,
        guards: &[Guard],
        this: Option<domain::OrderId>,
    ) -> Result<(), CommitAnswer> {
        for guard in guards {
            if let Guard::OpenOrdersBelow { buyer, max } = guard
                && self.open_orders(*buyer, this) >= usize::try_from(*max).unwrap_or(usize::MAX)
            {
                return Err(CommitAnswer::GuardRefused(Refusal::TooManyOpenOrders));
            }
        }
        Ok(())
    }

    fn open_orders(&self, buyer: UserId, this: Option<domain::OrderId>) -> usize {
        self.orders
            .values()
            .filter(|o| o.buyer == Some(buyer) && Some(o.id) != this && o.settlement.is_none())
            .filter(|o| matches!(o.status, OrderStatus::PendingPayment | OrderStatus::Cancelling))
            .count()
    }

    fn change_list(&mut self, change: &ListChange) -> Result<(), CommitAnswer> {
        match change {
            ListChange::Capture { buyer, order, items } => {
                let list = &mut self.buyers.entry(*buyer).or_default().items;
                for (id, quantity) in items {
                    match list.get_mut(id) {
                        Some(item) if item.captured_by.is_none() && item.quantity == *quantity => {
                            item.captured_by = Some(*order);
                        }
                        Some(_) | None => {
                            return Err(CommitAnswer::GuardRefused(Refusal::ListTaken));
                        }
                    }
                }
            }
            ListChange::Clear { buyer, order } => {
                let list = &mut self.buyers.entry(*buyer).or_default().items;
                list.retain(|_, item| item.captured_by != Some(*order));
            }
            ListChange::Free { buyer, order } => {
                let list = &mut self.buyers.entry(*buyer).or_default().items;
                for item in list.values_mut().filter(|i| i.captured_by == Some(*order)) {
                    item.captured_by = None;
                }
            }
        }
        Ok(())
    }
}

/// Whether the number is the order's own, one of its payments' or refunds', or its merchant's.
fn has_number(order: &Order, number: &str) -> bool {
    let of_payment = |payment: &Payment| {
        let paid = payment.receipt().is_some_and(|r| r.transaction_id.as_str() == number);
        paid || payment.out_trade_no().as_str() == number
    };
    let of_refund = |refund: &Refund| {
        refund.out_refund_no.as_str() == number
            || refund.refund_id().is_some_and(|id| id.as_str() == number)
    };
    order.number.as_str() == number
        || order.refunds.iter().any(of_refund)
        || order.merchant_ref.as_deref() == Some(number)
        || order.payments.iter().any(of_payment)
}
