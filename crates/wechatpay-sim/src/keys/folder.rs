//! The directory that keeps the sandbox's keys between starts, and shows the merchant's to people and SDKs.
//!
//! | file | what |
//! |---|---|
//! | `sandbox_keys.json` | everything, WeChat Pay's private keys too; the only file that is read again |
//! | `credentials.json` | what `GET /_sandbox/credentials` answers |
//! | `apiclient_key.pem`, `apiclient_cert.pem` | the merchant's API key and certificate |
//! | `platform_certificate.pem`, `pub_key.pem` | WeChat Pay's newest certificate, and its public key |
//!
//! MAY NOT leave a half-made key file: it is written beside and put in place in one step, and of two sandboxes that
//! start at the same moment the second takes the first one's keys.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::core::settings::{Account, PlatformCertificate};
use crate::keys::credentials::Credentials;
use crate::keys::keyring::{KeyError, RsaKeyring};
use crate::keys::make::{BareKey, CertifiedKey, MakeError, bare_key, certified_key, secret};

const KEYS_FILE: &str = "sandbox_keys.json";
const HEX: &[u8] = b"0123456789abcdef";
const ALPHANUMERIC: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Why the directory is of no use.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Reading or writing failed.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The key file is not ours, or damaged.
    #[error("{path} cannot be read as sandbox keys (remove it to get new ones): {why}")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// No key could be made.
    #[error(transparent)]
    Make(#[from] MakeError),
    /// A stored key is of no use.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Who the merchant of a new directory is.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Merchant number.
    pub mchid: String,
    /// Mini program.
    pub appid: String,
    /// Mobile app.
    pub mobile_appid: String,
}

/// Also of a directory that was made before there was one.
fn mobile_appid() -> String {
    "wx8b7e2d4f6a1c9035".to_owned()
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            mchid: "1900016808".to_owned(),
            appid: "wx5a0d9c3be7f1a2e4".to_owned(),
            mobile_appid: mobile_appid(),
        }
    }
}

/// The sandbox's keys.
#[derive(Clone, Serialize, Deserialize)]
pub struct StoredKeys {
    mchid: String,
    appid: String,
    app_secret: String,
    #[serde(default = "mobile_appid")]
    mobile_appid: String,
    api_v3_key: String,
    api_v2_key: String,
    merchant: CertifiedKey,
    /// Those that were made later, oldest first.
    #[serde(default)]
    later_merchant: Vec<CertifiedKey>,
    /// Serials of the merchant's certificates that are revoked.
    #[serde(default)]
    revoked: BTreeSet<String>,
    public_key: BareKey,
    platform: Vec<CertifiedKey>,
}

impl StoredKeys {
    /// Reads the directory, or makes it with new keys for `identity`. Takes seconds the first time.
    pub fn open(
        directory: &Path,
        identity: &Identity,
        now: OffsetDateTime,
    ) -> Result<Self, FolderError> {
        let path = directory.join(KEYS_FILE);
        let io = |source| FolderError::Io { path: path.clone(), source };
        fs::create_dir_all(directory).map_err(io)?;
        if !path.try_exists().map_err(io)? {
            let made = Self::make(identity, now)?;
            put_if_absent(&path, &made.to_json()?).map_err(io)?;
        }
        let stored = Self::read(&path)?;
        stored.show(directory)?;
        Ok(stored)
    }

    fn make(identity: &Identity, now: OffsetDateTime) -> Result<Self, FolderError> {
        let digits = secret(b"0123456789", 24);
        Ok(Self {
            mchid: identity.mchid.clone(),
            appid: identity.appid.clone(),
            app_secret: secret(HEX, 32),
            mobile_appid: identity.mobile_appid.clone(),
            api_v3_key: secret(ALPHANUMERIC, 32),
            api_v2_key: secret(HEX, 32),
            merchant: certified_key(&identity.mchid, now)?,
            later_merchant: Vec::new(),
            revoked: BTreeSet::new(),
            public_key: bare_key(format!("PUB_KEY_ID_0{}{digits}", &identity.mchid))?,
            platform: vec![certified_key("Sandbox platform certificate", now)?],
        })
    }

    fn read(path: &Path) -> Result<Self, FolderError> {
        let damaged = |why: String| FolderError::Damaged { path: path.to_owned(), why };
        let text = fs::read_to_string(path)
            .map_err(|source| FolderError::Io { path: path.to_owned(), source })?;
        let stored: Self = serde_json::from_str(&text).map_err(|why| damaged(why.to_string()))?;
        if stored.api_v3_key.len() != 32 {
            return Err(damaged("api_v3_key is not 32 bytes".to_owned()));
        }
        if stored.platform.is_empty() {
            return Err(damaged("there is no platform certificate".to_owned()));
        }
        Ok(stored)
    }

    /// Adds a platform certificate, in the directory too.
    pub fn add_platform(&mut self, directory: &Path, key: CertifiedKey) -> Result<(), FolderError> {
        let mut changed = self.clone();
        changed.platform.push(key);
        self.become_in(directory, changed)
    }

    /// Gives the merchant another certificate, in the directory too: it is the one that is shown.
    pub fn add_merchant(&mut self, directory: &Path, key: CertifiedKey) -> Result<(), FolderError> {
        let mut changed = self.clone();
        changed.later_merchant.push(key);
        self.become_in(directory, changed)
    }

