//! What must always be true, asked of the database.

use crate::PostgresStore;
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryableByName, sql_query};
use domain::ports::{InvariantReport, Invariants, PortFuture, StoreError};

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = BigInt)]
    all: i64,
}

const STOCK: &str = "SELECT id AS subject, count(*) OVER () AS all FROM skus \
     WHERE stocked <> available + held + sold LIMIT 10";

impl Invariants for PostgresStore {
    fn check(&self) -> PortFuture<'_, Result<Vec<InvariantReport>, StoreError>> {
        Box::pin(async move {
            let rows: Vec<Found> = self.rows(sql_query(STOCK)).await?;
            Ok(vec![InvariantReport {
                id: "I21",
                says: "what was brought in is available, held or sold",
                violations: rows.first().map_or(0, |row| u64::try_from(row.all).unwrap_or(0)),
                sample: rows.into_iter().map(|row| row.subject).collect(),
            }])
        })
    }
}
