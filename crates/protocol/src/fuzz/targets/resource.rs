//! What a notification holds once it is decrypted.
//!
//! Input: the event type on a line, then the plain resource. It is sealed here, so that any bytes get behind the seal.

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;
use domain::ports::{Notice, NoticeError, NoticeOpener as _, RawNotice};
use serde_json::json;

use super::verdict;
use crate::fuzz::target::Verdict;
use crate::wechat::{API_V3_KEY, NONCE, NOW, SIGNERS, believing, key, now};

const ASSOCIATED: &str = "transaction";

/// Opens it twice, encrypted anew as a re-sent one is.
///
/// # Panics
/// When the second says something else than the first.
pub(in crate::fuzz) fn run(input: &[u8]) -> Verdict {
    let (event_type, plain) = split(input);
    let event_type = String::from_utf8_lossy(event_type);
    let first = open(&event_type, plain, "000000000001");
    assert_eq!(first, open(&event_type, plain, "000000000002"), "encrypted anew it says the same");
    verdict(&first)
}

/// The first line and the rest.
pub(super) fn split(input: &[u8]) -> (&[u8], &[u8]) {
    let mut parts = input.splitn(2, |byte| *byte == b'\n');
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

fn open(event_type: &str, plain: &[u8], nonce: &str) -> Result<Notice, NoticeError> {
    let original = if event_type.starts_with("REFUND") { "refund" } else { "transaction" };
    let body = json!({
        "id": "EV-2026112110000512345", "create_time": "2026-11-21T10:00:05+08:00",
        "resource_type": "encrypt-resource", "event_type": event_type, "summary": "…",
        "resource": {"original_type": original, "algorithm": "AEAD_AES_256_GCM", "nonce": nonce,
            "ciphertext": sealed(plain, nonce), "associated_data": ASSOCIATED},
    });
    let raw = RawNotice {
        timestamp: Some(NOW.to_string()),
        nonce: Some(NONCE.to_owned()),
        signature: Some("c2lnbmVk".to_owned()),
        serial: Some(key(SIGNERS[0], "serial_no")),
        body: body.to_string().into_bytes(),
    };
    now(believing().open(&raw, Timestamp::from_seconds(NOW)))
}

fn sealed(plain: &[u8], nonce: &str) -> String {
    let sealed = Nonce::try_from(nonce.as_bytes()).ok().and_then(|nonce| {
        let cipher = Aes256Gcm::new_from_slice(API_V3_KEY).ok()?;
        cipher.encrypt(&nonce, Payload { msg: plain, aad: ASSOCIATED.as_bytes() }).ok()
    });
    STANDARD.encode(sealed.unwrap_or_default())
}
