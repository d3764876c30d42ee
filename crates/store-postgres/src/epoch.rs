//! Which life of the database this is.
//!
//! Postgres begins another timeline when a standby is promoted, and with it acknowledged commits may be
//! lost. A dump that is restored begins none: then an operator raises a count by hand. Both together name
//! the epoch. Asked of the primary alone: a standby that is asked fails.

use crate::prepared::prepared;
use crate::{PostgresStore, whole};
use diesel::QueryableByName;
use diesel::sql_types::Text;
use domain::Epoch;
use domain::ports::StoreError;

const TIMELINE: &str = "SELECT paydesk_timeline() AS timeline";

#[derive(QueryableByName)]
struct Timeline {
    #[diesel(sql_type = Text)]
    timeline: String,
}

impl PostgresStore {
    /// The epoch of Postgres' `timeline`: eight hexadecimal digits, as its WAL files are named.
    pub(crate) fn epoch_of(&self, timeline: &str) -> Epoch {
        Epoch::new(format!("{timeline}.{}", self.settings.epoch))
    }

    pub(crate) async fn current_epoch(&self) -> Result<Epoch, StoreError> {
        let now: Timeline = self.rows(prepared(TIMELINE)).await.and_then(whole::one)?;
        Ok(self.epoch_of(&now.timeline))
    }
}
