//! Addresses and purchase lists.

use crate::MemoryStore;
use crate::state::{Item, State};
use domain::buyer::{Address, AddressId, BookedAddress, ItemId, ListedItem, NewItem, Selection};
use domain::catalogue::SkuStatus;
use domain::coupon::CouponId;
use domain::ports::{
    AddItemAnswer, BuyerBook, ChangeItemAnswer, CheckoutBasis, Loaded, PortFuture, PutAnswer,
    StoreError,
};
use domain::{OrderId, UserId};
use std::future::ready;

/// The most of one thing on one line.
const QUANTITY_MAX: u32 = 9_999;

impl BuyerBook for MemoryStore {
    fn addresses(&self, buyer: UserId) -> PortFuture<'_, Result<Vec<BookedAddress>, StoreError>> {
        let found = self.state().map(|state| {
            let of_buyer = state.addresses.range((buyer, AddressId::MIN)..=(buyer, AddressId::MAX));
            let booked = of_buyer.map(|((_, id), (version, address))| BookedAddress {
                id: *id,
                version: *version,
                address: address.clone(),
            });
            booked.collect()
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
            Ok(self.state()?.written(|state| state.add_address(buyer, address, max)))
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
            let known = state.addresses.get(&(buyer, id)).map(|(version, _)| *version);
            Ok(match known {
                None => PutAnswer::NotFound,
                Some(version) if version != expected => PutAnswer::VersionMoved,
                Some(_) => {
                    let version = expected.saturating_add(1);
                    let row = (version, address.clone());
                    state.written(|state| state.addresses.put((buyer, id), row));
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
            Ok(state.written(|state| state.addresses.remove(&(buyer, id))).is_some())
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
        Box::pin(async move { Ok(self.state()?.written(|state| state.add_item(buyer, item, max))) })
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
            let key = (buyer, id);
            state.written(|state| state.items.change(&key, |item| item.quantity = quantity));
            line.quantity = quantity;
            Ok(ChangeItemAnswer::Changed(line))
        })
    }

    fn remove_item(&self, buyer: UserId, id: ItemId) -> PortFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            let mut state = self.state()?;
            Ok(state.written(|state| state.items.remove(&(buyer, id))).is_some())
        })
    }

    fn checkout_basis<'a>(
        &'a self,
        buyer: UserId,
        selection: &'a Selection,
        address_id: AddressId,
        coupon: Option<&'a CouponId>,
    ) -> PortFuture<'a, Result<Loaded<CheckoutBasis>, StoreError>> {
        let store_now = self.clock.real();
        let basis = self.state().map(|state| {
            let address = state.addresses.get(&(buyer, address_id));
            let value = CheckoutBasis {
                items: state.listed(buyer, selection),
                address: address.map(|(_, address)| address.clone()),
                rules: state.rules_in_force().rules,
                coupon: coupon.and_then(|id| state.coupon_at_hand(buyer, id)),
            };
            Loaded { value, store_now, epoch: state.epoch.clone() }
        });
        Box::pin(ready(basis))
    }
}

impl State {
    fn add_address(&mut self, buyer: UserId, address: Address, max: u32) -> Option<BookedAddress> {
        let mut numbering = *self.buyers.get(&buyer)?;
        let of_buyer = (buyer, AddressId::MIN)..=(buyer, AddressId::MAX);
        if self.addresses.range(of_buyer).count() >= usize::try_from(max).unwrap_or(usize::MAX) {
            return None;
        }
        numbering.last_address = numbering.last_address.saturating_add(1);
        let id = numbering.last_address;
        self.buyers.put(buyer, numbering);
        self.addresses.put((buyer, id), (1, address.clone()));
        Some(BookedAddress { id, version: 1, address })
    }

    fn items_of(&self, buyer: UserId) -> impl Iterator<Item = (ItemId, &Item)> {
        let of_buyer = (buyer, ItemId::MIN)..=(buyer, ItemId::MAX);
        self.items.range(of_buyer).map(|((_, id), item)| (*id, item))
    }

    /// The lines that an order has captured.
    pub(crate) fn captured(&self, buyer: UserId, order: OrderId) -> Vec<(UserId, ItemId)> {
        let captured = self.items_of(buyer).filter(|(_, item)| item.captured_by == Some(order));
        captured.map(|(id, _)| (buyer, id)).collect()
    }

    fn listed(&self, buyer: UserId, selection: &Selection) -> Vec<ListedItem> {
        let wanted = |id: &ItemId| match selection {
            Selection::Everything => true,
            Selection::Only(ids) => ids.contains(id),
        };
        self.items_of(buyer)
            .filter(|(id, _)| wanted(id))
            .filter_map(|(id, item)| {
                let captured = item.captured_by.and_then(|order| self.orders.get(&order));
                Some(ListedItem {
                    id,
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
        let open = |(_, known): &(ItemId, &Item)| {
            known.sku_id == item.sku_id && known.captured_by.is_none()
        };
        let found = self.items_of(buyer).find(open).map(|(id, known)| (id, known.quantity));
        let id = if let Some((id, quantity)) = found {
            let grown = quantity.saturating_add(item.quantity);
            if grown > QUANTITY_MAX {
                return AddItemAnswer::Full;
            }
            self.items.change(&(buyer, id), |known| known.quantity = grown);
            id
        } else {
            let full = self.items_of(buyer).count() >= usize::try_from(max).unwrap_or(usize::MAX);
            if full || item.quantity > QUANTITY_MAX {
                return AddItemAnswer::Full;
            }
            let mut numbering = self.buyers.get(&buyer).copied().unwrap_or_default();
            numbering.last_item = numbering.last_item.saturating_add(1);
            self.buyers.put(buyer, numbering);
            let new = Item { sku_id: item.sku_id, quantity: item.quantity, captured_by: None };
            self.items.put((buyer, numbering.last_item), new);
            numbering.last_item
        };
        let added = self.listed(buyer, &Selection::Only(vec![id])).pop();
        added.map_or(AddItemAnswer::NoSuchSku, AddItemAnswer::Added)
    }
}
