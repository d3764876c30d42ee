//! Addresses and purchase lists.

use crate::MemoryStore;
use crate::state::{Item, State};
use domain::UserId;
use domain::buyer::{Address, AddressId, BookedAddress, ItemId, ListedItem, NewItem, Selection};
use domain::catalogue::SkuStatus;
use domain::ports::{
    AddItemAnswer, BuyerBook, ChangeItemAnswer, CheckoutBasis, Loaded, PortFuture, PutAnswer,
    StoreError,
};
use std::future::ready;

/// The most of one thing on one line.
const QUANTITY_MAX: u32 = 9_999;

impl BuyerBook for MemoryStore {
    fn addresses(&self, buyer: UserId) -> PortFuture<'_, Result<Vec<BookedAddress>, StoreError>> {
        let found = self.state().map(|state| {
            let book = state.buyers.get(&buyer).map(|b| b.addresses.clone()).unwrap_or_default();
            let booked = |(id, (version, address))| BookedAddress { id, version, address };
            book.into_iter().map(booked).collect()
        });
        Box::pin(ready(found))
    }

    fn add_address(
        &self,
        buyer: UserId,
        address: Address,
        max: u32,
    ) -> PortFuture<'_, Result<Option<BookedAddress>, StoreError>> {
        Box::pin(async move {
            let mut state = self.state()?;
            let Some(book) = state.buyers.get_mut(&buyer) else { return Ok(None) };
            if book.addresses.len() >= usize::try_from(max).unwrap_or(usize::MAX) {
                return Ok(None);
            }
            book.last_address = book.last_address.saturating_add(1);
            let id = book.last_address;
            book.addresses.insert(id, (1, address.clone()));
            Ok(Some(BookedAddress { id, version: 1, address }))
        })
    }

    fn put_address(
        &self,
        buyer: UserId,
        id: AddressId,
        expected: u64,
        address: Address,
    ) -> PortFuture<'_, Result<PutAnswer<BookedAddress>, StoreError>> {
        Box::pin(async move {
            let mut state = self.state()?;
            let known = state.buyers.get_mut(&buyer).and_then(|b| b.addresses.get_mut(&id));
            Ok(match known {
                None => PutAnswer::NotFound,
                Some((version, _)) if *version != expected => PutAnswer::VersionMoved,
                Some(known) => {
                    let version = expected.saturating_add(1);
                    *known = (version, address.clone());
                    PutAnswer::Changed(BookedAddress { id, version, address })
                }
            })
        })
    }

    fn delete_address(
        &self,
        buyer: UserId,
        id: AddressId,
    ) -> PortFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            let mut state = self.state()?;
            let gone = state.buyers.get_mut(&buyer).and_then(|b| b.addresses.remove(&id));
            Ok(gone.is_some())
        })
    }

    fn items(&self, buyer: UserId) -> PortFuture<'_, Result<Vec<ListedItem>, StoreError>> {
        Box::pin(ready(self.state().map(|state| state.listed(buyer, &Selection::Everything))))
    }

    fn add_item(
        &self,
        buyer: UserId,
        item: NewItem,
        max: u32,
    ) -> PortFuture<'_, Result<AddItemAnswer, StoreError>> {
        Box::pin(async move { Ok(self.state()?.add_item(buyer, item, max)) })
    }

    fn change_item(
        &self,
        buyer: UserId,
        id: ItemId,
        quantity: u32,
    ) -> PortFuture<'_, Result<ChangeItemAnswer, StoreError>> {
        Box::pin(async move {
            let mut state = self.state()?;
            let known = state.listed(buyer, &Selection::Only(vec![id])).pop();
            let Some(mut line) = known else { return Ok(ChangeItemAnswer::NotFound) };
            if let Some(order) = line.captured_by {
                return Ok(ChangeItemAnswer::Captured(order));
            }
            if let Some(book) = state.buyers.get_mut(&buyer)
                && let Some(item) = book.items.get_mut(&id)
            {
                item.quantity = quantity;
            }
            line.quantity = quantity;
            Ok(ChangeItemAnswer::Changed(line))
        })
    }

    fn remove_item(&self, buyer: UserId, id: ItemId) -> PortFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            let mut state = self.state()?;
            Ok(state.buyers.get_mut(&buyer).and_then(|b| b.items.remove(&id)).is_some())
        })
    }

    fn checkout_basis<'a>(
        &'a self,
        buyer: UserId,
        selection: &'a Selection,
        address_id: AddressId,
    ) -> PortFuture<'a, Result<Loaded<CheckoutBasis>, StoreError>> {
        let store_now = self.clock.real();
        let basis = self.state().map(|state| {
            let book = state.buyers.get(&buyer);
            let address = book.and_then(|b| b.addresses.get(&address_id));
            let value = CheckoutBasis {
                items: state.listed(buyer, selection),
                address: address.map(|(_, address)| address.clone()),
            };
            Loaded { value, store_now, epoch: state.epoch.clone() }
        });
        Box::pin(ready(basis))
    }
}

impl State {
    fn listed(&self, buyer: UserId, selection: &Selection) -> Vec<ListedItem> {
        let Some(book) = self.buyers.get(&buyer) else { return Vec::new() };
        let wanted = |id: &ItemId| match selection {
            Selection::Everything => true,
            Selection::Only(ids) => ids.contains(id),
        };
        let chosen = book.items.iter().filter(|(id, _)| wanted(id));
        chosen
            .filter_map(|(id, item)| {
                let captured = item.captured_by.and_then(|order| self.orders.get(&order));
                Some(ListedItem {
                    id: *id,
                    quantity: item.quantity,
                    sku: self.skus.get(&item.sku_id)?.clone(),
                    captured_by: captured.map(|order| order.number.clone()),
                })
            })
            .collect()
    }

    fn add_item(&mut self, buyer: UserId, item: NewItem, max: u32) -> AddItemAnswer {
        let sold = self.skus.get(&item.sku_id).is_some_and(|s| s.status == SkuStatus::OnSale);
        if !sold {
            return AddItemAnswer::NoSuchSku;
        }
        let book = self.buyers.entry(buyer).or_default();
        let open = |(_, known): &(&ItemId, &mut Item)| {
            known.sku_id == item.sku_id && known.captured_by.is_none()
        };
        let id = if let Some((id, known)) = book.items.iter_mut().find(open) {
            let grown = known.quantity.saturating_add(item.quantity);
            if grown > QUANTITY_MAX {
                return AddItemAnswer::Full;
            }
            known.quantity = grown;
            *id
        } else {
            let full = book.items.len() >= usize::try_from(max).unwrap_or(usize::MAX);
            if full || item.quantity > QUANTITY_MAX {
                return AddItemAnswer::Full;
            }
            book.last_item = book.last_item.saturating_add(1);
            let new = Item { sku_id: item.sku_id, quantity: item.quantity, captured_by: None };
            book.items.insert(book.last_item, new);
            book.last_item
        };
        let added = self.listed(buyer, &Selection::Only(vec![id])).pop();
        added.map_or(AddItemAnswer::NoSuchSku, AddItemAnswer::Added)
    }
}
