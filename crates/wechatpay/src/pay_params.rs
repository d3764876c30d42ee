//! What the payer's client is called with (调起支付, v3 §7.2).
//!
//! Pure: time and nonce arrive as arguments.

use domain::names::{Appid, Mchid};
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

/// Parameters for the OpenSDK of a mobile app. Unlike those of JSAPI, the bare id is signed.
pub(crate) fn app(
    (appid, mchid): (&Appid, &Mchid),
    prepay_id: &str,
    stamp: Stamp<'_>,
    key: &MerchantKey,
) -> Result<PayParams, CannotSign> {
    let message = sign::pay_message(appid.as_str(), stamp, prepay_id);
    let sign = key.sign(message.as_bytes())?;
    Ok(PayParams::App {
        appid: appid.clone(),
        partner_id: mchid.clone(),
        prepay_id: prepay_id.to_owned(),
        package: "Sign=WXPay".to_owned(),
        nonce_str: stamp.nonce.to_owned(),
        time_stamp: stamp.seconds.to_string(),
        sign,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{signing_key, text, vectors};
    use serde_json::{Value, json};

    const VECTORS: &str = include_str!("../tests/vectors/v3_client_pay_params.json");

    /// In the spelling of the vectors, which is that of the payer's client.
    fn spelled(params: PayParams, kind: &str) -> Value {
        match params {
            PayParams::Jsapi { app_id, time_stamp, nonce_str, package, sign_type, pay_sign } => {
                let mut all = json!({
                    "timeStamp": time_stamp, "nonceStr": nonce_str, "package": package,
                    "signType": sign_type, "paySign": pay_sign
                });
                // A mini program knows its own appid.
                if kind == "jsapi" {
                    all["appId"] = json!(app_id.as_str());
                }
                all
            }
            PayParams::App {
                appid,
                partner_id,
                prepay_id,
                package,
                nonce_str,
                time_stamp,
                sign,
            } => json!({
                "appid": appid.as_str(), "partnerid": partner_id.as_str(), "prepayid": prepay_id,
                "package": package, "noncestr": nonce_str, "timestamp": time_stamp, "sign": sign
            }),
            PayParams::Native { .. } | PayParams::H5 { .. } => panic!("nothing is signed"),
        }
    }

    #[test]
    fn what_the_client_is_called_with_is_that_of_the_vectors() {
        let file = vectors(VECTORS);
        let mut kinds = Vec::new();
        for vector in file["vectors"].as_array().unwrap() {
            let (kind, expected) = (text(vector, "kind"), &vector["params"]);
            let member = |a: &str, b: &str| expected[a].as_str().or(expected[b].as_str()).unwrap();
            let seconds = member("timeStamp", "timestamp").parse().unwrap();
            let stamp = Stamp { seconds, nonce: member("nonceStr", "noncestr") };
            let (appid, id) = (Appid::new(text(vector, "appid")), text(vector, "prepay_id"));
            let key = signing_key(text(vector, "key"));
            let params = if kind == "app" {
                let mchid = Mchid::new(expected["partnerid"].as_str().unwrap());
                app((&appid, &mchid), id, stamp, &key)
            } else {
                jsapi(&appid, id, stamp, &key)
            };
            assert_eq!(spelled(params.unwrap(), kind), *expected, "{}", text(vector, "name"));
            kinds.push(kind);
        }
        assert!(kinds.contains(&"app") && kinds.contains(&"mini_program"), "{kinds:?}");
    }
}
