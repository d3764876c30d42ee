//! What shipping management knows of a payment.

use super::*;
use domain::shipping_info::{RecordedPackage, ShippingRecord, ShippingState};

fn order() -> Value {
    json!({"errcode": 0, "errmsg": "ok", "order": {
        "transaction_id": TRANSACTION, "merchant_id": MCHID, "sub_merchant_id": "",
        "merchant_trade_no": NUMBER, "description": "香蕉", "paid_amount": 100, "openid": "oUpF8",
        "trade_create_time": 1_795_226_000, "pay_time": 1_795_226_100, "in_complaint": false,
        "order_state": 2,
        "shipping": {
            "delivery_mode": 2, "logistics_type": 1, "finish_shipping": true, "goods_desc": "香蕉",
            "finish_shipping_count": 1,
            "shipping_list": [
                {"tracking_no": "SF1", "express_company": "SF", "goods_desc": "香蕉",
                 "upload_time": 1_671_082_175, "contact": {"receiver_contact": "+86-177****1234"}},
                {"tracking_no": "", "express_company": "", "goods_desc": "茶", "upload_time": 1_671_082_176}
            ]
        }
    }})
}

async fn read(answer: &Value) -> Result<Option<ShippingRecord>, ShippingError> {
    let mini = mini();
    mini.gives_token("T1");
    mini.answers(answer);
    mini.record().await
}

#[tokio::test]
async fn a_record_is_read() {
    let mini = mini();
    mini.gives_token("T1");
    mini.answers(&order());
    let package =
        |carrier: Option<&str>, number: Option<&str>, desc: &str, seconds| RecordedPackage {
            express_company: carrier.map(str::to_owned),
            tracking_no: number.map(str::to_owned),
            item_desc: desc.to_owned(),
            upload_time: Timestamp::from_seconds(seconds),
        };
    let expected = ShippingRecord {
        state: ShippingState::Shipped,
        is_finished: true,
        times_finished: 1,
        delivery_mode: Some(DeliveryMode::Split),
        logistics_type: Some(LogisticsType::Express),
        packages: vec![
            package(Some("SF"), Some("SF1"), "香蕉", 1_671_082_175),
            package(None, None, "茶", 1_671_082_176),
        ],
    };
    assert_eq!(mini.record().await, Ok(Some(expected)));
    assert_eq!(mini.targets()[1], "/wxa/sec/order/get_order?access_token=T1");
    assert_eq!(mini.body(1), format!(r#"{{"transaction_id":"{TRANSACTION}"}}"#));
}

#[tokio::test]
async fn of_what_was_not_told_there_is_nothing() {
    let mut answer = order();
    answer["order"]["order_state"] = json!(1);
    drop(answer["order"].as_object_mut().unwrap().remove("shipping"));
    let record = read(&answer).await.unwrap().unwrap();
    assert_eq!((record.state, record.is_finished), (ShippingState::ToBeShipped, false));
    assert_eq!((record.delivery_mode, record.packages.len()), (None, 0));
}

#[tokio::test]
async fn a_payment_that_is_not_known_there_is_none() {
    assert_eq!(read(&json!({"errcode": 10_060_001})).await, Ok(None));
}

#[tokio::test]
async fn what_cannot_be_read_is_no_record() {
    let mut other = order();
    other["order"]["transaction_id"] = json!("4200000000");
    let mut state = order();
    state["order"]["order_state"] = json!(9);
    for answer in [json!({}), other, state, json!({"errcode": 10_060_023}), json!({"errcode": -1})]
    {
        let said = read(&answer).await;
        assert!(matches!(said, Err(ShippingError::Later(_))), "{answer}: {said:?}");
    }
    let wrong = read(&json!({"errcode": 10_060_014})).await;
    assert!(matches!(wrong, Err(ShippingError::Wrong { errcode: 10_060_014, .. })), "{wrong:?}");
}
