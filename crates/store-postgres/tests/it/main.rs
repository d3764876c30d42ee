//! The Postgres store keeps the ports' contracts, at both isolation levels, and what only a real
//! server can show.

mod conformance;
mod outcomes;
mod schema;
mod support;
