//! What is done about payments that stand in the way of another: open ones that it replaces, and
//! numbers that WeChat Pay holds already.
//!
//! Nobody is sent to a payment while WeChat Pay calls another one of the order paid, or before the
//! close of what could still be paid was sent.

#[cfg(test)]
mod tests;

use super::{Asked, CallEnd, Caller};
use crate::query_budget::Urgency;
use crate::transact::{Effect, Transacted};
use crate::{Offer, OfferError, Paydesk, Target, TransactError};
use domain::UserId;
use domain::changeset::Intent;
use domain::names::ClientIp;
use domain::order::{Command, NewPayment, Order, PrepayAnswer, Rejection};
use domain::payment::{ClosingCause, Payment, PaymentNo, PaymentState, TradeType};
use domain::ports::{GatewayError, OrderKey};

/// A payment that was recorded, or was there already.
#[derive(Debug)]
pub(crate) struct Started {
    /// The order as it is now.
    pub(crate) order: Order,
    /// By whom it was recorded.
    pub(crate) effect: Effect,
    /// The payment that this request recorded or found, whatever became of it since.
    no: PaymentNo,
    caller: Caller,
}

impl Started {
    /// How it is asked for.
    pub(crate) fn asked(&self) -> Asked {
        Asked { no: self.no, caller: self.caller }
    }

    /// Whether it was recorded by this call.
    pub(crate) fn is_new(&self) -> bool {
        matches!(self.effect, Effect::Now(_))
    }
}

/// How a payer pays, and for H5 from where.
pub(crate) type Way = (TradeType, Option<ClientIp>);

/// How this payment is paid; `None` when not at WeChat Pay.
pub(crate) fn way_of(payment: &Payment) -> Option<Way> {
    Some((payment.terms.trade_type()?, payment.terms.client_ip))
}

/// What became of a number that WeChat Pay holds already.
pub(super) enum Replaced {
    /// There is something to show.
    Offer(Box<Offer>),
    /// Another number was drawn.
    By(Box<Started>),
    /// It is closed, and no other is drawn.
    Gone,
}

/// The order once what stood in the way was closed.
pub(super) struct Cleared {
    pub(super) order: Order,
    /// Not when WeChat Pay says that something of it was paid, and no query says so yet.
    pub(super) is_clear: bool,
}

impl Paydesk {
    /// A payment of this deployment for `buyer`.
    pub(crate) async fn new_payment(
        &self,
        buyer: Option<UserId>,
        (trade_type, client_ip): Way,
    ) -> Result<NewPayment, TransactError> {
        let payer = match (trade_type, buyer) {
            (TradeType::Jsapi, Some(buyer)) => {
                self.access.openid(buyer, &self.settings.appid).await?
            }
            (TradeType::Jsapi | TradeType::Native | TradeType::H5 | TradeType::App, _) => None,
        };
        let appid = match trade_type {
            TradeType::Jsapi | TradeType::Native | TradeType::H5 => Some(&self.settings.appid),
            TradeType::App => self.settings.mobile_appid.as_ref(),
        };
        Ok(NewPayment {
            trade_type,
            mchid: self.settings.mchid.clone(),
            appid: appid.ok_or(Rejection::WayNotOffered)?.clone(),
            payer,
            client_ip,
            deployment_id: self.settings.deployment_id.clone(),
        })
    }

    /// Records a payment, or finds the open one that is equal. What it replaces is closed at
    /// WeChat Pay before anybody is sent to the new one; the proof follows by job.
    pub(crate) async fn start_payment(
        &self,
        target: &Target,
        new: NewPayment,
        intent: &Intent,
    ) -> Result<Started, TransactError> {
        let Transacted { order, effect } =
            self.transact(target, &Command::StartPayment(new), intent).await?;
        let found = order.open_payment().or_else(|| order.payments.last());
        let no = found.map_or(0, |payment| payment.no);
        if !matches!(effect, Effect::Now(_)) {
            return Ok(Started { order, effect, no, caller: Caller::Other });
        }
        if !order.payments.iter().any(may_be_paid) {
            return Ok(Started { order, effect, no, caller: Caller::Starter });
        }
        let request_id = intent.audit.request_id.clone().unwrap_or_default();
        let Cleared { order, is_clear } = self.clear_the_way(order, &request_id).await?;
        let caller = if is_clear { Caller::Starter } else { Caller::Blocked };
        Ok(Started { order, effect, no, caller })
    }

    /// Sends the close of every payment of the order that is being closed: until its end is proven it
    /// may still be payable. The order is read again afterwards: calls take time.
    pub(super) async fn clear_the_way(
        &self,
        mut order: Order,
        request_id: &str,
    ) -> Result<Cleared, TransactError> {
        let closing: Vec<Payment> =
            order.payments.iter().filter(|p| may_be_paid(p)).cloned().collect();
        let mut is_clear = true;
        for payment in &closing {
            let cleared = self.close_at_wechat_pay(order, payment, request_id).await?;
            is_clear = is_clear && cleared.is_clear;
            order = cleared.order;
        }
        if !closing.is_empty() {
            let found = self.orders.load(&OrderKey::Id(order.id)).await?;
            order = found.ok_or(TransactError::NotFound)?.value;
        }
        Ok(Cleared { order, is_clear })
    }

