//! Opens a notification whose signature was verified (v3 §6).
//!
//! Takes [`Verified`] bytes, so it cannot be reached by anything else: parse, decrypt, read, ask
//! whose it is. What it refuses was signed by WeChat Pay and is still no fact of ours.

mod canonical;
mod payment;
mod refund;

use domain::names::Mchid;
use domain::ports::{Notice, NoticeBody, NoticeError};
use serde_json::Value;

use crate::resource::{ApiV3Keys, Sealed};
use crate::verify::Verified;
use crate::wire::notice::{NoticeWire, ResourceWire};
use canonical::{hash, line, write_sorted};

/// Why XML is refused. Refunds that are made by hand in the merchant platform can be reported so.
pub(crate) const XML: &str = "XML: a notification of API v2, which is not read here";

/// The most characters of an id or an event type; far beyond the documented 36 and 32.
const NAME_MAX: usize = 256;

/// Reads a notification.
pub(crate) fn read(
    verified: Verified<'_>,
    keys: &ApiV3Keys,
    mchid: &Mchid,
) -> Result<Notice, NoticeError> {
    let Ok(wire) = serde_json::from_slice::<NoticeWire>(verified.bytes()) else {
        let xml = is_xml(verified.bytes());
        return Err(NoticeError::Malformed(if xml { XML } else { "the envelope cannot be read" }));
    };
    let NoticeWire { id, event_type, resource } = wire;
    if id.is_empty() || event_type.is_empty() || id.len().max(event_type.len()) > NAME_MAX {
        return Err(NoticeError::Malformed("the notification has no proper id or event type"));
    }
    check_original_type(&event_type, &resource)?;
    let plain = open(&resource, keys)?;
    let (body, fact_hash) = read_body(&plain, (&id, &event_type), mchid)?;
    Ok(Notice { event_id: id, event_type, fact_hash, body })
}

/// Whether a body looks like XML, which API v3 never sends: good for saying so, nothing else.
pub(crate) fn is_xml(body: &[u8]) -> bool {
    let text = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    text.trim_ascii_start().first() == Some(&b'<')
}

/// What a resource says, by the type of its event, and the hash of that.
fn read_body(
    plain: &[u8],
    (id, event_type): (&str, &str),
    mchid: &Mchid,
) -> Result<(NoticeBody, String), NoticeError> {
    if event_type == payment::PAID {
        let (fact, fact_hash) = payment::read(plain, id, event_type, mchid)?;
        return Ok((NoticeBody::Payment(Box::new(fact)), fact_hash));
    }
    if let Some(event) = refund::Event::of(event_type) {
        let (fact, fact_hash) = refund::read(plain, event, (id, event_type), mchid)?;
        return Ok((NoticeBody::Refund(Box::new(fact)), fact_hash));
    }
    Ok((NoticeBody::Other, other(plain, event_type, mchid)?))
}

/// The event's family and its resource's type must agree where we know both.
fn check_original_type(event_type: &str, resource: &ResourceWire) -> Result<(), NoticeError> {
    let expected = match event_type.split('.').next() {
        Some("TRANSACTION") => "transaction",
        Some("REFUND") => "refund",
        _ => return Ok(()),
    };
    if resource.original_type.as_deref() == Some(expected) {
        return Ok(());
    }
    Err(NoticeError::Malformed("original_type does not fit the event type"))
}

fn open(resource: &ResourceWire, keys: &ApiV3Keys) -> Result<Vec<u8>, NoticeError> {
    let sealed = Sealed {
        algorithm: &resource.algorithm,
        nonce: &resource.nonce,
        associated_data: resource.associated_data.as_deref(),
        ciphertext: &resource.ciphertext,
    };
    keys.open(&sealed).map_err(|why| NoticeError::Malformed(why.text()))
}

/// An event that we do not act on: still ours, still decrypted, and comparable.
fn other(plain: &[u8], event_type: &str, mchid: &Mchid) -> Result<String, NoticeError> {
    let Ok(resource) = serde_json::from_slice::<Value>(plain) else {
        return Err(NoticeError::Malformed("the resource cannot be read"));
    };
    match resource.get("mchid").map(Value::as_str) {
        // Without a merchant number, the APIv3 key that opened it says whose it is.
        None => {}
        Some(theirs) if theirs == Some(mchid.as_str()) => {}
        Some(_) => return Err(NoticeError::Untrusted("another merchant")),
    }
    let mut text = line("event_type", event_type);
    write_sorted(&resource, &mut text);
    Ok(hash(&text))
}
