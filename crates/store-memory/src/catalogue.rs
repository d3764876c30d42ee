//! What is for sale, and stock moved by hand.

use crate::MemoryStore;
use crate::state::State;
use domain::catalogue::{Sku, SkuDraft, SkuId, SkuStatus, StockLevel};
use domain::changeset::Audit;
use domain::ports::{
    Catalogue, PortFuture, PutAnswer, StockAnswer, StockChange, StockEntryList, StockEntryListing,
    StoreError,
};
use domain::stock::{StockEntry, StockEntryKind};
use domain::{CommandId, Timestamp};
use std::future::ready;
use uuid::Uuid;

impl Catalogue for MemoryStore {
    fn on_sale(
        &self,
        after: Option<SkuId>,
        limit: u32,
    ) -> PortFuture<'_, Result<Vec<Sku>, StoreError>> {
        let found = self.state().map(|state| {
            let shown = state.skus.values().filter(|sku| sku.status == SkuStatus::OnSale);
            let rest = shown.filter(|sku| after.as_ref().is_none_or(|after| sku.id > *after));
            rest.take(usize::try_from(limit).unwrap_or(usize::MAX)).cloned().collect()
        });
        Box::pin(ready(found))
    }

    fn sku<'a>(&'a self, id: &'a SkuId) -> PortFuture<'a, Result<Option<Sku>, StoreError>> {
        Box::pin(ready(self.state().map(|state| state.skus.get(id).cloned())))
    }

    fn put_sku<'a>(
        &'a self,
        draft: &'a SkuDraft,
        expected: Option<u64>,
        audit: &'a Audit,
        now: Timestamp,
    ) -> PortFuture<'a, Result<PutAnswer<Sku>, StoreError>> {
        Box::pin(async move {
            Ok(self.state()?.written(|state| state.put_sku(draft, expected, audit, now)))
        })
    }

    fn move_stock<'a>(
        &'a self,
        change: &'a StockChange,
    ) -> PortFuture<'a, Result<StockAnswer, StoreError>> {
        Box::pin(async move { Ok(self.state()?.written(|state| state.move_stock(change))) })
    }

    fn stock_entries<'a>(
        &'a self,
        query: &'a StockEntryList,
    ) -> PortFuture<'a, Result<Option<StockEntryListing>, StoreError>> {
        Box::pin(ready(self.state().map(|state| state.stock_page(query))))
    }
}

impl State {
    fn put_sku(
        &mut self,
        draft: &SkuDraft,
        expected: Option<u64>,
        audit: &Audit,
        now: Timestamp,
    ) -> PutAnswer<Sku> {
        let known = self.skus.get(&draft.id).cloned();
        let (sku, new) = match (known, expected) {
            (None, None) => (new_sku(draft, now), true),
            (Some(known), Some(expected)) if known.price_version == expected => {
                (changed(known, draft), false)
            }
            (Some(_), _) => return PutAnswer::VersionMoved,
            (None, Some(_)) => return PutAnswer::NotFound,
        };
        self.skus.put(sku.id.clone(), sku.clone());
        self.audit.push((None, 0, audit.clone()));
        if new { PutAnswer::Created(sku) } else { PutAnswer::Changed(sku) }
    }

    fn move_stock(&mut self, change: &StockChange) -> StockAnswer {
        let command = CommandId::of_request(&change.replay.scope);
        let level = self.skus.get(&change.sku_id).map(|sku| sku.stock);
        if self.effects.contains(&command) {
            return match (self.replays.get(&change.replay.scope), level) {
                (Some(record), Some(level)) => StockAnswer::Replayed(record.clone(), level),
                _ => StockAnswer::NotFound,
            };
        }
        let Some(level) = level else { return StockAnswer::NotFound };
        let moved = StockLevel {
            stocked: level.stocked.saturating_add(change.delta),
            available: level.available.saturating_add(change.delta),
            ..level
        };
        if moved.available < 0 {
            return StockAnswer::TooLittle;
        }
        self.skus.change(&change.sku_id, |sku| sku.stock = moved);
        let entry = StockEntry {
            id: Uuid::nil(),
            kind: StockEntryKind::ByHand,
            quantity: change.delta,
            line: None,
            reason: Some(change.reason.clone()),
            actor: change.audit.actor.clone(),
            at: change.replay.recorded_at,
        };
        self.enter(change.sku_id.clone(), entry);
        self.effects.put(command, ());
        self.replays.put(change.replay.scope.clone(), change.replay.clone());
        self.audit.push((None, 0, change.audit.clone()));
        StockAnswer::Moved(moved)
    }
}

fn new_sku(draft: &SkuDraft, now: Timestamp) -> Sku {
    Sku {
        id: draft.id.clone(),
        title: draft.title.clone(),
        price: draft.price,
        cost_price: draft.cost_price,
        status: draft.status,
        price_version: 1,
        stock: StockLevel::default(),
        created_at: now,
    }
}

fn changed(known: Sku, draft: &SkuDraft) -> Sku {
    Sku {
        title: draft.title.clone(),
        price: draft.price,
        cost_price: draft.cost_price,
        status: draft.status,
        price_version: known.price_version.saturating_add(1),
        ..known
    }
}
