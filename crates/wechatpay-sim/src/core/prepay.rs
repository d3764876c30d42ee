//! 下单: a new order, or the same one again (`v3.md` §7.1, §9).
//!
//! MAY NOT make a second order for a number, whatever is asked. Where the documents leave a choice:
//! a repeat of a JSAPI or App prepay gets the *same* `prepay_id` while that is good (2 h), then a new one; one of H5 likewise
//! its `h5_url` (5 min); a repeat of a Native prepay always gets a *new* `code_url`, which ends the old one. Another trade type is `403 OUT_TRADE_NO_USED`, other
//! changed parameters are `400 INVALID_REQUEST`. A paid or closed number says so before its parameters are compared.

use serde_json::{Map, Value, json};

use crate::core::WeChatPay;
use crate::core::authorization::Authorization;
use crate::core::fields::Fields;
use crate::core::ports::{Moment, Ports};
use crate::core::prepay_form::PrepayForm;
use crate::core::refusal::{Code, Refusal};
use crate::core::route::TradeType;
use crate::core::trade::{PrepayHandle, Trade, TradeState};
use crate::core::wire_time::beijing_digits;

/// Where an `h5_url` leads.
const H5_CASHIER: &str = "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb";

impl WeChatPay {
    pub(crate) fn prepay(
        &mut self,
        trade_type: TradeType,
        parameters: Map<String, Value>,
        caller: &Authorization,
        ports: &mut Ports<'_>,
    ) -> Result<String, Refusal> {
        let at = ports.at;
        same_mchid(&parameters, caller)?;
        let form = PrepayForm::parse(&parameters, trade_type)?;
        if !self.account.may_order(&form.appid, trade_type) {
            return Err(Refusal::new(
                400,
                Code::AppidMchidNotMatch,
                "商户号该产品权限未开通或appid和mchid不匹配，请检查后再试",
                268_445_527,
            ));
        }
        if self.burned.contains(&form.out_trade_no) {
            return Err(Refusal::re_entry_differs());
        }
        match self.trade(&form.out_trade_no, at.business) {
            Some(trade) => check_repeat(trade, trade_type, &parameters, at)?,
            None => return Ok(wire(self.order(form, parameters, trade_type, ports))),
        }
        Ok(self.prepay_again(&form.out_trade_no, ports))
    }

    /// Orders under a number that is new.
    pub(crate) fn order(
        &mut self,
        form: PrepayForm,
        parameters: Map<String, Value>,
        trade_type: TradeType,
        ports: &mut Ports<'_>,
    ) -> &mut Trade {
        let handle = new_handle(trade_type, ports);
        self.index_handle(&handle, &form.out_trade_no);
        let number = form.out_trade_no.clone();
        let trade = Trade::new(form, parameters, trade_type, handle);
        self.trades.entry(number).or_insert(trade)
    }

    /// The order is known, payable and asked for with the same parameters.
    fn prepay_again(&mut self, number: &str, ports: &mut Ports<'_>) -> String {
        let at = ports.at;
        let Some(trade) = self.trades.get_mut(number) else { return String::new() };
        let fresh = match trade.trade_type {
            TradeType::Jsapi | TradeType::H5 | TradeType::App => trade.handle_is_good(at.business),
            TradeType::Native => false,
        };
        if fresh {
            return wire(trade);
        }
        let handle = new_handle(trade.trade_type, ports);
        trade.handle = handle.clone();
        let answer = wire(trade);
        self.index_handle(&handle, number);
        answer
    }

    fn index_handle(&mut self, handle: &PrepayHandle, number: &str) {
        self.by_handle.insert(handle.value.clone(), number.to_owned());
    }
}

/// The `mchid` of the body is compared with the header's before anything else in the body.
pub(crate) fn same_mchid(body: &Map<String, Value>, caller: &Authorization) -> Result<(), Refusal> {
    let in_body = Fields::root(body).text("mchid", 32)?;
    if in_body == caller.mchid {
        return Ok(());
    }
    Err(Refusal::new(
        400,
        Code::ParamError,
        "http header中的mchid与post payload中的mchid不匹配",
        268_435_461,
    ))
}

fn check_repeat(
    trade: &Trade,
    trade_type: TradeType,
    parameters: &Map<String, Value>,
    at: Moment,
) -> Result<(), Refusal> {
    match &trade.state {
        TradeState::Success(_) => return Err(Refusal::order_paid()),
        TradeState::Closed { .. } => return Err(Refusal::order_closed()),
        TradeState::NotPay => {}
    }
    if trade.trade_type != trade_type {
        return Err(Refusal::new(403, Code::OutTradeNoUsed, "商户订单号重复", 268_498_688));
    }
    if trade.parameters != *parameters {
        return Err(Refusal::re_entry_differs());
    }
    if !trade.is_payable(at.business) {
        return Err(Refusal::order_expired());
    }
    Ok(())
}

fn new_handle(trade_type: TradeType, ports: &mut Ports<'_>) -> PrepayHandle {
    let at = ports.at;
    let value = match trade_type {
        TradeType::Jsapi | TradeType::App => prepay_id(ports),
        TradeType::Native => format!("weixin://wxpay/bizpayurl?pr={}zz", ports.text(9)),
        // It has a query already: clients append `&redirect_url=…`.
        TradeType::H5 => {
            format!("{H5_CASHIER}?prepay_id={}&package={}", prepay_id(ports), ports.digits(10))
        }
    };
    PrepayHandle { value, issued_at: at.business }
}

fn prepay_id(ports: &mut Ports<'_>) -> String {
    format!("wx{}{}", beijing_digits(ports.at.business), ports.lower_hex(10))
}

fn wire(trade: &Trade) -> String {
    let handle = &trade.handle.value;
    match trade.trade_type {
        TradeType::Jsapi | TradeType::App => json!({"prepay_id": handle}).to_string(),
        TradeType::H5 => json!({"h5_url": handle}).to_string(),
        TradeType::Native => json!({"code_url": handle}).to_string(),
    }
}
