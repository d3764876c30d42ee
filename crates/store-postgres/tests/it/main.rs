//! The Postgres store keeps the ports' contracts, at both isolation levels, and what only a real
//! server can show.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    reason = "tests may"
)]

mod conformance;
mod coupon_rules;
mod epochs;
mod gathered;
mod generated;
mod half_open;
mod invariants;
mod job_rows;
mod ledger_laws;
mod ledger_rows;
mod migrations;
mod outcomes;
mod privacy;
mod proxy;
mod refund_rules;
mod schema;
mod shelf;
mod shelf_guards;
mod shelf_locks;
mod support;
mod vitals;
