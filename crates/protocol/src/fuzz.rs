//! Throws bytes at whatever reads what others send.
//!
//! A [`Target`] is a plain function of bytes: a fuzzer that knows coverage can call it where there is one. Here a loop
//! without coverage ([`hunt`]) changes files of a corpus; what it keeps to change again is whatever was answered in
//! words that nobody has heard before. `docs/fuzz.md` says what was found.

mod corpus;
mod execution;
pub mod hunt;
mod mutate;
mod random;
mod target;
mod targets;

pub use corpus::{corpus, folder, read_folder};
pub use execution::{Execution, Fault, Limits, Memory, execute, quiet_panics};
pub use mutate::Mutator;
pub use target::{Reader, Target, Verdict};
pub use targets::bill::fetch_bill;
pub(crate) use targets::notification::raw_notice;
