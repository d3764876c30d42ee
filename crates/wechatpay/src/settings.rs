//! What the client is configured with, and every mistake in it at once.
//!
//! Plain values: reads no file and no environment, asks no network. Nothing here quotes a secret.

mod urls;

use core::time::Duration;

use domain::names::Mchid;
use ring::digest;
use secrecy::{ExposeSecret as _, SecretString};

use crate::credentials::{Beside, Fingerprint, MerchantKeys};
use crate::keys::{MerchantKey, MerchantKeyTexts, PlatformKey, Serial};
use crate::resource::ApiV3Keys;
use crate::rsa::Rsa;
use crate::scheme::{OaepDigest, SignatureScheme};
use urls::NotifyUrl;

pub(crate) use urls::check_base_url;

/// WeChat Pay's primary host.
pub const DEFAULT_BASE_URL: &str = "https://api.mch.weixin.qq.com";
/// The WeChat platform's host: login, tokens, shipping information.
pub const DEFAULT_PLATFORM_BASE_URL: &str = "https://api.weixin.qq.com";
/// For a whole call, a retry on the backup host included.
pub const DEFAULT_TIMEOUT_MS: u64 = 5_000;
/// For connecting.
pub const DEFAULT_CONNECT_TIMEOUT_MS: u64 = 3_000;

/// The longest that a call may be configured to take.
const TIMEOUT_MAX_MS: u64 = 60_000;

/// Everything about the merchant's account at WeChat Pay.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The merchant number.
    pub mchid: Mchid,
    /// The merchant's keys, the one that signs first. Another one signs when WeChat Pay no longer
    /// accepts it.
    pub merchant_keys: Vec<MerchantKeySettings>,
    /// The APIv3 keys, current first, then previous ones that may still open a late notification.
    pub api_v3_keys: Vec<SecretString>,
    /// The WeChat Pay public key, in public key mode and in the mixed period.
    pub public_key: Option<PublicKeySettings>,
    /// Whether platform certificates are fetched and believed.
    pub use_platform_certificates: bool,
    /// Platform certificates (PEM) known in advance. Usually none: they are fetched.
    pub platform_certificates: Vec<String>,
    /// How what is personal is sealed for WeChat Pay.
    pub oaep_digest: OaepDigest,
    /// WeChat Pay's host, without a path. Plain HTTP is for a sandbox on this machine only.
    pub base_url: String,
    /// Asked once more, unchanged, when `base_url` gave no HTTP answer.
    pub backup_base_url: Option<String>,
    /// Where WeChat Pay sends payment notifications.
    pub notify_url: String,
    /// Where it sends refund notifications. `None`: `notify_url` with `/refund-notify` in place of
    /// its last `/notify`.
    pub refund_notify_url: Option<String>,
    /// For a whole call.
    pub timeout_ms: u64,
    /// For connecting.
    pub connect_timeout_ms: u64,
}

impl Default for Settings {
    /// WeChat Pay's host and our timeouts; everything about the merchant is missing.
    fn default() -> Settings {
        Settings {
            mchid: Mchid::new(""),
            merchant_keys: Vec::new(),
            api_v3_keys: Vec::new(),
            public_key: None,
            use_platform_certificates: false,
            platform_certificates: Vec::new(),
            oaep_digest: OaepDigest::default(),
            base_url: DEFAULT_BASE_URL.to_owned(),
            backup_base_url: None,
            notify_url: String::new(),
            refund_notify_url: None,
            timeout_ms: DEFAULT_TIMEOUT_MS,
            connect_timeout_ms: DEFAULT_CONNECT_TIMEOUT_MS,
        }
    }
}

/// One merchant API key (商户API证书).
#[derive(Clone, Debug)]
pub struct MerchantKeySettings {
    /// The certificate's serial; may be left out when the certificate is given.
    pub serial: Option<String>,
    /// The private key, PEM (PKCS#8 or PKCS#1).
    pub private_key: SecretString,
    /// The certificate, PEM; checked against the key when given.
    pub certificate: Option<String>,
}

/// The WeChat Pay public key (微信支付公钥).
#[derive(Clone, Debug)]
pub struct PublicKeySettings {
    /// `PUB_KEY_ID_…`.
    pub id: String,
    /// The key, PEM (`BEGIN PUBLIC KEY`).
    pub pem: String,
}

