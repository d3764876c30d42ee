//! Shipping management and its token, over answers that were written down beforehand.

mod errcodes;
mod records;
mod tokens;

use std::sync::Arc;

use domain::Timestamp;
use domain::names::{Appid, Openid, TransactionId};
use domain::ports::{ShippingError, ShippingManagement as _};
use domain::shipment::{LogisticsType, Package};
use domain::shipping_info::{DeliveryMode, ShippingInfo};
use secrecy::SecretString;
use serde_json::{Value, json};
use wechatpay::{MiniProgramShipping, TransportError, WireResponse};

use crate::support::*;

const TRANSACTION: &str = "4200002026112100000000000001";

/// Shipping management, its platform, and its clock.
struct Mini {
    shipping: MiniProgramShipping,
    platform: Arc<Script>,
    clock: Arc<TestClock>,
}

fn mini() -> Mini {
    let (platform, clock) = (Arc::new(Script::default()), Arc::new(TestClock::at(NOW)));
    let identity = (Appid::new("wx1"), SecretString::from("s&cret"));
    let shipping = MiniProgramShipping::over(identity, platform.clone(), clock.clone());
    Mini { shipping, platform, clock }
}

impl Mini {
    fn answers(&self, body: &Value) {
        let body = body.to_string().into_bytes();
        self.platform.answer(WireResponse { status: 200, body, ..WireResponse::default() });
    }

    /// A token that is good for two hours.
    fn gives_token(&self, token: &str) {
        self.answers(&json!({"access_token": token, "expires_in": 7200}));
    }

    fn refuses(&self, errcode: i64) {
        self.answers(&json!({"errcode": errcode, "errmsg": "canary"}));
    }

    fn loses(&self) {
        self.platform.fail(TransportError("the time was up".to_owned()));
    }

    async fn tell(&self) -> Result<(), ShippingError> {
        self.shipping.tell(&info()).await
    }

    async fn record(&self) -> Result<Option<domain::shipping_info::ShippingRecord>, ShippingError> {
        self.shipping.record(&TransactionId::new(TRANSACTION)).await
    }

    /// What was asked, with its token.
    fn targets(&self) -> Vec<String> {
        self.platform.targets()
    }

    /// The body of the call of this number.
    fn body(&self, which: usize) -> String {
        self.platform.seen()[which].body.clone()
    }
}

/// Two packages of an order, and more to come.
fn info() -> ShippingInfo {
    let package = |number: &str, contact: Option<&str>| Package {
        express_company: Some("SF".to_owned()),
        tracking_no: Some(number.to_owned()),
        item_desc: "香蕉 \"一斤\"".to_owned(),
        contact: contact.map(str::to_owned),
    };
    ShippingInfo {
        transaction_id: TransactionId::new(TRANSACTION),
        payer: Openid::new("oUpF8"),
        logistics_type: LogisticsType::Express,
        delivery_mode: DeliveryMode::Split,
        is_all_delivered: false,
        packages: vec![package("SF1", Some("+86-177****1234")), package("SF2", None)],
        upload_time: Timestamp::parse_rfc3339("2022-12-15T05:29:35.120Z").unwrap(),
    }
}

#[tokio::test]
async fn packages_are_told_in_wechats_words() {
    let mini = mini();
    mini.gives_token("T1");
    mini.answers(&json!({"errcode": 0, "errmsg": "ok"}));
    assert_eq!(mini.tell().await, Ok(()));
    let expected = "/wxa/sec/order/upload_shipping_info?access_token=T1";
    assert_eq!(mini.targets(), ["/cgi-bin/stable_token", expected]);
    let body = concat!(
        r#"{"order_key":{"order_number_type":2,"transaction_id":"4200002026112100000000000001"},"#,
        r#""logistics_type":1,"delivery_mode":2,"is_all_delivered":false,"shipping_list":["#,
        r#"{"tracking_no":"SF1","express_company":"SF","item_desc":"香蕉 \"一斤\"","#,
        r#""contact":{"receiver_contact":"+86-177****1234"}},"#,
        r#"{"tracking_no":"SF2","express_company":"SF","item_desc":"香蕉 \"一斤\""}],"#,
        r#""upload_time":"2022-12-15T13:29:35.120+08:00","payer":{"openid":"oUpF8"}}"#,
    );
    assert_eq!(mini.body(1), body);
    let sent = &mini.platform.seen()[1];
    assert_eq!(sent.method.as_str(), "POST");
    assert_eq!(sent.headers["Content-Type"], "application/json");
}

#[tokio::test]
async fn what_is_told_as_one_has_no_word_about_the_rest() {
    let mini = mini();
    mini.gives_token("T1");
    mini.answers(&json!({"errmsg": "ok"}));
    let mut one = info();
    one.packages = vec![Package {
        express_company: None,
        tracking_no: None,
        item_desc: "茶".to_owned(),
        contact: None,
    }];
    (one.delivery_mode, one.is_all_delivered) = (DeliveryMode::Unified, true);
    one.logistics_type = LogisticsType::SelfPickup;
    assert_eq!(mini.shipping.tell(&one).await, Ok(()), "no errcode is success");
    let body: Value = serde_json::from_str(&mini.body(1)).unwrap();
    assert_eq!(body["shipping_list"], json!([{"item_desc": "茶"}]));
    assert_eq!((&body["logistics_type"], &body["delivery_mode"]), (&json!(4), &json!(1)));
    assert_eq!(body.get("is_all_delivered"), None);
}

#[tokio::test]
async fn whether_one_is_managed_is_believed_for_a_day() {
    let mini = mini();
    mini.gives_token("T1");
    mini.answers(&json!({"errcode": 0, "errmsg": "ok", "is_trade_managed": true}));
    assert_eq!(mini.shipping.is_managed().await, Ok(true));
    mini.clock.set(NOW + 86_399);
    assert_eq!(mini.shipping.is_managed().await, Ok(true));
    assert_eq!(mini.body(1), r#"{"appid":"wx1"}"#);
    assert_eq!(mini.targets().len(), 2, "asked once");
    mini.clock.set(NOW + 86_400);
    mini.gives_token("T2");
    mini.answers(&json!({"is_trade_managed": false}));
    assert_eq!(mini.shipping.is_managed().await, Ok(false));
    assert_eq!(mini.targets()[3], "/wxa/sec/order/is_trade_managed?access_token=T2");
}

#[tokio::test]
async fn who_is_not_managed_may_be_before_the_day_is_over() {
    let mini = mini();
    mini.gives_token("T1");
    mini.answers(&json!({"is_trade_managed": false}));
    assert_eq!(mini.shipping.is_managed().await, Ok(false));
    mini.clock.set(NOW + 599);
    assert_eq!(mini.shipping.is_managed().await, Ok(false));
    mini.clock.set(NOW + 600);
    mini.answers(&json!({"is_trade_managed": true}));
    assert_eq!(mini.shipping.is_managed().await, Ok(true));
}

#[tokio::test]
async fn an_answer_that_does_not_say_is_no_answer_and_is_not_kept() {
    let mini = mini();
    mini.gives_token("T1");
    for body in [json!({}), json!({"errcode": 10_060_023}), json!({"is_trade_managed": "yes"})] {
        mini.answers(&body);
        let said = mini.shipping.is_managed().await;
        assert!(matches!(said, Err(ShippingError::Later(_))), "{body}: {said:?}");
    }
    mini.answers(&json!({"is_trade_managed": true}));
    assert_eq!(mini.shipping.is_managed().await, Ok(true));
}
