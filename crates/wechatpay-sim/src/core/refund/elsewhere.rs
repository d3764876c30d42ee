//! A refund that somebody makes at the merchant's console, or by another system: `POST /_sandbox/refunds`.
//!
//! Nothing of it is unfaithful: whoever has the merchant's account can give money back. It is no call of the API, so that
//! the ledger's calls stay those of the service under test. MAY NOT be less strict than the API: the same rules of amount,
//! number, time and balance.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::core::WeChatPay;
use crate::core::ledger::ControlRefusal;
use crate::core::ports::Ports;
use crate::core::refund::{Refund, RefundedBy};
use crate::core::refusal::Refusal;

/// `POST /_sandbox/refunds`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefundElsewhereForm {
    /// Of which order.
    pub out_trade_no: String,
    /// The number of the refund, which is new.
    pub out_refund_no: String,
    /// How much, in fen; without it, all that is left.
    pub refund_fen: Option<i64>,
    /// Where its end is notified; without it, nowhere.
    pub notify_url: Option<String>,
}

impl WeChatPay {
    /// Makes a refund beside the service; answers it as the ledger shows it.
    pub fn refund_elsewhere(
        &mut self,
        form: RefundElsewhereForm,
        ports: &mut Ports<'_>,
    ) -> Result<Value, ControlRefusal> {
        self.catch_up(ports);
        if self.refunds.get(&form.out_refund_no).is_some() {
            let why = "there is a refund with this out_refund_no";
            return Err(ControlRefusal::conflict("number_used", why));
        }
        let number = form.out_refund_no.clone();
        let nothing = || ControlRefusal::conflict("not_paid", "the order is not paid");
        let payment = self.payment_of(&form.out_trade_no).ok_or_else(nothing)?;
        let left_fen = payment.refunds.left_fen(payment.refundable());
        let parameters = parameters(form, left_fen, payment.total_fen);
        self.refund(parameters, None, ports).map_err(|why| said(&why))?;
        self.refunds.change(&number, |made| made.made_by = RefundedBy::Elsewhere);
        let made = self.refunds.get(&number).map(Refund::view);
        made.ok_or_else(|| ControlRefusal::broken("the refund is not there"))
    }
}

fn parameters(form: RefundElsewhereForm, left_fen: i64, total_fen: i64) -> Map<String, Value> {
    let mut parameters = Map::new();
    let mut put = |name: &str, value: Value| parameters.insert(name.to_owned(), value);
    put("out_trade_no", json!(form.out_trade_no));
    put("out_refund_no", json!(form.out_refund_no));
    if let Some(notify_url) = form.notify_url {
        put("notify_url", json!(notify_url));
    }
    let refund_fen = form.refund_fen.unwrap_or(left_fen);
    put("amount", json!({"refund": refund_fen, "total": total_fen, "currency": "CNY"}));
    parameters
}

/// The API's refusal in the words of a control route.
fn said(refusal: &Refusal) -> ControlRefusal {
    let Some(body) = &refusal.body else { return ControlRefusal::broken("refused without a word") };
    let member = |name: &str| body.detail.as_ref().and_then(|detail| detail[name].as_str());
    match (member("field"), member("issue")) {
        (Some(field), Some(issue)) => ControlRefusal::bad_request(&format!("{field}: {issue}")),
        _ => ControlRefusal::conflict("refund_refused", &body.message),
    }
}
