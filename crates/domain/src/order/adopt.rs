//! Payments of ours whose record was lost with the database: proven by what we sent along with the
//! prepay, taken on again, and paid back. They settle nothing: what else was lost with them nobody
//! knows (product ruling 8).

use crate::fact::{PaymentFact, Receipt, Trade};
use crate::order::refunds::surplus_refund;
use crate::order::{
    Amounts, Checkout, Circumstances, Decision, Event, Order, OrderStatus, PaymentMethod, Purpose,
    Rejection,
};
use crate::payment::{Channel, Payment, PaymentState, SurplusCause, Terms, TradeType};
use crate::refund::RefundState;
use crate::{OrderId, OrderNumber, OutTradeNo};
use std::collections::BTreeMap;

/// The order that a payment belongs to, if it was made by this deployment: `attach` comes back from
/// WeChat Pay as it was sent, `pd1.<deployment_id>.<order_number>`.
#[must_use]
pub fn ours(fact: &PaymentFact, deployment_id: &str) -> Option<OrderNumber> {
    let rest = fact.attach()?.strip_prefix("pd1.")?.strip_prefix(deployment_id)?;
    let number = OrderNumber::parse(rest.strip_prefix('.')?)?;
    fact.out_trade_no().payment_no_of(&number)?;
    Some(number)
}

/// An order whose record was lost, to be made again so that it can carry its payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Its new id.
    pub id: OrderId,
    /// Its number, as it was.
    pub number: OrderNumber,
}

impl Lost {
    /// What happens when it is made again, with the payment that `fact` speaks of.
    ///
    /// # Errors
    /// When the fact speaks of no money, or of another order's payment.
    pub fn decide(
        &self,
        fact: &PaymentFact,
        given: &Circumstances<'_>,
    ) -> Result<Vec<Event>, Rejection> {
        let paid = match fact.trade() {
            Trade::Success(receipt) | Trade::Refunded(receipt) => receipt.amount,
            Trade::NotPaid | Trade::Closed | Trade::NotExist => return Err(Rejection::WrongState),
        };
        let order = Order {
            id: self.id,
            number: self.number.clone(),
            purpose: Purpose::External,
            buyer: None,
            merchant_ref: None,
            status: OrderStatus::Cancelled,
            payment_method: PaymentMethod::Wechat,
            lines: Vec::new(),
            amounts: Amounts { items: paid, total: paid, ..Amounts::default() },
            recharge: None,
            checkout: Checkout::default(),
            metadata: BTreeMap::new(),
            holds: Vec::new(),
            coupon: None,
            payments: Vec::new(),
            refunds: Vec::new(),
            settlement: None,
            cancel_cause: None,
            payer_report: None,
            shipments: Vec::new(),
            version: 0,
            created_at: given.now,
            epoch: given.epoch.clone(),
            pay_deadline: None,
            paid_at: None,
            cancelled_at: Some(given.now),
            delivered_at: None,
            completed_at: None,
        };
        let mut events = vec![Event::Placed(Box::new(order.clone()))];
        if let Decision::Record(more) = order.adopt(fact, given)? {
            events.extend(more);
        }
        Ok(events)
    }
}

impl Order {
    pub(super) fn adopt(
        &self,
        fact: &PaymentFact,
        given: &Circumstances<'_>,
    ) -> Result<Decision, Rejection> {
        let out_trade_no = fact.out_trade_no();
        if self.payment(out_trade_no).is_some() {
            return self.record_fact(fact, given);
        }
        let no = out_trade_no.payment_no_of(&self.number);
        let no = no.ok_or_else(|| Rejection::PaymentUnknown(out_trade_no.clone()))?;
        let (receipt, refund_state, why) = match fact.trade() {
            Trade::Success(receipt) => (receipt, RefundState::Requested, SurplusCause::RecordLost),
            Trade::Refunded(receipt) => (receipt, seen_refunded(), SurplusCause::RefundSeenFirst),
            Trade::NotPaid | Trade::Closed | Trade::NotExist => return Err(Rejection::WrongState),
        };
        let payment = Payment {
            no,
            terms: terms(fact, receipt, out_trade_no),
            prepay_body: String::new(),
            state: PaymentState::Surplus { receipt: Some(receipt.clone()), why },
            created_at: given.now,
        };
        let refund = surplus_refund(&payment, receipt, refund_state, given.now);
        let adopted = Event::PaymentAdopted(Box::new(payment));
        Ok(Decision::Record(vec![adopted, Event::RefundRequested(refund)]))
    }
}

/// A refund that WeChat Pay has, perhaps under our number: it is asked about and never sent by
/// itself.
pub(super) fn seen_refunded() -> RefundState {
    RefundState::Unknown { refused: Some("REFUND_SEEN_FIRST".to_owned()) }
}

/// What can still be known of it.
fn terms(fact: &PaymentFact, receipt: &Receipt, out_trade_no: &OutTradeNo) -> Terms {
    let trade_type = fact.trade_type().unwrap_or(TradeType::Native);
    Terms {
        out_trade_no: out_trade_no.clone(),
        channel: Channel::Wechat(trade_type),
        mchid: fact.mchid().clone(),
        appid: receipt.appid.clone(),
        payer: receipt.payer.clone().filter(|_| trade_type == TradeType::Jsapi),
        client_ip: None,
        amount: receipt.amount,
        description: String::new(),
        attach: fact.attach().unwrap_or_default().to_owned(),
        time_expire: receipt.success_at,
    }
}
