//! Prepay requests and answers (v3 §7.1). Member order is the order on the wire.

use serde::{Deserialize, Serialize};

/// The body of a prepay request: the documented members that we use, nothing optional as `null`.
#[derive(Serialize)]
pub(crate) struct PrepayBody<'a> {
    pub(crate) appid: &'a str,
    pub(crate) mchid: &'a str,
    pub(crate) description: &'a str,
    pub(crate) out_trade_no: &'a str,
    pub(crate) time_expire: String,
    pub(crate) attach: &'a str,
    pub(crate) notify_url: &'a str,
    pub(crate) amount: AmountBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) payer: Option<PayerBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scene_info: Option<SceneBody>,
}

/// `amount`.
#[derive(Serialize)]
pub(crate) struct AmountBody {
    pub(crate) total: i64,
    pub(crate) currency: &'static str,
}

/// `payer`, JSAPI only.
#[derive(Serialize)]
pub(crate) struct PayerBody<'a> {
    pub(crate) openid: &'a str,
}

/// `scene_info`, H5 only.
#[derive(Serialize)]
pub(crate) struct SceneBody {
    pub(crate) payer_client_ip: String,
    pub(crate) h5_info: H5Body,
}

/// `scene_info.h5_info`.
#[derive(Serialize)]
pub(crate) struct H5Body {
    pub(crate) r#type: &'static str,
}

/// The answer for JSAPI and App.
#[derive(Deserialize)]
pub(crate) struct PrepayIdAnswer {
    pub(crate) prepay_id: String,
}

/// The answer for H5.
#[derive(Deserialize)]
pub(crate) struct H5Answer {
    pub(crate) h5_url: String,
}

/// The answer for Native.
#[derive(Deserialize)]
pub(crate) struct NativeAnswer {
    pub(crate) code_url: String,
}
