//! Closing an unpaid payment.

use domain::OutTradeNo;
use domain::ports::{GatewayError, PaymentGateway as _};
use wechatpay::Method;

use crate::support::*;

async fn close(world: &World) -> Result<(), GatewayError> {
    world.client.close(&OutTradeNo::parse(NUMBER).unwrap()).await
}

#[tokio::test]
async fn a_signed_empty_204_is_done() {
    let file = vectors(include_str!("../vectors/v3_verify.json"));
    let all = file["vectors"].as_array().unwrap();
    let vector = all.iter().find(|v| v["name"] == "close_response_204_empty_body").unwrap();
    let world = world(&mixed());
    let mut response = signed(PUBLIC_KEY, 204, "");
    for (name, value) in vector["headers"].as_object().unwrap() {
        response.headers.insert(name.to_lowercase(), value.as_str().unwrap().to_owned());
    }
    world.wechat.answer(response);
    assert_eq!(close(&world).await, Ok(()));
    let request = world.wechat.seen().remove(0);
    assert_eq!(request.method, Method::Post);
    assert_eq!(request.target, format!("/v3/pay/transactions/out-trade-no/{NUMBER}/close"));
    assert_eq!(request.body, r#"{"mchid":"1900000109"}"#);
}

#[tokio::test]
async fn an_unsigned_204_is_not_trusted() {
    let world = world(&settings());
    world.wechat.answer(wechatpay::WireResponse { status: 204, ..Default::default() });
    assert!(matches!(close(&world).await, Err(GatewayError::Untrusted(_))));
}

#[tokio::test]
async fn accepted_is_not_done() {
    let world = world(&settings());
    world.wechat.answer(signed(PUBLIC_KEY, 202, ""));
    assert!(matches!(close(&world).await, Err(GatewayError::OutcomeUnknown(_))));
}

#[tokio::test]
async fn what_cannot_be_closed_keeps_its_code_so_that_somebody_asks() {
    for code in ["ORDER_PAID", "ORDERPAID"] {
        let world = world(&settings());
        world.wechat.answer(error(400, code, "该订单已支付"));
        let Err(GatewayError::AlreadyPaid(refusal)) = close(&world).await else { panic!("{code}") };
        assert_eq!(refusal.code, code);
    }
    let closed = world(&settings());
    closed.wechat.answer(error(400, "ORDER_CLOSED", "该订单已关闭"));
    assert!(matches!(close(&closed).await, Err(GatewayError::NumberSpent(_))));
    for code in ["TRADE_ERROR", "ORDERNOTEXIST"] {
        let world = world(&settings());
        world.wechat.answer(error(400, code, "该订单不存在"));
        let Err(GatewayError::OutcomeUnknown(text)) = close(&world).await else { panic!("{code}") };
        assert!(text.contains(code), "{text}");
    }
}
