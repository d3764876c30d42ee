//! The rules of refunds by name, one test each.

mod asking;
mod cancelling;
mod imports;
mod people;
mod recording;
mod sending;
mod telling;
