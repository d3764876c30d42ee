//! Ids and numbers of one life of one node: a stream per kind, from the seed. They are names, not
//! choices, so they are not on the tape; jitter is.

use crate::kernel::Kernel;
use crate::tape::{Kind, mix};
use domain::ports::IdSource;
use domain::{OrderId, Timestamp, UserId};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::{Builder, Uuid};
use wechatpay::{NoEntropy, Nonces};

/// Draws from the seed.
#[derive(Debug)]
pub(crate) struct SimIds {
    kernel: Arc<Kernel>,
    node: u32,
    root: u64,
    orders: AtomicU64,
    users: AtomicU64,
    entropy: AtomicU64,
    secrets: AtomicU64,
    calls: AtomicU64,
    nonces: AtomicU64,
    /// How many different numbers there are: few, where twins are wanted.
    numbers: u64,
}

impl SimIds {
    /// The ids of life `life` of `node`, with `numbers` different order numbers a second.
    #[must_use]
    pub(crate) fn new(
        kernel: Arc<Kernel>,
        seed: u64,
        (node, life): (u32, u32),
        numbers: u64,
    ) -> SimIds {
        let zero = || AtomicU64::new(0);
        SimIds {
            kernel,
            node,
            root: mix(mix(seed) ^ (u64::from(node) << 32) ^ u64::from(life)),
            orders: zero(),
            users: zero(),
            entropy: zero(),
            secrets: zero(),
            calls: zero(),
            nonces: zero(),
            numbers,
        }
    }

    fn next(&self, stream: u64, count: &AtomicU64) -> u64 {
        let count = count.fetch_add(1, Ordering::Relaxed);
        mix(self.root ^ mix(stream) ^ count.wrapping_mul(0xd1b5_4a32_d192_ed03))
    }

    fn uuid(&self, stream: u64, count: &AtomicU64, now: Timestamp) -> Uuid {
        let millis = u64::try_from(now.micros().div_euclid(1_000)).unwrap_or(0);
        let mut random = [0; 10];
        let (low, high) = (self.next(stream, count), self.next(stream, count));
        let bytes = low.to_le_bytes().into_iter().chain(high.to_le_bytes());
        random.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}

impl IdSource for SimIds {
    fn order_id(&self, now: Timestamp) -> OrderId {
        OrderId::new(self.uuid(1, &self.orders, now))
    }

    fn user_id(&self, now: Timestamp) -> UserId {
        UserId::new(self.uuid(2, &self.users, now))
    }

    fn order_entropy(&self) -> u64 {
        let drawn = self.next(3, &self.entropy);
        drawn.checked_rem(self.numbers).unwrap_or(drawn)
    }

    fn call(&self) -> u64 {
        self.next(4, &self.calls)
    }

    fn secret(&self) -> [u8; 32] {
        let mut secret = [0; 32];
        for chunk in secret.chunks_mut(8) {
            chunk.copy_from_slice(&self.next(5, &self.secrets).to_le_bytes());
        }
        secret
    }

    fn jitter(&self, bound: u64) -> u64 {
        // Sixteen steps are as good as any, and a tape of small numbers can be read.
        let step = self.kernel.draw(Kind::Jitter, self.node, 17);
        bound.saturating_mul(u64::from(step)) / 16
    }
}

impl Nonces for SimIds {
    fn nonce(&self) -> Result<String, NoEntropy> {
        let (high, low) = (self.next(6, &self.nonces), self.next(6, &self.nonces));
        Ok(format!("{high:016X}{low:016X}"))
    }
}
