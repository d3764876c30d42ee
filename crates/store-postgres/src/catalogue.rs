//! What is for sale, and stock moved by hand.

use crate::patience::Failure;
use crate::prepared::prepared;
use crate::rows::{Instant, corrupt, number};
use crate::words::Word as _;
use crate::{PostgresStore, errors, whole};
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::{BigInt, Jsonb, Nullable, Text, Timestamptz};
use diesel::{QueryableByName, sql_query};
use domain::catalogue::{Sku, SkuDraft, SkuId, SkuStatus, StockLevel};
use domain::changeset::{Audit, Refusal};
use domain::ports::{
    Catalogue, CommitAnswer, OrderStore as _, PortFuture, PutAnswer, StockAnswer, StockChange,
    StockEntryList, StockEntryListing, StoreError,
};
use domain::{CommandId, Fen, Timestamp};
use serde::Deserialize;
use serde_json::json;

diesel::define_sql_function! {
    /// See `migrations/`.
    fn paydesk_restock(change: Jsonb) -> Text;
}

/// A SKU as `to_jsonb(skus)` gives it.
#[derive(Deserialize)]
pub(crate) struct SkuJson {
    id: String,
    title: String,
    price_fen: i64,
    cost_price_fen: i64,
    status: String,
    price_version: i64,
    stocked: i64,
    available: i64,
    held: i64,
    sold: i64,
    created_at: Instant,
}

impl SkuJson {
    pub(crate) fn into_sku(self) -> Result<Sku, StoreError> {
        Ok(Sku {
            id: SkuId::parse(&self.id).ok_or_else(|| corrupt("skus.id is impossible"))?,
            title: self.title,
            price: Fen::new(self.price_fen),
            cost_price: Fen::new(self.cost_price_fen),
            status: SkuStatus::read(&self.status)?,
            price_version: number(self.price_version, "price_version")?,
            stock: StockLevel {
                stocked: self.stocked,
                available: self.available,
                held: self.held,
                sold: self.sold,
            },
            created_at: self.created_at.0,
        })
    }
}

#[derive(QueryableByName)]
struct SkuRow {
    #[diesel(sql_type = Jsonb)]
    sku: serde_json::Value,
}

impl SkuRow {
    fn into_sku(self) -> Result<Sku, StoreError> {
        let row: SkuJson =
            serde_json::from_value(self.sku).map_err(|why| corrupt(why.to_string()))?;
        row.into_sku()
    }
}

impl Catalogue for PostgresStore {
    fn on_sale(
        &self,
        after: Option<SkuId>,
        limit: u32,
    ) -> PortFuture<'_, Result<Vec<Sku>, StoreError>> {
        Box::pin(async move {
            let statement = prepared(ON_SALE)
                .bind::<Text, _>(after.as_ref().map_or("", |id| id.as_str()))
                .bind::<BigInt, _>(i64::from(limit));
            let rows: Vec<SkuRow> = self.rows(statement).await?;
            rows.into_iter().map(SkuRow::into_sku).collect()
        })
    }

    fn sku<'a>(&'a self, id: &'a SkuId) -> PortFuture<'a, Result<Option<Sku>, StoreError>> {
        Box::pin(self.find_sku(id))
    }

    fn put_sku<'a>(
        &'a self,
        draft: &'a SkuDraft,
        expected: Option<u64>,
        audit: &'a Audit,
        now: Timestamp,
    ) -> PortFuture<'a, Result<PutAnswer<Sku>, StoreError>> {
        Box::pin(self.write_sku(draft, expected, audit, now))
    }

    fn move_stock<'a>(
        &'a self,
        change: &'a StockChange,
    ) -> PortFuture<'a, Result<StockAnswer, StoreError>> {
        Box::pin(self.restock(change))
    }

    fn stock_entries<'a>(
        &'a self,
        query: &'a StockEntryList,
    ) -> PortFuture<'a, Result<Option<StockEntryListing>, StoreError>> {
        Box::pin(self.list_stock_entries(query))
    }
}

impl PostgresStore {
    pub(crate) async fn find_sku(&self, id: &SkuId) -> Result<Option<Sku>, StoreError> {
        let statement = prepared(ONE_SKU).bind::<Text, _>(id.as_str());
        let row: Option<SkuRow> = self.rows(statement).await.map(whole::maybe)?;
        row.map(SkuRow::into_sku).transpose()
    }

