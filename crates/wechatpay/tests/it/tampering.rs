//! Nothing but the genuine bytes opens, and nothing panics.

use domain::Timestamp;
use domain::ports::{Notice, NoticeError, NoticeOpener as _, RawNotice};
use proptest::prelude::*;

use crate::notice::raw;
use crate::support::*;

fn genuine() -> RawNotice {
    let file = vectors(include_str!("../vectors/v3_verify.json"));
    raw(&file["vectors"][0])
}

fn open(world: &World, notice: &RawNotice) -> Result<Notice, NoticeError> {
    let opened = world.client.open(notice, Timestamp::from_seconds(NOW));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(opened)
}

/// One bit of one part turned over, wherever `at` falls.
fn flipped(part: usize, at: usize, bit: u8) -> RawNotice {
    let mut notice = genuine();
    let flip = |bytes: &mut [u8]| {
        let place = at % bytes.len();
        bytes[place] ^= 1 << bit;
    };
    let header = match part {
        0 => &mut notice.timestamp,
        1 => &mut notice.nonce,
        2 => &mut notice.signature,
        3 => &mut notice.serial,
        _ => {
            flip(&mut notice.body);
            return notice;
        }
    };
    let mut bytes = header.take().unwrap().into_bytes();
    flip(&mut bytes);
    *header = Some(String::from_utf8_lossy(&bytes).into_owned());
    notice
}

fn is_refused(answer: &Result<Notice, NoticeError>) -> bool {
    matches!(answer, Err(NoticeError::Untrusted(_) | NoticeError::Probe))
}

#[test]
fn the_genuine_one_opens() {
    assert!(open(&world(&mixed()), &genuine()).is_ok());
}

#[test]
fn no_header_may_be_missing_empty_or_anothers() {
    let world = world(&mixed());
    let good = genuine();
    let headers = [&good.timestamp, &good.nonce, &good.signature, &good.serial];
    let with = |part: usize, value: Option<String>| {
        let mut notice = good.clone();
        let place = match part {
            0 => &mut notice.timestamp,
            1 => &mut notice.nonce,
            2 => &mut notice.signature,
            _ => &mut notice.serial,
        };
        *place = value;
        notice
    };
    for part in 0..headers.len() {
        for value in [None, Some(String::new()), Some(" ".to_owned())] {
            assert!(is_refused(&open(&world, &with(part, value))), "{part}");
        }
        for (other, value) in headers.iter().enumerate() {
            let refused = is_refused(&open(&world, &with(part, (*value).clone())));
            assert_eq!(refused, other != part, "{part} swapped with {other}");
        }
    }
}

#[test]
fn a_body_of_another_notification_does_not_open() {
    let file = vectors(include_str!("../vectors/v3_verify.json"));
    let mut notice = genuine();
    notice.body = raw(&file["vectors"][2]).body;
    assert!(is_refused(&open(&world(&mixed()), &notice)));
    notice.body = Vec::new();
    assert!(is_refused(&open(&world(&mixed()), &notice)));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn one_turned_bit_anywhere_is_refused(part in 0_usize..5, at in any::<usize>(), bit in 0_u8..8) {
        let notice = flipped(part, at, bit);
        // The case of a certificate's serial does not count: it is a number.
        let same_serial = notice.serial.as_ref().map(|s| s.to_ascii_uppercase()) == genuine().serial;
        prop_assume!(part != 3 || !same_serial);
        prop_assert!(is_refused(&open(&world(&mixed()), &notice)));
    }

    #[test]
    fn cut_or_grown_bodies_are_refused(cut in any::<prop::sample::Index>(), grown in prop::collection::vec(any::<u8>(), 1..20)) {
        let world = world(&mixed());
        let mut short = genuine();
        let end = cut.index(short.body.len());
        short.body.truncate(end);
        prop_assert!(is_refused(&open(&world, &short)));
        let mut long = genuine();
        long.body.extend_from_slice(&grown);
        prop_assert!(is_refused(&open(&world, &long)));
    }

    #[test]
    fn arbitrary_headers_and_bytes_never_panic(
        timestamp in prop::option::of(prop_oneof![Just(NOW.to_string()), ".*"]),
        nonce in prop::option::of(".*"),
        signature in prop::option::of(prop_oneof!["[A-Za-z0-9+/]{344}", ".*"]),
        serial in prop::option::of(prop_oneof![Just(key(PUBLIC_KEY, "serial_no")), "[0-9A-F]{40}", ".*"]),
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let notice = RawNotice { timestamp, nonce, signature, serial, body };
        prop_assert!(open(&world(&mixed()), &notice).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) })]

    /// The parsers behind the signature: whatever WeChat Pay signs, nothing panics.
    #[test]
    fn arbitrary_signed_bytes_never_panic(body in prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        ".*".prop_map(String::into_bytes),
        ("[A-Z.]{0,30}", "\\PC{0,12}", "[A-Za-z0-9+/=]{0,80}", "transaction|refund|else").prop_map(|(event, nonce, text, kind)| {
            serde_json::json!({ "id": "EV", "event_type": event, "resource": {
                "algorithm": "AEAD_AES_256_GCM", "nonce": nonce, "ciphertext": text,
                "original_type": kind } }).to_string().into_bytes()
        }),
    ]) {
        let notice = signed_notice(PUBLIC_KEY, NOW, &body);
        prop_assert!(open(&world(&settings()), &notice).is_err());
    }

    #[test]
    fn arbitrary_decrypted_resources_never_panic(plain in ".{0,200}", event in prop_oneof![
        Just(("TRANSACTION.SUCCESS", "transaction")), Just(("REFUND.SUCCESS", "refund")),
        Just(("ELSE.SUCCESS", "else"))
    ]) {
        let body = crate::notice::envelope(event.0, event.1, &plain, "k8Zq2Lw9Xe4T").to_string();
        let notice = signed_notice(PUBLIC_KEY, NOW, body.as_bytes());
        let opened = open(&world(&settings()), &notice);
        // A bare JSON value is a readable resource of an event that we do not act on.
        prop_assert!(opened.is_err() || event.1 == "else");
    }
}
