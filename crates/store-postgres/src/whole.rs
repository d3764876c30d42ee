//! What a statement answered, once it is over.
//!
//! In Postgres's protocol a row arrives before its transaction is committed; whoever takes the
//! first row and goes away never hears that the commit failed. Only a result that was read to its
//! end is one: this crate asks for all rows (`get_results`) even where there is one, and never
//! calls `get_result` or `first` (`clippy.toml`).

use crate::patience::Failure;
use diesel::result::Error;

/// The only row.
pub(crate) fn one<T>(mut rows: Vec<T>) -> Result<T, Failure> {
    rows.pop().ok_or(Failure::Said(Error::NotFound))
}

/// The row, if there is one.
pub(crate) fn maybe<T>(mut rows: Vec<T>) -> Option<T> {
    rows.pop()
}
