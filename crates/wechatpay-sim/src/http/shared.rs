//! The one sandbox that all requests and the delivery task share.
//!
//! MAY NOT be locked across an await: every visit is short and synchronous.

use std::path::PathBuf;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use rand::rngs::{OsRng, StdRng};
use rand::{RngCore, SeedableRng};
use time::OffsetDateTime;
use tokio::sync::Notify;

use crate::core::WeChatPay;
use crate::core::exchange::{Collected, Exchange, HeldCall};
use crate::core::notice::Delivery;
use crate::core::ports::{Entropy, Moment, Ports};
use crate::core::sandbox_clock::SandboxClock;
use crate::http::SandboxOptions;
use crate::keys::credentials::Credentials;
use crate::keys::folder::{FolderError, StoredKeys, listed};
use crate::keys::keyring::RsaKeyring;
use crate::keys::make::CertifiedKey;

/// The delivery task looks again at least this often.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// What requests and the delivery task share.
pub(super) struct Shared {
    inside: Mutex<Inside>,
    /// Apart from the rest, so that answers are signed side by side. Whoever wants both takes the rest first.
    keyring: RwLock<RsaKeyring>,
    directory: PathBuf,
    /// Where the real time stands still.
    stands_at: Option<OffsetDateTime>,
    /// Whether it was said that other machines may reach it.
    pub(super) is_public: bool,
    /// Tells the delivery task that something may be due.
    pub(super) wake: Notify,
    /// Tells held calls that some of them have an answer.
    answered: Notify,
}

struct Inside {
    pay: WeChatPay,
    clock: SandboxClock,
    keys: StoredKeys,
    entropy: Chance,
}

/// Seeded once from the system (or for a rehearsal), so that drawing cannot fail later.
struct Chance(StdRng);

impl Entropy for Chance {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }
}

impl Shared {
    pub(super) fn new(keys: StoredKeys, options: SandboxOptions) -> Result<Self, FolderError> {
        let SandboxOptions { listen, directory, settings, faults, rehearsal, .. } = options;
        let seed = rehearsal.map_or_else(drawn_seed, |rehearsal| rehearsal.seed);
        let stands_at = rehearsal.map(|rehearsal| rehearsal.real);
        let mut pay = WeChatPay::new(keys.account(), settings);
        pay.set_faults(faults);
        let keyring = keys.keyring()?;
        let inside = Inside {
            pay,
            clock: SandboxClock::real(stands_at.unwrap_or_else(real_now)),
            keys,
            entropy: Chance(StdRng::from_seed(seed)),
        };
        Ok(Self {
            inside: Mutex::new(inside),
            keyring: RwLock::new(keyring),
            directory,
            stands_at,
            is_public: !listen.ip().is_loopback(),
            wake: Notify::new(),
            answered: Notify::new(),
        })
    }

    /// The real time, as this sandbox has it.
    pub(super) fn real(&self) -> OffsetDateTime {
        self.stands_at.unwrap_or_else(real_now)
    }

