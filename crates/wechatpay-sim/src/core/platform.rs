//! The WeChat platform beside WeChat Pay: access tokens and shipping-information management (`mini-program.md` §2, §3).
//!
//! Its calls are not signed, and its errors are HTTP 200 with an `errcode`; whoever has a token of the mini program may
//! call. MAY NOT move money: a payment is what WeChat Pay says, here is only what was told of its packages.
//!
//! Where `mini-program.md` is silent: what a call lacks is said before the payment is looked for, then who paid, then
//! where the payment stands, then whether anything is new, then the time; members that nobody has described are not looked at;
//! a report takes the place of the one before.

mod errcode;
mod order;
mod parcel;
mod token;
mod told;
mod upload;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::core::WeChatPay;
use crate::core::ports::Ports;
use crate::core::urls::query_value;

use errcode::{Errcode, error};
use token::Tokens;
use told::Told;
pub use told::{ReceiptForm, ShippingStage};

/// A call of the platform, but for the login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlatformCall {
    /// `/cgi-bin/stable_token`.
    StableToken,
    /// `/wxa/sec/order/is_trade_managed`.
    IsTradeManaged,
    /// `/wxa/sec/order/is_trade_management_confirmation_completed`.
    IsManagementConfirmed,
    /// `/wxa/sec/order/upload_shipping_info`.
    UploadShippingInfo,
    /// `/wxa/sec/order/get_order`.
    GetOrder,
}

impl PlatformCall {
    /// The name in the ledger's call log.
    pub fn kind(self) -> &'static str {
        match self {
            Self::StableToken => "stable_token",
            Self::IsTradeManaged => "is_trade_managed",
            Self::IsManagementConfirmed => "is_management_confirmed",
            Self::UploadShippingInfo => "upload_shipping_info",
            Self::GetOrder => "get_order",
        }
    }
}

/// All that the platform knows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Platform {
    tokens: Tokens,
    /// What was told, by `out_trade_no`.
    told: BTreeMap<String, Told>,
}

/// The members of a body; empty for one that cannot be read.
type Asked = Map<String, Value>;

impl WeChatPay {
    /// The answer to a call of the platform.
    pub(crate) fn platform(
        &mut self,
        call: PlatformCall,
        request: (&str, &str),
        asked: &Asked,
        ports: &mut Ports<'_>,
    ) -> Value {
        let (method, query) = request;
        self.platform_answer(call, (method, query), asked, ports).unwrap_or_else(error)
    }

    fn platform_answer(
        &mut self,
        call: PlatformCall,
        (method, query): (&str, &str),
        asked: &Asked,
        ports: &mut Ports<'_>,
    ) -> Result<Value, Errcode> {
        if method != "POST" {
            return Err(Errcode::MUST_POST);
        }
        if call == PlatformCall::StableToken {
            return self.stable_token(asked, ports);
        }
        let token = query_value(query, "access_token").unwrap_or_default();
        let appid = self.platform.tokens.appid_of(&token, ports.at.business)?.to_owned();
        match call {
            PlatformCall::IsTradeManaged => self.is_trade_managed(asked),
            PlatformCall::IsManagementConfirmed => {
                let asked = self.own_appid(asked);
                asked.map(|()| json!({"errcode": 0, "errmsg": "ok", "completed": true}))
            }
            PlatformCall::UploadShippingInfo => self.upload_shipping_info(asked, &appid, ports),
            PlatformCall::GetOrder => self.get_order(asked, &appid, ports),
            PlatformCall::StableToken => Err(Errcode::PARAMETER),
        }
    }

    fn is_trade_managed(&self, asked: &Asked) -> Result<Value, Errcode> {
        self.own_appid(asked)?;
        let managed = self.settings.shipping_management.is_managed();
        Ok(json!({"errcode": 0, "errmsg": "ok", "is_trade_managed": managed}))
    }

    fn own_appid(&self, asked: &Asked) -> Result<(), Errcode> {
        let appid = text(asked, "appid").ok_or(Errcode::INVALID_PARAMETER)?;
        let known = self.account.app_secrets.contains_key(appid);
        known.then_some(()).ok_or(Errcode::INVALID_APPID)
    }

    /// The order that a call of the platform is about, as far as can be told without judging it.
    pub(crate) fn told_about<'a>(&'a self, asked: &'a Asked) -> Option<&'a str> {
        let key = asked.get("order_key").and_then(Value::as_object).unwrap_or(asked);
        let by_id = text(key, "transaction_id").and_then(|id| self.by_transaction_id.get(id));
        by_id
            .map(String::as_str)
            .or_else(|| text(key, "out_trade_no"))
            .or_else(|| text(key, "merchant_trade_no"))
    }

    /// What the ledger shows of it.
    pub(crate) fn shipping_views(&self) -> Vec<Value> {
        self.platform.told.keys().filter_map(|number| self.shipping_view(number)).collect()
    }
}

/// A text that is not empty.
fn text<'a>(members: &'a Asked, name: &str) -> Option<&'a str> {
    members.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}
