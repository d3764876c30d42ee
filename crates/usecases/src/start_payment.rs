//! Orders a recorded payment at WeChat Pay and offers it to the payer.
//!
//! Intent → call → record: the payment and its follower are durable before WeChat Pay is called,
//! so whatever is lost here is found by the job. A number is sent with one set of bytes, always.

mod spent;
#[cfg(test)]
mod tests;

use crate::{Paydesk, TransactError};
use domain::changeset::{Audit, Intent};
use domain::order::{Command, Order, PREPAY_MARGIN_S, PrepayAnswer};
use domain::payment::{ClosingCause, Payment, PaymentState};
use domain::ports::{GatewayError, OrderKey, PayParams, WechatRefusal};
use domain::{CommandId, OutTradeNo};

/// A payment younger than this may be being ordered at WeChat Pay by the request that recorded it,
/// in seconds: longer than a call may take.
const CALL_S: i64 = 15;
/// Another request waits so long for that call's answer, in milliseconds.
const AWAIT_MS: u64 = 3_000;
/// How often it looks, in milliseconds.
const LOOK_EVERY_MS: u64 = 50;
/// How many numbers one request tries when WeChat Pay holds them already.
const NUMBERS_MAX: u32 = 2;

/// What a payer can be offered for an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The order as it is now.
    pub order: Order,
    /// The payment on offer; `None` when there is none.
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

/// Who asks for an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// The request that recorded the payment: nobody else has called WeChat Pay.
    Starter,
    /// Another one.
    Other,
}

/// What a prepay call came to.
enum Called {
    Answered(PrepayAnswer),
    Refused(WechatRefusal),
    NumberSpent(WechatRefusal),
}

