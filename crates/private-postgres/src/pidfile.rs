//! Reads `postmaster.pid`, in which a server writes who it is and how far it has come.

use std::fs;
use std::path::Path;

/// The lines of the file that matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PidFile {
    /// Line 1: the server's process id.
    pub(crate) pid: u32,
    /// Line 8 says `ready`: it accepts connections.
    pub(crate) ready: bool,
}

/// `None` when the file is missing or only half written.
pub(crate) fn read(data: &Path) -> Option<PidFile> {
    parse(&fs::read_to_string(data.join("postmaster.pid")).ok()?)
}

fn parse(text: &str) -> Option<PidFile> {
    let mut lines = text.lines();
    let pid = lines.next()?.trim().parse().ok()?;
    let ready = lines.nth(6).is_some_and(|status| status.trim() == "ready");
    Some(PidFile { pid, ready })
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: &str = "4711\n/d\n1763\n5432\n/d/socket\n\n  4194  3\nready   \n";

    #[test]
    fn line_eight_says_when_connections_are_accepted() {
        assert_eq!(parse(READY), Some(PidFile { pid: 4711, ready: true }));
        let starting = READY.replace("ready   ", "starting");
        assert_eq!(parse(&starting), Some(PidFile { pid: 4711, ready: false }));
    }

    #[test]
    fn a_half_written_file_is_not_ready() {
        assert_eq!(parse(""), None);
        assert_eq!(parse("4711\n/d\n"), Some(PidFile { pid: 4711, ready: false }));
    }
}
