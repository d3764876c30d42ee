//! The WeChat platform's conversations about tokens and shipping information (mini-program §2, §3).

use serde::{Deserialize, Serialize};

/// What every answer has: `errcode` absent or 0 is success. `errmsg` is never read: it may quote what was sent.
#[derive(Deserialize)]
pub(crate) struct EndWire {
    #[serde(default)]
    pub(crate) errcode: i64,
}

/// `POST /cgi-bin/stable_token`. Has the app secret.
#[derive(Serialize)]
pub(crate) struct TokenAskedWire<'a> {
    pub(crate) grant_type: &'static str,
    pub(crate) appid: &'a str,
    pub(crate) secret: &'a str,
    pub(crate) force_refresh: bool,
}

/// Its answer.
#[derive(Deserialize)]
pub(crate) struct TokenWire {
    pub(crate) access_token: Option<String>,
    pub(crate) expires_in: Option<u64>,
}

/// `POST /wxa/sec/order/is_trade_managed`.
#[derive(Serialize)]
pub(crate) struct ManagedAskedWire<'a> {
    pub(crate) appid: &'a str,
}

/// Its answer.
#[derive(Deserialize)]
pub(crate) struct ManagedWire {
    pub(crate) is_trade_managed: Option<bool>,
}

/// `POST /wxa/sec/order/upload_shipping_info`.
#[derive(Serialize)]
pub(crate) struct UploadWire<'a> {
    pub(crate) order_key: OrderKeyWire<'a>,
    pub(crate) logistics_type: i64,
    pub(crate) delivery_mode: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) is_all_delivered: Option<bool>,
    pub(crate) shipping_list: Vec<PackageWire<'a>>,
    pub(crate) upload_time: String,
    pub(crate) payer: PayerWire<'a>,
}

/// Which payment, by WeChat Pay's number of it.
#[derive(Serialize)]
pub(crate) struct OrderKeyWire<'a> {
    pub(crate) order_number_type: i64,
    pub(crate) transaction_id: &'a str,
}

/// One package.
#[derive(Serialize)]
pub(crate) struct PackageWire<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tracking_no: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) express_company: Option<&'a str>,
    pub(crate) item_desc: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) contact: Option<ContactWire<'a>>,
}

/// Whom the carrier may call, masked.
#[derive(Serialize)]
pub(crate) struct ContactWire<'a> {
    pub(crate) receiver_contact: &'a str,
}

/// Who paid.
#[derive(Serialize)]
pub(crate) struct PayerWire<'a> {
    pub(crate) openid: &'a str,
}

/// `POST /wxa/sec/order/get_order`.
#[derive(Serialize)]
pub(crate) struct OrderAskedWire<'a> {
    pub(crate) transaction_id: &'a str,
}

/// Its answer.
#[derive(Deserialize)]
pub(crate) struct OrderAnswerWire {
    pub(crate) order: Option<OrderWire>,
}

/// A payment as shipping management knows it.
#[derive(Deserialize)]
pub(crate) struct OrderWire {
    pub(crate) transaction_id: String,
    pub(crate) order_state: i64,
    pub(crate) shipping: Option<ShippingWire>,
}

/// What was told of it.
#[derive(Default, Deserialize)]
pub(crate) struct ShippingWire {
    pub(crate) delivery_mode: Option<i64>,
    pub(crate) logistics_type: Option<i64>,
    #[serde(default)]
    pub(crate) finish_shipping: bool,
    #[serde(default)]
    pub(crate) finish_shipping_count: i64,
    #[serde(default)]
    pub(crate) shipping_list: Vec<RecordedWire>,
}

/// One package of it.
#[derive(Deserialize)]
pub(crate) struct RecordedWire {
    pub(crate) tracking_no: Option<String>,
    pub(crate) express_company: Option<String>,
    #[serde(default)]
    pub(crate) goods_desc: String,
    #[serde(default)]
    pub(crate) upload_time: i64,
}
