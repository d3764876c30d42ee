//! What is done about payments that stand in the way of a new one: numbers that WeChat Pay holds
//! already, and open payments that another way to pay replaces.

#[cfg(test)]
mod tests;

use crate::query_budget::Urgency;
use crate::transact::{Effect, Transacted};
use crate::{Paydesk, Target, TransactError};
use domain::UserId;
use domain::changeset::Intent;
use domain::order::{Command, Event, NewPayment, Order, PrepayAnswer};
use domain::payment::{ClosingCause, Payment, PaymentNo, TradeType};
use domain::ports::{GatewayError, OrderKey, StoreError};

impl Paydesk {
    /// A payment of this deployment for `buyer`.
    pub(crate) async fn new_payment(
        &self,
        buyer: Option<UserId>,
        trade_type: TradeType,
    ) -> Result<NewPayment, StoreError> {
        let payer = match (trade_type, buyer) {
            (TradeType::Jsapi, Some(buyer)) => {
                self.access.openid(buyer, &self.settings.appid).await?
            }
            (TradeType::Jsapi | TradeType::Native, _) => None,
        };
        Ok(NewPayment {
            trade_type,
            mchid: self.settings.mchid.clone(),
            appid: self.settings.appid.clone(),
            payer,
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
    ) -> Result<Transacted, TransactError> {
        let mut started = self.transact(target, &Command::StartPayment(new), intent).await?;
        if let Effect::Now(events) = &started.effect {
            let replaced: Vec<PaymentNo> = events.iter().filter_map(closing).collect();
            let request_id = intent.audit.request_id.clone().unwrap_or_default();
            for no in replaced {
                started.order = self.close_replaced(started.order, no, &request_id).await?;
            }
        }
        Ok(started)
    }

    /// The close of a payment that was replaced. When WeChat Pay says that it cannot be closed, it
    /// may have been paid a moment ago: that settles the order.
    async fn close_replaced(
        &self,
        order: Order,
        no: PaymentNo,
        request_id: &str,
    ) -> Result<Order, TransactError> {
        let Some(payment) = order.payments.iter().find(|payment| payment.no == no).cloned() else {
            return Ok(order);
        };
        match self.gateway.close(payment.out_trade_no()).await {
            Err(GatewayError::NumberSpent(_)) => {
                Ok(self.ask_about(order, &payment, request_id).await?.0)
            }
            Ok(()) => Ok(order),
            Err(error) => {
                tracing::info!(payment.out_trade_no = %payment.out_trade_no(), error = %error,
                    "close was not accepted; its follower goes on");
                Ok(order)
            }
        }
    }

    /// WeChat Pay holds the number of `payment` with another state or other parameters: what it
    /// says of it counts; if that is not money, another number is drawn.
    pub(super) async fn replace_spent(
        &self,
        order: Order,
        payment: &Payment,
        request_id: &str,
    ) -> Result<Order, TransactError> {
        let (order, heard) = self.ask_about(order, payment, request_id).await?;
        if order.settlement.is_some() {
            return Ok(order);
        }
        if !heard {
            let _noted =
                self.record_prepay(&order, payment, PrepayAnswer::Unknown, request_id).await?;
            return Err(TransactError::Busy("WeChat Pay does not say what it holds".to_owned()));
        }
        let why = ClosingCause::Refused;
        let order = self.close_payment(&order, payment, why, request_id).await?;
        self.start_anew(&order, payment.terms.trade_type, request_id).await
    }

    /// Another payment of the same kind, under the next number.
    pub(crate) async fn start_anew(
        &self,
        order: &Order,
        trade_type: TradeType,
        request_id: &str,
    ) -> Result<Order, TransactError> {
        let new = self.new_payment(order.buyer, trade_type).await?;
        let intent = self.step_about(order, "start-anew", request_id);
        let target = Target::anybodys(OrderKey::Id(order.id));
        Ok(self.start_payment(&target, new, &intent).await?.order)
    }

    /// Asks WeChat Pay about a payment and records what it says. Also whether it said anything.
    async fn ask_about(
        &self,
        order: Order,
        payment: &Payment,
        request_id: &str,
    ) -> Result<(Order, bool), TransactError> {
        if self.query_budget.take(Urgency::ClientWaiting, self.clock.real()).is_err() {
            return Ok((order, false));
        }
        let Some(fact) = self.query(payment.out_trade_no()).await else {
            return Ok((order, false));
        };
        let intent = self.step_about(&order, "ask-spent", request_id);
        let target = Target::anybodys(OrderKey::Id(order.id));
        let told = self.transact(&target, &Command::RecordFact(fact), &intent).await?;
        Ok((told.order, true))
    }
}

fn closing(event: &Event) -> Option<PaymentNo> {
    if let Event::PaymentClosing { no, .. } = event { Some(*no) } else { None }
}
