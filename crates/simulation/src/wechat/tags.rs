//! A signature scheme that costs nothing: a keyed tag of 32 bytes. Who verifies could sign, so it
//! proves nothing outside of a simulation, where nobody has the key but those who should.

use crate::tape::mix;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use wechatpay::{CannotSeal, CannotSign, Certificate, PrivateKey, PublicKey, SignatureScheme};
use wechatpay_sim::core::ports::{Keyring, SigningFailed};
use wechatpay_sim::core::settings::OaepDigest;

const BYTES: usize = 32;

/// The scheme, as the client takes it. A key is its own text; a certificate is four words:
/// serial, key, valid from, valid until (seconds).
#[derive(Debug)]
pub(super) struct Tags;

/// The tag of `message` under `key`.
fn tag(key: &[u8], message: &[u8]) -> [u8; BYTES] {
    let mut state = [0x6a09_e667_f3bc_c908_u64, 0xbb67_ae85_84ca_a73b];
    for part in [key, message] {
        // Odd factors and turns lose nothing: where one word differs, so does the tag.
        let mut take = |word: [u8; 8]| {
            state[0] = (state[0] ^ u64::from_le_bytes(word)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            state[0] = state[0].rotate_left(29);
            state[1] = state[1].rotate_left(23).wrapping_add(state[0]);
        };
        let (words, rest) = part.as_chunks::<8>();
        words.iter().for_each(|word| take(*word));
        if !rest.is_empty() {
            let mut word = [0; 8];
            word.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            take(word);
        }
        // Where one part ends matters.
        state[0] = mix(state[0]);
        state[1] = mix(state[1] ^ u64::try_from(part.len()).unwrap_or(0));
    }
    let mut tag = [0; BYTES];
    for (number, lane) in (0..).zip(tag.chunks_mut(8)) {
        lane.copy_from_slice(&mix(state[0] ^ mix(state[1] ^ number)).to_le_bytes());
    }
    tag
}

impl SignatureScheme for Tags {
    fn private_key(&self, text: &str) -> Result<Box<dyn PrivateKey>, &'static str> {
        Ok(Box::new(TagKey(text.as_bytes().to_vec())))
    }

    fn public_key(&self, text: &str) -> Result<PublicKey, &'static str> {
        Ok(PublicKey(text.as_bytes().to_vec()))
    }

    fn certificate(&self, text: &str) -> Result<Certificate, &'static str> {
        let words: Vec<&str> = text.split(' ').collect();
        let [serial, key, from, until] = words.as_slice() else { return Err("not four words") };
        let seconds = |text: &str| text.parse().map(Timestamp::from_seconds).ok();
        Ok(Certificate {
            serial: (*serial).to_owned(),
            public_key: PublicKey(key.as_bytes().to_vec()),
            valid_from: seconds(from).ok_or("no time")?,
            valid_until: seconds(until).ok_or("no time")?,
        })
    }

    fn signature_bytes(&self) -> RangeInclusive<usize> {
        BYTES..=BYTES
    }

    fn verifies(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
        tag(&key.0, message) == *signature
    }

    /// The tag, and what is sealed: whoever has the key can open it, and no other key fits.
    fn seal(
        &self,
        key: &PublicKey,
        _digest: wechatpay::OaepDigest,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, CannotSeal> {
        Ok([&tag(&key.0, plaintext)[..], plaintext].concat())
    }
}

struct TagKey(Vec<u8>);

impl PrivateKey for TagKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CannotSign> {
        Ok(tag(&self.0, message).to_vec())
    }

    fn is_half_of(&self, key: &PublicKey) -> bool {
        self.0 == key.0
    }
}

/// The same keys, as WeChat Pay has them: by serial.
#[derive(Clone, Debug, Default)]
pub(super) struct TagRing(pub(super) BTreeMap<String, String>);

impl Keyring for TagRing {
    fn sign(&self, serial: &str, message: &[u8]) -> Result<String, SigningFailed> {
        match self.0.get(serial) {
            Some(key) => Ok(STANDARD.encode(tag(key.as_bytes(), message))),
            None => Err(SigningFailed { serial: serial.to_owned() }),
        }
    }

    fn verify_merchant(&self, serial: &str, message: &[u8], signature: &str) -> bool {
        let (Some(key), Ok(signature)) = (self.0.get(serial), STANDARD.decode(signature)) else {
            return false;
        };
        tag(key.as_bytes(), message) == *signature
    }

    fn open(&self, serial: &str, ciphertext: &str, _digest: OaepDigest) -> Option<Vec<u8>> {
        let sealed = STANDARD.decode(ciphertext).ok()?;
        let (seal, plaintext) = sealed.split_at_checked(BYTES)?;
        let is_for_us = tag(self.0.get(serial)?.as_bytes(), plaintext) == *seal;
        is_for_us.then(|| plaintext.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_key_or_another_byte_gives_another_tag() {
        let good = tag(b"key", b"a message of some length");
        for (key, message) in [
            (&b"kez"[..], &b"a message of some length"[..]),
            (b"key", b"a message of some lengti"),
            (b"key", b"a message of some length\0"),
            (b"keya", b" message of some length"),
            (b"key", b"b message of some length"),
        ] {
            assert_ne!(tag(key, message), good);
        }
        assert_eq!(tag(b"key", b"a message of some length"), good);
    }
}
