//! Keys: the merchant's private key that signs, WeChat Pay's public keys that verify, and the
//! serials that name them.
//!
//! Parses and uses keys; never prints one, and decides nothing about which one is used when.

use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair, PublicKeyComponents};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, SubjectPublicKeyInfoDer};
use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::OID_PKCS1_RSAENCRYPTION;
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// The name of a key. A certificate's serial is a number: case and leading zeros do not count.
/// Any other name (`PUB_KEY_ID_…`) counts to the letter.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Serial {
    /// A certificate's, in upper-case hex without leading zeros.
    OfCertificate(String),
    /// A public key's id.
    OfPublicKey(String),
}

impl Serial {
    /// Reads a serial as WeChat Pay writes it.
    pub(crate) fn of(text: &str) -> Serial {
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit()) {
            Serial::OfCertificate(text.trim_start_matches('0').to_ascii_uppercase())
        } else {
            Serial::OfPublicKey(text.to_owned())
        }
    }
}

/// The merchant's private key (商户API证书私钥) and the serial of its certificate.
pub(crate) struct MerchantKey {
    serial: String,
    pair: KeyPair,
    expires_at: Option<Timestamp>,
}

/// ring refused to sign. It does not happen with a key that was parsed; it is not a panic either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CannotSign;

impl MerchantKey {
    /// Reads the key; every mistake is named, none quotes the key.
    pub(crate) fn parse(
        serial: Option<&str>,
        private_key_pem: &str,
        certificate_pem: Option<&str>,
    ) -> Result<MerchantKey, Vec<&'static str>> {
        let mut mistakes = Vec::new();
        let pair = noted(read_pair(private_key_pem), &mut mistakes);
        let certificate =
            certificate_pem.and_then(|pem| noted(Certificate::parse(pem), &mut mistakes));
        if let (Some(pair), Some(certificate)) = (&pair, &certificate)
            && !certificate.is_of(pair)
        {
            mistakes.push("the certificate is not the private key's");
        }
        let named = serial.map(str::trim).filter(|s| !s.is_empty());
        if named.is_some_and(|s| !matches!(Serial::of(s), Serial::OfCertificate(_))) {
            mistakes.push("the serial is not a hexadecimal number");
        }
        if let (Some(named), Some(certificate)) = (named, &certificate)
            && Serial::of(named) != Serial::of(&certificate.serial)
        {
            mistakes.push("the serial is not the certificate's");
        }
        let serial = named.map(str::to_ascii_uppercase);
        let serial = serial.or_else(|| certificate.as_ref().map(|c| c.serial.clone()));
        if certificate_pem.is_none() && serial.is_none() {
            mistakes.push("neither a serial nor a certificate is given");
        }
        match (serial, pair) {
            (Some(serial), Some(pair)) if mistakes.is_empty() => {
                let expires_at = certificate.map(|c| c.key.valid_until);
                Ok(MerchantKey { serial, pair, expires_at: expires_at.flatten() })
            }
            _ => Err(mistakes),
        }
    }

    /// The serial of the merchant's certificate, as `Authorization` names it.
    pub(crate) fn serial(&self) -> &str {
        &self.serial
    }

    /// The end of its certificate's validity, when the certificate is configured.
    pub(crate) fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// `base64(RSASSA-PKCS1-v1_5(SHA-256, message))` (v3 §2.2).
    pub(crate) fn sign(&self, message: &[u8]) -> Result<String, CannotSign> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        match self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature) {
            Ok(()) => Ok(STANDARD.encode(signature)),
            Err(ring::error::Unspecified) => Err(CannotSign),
        }
    }
}

impl fmt::Debug for MerchantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MerchantKey({}, …)", self.serial)
    }
}

/// A public key of WeChat Pay: from a platform certificate, or the public key mode's.
#[derive(Clone, Debug)]
pub(crate) struct PlatformKey {
    /// PKCS#1 `RSAPublicKey`, which is what ring takes.
    rsa_der: Vec<u8>,
    /// First second of validity; `None` for a public key, which does not expire.
    pub(crate) valid_from: Option<Timestamp>,
    /// Last second of validity; `None` for a public key.
    pub(crate) valid_until: Option<Timestamp>,
}

