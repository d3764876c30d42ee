//! The clock that follows the database, so that a node whose own clock is wrong decides nothing.
//!
//! Between two measurements it goes on by a clock that is never set: when this machine's own is set
//! meanwhile, nobody is late or early by that.

use domain::Timestamp;
use domain::ports::{Clock, PortFuture};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A measurement that took longer says too little, in microseconds.
const TRIP_MAX: i64 = 2_000_000;

/// The database's time: how long this process has run, and a measured offset.
#[derive(Debug)]
pub struct StoreClock {
    begun: Instant,
    /// What this machine's clock said then. Only the first measurement ever builds on it.
    begun_micros: i64,
    offset: AtomicI64,
    business: AtomicI64,
}

impl Default for StoreClock {
    fn default() -> StoreClock {
        #[expect(clippy::disallowed_methods, reason = "the one place that asks this machine")]
        let (begun, wall) = (Instant::now(), SystemTime::now());
        let since = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
        let begun_micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
        let (offset, business) = (AtomicI64::default(), AtomicI64::default());
        StoreClock { begun, begun_micros, offset, business }
    }
}

impl StoreClock {
    /// Moves business time away from real time: where it follows a sandbox's clock.
    pub fn set_business_offset_micros(&self, offset: i64) {
        self.business.store(offset, Ordering::Relaxed);
    }

    /// A clock of this process that only goes forward, in microseconds.
    pub(crate) fn local_micros(&self) -> i64 {
        let run = i64::try_from(self.begun.elapsed().as_micros()).unwrap_or(i64::MAX);
        self.begun_micros.saturating_add(run)
    }

    /// The database said `store` between `asked` and now.
    /// Whether that says enough.
    pub(crate) fn measured(&self, asked: i64, store: Timestamp) -> bool {
        let answered = self.local_micros();
        let trip = answered.saturating_sub(asked);
        let useful = (0..=TRIP_MAX).contains(&trip);
        if useful {
            let middle = asked.saturating_add(trip / 2);
            self.offset.store(store.micros().saturating_sub(middle), Ordering::Relaxed);
        }
        useful
    }
}

impl Clock for StoreClock {
    fn now(&self) -> Timestamp {
        let business = self.business.load(Ordering::Relaxed);
        Timestamp::from_micros(self.real().micros().saturating_add(business))
    }

    fn real(&self) -> Timestamp {
        let offset = self.offset.load(Ordering::Relaxed);
        Timestamp::from_micros(self.local_micros().saturating_add(offset))
    }

    fn running_millis(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn sleep_millis(&self, millis: u64) -> PortFuture<'_, ()> {
        #[expect(clippy::disallowed_methods, reason = "the port through which others wait")]
        Box::pin(tokio::time::sleep(Duration::from_millis(millis)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A node whose own clock is days off decides by the database's (race R16).
    #[test]
    fn what_the_database_says_counts_however_wrong_this_machine_is() {
        for wrong_by_s in [-86_400, 0, 86_400] {
            let clock = StoreClock::default();
            let database = Timestamp::from_micros(clock.local_micros()).plus_seconds(wrong_by_s);
            assert!(clock.measured(clock.local_micros(), database));
            let error_ms = clock.now().millis_since(database).abs();
            assert!(error_ms < 1_000, "{error_ms} ms off");
        }
    }

    #[test]
    fn a_slow_answer_says_too_little() {
        let clock = StoreClock::default();
        let asked = clock.local_micros() - TRIP_MAX - 1;
        let before = clock.now();
        assert!(!clock.measured(asked, before.plus_seconds(86_400)));
        assert!(clock.now().seconds_since(before) < 60);
    }
}
