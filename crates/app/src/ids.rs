//! Ids and chance for production: the operating system's random source.

use domain::ports::IdSource;
use domain::{OrderId, Timestamp};
use ring::rand::{SecureRandom, SystemRandom};
use uuid::{Builder, Uuid};

/// Draws from the operating system.
#[derive(Debug)]
pub(crate) struct SystemIds {
    random: SystemRandom,
}

impl Default for SystemIds {
    fn default() -> SystemIds {
        SystemIds { random: SystemRandom::new() }
    }
}

impl SystemIds {
    fn fill<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        loop {
            // Fails only while the system has no entropy yet; there is nothing to do but wait.
            if self.random.fill(&mut bytes).is_ok() {
                return bytes;
            }
            std::thread::yield_now();
        }
    }

    fn uuid_v7(&self, now: Timestamp) -> Uuid {
        let millis = u64::try_from(now.micros().div_euclid(1_000)).unwrap_or(0);
        Builder::from_unix_timestamp_millis(millis, &self.fill()).into_uuid()
    }
}

impl IdSource for SystemIds {
    fn order_id(&self, now: Timestamp) -> OrderId {
        OrderId::new(self.uuid_v7(now))
    }

    fn user_id(&self, now: Timestamp) -> domain::UserId {
        domain::UserId::new(self.uuid_v7(now))
    }

    fn order_entropy(&self) -> u64 {
        u64::from_le_bytes(self.fill())
    }

    fn call(&self) -> u64 {
        u64::from_le_bytes(self.fill())
    }

    fn secret(&self) -> [u8; 32] {
        self.fill()
    }

    fn jitter(&self, bound: u64) -> u64 {
        u64::from_le_bytes(self.fill()).checked_rem(bound.saturating_add(1)).unwrap_or(0)
    }
}
