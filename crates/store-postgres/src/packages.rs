//! What can be bought ahead: recharge packages.

use crate::book::version;
use crate::rows::corrupt;
use crate::{PostgresStore, whole};
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz};
use diesel::{QueryableByName, sql_query};
use domain::changeset::Audit;
use domain::ports::{PACKAGES_MAX, Packages, PortFuture, PutAnswer, StoreError};
use domain::recharge::{Credit, PackageId, Promise, RechargePackage};
use domain::{Fen, Timestamp};

impl Packages for PostgresStore {
    fn packages(&self) -> PortFuture<'_, Result<Vec<RechargePackage>, StoreError>> {
        Box::pin(async move {
            let most = i64::try_from(PACKAGES_MAX).unwrap_or(i64::MAX);
            let rows: Vec<Row> = self.rows(sql_query(EVERY).bind::<BigInt, _>(most)).await?;
            rows.into_iter().map(Row::into_package).collect()
        })
    }

    fn package<'a>(
        &'a self,
        id: &'a PackageId,
    ) -> PortFuture<'a, Result<Option<RechargePackage>, StoreError>> {
        Box::pin(async move {
            let statement = sql_query(ONE).bind::<Text, _>(id.as_str());
            let row: Option<Row> = self.rows(statement).await.map(whole::maybe)?;
            row.map(Row::into_package).transpose()
        })
    }

    fn put_package<'a>(
        &'a self,
        package: &'a RechargePackage,
        expected: Option<u64>,
        audit: &'a Audit,
    ) -> PortFuture<'a, Result<PutAnswer<RechargePackage>, StoreError>> {
        Box::pin(self.write_package(package, expected, audit))
    }
}

impl PostgresStore {
    async fn write_package(
        &self,
        package: &RechargePackage,
        expected: Option<u64>,
        audit: &Audit,
    ) -> Result<PutAnswer<RechargePackage>, StoreError> {
        let sql = if expected.is_some() { CHANGE } else { CREATE };
        let expected_version = expected.map(|v| i64::try_from(v).unwrap_or(i64::MAX));
        let statement = sql_query(sql)
            .bind::<Text, _>(package.id.as_str())
            .bind::<Text, _>(&package.title)
            .bind::<BigInt, _>(package.price.get())
            .bind::<Text, _>(package.promise.credit.name())
            .bind::<BigInt, _>(package.promise.principal)
            .bind::<BigInt, _>(package.promise.bonus)
            .bind::<Timestamptz, _>(package.set_at.to_offset())
            .bind::<Text, _>(&audit.actor)
            .bind::<Text, _>(&audit.cause)
            .bind::<Nullable<Text>, _>(audit.request_id.as_deref())
            .bind::<Nullable<BigInt>, _>(expected_version);
        let written: Option<Row> = self.rows(statement).await.map(whole::maybe)?;
        match (written.map(Row::into_package).transpose()?, expected) {
            (Some(set), None) => Ok(PutAnswer::Created(set)),
            (Some(set), Some(_)) => Ok(PutAnswer::Changed(set)),
            (None, None) => Ok(PutAnswer::VersionMoved),
            (None, Some(_)) => Ok(match self.package(&package.id).await? {
                None => PutAnswer::NotFound,
                Some(_) => PutAnswer::VersionMoved,
            }),
        }
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    title: String,
    #[diesel(sql_type = BigInt)]
    price_fen: i64,
    #[diesel(sql_type = Text)]
    credit: String,
    #[diesel(sql_type = BigInt)]
    principal: i64,
    #[diesel(sql_type = BigInt)]
    bonus: i64,
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = Timestamptz)]
    set_at: time::OffsetDateTime,
}

impl Row {
    fn into_package(self) -> Result<RechargePackage, StoreError> {
        let id = PackageId::parse(&self.id).ok_or_else(|| corrupt("a package's id"))?;
        let credit = Credit::parse(&self.credit).ok_or_else(|| corrupt("a package's credit"))?;
        Ok(RechargePackage {
            id,
            title: self.title,
            price: Fen::new(self.price_fen),
            promise: Promise { credit, principal: self.principal, bonus: self.bonus },
            version: version(self.version)?,
            set_at: Timestamp::from_offset(self.set_at),
        })
    }
}

const EVERY: &str = "SELECT * FROM recharge_packages ORDER BY id COLLATE \"C\" LIMIT $1";

const ONE: &str = "SELECT * FROM recharge_packages WHERE id = $1";

/// `$11` is not used when creating; both take the same parameters.
const CREATE: &str = "\
    WITH r AS (INSERT INTO recharge_packages \
                   (id, title, price_fen, credit, principal, bonus, version, set_at) \
               SELECT $1, $2, $3, $4, $5, $6, 1, $7 WHERE $11::bigint IS NULL \
               ON CONFLICT (id) DO NOTHING RETURNING *), \
    noted AS (INSERT INTO audit (subject, actor, cause, request_id, events, at) \
              SELECT 'recharge_package:' || id, $8, $9, $10, jsonb_build_array(to_jsonb(r)), $7 FROM r) \
    SELECT * FROM r";

const CHANGE: &str = "\
    WITH r AS (UPDATE recharge_packages SET title = $2, price_fen = $3, credit = $4, principal = $5, \
                      bonus = $6, version = version + 1, set_at = $7 \
               WHERE id = $1 AND version = $11 RETURNING *), \
    noted AS (INSERT INTO audit (subject, actor, cause, request_id, events, at) \
              SELECT 'recharge_package:' || id, $8, $9, $10, jsonb_build_array(to_jsonb(r)), $7 FROM r) \
    SELECT * FROM r";
