//! The shop's side of [`Fake`].

use super::fake::{Fake, epoch, ready};
use domain::buyer::{Address, AddressId, BookedAddress, ItemId, ListedItem, NewItem, Selection};
use domain::catalogue::{Sku, SkuDraft, SkuId, SkuStatus, StockLevel};
use domain::changeset::Audit;
use domain::coupon::CouponId;
use domain::delivery::DeliveryRules;
use domain::ports::*;
use domain::stock::StockEntry;
use domain::{Timestamp, UserId};

impl ShopRules for Fake {
    fn delivery_rules(&self) -> PortFuture<'_, Result<RulesInForce, StoreError>> {
        ready(self.up().map(|inner| inner.rules.clone()))
    }

    fn put_delivery_rules<'a>(
        &'a self,
        rules: &'a DeliveryRules,
        expected: Option<u64>,
        _audit: &'a Audit,
        _now: Timestamp,
    ) -> PortFuture<'a, Result<PutAnswer<RulesInForce>, StoreError>> {
        ready(self.up().map(|mut inner| {
            let known = inner.rules.version;
            if expected.unwrap_or(0) != known {
                return PutAnswer::VersionMoved;
            }
            inner.rules = RulesInForce { version: known + 1, rules: rules.clone() };
            let set = inner.rules.clone();
            if known == 0 { PutAnswer::Created(set) } else { PutAnswer::Changed(set) }
        }))
    }
}

impl Catalogue for Fake {
    fn on_sale(
        &self,
        after: Option<SkuId>,
        limit: u32,
    ) -> PortFuture<'_, Result<Vec<Sku>, StoreError>> {
        ready(self.up().map(|inner| {
            let on_sale = inner.skus.values().filter(|sku| {
                sku.status == SkuStatus::OnSale && after.as_ref().is_none_or(|id| sku.id > *id)
            });
            on_sale.take(usize::try_from(limit).unwrap()).cloned().collect()
        }))
    }

    fn sku<'a>(&'a self, id: &'a SkuId) -> PortFuture<'a, Result<Option<Sku>, StoreError>> {
        ready(self.up().map(|inner| inner.skus.get(id).cloned()))
    }

    fn put_sku<'a>(
        &'a self,
        draft: &'a SkuDraft,
        expected: Option<u64>,
        _audit: &'a Audit,
        now: Timestamp,
    ) -> PortFuture<'a, Result<PutAnswer<Sku>, StoreError>> {
        ready(self.up().map(|mut inner| {
            let found = inner.skus.get(&draft.id).cloned();
            if found.as_ref().map(|sku| sku.price_version) != expected {
                return if found.is_some() { PutAnswer::VersionMoved } else { PutAnswer::NotFound };
            }
            let sku = Sku {
                id: draft.id.clone(),
                title: draft.title.clone(),
                price: draft.price,
                cost_price: draft.cost_price,
                status: draft.status,
                price_version: expected.unwrap_or(0) + 1,
                stock: found.as_ref().map_or(StockLevel::default(), |sku| sku.stock),
                created_at: now,
            };
            inner.skus.insert(sku.id.clone(), sku.clone());
            if found.is_some() { PutAnswer::Changed(sku) } else { PutAnswer::Created(sku) }
        }))
    }

    fn move_stock<'a>(
        &'a self,
        change: &'a StockChange,
    ) -> PortFuture<'a, Result<StockAnswer, StoreError>> {
        ready(self.up().map(|mut inner| {
            let replay = inner.replays.get(&change.replay.scope).cloned();
            let Some(sku) = inner.skus.get_mut(&change.sku_id) else {
                return StockAnswer::NotFound;
            };
            if let Some(record) = replay {
                return StockAnswer::Replayed(record, sku.stock);
            }
            if sku.stock.available + change.delta < 0 {
                return StockAnswer::TooLittle;
            }
            sku.stock.available += change.delta;
            sku.stock.stocked += change.delta;
            let level = sku.stock;
            inner.replays.insert(change.replay.scope.clone(), change.replay.clone());
            StockAnswer::Moved(level)
        }))
    }

    fn stock_entries<'a>(
        &'a self,
        query: &'a StockEntryList,
    ) -> PortFuture<'a, Result<Option<StockEntryListing>, StoreError>> {
        ready(self.up().map(|inner| {
            inner.skus.get(&query.sku_id)?;
            let wanted = |entry: &&StockEntry| {
                query.from.is_none_or(|from| entry.at >= from)
                    && query.to.is_none_or(|to| entry.at < to)
                    && query.after.is_none_or(|after| (entry.at, entry.id) < after)
            };
            let mut entries: Vec<StockEntry> =
                inner.stock_entries.iter().filter(wanted).cloned().collect();
            entries.sort_by_key(|entry| core::cmp::Reverse((entry.at, entry.id)));
            let limit = usize::try_from(query.limit).unwrap();
            let more = entries.len() > limit;
            entries.truncate(limit);
            Some(StockEntryListing { entries, more })
        }))
    }
}

