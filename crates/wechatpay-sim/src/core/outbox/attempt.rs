//! One attempt to deliver: sealed, signed, noted.
//!
//! MAY NOT decide whether or when an attempt is made.

use time::{Duration, OffsetDateTime};

use crate::core::WeChatPay;
use crate::core::cipher::{NONCE_BYTES, encrypt};
use crate::core::exchange::Headers;
use crate::core::notice::{
    Attempt, AttemptEnd, AttemptId, AttemptKind, Delivery, EncryptedResource, Notice, NoticeBody,
};
use crate::core::ports::Ports;
use crate::core::seal::{self, SignatureFault};
use crate::core::settings::ResendBody;
use crate::core::tamper::Tamper;
use crate::core::wire_time::beijing;

/// How one attempt departs from an honest one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Making {
    pub(super) kind: AttemptKind,
    pub(super) signature: SignatureFault,
    pub(super) fault: Option<&'static str>,
    pub(super) tamper: Option<Tamper>,
}

impl WeChatPay {
    /// Makes and notes one attempt. `None` if a key is missing: the attempt is then noted as failed.
    pub(super) fn make_attempt(
        &mut self,
        number: u64,
        making: Making,
        ports: &mut Ports<'_>,
    ) -> Option<Delivery> {
        let at = ports.at;
        let serial = self.notice_serial();
        let signed_at = match making.tamper {
            Some(Tamper::Stale) => at.real - Duration::minutes(10),
            Some(Tamper::Future) => at.real + Duration::minutes(10),
            _ => at.real,
        };
        let composed = self.compose(number, making, (&serial, signed_at), ports);
        let noted = Attempt {
            kind: making.kind,
            at: at.business,
            signed_at,
            serial: Some(serial),
            fault: making.fault,
            tamper: making.tamper,
            end: None,
        };
        let attempt = self.outbox.change(number, |notice| {
            notice.attempts.push(noted);
            notice.attempts.len().saturating_sub(1)
        })?;
        let id = AttemptId { notice: number, attempt };
        self.outbox.overtaking(id);
        let Some((headers, body)) = composed else {
            self.record(id, AttemptEnd::Failed { why: "could not be signed".to_owned() });
            return None;
        };
        let url = self.outbox.notices.get(&number).map(|notice| notice.url.clone())?;
        Some(Delivery { id, url, headers, body, timeout_ms: self.settings.notify_timeout_ms })
    }

    fn compose(
        &mut self,
        number: u64,
        making: Making,
        (serial, signed_at): (&str, OffsetDateTime),
        ports: &mut Ports<'_>,
    ) -> Option<(Headers, Vec<u8>)> {
        let keep = making.tamper.is_none() && self.settings.resend_body == ResendBody::Identical;
        let notice = self.outbox.notices.get_mut(&number)?;
        if making.tamper == Some(Tamper::Replay) {
            return notice.last_honest.clone();
        }
        let mut body = match &notice.first_body {
            Some(first) if keep => first.clone(),
            _ => encrypted_body(notice, making.tamper, &self.account.api_v3_key, ports)?,
        };
        if keep && notice.first_body.is_none() {
            notice.first_body = Some(body.clone());
        }
        let mut headers = seal::headers(serial, &body, signed_at, making.signature, ports).ok()?;
        match making.tamper {
            Some(Tamper::Unsigned) => headers.clear(),
            Some(Tamper::Serial) => rename_serial(&mut headers, serial),
            Some(Tamper::Body) => alter_ciphertext(&mut body),
            _ => {}
        }
        headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        headers.push(("Accept".to_owned(), "*/*".to_owned()));
        headers.push(("User-Agent".to_owned(), "Mozilla/4.0".to_owned()));
        headers.push(("Request-ID".to_owned(), format!("{}-0", ports.hex(20))));
        if making.tamper.is_none() && making.signature == SignatureFault::None {
            notice.last_honest = Some((headers.clone(), body.clone()));
        }
        Some((headers, body))
    }
}

fn encrypted_body(
    notice: &Notice,
    tamper: Option<Tamper>,
    api_v3_key: &[u8; 32],
    ports: &mut Ports<'_>,
) -> Option<Vec<u8>> {
    let lie = match tamper {
        Some(tamper) => Some(tamper.falsify(&notice.resource)?),
        None => None,
    };
    let plain = lie.as_ref().unwrap_or(&notice.resource);
    let original_type = notice.event.original_type();
    let mut key = *api_v3_key;
    if tamper == Some(Tamper::Key) {
        key.reverse();
    }
    let nonce = ports.text(NONCE_BYTES);
    let ciphertext = encrypt(&key, &nonce, original_type, plain.as_bytes())?;
    let event_type = match tamper {
        Some(Tamper::EventType) => notice.event.nobody_knows(),
        _ => notice.event.name(),
    };
    let body = NoticeBody {
        id: &notice.id,
        create_time: beijing(notice.created_at),
        resource_type: "encrypt-resource",
        event_type,
        summary: notice.summary(),
        resource: EncryptedResource {
            original_type,
            algorithm: "AEAD_AES_256_GCM",
            ciphertext,
            associated_data: original_type,
            nonce,
        },
    };
    serde_json::to_vec(&body).ok()
}

fn rename_serial(headers: &mut [(String, String)], serial: &str) {
    for (name, value) in headers {
        if name == "Wechatpay-Serial" {
            // As long as a real one, of the same alphabet, and nobody's.
            *value = serial.chars().rev().collect();
        }
    }
}

/// Another letter in the middle of the ciphertext: the JSON stays well-formed.
fn alter_ciphertext(body: &mut [u8]) {
    const MARK: &[u8] = b"\"ciphertext\":\"";
    let start = body.windows(MARK.len()).position(|window| window == MARK);
    let place = start.and_then(|start| start.checked_add(MARK.len() + 8));
    if let Some(byte) = place.and_then(|place| body.get_mut(place)) {
        *byte = if *byte == b'A' { b'B' } else { b'A' };
    }
}
