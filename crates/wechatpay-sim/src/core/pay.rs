//! What the user does in the app: pay, or fail to.
//!
//! MAY NOT pay what the real app would refuse: an order that is paid, closed or expired, or a JSAPI order of another
//! user ("下单账号与支付账号不一致"). The one exception is asked for by name: `unfaithful: true` pays a closed or
//! expired order, or with `amount_fen` another amount than was ordered, which WeChat Pay never shows; the ledger marks
//! such a trade.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::core::WeChatPay;
use crate::core::ledger::{ControlRefusal, trade_view};
use crate::core::login::openid;
use crate::core::notice::{Event, Notice, NoticeOf};
use crate::core::ports::{Moment, Ports};
use crate::core::refund::RefundTally;
use crate::core::trade::{Payment, Trade, TradeState};
use crate::core::wire_time::beijing_date;

/// `POST /_sandbox/pay/{out_trade_no}`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PayForm {
    /// Who pays; without it, the payer of the prepay.
    pub openid: Option<String>,
    /// How it ends.
    pub outcome: PayOutcome,
    /// What a coupon takes off.
    pub coupon_fen: i64,
    /// Pays although the order is closed or expired. Not what WeChat Pay does.
    pub unfaithful: bool,
    /// Pays this instead of what was ordered; only if `unfaithful`.
    pub amount_fen: Option<i64>,
    /// Whether money can go back to the payer.
    pub payer_account: PayerAccount,
}

/// Whether money can go back to a payer. It stays so for ever: every refund of the payment meets the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayerAccount {
    /// It can.
    #[default]
    Normal,
    /// The account is gone: `403 USER_ACCOUNT_ABNORMAL`.
    Abnormal,
}

/// How an attempt to pay ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayOutcome {
    /// Paid.
    #[default]
    Success,
    /// Not enough money, wrong password, …: the order stays `NOTPAY` and nobody is told.
    Fail,
}

impl WeChatPay {
    /// The user tries to pay; answers the order as the ledger shows it.
    pub fn pay(
        &mut self,
        out_trade_no: &str,
        form: PayForm,
        ports: &mut Ports<'_>,
    ) -> Result<Value, ControlRefusal> {
        self.take_payment(out_trade_no, form, ports).map(trade_view)
    }

    /// The user tries to pay; answers the order, for those who do not read the ledger's form of it.
    pub fn take_payment(
        &mut self,
        out_trade_no: &str,
        form: PayForm,
        ports: &mut Ports<'_>,
    ) -> Result<&Trade, ControlRefusal> {
        self.catch_up(ports);
        let at = ports.at;
        // Unique by the sequence within one life of the sandbox, by chance across lives: a service's database outlives us.
        let sequence = self.by_transaction_id.len().saturating_add(1);
        let Some(trade) = self.trades.get_mut(out_trade_no) else {
            return Err(ControlRefusal::not_found("no order with this out_trade_no"));
        };
        trade.close_by_age(at.business);
        refuse_unpayable(trade, &form, at)?;
        if form.outcome == PayOutcome::Fail {
            trade.failed_payments = trade.failed_payments.saturating_add(1);
            return Ok(trade);
        }
        let transaction_id = format!(
            "4200{}{}{}{sequence:06}",
            ports.digits(6),
            beijing_date(at.business),
            ports.digits(4)
        );
        let payer = form.openid.or_else(|| trade.form.openid.clone());
        let payment = Payment {
            transaction_id: transaction_id.clone(),
            openid: payer.unwrap_or_else(|| openid(&trade.form.appid, "buyer")),
            success_at: at.business,
            total_fen: form.amount_fen.unwrap_or(trade.form.total_fen),
            coupon_fen: form.coupon_fen,
            unfaithful: form.unfaithful,
            payer_account: form.payer_account,
            refunds: RefundTally::default(),
        };
        trade.state = TradeState::Success(payment);
        let notice = success_notice(trade, ports);
        self.by_transaction_id.insert(transaction_id, out_trade_no.to_owned());
        self.outbox.add(notice);
        Ok(trade)
    }
}

fn refuse_unpayable(trade: &Trade, form: &PayForm, at: Moment) -> Result<(), ControlRefusal> {
    match &trade.state {
        TradeState::NotPay => {}
        TradeState::Success(_) => {
            return Err(ControlRefusal::conflict("order_paid", "the order is already paid"));
        }
        TradeState::Closed { .. } if form.unfaithful => {}
        TradeState::Closed { .. } => {
            return Err(ControlRefusal::conflict("order_closed", "the order is closed"));
        }
    }
    if !trade.is_payable(at.business) && !form.unfaithful {
        return Err(ControlRefusal::conflict(
            "order_expired",
            "time_expire has passed; the order can no longer be paid",
        ));
    }
    match (&trade.form.openid, &form.openid) {
        (Some(prepaid), Some(given)) if prepaid != given => {
            return Err(ControlRefusal::conflict(
                "payer_differs",
                "下单账号与支付账号不一致: the prepay names another payer.openid",
            ));
        }
        _ => {}
    }
    if form.openid.as_deref().is_some_and(|id| id.is_empty() || id.chars().count() > 128) {
        return Err(ControlRefusal::bad_request("openid must be 1 to 128 characters"));
    }
    check_amounts(trade, form)
}

fn check_amounts(trade: &Trade, form: &PayForm) -> Result<(), ControlRefusal> {
    if form.amount_fen.is_some() && !form.unfaithful {
        let why = "amount_fen pays what was not ordered: it needs unfaithful";
        return Err(ControlRefusal::bad_request(why));
    }
    let total_fen = form.amount_fen.unwrap_or(trade.form.total_fen);
    if total_fen < 1 {
        return Err(ControlRefusal::bad_request("amount_fen must be at least 1"));
    }
    if !(0..total_fen).contains(&form.coupon_fen) {
        return Err(ControlRefusal::bad_request(
            "coupon_fen must be at least 0 and below the total",
        ));
    }
    Ok(())
}

fn success_notice(trade: &Trade, ports: &mut Ports<'_>) -> Notice {
    let of = NoticeOf { out_trade_no: trade.form.out_trade_no.clone(), out_refund_no: None };
    let url = trade.form.notify_url.clone();
    let at = ports.at.business;
    Notice::new((Event::TransactionSuccess, trade.to_wire()), of, url, at, ports)
}
