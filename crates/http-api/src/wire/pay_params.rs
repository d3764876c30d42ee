//! What the payer's client is called with: WeChat's own names, WeChat's own spelling.

use domain::ports::PayParams;
use serde::Serialize;
use utoipa::ToSchema;

/// For `wx.requestPayment` (JSAPI) or a QR code (NATIVE).
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
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::names::Appid;

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
    }
}
