//! What can go wrong, in words for the person who typed the command. Decides nothing.

use std::io;
use std::path::{Path, PathBuf};

/// Why a private server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another program uses this directory: stop it, or choose another directory.
    #[error(
        "{} is in use by process {holder}: stop that process, or choose another directory",
        directory.display()
    )]
    InUse {
        /// The directory that was asked for.
        directory: PathBuf,
        /// The process id that the other program wrote down, or `(unknown)`.
        holder: String,
    },
    /// The data was made by a major version that could not be found: only the person can choose.
    #[error(
        "{} was made by PostgreSQL {major}, and no programs of that version could be had.\n\
         Install PostgreSQL {major}, or set PAYDESK_POSTGRES_BIN to its bin folder, or move that \
         directory away to begin with empty data.\n{tried}",
        data.display()
    )]
    OtherVersion {
        /// The data directory.
        data: PathBuf,
        /// The major version that made it.
        major: u32,
        /// One line for each thing that was tried.
        tried: String,
    },
    /// No server programs here and none could be obtained: someone has to install one.
    #[error(
        "no PostgreSQL server programs were found, and none could be obtained:\n{tried}\n\
         Do one of these, then try again:\n\
         \x20 - install PostgreSQL {} or newer with the system's package manager\n\
         \x20 - set PAYDESK_POSTGRES_BIN to the folder that holds `postgres` and `initdb`\n\
         \x20 - use a database of your own: set DATABASE_URL",
        crate::binaries::OLDEST_MAJOR
    )]
    NoServer {
        /// One line for each thing that was tried.
        tried: String,
    },
    /// The data directory belongs to someone else.
    #[error(
        "{} belongs to user {owner}, so this user cannot run a server on it: \
         use that user, or choose another directory",
        path.display()
    )]
    Foreign {
        /// What belongs to someone else.
        path: PathBuf,
        /// The owner's number.
        owner: u32,
    },
    /// Run by root, and neither the user `postgres` nor `nobody` exists to run the server.
    #[error(
        "PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody` to run it \
         instead: make one (`useradd --system postgres`) or start as a normal user"
    )]
    NoUser,
    /// The database name has characters that would need quoting.
    #[error("{0:?} cannot be a database name here: use 1 to 63 of a-z, 0-9 and _")]
    BadName(String),
    /// A server of an earlier start still holds the data and does not end.
    #[error("process {pid} still works in {} and does not end: stop it, then try again", data.display())]
    Stuck {
        /// The data directory.
        data: PathBuf,
        /// The process.
        pid: u32,
    },
    /// One of the server's own programs failed; its words are the explanation.
    #[error("{program} failed: {output}")]
    Program {
        /// Which one.
        program: &'static str,
        /// The end of what it printed.
        output: String,
    },
    /// The server answered with an error of its own.
    #[error("the new server refused {statement:?}: {message}")]
    Refused {
        /// What was asked.
        statement: String,
        /// Its answer.
        message: String,
    },
    /// The file system, or the start of a process, failed.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// What was being done.
        what: &'static str,
        /// To what.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// Why a running server could not be stopped.
#[derive(Debug, thiserror::Error)]
#[error("process {pid} did not end, not even when killed")]
pub struct StopError {
    /// The server's process.
    pub pid: u32,
}

/// `map_err(failed("make the directory", path))`.
pub(crate) fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StartError {
    let path = path.to_owned();
    move |source| StartError::Io { what, path, source }
}
