//! One input, given to a reader once: what came of it, what it cost, and what of that is too much.

use std::cell::RefCell;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use super::target::{Reader, Verdict};

/// How memory is counted: by whoever is the allocator of the program.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// Begins to count anew.
    pub reset: fn(),
    /// What is held now, in bytes.
    pub held: fn() -> usize,
    /// The most that was held since it began, in bytes.
    pub peak: fn() -> usize,
}

/// What one input may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Of this thread's own time: a machine that has other things to do makes nothing longer.
    pub cpu: Duration,
    /// Held at once.
    pub bytes: usize,
}

impl Limits {
    /// 100 ms and 64 MiB.
    pub const USUAL: Self = Self { cpu: Duration::from_millis(100), bytes: 67_108_864 };
}

/// What came of an input.
#[derive(Debug)]
pub struct Execution {
    /// What the reader said, or how it panicked.
    pub said: Result<Verdict, String>,
    /// CPU time of this thread.
    pub cpu: Duration,
    /// The most memory that it held at once, in bytes.
    pub bytes: usize,
}

/// What must not happen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Where, and with which words.
    Panic(String),
    /// It took so much CPU time.
    Hang(Duration),
    /// It held so many bytes.
    Memory(usize),
}

impl Execution {
    /// What is wrong with it.
    #[must_use]
    pub fn fault(&self, limits: Limits) -> Option<Fault> {
        match &self.said {
            Err(panic) => Some(Fault::Panic(panic.clone())),
            Ok(_) if self.bytes > limits.bytes => Some(Fault::Memory(self.bytes)),
            Ok(_) if self.cpu > limits.cpu => Some(Fault::Hang(self.cpu)),
            Ok(_) => None,
        }
    }
}

impl Fault {
    /// The kind alone.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Panic(_) => "panic",
            Self::Hang(_) => "hang",
            Self::Memory(_) => "memory",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panic(words) => write!(formatter, "panicked: {words}"),
            Self::Hang(cpu) => write!(formatter, "took {} ms of CPU time", cpu.as_millis()),
            Self::Memory(bytes) => write!(formatter, "held {} MiB", bytes / 1_048_576),
        }
    }
}

thread_local! {
    static PANICKED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Panics of this program are remembered and not printed, from now on.
pub fn quiet_panics() {
    panic::set_hook(Box::new(|info| PANICKED.set(Some(info.to_string()))));
}

/// Gives the input to the reader. What takes too long is measured again: the first time may have had to prepare something.
pub fn execute(reader: Reader, input: &[u8], limits: Limits, memory: Memory) -> Execution {
    let mut best = once(reader, input, memory);
    for _ in 0..2 {
        if best.cpu <= limits.cpu || best.said.is_err() {
            break;
        }
        let again = once(reader, input, memory);
        if again.cpu < best.cpu {
            best = again;
        }
    }
    best
}

fn once(reader: Reader, input: &[u8], memory: Memory) -> Execution {
    (memory.reset)();
    let held = (memory.held)();
    let began = thread_time();
    let said = panic::catch_unwind(AssertUnwindSafe(|| reader(input)));
    let cpu = thread_time().saturating_sub(began);
    let bytes = (memory.peak)().saturating_sub(held);
    let said = said.map_err(|_panic| PANICKED.take().unwrap_or_else(|| "without words".to_owned()));
    Execution { said, cpu, bytes }
}

/// CPU time of this thread. Where there is none it stands still, and nothing takes too long.
fn thread_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}
