//! The core, embedded as a value: the shell's clock, keys and chance, without the shell.

use std::path::{Path, PathBuf};

use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};
use serde_json::Value;
use time::OffsetDateTime;
use wechatpay_sim::core::WeChatPay;
use wechatpay_sim::core::ports::{Entropy, Keyring as _, Ports};
use wechatpay_sim::core::sandbox_clock::SandboxClock;
use wechatpay_sim::core::trade::TradeState;
use wechatpay_sim::keys::folder::{Identity, StoredKeys};
use wechatpay_sim::keys::keyring::RsaKeyring;
use wechatpay_sim::{Credentials, Rehearsal, Settings};

use crate::REAL;

pub(crate) struct Core {
    pub(crate) pay: WeChatPay,
    pub(crate) clock: SandboxClock,
    keyring: RsaKeyring,
    pub(crate) credentials: Credentials,
    chance: Chance,
    folder: PathBuf,
}

struct Chance(StdRng);

impl Entropy for Chance {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }
}

fn stored(folder: &Path) -> StoredKeys {
    StoredKeys::open(folder, &Identity::default(), REAL).unwrap()
}

impl Core {
    pub(crate) fn new(folder: &Path, settings: Settings, rehearsal: Rehearsal) -> Core {
        let keys = stored(folder);
        Core {
            pay: WeChatPay::new(keys.account(), settings),
            clock: SandboxClock::real(REAL),
            keyring: keys.keyring().unwrap(),
            credentials: keys.credentials(),
            chance: Chance(StdRng::from_seed(rehearsal.seed)),
            folder: folder.to_owned(),
        }
    }

    pub(crate) fn visit<T>(
        &mut self,
        visit: impl FnOnce(&mut WeChatPay, &mut Ports<'_>) -> T,
    ) -> T {
        let mut ports = Ports {
            at: self.clock.moment(REAL),
            keyring: &self.keyring,
            entropy: &mut self.chance,
        };
        visit(&mut self.pay, &mut ports)
    }

    /// The sandbox clock.
    pub(crate) fn now(&self) -> OffsetDateTime {
        self.clock.moment(REAL).business
    }

    pub(crate) fn ledger(&mut self) -> Value {
        self.visit(|pay, ports| {
            pay.catch_up(ports);
            pay.ledger(ports.at.business)
        })
    }

    /// WeChat Pay's number of a payment.
    pub(crate) fn transaction(&self, number: &str) -> Option<String> {
        match &self.pay.trade_of(number)?.state {
            TradeState::Success(payment) => Some(payment.transaction_id.clone()),
            TradeState::NotPay | TradeState::Closed { .. } => None,
        }
    }

    pub(crate) fn reset(&mut self) {
        self.pay.reset();
        self.clock = SandboxClock::real(REAL);
    }

    /// Takes over the certificate that the process has made: making one is no part of the core.
    pub(crate) fn take_new_certificate(&mut self) {
        let keys = stored(&self.folder);
        self.keyring = keys.keyring().unwrap();
        self.credentials = keys.credentials();
        let newest = keys.account().platform_certificates.last().cloned();
        self.pay.add_platform_certificate(newest.unwrap());
    }

    /// Whether the key of `serial` made the signature over `message`.
    pub(crate) fn is_signed(&self, serial: &str, message: &[u8], signature: &str) -> bool {
        // Signatures of this kind are always the same for the same message and key.
        self.keyring.sign(serial, message).is_ok_and(|right| right == signature)
    }
}
