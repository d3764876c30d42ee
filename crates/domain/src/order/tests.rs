//! Data in, data out: orders made by commands, and what further commands mean for them.

mod adopting;
mod cod;
mod coupons;
mod epochs;
mod grid;
mod histories;
mod laws;
mod logs;
mod looks;
mod moment;
mod paces;
mod placing;
mod posting;
mod recharging;
mod recording;
mod refund_samples;
mod refunds;
mod reporting;
mod rules;
mod samples;
mod showing;
mod starting;
mod states;
