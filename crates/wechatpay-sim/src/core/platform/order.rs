//! `POST /wxa/sec/order/get_order`, and which payments shipping management knows (`mini-program.md` §3.3).
//!
//! Those that were paid by JSAPI under the mini program whose token is shown, some time after they were
//! (`shipping_known_after_ms`).

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::told::Told;
use super::{Asked, Errcode, text};
use crate::core::WeChatPay;
use crate::core::ports::Ports;
use crate::core::route::TradeType;

/// How a payment is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OrderKey {
    /// By the merchant's numbers.
    Merchant {
        /// The merchant.
        mchid: String,
        /// Its number.
        out_trade_no: String,
    },
    /// By WeChat Pay's number.
    Transaction(String),
}

impl OrderKey {
    /// `order_key` of a report.
    pub(super) fn of_upload(key: &Asked) -> Result<Self, Errcode> {
        match key.get("order_number_type").and_then(Value::as_i64) {
            Some(1) => Ok(Self::Merchant {
                mchid: text(key, "mchid").ok_or(Errcode::MCHID)?.to_owned(),
                out_trade_no: text(key, "out_trade_no").ok_or(Errcode::OUT_TRADE_NO)?.to_owned(),
            }),
            Some(2) => {
                let id = text(key, "transaction_id").ok_or(Errcode::TRANSACTION_ID)?;
                Ok(Self::Transaction(id.to_owned()))
            }
            Some(_) | None => Err(Errcode::NUMBER_TYPE),
        }
    }

    /// What `get_order` is asked with; its names differ.
    fn of_query(asked: &Asked) -> Result<Self, Errcode> {
        if let Some(id) = text(asked, "transaction_id") {
            return Ok(Self::Transaction(id.to_owned()));
        }
        match (text(asked, "merchant_id"), text(asked, "merchant_trade_no")) {
            (Some(mchid), Some(number)) => {
                Ok(Self::Merchant { mchid: mchid.to_owned(), out_trade_no: number.to_owned() })
            }
            _ => Err(Errcode::PARAMETER),
        }
    }
}

impl WeChatPay {
    /// The number of a payment that shipping management knows by now.
    pub(super) fn shipped_payment(
        &self,
        key: &OrderKey,
        appid: &str,
        now: OffsetDateTime,
    ) -> Result<String, Errcode> {
        let number = match key {
            OrderKey::Transaction(id) => self.by_transaction_id.get(id),
            OrderKey::Merchant { mchid, out_trade_no } => {
                Some(out_trade_no).filter(|_| *mchid == self.account.mchid)
            }
        };
        let number = number.ok_or(Errcode::NOT_KNOWN)?;
        let trade = self.trades.get(number).ok_or(Errcode::NOT_KNOWN)?;
        let payment = self.paid(number).ok_or(Errcode::NOT_KNOWN)?;
        let after_ms = i64::try_from(self.settings.shipping_known_after_ms).unwrap_or(i64::MAX);
        let is_known = trade.trade_type == TradeType::Jsapi
            && trade.form.appid == appid
            && now - payment.success_at >= Duration::milliseconds(after_ms);
        if is_known { Ok(number.clone()) } else { Err(Errcode::NOT_KNOWN) }
    }

    pub(super) fn get_order(
        &mut self,
        asked: &Asked,
        appid: &str,
        ports: &mut Ports<'_>,
    ) -> Result<Value, Errcode> {
        let key = OrderKey::of_query(asked)?;
        let number = self.shipped_payment(&key, appid, ports.at.business)?;
        let trade = self.trades.get(&number).ok_or(Errcode::NOT_KNOWN)?;
        let payment = self.paid(&number).ok_or(Errcode::NOT_KNOWN)?;
        let mut order = json!({
            "transaction_id": payment.transaction_id,
            "merchant_id": self.account.mchid,
            "sub_merchant_id": "",
            "merchant_trade_no": number,
            "description": trade.form.description,
            "paid_amount": payment.total_fen,
            "openid": payment.openid,
            "trade_create_time": trade.created_at.unix_timestamp(),
            "pay_time": payment.success_at.unix_timestamp(),
            "in_complaint": false,
            "order_state": self.shipping_stage(&number).number(),
        });
        if let Some(told) = self.told_of(&number).map(Told::wire) {
            order["shipping"] = told;
        }
        Ok(json!({"errcode": 0, "errmsg": "ok", "order": order}))
    }
}
