//! The torturer's own time: it waits and measures. Decides nothing about orders.

use std::time::{Duration, Instant};
use tokio::time::Timeout;

/// Runs from its start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "a shell: the torturer's own stopwatch")]
    pub(crate) fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    /// Whether this one was started before the other.
    pub(crate) fn is_before(self, other: Stopwatch) -> bool {
        self.0 < other.0
    }
}

/// Waits.
#[expect(clippy::disallowed_methods, reason = "a shell: the torturer waits between two acts")]
pub(crate) async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// Waits so many milliseconds.
pub(crate) async fn pause_ms(millis: u64) {
    pause(Duration::from_millis(millis)).await;
}

/// What `future` comes to, unless that takes longer.
pub(crate) fn within<F: Future>(limit: Duration, future: F) -> Timeout<F> {
    tokio::time::timeout(limit, future)
}
