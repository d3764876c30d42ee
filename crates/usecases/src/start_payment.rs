//! Orders a recorded payment at WeChat Pay and offers it to the payer.
//!
//! Intent → call → record: the payment and its follower are durable before WeChat Pay is called,
//! so whatever is lost here is found by the job. A number is sent with one set of bytes, always.

mod in_the_way;
mod offer;
#[cfg(test)]
mod tests;

pub(crate) use offer::{Asked, Caller};
pub use offer::{Offer, OfferError};

use in_the_way::Replaced;
pub(crate) use in_the_way::way_of;

use crate::{Paydesk, Settings, TransactError};
use domain::CommandId;
use domain::changeset::{Audit, Intent};
use domain::order::{Command, Order, PREPAY_MARGIN_S, PrepayAnswer};
use domain::payment::{ClosingCause, Payment, PaymentNo, PaymentState};
use domain::ports::{GatewayError, OrderKey, WechatRefusal};

/// Another request waits so long for that call's answer, in milliseconds.
const AWAIT_MS: u64 = 3_000;
/// How often it looks, in milliseconds.
const LOOK_EVERY_MS: u64 = 50;
/// How many numbers one request tries when WeChat Pay holds them already.
const NUMBERS_MAX: u32 = 2;

/// Whether WeChat Pay is called.
enum Readiness {
    Offer(Box<Offer>),
    Call(Box<Order>, Box<Payment>),
}

impl Readiness {
    fn offer(offer: Offer) -> Readiness {
        Readiness::Offer(Box::new(offer))
    }
}

/// What a prepay call came to.
enum Called {
    Answered(PrepayAnswer),
    Refused(WechatRefusal),
    AlreadyPaid,
    NumberSpent(WechatRefusal),
}

/// What the payer can be told after a call.
pub(crate) enum CallEnd {
    /// WeChat Pay gave a credential just now: that one is good.
    Given,
    /// It refused.
    Refused(WechatRefusal),
    /// It is not known what it did.
    Unknown,
}

impl Paydesk {
    /// Offers the payment `no` of the order, ordering it at WeChat Pay when that is not known to
    /// have happened: the stored bytes are sent again, under the same number.
    ///
    /// # Errors
    /// See [`OfferError`].
    pub(crate) async fn offer(
        &self,
        mut order: Order,
        mut asked: Asked,
        request_id: &str,
    ) -> Result<Offer, OfferError> {
        let mut spent = WechatRefusal::default();
        for round in 1..=NUMBERS_MAX {
            let payment = match self.ready_to_call(order, asked, request_id).await? {
                Readiness::Offer(offer) => return Ok(*offer),
                Readiness::Call(found, payment) => {
                    order = *found;
                    *payment
                }
            };
            let (answer, end) = match self.call_prepay(&payment).await {
                Called::NumberSpent(refusal) => {
                    spent = refusal;
                    let last = round == NUMBERS_MAX;
                    match self.replace_spent(order, &payment, last, request_id).await? {
                        Replaced::Offer(offer) => return Ok(*offer),
                        Replaced::By(started) => {
                            asked = started.asked();
                            order = started.order;
                        }
                        Replaced::Gone => break,
                    }
                    continue;
                }
                Called::AlreadyPaid => {
                    let (order, _heard) = self.ask_about(order, &payment, request_id).await?;
                    let unknown = PrepayAnswer::Unknown;
                    let order = self.record_prepay(&order, &payment, unknown, request_id).await?;
                    return self.after_call(order, &payment, CallEnd::Unknown);
                }
                Called::Refused(refusal) => (
                    PrepayAnswer::Refused { code: refusal.code.clone() },
                    CallEnd::Refused(refusal),
                ),
                Called::Answered(answer @ PrepayAnswer::Accepted(_)) => (answer, CallEnd::Given),
                Called::Answered(answer) => (answer, CallEnd::Unknown),
            };
            let order = self.record_prepay(&order, &payment, answer, request_id).await?;
            return self.after_call(order, &payment, end);
        }
        Err(OfferError::WechatRefused(spent))
    }

    /// Everything before the call: what is there already is offered, what is too late is closed,
    /// what stands in the way is cleared.
    async fn ready_to_call(
        &self,
        mut order: Order,
        Asked { no, caller }: Asked,
        request_id: &str,
    ) -> Result<Readiness, OfferError> {
        if caller == Caller::Other {
            order = self.await_call(order, no).await?;
        }
        if order.settlement.is_some() {
            return Ok(Readiness::offer(Paydesk::show(order)));
        }
        let payment = order.payment_by_no(no);
        let Some(payment) = payment.filter(|payment| payment.is_open()).cloned() else {
            return Err(ended(&order, no));
        };
        if self.is_too_late(&order) {
            self.close_payment(&order, &payment, ClosingCause::Expired, request_id).await?;
            return Err(OfferError::NotPayable);
        }
        if caller == Caller::Blocked {
            return Ok(Readiness::offer(Paydesk::show_payment(order, &payment)));
        }
        let is_on_offer = payment.lasting_credential(self.clock.now()).is_some();
        if is_on_offer || self.is_being_called(&payment, caller) {
            return Ok(Readiness::offer(self.present(order, &payment)));
        }
        if caller == Caller::Starter || payment.state != PaymentState::Created {
            return Ok(Readiness::Call(Box::new(order), Box::new(payment)));
        }
        // Who recorded it died before the call, and perhaps before the closes that come first.
        let cleared = self.clear_the_way(order, request_id).await?;
        let (order, is_clear) = (cleared.order, cleared.is_clear);
        match order.payment(payment.out_trade_no()).filter(|payment| payment.is_open()).cloned() {
            Some(payment) if !is_clear => {
                Ok(Readiness::offer(Paydesk::show_payment(order, &payment)))
            }
            // Whoever recorded it was only slow.
            Some(payment) if payment.lasting_credential(self.clock.now()).is_some() => {
                Ok(Readiness::offer(self.present(order, &payment)))
            }
            // Calls take time: what was early enough may not be any more.
            Some(payment) if self.is_too_late(&order) => {
                self.close_payment(&order, &payment, ClosingCause::Expired, request_id).await?;
                Err(OfferError::NotPayable)
            }
            Some(payment) => Ok(Readiness::Call(Box::new(order), Box::new(payment))),
            None if order.settlement.is_some() => Ok(Readiness::offer(Paydesk::show(order))),
            None => Err(ended(&order, no)),
        }
    }

