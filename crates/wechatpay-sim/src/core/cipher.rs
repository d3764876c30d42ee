//! AEAD_AES_256_GCM as WeChat Pay uses it (`v3.md` §5.2).
//!
//! The key is the 32 bytes of the APIv3 key as they are; the ciphertext ends with its 16-byte tag and travels as base64.
//! MAY NOT choose the nonce.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Bytes of a nonce.
pub const NONCE_BYTES: usize = 12;

/// `base64(encrypted ‖ tag)`; `None` if the nonce is not 12 bytes.
pub fn encrypt(key: &[u8; 32], nonce: &str, associated_data: &str, plain: &[u8]) -> Option<String> {
    let cipher = Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key));
    let nonce: [u8; NONCE_BYTES] = nonce.as_bytes().try_into().ok()?;
    let payload = Payload { msg: plain, aad: associated_data.as_bytes() };
    let sealed = cipher.encrypt(&Nonce::from(nonce), payload).ok()?;
    Some(STANDARD.encode(sealed))
}
