//! Asks the database what time it is.

use crate::prepared::prepared;
use crate::{PostgresStore, whole};
use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use domain::Timestamp;
use domain::ports::StoreError;

#[derive(QueryableByName)]
struct Now {
    #[diesel(sql_type = BigInt)]
    micros: i64,
}

impl PostgresStore {
    pub(crate) async fn measure_clock(&self) -> Result<(), StoreError> {
        let statement =
            prepared("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS micros");
        let (asked, rows) = self.rows_since(statement).await?;
        let now: Now = whole::one(rows)?;
        if self.clock.measured(asked, Timestamp::from_micros(now.micros)) {
            Ok(())
        } else {
            Err(StoreError::Unavailable("the database's clock takes too long to read".to_owned()))
        }
    }
}