impl Fake {
    fn listed(&self, buyer: UserId) -> Vec<ListedItem> {
        let inner = self.lock();
        let mine = inner.items.iter().filter(|((owner, _), _)| *owner == buyer);
        mine.map(|((_, id), (sku, quantity, captured_by))| ListedItem {
            id: *id,
            quantity: *quantity,
            sku: inner.skus[sku].clone(),
            captured_by: captured_by.clone(),
        })
        .collect()
    }

    fn item(&self, buyer: UserId, id: ItemId) -> Option<ListedItem> {
        self.listed(buyer).into_iter().find(|item| item.id == id)
    }
}

impl BuyerBook for Fake {
    fn addresses(&self, buyer: UserId) -> PortFuture<'_, Result<Vec<BookedAddress>, StoreError>> {
        ready(self.up().map(|inner| {
            let mine = inner.addresses.iter().filter(|((owner, _), _)| *owner == buyer);
            mine.map(|(_, booked)| booked.clone()).collect()
        }))
    }

    fn add_address(
        &self,
        buyer: UserId,
        address: Address,
        max: u32,
    ) -> PortFuture<'_, Result<Option<BookedAddress>, StoreError>> {
        ready(self.up().map(|mut inner| {
            let mine = inner.addresses.keys().filter(|(owner, _)| *owner == buyer).count();
            let id = i64::try_from(mine).unwrap() + 1;
            (mine < usize::try_from(max).unwrap()).then(|| {
                let booked = BookedAddress { id, version: 1, address };
                inner.addresses.insert((buyer, id), booked.clone());
                booked
            })
        }))
    }

    fn put_address(
        &self,
        buyer: UserId,
        id: AddressId,
        expected: u64,
        address: Address,
    ) -> PortFuture<'_, Result<PutAnswer<BookedAddress>, StoreError>> {
        ready(self.up().map(|mut inner| match inner.addresses.get_mut(&(buyer, id)) {
            None => PutAnswer::NotFound,
            Some(booked) if booked.version != expected => PutAnswer::VersionMoved,
            Some(booked) => {
                *booked = BookedAddress { id, version: expected + 1, address };
                PutAnswer::Changed(booked.clone())
            }
        }))
    }

    fn delete_address(
        &self,
        buyer: UserId,
        id: AddressId,
    ) -> PortFuture<'_, Result<bool, StoreError>> {
        ready(self.up().map(|mut inner| inner.addresses.remove(&(buyer, id)).is_some()))
    }

    fn items(&self, buyer: UserId) -> PortFuture<'_, Result<Vec<ListedItem>, StoreError>> {
        let up = self.up().map(|_| ());
        ready(up.map(|()| self.listed(buyer)))
    }

    fn add_item(
        &self,
        buyer: UserId,
        item: NewItem,
        max: u32,
    ) -> PortFuture<'_, Result<AddItemAnswer, StoreError>> {
        let found = self.up().map(|mut inner| {
            let mine = inner.items.keys().filter(|(owner, _)| *owner == buyer).count();
            let id = i64::try_from(mine).unwrap() + 1;
            let is_known = inner.skus.contains_key(&item.sku_id);
            let has_room = mine < usize::try_from(max).unwrap();
            if is_known && has_room {
                inner.items.insert((buyer, id), (item.sku_id.clone(), item.quantity, None));
            }
            (is_known, has_room, id)
        });
        ready(found.map(|found| match found {
            (false, ..) => AddItemAnswer::NoSuchSku,
            (true, false, _) => AddItemAnswer::Full,
            (true, true, id) => AddItemAnswer::Added(self.item(buyer, id).unwrap()),
        }))
    }

    fn change_item(
        &self,
        buyer: UserId,
        id: ItemId,
        quantity: u32,
    ) -> PortFuture<'_, Result<ChangeItemAnswer, StoreError>> {
        let changed = self.up().map(|mut inner| {
            if let Some(item) = inner.items.get_mut(&(buyer, id)) {
                item.1 = quantity;
            }
        });
        let found = changed.map(|()| self.item(buyer, id));
        ready(found.map(|item| item.map_or(ChangeItemAnswer::NotFound, ChangeItemAnswer::Changed)))
    }

    fn remove_item(&self, buyer: UserId, id: ItemId) -> PortFuture<'_, Result<bool, StoreError>> {
        ready(self.up().map(|mut inner| inner.items.remove(&(buyer, id)).is_some()))
    }

    fn checkout_basis<'a>(
        &'a self,
        buyer: UserId,
        selection: &'a Selection,
        address_id: AddressId,
        coupon: Option<&'a CouponId>,
    ) -> PortFuture<'a, Result<Loaded<CheckoutBasis>, StoreError>> {
        let up = self.up().map(|_| ());
        ready(up.map(|()| {
            let items = self.listed(buyer).into_iter().filter(|item| match selection {
                Selection::Everything => true,
                Selection::Only(ids) => ids.contains(&item.id),
            });
            let coupon = coupon.and_then(|id| self.at_hand(buyer, id));
            let basis = CheckoutBasis {
                items: items.collect(),
                address: self.address(buyer, address_id),
                rules: self.lock().rules.rules.clone(),
                coupon,
            };
            Loaded { value: basis, store_now: self.now(), epoch: epoch() }
        }))
    }
}
