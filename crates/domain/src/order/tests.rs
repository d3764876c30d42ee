//! Data in, data out: orders made by commands, and what further commands mean for them.

mod adopting;
mod epochs;
mod grid;
mod histories;
mod laws;
mod moment;
mod refund_samples;
mod refunds;
mod rules;
mod samples;
mod starting;
mod states;
