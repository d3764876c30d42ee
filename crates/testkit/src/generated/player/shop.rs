//! The catalogue and what buyers keep.

use super::{Player, SKUS, pick};
use crate::sample;
use domain::Fen;
use domain::buyer::{ItemId, NewItem, Selection};
use domain::catalogue::SkuDraft;
use domain::ports::StockChange;

impl Player<'_> {
    pub(super) async fn put_sku(&mut self, sku: u8, price: u8, stale: bool) {
        let id = SKUS[usize::from(sku) % SKUS.len()];
        let draft = SkuDraft { price: Fen::new(i64::from(price) * 100), ..sample::draft(id, 0) };
        let known =
            self.stores.catalogue.sku(&draft.id).await.unwrap().map(|sku| sku.price_version);
        let expected = if stale { known.map(|version| version + 1) } else { known };
        let audit = sample::audit("put");
        let put = self.stores.catalogue.put_sku(&draft, expected, &audit, sample::start()).await;
        self.answer("put sku", &put);
    }

    pub(super) async fn move_stock(&mut self, sku: u8, delta: i8, key: u8) {
        let change = StockChange {
            sku_id: sample::sku_id(SKUS[usize::from(sku) % SKUS.len()]),
            delta: i64::from(delta),
            reason: "count".to_owned(),
            audit: sample::audit("count"),
            replay: sample::replay(&format!("moved-{key}"), None),
        };
        let moved = self.stores.catalogue.move_stock(&change).await;
        self.answer("move stock", &moved);
    }

    pub(super) async fn add_item(&mut self, buyer: u8, sku: u8, quantity: u8) {
        let Some(buyer) = pick(&self.buyers, buyer).copied() else { return };
        let sku_id = sample::sku_id(SKUS[usize::from(sku) % SKUS.len()]);
        let item = NewItem { sku_id, quantity: u32::from(quantity) };
        let added = self.stores.book.add_item(buyer, item, 3).await;
        self.answer("add item", &added);
    }

    async fn item(&self, buyer: domain::UserId, which: u8) -> ItemId {
        let listed = self.stores.book.items(buyer).await.unwrap();
        pick(&listed, which).map_or(777, |item| item.id)
    }

    pub(super) async fn change_item(&mut self, buyer: u8, item: u8, quantity: u8) {
        let Some(buyer) = pick(&self.buyers, buyer).copied() else { return };
        let id = self.item(buyer, item).await;
        let changed = self.stores.book.change_item(buyer, id, u32::from(quantity)).await;
        self.answer("change item", &changed);
    }

    pub(super) async fn remove_item(&mut self, buyer: u8, item: u8) {
        let Some(buyer) = pick(&self.buyers, buyer).copied() else { return };
        let id = self.item(buyer, item).await;
        let removed = self.stores.book.remove_item(buyer, id).await;
        self.answer("remove item", &removed);
    }

    pub(super) async fn add_address(&mut self, buyer: u8, max: u8) {
        let Some(buyer) = pick(&self.buyers, buyer).copied() else { return };
        let added = self.stores.book.add_address(buyer, sample::address(), u32::from(max)).await;
        let id = added.map(|booked| booked.map(|booked| (booked.id, booked.version)));
        self.answer("add address", &id);
    }

    pub(super) async fn basis(&mut self, buyer: u8, only: Option<u8>) {
        let Some(buyer) = pick(&self.buyers, buyer).copied() else { return };
        let selection = match only {
            Some(item) => Selection::Only(vec![self.item(buyer, item).await]),
            None => Selection::Everything,
        };
        let basis = self.stores.book.checkout_basis(buyer, &selection, 1, None).await.unwrap();
        self.answer("basis", &(basis.value.items, basis.value.address.is_some()));
    }
}
