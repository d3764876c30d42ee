//! The rules of refunds by name, one test each.

mod after_all;
mod applying;
mod asking;
mod cancelling;
mod dead_ends;
mod fees;
mod imports;
mod late_ends;
mod limits;
mod lines;
mod named;
mod overlaps;
mod people;
mod recording;
mod restated_ends;
mod restating;
mod sending;
mod telling;
mod untold;
mod world;

pub(super) use fees::tea_and_cup;
pub(super) use lines::paid as of_lines;
