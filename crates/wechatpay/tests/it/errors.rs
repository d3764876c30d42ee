//! The error table, as the port says it: one line per code, one column per call.

use domain::OutTradeNo;
use domain::payment::TradeType;
use domain::ports::{GatewayError, PaymentGateway as _};
use expect_test::expect;
use wechatpay::WireResponse;

use crate::support::*;

fn name<T>(answer: &Result<T, GatewayError>) -> &'static str {
    match answer {
        Ok(_) => "Ok",
        Err(GatewayError::Refused(_)) => "Refused",
        Err(GatewayError::NumberSpent(_)) => "NumberSpent",
        Err(GatewayError::AlreadyPaid(_)) => "AlreadyPaid",
        Err(GatewayError::Retryable(_)) => "Retryable",
        Err(GatewayError::OutcomeUnknown(_)) => "Unknown",
        Err(GatewayError::Misconfigured(_)) => "Misconfigured",
        Err(GatewayError::Untrusted(_)) => "Untrusted",
    }
}

async fn row(response: WireResponse) -> String {
    let world = world(&settings());
    for _call in 0..6 {
        world.wechat.answer(response.clone());
    }
    let number = OutTradeNo::parse(NUMBER).unwrap();
    let request = refund_request();
    let prepay = name(&world.client.prepay(&payment(TradeType::Jsapi)).await);
    let query = name(&world.client.query(&number).await);
    let close = name(&world.client.close(&number).await);
    let refund = name(&world.client.refund(&request).await);
    let query_refund = name(&world.client.query_refund(&request.out_refund_no).await);
    let apply = name(&world.client.apply_abnormal(&crate::abnormal::any_request()).await);
    format!("{prepay:14}{query:14}{close:14}{refund:14}{query_refund:14}{apply}")
}

/// Every documented code, in both spellings where there are two, and some that nobody documents.
const CASES: [(u16, &str); 44] = [
    (400, "PARAM_ERROR"),
    (400, "INVALID_REQUEST"),
    (400, "APPID_MCHID_NOT_MATCH"),
    (400, "MCH_NOT_EXISTS"),
    (400, "ORDER_CLOSED"),
    (400, "ORDERCLOSED"),
    (400, "ORDER_PAID"),
    (400, "ORDERPAID"),
    (401, "SIGN_ERROR"),
    (401, "WHATEVER"),
    (403, "NO_AUTH"),
    (403, "NOAUTH"),
    (403, "OUT_TRADE_NO_USED"),
    (403, "RULE_LIMIT"),
    (403, "RULELIMIT"),
    (403, "TRADE_ERROR"),
    (403, "ACCOUNT_ERROR"),
    (403, "ACCOUNTERROR"),
    (403, "NOT_ENOUGH"),
    (403, "NOTENOUGH"),
    (403, "USER_ACCOUNT_ABNORMAL"),
    (400, "TRADE_OVERDUE"),
    (400, "REFUND_FEE_MISMATCH"),
    (404, "MCH_NOT_EXISTS"),
    (404, "ORDER_NOT_EXIST"),
    (404, "ORDERNOTEXIST"),
    (404, "RESOURCE_NOT_EXISTS"),
    (400, "RESOURCE_NOT_EXISTS"),
    (429, "FREQUENCY_LIMITED"),
    (429, "RATELIMIT_EXCEEDED"),
    (429, ""),
    (400, "NEVER_HEARD_OF"),
    (400, ""),
    (405, ""),
    (302, ""),
    (500, "SYSTEM_ERROR"),
    (500, "BANKERROR"),
    (500, "OPENID_MISMATCH"),
    (500, "PARAM_ERROR"),
    (500, "ORDER_NOT_EXIST"),
    (500, "RESOURCE_NOT_EXISTS"),
    (500, "INVALID_TRANSACTIONID"),
    (502, ""),
    (503, "SERVICE_UNAVAILABLE"),
];

