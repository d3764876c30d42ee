//! Addresses and purchase lists. Every statement names the buyer: what belongs to another does
//! not exist.

mod rows;

use crate::rows::{corrupt, number};
use crate::{PostgresStore, whole};
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Jsonb, Nullable, Text, Uuid as SqlUuid};
use domain::UserId;
use domain::buyer::{Address, AddressId, BookedAddress, ItemId, ListedItem, NewItem, Selection};
use domain::coupon::CouponId;
use domain::ports::{
    AddItemAnswer, BuyerBook, ChangeItemAnswer, CheckoutBasis, Loaded, PortFuture, PutAnswer,
    StoreError,
};
use rows::{AddressRow, BasisRow, ItemRow};
use serde_json::json;

diesel::define_sql_function! {
    /// See `migrations/`.
    fn paydesk_add_address(buyer: SqlUuid, address: Jsonb, most: BigInt) -> Nullable<BigInt>;
}
diesel::define_sql_function! {
    /// See `migrations/`.
    fn paydesk_add_item(buyer: SqlUuid, sku: Text, n: BigInt, most: BigInt) -> BigInt;
}
diesel::define_sql_function! {
    /// See `migrations/`.
    fn paydesk_items(buyer: SqlUuid, only_ids: Nullable<Array<BigInt>>) -> Jsonb;
}
diesel::define_sql_function! {
    /// See `migrations/`.
    fn paydesk_checkout_basis(
        buyer: SqlUuid,
        only_ids: Nullable<Array<BigInt>>,
        address: BigInt,
        coupon: Nullable<Text>,
    ) -> Jsonb;
}

impl BuyerBook for PostgresStore {
    fn addresses(&self, buyer: UserId) -> PortFuture<'_, Result<Vec<BookedAddress>, StoreError>> {
        Box::pin(async move {
            let statement = sql_query(
                "SELECT id, version, name, phone, region, detail FROM addresses \
                 WHERE buyer_id = $1 ORDER BY id",
            )
            .bind::<SqlUuid, _>(buyer.get());
            let rows: Vec<AddressRow> = self.rows(statement).await?;
            rows.into_iter().map(AddressRow::into_booked).collect()
        })
    }

    fn add_address(
        &self,
        buyer: UserId,
        address: Address,
        max: u32,
    ) -> PortFuture<'_, Result<Option<BookedAddress>, StoreError>> {
        Box::pin(async move {
            let sheet = json!({"name": address.name, "phone": address.phone,
                "region": address.region, "detail": address.detail});
            let statement = diesel::select(paydesk_add_address(buyer.get(), sheet, i64::from(max)));
            let given: Option<i64> = self.rows(statement).await.and_then(whole::one)?;
            Ok(given.map(|id| BookedAddress { id, version: 1, address }))
        })
    }

    fn put_address(
        &self,
        buyer: UserId,
        id: AddressId,
        expected: u64,
        address: Address,
    ) -> PortFuture<'_, Result<PutAnswer<BookedAddress>, StoreError>> {
        Box::pin(self.write_address(buyer, id, expected, address))
    }

    fn delete_address(
        &self,
        buyer: UserId,
        id: AddressId,
    ) -> PortFuture<'_, Result<bool, StoreError>> {
        Box::pin(self.delete("DELETE FROM addresses WHERE buyer_id = $1 AND id = $2", buyer, id))
    }

    fn items(&self, buyer: UserId) -> PortFuture<'_, Result<Vec<ListedItem>, StoreError>> {
        Box::pin(self.list_items(buyer, None))
    }

    fn add_item(
        &self,
        buyer: UserId,
        item: NewItem,
        max: u32,
    ) -> PortFuture<'_, Result<AddItemAnswer, StoreError>> {
        Box::pin(self.append_item(buyer, item, max))
    }

    fn change_item(
        &self,
        buyer: UserId,
        id: ItemId,
        quantity: u32,
    ) -> PortFuture<'_, Result<ChangeItemAnswer, StoreError>> {
        Box::pin(async move {
            let statement = sql_query(
                "UPDATE purchase_list_items SET quantity = $3::bigint \
                 WHERE buyer_id = $1 AND id = $2 AND captured_by IS NULL",
            )
            .bind::<SqlUuid, _>(buyer.get())
            .bind::<BigInt, _>(id)
            .bind::<BigInt, _>(i64::from(quantity));
            let changed = self.execute(statement).await?;
            let line = self.list_items(buyer, Some(vec![id])).await?.pop();
            Ok(match (line, changed) {
                (None, _) => ChangeItemAnswer::NotFound,
                (Some(ListedItem { captured_by: Some(order), .. }), 0) => {
                    ChangeItemAnswer::Captured(order)
                }
                (Some(line), _) => ChangeItemAnswer::Changed(line),
            })
        })
    }

    fn remove_item(&self, buyer: UserId, id: ItemId) -> PortFuture<'_, Result<bool, StoreError>> {
        let sql = "DELETE FROM purchase_list_items WHERE buyer_id = $1 AND id = $2";
        Box::pin(self.delete(sql, buyer, id))
    }

    fn checkout_basis<'a>(
        &'a self,
        buyer: UserId,
        selection: &'a Selection,
        address_id: AddressId,
        coupon: Option<&'a CouponId>,
    ) -> PortFuture<'a, Result<Loaded<CheckoutBasis>, StoreError>> {
        Box::pin(self.load_basis(buyer, selection, address_id, coupon))
    }
}

