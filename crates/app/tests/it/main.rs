//! The service as a whole: real sockets, real signatures, a real Postgres, the sandbox.

mod notifications;
mod purchase;
mod stock;
mod world;
