//! Verifies what WeChat Pay sends: answers and notifications (v3 §3).
//!
//! [`Verified`] is the evidence: only [`Claim::verify`] makes one, and every reader of WeChat
//! Pay's words asks for it. Nothing here parses a body. Cheap refusals come first; the signature is
//! last.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;

use crate::keys::{PlatformKey, Serial};
use crate::scheme::SignatureScheme;

/// How far a timestamp may lie from our own time, either way.
pub(crate) const WINDOW_SECONDS: u64 = 300;

/// Deliberately wrong signatures begin with this. Good for classifying a failure, nothing else.
const PROBE_PREFIX: &str = "WECHATPAY/SIGNTEST/";

/// The most that any of the four headers may have; far beyond what WeChat Pay sends.
const HEADER_MAX: usize = 2_048;

/// The four signature headers, unread. Has no `Debug`, like everything with a signature in it.
#[derive(Clone, Copy, Default)]
pub(crate) struct SignatureHeaders<'a> {
    /// `Wechatpay-Timestamp`.
    pub(crate) timestamp: Option<&'a str>,
    /// `Wechatpay-Nonce`.
    pub(crate) nonce: Option<&'a str>,
    /// `Wechatpay-Signature`.
    pub(crate) signature: Option<&'a str>,
    /// `Wechatpay-Serial`.
    pub(crate) serial: Option<&'a str>,
}

impl SignatureHeaders<'_> {
    /// Whether there is not even one.
    pub(crate) fn are_absent(self) -> bool {
        let SignatureHeaders { timestamp, nonce, signature, serial } = self;
        [timestamp, nonce, signature, serial].iter().all(Option::is_none)
    }
}

/// What a message claims about itself: well-formed, not yet believed.
#[derive(Clone)]
pub(crate) struct Claim<'a> {
    timestamp: &'a str,
    seconds: i64,
    nonce: &'a str,
    serial: Serial,
    signature: Vec<u8>,
    is_probe: bool,
}

/// Bytes that WeChat Pay signed.
#[derive(Clone, Copy)]
pub(crate) struct Verified<'a>(&'a [u8]);

impl<'a> Verified<'a> {
    /// The bytes.
    pub(crate) fn bytes(self) -> &'a [u8] {
        self.0
    }
}

/// Why a message is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Distrust {
    /// A signature header is missing or empty.
    Missing,
    /// A signature header has a shape that WeChat Pay does not send.
    Malformed,
    /// More than 300 s away from our time.
    Stale,
    /// No key of that serial, even after asking.
    UnknownSerial,
    /// The signature is not the key's over these bytes.
    WrongSignature,
    /// A wrong signature that WeChat Pay sent on purpose.
    Probe,
}

impl Distrust {
    /// Says why.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Distrust::Missing => "a signature header is missing",
            Distrust::Malformed => "a signature header is malformed",
            Distrust::Stale => "the timestamp is more than 300 s away",
            Distrust::UnknownSerial => "the serial names no key of WeChat Pay",
            Distrust::WrongSignature => "the signature is wrong",
            Distrust::Probe => "signature probe",
        }
    }
}

impl<'a> Claim<'a> {
    /// Reads the headers: all four present and of a shape that is possible under `scheme`.
    ///
    /// The nonce must be visible ASCII and the timestamp digits: with a line break in either, the
    /// signed text of one body could be cut into another nonce and another body.
    pub(crate) fn read(
        headers: SignatureHeaders<'a>,
        scheme: &dyn SignatureScheme,
    ) -> Result<Claim<'a>, Distrust> {
        let timestamp = present(headers.timestamp)?;
        let nonce = present(headers.nonce)?;
        let signature = present(headers.signature)?;
        let serial = present(headers.serial)?;
        if !timestamp.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Distrust::Malformed);
        }
        let Ok(seconds) = timestamp.parse::<i64>() else { return Err(Distrust::Malformed) };
        let is_probe = signature.starts_with(PROBE_PREFIX);
        let Ok(signature) = STANDARD.decode(signature) else { return Err(wrong(is_probe)) };
        if !scheme.signature_bytes().contains(&signature.len()) {
            return Err(wrong(is_probe));
        }
        Ok(Claim { timestamp, seconds, nonce, serial: Serial::of(serial), signature, is_probe })
    }

    /// The key that it names.
    pub(crate) fn serial(&self) -> &Serial {
        &self.serial
    }

    /// Whether it was signed within 300 s of `now`.
    pub(crate) fn check_window(&self, now: Timestamp) -> Result<(), Distrust> {
        if self.seconds.abs_diff(now.seconds()) <= WINDOW_SECONDS {
            Ok(())
        } else {
            Err(Distrust::Stale)
        }
    }

    /// Whether `key` signed exactly these bytes.
    pub(crate) fn verify<'b>(
        &self,
        scheme: &dyn SignatureScheme,
        key: &PlatformKey,
        body: &'b [u8],
    ) -> Result<Verified<'b>, Distrust> {
        let mut message = Vec::with_capacity(body.len().saturating_add(128));
        message.extend_from_slice(self.timestamp.as_bytes());
        message.push(b'\n');
        message.extend_from_slice(self.nonce.as_bytes());
        message.push(b'\n');
        message.extend_from_slice(body);
        message.push(b'\n');
        if scheme.verifies(&key.public, &message, &self.signature) {
            Ok(Verified(body))
        } else {
            Err(wrong(self.is_probe))
        }
    }
}

