//! As many open files as this machine allows: every connection is one, and the usual soft limit
//! of 1,024 is a few hundred buyers.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Raises the soft limit to the hard one. What cannot be raised stays, and is said.
pub fn raise_open_files() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(soft, hard)| {
        if soft < hard { setrlimit(Resource::RLIMIT_NOFILE, hard, hard) } else { Ok(()) }
    });
    if let Err(error) = raised {
        tracing::warn!(error = %error, "the limit of open files stays as it is");
    }
}
