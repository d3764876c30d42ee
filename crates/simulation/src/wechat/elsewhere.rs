//! Payments that another system of the same merchant orders, or that a part of ours ordered whose
//! database is lost, and refunds that somebody makes at the merchant's console: WeChat Pay knows them, we
//! do not.

use super::WeChat;
use domain::Timestamp;
use serde_json::Value;
use wechatpay_sim::core::elsewhere::ElsewhereForm;
use wechatpay_sim::core::refund::RefundElsewhereForm;

/// What it costs where nothing else is said, in fen.
const TOTAL_FEN: i64 = 4_200;

/// Whose it is, as its `attach` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin<'a> {
    /// Ours: its order, in this deployment.
    Lost(&'a str),
    /// Another system's.
    Foreign,
    /// Another system's, which attaches nothing.
    Silent,
    /// Another deployment's of the same program.
    Neighbour,
}

impl Origin<'_> {
    fn attach(self) -> Option<String> {
        match self {
            Origin::Lost(order) => Some(format!("pd1.sim.{order}")),
            Origin::Foreign => Some("another system".to_owned()),
            Origin::Silent => None,
            Origin::Neighbour => Some("pd1.theirs.20261121A0000000".to_owned()),
        }
    }

    fn is_ours(self) -> bool {
        match self {
            Origin::Lost(_) => true,
            Origin::Foreign | Origin::Silent | Origin::Neighbour => false,
        }
    }
}

impl WeChat {
    /// Orders `number`, by QR code. Whether it was accepted.
    pub fn order_elsewhere(&self, number: &str, origin: Origin<'_>, now: Timestamp) -> bool {
        let form = ElsewhereForm {
            out_trade_no: number.to_owned(),
            total_fen: TOTAL_FEN,
            notify_url: super::keys::NOTIFY_URL.to_owned(),
            attach: origin.attach(),
            description: None,
            appid: None,
            openid: None,
            product: None,
        };
        self.order(form, origin, now)
    }

    /// Orders `number` with the terms of `like`, which was ordered by us. Whether it was accepted.
    pub fn order_like(
        &self,
        (like, number): (&str, &str),
        origin: Origin<'_>,
        now: Timestamp,
    ) -> bool {
        let body = self.truth(|truth| truth.ordered.get(like).cloned()).unwrap_or_default();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let (Some(total_fen), Some(notify_url)) =
            (body["amount"]["total"].as_i64(), text(&body["notify_url"]))
        else {
            return false;
        };
        let form = ElsewhereForm {
            out_trade_no: number.to_owned(),
            total_fen,
            notify_url,
            attach: origin.attach(),
            description: text(&body["description"]),
            appid: text(&body["appid"]),
            openid: text(&body["payer"]["openid"]),
            product: None,
        };
        self.order(form, origin, now)
    }

    /// Gives back `refund_fen` of a payment, or all that is left of it, at the merchant's console. Whether
    /// it was accepted.
    pub fn refund_elsewhere(
        &self,
        (out_trade_no, out_refund_no): (&str, &str),
        refund_fen: Option<i64>,
        now: Timestamp,
    ) -> bool {
        let form = RefundElsewhereForm {
            out_trade_no: out_trade_no.to_owned(),
            out_refund_no: out_refund_no.to_owned(),
            refund_fen,
            notify_url: Some(super::keys::NOTIFY_URL.to_owned()),
        };
        let mut inside = self.inside();
        let made =
            inside.with(&self.keys, now, |core, ports| core.refund_elsewhere(form, ports)).is_ok();
        inside.gather(&self.keys, now);
        drop(inside);
        self.bell.ring();
        made
    }

    fn order(&self, form: ElsewhereForm, origin: Origin<'_>, now: Timestamp) -> bool {
        let number = form.out_trade_no.clone();
        let mut inside = self.inside();
        let ordered = inside.with(&self.keys, now, |core, ports| core.order_elsewhere(form, ports));
        if ordered.is_ok() && !origin.is_ours() {
            inside.truth.foreign.insert(number);
        }
        ordered.is_ok()
    }
}
