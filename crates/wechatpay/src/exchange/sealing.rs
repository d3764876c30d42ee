//! The key that what is personal is sealed with for WeChat Pay, and the sealing (v3 §5.1).
//!
//! Keeps and logs nothing of what is sealed.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Exchange;
use crate::keys::{PlatformKey, Serial};
use crate::scheme::{CannotSeal, OaepDigest};

/// A key of WeChat Pay that something is sealed with, and its name as `Wechatpay-Serial` says it.
pub(crate) struct SealingKey {
    /// Its name.
    pub(crate) serial: String,
    key: Arc<PlatformKey>,
    digest: OaepDigest,
}

impl Exchange {
    /// The key to seal with: the public key where there is one, else that of the certificate that became valid last
    /// (§4.1). `None` where no key of WeChat Pay is at hand.
    pub(crate) async fn sealing_key(&self) -> Option<SealingKey> {
        self.refresh_when_stale().await;
        let (ring, now) = (self.read_ring(), self.signing_time());
        let credentials = self.credentials();
        let digest = credentials.oaep_digest;
        if let Some(id) = &credentials.public_key_id {
            let key = ring.find(&Serial::of(id), now)?;
            return Some(SealingKey { serial: id.clone(), key, digest });
        }
        let (serial, key) = ring.newest(now)?;
        Some(SealingKey { serial: serial.text(), key, digest })
    }

    /// `plaintext`, sealed with `key`, as a body carries it: base64.
    pub(crate) fn seal(&self, key: &SealingKey, plaintext: &str) -> Result<String, CannotSeal> {
        let sealed = self.scheme.seal(&key.key.public, key.digest, plaintext.as_bytes())?;
        Ok(STANDARD.encode(sealed))
    }
}
