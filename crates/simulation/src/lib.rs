//! The simulation: production's use cases and WeChat Pay client, unchanged, on a machine where time
//! is virtual, chance comes from a seed, and everything outside can fail (`docs/simulation.md`).
//!
//! ```text
//! tape ─▶ kernel ─▶ world ── actors: buyers, operators, forgers
//!  every   virtual    │      node: Paydesk over ports that fail (front, worker, store, transport)
//!  choice  time,      │      wechat: the sandbox's core, and what is true
//!          tasks      └───── oracle: watches every commit, call and answer
//!                            chronicle: timeline, marks, matrix, violation
//! ```
//!
//! May depend on everything it plays with, and nothing may depend on it: it is not shipped. Start at
//! [`run::play`].

pub mod actors;
mod beside;
pub mod bulk;
mod canary;
pub mod chronicle;
mod ids;
pub mod kernel;
pub mod marks;
pub mod matrix;
pub mod mistakes;
mod morning;
pub mod node;
pub mod oracle;
mod our_keys;
pub mod plan;
pub mod report;
pub mod run;
pub mod setup;
pub mod shrink;
pub mod sweep;
pub mod tape;
pub mod time;
pub mod wechat;
pub mod world;
