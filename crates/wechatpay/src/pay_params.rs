//! What the payer's client is called with (调起支付, v3 §7.2).
//!
//! Pure: time and nonce arrive as arguments.

use domain::names::Appid;
use domain::ports::PayParams;

use crate::keys::MerchantKey;
use crate::scheme::CannotSign;
use crate::sign::{self, Stamp};

/// Parameters for `wx.requestPayment` and `WeixinJSBridge`, signed by the key of the prepay.
pub(crate) fn jsapi(
    appid: &Appid,
    prepay_id: &str,
    stamp: Stamp<'_>,
    key: &MerchantKey,
) -> Result<PayParams, CannotSign> {
    let package = format!("prepay_id={prepay_id}");
    let message = sign::pay_message(appid.as_str(), stamp, &package);
    let pay_sign = key.sign(message.as_bytes())?;
    Ok(PayParams::Jsapi {
        app_id: appid.clone(),
        time_stamp: stamp.seconds.to_string(),
        nonce_str: stamp.nonce.to_owned(),
        package,
        sign_type: "RSA".to_owned(),
        pay_sign,
    })
}
