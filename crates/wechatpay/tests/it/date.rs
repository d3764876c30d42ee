//! A node whose clock is wrong signs with WeChat Pay's time.

use domain::payment::{Credential, TradeType};
use domain::ports::{GatewayError, NoticeError, NoticeOpener as _, PaymentGateway as _};
use domain::{OutTradeNo, Timestamp};
use wechatpay::WireResponse;

use crate::support::*;

const BLAME: &str = "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟";
/// `NOW` as an HTTP date.
const DATE: &str = "Sat, 21 Nov 2026 02:00:07 GMT";

fn blamed(date: Option<&str>) -> WireResponse {
    let mut response = error(401, "SIGN_ERROR", BLAME);
    if let Some(date) = date {
        response.headers.insert("date".to_owned(), date.to_owned());
    }
    response
}

fn signed_time(authorization: &str) -> i64 {
    let (_, rest) = authorization.split_once("timestamp=\"").unwrap();
    rest.split('"').next().unwrap().parse().unwrap()
}

fn signing_times(world: &World) -> Vec<i64> {
    world.wechat.seen().iter().map(|r| signed_time(&r.headers["Authorization"])).collect()
}

#[tokio::test]
async fn a_refusal_for_time_is_corrected_by_its_date_and_tried_once_more() {
    let world = world(&settings());
    world.clock.set(NOW - 4_000);
    world.wechat.answer(blamed(Some(DATE)));
    world.wechat.answer(signed(PUBLIC_KEY, 200, r#"{"prepay_id":"wx21"}"#));
    let credential = world.client.prepay(&payment(TradeType::Jsapi)).await;
    assert_eq!(credential, Ok(Credential::PrepayId("wx21".to_owned())));
    assert_eq!(signing_times(&world), [NOW - 4_000, NOW]);
    let seen = world.wechat.seen();
    assert_eq!(seen[0].body, seen[1].body);
    assert_ne!(seen[0].headers["Authorization"], seen[1].headers["Authorization"]);

    // The correction stays for the next call, and follows our clock.
    world.clock.set(NOW - 3_990);
    world.wechat.answer(signed_at(PUBLIC_KEY, 204, "", NOW + 10));
    assert_eq!(world.client.close(&OutTradeNo::parse(NUMBER).unwrap()).await, Ok(()));
    assert_eq!(signing_times(&world).last(), Some(&(NOW + 10)));
}

#[tokio::test]
async fn it_is_tried_once_and_not_twice() {
    let world = world(&settings());
    world.clock.set(NOW - 4_000);
    world.wechat.answer(blamed(Some(DATE)));
    world.wechat.answer(blamed(Some(DATE)));
    let answer = world.client.prepay(&payment(TradeType::Jsapi)).await;
    assert!(matches!(answer, Err(GatewayError::Misconfigured(_))), "{answer:?}");
    assert_eq!(world.wechat.seen().len(), 2);
}

#[tokio::test]
async fn other_refusals_and_dates_that_cannot_be_read_correct_nothing() {
    let mut other = error(401, "SIGN_ERROR", "签名错误");
    other.headers.insert("date".to_owned(), DATE.to_owned());
    let mut status = error(400, "SIGN_ERROR", BLAME);
    status.headers.insert("date".to_owned(), DATE.to_owned());
    for response in [other, status, blamed(None), blamed(Some("yesterday")), blamed(Some(""))] {
        let world = world(&settings());
        world.clock.set(NOW - 4_000);
        world.wechat.answer(response);
        let answer = world.client.prepay(&payment(TradeType::Jsapi)).await;
        assert!(matches!(answer, Err(GatewayError::Misconfigured(_))), "{answer:?}");
        assert_eq!(signing_times(&world), [NOW - 4_000]);
    }
}

#[tokio::test]
async fn the_correction_never_moves_the_window_of_a_notification() {
    let world = world(&settings());
    world.clock.set(NOW - 4_000);
    world.wechat.answer(blamed(Some(DATE)));
    world.wechat.answer(signed(PUBLIC_KEY, 200, r#"{"prepay_id":"wx21"}"#));
    world.client.prepay(&payment(TradeType::Jsapi)).await.unwrap();
    let notice = signed_notice(PUBLIC_KEY, NOW, b"{}");
    let refused = world.client.open(&notice, Timestamp::from_seconds(NOW - 4_000)).await;
    assert!(matches!(refused, Err(NoticeError::Untrusted(_))));
}
