//! The launcher against real servers: what is committed survives every way to die.
//!
//! Each test has its own directory and its own server, so they run side by side.

mod deaths;
mod folders;
mod owner;
mod starting;

pub(crate) use folders::{Folder, set_mode};

use crate::{Durability, Options, PrivatePostgres, RunningPostgres, StartError};

/// Starts a server in a folder with what this machine has.
fn start_in(folder: &Folder, durability: Durability) -> Result<RunningPostgres, StartError> {
    let progress = |line: &str| eprintln!("{line}");
    PrivatePostgres::start(&Options::from_environment(
        folder.path().to_owned(),
        "shop",
        durability,
        &progress,
    ))
}

/// Asks the database `shop` of a server.
fn ask(server: &RunningPostgres, statement: &str) -> Vec<Vec<String>> {
    crate::query::ask(&server.places.socket, "shop", statement).unwrap()
}

const WRITE: &str = "CREATE TABLE paid (fen bigint); INSERT INTO paid VALUES (4200)";
const READ: &str = "SELECT fen FROM paid";
