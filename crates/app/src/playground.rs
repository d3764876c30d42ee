//! What `dev`, `demo` and tests with real processes need on one machine: a private database, processes,
//! a shop with goods, and the ways in which a buyer, a merchant and the sandbox are talked to.
//!
//! Talks to the service and to the sandbox over HTTP alone, so that it shows what anybody could see.

pub mod api;
pub(crate) mod buyer;
pub mod configuration;
pub(crate) mod database;
pub(crate) mod goods;
pub(crate) mod json;
pub mod ledger;
pub mod operator_key;
pub mod process;
pub mod sandbox;
pub(crate) mod stopwatch;
