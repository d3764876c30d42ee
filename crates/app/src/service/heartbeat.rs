//! Keeps measuring the database's clock, so that an idle process does not drift away.

use std::sync::Arc;
use std::time::Duration;
use store_postgres::PostgresStore;
use tokio_util::sync::CancellationToken;

const EVERY: Duration = Duration::from_secs(10);

pub(super) fn start(store: &Arc<PostgresStore>, stop: CancellationToken) {
    let store = Arc::clone(store);
    let beat = async move {
        let mut ticks = tokio::time::interval(EVERY);
        loop {
            ticks.tick().await;
            if let Err(error) = store.ping().await {
                tracing::warn!(error = %error, "the database does not answer");
            }
        }
    };
    let task = async move {
        tokio::select! {
            () = beat => {}
            () = stop.cancelled() => {}
        }
    };
    #[expect(clippy::disallowed_methods, reason = "a shell: a background task of the service")]
    drop(tokio::spawn(task));
}