    /// Revokes a certificate of the merchant, in the directory too.
    pub fn revoke_merchant(&mut self, directory: &Path, serial: &str) -> Result<(), FolderError> {
        let mut changed = self.clone();
        changed.revoked.insert(serial.to_owned());
        self.become_in(directory, changed)
    }

    fn become_in(&mut self, directory: &Path, changed: Self) -> Result<(), FolderError> {
        let path = directory.join(KEYS_FILE);
        replace(&path, &changed.to_json()?).map_err(|source| FolderError::Io { path, source })?;
        changed.show(directory)?;
        *self = changed;
        Ok(())
    }

    fn merchants(&self) -> impl DoubleEndedIterator<Item = &CertifiedKey> {
        std::iter::once(&self.merchant).chain(&self.later_merchant)
    }

    /// The newest of the merchant's keys that is not revoked; where all are, the newest.
    fn shown_merchant(&self) -> &CertifiedKey {
        let is_good = |key: &&CertifiedKey| !self.revoked.contains(&key.serial);
        let newest = || self.later_merchant.last().unwrap_or(&self.merchant);
        self.merchants().rev().find(is_good).unwrap_or_else(newest)
    }

    /// What the merchant may know.
    pub fn credentials(&self) -> Credentials {
        let platform = self.platform.last();
        let merchant = self.shown_merchant();
        Credentials {
            mchid: self.mchid.clone(),
            appid: self.appid.clone(),
            app_secret: self.app_secret.clone(),
            mobile_appid: self.mobile_appid.clone(),
            api_v3_key: self.api_v3_key.clone(),
            api_v2_key: self.api_v2_key.clone(),
            merchant_serial: merchant.serial.clone(),
            merchant_private_key_pem: merchant.private_key_pem.clone(),
            merchant_certificate_pem: merchant.certificate_pem.clone(),
            platform_serial: platform.map(|key| key.serial.clone()).unwrap_or_default(),
            platform_certificate_pem: platform
                .map(|key| key.certificate_pem.clone())
                .unwrap_or_default(),
            public_key_id: self.public_key.id.clone(),
            public_key_pem: self.public_key.public_key_pem.clone(),
        }
    }

    /// The merchant as the core knows it.
    pub fn account(&self) -> Account {
        let mut api_v3_key = [0_u8; 32];
        // `read` has checked the length.
        for (to, from) in api_v3_key.iter_mut().zip(self.api_v3_key.bytes()) {
            *to = from;
        }
        Account {
            mchid: self.mchid.clone(),
            app_secrets: [(self.appid.clone(), self.app_secret.clone())].into(),
            mobile_apps: [self.mobile_appid.clone()].into(),
            merchant_serials: self
                .merchants()
                .map(|key| key.serial.clone())
                .filter(|serial| !self.revoked.contains(serial))
                .collect(),
            revoked_serials: self.revoked.clone(),
            api_v3_key,
            public_key_id: self.public_key.id.clone(),
            platform_certificates: self.platform.iter().map(listed).collect(),
        }
    }

    /// All keys, ready to sign and verify.
    pub fn keyring(&self) -> Result<RsaKeyring, FolderError> {
        let mut keyring = RsaKeyring::default();
        for key in self.merchants() {
            keyring.add_merchant(&key.serial, &key.private_key_pem)?;
        }
        keyring.add_signer(&self.public_key.id, &self.public_key.private_key_pem)?;
        for key in &self.platform {
            keyring.add_signer(&key.serial, &key.private_key_pem)?;
        }
        Ok(keyring)
    }

    /// Writes the files that people and SDKs read.
    fn show(&self, directory: &Path) -> Result<(), FolderError> {
        let credentials = self.credentials();
        let path = directory.join("credentials.json");
        let json = serde_json::to_string_pretty(&credentials)
            .map_err(|why| FolderError::Damaged { path, why: why.to_string() })?;
        for (name, content) in [
            ("credentials.json", &json),
            ("apiclient_key.pem", &credentials.merchant_private_key_pem),
            ("apiclient_cert.pem", &credentials.merchant_certificate_pem),
            ("platform_certificate.pem", &credentials.platform_certificate_pem),
            ("pub_key.pem", &credentials.public_key_pem),
        ] {
            let path = directory.join(name);
            replace(&path, content).map_err(|source| FolderError::Io { path, source })?;
        }
        Ok(())
    }

    fn to_json(&self) -> Result<String, FolderError> {
        serde_json::to_string_pretty(self)
            .map_err(|why| FolderError::Damaged { path: KEYS_FILE.into(), why: why.to_string() })
    }
}

/// A certificate as the core lists it.
pub fn listed(key: &CertifiedKey) -> PlatformCertificate {
    PlatformCertificate {
        serial: key.serial.clone(),
        pem: key.certificate_pem.clone(),
        effective_at: key.effective_at,
        expire_at: key.expire_at,
    }
}

/// Writes beside and links into place: `link` refuses to replace, so the first of two writers wins.
fn put_if_absent(path: &Path, content: &str) -> io::Result<()> {
    let beside = write_beside(path, content)?;
    let linked = fs::hard_link(&beside, path);
    fs::remove_file(&beside)?;
    match linked {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

fn replace(path: &Path, content: &str) -> io::Result<()> {
    fs::rename(write_beside(path, content)?, path)
}

/// A new file that only its owner may read, under a name nobody else uses.
fn write_beside(path: &Path, content: &str) -> io::Result<PathBuf> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.{}", std::process::id(), secret(HEX, 8)));
    let beside = PathBuf::from(name);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()?;
    Ok(beside)
}
