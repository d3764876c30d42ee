//! Makes RSA keys and certificates.
//!
//! MAY NOT be called on a thread that serves requests: an RSA key takes a second in a debug build.

use rand::rngs::OsRng;
use rand::{Rng, RngCore};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_RSA_SHA256, SerialNumber};
use rsa::RsaPrivateKey;
use rsa::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

/// Why a key could not be made.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// The RSA key.
    #[error("an RSA key could not be generated")]
    Rsa(#[from] rsa::Error),
    /// Its PKCS#8 form.
    #[error("an RSA key could not be encoded")]
    Pkcs8(#[from] rsa::pkcs8::Error),
    /// Its SubjectPublicKeyInfo form.
    #[error("a public key could not be encoded")]
    Spki(#[from] rsa::pkcs8::spki::Error),
    /// The certificate.
    #[error("a certificate could not be made")]
    Certificate(#[from] rcgen::Error),
}

/// A private key and its certificate.
#[derive(Clone, Serialize, Deserialize)]
pub struct CertifiedKey {
    /// 40 upper-case hexadecimal digits.
    pub serial: String,
    /// PKCS#8.
    pub private_key_pem: String,
    /// X.509, signed by the key itself.
    pub certificate_pem: String,
    /// Valid from.
    #[serde(with = "time::serde::rfc3339")]
    pub effective_at: OffsetDateTime,
    /// Valid until.
    #[serde(with = "time::serde::rfc3339")]
    pub expire_at: OffsetDateTime,
}

/// A private key and its bare public key.
#[derive(Clone, Serialize, Deserialize)]
pub struct BareKey {
    /// `PUB_KEY_ID_…`.
    pub id: String,
    /// PKCS#8.
    pub private_key_pem: String,
    /// SubjectPublicKeyInfo.
    pub public_key_pem: String,
}

/// A key with a certificate for `common_name`, valid for five years from `now`.
pub fn certified_key(common_name: &str, now: OffsetDateTime) -> Result<CertifiedKey, MakeError> {
    let private_key_pem = RsaPrivateKey::new(&mut OsRng, 2048)?.to_pkcs8_pem(LineEnding::LF)?;
    let key = KeyPair::from_pkcs8_pem_and_sign_algo(&private_key_pem, &PKCS_RSA_SHA256)?;
    let mut serial = [0_u8; 20];
    OsRng.fill_bytes(&mut serial);
    // A first digit from 4 to 7 keeps the number positive and 40 digits long, as real serials are.
    serial[0] = 0x40 | (serial[0] & 0x3f);
    let effective_at = now.replace_nanosecond(0).unwrap_or(now);
    let expire_at = effective_at + Duration::days(5 * 365);
    let mut name = DistinguishedName::new();
    name.push(DnType::CountryName, "CN");
    name.push(DnType::OrganizationName, "Paydesk sandbox, not Tenpay");
    name.push(DnType::CommonName, common_name);
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = name;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.not_before = effective_at;
    params.not_after = expire_at;
    Ok(CertifiedKey {
        serial: hex::encode_upper(serial),
        certificate_pem: params.self_signed(&key)?.pem(),
        private_key_pem: private_key_pem.to_string(),
        effective_at,
        expire_at,
    })
}

/// A key that is known by an id.
pub fn bare_key(id: String) -> Result<BareKey, MakeError> {
    let key = RsaPrivateKey::new(&mut OsRng, 2048)?;
    Ok(BareKey {
        id,
        private_key_pem: key.to_pkcs8_pem(LineEnding::LF)?.to_string(),
        public_key_pem: key.to_public_key().to_public_key_pem(LineEnding::LF)?,
    })
}

/// `length` letters of `alphabet`.
pub fn secret(alphabet: &[u8], length: usize) -> String {
    (0..length)
        .filter_map(|_| alphabet.get(OsRng.gen_range(0..alphabet.len())))
        .map(|byte| char::from(*byte))
        .collect()
}
