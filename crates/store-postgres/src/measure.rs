//! Asks the database what time it is.

use crate::prepared::prepared;
use crate::{PostgresStore, errors, whole};
use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl as _;
use domain::Timestamp;
use domain::ports::StoreError;

#[derive(QueryableByName)]
struct Now {
    #[diesel(sql_type = BigInt)]
    micros: i64,
}

impl PostgresStore {
    pub(crate) async fn measure_clock(&self) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        let asked = self.clock.local_micros();
        let now: Now =
            prepared("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS micros")
                .get_results(&mut connection)
                .await
                .and_then(whole::one)
                .map_err(errors::read)?;
        if self.clock.measured(asked, Timestamp::from_micros(now.micros)) {
            Ok(())
        } else {
            Err(StoreError::Unavailable("the database's clock takes too long to read".to_owned()))
        }
    }
}
