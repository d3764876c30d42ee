//! Time, as the one who measures sees it. The only place here that reads a clock.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Started when it is made.
#[derive(Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
    pub(crate) fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// Seconds since 1970: signatures carry them.
#[expect(clippy::disallowed_methods, reason = "WeChat Pay signs with the real time")]
pub(crate) fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[expect(clippy::disallowed_methods, reason = "a program of its own waits for others")]
pub(crate) async fn pause(how_long: Duration) {
    tokio::time::sleep(how_long).await;
}

/// Nanoseconds, saturating after five centuries.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
