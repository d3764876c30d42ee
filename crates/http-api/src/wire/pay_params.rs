//! What the payer's client is called with: WeChat's own names, WeChat's own spelling.

use domain::ports::PayParams;
use serde::Serialize;
use utoipa::ToSchema;

/// For `wx.requestPayment` (JSAPI), a QR code (NATIVE), a browser (H5) or the OpenSDK's `PayReq` (APP).
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = PayParams)]
pub(crate) enum WirePayParams {
    /// JSAPI.
    #[serde(rename_all = "camelCase")]
    Jsapi {
        app_id: String,
        time_stamp: String,
        nonce_str: String,
        package: String,
        sign_type: String,
        pay_sign: String,
    },
    /// NATIVE.
    Native { code_url: String },
    /// H5: send the browser there within five minutes; `&redirect_url=…` may be appended.
    H5 { h5_url: String },
    /// APP.
    App {
        appid: String,
        partnerid: String,
        prepayid: String,
        package: String,
        noncestr: String,
        timestamp: String,
        sign: String,
    },
}

impl WirePayParams {
    /// The twin.
    pub(crate) fn of(params: PayParams) -> WirePayParams {
        match params {
            PayParams::Jsapi { app_id, time_stamp, nonce_str, package, sign_type, pay_sign } => {
                let app_id = app_id.as_str().to_owned();
                WirePayParams::Jsapi { app_id, time_stamp, nonce_str, package, sign_type, pay_sign }
            }
            PayParams::Native { code_url } => WirePayParams::Native { code_url },
            PayParams::H5 { h5_url } => WirePayParams::H5 { h5_url },
            PayParams::App {
                appid,
                partner_id,
                prepay_id,
                package,
                nonce_str,
                time_stamp,
                sign,
            } => WirePayParams::App {
                appid: appid.as_str().to_owned(),
                partnerid: partner_id.as_str().to_owned(),
                prepayid: prepay_id,
                package,
                noncestr: nonce_str,
                timestamp: time_stamp,
                sign,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::names::{Appid, Mchid};

    #[test]
    fn names_are_spelled_as_wx_request_payment_wants_them() {
        let text = |s: &str| s.to_owned();
        let params = PayParams::Jsapi {
            app_id: Appid::new("wx1"),
            time_stamp: text("1"),
            nonce_str: text("n"),
            package: text("prepay_id=p"),
            sign_type: text("RSA"),
            pay_sign: text("s"),
        };
        assert_eq!(
            serde_json::to_value(WirePayParams::of(params)).unwrap(),
            serde_json::json!({"appId": "wx1", "timeStamp": "1", "nonceStr": "n",
                "package": "prepay_id=p", "signType": "RSA", "paySign": "s"})
        );
        let native = PayParams::Native { code_url: text("weixin://x") };
        assert_eq!(
            serde_json::to_value(WirePayParams::of(native)).unwrap(),
            serde_json::json!({"code_url": "weixin://x"})
        );
        let h5 = PayParams::H5 { h5_url: text("https://x") };
        assert_eq!(
            serde_json::to_value(WirePayParams::of(h5)).unwrap(),
            serde_json::json!({"h5_url": "https://x"})
        );
    }

    #[test]
    fn names_are_spelled_as_the_open_sdk_wants_them() {
        let text = |s: &str| s.to_owned();
        let params = PayParams::App {
            appid: Appid::new("wx2"),
            partner_id: Mchid::new("1900000109"),
            prepay_id: text("p"),
            package: text("Sign=WXPay"),
            nonce_str: text("n"),
            time_stamp: text("1"),
            sign: text("s"),
        };
        assert_eq!(
            serde_json::to_value(WirePayParams::of(params)).unwrap(),
            serde_json::json!({"appid": "wx2", "partnerid": "1900000109", "prepayid": "p",
                "package": "Sign=WXPay", "noncestr": "n", "timestamp": "1", "sign": "s"})
        );
    }
}