impl PlatformKey {
    /// Reads the public key mode's PEM (`SubjectPublicKeyInfo`).
    pub(crate) fn parse_public_key(pem: &str) -> Result<PlatformKey, &'static str> {
        let Ok(der) = SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes()) else {
            return Err("no PEM public key (BEGIN PUBLIC KEY)");
        };
        let Ok((_, info)) = SubjectPublicKeyInfo::from_der(&der) else {
            return Err("the public key cannot be read");
        };
        Ok(PlatformKey { rsa_der: rsa_public_key(&info)?, valid_from: None, valid_until: None })
    }

    /// Whether this key signed `message`.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.rsa_der)
            .verify(message, signature)
            .is_ok()
    }

    /// Whether the key may be used at `now`.
    pub(crate) fn is_valid_at(&self, now: Timestamp) -> bool {
        self.valid_from.is_none_or(|from| from <= now)
            && self.valid_until.is_none_or(|until| now <= until)
    }
}

/// An X.509 certificate, as far as we need one.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    /// Its serial in upper-case hex, as WeChat Pay writes it: whole bytes, without the zero byte
    /// that DER puts before a high bit.
    pub(crate) serial: String,
    /// Its key with its validity.
    pub(crate) key: PlatformKey,
}

impl Certificate {
    /// Reads one PEM certificate.
    pub(crate) fn parse(pem: &str) -> Result<Certificate, &'static str> {
        let Ok(der) = CertificateDer::from_pem_slice(pem.as_bytes()) else {
            return Err("no PEM certificate (BEGIN CERTIFICATE)");
        };
        let Ok((_, certificate)) = X509Certificate::from_der(&der) else {
            return Err("the certificate cannot be read");
        };
        let validity = certificate.validity();
        let key = PlatformKey {
            rsa_der: rsa_public_key(certificate.public_key())?,
            valid_from: Some(Timestamp::from_seconds(validity.not_before.timestamp())),
            valid_until: Some(Timestamp::from_seconds(validity.not_after.timestamp())),
        };
        let serial = certificate.raw_serial().iter().copied().skip_while(|b| *b == 0);
        Ok(Certificate { serial: hex::encode_upper(serial.collect::<Vec<u8>>()), key })
    }

    fn is_of(&self, pair: &KeyPair) -> bool {
        let ours = PublicKeyComponents::<Vec<u8>>::from(pair.public());
        let Some((n, e)) = rsa_components(&self.key.rsa_der) else { return false };
        (ours.n, ours.e) == (n, e)
    }
}

/// What was read, or its mistake among the others.
fn noted<T>(read: Result<T, &'static str>, mistakes: &mut Vec<&'static str>) -> Option<T> {
    read.map_err(|why| mistakes.push(why)).ok()
}

fn read_pair(pem: &str) -> Result<KeyPair, &'static str> {
    let Ok(mut der) = PrivateKeyDer::from_pem_slice(pem.as_bytes()) else {
        return Err("no PEM private key (BEGIN PRIVATE KEY)");
    };
    let pair = match &der {
        PrivateKeyDer::Pkcs8(key) => KeyPair::from_pkcs8(key.secret_pkcs8_der()),
        PrivateKeyDer::Pkcs1(key) => KeyPair::from_der(key.secret_pkcs1_der()),
        // Elliptic curves, and what a later version of the crate may add.
        PrivateKeyDer::Sec1(_) | _ => return Err("the private key is neither PKCS#8 nor PKCS#1"),
    };
    zeroize::Zeroize::zeroize(&mut der);
    pair.map_err(|_rejected| "the private key is not an RSA key of 2048 bits or more")
}

/// The RSA key inside; ring checks its size when it verifies, we check it now.
fn rsa_public_key(info: &SubjectPublicKeyInfo<'_>) -> Result<Vec<u8>, &'static str> {
    if info.algorithm.algorithm != OID_PKCS1_RSAENCRYPTION {
        return Err("the public key is not an RSA key");
    }
    let der = info.subject_public_key.data.to_vec();
    let bits_min = 2048;
    match info.parsed() {
        Ok(PublicKey::RSA(key)) if key.key_size() >= bits_min => Ok(der),
        Ok(_) | Err(_) => Err("the public key is not an RSA key of 2048 bits or more"),
    }
}

/// Modulus and exponent of a PKCS#1 `RSAPublicKey`, without leading zeros.
fn rsa_components(rsa_der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (_, key) = x509_parser::public_key::RSAPublicKey::from_der(rsa_der).ok()?;
    let trimmed = |bytes: &[u8]| bytes.iter().copied().skip_while(|b| *b == 0).collect::<Vec<u8>>();
    Some((trimmed(key.modulus), trimmed(key.exponent)))
}
