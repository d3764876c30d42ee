//! Which user runs the server. Postgres refuses to be root, so root lends it another user.

use std::fs::Metadata;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::unistd::{Gid, Uid, User, getegid, geteuid};

use crate::error::{StartError, failed};

/// The user that owns the data and runs the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account {
    uid: Uid,
    gid: Gid,
    /// We are root and have to become this user.
    switch: bool,
}

impl Account {
    /// Ourselves; for root the owner of existing data, else `postgres`, else `nobody`.
    pub(crate) fn for_data(data: &Path) -> Result<Self, StartError> {
        let owner = match std::fs::metadata(data) {
            Ok(found) => Some((found.uid(), found.gid())),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(failed("look at", data)(error)),
        };
        let me = Self { uid: geteuid(), gid: getegid(), switch: false };
        match owner {
            None if me.uid.is_root() => lent_by_root().ok_or(StartError::NoUser),
            None => Ok(me),
            Some((0, _)) if me.uid.is_root() => {
                Err(StartError::Foreign { path: data.to_owned(), owner: 0 })
            }
            Some((uid, gid)) if me.uid.is_root() => {
                Ok(Self { uid: Uid::from_raw(uid), gid: Gid::from_raw(gid), switch: true })
            }
            Some((uid, _)) if uid == me.uid.as_raw() => Ok(me),
            Some((owner, _)) => Err(StartError::Foreign { path: data.to_owned(), owner }),
        }
    }

    /// Must another user than ourselves be able to reach the files?
    pub(crate) fn is_another_user(self) -> bool {
        self.switch
    }

    /// This user's number.
    pub(crate) fn uid(self) -> u32 {
        self.uid.as_raw()
    }

    /// Makes a program run as this user. The standard library drops root's other groups with it.
    pub(crate) fn apply(self, command: &mut Command) {
        if self.switch {
            command.uid(self.uid.as_raw()).gid(self.gid.as_raw());
        }
    }

    /// Gives a file or folder to this user.
    pub(crate) fn give(self, path: &Path) -> Result<(), StartError> {
        if self.switch {
            chown(path, Some(self.uid.as_raw()), Some(self.gid.as_raw()))
                .map_err(failed("change the owner of", path))?;
        }
        Ok(())
    }

    /// Can this user walk through every folder down to and including `path`?
    pub(crate) fn can_reach(self, path: &Path) -> bool {
        path.ancestors()
            .all(|folder| std::fs::metadata(folder).is_ok_and(|found| self.can_search(&found)))
    }

    fn can_search(self, folder: &Metadata) -> bool {
        let needed = if folder.uid() == self.uid.as_raw() {
            0o100
        } else if folder.gid() == self.gid.as_raw() {
            0o010
        } else {
            0o001
        };
        folder.mode() & needed != 0
    }
}

fn lent_by_root() -> Option<Account> {
    let user = ["postgres", "nobody"]
        .into_iter()
        .find_map(|name| User::from_name(name).ok().flatten().filter(|user| !user.uid.is_root()))?;
    Some(Account { uid: user.uid, gid: user.gid, switch: true })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_without_rights_cannot_reach_a_closed_folder() {
        let folder = crate::tests::Folder::new("reach");
        let closed = folder.path().join("closed");
        let inner = closed.join("inner");
        std::fs::create_dir_all(&inner).unwrap();
        crate::tests::set_mode(&closed, 0o700);
        let stranger =
            Account { uid: Uid::from_raw(54_321), gid: Gid::from_raw(54_321), switch: true };
        assert!(stranger.can_reach(folder.path()));
        assert!(!stranger.can_reach(&inner));
        crate::tests::set_mode(&closed, 0o711);
        assert!(stranger.can_reach(&inner));
    }
}
