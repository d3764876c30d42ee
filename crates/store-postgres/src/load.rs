//! Loads orders, whole: one, or a page of them, in one statement.

use crate::rows::{LoadedRow, OrderRows, corrupt};
use crate::words::Word;
use crate::{PostgresStore, whole};
use diesel::sql_types::{BigInt, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, sql_query};
use domain::order::Order;
use domain::ports::{Loaded, OrderKey, OrderList, OrderListing, StoreError};

diesel::define_sql_function! {
    /// See `migrations/`.
    fn paydesk_load(
        by_id: Nullable<SqlUuid>,
        by_number: Nullable<Text>,
        by_out_trade_no: Nullable<Text>,
        by_out_refund_no: Nullable<Text>,
    ) -> Jsonb;
}

impl PostgresStore {
    pub(crate) async fn load_order(
        &self,
        key: &OrderKey,
    ) -> Result<Option<Loaded<Order>>, StoreError> {
        let (id, number, out_trade_no, out_refund_no) = match key {
            OrderKey::Id(id) => (Some(id.get()), None, None, None),
            OrderKey::Number(number) => (None, Some(number.as_str()), None, None),
            OrderKey::OutTradeNo(number) => (None, None, Some(number.as_str()), None),
            OrderKey::OutRefundNo(number) => (None, None, None, Some(number.as_str())),
        };
        let statement = diesel::select(paydesk_load(id, number, out_trade_no, out_refund_no));
        let (asked, rows) = self.rows_since(statement).await?;
        let found: serde_json::Value = whole::one(rows)?;
        let row: LoadedRow =
            serde_json::from_value(found).map_err(|why| corrupt(why.to_string()))?;
        // A slow answer only says less about the clock.
        let _useful = self.clock.measured(asked, row.now.0);
        let (store_now, epoch) = (row.now.0, self.epoch_of(&row.timeline));
        let order = row.found.map(OrderRows::into_order).transpose()?;
        Ok(order.map(|value| Loaded { value, store_now, epoch }))
    }
}

/// One row of a page.
#[derive(QueryableByName)]
struct PageRow {
    #[diesel(sql_type = Nullable<Jsonb>)]
    found: Option<serde_json::Value>,
}

impl PostgresStore {
    pub(crate) async fn list_orders(&self, query: &OrderList) -> Result<OrderListing, StoreError> {
        let (after_at, after_id) = match query.after {
            Some((at, id)) => (Some(at.to_offset()), Some(id.get())),
            None => (None, None),
        };
        let limit = i64::from(query.limit);
        let statement = sql_query(PAGE)
            .bind::<Nullable<SqlUuid>, _>(query.buyer.map(|buyer| buyer.get()))
            .bind::<Nullable<Text>, _>(query.status.map(Word::word))
            .bind::<Nullable<Timestamptz>, _>(query.created_from.map(|at| at.to_offset()))
            .bind::<Nullable<Timestamptz>, _>(query.created_to.map(|at| at.to_offset()))
            .bind::<Nullable<Timestamptz>, _>(after_at)
            .bind::<Nullable<SqlUuid>, _>(after_id)
            .bind::<Nullable<Text>, _>(query.number.as_deref())
            .bind::<BigInt, _>(limit.saturating_add(1));
        let rows: Vec<PageRow> = self.rows(statement).await?;
        let mut orders = Vec::with_capacity(rows.len());
        for found in rows.into_iter().filter_map(|row| row.found) {
            let rows: OrderRows =
                serde_json::from_value(found).map_err(|why| corrupt(why.to_string()))?;
            orders.push(rows.into_order()?);
        }
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let more = orders.len() > limit;
        orders.truncate(limit);
        Ok(OrderListing { orders, more })
    }
}

/// Numbers are looked up first, each by its own index; an `OR` over the tables would read them
/// whole. Planned for what is asked: conditions on what is `NULL` are gone from the plan.
const PAGE: &str = "\
    SELECT paydesk_order(o.id) AS found FROM orders o \
    WHERE ($1::uuid IS NULL OR o.buyer_id = $1) AND ($2::text IS NULL OR o.status = $2) \
      AND ($3::timestamptz IS NULL OR o.created_at >= $3) \
      AND ($4::timestamptz IS NULL OR o.created_at < $4) \
      AND ($5::timestamptz IS NULL OR (o.created_at, o.id) < ($5, $6)) \
      AND ($7::text IS NULL OR o.id = ANY (ARRAY( \
           SELECT n.id FROM orders n WHERE n.order_number = $7 \
           UNION ALL SELECT r.id FROM orders r WHERE r.merchant_ref = $7 \
           UNION ALL SELECT p.order_id FROM payments p WHERE p.out_trade_no = $7 \
           UNION ALL SELECT t.order_id FROM payments t WHERE t.transaction_id = $7 \
           UNION ALL SELECT f.order_id FROM refunds f WHERE f.out_refund_no = $7 \
           UNION ALL SELECT w.order_id FROM refunds w WHERE w.refund_id = $7))) \
    ORDER BY o.created_at DESC, o.id DESC LIMIT $8";
