//! Every `errcode` of shipping management, and what is done about it (mini-program §3.2).

use super::*;

/// What an upload that is refused so comes to.
async fn told(errcode: i64) -> Result<(), ShippingError> {
    let mini = mini();
    mini.gives_token("T1");
    mini.refuses(errcode);
    let said = mini.tell().await;
    assert_eq!(mini.targets().len(), 2, "{errcode}: told once");
    said
}

#[tokio::test]
async fn a_system_that_is_busy_is_told_later() {
    for errcode in [-1, 10_060_012, 10_060_019, 44_990, 45_009, 45_011] {
        assert_eq!(told(errcode).await, Err(ShippingError::Later(format!("errcode {errcode}"))));
    }
}

#[tokio::test]
async fn what_nobody_has_described_is_told_later_and_shows_its_code() {
    assert_eq!(told(10_069_999).await, Err(ShippingError::Later("errcode 10069999".to_owned())));
}

#[tokio::test]
async fn each_state_of_the_payment_is_its_own_answer() {
    assert_eq!(told(10_060_001).await, Err(ShippingError::NotYetKnown));
    assert_eq!(told(10_060_002).await, Err(ShippingError::AlreadyShipped));
    assert_eq!(told(10_060_003).await, Err(ShippingError::CorrectionUsed));
    assert_eq!(told(10_060_004).await, Err(ShippingError::NotShippable));
}

#[tokio::test]
async fn nothing_new_is_success() {
    assert_eq!(told(10_060_023).await, Ok(()));
}

#[tokio::test]
async fn what_a_person_must_put_right_says_what_is_wrong() {
    for (code, word) in [
        (10_060_031, "payer"),
        (10_060_005, "logistics"),
        (10_060_006, "express"),
        (10_060_007, "missing"),
        (10_060_008, "empty"),
        (10_060_009, "too long"),
        (10_060_014, "parameter"),
        (10_060_020, "description"),
        (10_060_024, "packages"),
        (10_060_025, "carrier"),
        (10_060_026, "number"),
        (268_485_216, "time"),
        (268_485_224, "mode"),
        (268_485_194, "kind"),
        (268_485_195, "transaction_id"),
        (268_485_196, "mchid"),
        (268_485_197, "out_trade_no"),
        (268_485_226, "tracking"),
        (268_485_227, "carrier"),
        (268_485_228, "one"),
        (40_097, "parameter"),
    ] {
        let Err(ShippingError::Wrong { errcode, what }) = told(code).await else {
            panic!("{code} is not wrong");
        };
        assert_eq!(errcode, code);
        assert!(what.contains(word), "{code}: {what}");
    }
}

#[tokio::test]
async fn credentials_that_are_not_accepted_are_said_so() {
    for errcode in [40_013, 61_003, 61_004, 61_011] {
        assert_eq!(told(errcode).await, Err(ShippingError::Misconfigured { errcode }));
    }
}

#[tokio::test]
async fn what_gives_no_answer_may_have_happened() {
    for (status, body) in [(500, "{}"), (200, ""), (200, "<html>"), (302, r#"{"errcode":0}"#)] {
        let mini = mini();
        mini.gives_token("T1");
        let body = body.as_bytes().to_vec();
        mini.platform.answer(WireResponse { status, body, ..WireResponse::default() });
        let said = mini.tell().await;
        assert!(matches!(said, Err(ShippingError::Later(_))), "{status}: {said:?}");
    }
    let mini = mini();
    mini.gives_token("T1");
    mini.loses();
    assert!(matches!(mini.tell().await, Err(ShippingError::Later(_))));
    assert_eq!(mini.targets().len(), 2, "told once, whatever came of it");
}
