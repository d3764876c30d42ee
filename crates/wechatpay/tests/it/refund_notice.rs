//! Opening notifications of refunds, and refusing what looks like one.

use domain::fact::{Evidence, RefundProgress};
use domain::ports::{NoticeBody, NoticeError, NoticeOpener as _, RawNotice};
use domain::{Fen, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::notice::{envelope, open};
use crate::support::*;

const NONCE: &str = "k8Zq2Lw9Xe4T";

/// The refund as its notification says it.
fn resource() -> Value {
    json!({
        "mchid": MCHID, "transaction_id": "4200002026112100000000000001", "out_trade_no": NUMBER,
        "refund_id": "50000002026112100000000000001", "out_refund_no": REFUND,
        "refund_status": "SUCCESS", "success_time": "2026-11-21T10:05:00+08:00",
        "user_received_account": "支付用户零钱",
        "amount": { "total": 100, "refund": 50, "payer_total": 90, "payer_refund": 45 },
    })
}

fn resource_but(member: &str, value: Value) -> Value {
    let mut resource = resource();
    resource[member] = value;
    resource
}

fn sent(event_type: &str, resource: &Value) -> Value {
    envelope(event_type, "refund", &resource.to_string(), NONCE)
}

#[tokio::test]
async fn a_refund_that_arrived_comes_with_its_numbers() {
    let notice = open(&sent("REFUND.SUCCESS", &resource())).await.unwrap();
    assert_eq!(notice.event_type, "REFUND.SUCCESS");
    let NoticeBody::Refund(fact) = notice.body else { panic!("not a refund") };
    assert_eq!(*fact.evidence(), Evidence::Notification { event_id: notice.event_id });
    assert_eq!((fact.mchid().as_str(), fact.out_refund_no().as_str()), (MCHID, REFUND));
    let statement = fact.statement().unwrap();
    let at = Timestamp::parse_rfc3339("2026-11-21T02:05:00Z").unwrap();
    assert_eq!(statement.progress, RefundProgress::Succeeded { at });
    assert_eq!(statement.refund_id.as_str(), "50000002026112100000000000001");
    assert_eq!(statement.transaction_id.as_str(), "4200002026112100000000000001");
    assert_eq!((statement.out_trade_no.as_str(), statement.amount), (NUMBER, Fen::new(50)));
    assert!(!format!("{fact:?}").contains("支付用户零钱"));
}

#[tokio::test]
async fn an_event_and_its_refund_agree() {
    let events = ["REFUND.SUCCESS", "REFUND.ABNORMAL", "REFUND.CLOSED"];
    let mut table = String::new();
    for status in ["PROCESSING", "SUCCESS", "ABNORMAL", "CLOSED", "success", ""] {
        for event in events {
            let opened = open(&sent(event, &resource_but("refund_status", json!(status)))).await;
            let said = match opened {
                Ok(notice) => match notice.body {
                    NoticeBody::Refund(fact) => fact.refund().name(),
                    NoticeBody::Payment(_) | NoticeBody::Other => panic!("{event}"),
                },
                Err(NoticeError::Malformed(_)) => "malformed",
                Err(other) => panic!("{event} {status}: {other}"),
            };
            table += &format!("{said:12}");
        }
        table = format!("{}\n", table.trim_end());
    }
    // A column for each event. An abnormal one may have gone on; what is final stays.
    expect_test::expect![[r#"
        malformed   PROCESSING  malformed
        SUCCESS     SUCCESS     malformed
        malformed   ABNORMAL    malformed
        malformed   malformed   CLOSED
        malformed   malformed   malformed
        malformed   malformed   malformed
    "#]]
    .assert_eq(&table);
}

#[tokio::test]
async fn what_else_may_happen_to_refunds_is_handed_on() {
    let notice = open(&sent("REFUND.SOMETHING", &resource())).await.unwrap();
    assert_eq!(notice.body, NoticeBody::Other);
}

#[tokio::test]
async fn another_merchants_refund_is_not_ours() {
    let theirs = sent("REFUND.SUCCESS", &resource_but("mchid", json!("1900000110")));
    assert_eq!(open(&theirs).await, Err(NoticeError::Untrusted("another merchant")));
}

#[tokio::test]
async fn a_resend_encrypted_anew_has_the_same_fact_hash_and_a_differing_fact_another() {
    let first = open(&sent("REFUND.ABNORMAL", &resource())).await.unwrap();
    let mut same = resource();
    same["success_time"] = json!("2026-11-21T02:05:00Z");
    same["user_received_account"] = json!("招商银行信用卡0403");
    let again = envelope("REFUND.ABNORMAL", "refund", &same.to_string(), "Zz9Yy8Xx7Ww6");
    assert_eq!(open(&again).await.unwrap().fact_hash, first.fact_hash);
    for (member, value) in [
        ("transaction_id", json!("4200002026112100000000000002")),
        ("out_trade_no", json!("T20261121000002")),
        ("refund_id", json!("50000002026112100000000000002")),
        ("out_refund_no", json!("R20261121000002")),
        ("refund_status", json!("ABNORMAL")),
        ("success_time", json!("2026-11-21T10:05:01+08:00")),
        ("amount", json!({ "total": 100, "refund": 51 })),
        ("amount", json!({ "total": 101, "refund": 50 })),
    ] {
        let other = open(&sent("REFUND.ABNORMAL", &resource_but(member, value))).await.unwrap();
        assert_ne!(other.fact_hash, first.fact_hash, "{member}");
    }
    let success = open(&sent("REFUND.SUCCESS", &resource())).await.unwrap();
    assert_ne!(success.fact_hash, first.fact_hash);
}

#[tokio::test]
async fn what_is_signed_but_is_no_refund_is_malformed() {
    let text = resource().to_string();
    let mut cases = vec![
        envelope("REFUND.SUCCESS", "transaction", &text, NONCE),
        envelope("REFUND.SUCCESS", "refund", "not json", NONCE),
        envelope("REFUND.SUCCESS", "refund", "7", NONCE),
        envelope("REFUND.SUCCESS", "refund", "[]", NONCE),
        // The member of answers is not the member of notifications, and twice is not once.
        envelope("REFUND.SUCCESS", "refund", &text.replace("refund_status", "status"), NONCE),
        envelope(
            "REFUND.SUCCESS",
            "refund",
            &text.replacen('{', r#"{"out_refund_no":"R2","#, 1),
            NONCE,
        ),
    ];
    for (member, value) in [
        ("mchid", json!(null)),
        ("refund_id", json!("")),
        ("refund_id", json!(null)),
        ("transaction_id", json!(null)),
        ("out_trade_no", json!("a\u{7}b")),
        ("out_trade_no", json!("")),
        ("out_refund_no", json!("")),
        ("out_refund_no", json!("店")),
        ("out_refund_no", json!("R".repeat(65))),
        ("success_time", json!("soon")),
        ("success_time", json!(null)),
        ("amount", json!(null)),
        ("amount", json!({ "total": 100 })),
        ("amount", json!({ "total": 100, "refund": 0 })),
        ("amount", json!({ "total": 100, "refund": 101 })),
        ("amount", json!({ "total": 100, "refund": 50.5 })),
        ("amount", json!({ "total": 100, "refund": 9_223_372_036_854_775_808_u64 })),
    ] {
        cases.push(sent("REFUND.SUCCESS", &resource_but(member, value)));
    }
    for case in cases {
        let refused = open(&case).await;
        assert!(matches!(refused, Err(NoticeError::Malformed(_))), "{case}: {refused:?}");
    }
}

#[tokio::test]
async fn a_refund_made_in_the_merchant_console_has_a_number_of_its_own() {
    let console = resource_but("out_refund_no", json!("console|1@*"));
    let notice = open(&sent("REFUND.SUCCESS", &console)).await.unwrap();
    let NoticeBody::Refund(fact) = notice.body else { panic!("not a refund") };
    assert_eq!(fact.out_refund_no().as_str(), "console|1@*");
}

#[tokio::test]
async fn xml_is_refused_with_a_reason_that_says_so() {
    let file = vectors(include_str!("../vectors/v2_refund_notify.json"));
    let xml = text(&file, "body").as_bytes().to_vec();
    let refused = |raw: RawNotice| async move {
        world(&settings()).client.open(&raw, Timestamp::from_seconds(NOW)).await
    };
    let reason = "XML: a notification of API v2, which is not read here";
    let with_mark = ["\u{feff}\r\n ".as_bytes(), xml.as_slice()].concat();
    for body in [xml.clone(), with_mark] {
        // As API v2 sends it, and as nobody does.
        let unsigned = RawNotice { body: body.clone(), ..RawNotice::default() };
        assert_eq!(refused(unsigned).await, Err(NoticeError::Malformed(reason)));
        let signed = signed_notice(PUBLIC_KEY, NOW, &body);
        assert_eq!(refused(signed).await, Err(NoticeError::Malformed(reason)));
        // Under a wrong signature the body is not looked at.
        let forged = signed_notice("merchant", NOW, &body);
        assert!(matches!(refused(forged).await, Err(NoticeError::Untrusted(_))));
    }
    let unsigned = RawNotice { body: resource().to_string().into_bytes(), ..RawNotice::default() };
    assert!(matches!(refused(unsigned).await, Err(NoticeError::Untrusted(_))));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    /// Whatever stands in a member, it is read as it stands or refused, and nothing panics.
    #[test]
    fn a_hostile_refund_is_read_as_it_stands_or_refused(
        member in prop::sample::select(vec!["refund_id", "out_refund_no", "transaction_id",
            "out_trade_no", "refund_status", "success_time", "mchid"]),
        value in prop_oneof![".{0,80}".prop_map(Value::from), any::<i64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from), Just(Value::Null)],
        event in prop::sample::select(vec!["REFUND.SUCCESS", "REFUND.ABNORMAL", "REFUND.CLOSED"]),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let opened = runtime.block_on(open(&sent(event, &resource_but(member, value.clone()))));
        if let Ok(notice) = opened {
            let NoticeBody::Refund(fact) = notice.body else { panic!("not a refund") };
            let statement = fact.statement().unwrap();
            prop_assert_eq!(fact.mchid().as_str(), MCHID);
            prop_assert!(event != "REFUND.CLOSED" || statement.progress == RefundProgress::Closed);
            let read = match member {
                "refund_id" => statement.refund_id.as_str(),
                "out_refund_no" => fact.out_refund_no().as_str(),
                "transaction_id" => statement.transaction_id.as_str(),
                "out_trade_no" => statement.out_trade_no.as_str(),
                _ => return Ok(()),
            };
            prop_assert_eq!(Some(read), value.as_str());
        }
    }

    /// Amounts: an integer of fen from 1 to the whole, or nothing.
    #[test]
    fn only_a_possible_amount_is_read(total in any::<i64>(), refund in any::<i64>()) {
        let amount = json!({ "total": total, "refund": refund });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let opened = runtime.block_on(open(&sent("REFUND.SUCCESS", &resource_but("amount", amount))));
        prop_assert_eq!(opened.is_ok(), 0 < refund && refund <= total);
    }
}
