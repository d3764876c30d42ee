//! What tests of several crates share: databases, clocks, ids, samples, the conformance suite.
//!
//! For tests only; nothing that is shipped may depend on it. Tests may panic, so this may.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
#![allow(clippy::wildcard_enum_match_arm, clippy::cognitive_complexity)]

pub mod busy_shop;
pub mod clock;
pub mod commands;
pub mod conformance;
pub mod database;
pub mod generated;
pub mod ids;
pub mod sample;

pub use clock::TestClock;
pub use database::TestDatabase;
pub use ids::TestIds;
