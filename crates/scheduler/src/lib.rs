//! Gives promised work to the use cases, in time and with a limit.
//!
//! Holds no rule: what a job means is in `usecases/work.rs`. Jobs are for speed; the sweep, which
//! takes no input, is for certainty.

mod alarm;
mod running;

pub use alarm::Alarm;
pub use running::{RunningScheduler, Settings, start};
