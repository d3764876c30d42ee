//! The keys of both sides: a tag that costs nothing in most worlds, and real RSA in some. The RSA
//! keys are thrown away: the published ones of the sandbox's test vectors.

use super::tags::{TagRing, Tags};
use crate::time::{instant, offset};
use domain::names::Mchid;
use secrecy::SecretString;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};
use wechatpay::{MerchantKeySettings, PublicKeySettings, Rsa, SignatureScheme};
use wechatpay_sim::core::ports::Keyring;
use wechatpay_sim::core::settings::{Account, PlatformCertificate, Verification};
use wechatpay_sim::keys::keyring::RsaKeyring;

const VECTORS: &str = include_str!("../../../wechatpay-sim/tests/vectors/keys.json");
const PRIVATE: &str = "private_key_pkcs8_pem";
pub(super) const NOTIFY_URL: &str = "https://pay.example.com/api/mini/wechat-pay/notify";
/// The last two characters are the number of the key.
const API_V3_KEY: &str = "TestVectorApiV3Key_0123456789A";
/// The last two characters are the number of the key.
const TAG_MERCHANT: &str = "4F7A1C9E0B5D2A6838E7C41D90F2B3A6550011";
const TAG_PUBLIC_KEY: &str = "PUB_KEY_ID_0119000001092026010100000000000001";
/// A year, in seconds.
const YEAR_S: i64 = 365 * 86_400;

/// Keys of one world.
#[derive(Clone)]
pub struct Keys {
    keyring: Arc<dyn Keyring + Send + Sync>,
    scheme: Arc<dyn SignatureScheme>,
    verification: Verification,
    is_rsa: bool,
}

impl Keys {
    /// The merchant.
    pub const MCHID: &str = "1900000109";
    /// Its mini program.
    pub const APPID: &str = "wxd678efh567hg6787";
    /// Its mobile app.
    pub const MOBILE_APPID: &str = "wx2421b1c4370ec43b";
    /// How many platform certificates a world can have, one after the other.
    pub const CERTIFICATES: u32 = 4;
    /// How many keys of ours a world with tags can have, one after the other.
    const OURS: u32 = 4;

    /// Real RSA keys, and the public key mode.
    #[must_use]
    pub fn rsa() -> Keys {
        static RING: OnceLock<Arc<RsaKeyring>> = OnceLock::new();
        let keyring = RING.get_or_init(|| {
            let mut ring = RsaKeyring::default();
            let added = ring
                .add_merchant(&member("merchant", "serial_no"), &member("merchant", PRIVATE))
                .and_then(|()| {
                    let key = "wechatpay_public_key";
                    ring.add_signer(&member(key, "serial_no"), &member(key, PRIVATE))
                });
            // The vectors are part of the repository; a world without them answers nothing at all.
            drop(added);
            Arc::new(ring)
        });
        let keyring: Arc<dyn Keyring + Send + Sync> = Arc::<RsaKeyring>::clone(keyring);
        Keys { keyring, scheme: Arc::new(Rsa), verification: Verification::PublicKey, is_rsa: true }
    }

    /// Tags.
    #[must_use]
    pub fn tags(verification: Verification) -> Keys {
        let certificates = (1..=Keys::CERTIFICATES).map(|n| (serial(n), format!("certified-{n}")));
        let mut ring: BTreeMap<String, String> = certificates.collect();
        ring.extend((0..Keys::OURS).map(|n| (our_serial(n), our_tag(n))));
        ring.insert(TAG_PUBLIC_KEY.to_owned(), "wechatpay".to_owned());
        Keys {
            keyring: Arc::new(TagRing(ring)),
            scheme: Arc::new(Tags),
            verification,
            is_rsa: false,
        }
    }

    /// How many keys of ours there are.
    pub(crate) fn ours(&self) -> u32 {
        if self.is_rsa { 1 } else { Keys::OURS }
    }

    /// Whether this is the key that we began with.
    pub(crate) fn is_our_first(&self, serial: &str) -> bool {
        serial == our_serial(0)
    }

    /// What the client's signatures are.
    #[must_use]
    pub fn scheme(&self) -> Arc<dyn SignatureScheme> {
        Arc::clone(&self.scheme)
    }

