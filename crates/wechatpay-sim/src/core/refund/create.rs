//! 申请退款: a new refund, or the same one again (`v3.md` §7.5, §9).
//!
//! MAY NOT make a second refund for a number, whatever is asked, and MAY NOT refuse a repeat for a rule that came into
//! force since: a known number is answered before any rule is looked at. Of several broken rules the first in the order of
//! `WeChatPay::refundable` is named. Where the documents leave a choice: all parameters count for a repeat; closed refunds
//! count among the fifty; every further refund of an order waits its minute, also the last.

use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use crate::core::WeChatPay;
use crate::core::pay::PayerAccount;
use crate::core::ports::{Moment, Ports};
use crate::core::refund::ending::RefundEnding;
use crate::core::refund::form::{PaymentNumber, RefundForm};
use crate::core::refund::{REFUNDABLE_FOR, REFUNDS_MAX, Refund, RefundMoney, RefundedBy};
use crate::core::refusal::Refusal;
use crate::core::settings::{MerchantBalance, Settings};
use crate::core::trade::{Payment, TradeState};
use crate::core::wire_time::beijing_date;

/// What of a payment a new refund needs to know.
struct Refundee {
    mchid: String,
    out_trade_no: String,
    transaction_id: String,
    money: RefundMoney,
}

impl WeChatPay {
    /// Asks for a refund; `ending` is how it ends if a test wants to choose.
    pub(crate) fn refund(
        &mut self,
        parameters: Map<String, Value>,
        ending: Option<RefundEnding>,
        ports: &mut Ports<'_>,
    ) -> Result<String, Refusal> {
        let now = ports.at.business;
        let form = RefundForm::parse(&parameters)?;
        if let Some(known) = self.refunds.get(&form.out_refund_no) {
            if known.parameters == parameters {
                return Ok(known.to_wire(now));
            }
            return Err(Refusal::refund_differs(self.settings.refund_differs));
        }
        let of = self.refundable(&form, ports.at)?;
        let number = form.out_refund_no.clone();
        let plan = ending.unwrap_or_default().plan(now, &self.settings);
        let sequence = self.refunds.next_sequence();
        let refund = Refund {
            refund_id: refund_id(sequence, ports),
            form,
            parameters,
            mchid: of.mchid,
            out_trade_no: of.out_trade_no,
            transaction_id: of.transaction_id,
            money: of.money,
            created_at: now,
            changes: Vec::new(),
            plan: Some(plan),
            made_by: RefundedBy::Api,
            sent_to: None,
            sequence,
        };
        if let Some(payment) = self.payment_of(&refund.out_trade_no) {
            payment.refunds.accepted(&number, refund.money, now);
        }
        self.refunds.add(refund);
        if plan.at <= now {
            self.end_refund(&number, now, ports);
        }
        self.refunds.get(&number).map(|made| made.to_wire(now)).ok_or_else(Refusal::system_error)
    }

    /// The payment, if it can be refunded so.
    fn refundable(&mut self, form: &RefundForm, at: Moment) -> Result<Refundee, Refusal> {
        let number = self.out_trade_no_of(&form.of).map(str::to_owned);
        let number = number.ok_or_else(Refusal::nothing_to_refund)?;
        let Self { trades, settings, .. } = self;
        let trade = trades.get_mut(&number).ok_or_else(Refusal::nothing_to_refund)?;
        let TradeState::Success(payment) = &trade.state else {
            return Err(Refusal::nothing_to_refund());
        };
        if form.total_fen != payment.total_fen {
            return Err(Refusal::refund_does_not_fit_order());
        }
        check_rules(form, payment, settings, at.business)?;
        Ok(Refundee {
            mchid: trade.form.mchid.clone(),
            transaction_id: payment.transaction_id.clone(),
            money: payment.refunds.share(payment.refundable(), form.refund_fen),
            out_trade_no: number,
        })
    }

    /// The merchant's number of a payment; it may be one that does not exist.
    pub(crate) fn out_trade_no_of<'a>(&'a self, of: &'a PaymentNumber) -> Option<&'a str> {
        match of {
            PaymentNumber::OutTradeNo(number) => Some(number),
            PaymentNumber::TransactionId(id) => self.by_transaction_id.get(id).map(String::as_str),
        }
    }

    /// The payment of an order, if it is paid.
    pub(crate) fn payment_of(&mut self, out_trade_no: &str) -> Option<&mut Payment> {
        match &mut self.trades.get_mut(out_trade_no)?.state {
            TradeState::Success(payment) => Some(payment),
            TradeState::NotPay | TradeState::Closed { .. } => None,
        }
    }
}

fn check_rules(
    form: &RefundForm,
    payment: &Payment,
    settings: &Settings,
    now: OffsetDateTime,
) -> Result<(), Refusal> {
    if payment.payer_account == PayerAccount::Abnormal {
        return Err(Refusal::user_account_abnormal());
    }
    if now - payment.success_at > REFUNDABLE_FOR {
        return Err(Refusal::trade_overdue());
    }
    let left_fen = payment.refunds.left_fen(payment.refundable());
    if form.refund_fen > left_fen {
        return Err(Refusal::refund_exceeds_payment(left_fen));
    }
    if payment.refunds.numbers.len() >= REFUNDS_MAX {
        return Err(Refusal::too_many_refunds());
    }
    let spacing = Duration::seconds(i64::from(settings.refund_spacing_s));
    if payment.refunds.latest_at.is_some_and(|latest| now - latest < spacing) {
        return Err(Refusal::refund_too_soon(settings.refund_too_soon));
    }
    if settings.merchant_balance == MerchantBalance::ShortRefuses {
        return Err(Refusal::not_enough());
    }
    Ok(())
}

/// Unique by the sequence within one life of the sandbox, by chance across lives.
fn refund_id(sequence: u64, ports: &mut Ports<'_>) -> String {
    let date = beijing_date(ports.at.business);
    format!("5030{}{date}{}{sequence:06}", ports.digits(6), ports.digits(4))
}
