//! How long everything is measured: long enough to be worth something, or quickly.

use std::time::Duration;

/// The sizes of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// How often ours and the limit take turns.
    pub(crate) rounds: u32,
    /// How long one turn should take.
    pub(crate) window: Duration,
    /// Orders for notifications, and orders for `pgbench` to settle.
    pub(crate) notices: u32,
    pub(crate) changes: u32,
    /// How often the service is started.
    pub(crate) starts: u32,
    /// How long a CPU floor is measured.
    pub(crate) floor: Duration,
}

/// What is measured with how many connections.
pub(crate) const NOTICE_CONNECTIONS: [usize; 3] = [1, 8, 32];
pub(crate) const PREPAY_CONNECTIONS: [usize; 2] = [8, 32];
pub(crate) const READ_CONNECTIONS: [usize; 2] = [8, 32];
/// Of so many buyers the goal for one wanted SKU speaks: fewer are no crowd.
pub(crate) const CROWD: usize = 256;
pub(crate) const HOT_CONNECTIONS: [usize; 2] = [32, CROWD];
/// Sent before anything is timed, so that connections are open and statements prepared.
pub(crate) const WARM_UP: u64 = 320;

impl Plan {
    /// Under two minutes.
    pub(crate) fn quick() -> Plan {
        Plan {
            rounds: 1,
            window: Duration::from_secs(2),
            notices: 6_000,
            changes: 10_000,
            starts: 3,
            floor: Duration::from_millis(250),
        }
    }

    /// Under six minutes.
    pub(crate) fn full() -> Plan {
        Plan {
            rounds: 3,
            window: Duration::from_secs(3),
            notices: 22_000,
            changes: 34_000,
            starts: 9,
            floor: Duration::from_secs(1),
        }
    }
}
