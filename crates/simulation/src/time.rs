//! Clocks: the world's true time, the store's, and each node's own, which may be wrong.

use crate::kernel::Kernel;
use domain::Timestamp;
use domain::ports::{Clock, PortFuture};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use time::OffsetDateTime;

/// When every world begins: 2026-11-21T02:00:00Z, ten in the morning in Beijing.
const BEGIN_MICROS: i64 = 1_795_226_400_000_000;
/// A measurement of the store's clock that took longer says too little, as in production.
pub const TRIP_MAX: i64 = 2_000_000;

/// A second, in microseconds.
pub const SECOND: i64 = 1_000_000;
/// A millisecond, in microseconds.
pub const MILLI: i64 = 1_000;

/// The instant at `micros` since the world began.
#[must_use]
pub fn instant(micros: i64) -> Timestamp {
    Timestamp::from_micros(BEGIN_MICROS.saturating_add(micros))
}

/// Microseconds since the world began.
#[must_use]
pub fn micros(at: Timestamp) -> i64 {
    at.micros().saturating_sub(BEGIN_MICROS)
}

/// The same instant as WeChat Pay's core takes it.
#[must_use]
pub fn offset(at: Timestamp) -> OffsetDateTime {
    at.to_offset()
}

/// The store's clock. It may differ from WeChat Pay's, which is true.
#[derive(Debug)]
pub struct StoreTime {
    kernel: Arc<Kernel>,
    began: i64,
    ahead: AtomicI64,
}

impl StoreTime {
    /// A store whose clock is `ahead` microseconds ahead of the truth.
    #[must_use]
    pub fn new(kernel: Arc<Kernel>, ahead: i64) -> StoreTime {
        StoreTime { kernel, began: ahead, ahead: AtomicI64::new(ahead) }
    }

    /// How far it was ahead until it was put right, in microseconds. Who measured it before may go on by
    /// that.
    #[must_use]
    pub fn began_ahead(&self) -> i64 {
        self.began
    }

    /// Puts the clock right.
    pub fn correct(&self) {
        self.ahead.store(0, Ordering::Relaxed);
    }

    /// How far it is ahead, in microseconds.
    #[must_use]
    pub fn ahead(&self) -> i64 {
        self.ahead.load(Ordering::Relaxed)
    }
}

impl Clock for StoreTime {
    fn now(&self) -> Timestamp {
        self.real()
    }

    fn real(&self) -> Timestamp {
        instant(self.kernel.now().saturating_add(self.ahead()))
    }

    fn sleep_millis(&self, millis: u64) -> PortFuture<'_, ()> {
        Box::pin(self.kernel.sleep(of_millis(millis)))
    }
}

/// The clock of one machine that only goes forward: it began anywhere, and drifts. What a time
/// service does to the machine's wall clock does not reach it.
#[derive(Debug)]
pub struct Machine {
    kernel: Arc<Kernel>,
    began: i64,
    /// Microseconds gained in every second.
    drift: i64,
}

impl Machine {
    /// A machine whose clock is ahead by `began` microseconds and gains `drift` every second.
    #[must_use]
    pub fn new(kernel: Arc<Kernel>, began: i64, drift: i64) -> Machine {
        Machine { kernel, began, drift }
    }

    /// How far it is ahead of the truth.
    #[must_use]
    pub fn ahead(&self) -> i64 {
        let drifted = (self.kernel.now() / MILLI).saturating_mul(self.drift) / 1_000;
        self.began.saturating_add(drifted)
    }

    /// What it shows.
    #[must_use]
    pub fn shows(&self) -> i64 {
        instant(self.kernel.now()).micros().saturating_add(self.ahead())
    }
}

/// The clock of one life of one node: its machine's, corrected by what the store's loads told, with
/// the arithmetic of production (`store-postgres/clock.rs`).
#[derive(Debug)]
pub struct NodeClock {
    machine: Arc<Machine>,
    offset: AtomicI64,
}

impl NodeClock {
    /// Not measured yet.
    #[must_use]
    pub fn new(machine: Arc<Machine>) -> NodeClock {
        NodeClock { machine, offset: AtomicI64::new(0) }
    }

    /// What the machine shows, in microseconds.
    #[must_use]
    pub fn local(&self) -> i64 {
        self.machine.shows()
    }

    /// The store said `store` between `asked` and now. Whether that says enough.
    pub fn measured(&self, asked: i64, store: Timestamp) -> bool {
        let trip = self.local().saturating_sub(asked);
        let useful = (0..=TRIP_MAX).contains(&trip);
        if useful {
            let middle = asked.saturating_add(trip / 2);
            self.offset.store(store.micros().saturating_sub(middle), Ordering::Relaxed);
        }
        useful
    }
}

impl Clock for NodeClock {
    fn now(&self) -> Timestamp {
        self.real()
    }

    fn real(&self) -> Timestamp {
        let offset = self.offset.load(Ordering::Relaxed);
        Timestamp::from_micros(self.local().saturating_add(offset))
    }

    fn running_millis(&self) -> u64 {
        u64::try_from(self.local() / MILLI).unwrap_or(0)
    }

    fn sleep_millis(&self, millis: u64) -> PortFuture<'_, ()> {
        Box::pin(self.machine.kernel.sleep(of_millis(millis)))
    }
}

fn of_millis(millis: u64) -> i64 {
    i64::try_from(millis).unwrap_or(i64::MAX).saturating_mul(MILLI)
}