#[tokio::test]
async fn every_code_means_one_thing_to_each_call() {
    let names = ["prepay", "query", "close", "refund", "query_refund", "apply_abnormal"];
    let names: String = names.iter().map(|name| format!("{name:14}")).collect();
    let mut table = format!("{:29}{}\n", "", names.trim_end());
    for (status, code) in CASES {
        table += &format!("{status} {code:25}{}\n", row(error(status, code, "…")).await);
    }
    expect![[r#"
                                     prepay        query         close         refund        query_refund  apply_abnormal
        400 PARAM_ERROR              Refused       Misconfigured Misconfigured Refused       Misconfigured Refused
        400 INVALID_REQUEST          NumberSpent   Unknown       Unknown       Refused       Unknown       Unknown
        400 APPID_MCHID_NOT_MATCH    Refused       Misconfigured Misconfigured Misconfigured Misconfigured Misconfigured
        400 MCH_NOT_EXISTS           Refused       Misconfigured Misconfigured Misconfigured Misconfigured Misconfigured
        400 ORDER_CLOSED             NumberSpent   Unknown       NumberSpent   Unknown       Unknown       Unknown
        400 ORDERCLOSED              NumberSpent   Unknown       NumberSpent   Unknown       Unknown       Unknown
        400 ORDER_PAID               AlreadyPaid   Unknown       AlreadyPaid   Unknown       Unknown       Unknown
        400 ORDERPAID                AlreadyPaid   Unknown       AlreadyPaid   Unknown       Unknown       Unknown
        401 SIGN_ERROR               Misconfigured Misconfigured Misconfigured Misconfigured Misconfigured Misconfigured
        401 WHATEVER                 Misconfigured Misconfigured Misconfigured Misconfigured Misconfigured Misconfigured
        403 NO_AUTH                  Refused       Misconfigured Misconfigured Misconfigured Misconfigured Refused
        403 NOAUTH                   Refused       Misconfigured Misconfigured Misconfigured Misconfigured Refused
        403 OUT_TRADE_NO_USED        NumberSpent   Unknown       Unknown       Unknown       Unknown       Unknown
        403 RULE_LIMIT               Retryable     Retryable     Retryable     Retryable     Retryable     Retryable
        403 RULELIMIT                Retryable     Retryable     Retryable     Retryable     Retryable     Retryable
        403 TRADE_ERROR              Unknown       Unknown       Unknown       Unknown       Unknown       Unknown
        403 ACCOUNT_ERROR            Refused       Unknown       Unknown       Unknown       Unknown       Unknown
        403 ACCOUNTERROR             Refused       Unknown       Unknown       Unknown       Unknown       Unknown
        403 NOT_ENOUGH               Unknown       Unknown       Unknown       Retryable     Unknown       Refused
        403 NOTENOUGH                Unknown       Unknown       Unknown       Retryable     Unknown       Refused
        403 USER_ACCOUNT_ABNORMAL    Unknown       Unknown       Unknown       Refused       Unknown       Refused
        400 TRADE_OVERDUE            Unknown       Unknown       Unknown       Refused       Unknown       Refused
        400 REFUND_FEE_MISMATCH      Unknown       Unknown       Unknown       Refused       Unknown       Unknown
        404 MCH_NOT_EXISTS           Refused       Misconfigured Misconfigured Misconfigured Misconfigured Misconfigured
        404 ORDER_NOT_EXIST          Unknown       Ok            Unknown       Unknown       Unknown       Unknown
        404 ORDERNOTEXIST            Unknown       Ok            Unknown       Unknown       Unknown       Unknown
        404 RESOURCE_NOT_EXISTS      Unknown       Unknown       Unknown       Unknown       Ok            Unknown
        400 RESOURCE_NOT_EXISTS      Unknown       Unknown       Unknown       Unknown       Unknown       Unknown
        429 FREQUENCY_LIMITED        Retryable     Retryable     Retryable     Retryable     Retryable     Retryable
        429 RATELIMIT_EXCEEDED       Retryable     Retryable     Retryable     Retryable     Retryable     Retryable
        429                          Retryable     Retryable     Retryable     Retryable     Retryable     Retryable
        400 NEVER_HEARD_OF           Unknown       Unknown       Unknown       Unknown       Unknown       Unknown
        400                          Unknown       Unknown       Unknown       Unknown       Unknown       Unknown
        405                          Unknown       Unknown       Unknown       Unknown       Unknown       Unknown
        302                          Unknown       Unknown       Unknown       Unknown       Unknown       Unknown
        500 SYSTEM_ERROR             Unknown       Unknown       Unknown       Unknown       Unknown       Unknown
        500 BANKERROR                Unknown       Unknown       Unknown       Unknown       Unknown       Unknown
        500 OPENID_MISMATCH          Unknown       Unknown       Unknown       Unknown       Unknown       Unknown
        500 PARAM_ERROR              Unknown       Unknown       Unknown       Unknown       Unknown       Unknown
        500 ORDER_NOT_EXIST          Unknown       Unknown       Unknown       Unknown       Unknown       Unknown
        500 RESOURCE_NOT_EXISTS      Unknown       Unknown       Unknown       Unknown       Unknown       Unknown
        500 INVALID_TRANSACTIONID    Unknown       Unknown       Unknown       Unknown       Unknown       Unknown
        502                          Unknown       Unknown       Unknown       Unknown       Unknown       Unknown
        503 SERVICE_UNAVAILABLE      Unknown       Unknown       Unknown       Unknown       Unknown       Unknown
    "#]].assert_eq(&table);
}

#[tokio::test]
async fn a_body_that_is_not_json_has_no_code() {
    for body in ["<html>502</html>", "", "[]", "{\"code\":1}", "null"] {
        let body = body.as_bytes().to_vec();
        let response = WireResponse { status: 400, body, ..Default::default() };
        let unknown = ["Unknown"; 6].map(|name| format!("{name:14}")).concat();
        assert_eq!(row(response).await, unknown.trim_end());
    }
}

#[tokio::test]
async fn a_refusal_keeps_what_support_asks_for_and_not_more() {
    let world = world(&settings());
    let mut response = error(400, "PARAM_ERROR", &"长".repeat(1_000));
    response.headers.insert("request-id".to_owned(), "08B3-268435461".to_owned());
    world.wechat.answer(response);
    let Err(GatewayError::Refused(refusal)) = world.client.prepay(&payment(TradeType::Jsapi)).await
    else {
        panic!("not refused")
    };
    assert_eq!((refusal.http_status, refusal.code.as_str()), (400, "PARAM_ERROR"));
    assert_eq!(refusal.request_id.as_deref(), Some("08B3-268435461"));
    assert_eq!(refusal.message.chars().count(), 256);
}

#[tokio::test]
async fn an_error_is_never_believed_to_be_a_success_even_when_signed() {
    let world = world(&settings());
    world.wechat.answer(signed(PUBLIC_KEY, 400, &paid().to_string()));
    let answer = world.client.query(&OutTradeNo::parse(NUMBER).unwrap()).await;
    assert_eq!(name(&answer), "Unknown");
}

#[tokio::test]
async fn a_message_that_quotes_the_openid_is_kept_without_it() {
    let payment = payment(TradeType::Jsapi);
    let openid = payment.terms.payer.clone().unwrap();
    for status in [400, 500] {
        let world = world(&settings());
        world.wechat.answer(error(status, "PARAM_ERROR", &format!("值 {} 无效", openid.as_str())));
        let error = world.client.prepay(&payment).await.unwrap_err();
        let logged = error.to_string();
        assert!(logged.contains("PARAM_ERROR"), "{logged}");
        assert!(!logged.contains('值'), "what they say in words is never logged: {logged}");
        // What is unknown is only logged; who is refused may be shown why.
        let shown =
            if let GatewayError::Refused(refusal) = error { Some(refusal.message) } else { None };
        assert_eq!(shown.as_deref(), (status == 400).then_some("值 … 无效"));
    }
}

#[tokio::test]
async fn whatever_goes_wrong_keeps_the_request_id_that_wechat_pays_support_asks_for() {
    let tagged = |status, code| {
        let mut response = error(status, code, "why");
        response.headers.insert("request-id".to_owned(), "REQ-9-0".to_owned());
        response
    };
    for (status, code) in [(400, "PARAM_ERROR"), (429, "RULE_LIMIT"), (401, "SIGN_ERROR")] {
        let world = world(&settings());
        world.wechat.answer(tagged(status, code));
        let answer = world.client.prepay(&payment(TradeType::Jsapi)).await;
        let Err(
            GatewayError::Refused(refusal)
            | GatewayError::Retryable(refusal)
            | GatewayError::Misconfigured(refusal),
        ) = answer
        else {
            panic!("{code}: {answer:?}")
        };
        assert_eq!(refusal.request_id.as_deref(), Some("REQ-9-0"), "{code}");
    }
    let world = world(&settings());
    world.wechat.answer(tagged(500, "SYSTEM_ERROR"));
    let answer = world.client.prepay(&payment(TradeType::Jsapi)).await;
    let Err(GatewayError::OutcomeUnknown(why)) = answer else { panic!("{answer:?}") };
    assert!(why.ends_with("(Request-ID REQ-9-0)"), "{why}");
    let mut forged = signed(PUBLIC_KEY, 200, r#"{"prepay_id":"wx21"}"#);
    forged.body.push(b' ');
    world.wechat.answer(forged);
    let answer = world.client.prepay(&payment(TradeType::Jsapi)).await;
    let Err(GatewayError::Untrusted(why)) = answer else { panic!("{answer:?}") };
    assert!(why.ends_with("(Request-ID REQ-1-0)"), "{why}");
}
