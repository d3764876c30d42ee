//! A clock that moves when it is told to.

use domain::Timestamp;
use domain::ports::{Clock, PortFuture};
use std::sync::atomic::{AtomicI64, Ordering};

/// Stands still until it is moved. Waiting takes no time and moves nothing.
#[derive(Debug)]
pub struct TestClock {
    micros: AtomicI64,
}

impl TestClock {
    /// Shows `now`.
    pub fn at(now: Timestamp) -> TestClock {
        TestClock { micros: AtomicI64::new(now.micros()) }
    }

    /// Moves on.
    pub fn advance_s(&self, seconds: i64) {
        self.micros.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Default for TestClock {
    /// Ten in the morning in Beijing.
    fn default() -> TestClock {
        TestClock::at(crate::sample::start())
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.micros.load(Ordering::SeqCst))
    }

    fn real(&self) -> Timestamp {
        self.now()
    }

    fn sleep_millis(&self, _millis: u64) -> PortFuture<'_, ()> {
        Box::pin(tokio::task::yield_now())
    }
}
