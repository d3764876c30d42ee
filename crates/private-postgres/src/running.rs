//! A private server that runs. Dropping it stops it; so does the death of this process.

use std::path::{Path, PathBuf};

use crate::binaries::Binaries;
use crate::error::StopError;
use crate::lock::DirectoryLock;
use crate::options::Durability;
use crate::places::Places;
use crate::query::{MAINTENANCE_DATABASE, USER};
use crate::server::Server;

/// A server that accepts connections on its Unix socket.
#[derive(Debug)]
pub struct RunningPostgres {
    // Fields are dropped in this order: the lock is given back only when the server has stopped.
    pub(crate) server: Server,
    pub(crate) database: String,
    pub(crate) durability: Durability,
    pub(crate) binaries: Binaries,
    pub(crate) places: Places,
    pub(crate) _lock: DirectoryLock,
}

impl RunningPostgres {
    /// Where clients connect: `postgres://paydesk@%2Fpath%2Fto%2Fsocket/database`.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of(&self.database)
    }

    /// The same for the database that always exists, from which others are made.
    #[must_use]
    pub fn maintenance_url(&self) -> String {
        self.url_of(MAINTENANCE_DATABASE)
    }

    /// The version of the server, for example `15.18`.
    #[must_use]
    pub fn version(&self) -> String {
        self.binaries.version.to_string()
    }

    /// The folder of its programs.
    #[must_use]
    pub fn programs(&self) -> &Path {
        &self.binaries.folder
    }

    /// Where its data, its log and obtained programs are: the directory that was asked for, unless the
    /// server's user cannot reach that one.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.places.home
    }

    /// What the server says.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.places.log.clone()
    }

    /// The process id of the server, for tests that kill it.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// Stops the server and waits for its end. Committed data stays.
    ///
    /// # Errors
    /// When the process does not end even when it is killed.
    pub fn stop(mut self) -> Result<(), StopError> {
        self.server.stop()
    }

    fn url_of(&self, database: &str) -> String {
        let host = percent_encoded(&self.places.socket);
        format!("postgres://{USER}@{host}/{database}")
    }
}

impl Drop for RunningPostgres {
    /// Leaves no litter; what cannot be removed is harmless, since every start makes it anew.
    fn drop(&mut self) {
        if self.server.stop().is_err() {
            return;
        }
        std::fs::remove_dir(&self.places.socket).unwrap_or_default();
        if !self.durability.is_kept() {
            std::fs::remove_dir_all(&self.places.data).unwrap_or_default();
        }
    }
}

/// Encodes everything but letters, digits and `-._~`, so that a path can be a host name.
fn percent_encoded(path: &Path) -> String {
    path.as_os_str()
        .as_encoded_bytes()
        .iter()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(*byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_folder_becomes_one_host_name() {
        assert_eq!(percent_encoded(Path::new("/a b/c-1.d")), "%2Fa%20b%2Fc-1.d");
    }
}