impl Offer {
    /// Whether WeChat Pay's answer is still being found out. Not so when nothing can be paid any
    /// more: a settled or cancelled order is shown as it is.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        let payment = self.out_trade_no.as_ref().and_then(|number| self.order.payment(number));
        self.pay_params.is_none() && payment.is_some_and(Payment::is_open)
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
        mut order: Order,
        mut caller: Caller,
        request_id: &str,
    ) -> Result<Offer, OfferError> {
        let mut spent = WechatRefusal::default();
        for _ in 0..NUMBERS_MAX {
            if caller == Caller::Other {
                order = self.await_call(order).await?;
            }
            if order.settlement.is_some() {
                return Ok(Paydesk::show(order));
            }
            let Some(payment) = order.open_payment().cloned() else {
                return Err(refused(&order));
            };
            if self.is_too_late(&order) {
                self.close_payment(&order, &payment, ClosingCause::Expired, request_id).await?;
                return Err(OfferError::NotPayable);
            }
            if payment.credential().is_some() || self.is_being_called(&payment, caller) {
                return Ok(self.present(order, &payment));
            }
            match self.call_prepay(&payment).await {
                Called::NumberSpent(refusal) => {
                    spent = refusal;
                    order = self.replace_spent(order, &payment, request_id).await?;
                    caller = Caller::Starter;
                }
                Called::Refused(refusal) => {
                    let answer = PrepayAnswer::Refused { code: refusal.code.clone() };
                    let order = self.record_prepay(&order, &payment, answer, request_id).await?;
                    return self.after_call(order, &payment, Some(refusal));
                }
                Called::Answered(answer) => {
                    let order = self.record_prepay(&order, &payment, answer, request_id).await?;
                    return self.after_call(order, &payment, None);
                }
            }
        }
        Err(OfferError::WechatRefused(spent))
    }

    /// What is offered once the answer is recorded; the payment may have moved on meanwhile.
    fn after_call(
        &self,
        order: Order,
        payment: &Payment,
        refusal: Option<WechatRefusal>,
    ) -> Result<Offer, OfferError> {
        if order.settlement.is_some() {
            return Ok(Paydesk::show(order));
        }
        match (order.payment(payment.out_trade_no()).cloned(), refusal) {
            (Some(payment), _) if payment.is_open() => Ok(self.present(order, &payment)),
            (_, Some(refusal)) => Err(OfferError::WechatRefused(refusal)),
            (_, None) => Err(refused(&order)),
        }
    }

    /// The order as it is, with nothing to pay.
    pub(crate) fn show(order: Order) -> Offer {
        let out_trade_no = order.payments.last().map(|payment| payment.out_trade_no().clone());
        Offer { order, out_trade_no, pay_params: None }
    }

    /// The order as it is, with one of its payments, which cannot be paid any more.
    pub(crate) fn show_payment(order: Order, payment: &Payment) -> Offer {
        let out_trade_no = Some(payment.out_trade_no().clone());
        Offer { order, out_trade_no, pay_params: None }
    }

    fn present(&self, order: Order, payment: &Payment) -> Offer {
        let pay_params = self.gateway.pay_params(payment);
        Offer { order, out_trade_no: Some(payment.out_trade_no().clone()), pay_params }
    }

    /// Less than a minute is left.
    pub(crate) fn is_too_late(&self, order: &Order) -> bool {
        let end = order.pay_deadline.map(|deadline| deadline.plus_seconds(-PREPAY_MARGIN_S));
        end.is_none_or(|end| end <= self.clock.now())
    }

    /// Whether the request that recorded the payment may be waiting for WeChat Pay's answer.
    fn is_being_called(&self, payment: &Payment, caller: Caller) -> bool {
        let age_s = self.clock.now().seconds_since(payment.created_at);
        caller == Caller::Other && payment.state == PaymentState::Created && age_s < CALL_S
    }

    /// Two clicks: the second waits for the answer to the first, so that a number is ordered once.
    async fn await_call(&self, mut order: Order) -> Result<Order, TransactError> {
        for _ in 0..AWAIT_MS / LOOK_EVERY_MS {
            let Some(payment) = order.open_payment() else { break };
            if !self.is_being_called(payment, Caller::Other) {
                break;
            }
            self.clock.sleep_millis(LOOK_EVERY_MS).await;
            let found = self.orders.load(&OrderKey::Id(order.id)).await?;
            order = found.ok_or(TransactError::NotFound)?.value;
        }
        Ok(order)
    }

    async fn call_prepay(&self, payment: &Payment) -> Called {
        let error = match self.gateway.prepay(payment).await {
            Ok(credential) => return Called::Answered(PrepayAnswer::Accepted(credential)),
            Err(error) => error,
        };
        report(payment, &error);
        match error {
            GatewayError::Refused(refusal) => Called::Refused(refusal),
            GatewayError::NumberSpent(refusal) => Called::NumberSpent(refusal),
            GatewayError::Misconfigured(_)
            | GatewayError::Retryable(_)
            | GatewayError::OutcomeUnknown(_)
            | GatewayError::Untrusted(_) => Called::Answered(PrepayAnswer::Unknown),
        }
    }

    async fn close_payment(
        &self,
        order: &Order,
        payment: &Payment,
        why: ClosingCause,
        request_id: &str,
    ) -> Result<Order, TransactError> {
        let command = Command::ClosePayment { out_trade_no: payment.out_trade_no().clone(), why };
        self.record_step(order, &command, "close-payment", request_id).await
    }

    async fn record_prepay(
        &self,
        order: &Order,
        payment: &Payment,
        answer: PrepayAnswer,
        request_id: &str,
    ) -> Result<Order, TransactError> {
        let out_trade_no = payment.out_trade_no().clone();
        let command = Command::RecordPrepay { out_trade_no, answer };
        self.record_step(order, &command, "prepay", request_id).await
    }

    async fn record_step(
        &self,
        order: &Order,
        command: &Command,
        name: &str,
        request_id: &str,
    ) -> Result<Order, TransactError> {
        let intent = self.step_about(order, name, request_id);
        let target = crate::Target::anybodys(OrderKey::Id(order.id));
        Ok(self.transact(&target, command, &intent).await?.order)
    }

    /// One step about an order, under a name of its own: two calls to WeChat Pay have two answers,
    /// and each is recorded.
    fn step_about(&self, order: &Order, name: &str, request_id: &str) -> Intent {
        Intent {
            command_id: CommandId::of_step(name, order.number.as_str(), self.ids.call()),
            audit: Audit {
                actor: "paydesk".to_owned(),
                cause: name.to_owned(),
                request_id: Some(request_id.to_owned()),
            },
            inbox: None,
            fence: None,
            replay: None,
        }
    }
}

/// How loud a prepay without a credential is.
fn report(payment: &Payment, error: &GatewayError) {
    let number = payment.out_trade_no();
    if let GatewayError::Misconfigured(_) | GatewayError::Untrusted(_) = error {
        tracing::error!(payment.out_trade_no = %number, error = %error, "prepay failed");
    } else {
        tracing::warn!(payment.out_trade_no = %number, error = %error, "prepay failed");
    }
}

/// Why an order without an open payment has nothing to offer.
fn refused(order: &Order) -> OfferError {
    let code = order.payments.last().and_then(|payment| match &payment.state {
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
