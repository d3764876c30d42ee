//! The time that a player measures and waits. Decides nothing about orders.

use std::time::{Duration, Instant};

/// Runs from its start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "a player's own stopwatch, decides nothing")]
    pub(crate) fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// Waits.
#[expect(clippy::disallowed_methods, reason = "a shell: a player waits between two looks")]
pub(crate) async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// Real time, for signatures.
#[expect(clippy::disallowed_methods, reason = "a shell: what is signed carries the real time")]
pub(crate) fn unix_seconds() -> i64 {
    time::OffsetDateTime::now_utc().unix_timestamp()
}
