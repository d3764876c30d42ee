//! Data in, data out: orders made by commands, and what further commands mean for them.

mod grid;
mod histories;
mod laws;
mod moment;
mod refund_samples;
mod rules;
mod samples;
mod starting;
