//! Which notifications go out when, and what each attempt looks like.
//!
//! MAY NOT wait or send: [`WeChatPay::due`] gives the deliveries of now, [`WeChatPay::next_due`] says when to ask again,
//! [`WeChatPay::record`] takes what came of each. One slow receiver holds back nobody but itself.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use time::{Duration, OffsetDateTime};

use crate::core::WeChatPay;
use crate::core::cipher::{NONCE_BYTES, encrypt};
use crate::core::exchange::Headers;
use crate::core::faults::{Action, Subject};
use crate::core::ledger::ControlRefusal;
use crate::core::notice::{
    Attempt, AttemptEnd, AttemptId, AttemptKind, Delivery, EncryptedResource, Notice, NoticeBody,
    Schedule,
};
use crate::core::ports::{Moment, Ports};
use crate::core::seal::{self, SignatureFault};
use crate::core::settings::ResendBody;
use crate::core::tamper::Tamper;
use crate::core::wire_time::beijing;

/// All notifications.
#[derive(Debug, Clone, Default)]
pub struct Outbox {
    pub(crate) notices: BTreeMap<u64, Notice>,
    due: BTreeSet<(OffsetDateTime, u64)>,
    last: u64,
    /// How many notifications were signed in the mixed period: the two keys take turns.
    pub(crate) turns: u64,
}

impl Outbox {
    /// Adds a notification, due at once.
    pub(crate) fn add(&mut self, notice: Notice) {
        self.last = self.last.saturating_add(1);
        self.due.extend(notice.due().map(|due| (due, self.last)));
        self.notices.insert(self.last, notice);
    }

    /// Empty, but with numbers that go on.
    pub(crate) fn emptied(&self) -> Self {
        Self { last: self.last, turns: self.turns, ..Self::default() }
    }

    /// Changes one notification and keeps the due list true.
    fn change<T>(&mut self, number: u64, change: impl FnOnce(&mut Notice) -> T) -> Option<T> {
        let notice = self.notices.get_mut(&number)?;
        let before = notice.due();
        let result = change(notice);
        let after = notice.due();
        if before != after {
            before.map(|due| self.due.remove(&(due, number)));
            self.due.extend(after.map(|due| (due, number)));
        }
        Some(result)
    }
}

/// How one attempt departs from an honest one.
#[derive(Debug, Clone, Copy)]
struct Making {
    kind: AttemptKind,
    signature: SignatureFault,
    fault: Option<&'static str>,
    tamper: Option<Tamper>,
}

impl WeChatPay {
    /// When, in business time, a notification is next to be sent.
    pub fn next_due(&self) -> Option<OffsetDateTime> {
        self.outbox.due.first().map(|(due, _)| *due)
    }

    /// All attempts to make now. Each must be sent, and its end given to [`Self::record`].
    pub fn due(&mut self, ports: &mut Ports<'_>) -> Vec<Delivery> {
        let at = ports.at;
        let mut deliveries = Vec::new();
        // Ends: every pass moves one notification forward on its ladder or takes it off the due list.
        while let Some((due, number)) = self.outbox.due.first().copied() {
            if due > at.business {
                break;
            }
            deliveries.extend(self.start_round(number, ports));
        }
        deliveries
    }

    /// What came of an attempt.
    pub fn record(&mut self, id: AttemptId, end: AttemptEnd) {
        let success = end.is_success();
        let ladder = &self.settings.resend_ladder_s;
        self.outbox.change(id.notice, |notice| {
            let Some(attempt) = notice.attempts.get_mut(id.attempt) else { return };
            attempt.end = Some(end);
            if attempt.kind == AttemptKind::Scheduled {
                notice.attempt_ended(success, ladder);
            }
        });
    }

