//! A sandboxed cashier: would `wx.requestPayment`, the OpenSDK, a browser or a scanner take what the payer's client was
//! given? (`v3.md` §7.1, §7.2)
//!
//! MAY NOT be kinder than they are: `signType` must be there, all values are strings, the whole `package` of JSAPI is
//! signed and the bare id of App, and what has expired opens nothing.

use serde::Deserialize;
use serde_json::Value;

use crate::core::WeChatPay;
use crate::core::ports::{Keyring, Moment};
use crate::core::route::TradeType;

/// What a payer's client was given, in any of the products.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Value")]
pub enum PayParams {
    /// JSAPI and mini program.
    Jsapi(JsapiParams),
    /// A mobile app.
    App(AppParams),
    /// A browser on a phone.
    H5(H5Params),
    /// A QR code.
    Native(NativeParams),
}

/// For `wx.requestPayment` and `getBrandWCPayRequest`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are WeChat Pay's own")]
pub struct JsapiParams {
    pub app_id: String,
    pub time_stamp: String,
    pub nonce_str: String,
    pub package: String,
    pub sign_type: String,
    pub pay_sign: String,
}

/// For the OpenSDK's `PayReq`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names are WeChat Pay's own")]
pub struct AppParams {
    pub appid: String,
    pub partnerid: String,
    pub prepayid: String,
    pub package: String,
    pub noncestr: String,
    pub timestamp: String,
    pub sign: String,
}

/// Where the browser is sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names are WeChat Pay's own")]
pub struct H5Params {
    pub h5_url: String,
}

/// What the QR code says.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names are WeChat Pay's own")]
pub struct NativeParams {
    pub code_url: String,
}

impl TryFrom<Value> for PayParams {
    type Error = serde_json::Error;

    /// Told apart by a member that no other has.
    fn try_from(params: Value) -> Result<Self, Self::Error> {
        let has = |name: &str| params.get(name).is_some();
        if has("h5_url") {
            serde_json::from_value(params).map(Self::H5)
        } else if has("code_url") {
            serde_json::from_value(params).map(Self::Native)
        } else if has("prepayid") {
            serde_json::from_value(params).map(Self::App)
        } else {
            serde_json::from_value(params).map(Self::Jsapi)
        }
    }
}

/// What the client shows to the cashier, once it is known to be the merchant's own.
struct Shown<'a> {
    what: &'static str,
    handle: &'a str,
    trade_type: TradeType,
    appid: Option<&'a str>,
}

impl WeChatPay {
    /// The order that the cashier would open for, or why it would not.
    pub fn verify_pay_params(
        &mut self,
        params: &PayParams,
        at: Moment,
        keyring: &dyn Keyring,
    ) -> Result<String, String> {
        let shown = match params {
            PayParams::Jsapi(params) => self.check_jsapi(params, keyring)?,
            PayParams::App(params) => self.check_app(params, keyring)?,
            PayParams::H5(H5Params { h5_url }) => Shown {
                what: "h5_url",
                handle: without_redirect(h5_url),
                trade_type: TradeType::H5,
                appid: None,
            },
            PayParams::Native(NativeParams { code_url }) => Shown {
                what: "code_url",
                handle: code_url,
                trade_type: TradeType::Native,
                appid: None,
            },
        };
        self.open_cashier(&shown, at)
    }

    fn check_jsapi<'a>(
        &self,
        params: &'a JsapiParams,
        keyring: &dyn Keyring,
    ) -> Result<Shown<'a>, String> {
        let JsapiParams { app_id, time_stamp, nonce_str, package, sign_type, pay_sign } = params;
        if sign_type != "RSA" {
            return Err("signType must be RSA".to_owned());
        }
        check_stamp(("timeStamp", time_stamp), ("nonceStr", nonce_str))?;
        let Some(prepay_id) = package.strip_prefix("prepay_id=") else {
            return Err("package must be prepay_id=<id>".to_owned());
        };
        let message = format!("{app_id}\n{time_stamp}\n{nonce_str}\n{package}\n");
        if !self.is_merchants(&message, pay_sign, keyring) {
            return Err("paySign does not verify with the merchant's key".to_owned());
        }
        Ok(Shown {
            what: "prepay_id",
            handle: prepay_id,
            trade_type: TradeType::Jsapi,
            appid: Some(app_id),
        })
    }

    fn check_app<'a>(
        &self,
        params: &'a AppParams,
        keyring: &dyn Keyring,
    ) -> Result<Shown<'a>, String> {
        let AppParams { appid, partnerid, prepayid, package, noncestr, timestamp, sign } = params;
        if *partnerid != self.account.mchid {
            return Err("partnerid is not the merchant".to_owned());
        }
        if package != "Sign=WXPay" {
            return Err("package must be Sign=WXPay".to_owned());
        }
        check_stamp(("timestamp", timestamp), ("noncestr", noncestr))?;
        let message = format!("{appid}\n{timestamp}\n{noncestr}\n{prepayid}\n");
        if !self.is_merchants(&message, sign, keyring) {
            return Err("sign does not verify with the merchant's key".to_owned());
        }
        Ok(Shown {
            what: "prepayid",
            handle: prepayid,
            trade_type: TradeType::App,
            appid: Some(appid),
        })
    }

    fn is_merchants(&self, message: &str, signature: &str, keyring: &dyn Keyring) -> bool {
        let mut serials = self.account.merchant_serials.iter();
        serials.any(|serial| keyring.verify_merchant(serial, message.as_bytes(), signature))
    }

    fn open_cashier(&mut self, shown: &Shown<'_>, at: Moment) -> Result<String, String> {
        let what = shown.what;
        let number = self.by_handle.get(shown.handle).cloned();
        let found = number.and_then(|number| self.trade(&number, at.business));
        let Some(trade) = found else { return Err(format!("{what} does not exist")) };
        if trade.trade_type != shown.trade_type {
            return Err(format!("{what} belongs to another product"));
        }
        if shown.appid.is_some_and(|appid| trade.form.appid != appid) {
            return Err(format!("{what} belongs to another appid"));
        }
        if trade.handle.value != shown.handle || !trade.handle_is_good(at.business) {
            return Err(format!("{what} has expired"));
        }
        if !trade.is_payable(at.business) {
            return Err(format!("the order cannot be paid: {}", trade.state_name()));
        }
        Ok(trade.form.out_trade_no.clone())
    }
}

fn check_stamp(
    (time_name, time): (&str, &str),
    (nonce_name, nonce): (&str, &str),
) -> Result<(), String> {
    if time.len() != 10 || !time.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("{time_name} must be unix seconds"));
    }
    if nonce.is_empty() || nonce.len() > 32 {
        return Err(format!("{nonce_name} must be 1 to 32 characters"));
    }
    Ok(())
}

/// Where to return to is for the client to append.
fn without_redirect(h5_url: &str) -> &str {
    h5_url.split_once("&redirect_url=").map_or(h5_url, |(url, _)| url)
}
