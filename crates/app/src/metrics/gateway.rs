//! Calls to WeChat, counted by kind and outcome.
//!
//! May not change an answer. What each call was about is in the log (`wechat.called`), never in a
//! label.

use super::{Metered, Meters};
use domain::fact::{PaymentFact, RefundFact};
use domain::names::{Appid, Openid};
use domain::payment::{Credential, Payment, Terms};
use domain::ports::{
    AbnormalRequest, GatewayError, LoginError, LoginGateway, PayParams, PaymentGateway, PortFuture,
    RefundRequest,
};
use domain::{OutRefundNo, OutTradeNo};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Outcomes that somebody is woken for: there from the start, so that the first is a rise.
const LOUD: [&str; 2] = ["misconfigured", "untrusted"];

impl Metered<dyn PaymentGateway> {
    /// The gateway, counted.
    pub(crate) fn gateway(
        inner: Arc<dyn PaymentGateway>,
        meters: &Arc<Meters>,
    ) -> Metered<dyn PaymentGateway> {
        for kind in ["prepay", "query", "close", "refund", "query_refund", "abnormal_refund"] {
            for outcome in LOUD {
                let labels = [("kind", kind), ("outcome", outcome)];
                meters.add("paydesk_wechat_calls_total", &labels, 0);
            }
        }
        Metered::new(inner, meters)
    }

    async fn counted<T>(
        &self,
        kind: &'static str,
        call: PortFuture<'_, Result<T, GatewayError>>,
    ) -> Result<T, GatewayError> {
        let began = Instant::now();
        let answer = call.await;
        note(&self.meters, kind, outcome(&answer), began.elapsed());
        answer
    }
}

fn note(meters: &Meters, kind: &'static str, outcome: &'static str, took: Duration) {
    meters.count("paydesk_wechat_calls_total", &[("kind", kind), ("outcome", outcome)]);
    meters.took("paydesk_wechat_call_duration_seconds", &[("kind", kind)], took);
}

fn outcome<T>(answer: &Result<T, GatewayError>) -> &'static str {
    match answer {
        Ok(_) => "ok",
        Err(GatewayError::Refused(_)) => "refused",
        Err(GatewayError::NumberSpent(_)) => "number_spent",
        Err(GatewayError::AlreadyPaid(_)) => "already_paid",
        Err(GatewayError::Retryable(_)) => "retryable",
        Err(GatewayError::OutcomeUnknown(_)) => "unknown",
        Err(GatewayError::Misconfigured(_)) => "misconfigured",
        Err(GatewayError::Untrusted(_)) => "untrusted",
    }
}

impl PaymentGateway for Metered<dyn PaymentGateway> {
    fn compose_prepay(&self, terms: &Terms) -> String {
        self.inner.compose_prepay(terms)
    }

    fn prepay<'a>(
        &'a self,
        payment: &'a Payment,
    ) -> PortFuture<'a, Result<Credential, GatewayError>> {
        Box::pin(self.counted("prepay", self.inner.prepay(payment)))
    }

    fn query<'a>(
        &'a self,
        out_trade_no: &'a OutTradeNo,
    ) -> PortFuture<'a, Result<PaymentFact, GatewayError>> {
        Box::pin(self.counted("query", self.inner.query(out_trade_no)))
    }

    fn close<'a>(
        &'a self,
        out_trade_no: &'a OutTradeNo,
    ) -> PortFuture<'a, Result<(), GatewayError>> {
        Box::pin(self.counted("close", self.inner.close(out_trade_no)))
    }

    fn refund<'a>(
        &'a self,
        request: &'a RefundRequest,
    ) -> PortFuture<'a, Result<RefundFact, GatewayError>> {
        Box::pin(self.counted("refund", self.inner.refund(request)))
    }

    fn query_refund<'a>(
        &'a self,
        out_refund_no: &'a OutRefundNo,
    ) -> PortFuture<'a, Result<RefundFact, GatewayError>> {
        Box::pin(self.counted("query_refund", self.inner.query_refund(out_refund_no)))
    }

    fn apply_abnormal<'a>(
        &'a self,
        request: &'a AbnormalRequest,
    ) -> PortFuture<'a, Result<RefundFact, GatewayError>> {
        Box::pin(self.counted("abnormal_refund", self.inner.apply_abnormal(request)))
    }

    fn pay_params(&self, payment: &Payment) -> Option<PayParams> {
        self.inner.pay_params(payment)
    }
}

impl LoginGateway for Metered<dyn LoginGateway> {
    fn openid<'a>(&'a self, code: &'a str) -> PortFuture<'a, Result<(Appid, Openid), LoginError>> {
        Box::pin(async move {
            let began = Instant::now();
            let answer = self.inner.openid(code).await;
            let outcome = match &answer {
                Ok(_) => "ok",
                Err(LoginError::Refused(_)) => "refused",
                Err(LoginError::Unavailable(_)) => "unknown",
            };
            note(&self.meters, "login", outcome, began.elapsed());
            answer
        })
    }
}