    /// The close of one payment. When WeChat Pay says that it was paid, a query is asked: money
    /// settles the order; without an answer, the way is not clear.
    async fn close_at_wechat_pay(
        &self,
        order: Order,
        payment: &Payment,
        request_id: &str,
    ) -> Result<Cleared, TransactError> {
        match self.gateway.close(payment.out_trade_no()).await {
            Ok(()) | Err(GatewayError::NumberSpent(_)) => Ok(Cleared { order, is_clear: true }),
            Err(GatewayError::AlreadyPaid(_)) => {
                let (order, _heard) = self.ask_about(order, payment, request_id).await?;
                let is_clear = order.settlement.is_some();
                Ok(Cleared { order, is_clear })
            }
            Err(error) => {
                tracing::info!(payment.out_trade_no = %payment.out_trade_no(), error = %error,
                    "close was not accepted; its follower goes on");
                Ok(Cleared { order, is_clear: true })
            }
        }
    }

    /// WeChat Pay holds the number of `payment` with another state or other parameters: what it
    /// says of it counts. If that is not money, the number is closed and, unless this was the
    /// `last` try, another is drawn.
    pub(super) async fn replace_spent(
        &self,
        order: Order,
        payment: &Payment,
        last: bool,
        request_id: &str,
    ) -> Result<Replaced, OfferError> {
        let (order, heard) = self.ask_about(order, payment, request_id).await?;
        if order.settlement.is_some() {
            return Ok(Replaced::Offer(Box::new(Paydesk::show(order))));
        }
        if !heard {
            let answer = PrepayAnswer::Unknown;
            let order = self.record_prepay(&order, payment, answer, request_id).await?;
            return Ok(Replaced::Offer(Box::new(self.after_call(
                order,
                payment,
                CallEnd::Unknown,
            )?)));
        }
        let now = order.payment(payment.out_trade_no()).cloned();
        if !order.takes_payments() {
            return Err(OfferError::NotPayable);
        }
        if order.open_payment().is_some_and(|open| open.no != payment.no) {
            // Another device chose another way meanwhile: that choice stands.
            return Err(OfferError::Replaced);
        }
        let mut order = order;
        if let Some(open) = now.filter(Payment::is_open) {
            if open.lasting_credential(self.clock.now()).is_some() {
                return Ok(Replaced::Offer(Box::new(self.present(order, &open))));
            }
            // Its close is sent with the start of the next, or by its follower.
            let why = ClosingCause::Refused;
            order = self.close_payment(&order, &open, why, request_id).await?;
            if order.open_payment().is_some() {
                // Chosen on another device since it was read.
                return Err(OfferError::Replaced);
            }
        }
        if last {
            return Ok(Replaced::Gone);
        }
        let Some(way) = way_of(payment) else { return Ok(Replaced::Gone) };
        match self.start_anew(&order, way, request_id).await {
            Ok(started) => Ok(Replaced::By(Box::new(started))),
            Err(TransactError::VersionMoved) => Err(OfferError::Replaced),
            Err(error) => Err(error.into()),
        }
    }

    /// Another payment of the same kind, under the next number, if the order is still as it was
    /// read: what somebody else chose meanwhile stands.
    pub(crate) async fn start_anew(
        &self,
        order: &Order,
        way: Way,
        request_id: &str,
    ) -> Result<Started, TransactError> {
        let new = self.new_payment(order.buyer, way).await?;
        let intent = self.step_about(order, "start-anew", request_id);
        let expected_version = Some(order.version);
        let target = Target { expected_version, ..Target::anybodys(OrderKey::Id(order.id)) };
        self.start_payment(&target, new, &intent).await
    }

    /// Asks WeChat Pay about a payment and records what it says. Also whether it said anything.
    pub(super) async fn ask_about(
        &self,
        order: Order,
        payment: &Payment,
        request_id: &str,
    ) -> Result<(Order, bool), TransactError> {
        if self.query_budget.take(Urgency::ClientWaiting, self.clock.real()).is_err() {
            return Ok((order, false));
        }
        let epoch = self.orders.epoch().await?;
        let Ok(fact) = self.query(payment.out_trade_no(), &epoch).await else {
            return Ok((order, false));
        };
        let intent = self.step_about(&order, "ask-about", request_id);
        let target = Target::anybodys(OrderKey::Id(order.id));
        let told = self.transact(&target, &Command::RecordFact(fact), &intent).await?;
        Ok((told.order, true))
    }
}

/// Whether a payment that makes way could still be paid: its end is not proven.
fn may_be_paid(payment: &Payment) -> bool {
    matches!(payment.state, PaymentState::Closing { .. })
}
