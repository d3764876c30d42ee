//! Orders a recorded payment at WeChat Pay and offers it to the payer.
//!
//! Intent → call → record: the payment and its follower are durable before this is called, so
//! whatever is lost here is found by the job.

#[cfg(test)]
mod tests;

use crate::{Paydesk, TransactError};
use domain::changeset::{Audit, Intent};
use domain::order::{Command, Order, PrepayAnswer};
use domain::payment::{Payment, PaymentState};
use domain::ports::{GatewayError, OrderKey, PayParams, WechatRefusal};
use domain::{CommandId, OutTradeNo};

/// WeChat Pay would push a `time_expire` that is nearer than this into the future (v3 §7.1.1).
const PREPAY_MARGIN_S: i64 = 60;

/// What a payer can be offered for an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The order as it is now.
    pub order: Order,
    /// The payment on offer; `None` when nothing is owed.
    pub out_trade_no: Option<OutTradeNo>,
    /// What the payer's client is called with; `None` when WeChat Pay's answer is not known yet,
    /// or nothing is left to pay.
    pub pay_params: Option<PayParams>,
}

/// Why nothing can be offered.
#[derive(Debug, thiserror::Error)]
pub enum OfferError {
    /// The order cannot be paid any more.
    #[error("the order cannot be paid any more")]
    NotPayable,
    /// WeChat Pay refused.
    #[error("WeChat Pay refused: {0}")]
    WechatRefused(WechatRefusal),
    /// Come back with the same request.
    #[error(transparent)]
    Transact(#[from] TransactError),
}

impl Offer {
    /// Whether WeChat Pay's answer is still being found out. Not so when nothing can be paid any
    /// more: a settled or cancelled order is shown as it is.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.pay_params.is_none() && self.order.open_payment().is_some()
    }
}

impl Paydesk {
    /// Offers the order's open payment, ordering it at WeChat Pay when that is not known to have
    /// happened: the stored bytes are sent again, under the same number.
    ///
    /// # Errors
    /// See [`OfferError`].
    pub(crate) async fn offer(
        &self,
        order: Order,
        request_id: Option<&str>,
    ) -> Result<Offer, OfferError> {
        if order.settlement.is_some() {
            return Ok(Paydesk::show(order));
        }
        let Some(payment) = order.open_payment().cloned() else {
            return Err(refused(&order));
        };
        if self.is_too_late(&payment) {
            self.close_late(&order, &payment, request_id).await?;
            return Err(OfferError::NotPayable);
        }
        if payment.credential().is_some() {
            return Ok(self.present(order, &payment));
        }
        let answer = self.call_prepay(&payment).await;
        let order = self.record_prepay(&order, &payment, answer, request_id).await?;
        let Some(payment) = order.payment(payment.out_trade_no()).cloned() else {
            return Err(OfferError::NotPayable);
        };
        if payment.is_open() || order.settlement.is_some() {
            return Ok(self.present(order, &payment));
        }
        Err(refused(&order))
    }

    /// The order as it is, with nothing to pay.
    pub(crate) fn show(order: Order) -> Offer {
        let last = order.payments.last();
        let out_trade_no = last.map(|payment| payment.out_trade_no().clone());
        Offer { order, out_trade_no, pay_params: None }
    }

    fn present(&self, order: Order, payment: &Payment) -> Offer {
        let pay_params = self.gateway.pay_params(payment);
        Offer { order, out_trade_no: Some(payment.out_trade_no().clone()), pay_params }
    }

    pub(crate) fn is_too_late(&self, payment: &Payment) -> bool {
        payment.terms.time_expire.plus_seconds(-PREPAY_MARGIN_S) <= self.clock.now()
    }

    async fn close_late(
        &self,
        order: &Order,
        payment: &Payment,
        request_id: Option<&str>,
    ) -> Result<(), TransactError> {
        let command = Command::ClosePayment { out_trade_no: payment.out_trade_no().clone() };
        let intent = self.step_of("close-late", payment, request_id);
        self.transact(&OrderKey::Id(order.id), &command, &intent).await?;
        Ok(())
    }

    async fn call_prepay(&self, payment: &Payment) -> PrepayAnswer {
        match self.gateway.prepay(payment).await {
            Ok(credential) => PrepayAnswer::Accepted(credential),
            Err(GatewayError::Refused(refusal)) => {
                tracing::warn!(payment.out_trade_no = %payment.out_trade_no(),
                    wechat.code = refusal.code, wechat.request_id = refusal.request_id,
                    "WeChat Pay refused the prepay");
                PrepayAnswer::Refused { code: refusal.code }
            }
            Err(GatewayError::Misconfigured(refusal)) => {
                tracing::error!(payment.out_trade_no = %payment.out_trade_no(),
                    wechat.code = refusal.code, wechat.message = refusal.message,
                    "WeChat Pay does not accept our credentials");
                PrepayAnswer::Unknown
            }
            Err(
                other @ (GatewayError::Retryable(_)
                | GatewayError::OutcomeUnknown(_)
                | GatewayError::Untrusted(_)),
            ) => {
                tracing::warn!(payment.out_trade_no = %payment.out_trade_no(), error = %other,
                    "the prepay's outcome is unknown");
                PrepayAnswer::Unknown
            }
        }
    }

    /// One step about a payment, under a name of its own: two calls for the same payment have two
    /// answers, and each is recorded.
    fn step_of(&self, name: &str, payment: &Payment, request_id: Option<&str>) -> Intent {
        let number = payment.out_trade_no().as_str();
        Intent {
            command_id: CommandId::of_step(name, number, self.ids.call()),
            audit: Audit {
                actor: "paydesk".to_owned(),
                cause: name.to_owned(),
                request_id: request_id.map(str::to_owned),
            },
            inbox: None,
            fence: None,
            replay: None,
        }
    }

    async fn record_prepay(
        &self,
        order: &Order,
        payment: &Payment,
        answer: PrepayAnswer,
        request_id: Option<&str>,
    ) -> Result<Order, TransactError> {
        let out_trade_no = payment.out_trade_no().clone();
        let command = Command::RecordPrepay { out_trade_no, answer };
        let intent = self.step_of("prepay", payment, request_id);
        self.transact(&OrderKey::Id(order.id), &command, &intent).await
    }
}

/// Why an order without an open payment has nothing to offer.
fn refused(order: &Order) -> OfferError {
    let code = order.payments.iter().rev().find_map(|payment| match &payment.state {
        PaymentState::Rejected { code, .. } => Some(code.clone()),
        PaymentState::Created
        | PaymentState::Payable { .. }
        | PaymentState::Unknown
        | PaymentState::Closing { .. }
        | PaymentState::Closed { .. }
        | PaymentState::Paid { .. }
        | PaymentState::Surplus { .. } => None,
    });
    match code {
        Some(code) => OfferError::WechatRefused(WechatRefusal { code, ..WechatRefusal::default() }),
        None => OfferError::NotPayable,
    }
}