impl PostgresStore {
    async fn write_address(
        &self,
        buyer: UserId,
        id: AddressId,
        expected: u64,
        address: Address,
    ) -> Result<PutAnswer<BookedAddress>, StoreError> {
        let statement = sql_query(
            "UPDATE addresses SET name = $4, phone = $5, region = $6, detail = $7, \
                    version = version + 1 \
             WHERE buyer_id = $1 AND id = $2 AND version = $3 \
             RETURNING id, version, name, phone, region, detail",
        )
        .bind::<SqlUuid, _>(buyer.get())
        .bind::<BigInt, _>(id)
        .bind::<BigInt, _>(i64::try_from(expected).unwrap_or(i64::MAX))
        .bind::<Text, _>(address.name)
        .bind::<Text, _>(address.phone)
        .bind::<Text, _>(address.region)
        .bind::<Text, _>(address.detail);
        let written: Option<AddressRow> = self.rows(statement).await.map(whole::maybe)?;
        if let Some(row) = written {
            return Ok(PutAnswer::Changed(row.into_booked()?));
        }
        let known = self.addresses(buyer).await?;
        let exists = known.iter().any(|booked| booked.id == id);
        Ok(if exists { PutAnswer::VersionMoved } else { PutAnswer::NotFound })
    }

    async fn delete(&self, sql: &str, buyer: UserId, id: i64) -> Result<bool, StoreError> {
        let statement = sql_query(sql).bind::<SqlUuid, _>(buyer.get()).bind::<BigInt, _>(id);
        let gone = self.execute(statement).await?;
        Ok(gone > 0)
    }

    async fn list_items(
        &self,
        buyer: UserId,
        only: Option<Vec<i64>>,
    ) -> Result<Vec<ListedItem>, StoreError> {
        let found: serde_json::Value = self
            .rows(diesel::select(paydesk_items(buyer.get(), only)))
            .await
            .and_then(whole::one)?;
        let rows: Vec<ItemRow> =
            serde_json::from_value(found).map_err(|why| corrupt(why.to_string()))?;
        rows.into_iter().map(ItemRow::into_item).collect()
    }

    async fn append_item(
        &self,
        buyer: UserId,
        item: NewItem,
        max: u32,
    ) -> Result<AddItemAnswer, StoreError> {
        let (sku, quantity) = (item.sku_id.as_str(), i64::from(item.quantity));
        let statement =
            diesel::select(paydesk_add_item(buyer.get(), sku, quantity, i64::from(max)));
        let given: i64 = self.rows(statement).await.and_then(whole::one)?;
        match given {
            0 => return Ok(AddItemAnswer::NoSuchSku),
            ..0 => return Ok(AddItemAnswer::Full),
            1.. => {}
        }
        // Read after it was written: gone already when it was removed meanwhile.
        let found = self.list_items(buyer, Some(vec![given])).await?.pop();
        found.map(AddItemAnswer::Added).ok_or_else(|| {
            StoreError::Unavailable("the line was removed while it was added".to_owned())
        })
    }

    async fn load_basis(
        &self,
        buyer: UserId,
        selection: &Selection,
        address_id: AddressId,
        coupon: Option<&CouponId>,
    ) -> Result<Loaded<CheckoutBasis>, StoreError> {
        let only = match selection {
            Selection::Everything => None,
            Selection::Only(ids) => Some(ids.clone()),
        };
        let coupon = coupon.map(CouponId::as_str);
        let statement =
            diesel::select(paydesk_checkout_basis(buyer.get(), only, address_id, coupon));
        let (asked, rows) = self.rows_since(statement).await?;
        let found: serde_json::Value = whole::one(rows)?;
        let row: BasisRow =
            serde_json::from_value(found).map_err(|why| corrupt(why.to_string()))?;
        let (store_now, epoch) = (row.now.0, self.epoch_of(&row.timeline));
        // A slow answer only says less about the clock.
        let _useful = self.clock.measured(asked, store_now);
        Ok(Loaded { value: row.into_basis()?, store_now, epoch })
    }
}

pub(crate) fn version(value: i64) -> Result<u64, StoreError> {
    number(value, "version")
}
