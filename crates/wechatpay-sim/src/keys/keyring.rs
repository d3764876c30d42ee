//! The real [`Keyring`]: RSASSA-PKCS1-v1_5 with SHA-256, by `ring`; what is sealed is opened in `opener.rs`.
//!
//! MAY NOT sign with a key it was not given: an unknown serial is an error, never another key.

mod opener;

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{
    KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;

use crate::core::ports::{Keyring, SigningFailed};
use crate::core::settings::OaepDigest;
use crate::keys::keyring::opener::Opener;

/// A private key that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Not PEM, or not PKCS#8.
    #[error("key {serial} is not PKCS#8 PEM")]
    Pem {
        /// Which key.
        serial: String,
        /// Why.
        source: rustls_pki_types::pem::Error,
    },
    /// Not an RSA key of at least 2048 bits.
    #[error("key {serial} is not a usable RSA key: {why}")]
    Rejected {
        /// Which key.
        serial: String,
        /// Why.
        why: String,
    },
}

/// WeChat Pay's private keys and merchants' public keys, by serial.
#[derive(Debug, Default)]
pub struct RsaKeyring {
    signers: BTreeMap<String, RsaKeyPair>,
    openers: BTreeMap<String, Opener>,
    merchants: BTreeMap<String, Vec<u8>>,
}

impl RsaKeyring {
    /// Adds a key of WeChat Pay.
    pub fn add_signer(&mut self, serial: &str, private_key_pem: &str) -> Result<(), KeyError> {
        self.signers.insert(serial.to_owned(), load(serial, private_key_pem)?);
        self.openers.insert(serial.to_owned(), Opener::load(serial, private_key_pem)?);
        Ok(())
    }

    /// Adds a merchant's key; only its public half is kept.
    pub fn add_merchant(&mut self, serial: &str, private_key_pem: &str) -> Result<(), KeyError> {
        let key = load(serial, private_key_pem)?;
        self.merchants.insert(serial.to_owned(), key.public_key().as_ref().to_vec());
        Ok(())
    }
}

fn load(serial: &str, pem: &str) -> Result<RsaKeyPair, KeyError> {
    let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes())
        .map_err(|source| KeyError::Pem { serial: serial.to_owned(), source })?;
    RsaKeyPair::from_pkcs8(der.secret_pkcs8_der())
        .map_err(|why| KeyError::Rejected { serial: serial.to_owned(), why: why.to_string() })
}

impl Keyring for RsaKeyring {
    fn sign(&self, serial: &str, message: &[u8]) -> Result<String, SigningFailed> {
        let failed = || SigningFailed { serial: serial.to_owned() };
        let key = self.signers.get(serial).ok_or_else(failed)?;
        let mut signature = vec![0_u8; key.public().modulus_len()];
        match key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature) {
            Ok(()) => Ok(STANDARD.encode(signature)),
            Err(ring::error::Unspecified) => Err(failed()),
        }
    }

    fn verify_merchant(&self, serial: &str, message: &[u8], signature: &str) -> bool {
        let (Some(key), Ok(signature)) = (self.merchants.get(serial), STANDARD.decode(signature))
        else {
            return false;
        };
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key).verify(message, &signature).is_ok()
    }

    fn open(&self, serial: &str, ciphertext: &str, digest: OaepDigest) -> Option<Vec<u8>> {
        self.openers.get(serial)?.open(ciphertext, digest)
    }
}

#[cfg(test)]
mod tests;
