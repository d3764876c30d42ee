//! Loads orders and commits changesets: all of one or nothing, at the cost of what it touches.

mod order;
mod rules;

use crate::MemoryStore;
use crate::state::State;
use crate::stock::{self, Mover};
use domain::case::{CaseKind, CaseOpening};
use domain::changeset::{
    Changeset, Guard, InboxEntry, InboxStatus, ListChange, Refusal, ReplayRecord, ReplayScope,
};
use domain::order::Order;
use domain::ports::{
    CommitAnswer, Loaded, OrderKey, OrderList, OrderListing, OrderStore, PortFuture, StoreError,
};
use domain::{CommandId, Epoch, OrderId, Timestamp, UserId};
use std::future::ready;

impl OrderStore for MemoryStore {
    fn load<'a>(
        &'a self,
        key: &'a OrderKey,
    ) -> PortFuture<'a, Result<Option<Loaded<Order>>, StoreError>> {
        let store_now = self.clock.real();
        let found = self.state().map(|state| {
            let value = Order::clone(state.find(key)?);
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
            let now = self.clock.real();
            let order = changeset.order.as_ref().map(|write| write.order.id);
            let name = (changeset.command_id.clone(), order);
            match state.commit(name, |state| state.carry_out(changeset, now)) {
                Ok(()) => CommitAnswer::Committed,
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

fn refused(refusal: Refusal) -> CommitAnswer {
    CommitAnswer::GuardRefused(refusal)
}

impl State {
    /// In the order of the contract; the first thing that is in the way is the answer, and whoever
    /// calls takes back what was written before it.
    fn carry_out(&mut self, changeset: Changeset, now: Timestamp) -> Result<(), CommitAnswer> {
        if changeset.tells_too_much() {
            return Err(CommitAnswer::RolledBack("it tells too much".to_owned()));
        }
        if !self.effects.put(changeset.command_id, ()) {
            return Err(CommitAnswer::AlreadyCommitted);
        }
        // The same key under another name: what it led to is there already.
        if changeset.replay.as_ref().is_some_and(|record| self.replays.contains(&record.scope)) {
            return Err(CommitAnswer::AlreadyCommitted);
        }
        let at = changeset.decided_at;
        if let Some(entry) = changeset.inbox {
            self.write_inbox(entry, at);
        }
        if changeset.fence.is_some_and(|fence| !self.holds_lease(&fence, now)) {
            return Err(refused(Refusal::Fenced));
        }
        // A version tells only the commits of one life apart.
        if changeset.decided_in.is_some_and(|epoch| epoch != self.epoch) {
            return Err(CommitAnswer::Conflict);
        }
        let known = changeset.order.as_ref().map(|write| self.known(write)).transpose()?.flatten();
        self.take_effects(changeset.effects)?;
        let written = changeset.order.map(|write| self.write_order(write, known.as_deref()));
        let written = written.transpose()?;
        let order = written.as_ref().map(|order| order.id);
        let mover = Mover {
            order: written.as_ref().map(|order| (order.id, order.number.clone())),
            actor: changeset.audit.actor.clone(),
            at,
        };
        for change in changeset.jobs {
            self.change_job(change);
        }
        self.check_open_orders(&changeset.guards, order)?;
        for change in changeset.list {
            self.change_list(change)?;
        }
        for end in &changeset.ended_cases {
            self.end_case(end);
        }
        let number = written.as_ref().map(|order| &order.number);
        for case in &changeset.cases {
            self.open_case(case, number.cloned(), at);
        }
        if let Some(order) = &written {
            for event in changeset.outgoing {
                self.outbox.push((order.id, order.version, event));
            }
            self.audit.push((Some(order.id), order.version, changeset.audit));
        } else if !changeset.transfers.is_empty() {
            self.audit.push((None, 0, changeset.audit));
        }
        if let Some(record) = changeset.replay {
            self.replays.put(record.scope.clone(), record);
        }
        self.move_coupons(changeset.coupons, &changeset.guards, order)?;
        self.post(changeset.transfers, number, at)?;
        stock::carry_out(self, changeset.stock, &changeset.guards, &mover)
    }

    /// In the order of their names, so that every store names the same one of several.
    fn take_effects(&mut self, mut effects: Vec<String>) -> Result<(), CommitAnswer> {
        effects.sort();
        for effect in effects {
            if !self.effects.put(CommandId::stored(effect.clone()), ()) {
                return Err(refused(Refusal::EffectTaken(effect)));
            }
        }
        Ok(())
    }

    /// A later verdict replaces "verified" and "orphan" only, and "verified" is none. One id with two
    /// different facts is nobody's re-send: the first is kept, and a case is opened.
    fn write_inbox(&mut self, entry: InboxEntry, at: Timestamp) {
        let key = (entry.source, entry.event_id.clone());
        let Some(known) = self.inbox.get(&key) else {
            self.inbox.put(key, entry);
            return;
        };
        let same = known.fact_hash == entry.fact_hash;
        if !same {
            let case = CaseOpening {
                kind: CaseKind::AmountMismatch,
                subject: entry.event_id,
                detail: "one notification id came with two different facts".to_owned(),
            };
            self.open_case(&case, None, at);
        } else if matches!(known.status, InboxStatus::Verified | InboxStatus::Orphan)
            && entry.status != InboxStatus::Verified
        {
            self.inbox.change(&key, |known| known.status = entry.status);
        }
    }

    fn check_open_orders(
        &self,
        guards: &[Guard],
        this: Option<OrderId>,
    ) -> Result<(), CommitAnswer> {
        for guard in guards {
            if let Guard::OpenOrdersBelow { buyer, max } = guard
                && self.open_orders(*buyer, this) >= usize::try_from(*max).unwrap_or(usize::MAX)
            {
                return Err(refused(Refusal::TooManyOpenOrders));
            }
        }
        Ok(())
    }

    fn open_orders(&self, buyer: UserId, this: Option<OrderId>) -> usize {
        let of_buyer =
            (buyer, OrderId::new(uuid::Uuid::nil()))..=(buyer, OrderId::new(uuid::Uuid::max()));
        self.unpaid.range(of_buyer).filter(|((_, order), ())| Some(*order) != this).count()
    }

    fn change_list(&mut self, change: ListChange) -> Result<(), CommitAnswer> {
        match change {
            ListChange::Capture { buyer, order, items } => {
                for (id, quantity) in items {
                    let key = (buyer, id);
                    let free = self.items.get(&key).is_some_and(|item| {
                        item.captured_by.is_none() && item.quantity == quantity
                    });
                    if !free {
                        return Err(refused(Refusal::ListTaken));
                    }
                    self.items.change(&key, |item| item.captured_by = Some(order));
                }
            }
            ListChange::Clear { buyer, order } => {
                for key in self.captured(buyer, order) {
                    self.items.remove(&key);
                }
            }
            ListChange::Free { buyer, order } => {
                for key in self.captured(buyer, order) {
                    self.items.change(&key, |item| item.captured_by = None);
                }
            }
        }
        Ok(())
    }
}
