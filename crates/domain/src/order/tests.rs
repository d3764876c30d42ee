//! Data in, data out: orders made by commands, and what further commands mean for them.

mod grid;
mod laws;
mod rules;
mod samples;
mod starting;
