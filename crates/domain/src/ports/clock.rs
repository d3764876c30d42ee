//! The only sources of time and chance.

use super::PortFuture;
use crate::{OrderId, Timestamp, UserId};

/// What time it is.
pub trait Clock: Send + Sync {
    /// Business time: deadlines, due times, `created_at`. Follows the database's clock, so that a
    /// node whose own clock is wrong decides nothing.
    fn now(&self) -> Timestamp;

    /// Real time: signatures and their windows. Differs from [`Clock::now`] only where business
    /// time follows a sandbox's clock.
    fn real(&self) -> Timestamp;

    /// How long this process has run, in milliseconds, by a clock that nobody sets; only differences say
    /// anything. A clock whose [`Clock::real`] is corrected has another one for it.
    fn running_millis(&self) -> u64 {
        u64::try_from(self.real().micros() / 1_000).unwrap_or(0)
    }

    /// Waits. Wakes early or late without harm: callers look again.
    fn sleep_millis(&self, millis: u64) -> PortFuture<'_, ()>;
}

/// Where ids and random numbers come from. Each kind has its own stream, so that drawing one more
/// here changes nothing there.
pub trait IdSource: Send + Sync {
    /// A new order's id, growing with `now` (UUIDv7).
    fn order_id(&self, now: Timestamp) -> OrderId;

    /// A new buyer's id, growing with `now` (UUIDv7).
    fn user_id(&self, now: Timestamp) -> UserId;

    /// The random part of an order number: 60 bits.
    fn order_entropy(&self) -> u64;

    /// Names one call to the outside, so that what it answered is recorded once.
    fn call(&self) -> u64;

    /// A secret of 256 bits: session tokens, API keys.
    fn secret(&self) -> [u8; 32];

    /// A number in `0 ..= bound`, for jitter.
    fn jitter(&self, bound: u64) -> u64;
}
