//! Where the nonces of signatures come from.
//!
//! May do nothing but draw: who needs a nonce is handed a [`Nonces`], so that tests and the
//! simulation can repeat themselves.

use ring::rand::{SecureRandom, SystemRandom};

/// A source of nonces.
pub trait Nonces: Send + Sync {
    /// A fresh nonce: 32 characters of `[0-9A-F]`, never the same twice.
    ///
    /// # Errors
    /// [`NoEntropy`] when the machine gives no randomness; then nothing may be signed.
    fn nonce(&self) -> Result<String, NoEntropy>;
}

/// The machine gave no randomness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no randomness")]
pub struct NoEntropy;

/// The operating system's randomness: the production source.
#[derive(Debug)]
pub struct SystemNonces {
    random: SystemRandom,
}

impl Default for SystemNonces {
    fn default() -> SystemNonces {
        SystemNonces::new()
    }
}

impl SystemNonces {
    /// The production source.
    #[must_use]
    pub fn new() -> SystemNonces {
        SystemNonces { random: SystemRandom::new() }
    }
}

impl Nonces for SystemNonces {
    fn nonce(&self) -> Result<String, NoEntropy> {
        let mut bytes = [0_u8; 16];
        match self.random.fill(&mut bytes) {
            Ok(()) => Ok(hex::encode_upper(bytes)),
            Err(ring::error::Unspecified) => Err(NoEntropy),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_thirty_two_hex_characters_and_new_each_time() {
        let nonces = SystemNonces::new();
        let (a, b) = (nonces.nonce().unwrap(), nonces.nonce().unwrap());
        assert_eq!(a.len(), 32);
        assert!(a.bytes().all(|c| c.is_ascii_digit() || (b'A'..=b'F').contains(&c)));
        assert_ne!(a, b);
    }
}
