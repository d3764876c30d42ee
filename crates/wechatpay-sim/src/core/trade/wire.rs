//! An order as WeChat Pay writes it (`v3.md` §7.3): the answer of a query, and once paid the notification.
//!
//! MAY NOT decide anything. Written straight from the order, because a simulation asks often.

use serde::Serialize;

use crate::core::json::json_of;
use crate::core::route::TradeType;
use crate::core::trade::{Payment, Trade, TradeState};
use crate::core::wire_time::beijing;

#[derive(Serialize)]
struct TradeWire<'a> {
    appid: &'a str,
    mchid: &'a str,
    out_trade_no: &'a str,
    trade_state: &'static str,
    trade_state_desc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scene_info: Option<SceneInfo<'a>>,
    amount: Amount,
    #[serde(flatten)]
    paid: Option<Paid<'a>>,
}

#[derive(Serialize)]
struct SceneInfo<'a> {
    device_id: &'a str,
}

/// Unpaid answers of the live service carry only a part of it; clients must cope.
#[derive(Serialize)]
struct Amount {
    total: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    payer_total: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<&'static str>,
    payer_currency: &'static str,
}

/// What there is after payment.
#[derive(Serialize)]
struct Paid<'a> {
    transaction_id: &'a str,
    trade_type: TradeType,
    bank_type: &'static str,
    success_time: String,
    payer: Payer<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attach: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    promotion_detail: Option<[Promotion; 1]>,
}

#[derive(Serialize)]
struct Payer<'a> {
    openid: &'a str,
}

#[derive(Serialize)]
struct Promotion {
    coupon_id: String,
    name: &'static str,
    scope: &'static str,
    r#type: &'static str,
    amount: i64,
    stock_id: &'static str,
    wechatpay_contribute: i64,
    merchant_contribute: i64,
    other_contribute: i64,
    currency: &'static str,
}

impl Trade {
    /// The order in JSON.
    pub fn to_wire(&self) -> String {
        let form = &self.form;
        let payment = match &self.state {
            TradeState::Success(payment) => Some(payment),
            TradeState::NotPay | TradeState::Closed { .. } => None,
        };
        let wire = TradeWire {
            appid: &form.appid,
            mchid: &form.mchid,
            out_trade_no: &form.out_trade_no,
            trade_state: self.state_name(),
            trade_state_desc: self.state_text(),
            scene_info: form.device_id.as_deref().map(|device_id| SceneInfo { device_id }),
            amount: Amount {
                total: payment.map_or(form.total_fen, |payment| payment.total_fen),
                payer_total: payment.map(Payment::payer_total_fen),
                currency: payment.map(|_| "CNY"),
                payer_currency: "CNY",
            },
            paid: payment.map(|payment| self.paid(payment)),
        };
        json_of(&wire)
    }

    fn paid<'a>(&'a self, payment: &'a Payment) -> Paid<'a> {
        Paid {
            transaction_id: &payment.transaction_id,
            trade_type: self.trade_type,
            bank_type: "OTHERS",
            success_time: beijing(payment.success_at),
            payer: Payer { openid: &payment.openid },
            attach: self.form.attach.as_deref(),
            promotion_detail: (payment.coupon_fen > 0).then(|| [promotion(payment)]),
        }
    }

    fn state_text(&self) -> &'static str {
        match &self.state {
            TradeState::NotPay => "订单未支付",
            TradeState::Success(payment) if payment.is_refunded() => "转入退款",
            TradeState::Success(_) => "支付成功",
            TradeState::Closed { .. } => "订单已关闭",
        }
    }
}

fn promotion(payment: &Payment) -> Promotion {
    Promotion {
        coupon_id: format!("109519{}", payment.transaction_id.get(..6).unwrap_or("")),
        name: "沙箱代金券",
        scope: "GLOBAL",
        r#type: "NOCASH",
        amount: payment.coupon_fen,
        stock_id: "931386",
        wechatpay_contribute: payment.coupon_fen,
        merchant_contribute: 0,
        other_contribute: 0,
        currency: "CNY",
    }
}
