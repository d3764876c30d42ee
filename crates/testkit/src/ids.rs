//! Ids that are the same in every run: a stream per kind, from one seed.

use domain::ports::IdSource;
use domain::{OrderId, Timestamp, UserId};
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

/// Draws by SplitMix64, one stream per kind.
#[derive(Debug)]
pub struct TestIds {
    seed: u64,
    orders: AtomicU64,
    users: AtomicU64,
    entropy: AtomicU64,
    secrets: AtomicU64,
    calls: AtomicU64,
}

impl TestIds {
    pub fn seeded(seed: u64) -> TestIds {
        let zero = || AtomicU64::new(0);
        TestIds {
            seed,
            orders: zero(),
            users: zero(),
            entropy: zero(),
            secrets: zero(),
            calls: zero(),
        }
    }

    fn draw(&self, stream: u64, counter: &AtomicU64) -> u64 {
        let step = counter.fetch_add(1, Ordering::SeqCst) + 1;
        let mut z = self
            .seed
            .wrapping_add(stream.wrapping_mul(0xd1b5_4a32_d192_ed03))
            .wrapping_add(step.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl Default for TestIds {
    fn default() -> TestIds {
        TestIds::seeded(1)
    }
}

impl IdSource for TestIds {
    fn order_id(&self, _now: Timestamp) -> OrderId {
        OrderId::new(Uuid::from_u64_pair(1, self.draw(1, &self.orders)))
    }

    fn user_id(&self, _now: Timestamp) -> UserId {
        UserId::new(Uuid::from_u64_pair(2, self.draw(2, &self.users)))
    }

    fn order_entropy(&self) -> u64 {
        self.draw(3, &self.entropy)
    }

    fn call(&self) -> u64 {
        self.draw(5, &self.calls)
    }

    fn secret(&self) -> [u8; 32] {
        let mut secret = [0; 32];
        for chunk in secret.chunks_mut(8) {
            chunk.copy_from_slice(&self.draw(4, &self.secrets).to_le_bytes());
        }
        secret
    }

    fn jitter(&self, _bound: u64) -> u64 {
        0
    }
}
