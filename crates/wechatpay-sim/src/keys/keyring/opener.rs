//! Opens what merchants seal for WeChat Pay: RSAES-OAEP (`v3.md` §5.1), by `rsa`, because `ring` cannot.
//!
//! MAY NOT be used with a key that protects anything: how long `rsa` takes tells of the key. The sandbox's own keys protect
//! nothing.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs8::DecodePrivateKey;
use rsa::sha2::Sha256;
use rsa::{Oaep, RsaPrivateKey};
use sha1::Sha1;

use crate::core::settings::OaepDigest;
use crate::keys::keyring::KeyError;

/// A private key that opens.
pub(super) struct Opener(RsaPrivateKey);

/// Shows nothing: the key would show itself.
impl fmt::Debug for Opener {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Opener").finish_non_exhaustive()
    }
}

impl Opener {
    pub(super) fn load(serial: &str, private_key_pem: &str) -> Result<Self, KeyError> {
        RsaPrivateKey::from_pkcs8_pem(private_key_pem)
            .map(Self)
            .map_err(|why| KeyError::Rejected { serial: serial.to_owned(), why: why.to_string() })
    }

    pub(super) fn open(&self, ciphertext: &str, digest: OaepDigest) -> Option<Vec<u8>> {
        let padding = match digest {
            OaepDigest::Sha1 => Oaep::new::<Sha1>(),
            OaepDigest::Sha256 => Oaep::new::<Sha256>(),
        };
        self.0.decrypt(padding, &STANDARD.decode(ciphertext).ok()?).ok()
    }
}
