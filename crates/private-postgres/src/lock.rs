//! One launcher per directory: a file lock that the kernel drops when its holder ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use crate::error::{StartError, failed};
use crate::wait;

const PATIENCE: Duration = Duration::from_millis(500);

/// Held for as long as the server may run. The file stays; only the lock on it counts.
#[derive(Debug)]
pub(crate) struct DirectoryLock {
    #[cfg_attr(not(test), expect(dead_code, reason = "held, not read"))]
    pub(crate) file: File,
}

impl DirectoryLock {
    /// Takes the lock or says who has it.
    pub(crate) fn take(directory: &Path) -> Result<Self, StartError> {
        let path = directory.join("lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o644)
            .open(&path)
            .map_err(failed("open", &path))?;
        // A process that another thread is just starting has a copy of every open file until its own
        // program begins: a lock that was given back may live on for that moment.
        let last_answer = || match file.try_lock() {
            Err(TryLockError::WouldBlock) => None,
            answer => Some(answer),
        };
        match wait::until(PATIENCE, last_answer) {
            Some(Ok(())) => {}
            None | Some(Err(TryLockError::WouldBlock)) => {
                return Err(StartError::InUse {
                    directory: directory.to_owned(),
                    holder: holder(&mut file),
                });
            }
            Some(Err(TryLockError::Error(source))) => return Err(failed("lock", &path)(source)),
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(failed("write", &path))?;
        Ok(Self { file })
    }
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    match file.read_to_string(&mut text) {
        Ok(_) if !text.trim().is_empty() => text.trim().to_owned(),
        Ok(_) | Err(_) => "(unknown)".to_owned(),
    }
}