    pub(super) fn keyring(&self) -> &dyn Keyring {
        &*self.keyring
    }

    pub(super) fn verification(&self) -> Verification {
        self.verification
    }

    fn has_certificates(&self) -> bool {
        match self.verification {
            Verification::Certificate | Verification::Mixed => true,
            Verification::PublicKey => false,
        }
    }

    pub(super) fn account(&self) -> Account {
        let rsa = |tag: &str, key: &str| {
            if self.is_rsa { member(key, "serial_no") } else { tag.to_owned() }
        };
        let certificates = if self.has_certificates() { vec![certificate(1)] } else { Vec::new() };
        Account {
            mchid: Keys::MCHID.to_owned(),
            app_secrets: BTreeMap::from([(Keys::APPID.to_owned(), "secret".to_owned())]),
            mobile_apps: BTreeSet::from([Keys::MOBILE_APPID.to_owned()]),
            merchant_serials: BTreeSet::from([rsa(&our_serial(0), "merchant")]),
            revoked_serials: BTreeSet::new(),
            api_v3_key: api_v3_key(0),
            public_key_id: rsa(TAG_PUBLIC_KEY, "wechatpay_public_key"),
            platform_certificates: certificates,
        }
    }

    /// How the client is set up with our keys up to this number, from 0; the newest is named first.
    #[must_use]
    pub fn client(&self, newest: u32) -> wechatpay::Settings {
        let rsa = |tag: &str, key: &str, name: &str| {
            if self.is_rsa { member(key, name) } else { tag.to_owned() }
        };
        let public_key = PublicKeySettings {
            id: rsa(TAG_PUBLIC_KEY, "wechatpay_public_key", "serial_no"),
            pem: rsa("wechatpay", "wechatpay_public_key", "public_key_spki_pem"),
        };
        let knows_the_key = self.verification != Verification::Certificate;
        wechatpay::Settings {
            mchid: Mchid::new(Keys::MCHID),
            merchant_keys: (0..=newest)
                .rev()
                .map(|n| MerchantKeySettings {
                    serial: Some(rsa(&our_serial(n), "merchant", "serial_no")),
                    private_key: SecretString::from(rsa(&our_tag(n), "merchant", PRIVATE)),
                    certificate: None,
                })
                .collect(),
            api_v3_keys: (0..=newest).rev().map(|n| SecretString::from(api_v3_text(n))).collect(),
            public_key: knows_the_key.then_some(public_key),
            use_platform_certificates: self.has_certificates(),
            notify_url: NOTIFY_URL.to_owned(),
            ..wechatpay::Settings::default()
        }
    }
}

/// The platform certificate of this number, from 1.
pub(super) fn certificate(number: u32) -> PlatformCertificate {
    let (from, until) = (instant(0).plus_seconds(-YEAR_S), instant(0).plus_seconds(YEAR_S));
    let serial = serial(number);
    PlatformCertificate {
        pem: format!("{serial} certified-{number} {} {}", from.seconds(), until.seconds()),
        serial,
        effective_at: offset(from),
        expire_at: offset(until),
    }
}

/// Our certificate of this number, from 0.
pub(super) fn our_serial(number: u32) -> String {
    format!("{TAG_MERCHANT}{number:02}")
}

fn our_tag(number: u32) -> String {
    format!("merchant-{number}")
}

fn api_v3_text(number: u32) -> String {
    format!("{API_V3_KEY}{number:02}")
}

/// Our APIv3 key of this number, from 0.
pub(super) fn api_v3_key(number: u32) -> [u8; 32] {
    let mut key = [0; 32];
    key.iter_mut().zip(api_v3_text(number).bytes()).for_each(|(to, from)| *to = from);
    key
}

fn serial(number: u32) -> String {
    format!("3775B6A45ACD588826D15E583A95F5DD{number:08}")
}

fn member(key: &str, name: &str) -> String {
    static READ: OnceLock<Value> = OnceLock::new();
    let vectors = READ.get_or_init(|| serde_json::from_str(VECTORS).unwrap_or_default());
    vectors[key][name].as_str().unwrap_or_default().to_owned()
}
