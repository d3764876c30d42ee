//! Reads the answer of `GET /v3/certificates` (v3 §4.1).
//!
//! Its bootstrapping is the one place where something is decrypted before a signature is checked:
//! the GCM tag under the APIv3 key already speaks for each certificate, and the answer as a whole
//! must then be signed by one of them or by a key that we already have.

use core::cmp::min;

use domain::Timestamp;

use crate::keys::{PlatformKey, Serial};
use crate::resource::{ApiV3Keys, Sealed};
use crate::scheme::{Certificate, SignatureScheme};
use crate::verify::{Claim, Distrust};
use crate::wire::certificates::{CertificateWire, CertificatesWire};

/// The most certificates of a list that are read; WeChat Pay has two or three.
const CERTIFICATES_MAX: usize = 32;

/// What a list brings once it is believed.
pub(crate) type Keys = Vec<(Serial, PlatformKey)>;

/// What a list is read with.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    /// What a signature is, and how a certificate is read.
    pub(crate) scheme: &'a dyn SignatureScheme,
    /// What the certificates are encrypted under.
    pub(crate) keys: &'a ApiV3Keys,
    /// Our time.
    pub(crate) now: Timestamp,
}

/// Reads a list and believes it, or not. `known` finds a key that we already have.
pub(crate) fn read(
    reader: Reader<'_>,
    body: &[u8],
    claim: &Claim<'_>,
    known: impl FnOnce(&Serial) -> Option<PlatformKey>,
) -> Result<Keys, Distrust> {
    let brought = decrypt(reader, body);
    let signer = brought.iter().find(|(serial, _)| serial == claim.serial());
    let signer = signer.map(|(_, key)| key.clone()).or_else(|| known(claim.serial()));
    let signer = signer.filter(|key| key.is_valid_at(reader.now)).ok_or(Distrust::UnknownSerial)?;
    claim.verify(reader.scheme, &signer, body)?;
    Ok(brought)
}

/// The certificates that open and are what they say. One bad certificate does not hide the rest.
fn decrypt(reader: Reader<'_>, body: &[u8]) -> Keys {
    let Ok(list) = serde_json::from_slice::<CertificatesWire>(body) else { return Keys::new() };
    let mut brought = Keys::new();
    for entry in list.data.iter().take(CERTIFICATES_MAX) {
        match certificate(reader, entry) {
            Ok(pair) => brought.push(pair),
            Err(why) => {
                tracing::warn!(serial = %entry.serial_no, why, "a platform certificate was skipped");
            }
        }
    }
    brought
}

fn certificate(
    reader: Reader<'_>,
    entry: &CertificateWire,
) -> Result<(Serial, PlatformKey), &'static str> {
    let sealed = Sealed {
        algorithm: &entry.encrypt_certificate.algorithm,
        nonce: &entry.encrypt_certificate.nonce,
        associated_data: entry.encrypt_certificate.associated_data.as_deref(),
        ciphertext: &entry.encrypt_certificate.ciphertext,
    };
    let text = reader.keys.open(&sealed).map_err(|why| why.text())?;
    let text = core::str::from_utf8(&text).map_err(|_utf8| "the certificate is not text")?;
    let certificate = reader.scheme.certificate(text)?;
    let named = Serial::of(&entry.serial_no);
    if named != Serial::of(&certificate.serial) {
        return Err("the certificate has another serial");
    }
    let expire_time =
        Timestamp::parse_rfc3339(&entry.expire_time).ok_or("expire_time cannot be read")?;
    let valid_until = min(certificate.valid_until, expire_time);
    if valid_until < reader.now {
        return Err("the certificate has expired");
    }
    Ok((named, PlatformKey::of_certificate(Certificate { valid_until, ..certificate })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rsa::Rsa;
    use crate::testing::{text, vectors};
    use crate::verify::SignatureHeaders;
    use secrecy::SecretString;
    use serde_json::{Value, json};

    const VECTORS: &str = include_str!("../tests/vectors/v3_aes_gcm.json");
    const CERT_1: &str = "3775B6A45ACD588826D15E583A95F5DD00000001";
    const CERT_2: &str = "3775B6A45ACD588826D15E583A95F5DD00000002";

    fn keys(text: &str) -> ApiV3Keys {
        ApiV3Keys::parse(&[SecretString::from(text)]).unwrap()
    }

    fn now() -> Timestamp {
        Timestamp::from_seconds(1_795_226_407)
    }

    fn read_list(list: &Value, body: &str, key: &str) -> Result<Vec<Serial>, Distrust> {
        let header = |name: &str| list["headers"][name].as_str();
        let headers = SignatureHeaders {
            timestamp: header("Wechatpay-Timestamp"),
            nonce: header("Wechatpay-Nonce"),
            signature: header("Wechatpay-Signature"),
            serial: header("Wechatpay-Serial"),
        };
        let claim = Claim::read(headers, &Rsa)?;
        let reader = Reader { scheme: &Rsa, keys: &keys(key), now: now() };
        let brought = read(reader, body.as_bytes(), &claim, |_| None)?;
        Ok(brought.into_iter().map(|(serial, _)| serial).collect())
    }

    #[test]
    fn the_list_is_believed_by_a_certificate_that_it_brings() {
        let list = &vectors(VECTORS)["certificate_list"];
        let serials = read_list(list, text(list, "body"), "TestVectorApiV3Key_0123456789ABC");
        assert_eq!(serials, Ok(vec![Serial::of(CERT_1), Serial::of(CERT_2)]));
    }

    #[test]
    fn under_another_key_it_brings_nothing() {
        let list = &vectors(VECTORS)["certificate_list"];
        let serials = read_list(list, text(list, "body"), "TestVectorApiV3Key_0123456789ABD");
        assert_eq!(serials, Err(Distrust::UnknownSerial));
    }

    #[test]
    fn an_altered_list_is_not_believed() {
        let list = &vectors(VECTORS)["certificate_list"];
        let body = text(list, "body").replace("2031-01-01", "2032-01-01");
        let serials = read_list(list, &body, "TestVectorApiV3Key_0123456789ABC");
        assert_eq!(serials, Err(Distrust::WrongSignature));
    }

    #[test]
    fn a_certificate_must_be_the_one_that_it_is_called_and_not_expired() {
        let list = &vectors(VECTORS)["certificate_list"];
        let body: Value = serde_json::from_str(text(list, "body")).unwrap();
        let keys = keys("TestVectorApiV3Key_0123456789ABC");
        let reader = Reader { scheme: &Rsa, keys: &keys, now: now() };
        let read = |member: &str, value: &str| {
            let mut entry = body["data"][0].clone();
            entry[member] = json!(value);
            let entry: CertificateWire = serde_json::from_value(entry).unwrap();
            certificate(reader, &entry).map(|(serial, _)| serial)
        };
        assert_eq!(read("serial_no", CERT_1), Ok(Serial::of(CERT_1)));
        assert_eq!(read("serial_no", &CERT_1.to_lowercase()), Ok(Serial::of(CERT_1)));
        assert!(read("serial_no", CERT_2).is_err());
        assert!(read("serial_no", "PUB_KEY_ID_1").is_err());
        assert!(read("expire_time", "2026-11-20T00:00:00+08:00").is_err());
        assert!(read("expire_time", "1795226407").is_err());
    }
}
