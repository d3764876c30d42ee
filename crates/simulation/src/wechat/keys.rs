//! The keys of both sides. They are thrown away: the published ones of the sandbox's test vectors.

use secrecy::SecretString;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};
use wechatpay::{MerchantKeySettings, PublicKeySettings};
use wechatpay_sim::core::ports::Keyring;
use wechatpay_sim::core::settings::{Account, Verification};
use wechatpay_sim::keys::keyring::RsaKeyring;

const VECTORS: &str = include_str!("../../../wechatpay-sim/tests/vectors/keys.json");
const NOTIFY_URL: &str = "https://pay.example.com/api/mini/wechat-pay/notify";
const API_V3_KEY: &[u8; 32] = b"TestVectorApiV3Key_0123456789ABC";

/// Keys of one world.
#[derive(Clone)]
pub struct Keys {
    keyring: Arc<RsaKeyring>,
}

impl Keys {
    /// The merchant.
    pub const MCHID: &str = "1900000109";
    /// Its mini program.
    pub const APPID: &str = "wxd678efh567hg6787";

    /// Real RSA keys.
    #[must_use]
    pub fn rsa() -> Keys {
        static RING: OnceLock<Arc<RsaKeyring>> = OnceLock::new();
        let keyring = RING.get_or_init(|| {
            let mut ring = RsaKeyring::default();
            for (name, is_ours) in [("merchant", true), ("wechatpay_public_key", false)] {
                let (serial, key) = (member(name, "serial_no"), member(name, PRIVATE));
                let added = if is_ours {
                    ring.add_merchant(&serial, &key)
                } else {
                    ring.add_signer(&serial, &key)
                };
                drop(added);
            }
            Arc::new(ring)
        });
        Keys { keyring: Arc::clone(keyring) }
    }

    pub(super) fn keyring(&self) -> &dyn Keyring {
        &*self.keyring
    }

    pub(super) fn verification(&self) -> Verification {
        Verification::PublicKey
    }

    pub(super) fn account(&self) -> Account {
        Account {
            mchid: Keys::MCHID.to_owned(),
            app_secrets: BTreeMap::from([(Keys::APPID.to_owned(), "secret".to_owned())]),
            merchant_serials: BTreeSet::from([member("merchant", "serial_no")]),
            api_v3_key: *API_V3_KEY,
            public_key_id: member("wechatpay_public_key", "serial_no"),
            platform_certificates: Vec::new(),
        }
    }

    /// How the client is set up.
    #[must_use]
    pub fn client(&self) -> wechatpay::Settings {
        wechatpay::Settings {
            mchid: domain::names::Mchid::new(Keys::MCHID),
            merchant_keys: vec![MerchantKeySettings {
                serial: Some(member("merchant", "serial_no")),
                private_key: SecretString::from(member("merchant", PRIVATE)),
                certificate: None,
            }],
            api_v3_keys: vec![SecretString::from(
                String::from_utf8_lossy(API_V3_KEY).into_owned(),
            )],
            public_key: Some(PublicKeySettings {
                id: member("wechatpay_public_key", "serial_no"),
                pem: member("wechatpay_public_key", "public_key_spki_pem"),
            }),
            notify_url: NOTIFY_URL.to_owned(),
            ..wechatpay::Settings::default()
        }
    }
}

const PRIVATE: &str = "private_key_pkcs8_pem";

fn member(key: &str, name: &str) -> String {
    static READ: OnceLock<Value> = OnceLock::new();
    let vectors = READ.get_or_init(|| serde_json::from_str(VECTORS).unwrap_or_default());
    vectors[key][name].as_str().unwrap_or_default().to_owned()
}
