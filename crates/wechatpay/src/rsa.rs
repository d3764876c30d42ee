//! RSASSA-PKCS1-v1_5 with SHA-256 over keys in PEM (v3 §2.2, §3), by `ring`: the scheme of WeChat
//! Pay, and the only one of the product. What is sealed for WeChat Pay is sealed by RSAES-OAEP (v3 §5.1) in
//! `rsa/oaep.rs`.
//!
//! Reads and uses keys; never prints one, and decides nothing about which one is used when.

mod oaep;

use core::ops::RangeInclusive;

use domain::Timestamp;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair, PublicKeyComponents};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, SubjectPublicKeyInfoDer};
use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::OID_PKCS1_RSAENCRYPTION;
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::{PublicKey as ParsedKey, RSAPublicKey};
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::scheme::{
    CannotSeal, CannotSign, Certificate, OaepDigest, PrivateKey, PublicKey, SignatureScheme,
};

/// The bytes of a signature by an RSA key of 2048 to 8192 bits.
const SIGNATURE_BYTES: RangeInclusive<usize> = 256..=1_024;

/// WeChat Pay's signatures: RSA keys of 2048 bits or more.
#[derive(Clone, Copy, Debug)]
pub struct Rsa;

impl SignatureScheme for Rsa {
    /// PEM, PKCS#8 or PKCS#1.
    fn private_key(&self, text: &str) -> Result<Box<dyn PrivateKey>, &'static str> {
        let Ok(mut der) = PrivateKeyDer::from_pem_slice(text.as_bytes()) else {
            return Err("no PEM private key (BEGIN PRIVATE KEY)");
        };
        let pair = match &der {
            PrivateKeyDer::Pkcs8(key) => KeyPair::from_pkcs8(key.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(key) => KeyPair::from_der(key.secret_pkcs1_der()),
            // Elliptic curves, and what a later version of the crate may add.
            PrivateKeyDer::Sec1(_) | _ => {
                return Err("the private key is neither PKCS#8 nor PKCS#1");
            }
        };
        zeroize::Zeroize::zeroize(&mut der);
        let pair =
            pair.map_err(|_rejected| "the private key is not an RSA key of 2048 bits or more")?;
        Ok(Box::new(RsaPrivateKey(pair)))
    }

    /// PEM `SubjectPublicKeyInfo`.
    fn public_key(&self, text: &str) -> Result<PublicKey, &'static str> {
        let Ok(der) = SubjectPublicKeyInfoDer::from_pem_slice(text.as_bytes()) else {
            return Err("no PEM public key (BEGIN PUBLIC KEY)");
        };
        let Ok((_, info)) = SubjectPublicKeyInfo::from_der(&der) else {
            return Err("the public key cannot be read");
        };
        rsa_public_key(&info)
    }

    /// PEM X.509.
    fn certificate(&self, text: &str) -> Result<Certificate, &'static str> {
        let Ok(der) = CertificateDer::from_pem_slice(text.as_bytes()) else {
            return Err("no PEM certificate (BEGIN CERTIFICATE)");
        };
        let Ok((_, certificate)) = X509Certificate::from_der(&der) else {
            return Err("the certificate cannot be read");
        };
        let serial = certificate.raw_serial().iter().copied().skip_while(|b| *b == 0);
        let validity = certificate.validity();
        Ok(Certificate {
            serial: hex::encode_upper(serial.collect::<Vec<u8>>()),
            public_key: rsa_public_key(certificate.public_key())?,
            valid_from: Timestamp::from_seconds(validity.not_before.timestamp()),
            valid_until: Timestamp::from_seconds(validity.not_after.timestamp()),
        })
    }

    fn signature_bytes(&self) -> RangeInclusive<usize> {
        SIGNATURE_BYTES
    }

    fn verifies(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &key.0)
            .verify(message, signature)
            .is_ok()
    }

    fn seal(
        &self,
        key: &PublicKey,
        digest: OaepDigest,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, CannotSeal> {
        let (n, e) = rsa_components(&key.0).ok_or(CannotSeal)?;
        oaep::seal((&n, &e), digest, plaintext)
    }
}

struct RsaPrivateKey(KeyPair);

impl PrivateKey for RsaPrivateKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CannotSign> {
        let mut signature = vec![0; self.0.public().modulus_len()];
        match self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature) {
            Ok(()) => Ok(signature),
            Err(ring::error::Unspecified) => Err(CannotSign),
        }
    }

    fn is_half_of(&self, key: &PublicKey) -> bool {
        let ours = PublicKeyComponents::<Vec<u8>>::from(self.0.public());
        let Some((n, e)) = rsa_components(&key.0) else { return false };
        (ours.n, ours.e) == (n, e)
    }
}

/// The RSA key inside, as PKCS#1 `RSAPublicKey`, which is what ring takes. ring checks its size
/// when it verifies, we check it now.
fn rsa_public_key(info: &SubjectPublicKeyInfo<'_>) -> Result<PublicKey, &'static str> {
    if info.algorithm.algorithm != OID_PKCS1_RSAENCRYPTION {
        return Err("the public key is not an RSA key");
    }
    let der = info.subject_public_key.data.to_vec();
    let bits_min = 2048;
    match info.parsed() {
        Ok(ParsedKey::RSA(key)) if key.key_size() >= bits_min => Ok(PublicKey(der)),
        Ok(_) | Err(_) => Err("the public key is not an RSA key of 2048 bits or more"),
    }
}

/// Modulus and exponent of a PKCS#1 `RSAPublicKey`, without leading zeros.
fn rsa_components(rsa_der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (_, key) = RSAPublicKey::from_der(rsa_der).ok()?;
    let trimmed = |bytes: &[u8]| bytes.iter().copied().skip_while(|b| *b == 0).collect::<Vec<u8>>();
    Some((trimmed(key.modulus), trimmed(key.exponent)))
}
