//! Keeps measuring the database's clock, so that an idle process does not drift away; tells when it
//! last could.

use std::sync::Arc;
use std::time::Duration;
use store_postgres::PostgresStore;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const EVERY: Duration = Duration::from_secs(10);

/// When the clock was last measured.
pub(super) struct Pulse(watch::Receiver<Instant>);

impl Pulse {
    pub(super) fn last(&self) -> Option<Instant> {
        Some(*self.0.borrow())
    }
}

/// `store` has measured its clock just now, when it connected.
pub(super) fn start(store: &Arc<PostgresStore>, stop: CancellationToken) -> Pulse {
    let store = Arc::clone(store);
    let (measured, pulse) = watch::channel(Instant::now());
    let beat = async move {
        let mut ticks = tokio::time::interval(EVERY);
        loop {
            ticks.tick().await;
            match store.ping().await {
                Ok(()) => drop(measured.send_replace(Instant::now())),
                Err(error) => tracing::warn!(error = %error, "the database does not answer"),
            }
        }
    };
    super::in_background(beat, stop);
    Pulse(pulse)
}