    /// Visits the core with its ports, now.
    pub(super) fn visit<T>(&self, visit: impl FnOnce(&mut WeChatPay, &mut Ports<'_>) -> T) -> T {
        let mut guard = self.lock();
        let inside = &mut *guard;
        let keyring = self.keyring();
        let mut ports = Ports {
            at: inside.clock.moment(self.real()),
            keyring: &*keyring,
            entropy: &mut inside.entropy,
        };
        let (answered, due) = (inside.pay.held_calls_answered(), inside.pay.next_due());
        let result = visit(&mut inside.pay, &mut ports);
        if inside.pay.held_calls_answered() != answered {
            self.answered.notify_waiters();
        }
        if inside.pay.next_due() != due {
            self.wake.notify_one();
        }
        result
    }

    /// Signs what the core has left unsigned. Takes longer than any visit, and keeps nobody from one.
    pub(super) fn signed(&self, exchange: Exchange) -> Exchange {
        exchange.signed(&*self.keyring())
    }

    /// The end of a call that the core holds open. Waits until others have overtaken it or its time has come.
    pub(super) async fn end_of(&self, held: HeldCall) -> Exchange {
        loop {
            let mut answered = pin!(self.answered.notified());
            // Registered before looking, so that an answer between looking and waiting is not missed.
            answered.as_mut().enable();
            match self.visit(|pay, ports| pay.collect(held, ports)) {
                Collected::Ended(exchange) => return exchange,
                Collected::Waiting => answered.await,
                Collected::Forgotten => return Exchange::hang_up(),
            }
        }
    }

    /// What is to be sent now, and how long (in real time) nothing else will be.
    pub(super) fn due(&self) -> (Vec<Delivery>, Duration) {
        let deliveries = self.visit(|pay, ports| pay.due(ports));
        let inside = self.lock();
        let now = inside.clock.moment(self.real()).business;
        let wait = inside
            .pay
            .next_due()
            .and_then(|due| inside.clock.speed().real(due - now))
            // A millisecond more than needed is better than waking a moment too early, again and again.
            .map_or(LONGEST_WAIT, |wait| wait.max(time::Duration::ZERO).unsigned_abs())
            .saturating_add(Duration::from_millis(1));
        (deliveries, wait.min(LONGEST_WAIT))
    }

    /// The clock.
    pub(super) fn clock(&self) -> (SandboxClock, Moment) {
        let clock = self.lock().clock;
        (clock, clock.moment(self.real()))
    }

    /// Changes the clock, unless the change is refused.
    pub(super) fn change_clock<E>(
        &self,
        change: impl FnOnce(SandboxClock, OffsetDateTime) -> Result<SandboxClock, E>,
    ) -> Result<(), E> {
        let mut inside = self.lock();
        inside.clock = change(inside.clock, self.real())?;
        drop(inside);
        self.wake.notify_one();
        Ok(())
    }

    /// Everything as at the start, but for keys.
    pub(super) fn reset(&self) {
        let mut inside = self.lock();
        inside.pay.reset();
        inside.clock = SandboxClock::real(self.real());
        drop(inside);
        self.wake.notify_one();
        self.answered.notify_waiters();
    }

    /// The merchant's credentials.
    pub(super) fn credentials(&self) -> Credentials {
        self.lock().keys.credentials()
    }

    /// Signs with a new platform certificate from now on.
    pub(super) fn add_platform(&self, key: CertifiedKey) -> Result<(), FolderError> {
        let mut guard = self.lock();
        let inside = &mut *guard;
        self.keyring_to_change().add_signer(&key.serial, &key.private_key_pem)?;
        let certificate = listed(&key);
        inside.keys.add_platform(&self.directory, key)?;
        inside.pay.add_platform_certificate(certificate);
        Ok(())
    }

    /// The merchant may sign with another key, too.
    pub(super) fn add_merchant(&self, key: CertifiedKey) -> Result<(), FolderError> {
        let mut guard = self.lock();
        let inside = &mut *guard;
        self.keyring_to_change().add_merchant(&key.serial, &key.private_key_pem)?;
        let serial = key.serial.clone();
        inside.keys.add_merchant(&self.directory, key)?;
        inside.pay.add_merchant_certificate(&serial);
        Ok(())
    }

    /// The merchant may no longer sign with this key; whether it could.
    pub(super) fn revoke_merchant(&self, serial: &str) -> Result<bool, FolderError> {
        let mut guard = self.lock();
        let inside = &mut *guard;
        let can = inside.pay.account().merchant_serials.contains(serial);
        if can {
            // The folder first: what could not be written has not happened.
            inside.keys.revoke_merchant(&self.directory, serial)?;
            inside.pay.revoke_merchant_certificate(serial);
        }
        Ok(can)
    }

    fn keyring(&self) -> RwLockReadGuard<'_, RsaKeyring> {
        self.keyring.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn keyring_to_change(&self) -> RwLockWriteGuard<'_, RsaKeyring> {
        self.keyring.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// A panic elsewhere leaves a plain value, not a broken one: go on with it.
    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn drawn_seed() -> [u8; 32] {
    let mut seed = [0_u8; 32];
    OsRng.fill_bytes(&mut seed);
    seed
}

/// The real time.
#[expect(clippy::disallowed_methods, reason = "this shell is where the sandbox's time comes from")]
pub(super) fn real_now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}
