//! The order of events between "nothing" and "accepts connections". The steps live in other files.

use std::fs;

use crate::account::Account;
use crate::error::{StartError, failed};
use crate::initdb;
use crate::leftover;
use crate::lock::DirectoryLock;
use crate::obtain;
use crate::options::Options;
use crate::places::Places;
use crate::query::{self, MAINTENANCE_DATABASE};
use crate::running::RunningPostgres;
use crate::server::Server;

/// Longer names are cut by PostgreSQL, silently.
const NAME_MAX: usize = 63;

/// The way in.
#[derive(Debug, Clone, Copy)]
pub struct PrivatePostgres;

impl PrivatePostgres {
    /// Finds or obtains the programs, makes the data when there is none, starts the server, makes the
    /// database when there is none. Blocks: under a second when everything is there, some seconds when
    /// programs have to be obtained.
    ///
    /// # Errors
    /// With a message that says what to do; see [`StartError`].
    pub fn start(options: &Options<'_>) -> Result<RunningPostgres, StartError> {
        check_name(&options.database)?;
        let asked_for = &options.directory;
        fs::create_dir_all(asked_for).map_err(failed("make the directory", asked_for))?;
        let directory = asked_for.canonicalize().map_err(failed("find", asked_for))?;
        let lock = DirectoryLock::take(&directory)?;
        let (account, places) = choose_places(&directory, options)?;
        leftover::clear(&places, options.progress)?;
        if !options.durability.is_kept() && places.data.exists() {
            // Left by a run that was killed. What was never synced may hold anything.
            fs::remove_dir_all(&places.data).map_err(failed("remove", &places.data))?;
        }
        let major = initdb::existing_major(&places.data)?;
        let binaries = obtain::find_or_obtain(options, &places, major, account)?;
        if major.is_none() {
            initdb::create(&places, &binaries, account, options.durability, options.progress)?;
        }
        places.open_socket_folder(account)?;
        let mut server = Server::launch(&places, &binaries, account, options.durability)?;
        server.wait_until_ready()?;
        make_database(&places, &options.database)?;
        Ok(RunningPostgres {
            server,
            database: options.database.clone(),
            durability: options.durability,
            binaries,
            places,
            _lock: lock,
        })
    }
}

/// The user depends on who owns the data, and where the data is depends on what the user can reach.
fn choose_places(
    directory: &std::path::Path,
    options: &Options<'_>,
) -> Result<(Account, Places), StartError> {
    let first = Account::for_data(&directory.join("data"))?;
    let places = Places::choose(directory, first, options.durability, options.progress)?;
    Ok((Account::for_data(&places.data)?, places))
}

fn check_name(name: &str) -> Result<(), StartError> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(is_plain) {
        return Ok(());
    }
    Err(StartError::BadName(name.to_owned()))
}

/// The name was checked: it needs no quoting.
fn make_database(places: &Places, name: &str) -> Result<(), StartError> {
    let ask = |statement: String| {
        query::ask(&places.socket, MAINTENANCE_DATABASE, &statement)
            .map_err(|error| StartError::Refused { statement, message: error.to_string() })
    };
    let found = ask(format!("SELECT 1 FROM pg_database WHERE datname = '{name}'"))?;
    if found.is_empty() {
        ask(format!("CREATE DATABASE \"{name}\""))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_become_databases() {
        assert!(check_name("paydesk_1").is_ok());
        for bad in ["", "a b", "a'b", "Paydesk", "数据", &"x".repeat(64)] {
            assert!(matches!(check_name(bad), Err(StartError::BadName(_))), "{bad:?}");
        }
    }
}
