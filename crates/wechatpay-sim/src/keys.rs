//! Keys and certificates of the sandbox: made once, kept in a directory, used to sign and verify.
//!
//! MAY NOT be used for anything real: they are throw-away keys that any program on this machine may read through
//! `GET /_sandbox/credentials`.

pub mod credentials;
pub mod folder;
pub mod keyring;
pub mod make;