    /// What is offered once the answer is recorded; the payment may have moved on meanwhile.
    pub(crate) fn after_call(
        &self,
        order: Order,
        payment: &Payment,
        end: CallEnd,
    ) -> Result<Offer, OfferError> {
        if order.settlement.is_some() {
            return Ok(Paydesk::show(order));
        }
        let found = order.payment(payment.out_trade_no()).cloned();
        let open = found.filter(Payment::is_open);
        let lasts = |open: &Payment| open.lasting_credential(self.clock.now()).is_some();
        match (open, end) {
            (Some(open), CallEnd::Given) => Ok(self.present(order, &open)),
            (Some(open), _) if lasts(&open) => Ok(self.present(order, &open)),
            // What it was given before may be dead: nobody is sent there.
            (Some(open), CallEnd::Unknown) => Ok(Paydesk::show_payment(order, &open)),
            (_, CallEnd::Refused(refusal)) => Err(OfferError::WechatRefused(refusal)),
            (None, CallEnd::Given | CallEnd::Unknown) => Err(ended(&order, payment.no)),
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

    pub(crate) fn present(&self, order: Order, payment: &Payment) -> Offer {
        let pay_params = self.gateway.pay_params(payment);
        Offer { order, out_trade_no: Some(payment.out_trade_no().clone()), pay_params }
    }

    /// Less than a minute would be left when the call arrives. Always so where nothing is on offer.
    pub(crate) fn is_too_late(&self, order: &Order) -> bool {
        let Settings { pace, longest_call_s, .. } = &self.settings;
        let end = order.payable_until().map(|deadline| {
            pace.after(deadline, -PREPAY_MARGIN_S).plus_seconds(longest_call_s.saturating_neg())
        });
        end.is_none_or(|end| end <= self.clock.now())
    }

    /// Whether the request that recorded the payment may be waiting for WeChat Pay's answer.
    fn is_being_called(&self, payment: &Payment, caller: Caller) -> bool {
        // A close, a query and a prepay, one after the other, and the commits between them.
        let calls_s = self.settings.longest_call_s.saturating_mul(3).saturating_add(5);
        let age_s = self.clock.now().seconds_since(payment.created_at);
        caller == Caller::Other
            && payment.state == PaymentState::Created
            && (0..calls_s).contains(&age_s)
    }

    /// Two clicks: the second waits for the answer to the first, so that a number is ordered once.
    async fn await_call(&self, mut order: Order, no: PaymentNo) -> Result<Order, TransactError> {
        for _ in 0..AWAIT_MS / LOOK_EVERY_MS {
            let payment = order.payment_by_no(no);
            if !payment.is_some_and(|payment| self.is_being_called(payment, Caller::Other)) {
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
            GatewayError::AlreadyPaid(_) => Called::AlreadyPaid,
            GatewayError::Misconfigured(_)
            | GatewayError::Retryable(_)
            | GatewayError::OutcomeUnknown(_)
            | GatewayError::Untrusted(_) => Called::Answered(PrepayAnswer::Unknown),
        }
    }

    pub(crate) async fn close_payment(
        &self,
        order: &Order,
        payment: &Payment,
        why: ClosingCause,
        request_id: &str,
    ) -> Result<Order, TransactError> {
        let command = Command::ClosePayment { out_trade_no: payment.out_trade_no().clone(), why };
        self.record_step(order, &command, "close-payment", request_id).await
    }

    pub(crate) async fn record_prepay(
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
    pub(crate) fn step_about(&self, order: &Order, name: &str, request_id: &str) -> Intent {
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

/// Why a payment that is not open has nothing to offer.
fn ended(order: &Order, no: PaymentNo) -> OfferError {
    let payment = order.payment_by_no(no);
    match payment.map(|payment| &payment.state) {
        Some(PaymentState::Rejected { code, .. }) => {
            let code = code.clone();
            OfferError::WechatRefused(WechatRefusal { code, ..WechatRefusal::default() })
        }
        // Its order can be paid all the same, by another payment.
        Some(
            PaymentState::Closing {
                why: ClosingCause::Superseded | ClosingCause::Refused | ClosingCause::Cash,
            }
            | PaymentState::Closed {
                why:
                    ClosingCause::Superseded
                    | ClosingCause::Refused
                    | ClosingCause::Cash
                    | ClosingCause::Elsewhere,
                ..
            },
        ) if order.is_payable() => OfferError::Replaced,
        Some(
            PaymentState::Created
            | PaymentState::Payable { .. }
            | PaymentState::Unknown
            | PaymentState::Closing { .. }
            | PaymentState::Closed { .. }
            | PaymentState::Paid { .. }
            | PaymentState::Surplus { .. },
        )
        | None => OfferError::NotPayable,
    }
}