    async fn write_sku(
        &self,
        draft: &SkuDraft,
        expected: Option<u64>,
        audit: &Audit,
        now: Timestamp,
    ) -> Result<PutAnswer<Sku>, StoreError> {
        let sql = if expected.is_some() { CHANGE_SKU } else { CREATE_SKU };
        let expected_version = expected.map(|v| i64::try_from(v).unwrap_or(i64::MAX));
        let statement = sql_query(sql)
            .bind::<Text, _>(draft.id.as_str())
            .bind::<Text, _>(&draft.title)
            .bind::<BigInt, _>(draft.price.get())
            .bind::<BigInt, _>(draft.cost_price.get())
            .bind::<Text, _>(draft.status.word())
            .bind::<Timestamptz, _>(now.to_offset())
            .bind::<Text, _>(&audit.actor)
            .bind::<Text, _>(&audit.cause)
            .bind::<Nullable<Text>, _>(audit.request_id.as_deref())
            .bind::<Nullable<BigInt>, _>(expected_version);
        let written: Result<Option<SkuRow>, Failure> = self.rows(statement).await.map(whole::maybe);
        match (written, expected) {
            (Ok(Some(row)), None) => Ok(PutAnswer::Created(row.into_sku()?)),
            (Ok(Some(row)), Some(_)) => Ok(PutAnswer::Changed(row.into_sku()?)),
            (Ok(None), None) => Ok(PutAnswer::VersionMoved),
            (Ok(None), Some(_)) => match self.find_sku(&draft.id).await? {
                Some(_) => Ok(PutAnswer::VersionMoved),
                None => Ok(PutAnswer::NotFound),
            },
            (
                Err(Failure::Said(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _))),
                _,
            ) => Ok(PutAnswer::VersionMoved),
            (Err(failure), _) => Err(failure.into()),
        }
    }

    async fn restock(&self, change: &StockChange) -> Result<StockAnswer, StoreError> {
        let record = &change.replay;
        let sheet = json!({
            "command_id": CommandId::of_request(&record.scope).as_str(),
            "at": record.recorded_at.to_rfc3339(),
            "sku_id": change.sku_id.as_str(),
            "delta": change.delta,
            "reason": change.reason,
            "actor": change.audit.actor,
            "cause": change.audit.cause,
            "request_id": change.audit.request_id,
            "idempotency": {
                "principal": record.scope.principal,
                "route": record.scope.route,
                "key": record.scope.key,
                "fingerprint": record.fingerprint,
                "recorded_at": record.recorded_at.to_rfc3339(),
            },
        });
        let done: Result<String, Failure> =
            self.rows(diesel::select(paydesk_restock(sheet))).await.and_then(whole::one);
        let error = match done {
            Err(Failure::Said(error)) => error,
            Err(failure) => return Err(failure.into()),
            Ok(word) if word == "committed" => {
                let level = self.level(&change.sku_id).await?;
                return Ok(level.map_or(StockAnswer::NotFound, StockAnswer::Moved));
            }
            Ok(_) => return self.replayed(change).await,
        };
        if let CommitAnswer::GuardRefused(Refusal::Stock(_)) = errors::commit(&error) {
            return Ok(StockAnswer::TooLittle);
        }
        if error.to_string().ends_with("no_sku") {
            return Ok(StockAnswer::NotFound);
        }
        Err(errors::read(error))
    }

    async fn replayed(&self, change: &StockChange) -> Result<StockAnswer, StoreError> {
        let record = self.replay(&change.replay.scope).await?;
        let level = self.level(&change.sku_id).await?;
        Ok(match (record, level) {
            (Some(record), Some(level)) => StockAnswer::Replayed(record, level),
            _ => StockAnswer::NotFound,
        })
    }

    async fn level(&self, id: &SkuId) -> Result<Option<StockLevel>, StoreError> {
        Ok(self.find_sku(id).await?.map(|sku| sku.stock))
    }
}

const ON_SALE: &str = "SELECT to_jsonb(s) AS sku FROM skus s \
    WHERE s.status = 'on_sale' AND s.id > $1 ORDER BY s.id LIMIT $2";

const ONE_SKU: &str = "SELECT to_jsonb(s) AS sku FROM skus s WHERE s.id = $1";

/// `$10` is not used when creating; both take the same parameters.
const CREATE_SKU: &str = "\
    WITH s AS (INSERT INTO skus (id, title, price_fen, cost_price_fen, status, created_at) \
               SELECT $1, $2, $3, $4, $5, $6 WHERE $10::bigint IS NULL \
               ON CONFLICT (id) DO NOTHING RETURNING *), \
    noted AS (INSERT INTO audit (subject, actor, cause, request_id, events, at) \
              SELECT 'sku:' || s.id, $7, $8, $9, jsonb_build_array('created'), $6 FROM s) \
    SELECT to_jsonb(s) AS sku FROM s";

const CHANGE_SKU: &str = "\
    WITH s AS (UPDATE skus SET title = $2, price_fen = $3, cost_price_fen = $4, status = $5, \
                      price_version = price_version + 1 \
               WHERE id = $1 AND price_version = $10 RETURNING *), \
    noted AS (INSERT INTO audit (subject, actor, cause, request_id, events, at) \
              SELECT 'sku:' || s.id, $7, $8, $9, \
                     jsonb_build_array(jsonb_build_object('changed', s.price_version)), $6 \
              FROM s) \
    SELECT to_jsonb(s) AS sku FROM s";
