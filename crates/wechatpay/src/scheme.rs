//! The port behind every signature: how the texts of keys become keys, and how keys sign and
//! verify.
//!
//! May hold no protocol. What is signed, which serial is believed and when, the time window and
//! every header are the client's, and the same under every scheme. [`Rsa`](crate::Rsa) is the only
//! scheme of the product; a simulation has a cheaper one of its own, because it signs millions of
//! messages (`cargo xtask tidy` lists who may have one).

use core::ops::RangeInclusive;

use domain::Timestamp;

/// What a signature is, and what its keys are read from.
pub trait SignatureScheme: Send + Sync {
    /// Reads the merchant's private key as it is configured.
    ///
    /// # Errors
    /// Why it is no such key, in words that quote none of it.
    fn private_key(&self, text: &str) -> Result<Box<dyn PrivateKey>, &'static str>;

    /// Reads the WeChat Pay public key (微信支付公钥) as it is configured.
    ///
    /// # Errors
    /// Why it is no such key.
    fn public_key(&self, text: &str) -> Result<PublicKey, &'static str>;

    /// Reads a certificate: a configured one, or one that `GET /v3/certificates` lists.
    ///
    /// # Errors
    /// Why it is no such certificate.
    fn certificate(&self, text: &str) -> Result<Certificate, &'static str>;

    /// The bytes that a signature can have. Others are refused before a key is looked for.
    fn signature_bytes(&self) -> RangeInclusive<usize>;

    /// Whether the private half of `key` signed exactly `message`.
    ///
    /// # Contract
    /// `false` for anything else, however malformed; never a panic. Without the private half
    /// nobody makes a signature for which this is `true`: everything that is believed rests on it.
    fn verifies(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> bool;

    /// `plaintext`, sealed so that only who has the private half of `key` can open it (v3 §5.1).
    ///
    /// # Errors
    /// [`CannotSeal`] when it is too long for the key, or the key is none of this scheme's.
    fn seal(
        &self,
        key: &PublicKey,
        digest: OaepDigest,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, CannotSeal>;
}

/// The digest of what is sealed, and of its mask (v3 §5.1). WeChat Pay's SDKs seal with SHA-1; one of its FAQs names
/// SHA-256, and nothing says which merchants that is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OaepDigest {
    /// As the SDKs do.
    #[default]
    Sha1,
    /// As the FAQ says.
    Sha256,
}

/// A private key that signs for the merchant.
pub trait PrivateKey: Send + Sync {
    /// The bare signature of `message`.
    ///
    /// # Contract
    /// Deterministic: equal messages, equal signatures.
    ///
    /// # Errors
    /// [`CannotSign`] when the key refuses; nothing may be sent then.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CannotSign>;

    /// Whether `key` is the public half of this one.
    fn is_half_of(&self, key: &PublicKey) -> bool;
}

/// The key refused to sign. It does not happen with a key that was read; it is not a panic either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the private key does not sign")]
pub struct CannotSign;

/// It could not be sealed: nothing may be sent then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing can be sealed with the public key")]
pub struct CannotSeal;

/// A public key, in a form that only its scheme knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(pub Vec<u8>);

/// A certificate, as far as we need one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Its serial in upper-case hex, as WeChat Pay writes it: whole bytes, without the zero byte
    /// that DER puts before a high bit.
    pub serial: String,
    /// Its key.
    pub public_key: PublicKey,
    /// First second of its validity.
    pub valid_from: Timestamp,
    /// Last second of its validity.
    pub valid_until: Timestamp,
}