/// Every mistake in the settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub struct SettingsErrors(pub Vec<String>);

/// Settings in the form that the client uses.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) mchid: Mchid,
    pub(crate) merchant_keys: MerchantKeys,
    pub(crate) beside: Beside,
    pub(crate) platform_keys: Vec<(Serial, PlatformKey)>,
    pub(crate) refund_notify_url: String,
}

impl Settings {
    /// Whether one can go live with this: keys are WeChat Pay's, [`Rsa`].
    ///
    /// # Errors
    /// Every mistake, in words that quote no secret.
    pub fn check(&self) -> Result<(), Vec<String>> {
        self.parse(&Rsa).map(drop).map_err(|errors| errors.0)
    }

    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    pub(crate) fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }

    pub(crate) fn parse(&self, scheme: &dyn SignatureScheme) -> Result<Parsed, SettingsErrors> {
        let mut mistakes = Vec::new();
        let mchid = self.mchid.as_str();
        if !(1..=32).contains(&mchid.len()) || !mchid.bytes().all(|b| b.is_ascii_digit()) {
            mistakes.push("mchid must be 1 to 32 digits".to_owned());
        }
        let merchant_keys = self.parse_merchant_keys(scheme, &mut mistakes);
        let api_v3_keys = ApiV3Keys::parse(&self.api_v3_keys)
            .map_err(|why| mistakes.push(format!("api_v3_keys: {why}")))
            .ok();
        let platform_keys = self.parse_platform_keys(scheme, &mut mistakes);
        check_base_url("base_url", &self.base_url, &mut mistakes);
        if let Some(backup) = &self.backup_base_url {
            check_base_url("backup_base_url", backup, &mut mistakes);
        }
        // Plain HTTP is only ever accepted on this machine, so this is a sandbox.
        let sandbox = self.base_url.starts_with("http://");
        urls::check_notify_url(&NotifyUrl::of_payments(&self.notify_url), sandbox, &mut mistakes);
        let refund_notify_url = self.find_refund_notify_url(sandbox, &mut mistakes);
        check_timeouts(self.timeout_ms, self.connect_timeout_ms, &mut mistakes);
        match (merchant_keys, api_v3_keys) {
            (Some(merchant_keys), Some(api_v3_keys)) if mistakes.is_empty() => Ok(Parsed {
                refund_notify_url,
                mchid: self.mchid.clone(),
                merchant_keys,
                beside: Beside {
                    api_v3_keys,
                    public_key_id: self.public_key.as_ref().map(|key| key.id.clone()),
                    fetches_certificates: self.use_platform_certificates,
                    oaep_digest: self.oaep_digest,
                    fingerprint: self.fingerprint(),
                },
                platform_keys,
            }),
            _ => Err(SettingsErrors(mistakes)),
        }
    }

    /// What stands for everything that can be replaced while calls are under way.
    fn fingerprint(&self) -> Fingerprint {
        let digest = match self.oaep_digest {
            OaepDigest::Sha1 => "sha1",
            OaepDigest::Sha256 => "sha256",
        };
        let fetched = if self.use_platform_certificates { "fetched" } else { "" };
        let mut texts: Vec<&str> = vec![fetched, digest];
        for key in &self.merchant_keys {
            texts.push(key.serial.as_deref().unwrap_or_default());
            texts.push(key.private_key.expose_secret());
            texts.push(key.certificate.as_deref().unwrap_or_default());
        }
        // How many there are of each is told, so that none can be taken for another's.
        let counts =
            [self.merchant_keys.len(), self.api_v3_keys.len()].map(|count| count.to_string());
        texts.extend(counts.iter().map(String::as_str));
        texts.extend(self.api_v3_keys.iter().map(|key| key.expose_secret()));
        texts.extend(self.public_key.iter().flat_map(|key| [key.id.as_str(), key.pem.as_str()]));
        texts.extend(self.platform_certificates.iter().map(String::as_str));
        let mut hash = digest::Context::new(&digest::SHA256);
        for text in texts {
            hash.update(&text.len().to_le_bytes());
            hash.update(text.as_bytes());
        }
        let mut fingerprint = [0; 32];
        fingerprint.iter_mut().zip(hash.finish().as_ref()).for_each(|(to, from)| *to = *from);
        Fingerprint(fingerprint)
    }

    /// Where refunds are reported: as configured, else beside `notify_url`.
    fn find_refund_notify_url(&self, sandbox: bool, mistakes: &mut Vec<String>) -> String {
        let found = match &self.refund_notify_url {
            Some(url) => url.clone(),
            None => match self.notify_url.strip_suffix("/notify") {
                Some(rest) => format!("{rest}/refund-notify"),
                None => {
                    mistakes.push(
                        "refund_notify_url is missing: notify_url does not end in /notify, so it \
                         cannot be derived"
                            .to_owned(),
                    );
                    return String::new();
                }
            },
        };
        urls::check_notify_url(&NotifyUrl::of_refunds(&found), sandbox, mistakes);
        found
    }

    /// Reads every merchant key; `None` with a mistake.
    fn parse_merchant_keys(
        &self,
        scheme: &dyn SignatureScheme,
        mistakes: &mut Vec<String>,
    ) -> Option<MerchantKeys> {
        let mut keys: Vec<MerchantKey> = Vec::new();
        for (at, key) in self.merchant_keys.iter().enumerate() {
            let texts = MerchantKeyTexts {
                serial: key.serial.as_deref(),
                private_key: key.private_key.expose_secret(),
                certificate: key.certificate.as_deref(),
            };
            match MerchantKey::parse(scheme, texts) {
                Ok(key) if keys.iter().any(|other| other.serial() == key.serial()) => {
                    mistakes.push(format!("merchant_keys[{at}]: the serial is there already"));
                }
                Ok(key) => keys.push(key),
                Err(whys) => {
                    mistakes.extend(whys.iter().map(|why| format!("merchant_keys[{at}]: {why}")))
                }
            }
        }
        if self.merchant_keys.is_empty() {
            mistakes.push("merchant_keys is empty".to_owned());
        }
        let mut keys = keys.into_iter();
        keys.next().map(|first| MerchantKeys { first, others: keys.collect() })
    }

    fn parse_platform_keys(
        &self,
        scheme: &dyn SignatureScheme,
        mistakes: &mut Vec<String>,
    ) -> Vec<(Serial, PlatformKey)> {
        let mut keys = Vec::new();
        if let Some(PublicKeySettings { id, pem }) = &self.public_key {
            let visible = id.len() <= 128 && id.bytes().all(|b| b.is_ascii_graphic());
            if !visible || !id.starts_with("PUB_KEY_ID_") {
                mistakes.push("public_key_id must begin with PUB_KEY_ID_".to_owned());
            }
            match scheme.public_key(pem) {
                Ok(key) => keys.push((Serial::of(id), PlatformKey::lasting(key))),
                Err(why) => mistakes.push(format!("public_key: {why}")),
            }
        }
        for (at, pem) in self.platform_certificates.iter().enumerate() {
            match scheme.certificate(pem) {
                Ok(certificate) => keys.push((
                    Serial::of(&certificate.serial),
                    PlatformKey::of_certificate(certificate),
                )),
                Err(why) => mistakes.push(format!("platform_certificates[{at}]: {why}")),
            }
        }
        let any = self.public_key.is_some() || !self.platform_certificates.is_empty();
        if !any && !self.use_platform_certificates {
            mistakes.push(
                "neither a public key nor platform certificates: nothing can be verified"
                    .to_owned(),
            );
        }
        keys
    }
}

/// Timeouts that let a call end.
pub(crate) fn check_timeouts(timeout_ms: u64, connect_ms: u64, mistakes: &mut Vec<String>) {
    if !(1..=TIMEOUT_MAX_MS).contains(&timeout_ms) {
        mistakes.push(format!("timeout_ms must be 1 to {TIMEOUT_MAX_MS}"));
    }
    if !(1..=TIMEOUT_MAX_MS).contains(&connect_ms) {
        mistakes.push(format!("connect_timeout_ms must be 1 to {TIMEOUT_MAX_MS}"));
    }
}
