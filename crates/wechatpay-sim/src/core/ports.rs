//! What the core needs from outside, as small conversations.
//!
//! MAY NOT contain an implementation: the shell has the real ones, the simulation its own cheap ones.

use time::OffsetDateTime;

use crate::core::settings::OaepDigest;

/// The two times of one instant.
///
/// They are apart because a test moves business time by days, while a signature that is ten minutes old must stay
/// invalid for any client with an honest clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The real time: signature timestamps and the five-minute window.
    pub real: OffsetDateTime,
    /// The sandbox's time: expiry, trade times, the re-send ladder.
    pub business: OffsetDateTime,
}

/// A source of bytes.
pub trait Entropy {
    /// # Contract
    /// Fills all of `bytes`. A simulation may be predictable; the shell must not be.
    fn fill(&mut self, bytes: &mut [u8]);
}

/// A key that could not sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no usable signing key with serial {serial}")]
pub struct SigningFailed {
    /// The serial that was asked for.
    pub serial: String,
}

/// The private keys of WeChat Pay and the public keys of merchants.
pub trait Keyring {
    /// # Contract
    /// `base64_std(SHA256-RSA2048(key(serial), message))`, or in a simulation any deterministic tag that the
    /// simulation's own client checks. `serial` is a platform certificate's serial or a `PUB_KEY_ID_…`.
    fn sign(&self, serial: &str, message: &[u8]) -> Result<String, SigningFailed>;

    /// # Contract
    /// True if and only if `signature` (base64, as it came) was made over `message` with the merchant key of
    /// `serial`. Undecodable input is false, never an error.
    fn verify_merchant(&self, serial: &str, message: &[u8], signature: &str) -> bool;

    /// # Contract
    /// What was sealed by RSAES-OAEP with `digest`, its own mask function and no label, for WeChat Pay's key of `serial`;
    /// `ciphertext` is base64, as it came. `None` for whatever else: undecodable input, another key, another digest. A
    /// simulation whose merchants seal nothing opens nothing.
    fn open(&self, _serial: &str, _ciphertext: &str, _digest: OaepDigest) -> Option<Vec<u8>> {
        None
    }
}

/// The instant and the ports of one call, together.
pub struct Ports<'a> {
    /// When the call is made.
    pub at: Moment,
    /// Signs and verifies.
    pub keyring: &'a dyn Keyring,
    /// Gives nonces and numbers.
    pub entropy: &'a mut dyn Entropy,
}

impl Ports<'_> {
    /// `bytes` random bytes, at most 32, as upper-case hexadecimal.
    pub fn hex(&mut self, bytes: usize) -> String {
        self.digits_of(b"0123456789ABCDEF", bytes)
    }

    /// `bytes` random bytes, at most 32, as lower-case hexadecimal.
    pub fn lower_hex(&mut self, bytes: usize) -> String {
        self.digits_of(b"0123456789abcdef", bytes)
    }

    fn digits_of(&mut self, alphabet: &[u8; 16], bytes: usize) -> String {
        let mut raw = [0_u8; 32];
        let bytes = bytes.min(raw.len());
        let mut text = String::with_capacity(bytes.saturating_mul(2));
        if let Some(drawn) = raw.get_mut(..bytes) {
            self.entropy.fill(drawn);
            for byte in drawn {
                for half in [*byte >> 4, *byte & 15] {
                    text.extend(alphabet.get(usize::from(half)).copied().map(char::from));
                }
            }
        }
        text
    }

    /// `length` characters of `[0-9A-Za-z]`, as WeChat Pay's short nonces are.
    pub fn text(&mut self, length: usize) -> String {
        const ALPHABET: &[u8; 62] =
            b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut raw = vec![0_u8; length];
        self.entropy.fill(&mut raw);
        // The slight bias of the remainder is harmless: these are nonces and display numbers, not keys.
        raw.iter()
            .filter_map(|byte| ALPHABET.get(usize::from(*byte) % ALPHABET.len()))
            .map(|byte| char::from(*byte))
            .collect()
    }

    /// `length` decimal digits.
    pub fn digits(&mut self, length: usize) -> String {
        let mut raw = vec![0_u8; length];
        self.entropy.fill(&mut raw);
        raw.iter().map(|byte| char::from(b'0' + byte % 10)).collect()
    }
}
