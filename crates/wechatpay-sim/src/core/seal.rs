//! The signature headers of what WeChat Pay sends (`v3.md` §3), and how they go wrong on purpose.
//!
//! MAY NOT sign errors: 4xx and 5xx of the live service carry no signature.

use crate::core::WeChatPay;
use crate::core::exchange::Headers;
use crate::core::ports::{Keyring, Ports, SigningFailed};
use crate::core::settings::Verification;
use time::OffsetDateTime;

/// What is done to a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignatureFault {
    /// Nothing.
    #[default]
    None,
    /// One character differs.
    Corrupt,
    /// A signature probe (签名探测流量, `v3.md` §3.1).
    Probe,
}

const SIGNATURE: &str = "Wechatpay-Signature";

/// A signature that is still to be made: it takes longer than all that was done before it, and needs none of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unsigned {
    serial: String,
    message: Vec<u8>,
    fault: SignatureFault,
    /// What a probe has in place of a signature.
    probe: String,
}

impl Unsigned {
    /// Makes it, and writes it where it belongs.
    pub(crate) fn sign_into(
        self,
        headers: &mut Headers,
        keyring: &dyn Keyring,
    ) -> Result<(), SigningFailed> {
        let signature = keyring.sign(&self.serial, &self.message)?;
        let signature = match self.fault {
            SignatureFault::None => signature,
            SignatureFault::Corrupt => corrupt(&signature),
            SignatureFault::Probe => self.probe,
        };
        if let Some((_, value)) = headers.iter_mut().find(|(name, _)| name == SIGNATURE) {
            *value = signature;
        }
        Ok(())
    }
}

/// The four headers and the signature type for `body`, signed.
pub fn headers(
    serial: &str,
    body: &[u8],
    signed_at: OffsetDateTime,
    fault: SignatureFault,
    ports: &mut Ports<'_>,
) -> Result<Headers, SigningFailed> {
    let (mut headers, unsigned) = unsigned_headers(serial, body, signed_at, fault, ports);
    unsigned.sign_into(&mut headers, ports.keyring)?;
    Ok(headers)
}

/// The same with an empty signature, and what it is to be made of.
pub(crate) fn unsigned_headers(
    serial: &str,
    body: &[u8],
    signed_at: OffsetDateTime,
    fault: SignatureFault,
    ports: &mut Ports<'_>,
) -> (Headers, Unsigned) {
    let timestamp = signed_at.unix_timestamp().to_string();
    let nonce = ports.lower_hex(16);
    let mut message = format!("{timestamp}\n{nonce}\n").into_bytes();
    message.extend_from_slice(body);
    message.push(b'\n');
    let probe = match fault {
        SignatureFault::Probe => format!("WECHATPAY/SIGNTEST/{}", ports.text(325)),
        SignatureFault::None | SignatureFault::Corrupt => String::new(),
    };
    let pairs = [
        ("Wechatpay-Timestamp", timestamp),
        ("Wechatpay-Nonce", nonce),
        (SIGNATURE, String::new()),
        ("Wechatpay-Serial", serial.to_owned()),
        ("Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048".to_owned()),
    ];
    let headers = pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    (headers, Unsigned { serial: serial.to_owned(), message, fault, probe })
}

/// Another signature of the same length that still decodes.
pub fn corrupt(signature: &str) -> String {
    let middle = signature.len() / 2;
    let swap = |(index, letter)| match letter {
        'A' if index == middle => 'B',
        _ if index == middle => 'A',
        other => other,
    };
    signature.chars().enumerate().map(swap).collect()
}

impl WeChatPay {
    /// The key that signs the answer to a request that named `wanted` in `Wechatpay-Serial` (`v3.md` §4).
    pub(crate) fn answer_serial(&self, wanted: Option<&str>) -> String {
        let public_key = match self.verification {
            Verification::Certificate => false,
            Verification::PublicKey => true,
            Verification::Mixed => wanted == Some(self.account.public_key_id.as_str()),
        };
        if public_key { self.account.public_key_id.clone() } else { self.certificate_serial() }
    }

    /// The key that signs the next notification; in the mixed period they take turns, so that both are met at once.
    pub(crate) fn notice_serial(&mut self) -> String {
        let public_key = match self.verification {
            Verification::Certificate => false,
            Verification::PublicKey => true,
            Verification::Mixed => {
                self.outbox.turns = self.outbox.turns.wrapping_add(1);
                self.outbox.turns.is_multiple_of(2)
            }
        };
        if public_key { self.account.public_key_id.clone() } else { self.certificate_serial() }
    }

    fn certificate_serial(&self) -> String {
        self.account
            .platform_certificates
            .last()
            .map_or_else(|| self.account.public_key_id.clone(), |newest| newest.serial.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::corrupt;

    #[test]
    fn a_corrupted_signature_differs_in_one_place() {
        assert_eq!(corrupt("xxAxx"), "xxBxx");
        assert_eq!(corrupt("xxyxx"), "xxAxx");
    }
}