    /// Sends an order's notification once more, outside the ladder, as it is or tampered with.
    pub fn notify_now(
        &mut self,
        out_trade_no: &str,
        tamper: Option<Tamper>,
        ports: &mut Ports<'_>,
    ) -> Result<Delivery, ControlRefusal> {
        let newest = self.outbox.notices.iter().rev();
        let (number, notice) = newest
            .map(|(number, notice)| (*number, notice))
            .find(|(_, notice)| notice.out_trade_no == out_trade_no)
            .ok_or_else(|| ControlRefusal::not_found("no notification for this out_trade_no"))?;
        if tamper == Some(Tamper::Replay) && notice.last_honest.is_none() {
            let why = "there was no honest attempt that could be replayed";
            return Err(ControlRefusal::conflict("nothing_to_replay", why));
        }
        let signature = match tamper {
            Some(Tamper::Signature) => SignatureFault::Corrupt,
            Some(Tamper::Probe) => SignatureFault::Probe,
            _ => SignatureFault::None,
        };
        let making = Making { kind: AttemptKind::Manual, signature, fault: None, tamper };
        self.make_attempt(number, making, ports)
            .ok_or_else(|| ControlRefusal::broken("the notification could not be signed"))
    }

    /// The attempts of one notification's round, after the faults have had their say.
    fn start_round(&mut self, number: u64, ports: &mut Ports<'_>) -> Vec<Delivery> {
        let at = ports.at;
        let Some(notice) = self.outbox.notices.get(&number) else { return Vec::new() };
        let Schedule::Waiting { round, planned, due } = notice.schedule else { return Vec::new() };
        // An attempt that a fault has already postponed is not met by faults again.
        let postponed = due > planned;
        let action = if postponed {
            Some(Action::DelayMs(0))
        } else {
            let subject = Subject::Notice {
                event_type: notice.event_type,
                out_trade_no: &notice.out_trade_no,
            };
            self.faults.take(subject)
        };
        let fault = action.as_ref().map(Action::name);
        let mut copies = 1;
        let mut signature = SignatureFault::None;
        match action {
            Some(Action::DelayMs(ms)) if ms > 0 => {
                let wait = Duration::milliseconds(i64::try_from(ms).unwrap_or(i64::MAX));
                let later = at.business.checked_add(wait).unwrap_or(at.business);
                self.outbox.change(number, |notice| {
                    notice.schedule = Schedule::Waiting { round, planned, due: later };
                });
                return Vec::new();
            }
            Some(Action::Duplicate(times)) => copies = times,
            Some(Action::CorruptSignature) => signature = SignatureFault::Corrupt,
            Some(Action::Probe) => signature = SignatureFault::Probe,
            Some(
                Action::Drop
                | Action::DelayMs(_)
                | Action::Status(_)
                | Action::AnswerLost
                | Action::StaleQuery(_),
            )
            | None => {}
        }
        self.outbox.change(number, |notice| {
            notice.schedule = Schedule::InFlight { round, planned, left: copies, taken: false };
        });
        if action == Some(Action::Drop) {
            self.dropped(number, at);
            return Vec::new();
        }
        let making = Making { kind: AttemptKind::Scheduled, signature, fault, tamper: None };
        (0..copies).filter_map(|_| self.make_attempt(number, making, ports)).collect()
    }

    fn dropped(&mut self, number: u64, at: Moment) {
        let ladder = &self.settings.resend_ladder_s;
        self.outbox.change(number, |notice| {
            notice.attempts.push(Attempt {
                kind: AttemptKind::Scheduled,
                at: at.business,
                signed_at: at.real,
                serial: None,
                fault: Some("drop"),
                tamper: None,
                end: Some(AttemptEnd::Dropped),
            });
            notice.attempt_ended(false, ladder);
        });
    }

    /// Makes and notes one attempt. `None` if a key is missing: the attempt is then noted as failed.
    fn make_attempt(
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
    let resource: Value =
        tamper.map_or_else(|| notice.resource.clone(), |lie| lie.falsify(&notice.resource));
    let mut key = *api_v3_key;
    if tamper == Some(Tamper::Key) {
        key.reverse();
    }
    let nonce = ports.text(NONCE_BYTES);
    let plain = resource.to_string();
    let ciphertext = encrypt(&key, &nonce, notice.original_type, plain.as_bytes())?;
    let event_type = match tamper {
        Some(Tamper::EventType) => "TRANSACTION.NOBODY_KNOWS",
        _ => notice.event_type,
    };
    let body = NoticeBody {
        id: &notice.id,
        create_time: beijing(notice.created_at),
        resource_type: "encrypt-resource",
        event_type,
        summary: notice.summary,
        resource: EncryptedResource {
            original_type: notice.original_type,
            algorithm: "AEAD_AES_256_GCM",
            ciphertext,
            associated_data: notice.original_type,
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
