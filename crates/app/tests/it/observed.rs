//! What the service says of itself: its logs, its metrics, its readiness.

mod canaries;
mod logs;
mod readiness;
mod requests;
mod scrape;
