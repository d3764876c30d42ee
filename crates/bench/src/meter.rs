//! Watches the processes while something is measured: who used the cores, and how much memory.

use crate::procfs::{cpu, cpu_with_children, resident_kib};
use crate::rig::Rig;
use crate::stopwatch::{Stopwatch, pause};
use anyhow::Result;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;

const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Is watching.
pub(crate) struct Meter {
    service: u32,
    postgres: u32,
    begun: [Duration; 3],
    watch: Stopwatch,
    peak_kib: Arc<AtomicU64>,
    // Stops looking when dropped.
    _looking: JoinSet<()>,
}

/// What was seen.
#[derive(Clone, Copy, Default)]
pub(crate) struct Used {
    pub(crate) elapsed: Duration,
    /// CPU time of the service, of PostgreSQL with all its processes, and of this process: the load
    /// generator and the sandbox.
    pub(crate) service: Duration,
    pub(crate) postgres: Duration,
    pub(crate) load: Duration,
    /// The service's memory at its highest.
    pub(crate) peak_kib: u64,
}

impl Meter {
    pub(crate) fn start(rig: &Rig) -> Result<Meter> {
        let (service, postgres) = (rig.service.pid, rig.postgres.pid());
        let peak_kib = Arc::new(AtomicU64::new(0));
        let mut looking = JoinSet::new();
        let highest = Arc::clone(&peak_kib);
        looking.spawn(async move {
            while let Ok(now) = resident_kib(service) {
                highest.fetch_max(now, Ordering::Relaxed);
                pause(LOOK_EVERY).await;
            }
        });
        let (begun, watch) = (spent(service, postgres)?, Stopwatch::start());
        Ok(Meter { service, postgres, begun, watch, peak_kib, _looking: looking })
    }

    pub(crate) fn stop(self) -> Result<Used> {
        let elapsed = self.watch.elapsed();
        let now = spent(self.service, self.postgres)?;
        let since = |place: usize| now[place].saturating_sub(self.begun[place]);
        self.peak_kib.fetch_max(resident_kib(self.service)?, Ordering::Relaxed);
        let peak_kib = self.peak_kib.load(Ordering::Relaxed);
        Ok(Used { elapsed, service: since(0), postgres: since(1), load: since(2), peak_kib })
    }
}

fn spent(service: u32, postgres: u32) -> Result<[Duration; 3]> {
    Ok([cpu(service)?, cpu_with_children(postgres)?, cpu(std::process::id())?])
}

impl Used {
    /// Two windows as one.
    pub(crate) fn and(self, other: Used) -> Used {
        Used {
            elapsed: self.elapsed.saturating_add(other.elapsed),
            service: self.service.saturating_add(other.service),
            postgres: self.postgres.saturating_add(other.postgres),
            load: self.load.saturating_add(other.load),
            peak_kib: self.peak_kib.max(other.peak_kib),
        }
    }
}

/// In cores: `0.61+0.90+0.30`, in the order service, PostgreSQL, load.
impl fmt::Display for Used {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cores = |spent: Duration| {
            let all = self.elapsed.as_micros().max(1);
            let hundredths = spent.as_micros().saturating_mul(100) / all;
            format!("{}.{:02}", hundredths / 100, hundredths % 100)
        };
        write!(f, "{}+{}+{}", cores(self.service), cores(self.postgres), cores(self.load))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn use_is_shown_in_cores() {
        let used = Used {
            elapsed: Duration::from_secs(2),
            service: Duration::from_millis(500),
            postgres: Duration::from_secs(2),
            ..Used::default()
        };
        assert_eq!(used.to_string(), "0.25+1.00+0.00");
        assert_eq!(used.and(used).to_string(), "0.25+1.00+0.00");
    }
}
