//! What must be well before money can be taken.

use domain::ports::PortFuture;
use http_api::{Readiness, Ready};
use std::sync::Arc;
use std::time::Duration;
use store_postgres::PostgresStore;

/// A check that takes longer has failed.
const WITHIN: Duration = Duration::from_secs(2);

/// The service's own checks. Keys are not asked about: without them it does not start.
pub(super) struct ServiceReady {
    pub(super) store: Arc<PostgresStore>,
}

impl Ready for ServiceReady {
    fn check(&self) -> PortFuture<'_, Vec<Readiness>> {
        Box::pin(async move {
            let answered = tokio::time::timeout(WITHIN, self.store.ping()).await;
            vec![Readiness { name: "database", ok: matches!(answered, Ok(Ok(()))) }]
        })
    }
}