fn present(header: Option<&str>) -> Result<&str, Distrust> {
    let value = header.filter(|v| !v.is_empty()).ok_or(Distrust::Missing)?;
    let visible = value.len() <= HEADER_MAX && value.bytes().all(|b| b.is_ascii_graphic());
    if visible { Ok(value) } else { Err(Distrust::Malformed) }
}

fn wrong(is_probe: bool) -> Distrust {
    if is_probe { Distrust::Probe } else { Distrust::WrongSignature }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rsa::Rsa;
    use crate::testing::{text, vectors};
    use serde_json::Value;

    // The other vectors of this file pass through the whole client in `tests/`.
    const VECTORS: &str = include_str!("../tests/vectors/v3_verify.json");

    fn headers(vector: &Value) -> SignatureHeaders<'_> {
        let header = |name: &str| vector["headers"][name].as_str();
        SignatureHeaders {
            timestamp: header("Wechatpay-Timestamp"),
            nonce: header("Wechatpay-Nonce"),
            signature: header("Wechatpay-Signature"),
            serial: header("Wechatpay-Serial"),
        }
    }

    fn vector(file: &Value, name: &str) -> Value {
        let all = file["vectors"].as_array().unwrap();
        all.iter().find(|v| text(v, "name") == name).unwrap().clone()
    }

    #[test]
    fn the_go_sdks_notification_verifies_by_its_certificate() {
        let vector = vector(&vectors(VECTORS), "go_sdk_notify");
        let certificate = Rsa.certificate(text(&vector, "certificate_pem")).unwrap();
        let claim = Claim::read(headers(&vector), &Rsa).unwrap();
        // The DER of this serial has a leading zero byte that the header does not write.
        assert_eq!(*claim.serial(), Serial::of(&certificate.serial));
        let body = text(&vector, "body").as_bytes();
        let key = PlatformKey::of_certificate(certificate);
        assert_eq!(claim.verify(&Rsa, &key, body).unwrap().bytes(), body);
        assert!(claim.verify(&Rsa, &key, &body[1..]).is_err());
    }

    #[test]
    fn text_cannot_be_moved_between_the_lines_of_a_message() {
        let file = vectors(VECTORS);
        let vector = vector(&file, "payment_notification_certificate");
        let good = headers(&vector);
        let nonce = good.nonce.unwrap();
        let cases = [
            SignatureHeaders { nonce: Some(&format!("{nonce}\n{{\"id\":1}}")), ..good },
            SignatureHeaders { timestamp: Some(&format!("1795226405\n{nonce}")), ..good },
            SignatureHeaders { timestamp: Some("+1795226405"), ..good },
            SignatureHeaders { timestamp: Some("1795226405.0"), ..good },
            SignatureHeaders { timestamp: Some("99999999999999999999"), ..good },
            SignatureHeaders { nonce: Some("店"), ..good },
            SignatureHeaders { serial: Some(&"A".repeat(HEADER_MAX + 1)), ..good },
        ];
        for case in cases {
            assert_eq!(Claim::read(case, &Rsa).err(), Some(Distrust::Malformed));
        }
    }

    #[test]
    fn the_window_is_three_hundred_seconds_either_way() {
        let file = vectors(VECTORS);
        let vector = vector(&file, "payment_notification_certificate");
        let claim = Claim::read(headers(&vector), &Rsa).unwrap();
        let at =
            |seconds: i64| claim.check_window(Timestamp::from_seconds(1_795_226_405 + seconds));
        for inside in [-299, 0, 299] {
            assert_eq!(at(inside), Ok(()));
        }
        for outside in [-100_000_000_000, -301, 301] {
            assert_eq!(at(outside), Err(Distrust::Stale));
        }
    }
}
