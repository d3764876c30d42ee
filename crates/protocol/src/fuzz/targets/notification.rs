//! Headers and body of a notification.
//!
//! Input: `Wechatpay-Timestamp`, `-Nonce`, `-Signature` and `-Serial`, each on a line (an empty one is absent), then the body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;
use domain::ports::{NoticeOpener as _, RawNotice};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

use super::verdict;
use crate::fuzz::target::Verdict;
use crate::speed::public_key;
use crate::wechat::{NOW, SIGNERS, believing, key, now, strict};

/// Opens it twice: as it stands, and as if its signature were good.
///
/// # Panics
/// When one is opened that nobody has signed, or that says something else when it is simply believed.
pub(in crate::fuzz) fn run(input: &[u8]) -> Verdict {
    let raw = raw_notice(input);
    let at = Timestamp::from_seconds(NOW);
    let strictly = now(strict().open(&raw, at));
    let believed = now(believing().open(&raw, at));
    let Ok(notice) = &strictly else {
        let (refused, behind) = (verdict(&strictly), verdict(&believed));
        return Verdict { is_taken: false, why: format!("{}; {behind}", refused.why).into() };
    };
    assert!(is_signed(&raw), "opened, and nobody has signed it");
    assert_eq!(strictly, believed, "who believes reads the same");
    assert!(!notice.event_id.is_empty() && !notice.fact_hash.is_empty());
    verdict(&strictly)
}

/// The headers and the body in an input.
pub(crate) fn raw_notice(input: &[u8]) -> RawNotice {
    let mut parts = input.splitn(5, |byte| *byte == b'\n');
    let mut header = || {
        let text = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
        Some(text).filter(|text| !text.is_empty())
    };
    let (timestamp, nonce, signature, serial) = (header(), header(), header(), header());
    RawNotice {
        timestamp,
        nonce,
        signature,
        serial,
        body: parts.next().unwrap_or_default().to_vec(),
    }
}

/// The same question to `ring` alone.
fn is_signed(raw: &RawNotice) -> bool {
    let text = |header: &Option<String>| header.clone().unwrap_or_default();
    let mut message = format!("{}\n{}\n", text(&raw.timestamp), text(&raw.nonce)).into_bytes();
    message.extend_from_slice(&raw.body);
    message.push(b'\n');
    let signature = STANDARD.decode(text(&raw.signature)).unwrap_or_default();
    SIGNERS.iter().any(|name| {
        let is_named = text(&raw.serial).eq_ignore_ascii_case(&key(name, "serial_no"));
        is_named && verifies(&key(name, "public_key_spki_pem"), &message, &signature)
    })
}

fn verifies(pem: &str, message: &[u8], signature: &[u8]) -> bool {
    public_key(pem).is_ok_and(|key| {
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
        key.verify(message, signature).is_ok()
    })
}
