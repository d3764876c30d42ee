//! What `dev` and `demo` need on one machine: a private database, a shop with goods, and the ways in
//! which a buyer, a merchant and the sandbox are talked to.
//!
//! Talks to the service and to the sandbox over HTTP alone, so that it shows what anybody could see.

pub(crate) mod api;
pub(crate) mod buyer;
pub(crate) mod database;
pub(crate) mod goods;
pub(crate) mod json;
pub(crate) mod ledger;
pub(crate) mod operator_key;
pub(crate) mod sandbox;
pub(crate) mod stopwatch;
