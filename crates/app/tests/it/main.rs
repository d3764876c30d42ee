//! The service as a whole: real sockets, real signatures, a real Postgres, the sandbox.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "tests may"
)]

mod bills;
mod books;
mod demo;
mod dev;
mod expiry;
mod notifications;
mod observed;
mod processes;
mod purchase;
mod races;
mod refunds;
mod shipping;
mod shop;
mod stock;
mod world;
