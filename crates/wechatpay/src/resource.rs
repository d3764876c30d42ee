//! `AEAD_AES_256_GCM`: opens a notification's resource and a listed certificate (v3 §5.2).
//!
//! Only opens. A wrong nonce, key, tag or text is an error, never a panic, and no part of a
//! plaintext leaves before its tag is checked.

use core::fmt;

use aes_gcm::aead::Aead as _;
use aes_gcm::aead::consts::U12;
use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce, aead::Payload};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretBox, SecretString};

/// The only algorithm there is.
pub(crate) const ALGORITHM: &str = "AEAD_AES_256_GCM";

/// The most base64 text that is decrypted: 1 MiB, the documented limit of `ciphertext`.
const CIPHERTEXT_MAX: usize = 1_048_576;
/// The most associated data: generous, the documents say 16.
const ASSOCIATED_DATA_MAX: usize = 1_024;

/// The APIv3 keys in use: the current one first, then the previous ones.
pub(crate) struct ApiV3Keys(Vec<SecretBox<[u8; 32]>>);

impl ApiV3Keys {
    /// Reads the keys: the 32 bytes of the text as they are, no hex, no base64.
    pub(crate) fn parse(keys: &[SecretString]) -> Result<ApiV3Keys, &'static str> {
        let mut read = Vec::new();
        for key in keys {
            let Ok(bytes) = <[u8; 32]>::try_from(key.expose_secret().as_bytes()) else {
                return Err("an APIv3 key has exactly 32 bytes");
            };
            read.push(SecretBox::new(Box::new(bytes)));
        }
        if read.is_empty() {
            return Err("no APIv3 key is given");
        }
        Ok(ApiV3Keys(read))
    }

    /// Opens `sealed` under whichever key fits.
    pub(crate) fn open(&self, sealed: &Sealed<'_>) -> Result<Vec<u8>, CannotOpen> {
        if sealed.algorithm != ALGORITHM {
            return Err(CannotOpen::Algorithm);
        }
        let associated_data = sealed.associated_data.unwrap_or_default();
        if sealed.ciphertext.len() > CIPHERTEXT_MAX || associated_data.len() > ASSOCIATED_DATA_MAX {
            return Err(CannotOpen::TooLong);
        }
        let Ok(nonce) = Nonce::<U12>::try_from(sealed.nonce.as_bytes()) else {
            return Err(CannotOpen::Nonce);
        };
        let Ok(ciphertext) = STANDARD.decode(sealed.ciphertext) else {
            return Err(CannotOpen::NotBase64);
        };
        let opened = self.0.iter().find_map(|key| {
            let cipher = Aes256Gcm::new_from_slice(key.expose_secret()).ok()?;
            let payload = Payload { msg: &ciphertext, aad: associated_data.as_bytes() };
            cipher.decrypt(&nonce, payload).ok()
        });
        opened.ok_or(CannotOpen::Tag)
    }
}

impl fmt::Debug for ApiV3Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiV3Keys({} keys)", self.0.len())
    }
}

/// Something encrypted under an APIv3 key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sealed<'a> {
    /// `algorithm`.
    pub(crate) algorithm: &'a str,
    /// `nonce`, 12 bytes.
    pub(crate) nonce: &'a str,
    /// `associated_data`; absent, `null` and empty are the same.
    pub(crate) associated_data: Option<&'a str>,
    /// `ciphertext`: base64 of the encrypted bytes and the 16-byte tag.
    pub(crate) ciphertext: &'a str,
}

/// Why something does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CannotOpen {
    /// Not `AEAD_AES_256_GCM`.
    Algorithm,
    /// Beyond our limits.
    TooLong,
    /// The nonce has not 12 bytes.
    Nonce,
    /// Not base64.
    NotBase64,
    /// The tag is wrong: another key, nonce, associated data, or altered bytes.
    Tag,
}

