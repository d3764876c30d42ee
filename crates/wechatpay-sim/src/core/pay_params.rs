//! A sandboxed `wx.requestPayment`: would the app open the cashier with these parameters? (`v3.md` §7.2)
//!
//! MAY NOT be kinder than the app: `signType` must be there, all values are strings, the whole `package` is signed.

use serde::Deserialize;

use crate::core::WeChatPay;
use crate::core::ports::{Keyring, Moment};
use crate::core::trade::PREPAY_LIFE;

/// The parameters of JSAPI and mini program payments.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are WeChat Pay's own")]
pub struct PayParams {
    pub app_id: String,
    pub time_stamp: String,
    pub nonce_str: String,
    pub package: String,
    pub sign_type: String,
    pub pay_sign: String,
}

impl WeChatPay {
    /// The order that the cashier would open for, or why it would not.
    pub fn verify_pay_params(
        &mut self,
        params: &PayParams,
        at: Moment,
        keyring: &dyn Keyring,
    ) -> Result<String, String> {
        if params.sign_type != "RSA" {
            return Err("signType must be RSA".to_owned());
        }
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(&params.time_stamp) || params.time_stamp.len() != 10 {
            return Err("timeStamp must be unix seconds".to_owned());
        }
        if params.nonce_str.is_empty() || params.nonce_str.len() > 32 {
            return Err("nonceStr must be 1 to 32 characters".to_owned());
        }
        let Some(prepay_id) = params.package.strip_prefix("prepay_id=") else {
            return Err("package must be prepay_id=<id>".to_owned());
        };
        let message = format!(
            "{}\n{}\n{}\n{}\n",
            params.app_id, params.time_stamp, params.nonce_str, params.package
        );
        let verified =
            self.account.merchant_serials.iter().any(|serial| {
                keyring.verify_merchant(serial, message.as_bytes(), &params.pay_sign)
            });
        if !verified {
            return Err("paySign does not verify with the merchant's key".to_owned());
        }
        self.check_prepay_id(prepay_id, &params.app_id, at)
    }

    fn check_prepay_id(
        &mut self,
        prepay_id: &str,
        appid: &str,
        at: Moment,
    ) -> Result<String, String> {
        let number = self.by_prepay_id.get(prepay_id).cloned();
        let found = number.and_then(|number| self.trade(&number, at.business));
        let Some(trade) = found else { return Err("prepay_id does not exist".to_owned()) };
        if trade.form.appid != appid {
            return Err("prepay_id belongs to another appid".to_owned());
        }
        let stale = at.business - trade.handle.issued_at >= PREPAY_LIFE;
        if stale || trade.handle.value != prepay_id {
            return Err("prepay_id has expired".to_owned());
        }
        if !trade.is_payable(at.business) {
            return Err(format!("the order cannot be paid: {}", trade.state_name()));
        }
        Ok(trade.form.out_trade_no.clone())
    }
}
