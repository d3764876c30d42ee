//! What the merchant has set for the whole shop.

use crate::book::version;
use crate::rows::corrupt;
use crate::{PostgresStore, whole};
use diesel::sql_types::{BigInt, Jsonb, Nullable, Text, Timestamptz};
use diesel::{QueryableByName, sql_query};
use domain::changeset::Audit;
use domain::delivery::{DeliveryRules, RegionFee};
use domain::ports::{PortFuture, PutAnswer, RulesInForce, ShopRules, StoreError};
use domain::{Fen, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

impl ShopRules for PostgresStore {
    fn delivery_rules(&self) -> PortFuture<'_, Result<RulesInForce, StoreError>> {
        Box::pin(async move {
            let row: Option<Row> = self.rows(sql_query(IN_FORCE)).await.map(whole::maybe)?;
            Ok(row.map(Row::into_rules).transpose()?.unwrap_or_default())
        })
    }

    fn put_delivery_rules<'a>(
        &'a self,
        rules: &'a DeliveryRules,
        expected: Option<u64>,
        audit: &'a Audit,
        now: Timestamp,
    ) -> PortFuture<'a, Result<PutAnswer<RulesInForce>, StoreError>> {
        Box::pin(self.write_delivery_rules(rules, expected, audit, now))
    }
}

impl PostgresStore {
    async fn write_delivery_rules(
        &self,
        rules: &DeliveryRules,
        expected: Option<u64>,
        audit: &Audit,
        now: Timestamp,
    ) -> Result<PutAnswer<RulesInForce>, StoreError> {
        let regions = rules.regions.iter().map(|place| {
            json!({"region": place.region, "fee_fen": place.fee.get(),
                "free_above_fen": place.free_above.map(Fen::get)})
        });
        let sql = if expected.is_some() { CHANGE } else { CREATE };
        let expected_version = expected.map(|v| i64::try_from(v).unwrap_or(i64::MAX));
        let statement = sql_query(sql)
            .bind::<BigInt, _>(rules.base.get())
            .bind::<Nullable<BigInt>, _>(rules.free_above.map(Fen::get))
            .bind::<BigInt, _>(rules.rush.get())
            .bind::<Jsonb, _>(Value::Array(regions.collect()))
            .bind::<Timestamptz, _>(now.to_offset())
            .bind::<Text, _>(&audit.actor)
            .bind::<Text, _>(&audit.cause)
            .bind::<Nullable<Text>, _>(audit.request_id.as_deref())
            .bind::<Nullable<BigInt>, _>(expected_version);
        let written: Option<Row> = self.rows(statement).await.map(whole::maybe)?;
        match (written.map(Row::into_rules).transpose()?, expected) {
            (Some(set), None) => Ok(PutAnswer::Created(set)),
            (Some(set), Some(_)) => Ok(PutAnswer::Changed(set)),
            (None, None) => Ok(PutAnswer::VersionMoved),
            (None, Some(_)) => Ok(match self.delivery_rules().await?.version {
                0 => PutAnswer::NotFound,
                _ => PutAnswer::VersionMoved,
            }),
        }
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Jsonb)]
    rules: Value,
}

impl Row {
    fn into_rules(self) -> Result<RulesInForce, StoreError> {
        let row: RulesRow =
            serde_json::from_value(self.rules).map_err(|why| corrupt(why.to_string()))?;
        row.into_rules()
    }
}

/// The rules as `to_jsonb(delivery_rules)` gives them.
#[derive(Deserialize)]
pub(crate) struct RulesRow {
    base_fen: i64,
    free_above_fen: Option<i64>,
    rush_fen: i64,
    regions: Vec<RegionRow>,
    version: i64,
}

#[derive(Deserialize)]
struct RegionRow {
    region: String,
    fee_fen: i64,
    free_above_fen: Option<i64>,
}

impl RulesRow {
    pub(crate) fn into_rules(self) -> Result<RulesInForce, StoreError> {
        let regions = self.regions.into_iter().map(|row| RegionFee {
            region: row.region,
            fee: Fen::new(row.fee_fen),
            free_above: row.free_above_fen.map(Fen::new),
        });
        Ok(RulesInForce {
            version: version(self.version)?,
            rules: DeliveryRules {
                base: Fen::new(self.base_fen),
                free_above: self.free_above_fen.map(Fen::new),
                regions: regions.collect(),
                rush: Fen::new(self.rush_fen),
            },
        })
    }
}

const IN_FORCE: &str = "SELECT to_jsonb(r) AS rules FROM delivery_rules r";

/// `$9` is not used when creating; both take the same parameters.
const CREATE: &str = "\
    WITH r AS (INSERT INTO delivery_rules \
                   (base_fen, free_above_fen, rush_fen, regions, version, set_at) \
               SELECT $1, $2, $3, $4, 1, $5 WHERE $9::bigint IS NULL \
               ON CONFLICT (is_the_one) DO NOTHING RETURNING *), \
    noted AS (INSERT INTO audit (subject, actor, cause, request_id, events, at) \
              SELECT 'delivery_rules', $6, $7, $8, jsonb_build_array(to_jsonb(r)), $5 FROM r) \
    SELECT to_jsonb(r) AS rules FROM r";

const CHANGE: &str = "\
    WITH r AS (UPDATE delivery_rules SET base_fen = $1, free_above_fen = $2, rush_fen = $3, \
                      regions = $4, version = version + 1, set_at = $5 \
               WHERE version = $9 RETURNING *), \
    noted AS (INSERT INTO audit (subject, actor, cause, request_id, events, at) \
              SELECT 'delivery_rules', $6, $7, $8, jsonb_build_array(to_jsonb(r)), $5 FROM r) \
    SELECT to_jsonb(r) AS rules FROM r";
