//! Where the files of one private server are. Makes and protects folders; starts nothing.

use std::fs::{self, DirBuilder, Permissions};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::error::{StartError, failed};
use crate::options::Durability;

/// The kernel's limit for the path of a Unix socket.
const SOCKET_PATH_MAX: usize = if cfg!(target_os = "linux") { 107 } else { 103 };
/// Clients look for this file name in the folder that the URL names.
pub(crate) const SOCKET_NAME: &str = ".s.PGSQL.5432";

/// The folders of one server.
#[derive(Debug)]
pub(crate) struct Places {
    /// Everything but the lock; usually the directory that was asked for.
    pub(crate) home: PathBuf,
    /// The data directory proper.
    pub(crate) data: PathBuf,
    /// Server programs that were obtained, one folder per source and version.
    pub(crate) dist: PathBuf,
    /// Where the server listens.
    pub(crate) socket: PathBuf,
    /// What the server says.
    pub(crate) log: PathBuf,
}

impl Places {
    /// Chooses the places for a directory that exists and is canonical.
    pub(crate) fn choose(
        directory: &Path,
        account: Account,
        durability: Durability,
        progress: &dyn Fn(&str),
    ) -> Result<Self, StartError> {
        let home = home(directory, account, durability, progress)?;
        let socket = socket_folder(&home, account);
        Ok(Self {
            data: home.join("data"),
            dist: home.join("postgres-dist"),
            log: home.join("postgres.log"),
            socket,
            home,
        })
    }

    /// Makes the socket folder, or takes the one that is there if it is this user's alone.
    pub(crate) fn open_socket_folder(&self, account: Account) -> Result<(), StartError> {
        let folder = &self.socket;
        match DirBuilder::new().mode(0o700).create(folder) {
            Ok(()) => return account.give(folder),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed("make the folder", folder)(error)),
        }
        // The folder may be in a place where anyone can make one: trust only our own, and no link.
        let found = fs::symlink_metadata(folder).map_err(failed("look at", folder))?;
        if !found.is_dir() || found.uid() != account.uid() {
            return Err(StartError::Foreign { path: folder.clone(), owner: found.uid() });
        }
        fs::set_permissions(folder, Permissions::from_mode(0o700))
            .map_err(failed("protect", folder))
    }
}

/// The directory that was asked for, unless the server's user cannot reach it: root's home is
/// closed to others, and a server cannot run as root.
fn home(
    directory: &Path,
    account: Account,
    durability: Durability,
    progress: &dyn Fn(&str),
) -> Result<PathBuf, StartError> {
    if !account.is_another_user() || account.can_reach(directory) {
        return Ok(directory.to_owned());
    }
    let roots: &[&str] =
        if durability.is_kept() { &["/var/lib", "/var/tmp"] } else { &["/var/tmp"] };
    let name = format!("paydesk-{:016x}", fingerprint(directory));
    let mut refusal = None;
    for root in roots {
        let home = Path::new(root).join(&name);
        match make_open_folder(&home) {
            Ok(()) if account.can_reach(&home) => {
                progress(&format!(
                    "{} is closed to the user that has to run PostgreSQL; its data is in {}",
                    directory.display(),
                    home.display()
                ));
                return Ok(home);
            }
            Ok(()) => {}
            Err(error) => refusal = Some(error),
        }
    }
    Err(refusal.unwrap_or_else(|| StartError::Foreign { path: directory.to_owned(), owner: 0 }))
}

fn make_open_folder(folder: &Path) -> Result<(), StartError> {
    match fs::create_dir(folder) {
        Ok(()) => fs::set_permissions(folder, Permissions::from_mode(0o755))
            .map_err(failed("open", folder)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            // `/var/tmp` is open to all: a folder there counts only if root made it.
            let found = fs::symlink_metadata(folder).map_err(failed("look at", folder))?;
            if found.is_dir() && found.uid() == 0 {
                Ok(())
            } else {
                Err(StartError::Foreign { path: folder.to_owned(), owner: found.uid() })
            }
        }
        Err(error) => Err(failed("make the folder", folder)(error)),
    }
}

/// `<home>/socket`, or a short folder with a name made from the home's when that path is too long.
fn socket_folder(home: &Path, account: Account) -> PathBuf {
    let beside_data = home.join("socket");
    if fits(&beside_data) {
        return beside_data;
    }
    let name = format!("paydesk-{}-{:016x}", account.uid(), fingerprint(home));
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    [runtime, Some(std::env::temp_dir())]
        .into_iter()
        .flatten()
        .filter(|base| base.is_absolute() && account.can_reach(base))
        .map(|base| base.join(&name))
        .find(|folder| fits(folder))
        .unwrap_or_else(|| Path::new("/tmp").join(&name))
}

fn fits(folder: &Path) -> bool {
    folder.join(SOCKET_NAME).as_os_str().as_bytes().len() <= SOCKET_PATH_MAX
}

/// FNV-1a: a name for a path that is the same at every start. Guards nothing.
fn fingerprint(path: &Path) -> u64 {
    path.as_os_str().as_bytes().iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_path_keeps_its_socket_beside_the_data() {
        let me = Account::for_data(Path::new("/nowhere/data")).unwrap();
        assert_eq!(socket_folder(Path::new("/srv/shop"), me), Path::new("/srv/shop/socket"));
    }

    #[test]
    fn a_long_path_has_its_socket_in_a_short_folder_always_the_same() {
        let me = Account::for_data(Path::new("/nowhere/data")).unwrap();
        let long = PathBuf::from(format!("/srv/{}", "x".repeat(120)));
        let folder = socket_folder(&long, me);
        assert!(fits(&folder), "{}", folder.display());
        assert_eq!(folder, socket_folder(&long, me));
        assert_ne!(folder, socket_folder(&long.join("y"), me));
    }

    #[test]
    fn the_longest_socket_path_is_accepted_and_one_more_is_not() {
        let room = SOCKET_PATH_MAX - SOCKET_NAME.len() - 2;
        assert!(fits(Path::new(&format!("/{}", "x".repeat(room)))));
        assert!(!fits(Path::new(&format!("/{}", "x".repeat(room + 1)))));
    }

    #[test]
    fn a_socket_folder_that_is_a_link_is_refused() {
        let folder = crate::tests::Folder::new("link");
        let me = Account::for_data(&folder.path().join("data")).unwrap();
        let home = folder.path().to_owned();
        std::os::unix::fs::symlink("/tmp", home.join("socket")).unwrap();
        let places = Places::choose(&home, me, Durability::TestsOnly, &|_| {}).unwrap();
        let answer = places.open_socket_folder(me);
        assert!(matches!(answer, Err(StartError::Foreign { .. })), "{answer:?}");
    }
}