impl CannotOpen {
    /// Says why.
    pub(crate) fn text(self) -> &'static str {
        match self {
            CannotOpen::Algorithm => "the resource's algorithm is not AEAD_AES_256_GCM",
            CannotOpen::TooLong => "the resource is too long",
            CannotOpen::Nonce => "the resource's nonce has not 12 bytes",
            CannotOpen::NotBase64 => "the resource's ciphertext is not base64",
            CannotOpen::Tag => "the resource does not open under our APIv3 key",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{text, vectors};
    use serde_json::Value;

    const VECTORS: &str = include_str!("../tests/vectors/v3_aes_gcm.json");

    fn sealed(vector: &Value) -> Sealed<'_> {
        Sealed {
            algorithm: ALGORITHM,
            nonce: text(vector, "nonce"),
            associated_data: vector["associated_data"].as_str(),
            ciphertext: text(vector, "ciphertext"),
        }
    }

    fn keys(texts: &[&str]) -> Result<ApiV3Keys, &'static str> {
        let secrets: Vec<SecretString> = texts.iter().map(|t| SecretString::from(*t)).collect();
        ApiV3Keys::parse(&secrets)
    }

    #[test]
    fn every_vector_opens() {
        let file = vectors(VECTORS);
        let mut opened = 0;
        for vector in file["vectors"].as_array().unwrap() {
            let Ok(keys) = keys(&[text(vector, "key")]) else {
                // The Go SDK's own test uses a 16-byte key, which no merchant has.
                assert_eq!(text(vector, "name"), "go_sdk_aes");
                continue;
            };
            let plain = keys.open(&sealed(vector)).unwrap();
            assert_eq!(plain, text(vector, "plaintext").as_bytes());
            opened += 1;
        }
        assert_eq!(opened, 3);
    }

    #[test]
    fn no_altered_vector_opens() {
        let file = vectors(VECTORS);
        for vector in file["negative"].as_array().unwrap() {
            let name = text(vector, "name");
            let why = keys(&[text(vector, "key")]).unwrap().open(&sealed(vector)).unwrap_err();
            let expected =
                if name == "not_base64" { CannotOpen::NotBase64 } else { CannotOpen::Tag };
            assert_eq!(why, expected, "{name}");
        }
    }

    #[test]
    fn absent_and_empty_associated_data_are_the_same() {
        let file = vectors(VECTORS);
        let vector = &file["vectors"][1];
        assert_eq!(text(vector, "associated_data"), "");
        let absent = Sealed { associated_data: None, ..sealed(vector) };
        assert!(keys(&[text(vector, "key")]).unwrap().open(&absent).is_ok());
    }

    #[test]
    fn the_previous_key_still_opens() {
        let file = vectors(VECTORS);
        let vector = &file["vectors"][0];
        let both = keys(&["another key, it also has 32 byte", text(vector, "key")]).unwrap();
        assert!(both.open(&sealed(vector)).is_ok());
    }

    #[test]
    fn nothing_but_the_one_algorithm_with_a_twelve_byte_nonce_is_tried() {
        let file = vectors(VECTORS);
        let vector = &file["vectors"][0];
        let keys = keys(&[text(vector, "key")]).unwrap();
        let good = sealed(vector);
        let open = |sealed: Sealed<'_>| keys.open(&sealed).unwrap_err();
        assert_eq!(open(Sealed { algorithm: "", ..good }), CannotOpen::Algorithm);
        assert_eq!(open(Sealed { algorithm: "AEAD_SM4_GCM", ..good }), CannotOpen::Algorithm);
        for nonce in ["", "k8Zq2Lw9Xe4", "k8Zq2Lw9Xe4TT", "店店店店店"] {
            assert_eq!(open(Sealed { nonce, ..good }), CannotOpen::Nonce, "{nonce}");
        }
        let long = "A".repeat(CIPHERTEXT_MAX + 4);
        assert_eq!(open(Sealed { ciphertext: &long, ..good }), CannotOpen::TooLong);
        for short in ["", "AAAA", "AAAAAAAAAAAAAAAAAAAA"] {
            assert_eq!(open(Sealed { ciphertext: short, ..good }), CannotOpen::Tag, "{short}");
        }
    }

    #[test]
    fn a_key_has_thirty_two_bytes_and_is_never_shown() {
        for wrong in ["", "testAPIv3Key0000", "TestVectorApiV3Key_0123456789ABC "] {
            assert!(keys(&[wrong]).is_err());
        }
        assert!(keys(&[]).is_err());
        let shown = format!("{:?}", keys(&["TestVectorApiV3Key_0123456789ABC"]).unwrap());
        assert_eq!(shown, "ApiV3Keys(1 keys)");
    }
}
