//! Opens a notification whose signature was verified (v3 §6).
//!
//! Takes [`Verified`] bytes, so it cannot be reached by anything else: parse, decrypt, read, ask
//! whose it is. What it refuses was signed by WeChat Pay and is still no fact of ours.

use domain::fact::{Evidence, PaymentFact, Trade};
use domain::names::Mchid;
use domain::ports::{Notice, NoticeBody, NoticeError};
use domain::{OutTradeNo, Timestamp};
use ring::digest::{SHA256, digest};
use serde_json::Value;

use crate::resource::{ApiV3Keys, Sealed};
use crate::trade;
use crate::verify::Verified;
use crate::wire::notice::{NoticeWire, ResourceWire};
use crate::wire::trade::TradeWire;

/// The event that says that a payment succeeded.
const PAID: &str = "TRANSACTION.SUCCESS";

/// The most characters of an id or an event type; far beyond the documented 36 and 32.
const NAME_MAX: usize = 256;

/// Reads a notification.
pub(crate) fn read(
    verified: Verified<'_>,
    keys: &ApiV3Keys,
    mchid: &Mchid,
) -> Result<Notice, NoticeError> {
    let Ok(wire) = serde_json::from_slice::<NoticeWire>(verified.bytes()) else {
        return Err(NoticeError::Malformed("the envelope cannot be read"));
    };
    let NoticeWire { id, event_type, resource } = wire;
    if id.is_empty() || event_type.is_empty() || id.len().max(event_type.len()) > NAME_MAX {
        return Err(NoticeError::Malformed("the notification has no proper id or event type"));
    }
    check_original_type(&event_type, &resource)?;
    let plain = open(&resource, keys)?;
    if event_type == PAID {
        let (fact, fact_hash) = payment(&plain, &id, &event_type, mchid)?;
        let body = NoticeBody::Payment(Box::new(fact));
        return Ok(Notice { event_id: id, event_type, fact_hash, body });
    }
    let fact_hash = other(&plain, &event_type, mchid)?;
    Ok(Notice { event_id: id, event_type, fact_hash, body: NoticeBody::Other })
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

fn payment(
    plain: &[u8],
    event_id: &str,
    event_type: &str,
    mchid: &Mchid,
) -> Result<(PaymentFact, String), NoticeError> {
    let Ok(wire) = serde_json::from_slice::<TradeWire>(plain) else {
        return Err(NoticeError::Malformed("the payment cannot be read"));
    };
    if wire.mchid != mchid.as_str() {
        return Err(NoticeError::Untrusted("another merchant"));
    }
    let fact_hash = hash(&canonical(event_type, &wire));
    let said = trade::read(wire).map_err(|why| NoticeError::Malformed(why.0))?;
    // A late re-send may show what happened since; anything else contradicts its own event.
    if !matches!(said.trade, Trade::Success(_) | Trade::Refunded(_)) {
        return Err(NoticeError::Malformed("a success whose payment is not one"));
    }
    let Some(out_trade_no) = OutTradeNo::stated(&said.out_trade_no) else {
        return Err(NoticeError::Malformed("out_trade_no has an impossible shape"));
    };
    let evidence = Evidence::Notification { event_id: event_id.to_owned() };
    let fact = PaymentFact::attested(evidence, said.mchid, out_trade_no, said.trade, said.attach);
    Ok((fact, fact_hash))
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

/// The facts of a payment in one fixed form: each on a line, with its length, so that no two
/// different facts read alike. An absent member reads like an empty one.
fn canonical(event_type: &str, wire: &TradeWire) -> String {
    let amount = wire.amount.as_ref();
    let total = amount.and_then(|a| a.total).map(|total| total.to_string());
    let currency = amount.and_then(|a| a.currency.as_ref());
    let openid = wire.payer.as_ref().and_then(|payer| payer.openid.as_ref());
    // The same instant may be written in another offset.
    let success_time = wire.success_time.as_ref().map(|text| {
        Timestamp::parse_rfc3339(text).map_or_else(|| text.clone(), Timestamp::to_rfc3339)
    });
    let facts = [
        ("event_type", Some(event_type)),
        ("mchid", Some(&wire.mchid)),
        ("appid", wire.appid.as_deref()),
        ("out_trade_no", Some(&wire.out_trade_no)),
        ("transaction_id", wire.transaction_id.as_deref()),
        ("trade_state", Some(&wire.trade_state)),
        ("total", total.as_deref()),
        ("currency", currency.map(String::as_str)),
        ("success_time", success_time.as_deref()),
        ("openid", openid.map(String::as_str)),
        ("attach", wire.attach.as_deref()),
    ];
    facts.iter().map(|(name, value)| line(name, value.unwrap_or_default())).collect()
}

fn line(name: &str, value: &str) -> String {
    format!("{name} {} {value}\n", value.len())
}

/// JSON with its members in order, whatever order they came in. As deep as the parser allowed.
fn write_sorted(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort();
            out.push('{');
            for name in names {
                out.push_str(&line("member", name));
                members.get(name).into_iter().for_each(|member| write_sorted(member, out));
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for item in items {
                write_sorted(item, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::String(text) => out.push_str(&line("text", text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
    }
}

fn hash(canonical: &str) -> String {
    hex::encode(digest(&SHA256, canonical.as_bytes()))
}
