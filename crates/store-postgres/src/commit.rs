//! Commits a changeset in one statement. The only place that writes orders.

mod audit;
mod sheet;

use crate::gather::Answers;
use crate::patience::Failure;
use crate::prepared::{Written, prepared};
use crate::rows::number;
use crate::{PostgresStore, errors, shelf, whole};
use diesel::sql_types::{Jsonb, Text};
use diesel::{QueryableByName, sql_query};
use domain::changeset::{Changeset, ReplayRecord, ReplayScope};
use domain::order::Order;
use domain::ports::{
    CommitAnswer, Loaded, OrderKey, OrderList, OrderListing, OrderStore, PortFuture, StoreError,
};
use domain::{CommandId, Epoch, OrderId, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// See `migrations/`.
const COMMIT: &str = "SELECT paydesk_commit($1) AS word";

impl OrderStore for PostgresStore {
    fn load<'a>(
        &'a self,
        key: &'a OrderKey,
    ) -> PortFuture<'a, Result<Option<Loaded<Order>>, StoreError>> {
        Box::pin(self.load_order(key))
    }

    fn commit(&self, changeset: Changeset) -> PortFuture<'_, CommitAnswer> {
        Box::pin(self.commit_changeset(changeset))
    }

    fn committed<'a>(
        &'a self,
        command_id: &'a CommandId,
    ) -> PortFuture<'a, Result<bool, StoreError>> {
        Box::pin(self.was_committed(command_id))
    }

    fn replay<'a>(
        &'a self,
        scope: &'a ReplayScope,
    ) -> PortFuture<'a, Result<Option<ReplayRecord>, StoreError>> {
        Box::pin(self.replays.ask(scope.clone(), |asked| self.find_replays(asked)))
    }

    fn epoch(&self) -> PortFuture<'_, Result<Epoch, StoreError>> {
        Box::pin(self.current_epoch())
    }

    fn list<'a>(
        &'a self,
        query: &'a OrderList,
    ) -> PortFuture<'a, Result<OrderListing, StoreError>> {
        Box::pin(self.list_orders(query))
    }
}

impl PostgresStore {
    async fn commit_changeset(&self, changeset: Changeset) -> CommitAnswer {
        if changeset.tells_too_much() {
            tracing::error!(command_id = %changeset.command_id, told = changeset.outgoing.len(),
                "commit.tells_too_much: decided and not recorded");
            return CommitAnswer::RolledBack("it tells too much".to_owned());
        }
        let sheet = match serde_json::to_string(&sheet::Sheet::of(&changeset)) {
            Ok(sheet) => sheet,
            Err(why) => return CommitAnswer::RolledBack(why.to_string()),
        };
        match shelf::wanted(&changeset).filter(|_| self.settings.merge_max > 1) {
            Some(sku) => self.commit_at_shelf(sku, sheet).await,
            None => self.commit_alone(&sheet).await,
        }
    }

    /// In a transaction of its own.
    pub(crate) async fn commit_alone(&self, sheet: &str) -> CommitAnswer {
        let done = self.rows(prepared(COMMIT).bind::<Jsonb, _>(Written(sheet))).await;
        match done.and_then(whole::one::<CommitRow>) {
            Ok(row) if row.word == "committed" => CommitAnswer::Committed,
            Ok(_) => CommitAnswer::AlreadyCommitted,
            Err(Failure::NotAsked(error)) => CommitAnswer::RolledBack(error.to_string()),
            Err(Failure::Said(error)) => errors::commit(&error),
            Err(late @ Failure::Late) => {
                CommitAnswer::OutcomeUnknown(StoreError::from(late).to_string())
            }
        }
    }

    async fn was_committed(&self, command_id: &CommandId) -> Result<bool, StoreError> {
        let statement = sql_query("SELECT effect_key FROM effects WHERE effect_key = $1")
            .bind::<Text, _>(command_id.as_str());
        let found: Option<EffectRow> = self.rows_afresh(statement).await.map(whole::maybe)?;
        Ok(found.is_some_and(|row| row.effect_key == command_id.as_str()))
    }

    /// Of each of these keys.
    async fn find_replays(&self, asked: Vec<ReplayScope>) -> Answers<Option<ReplayRecord>> {
        let sheet: Value = asked
            .iter()
            .map(|scope| {
                json!({"principal": scope.principal, "route": scope.route, "key": scope.key})
            })
            .collect();
        let rows: Vec<ReplayRow> = self.rows(prepared(REPLAYS).bind::<Jsonb, _>(sheet)).await?;
        let mut found: BTreeMap<i64, ReplayRow> =
            rows.into_iter().map(|row| (row.n, row)).collect();
        let answer = |(n, scope): (i64, &ReplayScope)| {
            found.remove(&n).map(|row| row.into_record(scope)).transpose()
        };
        Ok((1..).zip(&asked).map(answer).collect())
    }
}

/// By number, from 1. One index look-up for each, however many rows the planner expects.
const REPLAYS: &str = "\
    SELECT a.n, i.fingerprint, i.order_id, i.payment_no, i.reused, i.recorded_at \
    FROM ROWS FROM (jsonb_to_recordset($1) AS (principal text, route text, key text)) \
         WITH ORDINALITY AS a (principal, route, key, n) \
    CROSS JOIN LATERAL (SELECT i.fingerprint, i.order_id, i.payment_no, i.reused, i.recorded_at \
                        FROM idempotency i WHERE i.principal = a.principal \
                          AND i.route = a.route AND i.key = a.key OFFSET 0) i";

#[derive(QueryableByName)]
struct CommitRow {
    #[diesel(sql_type = Text)]
    word: String,
}

#[derive(QueryableByName)]
struct EffectRow {
    #[diesel(sql_type = Text)]
    effect_key: String,
}

#[derive(QueryableByName)]
struct ReplayRow {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    n: i64,
    #[diesel(sql_type = Text)]
    fingerprint: String,
    #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::Uuid>)]
    order_id: Option<uuid::Uuid>,
    #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::SmallInt>)]
    payment_no: Option<i16>,
    #[diesel(sql_type = diesel::sql_types::Bool)]
    reused: bool,
    #[diesel(sql_type = diesel::sql_types::Timestamptz)]
    recorded_at: time::OffsetDateTime,
}

impl ReplayRow {
    fn into_record(self, scope: &ReplayScope) -> Result<ReplayRecord, StoreError> {
        let payment = self.payment_no.map(|no| number(i64::from(no), "payment_no")).transpose()?;
        Ok(ReplayRecord {
            scope: scope.clone(),
            fingerprint: self.fingerprint,
            order: self.order_id.map(OrderId::new),
            payment,
            reused: self.reused,
            recorded_at: Timestamp::from_offset(self.recorded_at),
        })
    }
}
