//! An order that another system of the same merchant made, or an earlier life of the service whose records are lost:
//! `POST /_sandbox/trades`.
//!
//! Nothing of it is unfaithful: merchant numbers are shared, and whoever has the key can order. It is no call of the API, so
//! that the ledger's calls stay those of the service under test. MAY NOT be less strict than a prepay.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::core::WeChatPay;
use crate::core::ledger::{ControlRefusal, trade_view};
use crate::core::ports::Ports;
use crate::core::prepay_form::PrepayForm;
use crate::core::refusal::Refusal;
use crate::core::route::TradeType;
use crate::core::trade::OrderedBy;

/// Where the buyer of an H5 order sits: an address that is nobody's (RFC 5737).
const SOMEBODYS_ADDRESS: &str = "203.0.113.7";

/// `POST /_sandbox/trades`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ElsewhereForm {
    /// The number.
    pub out_trade_no: String,
    /// The amount.
    pub total_fen: i64,
    /// Where the payment is notified.
    pub notify_url: String,
    /// What the other system attached: what looks like ours is for the caller to write.
    pub attach: Option<String>,
    /// Text on the buyer's bill.
    pub description: Option<String>,
    /// The appid; without it, the merchant's first of the kind that the product asks for.
    pub appid: Option<String>,
    /// The payer, of a JSAPI order alone.
    pub openid: Option<String>,
    /// What is ordered; without it, JSAPI if there is an `openid`, else Native.
    pub product: Option<Product>,
}

/// A product, as the control routes name it: as the path of its prepay ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Product {
    /// In a mini program or an official account.
    Jsapi,
    /// By a QR code.
    Native,
    /// From a browser outside WeChat.
    H5,
    /// From a mobile app.
    App,
}

impl Product {
    fn trade_type(self) -> TradeType {
        match self {
            Self::Jsapi => TradeType::Jsapi,
            Self::Native => TradeType::Native,
            Self::H5 => TradeType::H5,
            Self::App => TradeType::App,
        }
    }
}

impl WeChatPay {
    /// Orders as another system of the merchant; answers the order as the ledger shows it.
    pub fn order_elsewhere(
        &mut self,
        form: ElsewhereForm,
        ports: &mut Ports<'_>,
    ) -> Result<Value, ControlRefusal> {
        self.catch_up(ports);
        let unnamed = if form.openid.is_some() { Product::Jsapi } else { Product::Native };
        let trade_type = form.product.unwrap_or(unnamed).trade_type();
        let parameters = self.parameters(form, trade_type);
        let form = PrepayForm::parse(&parameters, trade_type).map_err(|why| said(&why))?;
        if !self.account.may_order(&form.appid, trade_type) {
            return Err(ControlRefusal::bad_request("the appid is not this merchant's"));
        }
        let number = &form.out_trade_no;
        if self.trades.contains_key(number) || self.burned.contains(number) {
            let why = "the number was ordered or closed before";
            return Err(ControlRefusal::conflict("number_used", why));
        }
        let trade = self.order(form, parameters, trade_type, ports);
        trade.ordered_by = OrderedBy::Elsewhere;
        Ok(trade_view(trade))
    }

    fn parameters(&self, form: ElsewhereForm, trade_type: TradeType) -> Map<String, Value> {
        let first = || self.first_appid(trade_type).cloned().unwrap_or_default();
        let mut parameters = Map::new();
        let mut put = |name: &str, value: Value| parameters.insert(name.to_owned(), value);
        put("appid", json!(form.appid.unwrap_or_else(first)));
        put("mchid", json!(self.account.mchid));
        put("description", json!(form.description.as_deref().unwrap_or("another system's order")));
        put("out_trade_no", json!(form.out_trade_no));
        put("notify_url", json!(form.notify_url));
        put("amount", json!({"total": form.total_fen, "currency": "CNY"}));
        if let Some(attach) = form.attach {
            put("attach", json!(attach));
        }
        if let Some(openid) = form.openid {
            put("payer", json!({"openid": openid}));
        }
        if trade_type == TradeType::H5 {
            let h5 = json!({"type": "Wap"});
            put("scene_info", json!({"payer_client_ip": SOMEBODYS_ADDRESS, "h5_info": h5}));
        }
        parameters
    }

    fn first_appid(&self, trade_type: TradeType) -> Option<&String> {
        match trade_type {
            TradeType::App => self.account.mobile_apps.first(),
            TradeType::Jsapi | TradeType::Native | TradeType::H5 => {
                self.account.app_secrets.keys().next()
            }
        }
    }
}

/// A prepay's refusal in the words of a control route.
fn said(refusal: &Refusal) -> ControlRefusal {
    let detail = refusal.body.as_ref().and_then(|body| body.detail.as_ref());
    let member = |name: &str| detail.and_then(|detail| detail[name].as_str()).unwrap_or_default();
    ControlRefusal::bad_request(&format!("{}: {}", member("field"), member("issue")))
}
