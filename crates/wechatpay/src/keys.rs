//! Keys with their names and their time: the merchant's, which signs, WeChat Pay's, which verify,
//! and the serials that name them.
//!
//! Knows no cryptography: reading, signing and verifying are the
//! [`SignatureScheme`](crate::SignatureScheme)'s. Never prints a key, and decides nothing about
//! which one is used when.

use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;

use crate::scheme::{CannotSign, Certificate, PrivateKey, PublicKey, SignatureScheme};

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

    /// As WeChat Pay writes it: a certificate's in whole bytes.
    pub(crate) fn text(&self) -> String {
        match self {
            Serial::OfCertificate(digits) if digits.len() % 2 == 1 => format!("0{digits}"),
            Serial::OfCertificate(text) | Serial::OfPublicKey(text) => text.clone(),
        }
    }
}

/// The merchant's private key (商户API证书私钥) and the serial of its certificate.
pub(crate) struct MerchantKey {
    serial: String,
    private: Box<dyn PrivateKey>,
    expires_at: Option<Timestamp>,
}

/// The texts that a [`MerchantKey`] is read from.
#[derive(Clone, Copy)]
pub(crate) struct MerchantKeyTexts<'a> {
    /// The certificate's serial, when it is given apart.
    pub(crate) serial: Option<&'a str>,
    /// The private key.
    pub(crate) private_key: &'a str,
    /// The certificate, when it is given.
    pub(crate) certificate: Option<&'a str>,
}

impl MerchantKey {
    /// Reads the key; every mistake is named, none quotes the key.
    pub(crate) fn parse(
        scheme: &dyn SignatureScheme,
        texts: MerchantKeyTexts<'_>,
    ) -> Result<MerchantKey, Vec<&'static str>> {
        let mut mistakes = Vec::new();
        let private = noted(scheme.private_key(texts.private_key), &mut mistakes);
        let certificate =
            texts.certificate.and_then(|text| noted(scheme.certificate(text), &mut mistakes));
        if let (Some(private), Some(certificate)) = (&private, &certificate)
            && !private.is_half_of(&certificate.public_key)
        {
            mistakes.push("the certificate is not the private key's");
        }
        let named = texts.serial.map(str::trim).filter(|s| !s.is_empty());
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
        if texts.certificate.is_none() && serial.is_none() {
            mistakes.push("neither a serial nor a certificate is given");
        }
        match (serial, private) {
            (Some(serial), Some(private)) if mistakes.is_empty() => {
                let expires_at = certificate.map(|c| c.valid_until);
                Ok(MerchantKey { serial, private, expires_at })
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

    /// The signature of `message` as headers and pay parameters carry it: base64.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<String, CannotSign> {
        self.private.sign(message).map(|signature| STANDARD.encode(signature))
    }
}

impl fmt::Debug for MerchantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MerchantKey({}, …)", self.serial)
    }
}

/// What was read, or its mistake among the others.
fn noted<T>(read: Result<T, &'static str>, mistakes: &mut Vec<&'static str>) -> Option<T> {
    read.map_err(|why| mistakes.push(why)).ok()
}

/// A public key of WeChat Pay: from a platform certificate, or the public key mode's.
#[derive(Clone, Debug)]
pub(crate) struct PlatformKey {
    /// The key itself.
    pub(crate) public: PublicKey,
    /// First second of validity; `None` for a public key, which does not expire.
    pub(crate) valid_from: Option<Timestamp>,
    /// Last second of validity; `None` for a public key.
    pub(crate) valid_until: Option<Timestamp>,
}

impl PlatformKey {
    /// The key of a certificate, for as long as the certificate is valid.
    pub(crate) fn of_certificate(certificate: Certificate) -> PlatformKey {
        let Certificate { serial: _, public_key, valid_from, valid_until } = certificate;
        PlatformKey {
            public: public_key,
            valid_from: Some(valid_from),
            valid_until: Some(valid_until),
        }
    }

    /// The public key mode's, for ever.
    pub(crate) fn lasting(public: PublicKey) -> PlatformKey {
        PlatformKey { public, valid_from: None, valid_until: None }
    }

    /// Whether the key may be used at `now`.
    pub(crate) fn is_valid_at(&self, now: Timestamp) -> bool {
        self.valid_from.is_none_or(|from| from <= now)
            && self.valid_until.is_none_or(|until| now <= until)
    }
}
