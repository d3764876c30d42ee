//! Addresses and purchase lists. Every statement names the buyer: what belongs to another does
//! not exist.

mod rows;

use crate::gather::Answers;
use crate::prepared::prepared;
use crate::rows::{corrupt, number};
use crate::{PostgresStore, whole};
use diesel::sql_types::{Array, BigInt, Jsonb, Nullable, Text, Uuid as SqlUuid};
use diesel::{QueryableByName, sql_query};
use domain::UserId;
use domain::buyer::{Address, AddressId, BookedAddress, ItemId, ListedItem, NewItem, Selection};
use domain::coupon::CouponId;
use domain::ports::{
    AddItemAnswer, BuyerBook, ChangeItemAnswer, CheckoutBasis, Loaded, PortFuture, PutAnswer,
    StoreError,
};
use rows::{AddressRow, Bases, ItemRow};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

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
/// What a checkout is about.
#[derive(Clone, Serialize)]
pub(crate) struct BasisOf {
    buyer: Uuid,
    /// `None` for the whole list.
    only_ids: Option<Vec<ItemId>>,
    address: AddressId,
    coupon: Option<String>,
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
        let only_ids = match selection {
            Selection::Everything => None,
            Selection::Only(ids) => Some(ids.clone()),
        };
        let coupon = coupon.map(|id| id.as_str().to_owned());
        let of = BasisOf { buyer: buyer.get(), only_ids, address: address_id, coupon };
        Box::pin(self.bases.ask(of, |asked| self.load_bases(asked)))
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

    /// Of each of these.
    async fn load_bases(&self, asked: Vec<BasisOf>) -> Answers<Loaded<CheckoutBasis>> {
        let sheet = match serde_json::to_value(&asked) {
            Ok(sheet) => sheet,
            Err(why) => return Ok(asked.iter().map(|_| Err(corrupt(why.to_string()))).collect()),
        };
        let (at, rows) = self.rows_since(prepared(BASES).bind::<Jsonb, _>(sheet)).await?;
        let found: BasesRow = whole::one(rows)?;
        let bases = match serde_json::from_str::<Bases>(&found.bases) {
            Ok(bases) => bases,
            Err(why) => return Ok(asked.iter().map(|_| Err(corrupt(why.to_string()))).collect()),
        };
        let (store_now, epoch) = (bases.now.0, self.epoch_of(&bases.timeline));
        // A slow answer only says less about the clock.
        let _useful = self.clock.measured(at, store_now);
        let loaded = |value: CheckoutBasis| Loaded { value, store_now, epoch: epoch.clone() };
        Ok(bases.each(asked.len()).into_iter().map(|basis| basis.map(loaded)).collect())
    }
}

#[derive(QueryableByName)]
struct BasesRow {
    #[diesel(sql_type = Text)]
    bases: String,
}

/// Everything that the checkouts of `$1` read, at one moment: what belongs to one of them by its number,
/// from 1; what several read, once. One index look-up for each, however many rows the planner expects.
const BASES: &str = "\
    WITH asked AS MATERIALIZED ( \
        SELECT * FROM ROWS FROM (jsonb_to_recordset($1) \
            AS (buyer uuid, only_ids bigint[], address bigint, coupon text)) \
            WITH ORDINALITY AS a (buyer, only_ids, address, coupon, n)), \
    lines AS MATERIALIZED ( \
        SELECT a.n, i.* FROM asked a CROSS JOIN LATERAL ( \
            SELECT i.id, i.quantity, i.sku_id, \
                   (SELECT o.order_number FROM orders o WHERE o.id = i.captured_by) AS captured_by \
            FROM purchase_list_items i \
            WHERE i.buyer_id = a.buyer AND (a.only_ids IS NULL OR i.id = ANY (a.only_ids)) \
            ORDER BY i.id OFFSET 0) i) \
    SELECT json_build_object( \
        'now', clock_timestamp(), \
        'timeline', paydesk_timeline(), \
        'rules', (SELECT row_to_json(r) FROM delivery_rules r), \
        'skus', (SELECT coalesce(json_agg(row_to_json(s)), '[]') FROM skus s \
                 WHERE s.id = ANY (ARRAY(SELECT DISTINCT l.sku_id FROM lines l))), \
        'lines', (SELECT coalesce(json_agg(row_to_json(l) ORDER BY l.n, l.id), '[]') FROM lines l), \
        'addresses', (SELECT coalesce(json_agg(row_to_json(x)), '[]') FROM ( \
            SELECT a.n, b.* FROM asked a CROSS JOIN LATERAL ( \
                SELECT b.id, b.version, b.name, b.phone, b.region, b.detail FROM addresses b \
                WHERE b.buyer_id = a.buyer AND b.id = a.address OFFSET 0) b) x), \
        'coupons', (SELECT coalesce(json_agg(json_build_object('n', a.n, 'coupon', row_to_json(k), \
                'free', (SELECT min(g.grant_no) FROM coupon_grants g \
                         WHERE g.buyer_id = a.buyer AND g.coupon_id = k.id AND g.status = 'issued'), \
                'held', (SELECT coalesce(json_agg(json_build_object( \
                             'no', g.grant_no, 'order_number', o.order_number) ORDER BY g.grant_no), '[]') \
                         FROM coupon_grants g JOIN orders o ON o.id = g.order_id \
                         WHERE g.buyer_id = a.buyer AND g.coupon_id = k.id AND g.status = 'held'))), '[]') \
            FROM asked a CROSS JOIN LATERAL ( \
                SELECT * FROM coupons k WHERE k.id = a.coupon OFFSET 0) k \
            WHERE a.coupon IS NOT NULL) \
    )::text AS bases";

pub(crate) fn version(value: i64) -> Result<u64, StoreError> {
    number(value, "version")
}
