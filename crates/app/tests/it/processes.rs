//! The service as it runs in production: `paydesk serve` in processes of its own, killed, stopped,
//! doubled and cut off from its database. May not look into a process: what is true is read from the
//! database, from the sandbox's ledger, and from what clients were answered.

mod books;
mod chance;
mod deployment;
mod keys;
mod kill_points;
mod ladder;
mod leases;
mod outage;
mod phone;
mod shared_work;
