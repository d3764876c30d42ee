//! The exhaustive sweep (`cargo xtask sweep`, `docs/sweep.md`): for each flow's canonical script,
//! every place where something outside can fail is struck by everything that can strike it, once;
//! then, when asked to, every pair.
//!
//! ```text
//! scripts ─▶ a run without faults numbers the places ─▶ blows: what can strike each
//!            stage: one run for each (place, blow) ─▶ oracle, ending, letters ─▶ report
//! ```
//!
//! Draws nothing: a case is the same for ever.

mod blows;
pub mod cases;
mod client;
pub mod coverage;
pub mod crew;
mod ending;
pub mod pairs;
pub mod report;
pub mod scripts;
mod stage;
mod verdict;

pub use blows::{CLOCKS, Named, blows_at, named};
pub use ending::Ending;
pub use stage::{Played, Staging, play};
